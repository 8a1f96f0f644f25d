"""What the commands about outputs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calibration.errors import ConfigError
from edge.config import Site

SiteFile = Annotated[Path, typer.Argument(metavar="SITE.yaml", help="The site file.", show_default=False)]


def refuse_unknown(site: Site, name: str | None) -> None:
    """Say which outputs there are, where this one is none of them."""
    names = [output.name for output in site.outputs]
    if name is not None and name not in names:
        raise ConfigError([f"output {name!r} is unknown, the site has: {', '.join(names) or 'none'}"])
    if not names:
        raise ConfigError(["the site has no outputs: add some under `outputs:`"])
