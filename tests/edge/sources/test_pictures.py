"""Folders of pictures."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.errors import SourceUnusable
from edge.sources import Pace, State, open_source


def folder(path: Path, names: list[str], size: tuple[int, int] = (64, 48)) -> Path:
    """Pictures whose brightness tells their place in the list."""
    path.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        cv2.imwrite(str(path / name), np.full((size[1], size[0], 3), 20 + 10 * number, np.uint8))
    return path


def test_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", ["img_1.jpg", "img_2.PNG", "img_10.jpeg", "img_11.bmp"])
    (path / "notes.txt").write_text("not a picture, and not named like one")
    source = open_source("walk", str(path), pace=Pace.FAST, fps=4)
    frames = list(source.frames())
    assert [round(float(frame.y.mean()) / 10) for frame in frames] == [2, 3, 4, 5]
    assert [frame.time_s for frame in frames] == [0.0, 0.25, 0.5, 0.75]
    assert [frame.sequence for frame in frames] == [0, 1, 2, 3]
    assert all(frame.full_range for frame in frames)
    assert frames[0].captured_s == (path / "img_1.jpg").stat().st_mtime
    assert (source.stats.state, source.stats.codec, source.stats.fps) == (State.ENDED, "picture", 4.0)


def test_an_unreadable_one_is_named_and_left_out(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", ["1.jpg", "2.jpg", "3.jpg"])
    (path / "2.jpg").write_bytes(b"broken")
    source = open_source("walk", str(path), pace=Pace.FAST)
    assert [frame.time_s for frame in source.frames()] == [0.0, 2.0]
    assert source.stats.corrupt == 1
    assert source.stats.message == "2.jpg was left out: is not a picture"


def test_one_picture(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", ["1.jpg"]) / "1.jpg"
    assert len(list(open_source("walk", str(path), pace=Pace.FAST).frames())) == 1


def test_sizes_may_differ(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", ["1.jpg"])
    cv2.imwrite(str(path / "2.jpg"), np.zeros((31, 33, 3), np.uint8))
    source = open_source("walk", str(path), pace=Pace.FAST)
    assert [(frame.width, frame.height) for frame in source.frames()] == [(64, 48), (33, 31)]
    assert source.stats.message == "the picture changed from 64×48 to 33×31"
    window = source.ring.window(0.0, 9.0)
    assert window is not None
    assert len(window.packets) == 1, "a clip can not span a change of size"


def test_a_loop_goes_on_rising(tmp_path: Path) -> None:
    source = open_source("walk", str(folder(tmp_path / "a", ["1.jpg", "2.jpg"])), pace=Pace.FAST, loop=True)
    frames = []
    for frame in source.frames():
        frames.append(frame)
        if len(frames) == 5:
            source.close()
    assert [frame.time_s for frame in frames] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_live_pace(tmp_path: Path) -> None:
    source = open_source("walk", str(folder(tmp_path / "a", ["1.jpg", "2.jpg", "3.jpg"])), fps=5)
    began_s = time.monotonic()
    times = [frame.time_s - began_s for frame in source.frames()]
    assert 0.4 <= time.monotonic() - began_s < 2
    assert times == pytest.approx([0.0, 0.2, 0.4], abs=0.1)


def nothing(path: Path) -> Path:
    return folder(path, [])


def broken(path: Path) -> Path:
    folder(path, ["1.jpg", "2.jpg"])
    for file in path.iterdir():
        file.write_bytes(b"")
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [(nothing, "no pictures in this folder"), (broken, "none of its 2 pictures can be read")],
)
def test_what_gives_no_picture_is_named(tmp_path: Path, make, message: str) -> None:  # type: ignore[no-untyped-def]
    path = make(tmp_path / "empty-folder")
    with pytest.raises(SourceUnusable, match=rf"source walk: .*empty-folder: {message}"):
        list(open_source("walk", str(path), pace=Pace.FAST).frames())


def test_no_rate(tmp_path: Path) -> None:
    with pytest.raises(SourceUnusable, match="fps of a folder of pictures is above 0, found 0"):
        open_source("walk", str(folder(tmp_path / "a", ["1.jpg"])), fps=0)
