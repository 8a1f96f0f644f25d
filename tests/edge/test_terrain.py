from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calibration.errors import SourceUnusable
from edge.terrain import read_terrain

ASC = """ncols 4
nrows 3
xllcorner 114.0
yllcorner 22.5
cellsize 0.01
NODATA_value -9999
30 31 32 33
20 21 -9999 23
10 11 12 13
"""


def test_an_esri_grid(tmp_path: Path) -> None:
    path = tmp_path / "forest.asc"
    path.write_text(ASC)
    terrain = read_terrain(path, 4.0)
    assert terrain.height(22.5051, 114.0051) == pytest.approx(10.1, abs=0.2), "cells are named by their middle"
    assert terrain.height(22.5249, 114.0349) == pytest.approx(32.9, abs=0.2)
    assert terrain.height(22.51, 114.01) == pytest.approx(15.5)
    assert terrain.error_m == 4.0
    assert 10 < terrain.height(22.515, 114.025) < 33, "a hole has the mean height"


def test_a_tile_of_srtm(tmp_path: Path) -> None:
    heights = np.zeros((1201, 1201), ">i2")
    heights[0, 0], heights[-1, -1], heights[600, 600] = 100, 50, -32768
    path = tmp_path / "N22E114.hgt"
    path.write_bytes(heights.tobytes())
    terrain = read_terrain(path, 3.0)
    assert terrain.height(23.0, 114.0) == 100.0
    assert terrain.height(22.0, 115.0) == 50.0
    assert abs(terrain.height(22.5, 114.5)) < 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.tif", b"", "no terrain that is known, allowed: .asc, .hgt"),
        ("x.asc", b"ncols 4\nnrows 3\n1 2 3", "its head lacks cellsize"),
        ("x.asc", ASC.replace("114.0", "812345.0").encode(), "are no degrees of WGS 84"),
        ("x.asc", ASC[:-6].encode(), "3 × 4 heights are announced"),
        ("x.asc", ASC.replace("30 31", "tall 31").encode(), "could not convert"),
        ("x.hgt", b"", "named by its south-western corner"),
        ("N22E114.hgt", b"1234", "found 2"),
    ],
)
def test_what_is_no_terrain(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceUnusable, match=words):
        read_terrain(path, 3.0)
    with pytest.raises(SourceUnusable, match="can not be read"):
        read_terrain(tmp_path / "none.asc", 3.0)
