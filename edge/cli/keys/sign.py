"""`lookout keys sign`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.cli.keys._files import read_key
from edge.model_store import CARD, ModelStore
from edge.trust import SIGNATURE
from pipelines.detect.signature import key_id
from pipelines.detect.signature import sign as signature_of


def sign(
    model: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the model.", show_default=False)],
    key: Annotated[Path, typer.Option(metavar="KEY.pem", help="The private key.", show_default=False)],
) -> None:
    """Sign a model that did not come from `lookout release`, so that sites with `require_signed` take it.

    The weights must be those of the card. A signature that is there is replaced.

    Example: `lookout keys sign models/forklifts --key release.pem`
    """
    private = read_key(key)
    ModelStore([]).load(model)
    content = signature_of((model / CARD).read_bytes(), private)
    new = model / f"{SIGNATURE}.new"
    new.write_bytes(content)
    new.replace(model / SIGNATURE)
    typer.echo(f"{model / SIGNATURE}: signed with key {key_id(private.public_key())}")
