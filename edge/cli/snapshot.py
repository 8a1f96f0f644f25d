"""`lookout snapshot`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calibration.errors import EvidenceError, SourceUnusable
from edge.address import without_secrets
from edge.agent.opening import open_as_set
from edge.config import SourceSettings, load_site
from edge.evidence.grid import gridded
from edge.evidence.picture import SUFFIXES, save_picture
from edge.sources import Pace, open_source

_UNNAMED = "snapshot"


def snapshot(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="An address, device, file or folder; with --site, a source's name.",
            show_default=False,
        ),
    ],
    grid: Annotated[
        bool, typer.Option("--grid", help="Draw a grid from 0 to 1 to read the corners of zones off.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to save it, .jpg or .png; snapshot-NAME.jpg when left out."),
    ] = None,
    site: Annotated[Path | None, typer.Option(metavar="SITE.yaml", help="A site file that has the source.")] = None,
    transport: Annotated[str, typer.Option(metavar="tcp|udp", help="How an RTSP stream is carried.")] = "tcp",
) -> None:
    """Save one picture of a source; prints where it was saved.

    Example: `lookout snapshot rtsp://192.168.1.64/stream1 --grid --out gate.jpg`
    """
    if site is None:
        opened = open_source(_named_after(source), source, pace=Pace.FAST, transport=transport)
    else:
        opened = open_as_set(_in_site(site, source), pace=Pace.FAST)
    path = out or Path(f"{_UNNAMED}-{opened.name}.jpg")
    if path.suffix.lower() not in SUFFIXES:
        raise EvidenceError(f"{path}: a snapshot is saved as {', '.join(SUFFIXES)}")
    frame = opened.first()
    save_picture(gridded(frame) if grid else frame.bgr(), path)
    typer.echo(path)


def _in_site(path: Path, name: str) -> SourceSettings:
    sources = load_site(path).sources
    for settings in sources:
        if settings.name == name:
            return settings
    known = ", ".join(settings.name for settings in sources)
    raise SourceUnusable(f"{path}: there is no source {name!r}; its sources are {known}")


def _named_after(url: str) -> str:
    """A name for the file: that of a recording or folder, or the host of a camera."""
    if "://" in url:
        host = without_secrets(url).partition("://")[2].partition("/")[0].rpartition("@")[2]
        return host.replace(":", "-") or _UNNAMED
    return Path(url).stem or _UNNAMED
