"""Video files: every picture once, in order, with the right time; damage is named."""

from __future__ import annotations

import struct
import threading
import time
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from calibration.errors import SourceUnusable
from edge.sources import Pace, State, open_source
from pipelines.frame import Clock, Frame
from tests.edge.sources.footage import FPS, make_clip, number_of

B_FRAMES = {"bf": "3", "b-adapt": "0"}
QUIET = {"x265-params": "log-level=error"}


def read(path: Path) -> list[Frame]:
    return list(open_source("gate", str(path), pace=Pace.FAST).frames())


@pytest.mark.parametrize(
    ("name", "codec", "options", "size", "pix_fmt"),
    [
        ("plain.mp4", "libx264", {"bf": "0"}, (320, 240), "yuv420p"),
        ("reordered.mp4", "libx264", B_FRAMES, (320, 240), "yuv420p"),
        ("reordered.ts", "libx264", B_FRAMES, (320, 240), "yuv420p"),  # stamps begin at 1.4 s
        ("reordered.avi", "libx264", B_FRAMES, (320, 240), "yuv420p"),  # no presentation times
        ("reordered.h264", "libx264", B_FRAMES, (320, 240), "yuv420p"),  # no times at all
        ("reordered.mkv", "libx265", QUIET, (320, 240), "yuv420p"),
        ("deep.mkv", "libx265", QUIET, (320, 240), "yuv420p10le"),  # ten bits
        ("motion.avi", "mjpeg", {}, (320, 240), "yuvj420p"),
        ("odd.avi", "mjpeg", {}, (177, 145), "yuvj420p"),
        ("odd.mkv", "ffv1", {}, (177, 145), "yuv420p"),
        ("wide.avi", "mjpeg", {}, (177, 145), "yuvj422p"),
        ("two_planes.nut", "rawvideo", {}, (178, 144), "nv12"),
        ("webcam.nut", "rawvideo", {}, (178, 144), "yuyv422"),
        ("colour.nut", "rawvideo", {}, (178, 144), "bgr24"),
    ],
)
def test_every_picture_in_order(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], size: tuple[int, int], pix_fmt: str
) -> None:
    path = make_clip(tmp_path / name, codec=codec, options=options, size=size, pix_fmt=pix_fmt)
    source = open_source("gate", str(path), pace=Pace.FAST)
    frames = list(source.frames())
    assert [frame.sequence for frame in frames] == list(range(50))
    assert [number_of(frame) for frame in frames] == list(range(50))
    assert {(frame.width, frame.height) for frame in frames} == {size}
    assert {frame.source for frame in frames} == {"gate"}
    # The stamp of the beginning may lie some pictures before the first; from there on they are 1/25 s apart.
    start_s = frames[0].time_s
    assert 0 <= start_s <= 0.121
    assert [frame.time_s - start_s for frame in frames] == pytest.approx([n / FPS for n in range(50)], abs=0.002)
    assert {frame.full_range for frame in frames} == {pix_fmt.startswith("yuvj")}
    stats = source.stats
    assert (stats.state, stats.frames, stats.dropped, stats.corrupt) == (State.ENDED, 50, 0, 0)
    assert (stats.width, stats.height) == size
    assert stats.fps == pytest.approx(FPS, rel=0.05)
    assert stats.last_frame_s == frames[-1].time_s


def test_planes_are_views_of_the_decoders_memory_and_read_only(tmp_path: Path) -> None:
    frame = read(make_clip(tmp_path / "a.mp4", size=(322, 242)))[0]
    for plane in (frame.y, frame.u, frame.v):
        assert not plane.flags.owndata
        assert not plane.flags.writeable
        assert plane.strides[0] > plane.shape[1], "the decoder pads its lines; a copy would not"


def test_planes_outlive_the_decoder(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4")
    frames = read(path)
    with av.open(str(path)) as container:
        for frame, picture in zip(frames, container.decode(video=0), strict=True):
            assert np.array_equal(np.vstack([frame.y]), picture.to_ndarray()[: frame.height])


def test_capture_time_is_the_files_date_and_media_time(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mkv")
    frames = read(path)
    assert {frame.clock for frame in frames} == {Clock.FILE}
    assert frames[25].captured_s == pytest.approx(path.stat().st_mtime + 1.0, abs=0.01)


def test_capture_time_is_the_recordings_own_word(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    plain = make_clip(tmp_path / "plain.mp4")
    with av.open(str(plain)) as old, av.open(str(path), "w") as new:
        new.metadata["creation_time"] = "2026-01-31T08:15:00Z"
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    assert read(path)[0].captured_s == pytest.approx(1_769_847_300.0, abs=0.2)


def test_variable_rate_keeps_its_times(tmp_path: Path) -> None:
    ticks = [0, 1, 2, 10, 11, 40, 41, 42, 43, 100]
    path = make_clip(tmp_path / "a.mkv", count=10, ticks=ticks, options={"bf": "0"})
    assert [frame.time_s for frame in read(path)] == pytest.approx([tick / FPS for tick in ticks], abs=0.002)


def test_a_change_of_size_is_handed_on_and_noted(tmp_path: Path) -> None:
    small = make_clip(tmp_path / "small.ts", size=(320, 240), count=25)
    large = make_clip(tmp_path / "large.ts", size=(640, 360), count=25)
    both = tmp_path / "both.ts"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    source = open_source("gate", str(both), pace=Pace.FAST)
    frames = list(source.frames())
    # The joint costs the last picture of the first part, whose end is missing.
    assert [(frame.width, frame.height) for frame in frames] == [(320, 240)] * 24 + [(640, 360)] * 25
    # The second part's stamps begin anew: times go on all the same.
    assert all(a.time_s < b.time_s for a, b in pairwise(frames))
    assert frames[-1].time_s == pytest.approx(2.0, abs=0.2)
    assert source.stats.message == "the picture changed from 320×240 to 640×360"


def test_a_truncated_file_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mp4", count=55, noisy=True)
    with av.open(str(whole)) as old, av.open(str(tmp_path / "fast.mp4"), "w", options={"movflags": "faststart"}) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    content = (tmp_path / "fast.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: len(content) // 2])
    frames: list[int] = []

    def read_on() -> None:
        for frame in open_source("gate", str(cut), pace=Pace.FAST).frames():
            frames.append(number_of(frame))  # noqa: PERF401 - those before the error count

    with pytest.raises(SourceUnusable, match=r"source gate: .*cut\.mp4: is cut off, it ends after \d\.\d s of 2\.2 s"):
        read_on()
    assert 5 < len(frames) < 50
    assert frames == list(range(len(frames)))


def test_damage_in_the_middle_is_counted_and_survived(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.ts", noisy=True)
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    for at in range(third, third + 6000, 188):
        at += 188 - at % 188 + 60  # inside a packet of the transport stream, whose head stays whole
        content[at : at + 100] = b"\xa5" * 100
    path.write_bytes(bytes(content))
    source = open_source("gate", str(path), pace=Pace.FAST)
    numbers = [number_of(frame) for frame in source.frames()]
    assert source.stats.corrupt > 0
    assert numbers[-1] == 49
    assert 40 <= len(numbers) < 50
    assert numbers == sorted(numbers)


def no_video(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000)
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def text(path: Path) -> Path:
    path.write_text("This is a note, not a video.\n" * 40)
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("note.mp4", text, "is not a video"),
        ("note.txt", text, "is not a video"),  # libav would show it as letters
        ("empty.mp4", empty, r"the file is empty \(0 bytes\)"),
        ("sound.m4a", no_video, r"has no video in it \(found: audio\)"),
        ("missing.mp4", lambda path: path, "there is no such file"),
    ],
)
def test_what_is_no_video_is_named(tmp_path: Path, name: str, make, message: str) -> None:  # type: ignore[no-untyped-def]
    path = make(tmp_path / name)
    source = open_source("gate", str(path), pace=Pace.FAST)
    with pytest.raises(SourceUnusable, match=rf"source gate: .*{name}: {message}"):
        next(source.frames())
    assert source.stats.state is State.UNUSABLE
    assert name in source.stats.message


def test_a_loop_goes_on_rising(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", count=10)
    source = open_source("gate", str(path), pace=Pace.FAST, loop=True)
    frames = []
    for frame in source.frames():
        frames.append(frame)
        if len(frames) == 35:
            source.close()
    assert [frame.sequence for frame in frames] == list(range(35))
    assert [number_of(frame) for frame in frames] == [n % 10 for n in range(35)]
    assert [frame.time_s for frame in frames] == pytest.approx([n / FPS for n in range(35)], abs=0.002)
    assert source.stats.state is State.CLOSED
    window = source.ring.window(0.9, 1.25)  # over the seam at 1.2 s
    assert window is not None
    assert window.packets[0].stamp.time_s == pytest.approx(0.8)
    assert 1.2 <= max(packet.stamp.time_s for packet in window.packets) < 1.4


def test_live_pace_is_that_of_a_camera(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", count=20)
    began_s = time.monotonic()
    frames = [(frame, time.monotonic()) for frame in open_source("gate", str(path)).frames()]
    assert 0.7 <= frames[-1][1] - began_s <= 3.0
    # Times are the agent's monotonic clock, so that a frame's age can be told.
    assert all(at_s - frame.time_s >= -0.05 for frame, at_s in frames)
    assert frames[-1][0].time_s - frames[0][0].time_s == pytest.approx(19 / FPS, abs=0.002)


def test_a_paced_recording_drops_what_nobody_waited_for(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", count=50, options={"bf": "0"})
    source = open_source("gate", str(path), loop=True)
    for frame in source.frames():
        time.sleep(0.12)  # three times slower than the camera
        if frame.sequence == 29:
            source.close()
    assert source.stats.dropped > 20
    assert source.stats.frames == 30


def test_close_from_another_thread_ends_a_wait(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", count=2, ticks=[0, 2500])
    source = open_source("gate", str(path))
    timer = threading.Timer(0.3, source.close)
    timer.start()
    began_s = time.monotonic()
    assert len(list(source.frames())) == 1
    assert time.monotonic() - began_s < 1.5
    assert source.stats.state is State.CLOSED
    timer.join()


@pytest.mark.parametrize(
    ("matrix", "bright"),
    [
        ((1, 0, 0, 1), "right"),
        ((0, 1, -1, 0), "down"),  # held upright: turned clockwise, left comes up and right comes down
        ((-1, 0, 0, -1), "left"),
        ((0, -1, 1, 0), "up"),
    ],
)
def test_a_phones_rotation_is_undone(tmp_path: Path, matrix: tuple[int, int, int, int], bright: str) -> None:
    path = make_clip(tmp_path / "a.mp4", count=3)  # the right half is brighter
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44
    a, b, c, d = (value * 0x10000 for value in matrix)
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(bytes(content))
    y = read(path)[0].y.astype(int)
    height, width = y.shape
    halves = {
        "up": y[: height // 2].mean(),
        "down": y[height // 2 :].mean(),
        "left": y[:, : width // 2].mean(),
        "right": y[:, width // 2 :].mean(),
    }
    assert max(halves, key=halves.__getitem__) == bright
    assert (height, width) == ((240, 320) if matrix[0] else (320, 240))


def test_a_cover_picture_is_not_the_video(shared: Path) -> None:
    frame = read_first(shared / "data" / "clips" / "building_fire.mp4")
    assert (frame.width, frame.height) == (406, 720)


def read_first(path: Path) -> Frame:
    return next(open_source("gate", str(path), pace=Pace.FAST).frames())
