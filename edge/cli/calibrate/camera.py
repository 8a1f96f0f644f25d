"""`lookout calibrate camera`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calibration.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calibration.board import Board, Measured, View
    from pipelines.frame import Plane

_SIZE = re.compile(r"(\d{1,2})\s*[x×]\s*(\d{1,2})")
_MOST_VIEWS = 60  # more make it no better, and slower
_EVERY_S = 0.5
_GOOD_PX, _GOOD_FOCAL, _GOOD_COVER = 1.0, 0.01, 0.6


def camera(
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PICTURES…", help="Pictures of the board, folders of them, or films.", show_default=False
        ),
    ] = None,
    board: Annotated[str, typer.Option(metavar="CxR", help="Squares across and down.")] = "10x7",
    markers: Annotated[
        float | None,
        typer.Option(
            min=0.3, max=0.9, metavar="SHARE", help="A ChArUco board: side of a marker as a share of a square."
        ),
    ] = None,
    draw: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the board, to print it, and look at nothing.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.yaml", help="Write the lens there as well.", show_default=False)
    ] = None,
) -> None:
    """Measure a lens on pictures of a printed board, for positions that hold to the rim of the picture.

    Print the board, glue it onto something flat, and film it for half a minute: near and far, in the middle and in
    every corner of the picture, tilted by 20° to 40° each way. The lens is printed as a mission and a site file take
    it, under `camera`. Zoom and focus have to stay as they are.

    Exit code 1 if the pictures are too few or too much alike for a lens that can be trusted.

    Example: `lookout calibrate camera board.mp4 --board 10x7 --markers 0.7 --out lens.yaml`
    """
    from calibration.board import Board, measure

    found = _SIZE.fullmatch(board.strip())
    if found is None:
        raise ConfigError([f"--board {board}: expected squares across and down, such as 10x7"])
    try:
        wanted = Board(int(found[1]), int(found[2]), marker=markers)
    except ValueError as error:
        raise ConfigError([f"--board {board}: {error}"]) from None
    if draw is not None:
        _draw(wanted, draw)
        return
    if not pictures:
        raise ConfigError(["which pictures? or --draw FILE.png for a board to print"])
    views, size = _views(wanted, pictures)
    measured = measure(views, size)
    doubts = _doubts(measured)
    text = _lens_yaml(measured)
    typer.echo(text)
    typer.echo(
        f"{len(views)} pictures, {size[0]}×{size[1]}: corners are off by {measured.rms_px:.2f} px, the focal length is "
        f"known to {measured.focal_error:.1%}, {measured.fov_deg:.1f}° across, corners in {measured.covered:.0%} of it",
        err=True,
    )
    for doubt in doubts:
        typer.echo(f"lookout: {doubt}", err=True)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    if doubts:
        raise typer.Exit(1)


def _draw(board: Board, path: Path) -> None:
    import cv2

    if not cv2.imwrite(str(path), board.draw()):
        raise ConfigError([f"--draw {path}: can not be written"])
    typer.echo(f"{path}: print it as large as it goes, without fitting it to the page")


def _views(board: Board, paths: Sequence[Path]) -> tuple[list[View], tuple[int, int]]:
    """Those pictures in which the board is seen, all of one size; of a film two a second."""
    views: list[View] = []
    size: tuple[int, int] | None = None
    looked = 0
    for path in paths:
        for picture in _pictures(path):
            looked += 1
            here = (picture.shape[1], picture.shape[0])
            if size is not None and here != size:
                raise ConfigError([f"{path}: is {here[0]}×{here[1]}, those before are {size[0]}×{size[1]}"])
            size = here
            view = board.find(picture)
            if view is not None:
                views.append(view)
    typer.echo(f"the board is seen in {len(views)} of {looked} pictures", err=True)
    if size is None:
        raise ConfigError(["no picture could be read"])
    step = max(1, -(-len(views) // _MOST_VIEWS))
    return views[::step], size


def _pictures(path: Path) -> Iterator[Plane]:
    from edge.sources import Pace, open_source

    next_s = 0.0
    source = open_source(path.name, str(path), pace=Pace.FAST, fps=1.0, keep_s=0.0)
    for frame in source.frames():
        if frame.time_s >= next_s:
            next_s = frame.time_s + _EVERY_S
            yield frame.y


def _doubts(measured: Measured) -> list[str]:
    found = []
    if measured.rms_px > _GOOD_PX:
        found.append(
            f"corners are off by {measured.rms_px:.2f} px, allowed: {_GOOD_PX:g}; is the board flat and sharp?"
        )
    if measured.focal_error > _GOOD_FOCAL:
        found.append(
            f"the focal length is known to {measured.focal_error:.1%}, allowed: {_GOOD_FOCAL:.0%}; tilt the board more"
        )
    if measured.covered < _GOOD_COVER:
        found.append(
            f"corners were seen in {measured.covered:.0%} of the picture, expected {_GOOD_COVER:.0%}: go into its "
            "corners"
        )
    return found


def _lens_yaml(measured: Measured) -> str:
    lens = measured.lens
    bent = ", ".join(f"{value:.6g}" for value in lens.distortion)
    return "\n".join(
        [
            "camera:",
            "  lens:",
            f"    width: {lens.width}",
            f"    height: {lens.height}",
            *(f"    {name}: {getattr(lens, name):.2f}" for name in ("fx", "fy", "cx", "cy")),
            f"    distortion: [{bent}]",
        ]
    )
