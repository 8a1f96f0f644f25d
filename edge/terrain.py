"""Reads the ground from elevation models as they are handed out: ESRI's ASCII grids and tiles of SRTM."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.errors import SourceUnusable
from calibration.terrain import Terrain

_KEYS = ("ncols", "nrows", "cellsize")
_HGT_NAME = re.compile(r"([NS])(\d{2})([EW])(\d{3})", re.IGNORECASE)
_HGT_VOID = -32_768
_HGT_SIDES = {3601: "1″", 1201: "3″"}


def read_terrain(path: Path, error_m: float) -> Terrain:
    """The ground in a file.

    Args:
        path: `.asc` in degrees of WGS 84, or `.hgt`, named by its south-western corner, such as `N22E114.hgt`.
        error_m: one standard deviation of its heights.

    Raises:
        SourceUnusable: it can not be read, is no such file, or has holes all over.
    """
    readers = {".asc": _asc, ".hgt": _hgt}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise SourceUnusable(f"{path}: no terrain that is known, allowed: {', '.join(readers)}")
    try:
        return reader(path, error_m)
    except OSError as error:
        raise SourceUnusable(f"{path}: can not be read: {error.strerror}") from error
    except ValueError as error:
        raise SourceUnusable(f"{path}: {error}") from error


def _asc(path: Path, error_m: float) -> Terrain:
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    head: dict[str, float] = {}
    while lines and len(words := lines[0].split()) == 2 and words[0][:1].isalpha():
        head[words[0].lower()] = float(words[1])
        lines.pop(0)
    missing = [key for key in _KEYS if key not in head]
    corner = "xllcorner" in head and "yllcorner" in head
    if missing or not (corner or ("xllcenter" in head and "yllcenter" in head)):
        raise ValueError(f"its head lacks {', '.join(missing) or 'xllcorner and yllcorner'}")
    cell, (rows, columns) = head["cellsize"], (int(head["nrows"]), int(head["ncols"]))
    west, south = (head["xllcorner"] + cell / 2, head["yllcorner"] + cell / 2) if corner else (
        head["xllcenter"], head["yllcenter"]
    )  # fmt: skip
    if not (-180 <= west <= 180 and -90 <= south <= 90 and 0 < cell <= 1):
        raise ValueError(f"its corner ({west:g}, {south:g}) and cells of {cell:g} are no degrees of WGS 84")
    heights = np.array(" ".join(lines).split(), np.float64)
    if heights.size != rows * columns:
        raise ValueError(f"{rows} × {columns} heights are announced, {heights.size} found")
    grid = heights.reshape(rows, columns)[::-1]
    return Terrain(south, west, (cell, cell), _whole(grid, grid == head.get("nodata_value", -9999.0)), error_m)


def _hgt(path: Path, error_m: float) -> Terrain:
    named = _HGT_NAME.match(path.stem)
    if named is None:
        raise ValueError("a tile is named by its south-western corner, such as N22E114.hgt")
    south = int(named[2]) * (1 if named[1] in "Nn" else -1)
    west = int(named[4]) * (1 if named[3] in "Ee" else -1)
    heights = np.frombuffer(path.read_bytes(), ">i2")
    side = round(heights.size**0.5)
    if side not in _HGT_SIDES or side * side != heights.size:
        raise ValueError(f"a tile has 3601² or 1201² heights, found {heights.size}")
    grid = heights.reshape(side, side)[::-1].astype(np.float64)
    step = 1 / (side - 1)
    return Terrain(float(south), float(west), (step, step), _whole(grid, grid == _HGT_VOID), error_m)


def _whole(grid: NDArray[np.float64], holes: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Holes get the mean height: a ray may pass over one, and what meets the ground there is off by what that is."""
    if holes.mean() > 0.5:
        raise ValueError(f"{holes.mean():.0%} of it are holes")
    return np.where(holes, grid[~holes].mean(), grid) if holes.any() else grid
