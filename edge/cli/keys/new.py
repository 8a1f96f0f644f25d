"""`lookout keys new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.cli.keys._files import write_pair
from pipelines.detect.signature import key_id


def new(
    path: Annotated[Path, typer.Argument(metavar="KEY.pem", help="Where the private key goes.", show_default=False)],
) -> None:
    """Make a pair of keys to sign models with.

    The private key goes to KEY.pem, readable by you alone, and must stay secret: who has it signs models that your
    sites believe. The public key goes beside it with the ending `.pub`; give it to every site (`trusted_keys`).
    An existing file is never written over.

    Example: `lookout keys new release.pem`
    """
    key = Ed25519PrivateKey.generate()
    public = write_pair(path, key)
    typer.echo(f"{key_id(key.public_key())}  {path} (keep it secret), {public}")
