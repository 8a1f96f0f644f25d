"""A camera that pans over a ground with a person who walks and a plume that grows: what is flagged, and what is not.

Synthetic: see `tests/edge/patrol/renderer.py`. The settings were looked at on one such scene (another place, heading,
height and plume than these); what is asserted here is measured on three others.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.activity import Regions
from pipelines.frame import Frame, from_bgr
from pipelines.prefilter import Prefilter
from pipelines.prefilter.motion import EgoMotion
from pipelines.prefilter.moving import MovingActivity, MovingPrefilter, small
from tests.conftest import LONG
from tests.edge.patrol.filming import yard
from tests.edge.patrol.renderer import Camera, Thing

FPS = 10
WARM_UP_S = 1.5
FOCAL_PX = 960 / 2 / math.tan(math.radians(35))


def person() -> NDArray[np.uint8]:
    picture = np.zeros((60, 24, 4), np.uint8)
    cv2.rectangle(picture, (6, 16), (17, 40), (150, 60, 30, 255), -1)
    cv2.circle(picture, (12, 8), 7, (140, 170, 210, 255), -1)
    cv2.rectangle(picture, (6, 40), (17, 59), (40, 40, 40, 255), -1)
    return picture


def plume(seconds: float) -> NDArray[np.uint8]:
    picture = np.zeros((100, 60, 4), np.uint8)
    for puff in range(12):
        x, y = 30 + int(8 * math.sin(puff + seconds)), 95 - int(puff * 8 * min(1.0, seconds / 6))
        cv2.circle(picture, (x, y), 8 + puff // 2, (210, 210, 215, 170), -1)
    return np.asarray(cv2.GaussianBlur(picture, (9, 9), 0), np.uint8)


@dataclass(frozen=True)
class Shot:
    frame: Frame
    boxes: list[NDArray[np.float64]]  # of what is to be seen, 0–1
    trail: list[NDArray[np.float64]]  # where it has been: it has left there, which is a change too


def box(camera: Camera, thing: Thing) -> NDArray[np.float64]:
    foot = np.array([thing.north_m, thing.east_m, 0.0])
    (x, y), (_, top) = camera.project(np.stack([foot, foot - [0, 0, thing.tall_m]]))
    half = (y - top) * thing.picture.shape[1] / thing.picture.shape[0] / 2
    return np.array([x - half, top, x + half, y]) / np.array([camera.width, camera.height] * 2)


def shots(pan_px: float, heading: float, pitch: float, speed_m_s: float, seconds: float = 7.0) -> Iterator[Shot]:
    """A pan of so many pixels a frame, from a camera that may fly forward as well."""
    ground, rng, trail = yard(), np.random.default_rng(3), []
    turn = math.degrees(pan_px / FOCAL_PX)
    # What is to be seen lies in the middle of the pan, and about where the middle of the picture meets the ground.
    middle = math.radians(heading + turn * seconds * FPS / 2)
    away = 45 / math.tan(math.radians(-pitch))
    ahead, aside = np.array([math.cos(middle), math.sin(middle)]), np.array([-math.sin(middle), math.cos(middle)])
    for number in range(round(seconds * FPS)):
        t = number / FPS
        camera = Camera(*(ahead * speed_m_s * t), 45.0, heading + turn * number, pitch, width=960, height=540)
        walker = Thing(*(ahead * away * 0.95 + aside * (1.3 * t - 6)), 3.0, person())
        smoke = Thing(*(ahead * away * 1.1 + aside * 5), 12.0, plume(t))
        picture = ground.render(camera, [walker, smoke]).astype(int) + rng.normal(0, 2, (540, 960, 3))
        trail.append((walker, smoke))
        yield Shot(
            from_bgr(np.clip(picture, 0, 255).astype(np.uint8), time_s=t),
            [box(camera, thing) for thing in (walker, smoke)],
            [box(camera, thing) for pair in trail for thing in pair],
        )


@dataclass
class Tally:
    flagged: list[bool]
    area: list[float]
    false: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        recall, area = np.mean(self.flagged), np.mean(self.area)
        return f"recall {recall:.3f} of {len(self.flagged)}, area {area:.3f}, false {self.false / self.seconds:.1f}/s"


def count(tally: Tally, shot: Shot, regions: Regions, *, whole: bool) -> None:
    tally.seconds += 1 / FPS
    mask = np.full((90, 160), whole)
    for region in regions.xyxy:
        mask[_part(region)] = True
    tally.area.append(float(mask.mean()))
    for each in shot.boxes:
        if each.min() > 0.02 and each.max() < 0.98:
            tally.flagged.append(bool(mask[_part(each)].mean() >= 0.5))
    for x1, y1, x2, y2 in regions.xyxy:
        near = (x1 < b[2] + 0.04 and x2 > b[0] - 0.04 and y1 < b[3] + 0.06 and y2 > b[1] - 0.06 for b in shot.trail)
        tally.false += not any(near)


def compared(moving: MovingPrefilter, frame: Frame) -> MovingActivity:
    return moving.compare(small(frame.y), frame.time_s)


def _part(found: NDArray[np.floating]) -> tuple[slice, slice]:
    x1, y1, x2, y2 = (float(side) for side in np.clip(found, 0, 1))
    return slice(int(y1 * 90), math.ceil(y2 * 90)), slice(int(x1 * 160), math.ceil(x2 * 160))


@pytest.fixture
def one_core() -> Iterator[None]:
    """OpenCV computes as in the agent: see `edge.footprint.keep_small`."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(threads)


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize(
    ("heading", "pitch", "speed", "least"),
    # In the last one the plume is as grey as what is behind it, and the ground goes by as well.
    [(70.0, -38.0, 0.0, 0.95), pytest.param(310.0, -42.0, 0.0, 0.95, marks=LONG), (200.0, -45.0, 4.0, 0.8)],
    ids=["a pan", "another pan", "flying forward"],
)
def test_what_moves_and_what_grows_is_flagged_and_little_else(
    heading: float, pitch: float, speed: float, least: float
) -> None:
    every = Tally([], [])
    for pan_px in (0.5, 8.0):
        moving, still = MovingPrefilter(), Prefilter()
        on, off = Tally([], []), Tally([], [])
        costs = []
        # Drawn before, and not in between: what drawing leaves spinning would be counted.
        for shot in list(shots(pan_px, heading, pitch, speed)):
            began = time.process_time()
            seen = compared(moving, shot.frame)
            costs.append(time.process_time() - began)
            unmoved = still.look(shot.frame)
            if shot.frame.time_s >= WARM_UP_S:
                for tally in (on, every):
                    count(tally, shot, seen.regions, whole=seen.blind is not None)
                count(off, shot, unmoved.regions, whole=unmoved.unsettled)
        cost_ms = np.median(costs) * 1e3
        print(f"\n{pan_px:g} px a frame: {on}, {cost_ms:.1f} ms of a core; without ego-motion: {off}", end="")
    print(f"\nall: {every}")
    assert len(every.flagged) > 150
    assert np.mean(every.flagged) >= least
    assert np.mean(every.area) <= 0.2
    assert every.false / every.seconds <= (1.0 if not speed else 2.0)


def test_without_texture_or_after_a_jump_it_says_that_it_is_blind() -> None:
    flat = from_bgr(np.full((540, 960, 3), 90, np.uint8))
    moving = MovingPrefilter()
    assert compared(moving, flat).blind == "the first picture"
    assert compared(moving, flat).blind == "too little texture"
    ground = yard()
    here, there = (
        from_bgr(ground.render(Camera(n, e, 30, 0, -60, width=960, height=540))) for n, e in ((0, 0), (40, 30))
    )
    moving = MovingPrefilter()
    compared(moving, here)
    assert compared(moving, there).blind in (
        "the picture turned too fast",
        "no motion of the camera explains the picture",
    )
    assert compared(moving, there).blind is None, "it begins anew with that"
    assert not len(compared(moving, there).regions)


@pytest.mark.parametrize(("turn", "push"), [(2.0, 0.0), (0.0, 3.0), (1.0, -2.0)])
def test_the_motion_is_the_true_one(turn: float, push: float) -> None:
    ground = yard()
    first = Camera(0.0, 0.0, 45.0, 20.0, -45.0, width=960, height=540)
    second = Camera(push, 0.0, 45.0, 20.0 + turn, -45.0, width=960, height=540)
    motion = EgoMotion()
    motion.begin(small(from_bgr(ground.render(first)).y))
    found = motion.follow(small(from_bgr(ground.render(second)).y))
    assert found is not None
    spots = np.array([[20.0, 10.0, 0.0], [40.0, 25.0, 0.0], [55.0, 5.0, 0.0]])
    before, after = (camera.project(spots) / 3 for camera in (first, second))  # 960 columns to 320
    there = cv2.perspectiveTransform(before[None].astype(np.float32), found.homography)[0]
    assert np.abs(there - after).max() < 0.7


def test_the_size_may_change_and_pictures_may_be_odd() -> None:
    moving = MovingPrefilter()
    for size in ((540, 960), (541, 961), (176, 144), (2160, 3840)):
        assert compared(moving, from_bgr(np.zeros((*size, 3), np.uint8))).blind is not None
