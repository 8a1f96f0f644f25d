"""`lookout outputs mute`."""

from __future__ import annotations

import re
import time
from typing import Annotated

import typer

from calibration.errors import ConfigError
from edge.cli.outputs._site import SiteFile, refuse_unknown
from edge.config import load_site

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def mute(
    site: SiteFile,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which output.")],
    lasting: Annotated[str, typer.Option("--for", metavar="30m", help="How long: a number with s, m, h or d.")] = "30m",
) -> None:
    """Mute an output for some time, also of an agent that runs; `--for 0s` ends it. Incidents are told as ever.

    Example: `lookout outputs mute site.yaml siren --for 30m`
    """
    from edge.outputs.outputs import mute as write

    loaded = load_site(site)
    refuse_unknown(loaded, name)
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", lasting)
    if found is None:
        raise ConfigError([f"--for: found {lasting!r}, expected a number with s, m, h or d, such as 30m"])
    seconds = float(found[1]) * _UNITS[found[2]]
    loaded.agent.data.mkdir(parents=True, exist_ok=True)
    write(loaded.agent.data, name, time.time() + seconds)
    typer.echo(f"{name}: {'muted for ' + lasting if seconds else 'no longer muted'}")
