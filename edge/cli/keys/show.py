"""`lookout keys show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from calibration.errors import ModelError
from pipelines.detect.signature import key_id, read_private_key, read_public_key


def show(
    path: Annotated[Path, typer.Argument(metavar="KEY", help="A private or a public key.", show_default=False)],
) -> None:
    """Print the id of a key and its public half, never the private one.

    The id is what `lookout models` and every message call the key.

    Example: `lookout keys show release.pem`
    """
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise ModelError(f"key {path}: can not be read: {error.strerror}") from error
    private = b"PRIVATE KEY" in pem
    key = read_private_key(pem, str(path)).public_key() if private else read_public_key(pem, str(path))
    typer.echo(key_id(key))
    typer.echo(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), nl=False)
