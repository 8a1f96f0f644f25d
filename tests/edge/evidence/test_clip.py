"""Clips play anywhere, show the time that was asked for, and a drill is in them again."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from calibration.errors import EvidenceError
from edge.evidence.clip import write_clip
from edge.evidence.decode import window_frames
from edge.evidence.packets import EncodedPacket, Stamp, StreamFormat, Window
from edge.sources import Pace, open_source
from edge.sources.planes import decoded_planes
from pipelines.frame import Clock, Frame
from tests.edge.sources.footage import FPS, make_clip, number_of

B_FRAMES = {"bf": "3", "b-adapt": "0"}
QUIET = {"x265-params": "log-level=error"}


def window_of(path: Path, start_s: float, end_s: float, fps: float = FPS) -> tuple[Window, list[Frame]]:
    """What the ring kept of a recording, and the frames that were first seen."""
    source = open_source("gate", str(path), pace=Pace.FAST, keep_s=60.0, fps=fps)
    frames = list(source.frames())
    window = source.ring.window(start_s, end_s)
    assert window is not None
    return window, frames


def shown(path: Path) -> list[tuple[float, Frame]]:
    """Times and pictures of a clip, and that it is what a browser plays."""
    assert path.read_bytes().index(b"moov") < path.read_bytes().index(b"mdat"), "plays while it loads"
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        found = []
        for picture in container.decode(stream):
            assert picture.format.name in {"yuv420p", "yuvj420p"}
            planes = decoded_planes(picture)
            assert picture.time is not None
            frame = Frame("clip", 0, 0.0, Clock.FILE, 0.0, planes.y, planes.u, planes.v, planes.full_range)
            found.append((picture.time, frame))
        return found


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.mkv"])
@pytest.mark.parametrize("options", [{"bf": "0"}, B_FRAMES])
def test_h264_is_copied_bit_for_bit(tmp_path: Path, name: str, options: dict[str, str]) -> None:
    window, frames = window_of(make_clip(tmp_path / name, options=options, noisy=True), 0.5, 1.5)
    write_clip(tmp_path / "clip.mp4", window)
    clip = shown(tmp_path / "clip.mp4")
    numbers = [number_of(frame) for _, frame in clip]
    assert 5 <= numbers[0] <= 12  # from the keyframe before 0.5 s on
    assert 36 <= numbers[-1] <= 41
    assert numbers == sorted(set(numbers))
    for number, (_, frame) in zip(numbers, clip, strict=True):
        assert np.array_equal(frame.y, frames[number].y)
    assert clip[0][0] == 0.0
    assert [b[0] - a[0] for a, b in pairwise(clip[:20])] == pytest.approx([1 / FPS] * 19, abs=0.001)


@pytest.mark.parametrize(
    ("name", "codec", "options", "size", "pix_fmt"),
    [
        ("a.mkv", "libx265", QUIET, (320, 240), "yuv420p"),
        ("a.avi", "mjpeg", {}, (177, 145), "yuvj420p"),  # odd sides
        ("b.avi", "mjpeg", {}, (177, 145), "yuvj422p"),
        ("a.nut", "rawvideo", {}, (178, 144), "yuyv422"),
        ("c.avi", "libx264", B_FRAMES, (320, 240), "yuv420p"),  # H.264 without presentation times
        ("a.h264", "libx264", B_FRAMES, (320, 240), "yuv420p"),  # and without any
    ],
)
def test_others_are_encoded(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], size: tuple[int, int], pix_fmt: str
) -> None:
    path = make_clip(tmp_path / name, codec=codec, options=options, size=size, pix_fmt=pix_fmt)
    window, _ = window_of(path, 0.5, 1.5)
    write_clip(tmp_path / "clip.mp4", window)
    clip = shown(tmp_path / "clip.mp4")
    numbers = [number_of(frame) for _, frame in clip]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[0] == pytest.approx(12, abs=3)  # cut to the window
    assert numbers[-1] == pytest.approx(38, abs=4)
    assert clip[-1][0] == pytest.approx((len(clip) - 1) / FPS, abs=0.01)
    assert {(frame.width, frame.height) for _, frame in clip} == {(size[0] // 2 * 2, size[1] // 2 * 2)}


def test_a_drill_is_drawn_again_at_the_same_times(tmp_path: Path) -> None:
    window, frames = window_of(make_clip(tmp_path / "a.mp4", options=B_FRAMES), 0.5, 1.5)
    first_seen = {round(frame.time_s, 4): frame.captured_s for frame in frames}
    drawn: list[float] = []

    def render(frame: Frame) -> Frame:
        assert first_seen[round(frame.time_s, 4)] == pytest.approx(frame.captured_s, abs=1e-3)
        drawn.append(frame.time_s)
        y = frame.y.copy()
        y[:40] = 235
        return replace(frame, y=y, drill=True)

    write_clip(tmp_path / "clip.mp4", window, render)
    clip = shown(tmp_path / "clip.mp4")
    assert len(clip) == len(drawn)
    assert all(frame.y[5:35].mean() > 220 for _, frame in clip)
    assert drawn[0] == pytest.approx(0.5, abs=0.05)
    assert [time_s for time_s, _ in clip] == pytest.approx([time_s - drawn[0] for time_s in drawn], abs=0.001)


def test_frames_come_back_as_they_were(tmp_path: Path) -> None:
    window, frames = window_of(make_clip(tmp_path / "a.mp4", options=B_FRAMES, noisy=True), 0.0, 2.0)
    again = list(window_frames(window))
    assert len(again) == len(frames)
    for one, other in zip(again, frames, strict=True):
        assert (one.time_s, one.clock) == (pytest.approx(other.time_s), other.clock)
        assert np.array_equal(one.y, other.y)


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "walk"
    folder.mkdir()
    for number in range(6):
        cv2.imwrite(str(folder / f"{number}.jpg"), np.full((145, 177, 3), 40 * number, np.uint8))
    window, _ = window_of(folder, 1.0, 4.0, fps=1)
    write_clip(tmp_path / "clip.mp4", window)
    clip = shown(tmp_path / "clip.mp4")
    assert [time_s for time_s, _ in clip] == pytest.approx([0, 1, 2, 3])
    assert [float(frame.y.mean()) for _, frame in clip] == pytest.approx([40, 80, 120, 160], abs=3)


def test_a_large_picture_is_reduced(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.avi", codec="mjpeg", pix_fmt="yuvj420p", size=(2560, 1440), count=3)
    write_clip(tmp_path / "clip.mp4", window_of(path, 0.0, 1.0)[0])
    assert {(frame.width, frame.height) for _, frame in shown(tmp_path / "clip.mp4")} == {(1280, 720)}


def test_over_the_seam_of_a_loop(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", count=40)
    source = open_source("gate", str(path), pace=Pace.FAST, loop=True, keep_s=60.0)
    for frame in source.frames():
        if frame.time_s > 3.0:
            source.close()
    window = source.ring.window(1.2, 2.0)
    assert window is not None
    write_clip(tmp_path / "clip.mp4", window)
    numbers = [number_of(frame) for _, frame in shown(tmp_path / "clip.mp4")]
    seam = numbers.index(0)
    assert numbers[:seam] == list(range(numbers[0], 40))
    assert numbers[seam:] == list(range(len(numbers) - seam))


def test_nothing_to_decode(tmp_path: Path) -> None:
    window, _ = window_of(make_clip(tmp_path / "a.avi", codec="mjpeg", pix_fmt="yuvj420p", count=5), 0.0, 1.0)
    broken = EncodedPacket(b"\0" * 50, Stamp(0.0, 0.0, Clock.AGENT), True, 0)
    with pytest.raises(EvidenceError, match=r"source gate: no picture of the clip clip\.mp4 can be decoded"):
        write_clip(tmp_path / "clip.mp4", replace(window, packets=(broken,)))
    unknown = StreamFormat("h264", b"no header", Fraction(1, 25))
    with pytest.raises(EvidenceError, match=r"the stream's parameters \(h264\) can not be read"):
        write_clip(tmp_path / "clip.mp4", replace(window, format=unknown))


def test_nowhere_to_write(tmp_path: Path) -> None:
    window, _ = window_of(make_clip(tmp_path / "a.mp4"), 0.0, 1.0)
    with pytest.raises(EvidenceError, match=r"source gate: the clip .*missing/clip\.mp4 can not be written"):
        write_clip(tmp_path / "missing" / "clip.mp4", window)
