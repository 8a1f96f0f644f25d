"""Made clips are what they are said to be."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from calibration.errors import SourceUnusable
from edge.bench import reel
from edge.bench.clips import KEYFRAME_S, PHASES, Library
from edge.bench.scenes import FPS, Scene, hazards
from edge.config.drill import DrillFire
from edge.sources import Pace, open_source
from pipelines.hazards import HazardKind

FLAME = Scene("flame", 4.0, item=DrillFire(at=(0.5, 0.9), size=0.5, grow_s=0.5), onsets={HazardKind.FIRE: 0.0})


def keyframes(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert [packet.pts for packet in packets] == [packet.dts for packet in packets], "no B-frames"
    return [number for number, packet in enumerate(packets) if packet.is_keyframe]


def lumas(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [picture.to_ndarray(format="gray").astype(np.int16) for picture in container.decode(video=0)]


def test_keyframes_come_every_two_seconds_and_at_different_times(library: Library) -> None:
    firsts = set()
    for number in range(PHASES):
        clip = library.quiet(number)
        for path in (clip.main, clip.sub):
            _, first, *rest = found = keyframes(path)
            assert {b - a for a, b in pairwise([first, *rest])} == {reel.GOP}
        firsts.add(found[1])
    assert len(firsts) == PHASES
    assert KEYFRAME_S == 2


def test_sizes_and_length(library: Library) -> None:
    clip = library.quiet(3)
    for path, size in ((clip.main, (640, 360)), (clip.sub, (320, 180))):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert (stream.width, stream.height, stream.codec_context.name) == (*size, "h264")
            assert sum(1 for _ in container.decode(stream)) == round(clip.length_s * FPS)


def test_quiet_cameras_do_not_begin_again_together(library: Library) -> None:
    lengths = sorted(library.quiet(number).length_s for number in range(PHASES))
    assert min(b - a for a, b in pairwise(lengths)) > KEYFRAME_S / 2


def test_nothing_but_noise_in_the_quiet(library: Library) -> None:
    pictures = lumas(library.quiet(0).main)
    changes = [np.abs(b - a) for a, b in pairwise(pictures)]
    assert max(float(change.mean()) for change in changes) < 6
    assert min(float(change.mean()) for change in changes) > 0, "a sensor has noise"


def test_people_move_in_the_busy_for_a_share_of_the_time(library: Library) -> None:
    pictures = lumas(library.busy(0).main)
    still = np.median(pictures[:50], axis=0)
    stirred = [float((np.abs(picture - still) > 40).mean()) > 0.003 for picture in pictures]
    assert 0.2 < np.mean(stirred) < 0.45


def test_a_hazard_begins_when_it_is_said_to(library: Library) -> None:
    clip = library.hazard(FLAME, 4, lead_s=4.0, tail_s=2.0)
    pictures = lumas(clip.main)
    still = np.median(pictures[:50], axis=0)
    lit = [number for number, picture in enumerate(pictures) if float((picture - still > 60).mean()) > 0.001]
    onset = clip.onsets[HazardKind.FIRE] * FPS
    assert onset <= lit[0] <= onset + 2 * FPS, "it grows"
    assert lit[-1] < onset + 4.0 * FPS, "and it is quiet again behind it"
    assert len(pictures) == round(clip.length_s * FPS)


def test_the_clip_says_when_it_was_filmed(library: Library) -> None:
    source = open_source("a", str(library.quiet(0).main), pace=Pace.FAST)
    first = next(iter(source.frames()))
    source.close()
    assert first.captured_s == pytest.approx(reel.EPOCH_S)


def test_clips_are_made_once(library: Library, root: Path) -> None:
    path = library.quiet(1).main
    told: list[str] = []
    again = Library(
        path.parent,
        root / "datasets" / "demo" / "yard.mp4",
        told.append,
        shorter=0.2,
        main=library.main,
        sub=library.sub,
    )
    assert again.quiet(1).main == path
    assert not told


def test_filmed_hazards_instead_of_drills() -> None:
    film = (Path("house.mp4"), {HazardKind.FIRE: [(2.0, 9.0)], HazardKind.SMOKE: [(3.0, 8.0)]})
    names = [scene.name for scene in hazards(12.0, [film, (Path("empty.mp4"), {})])]
    assert names == ["person", "film-house"]
    (_, scene) = hazards(12.0, [film])
    assert (scene.from_s, scene.until_s) == (2.0, 8.0)
    assert scene.onsets == {HazardKind.FIRE: 0.0, HazardKind.SMOKE: 1.0}
    drilled = {kind for scene in hazards(12.0) for kind in scene.onsets}
    assert drilled == {HazardKind.FIRE, HazardKind.SMOKE, HazardKind.RESTRICTED_ZONE}


def test_a_file_that_is_no_clip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "quiet.mp4"
    path.write_bytes(b"nothing")
    with pytest.raises(SourceUnusable, match=r"quiet\.mp4"):
        reel.read(path)
