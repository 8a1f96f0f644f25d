"""The same clips mirrored, cut, shrunk, enlarged, darker, brighter, noisier and begun later: a rule that was fitted
to seven clips would not survive that.

`LOOKOUT_VARIANTS=all pytest -s` on this file runs every clip in every variant and prints what opens, as it stands
in docs/hazards.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.clock import AgentClock
from edge.model_store import ModelStore
from edge.sources import Pace, open_source
from pipelines.detect import Detector
from pipelines.events import Phase
from pipelines.frame import Frame, from_bgr
from pipelines.lane import LanePlan
from pipelines.rules.fire import FireSettings
from pipelines.rules.smoke import SmokeSettings
from pipelines.schedule import Rate
from pipelines.watch import Watch, WatchPlan

Picture = np.ndarray
FIRES = {"building_fire": 7.1, "house_fire": 30.0}
QUIET = ("worker_zone", "fuel_pump", "warehouse_fall", "parking_lane", "room_visitors")


def cut(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    return picture[height // 10 : height * 17 // 20, width // 10 : width * 17 // 20]


def surrounded(picture: Picture) -> Picture:
    tall, wide = picture.shape[0] // 3, picture.shape[1] // 3
    return cv2.copyMakeBorder(picture, tall, tall, wide, wide, cv2.BORDER_REFLECT)


def noisy(picture: Picture) -> Picture:
    noise = np.random.default_rng(int(picture[::7, ::7].sum())).normal(0, 8, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


VARIANTS: dict[str, Callable[[Picture], Picture]] = {
    "as it is": lambda picture: picture,
    "mirrored": lambda picture: picture[:, ::-1],
    "cut": cut,
    "0.6 times": lambda picture: cv2.resize(picture, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA),
    "1.7 times": lambda picture: cv2.resize(picture, None, fx=1.7, fy=1.7, interpolation=cv2.INTER_CUBIC),
    "darker": lambda picture: (picture * 0.7).astype(np.uint8),
    "brighter": lambda picture: np.clip(picture * 1.25, 0, 255).astype(np.uint8),
    "noisier": noisy,
    "farther": surrounded,
    "1.4 s later": lambda picture: picture,
}

EVERY = [(clip, variant) for clip in (*FIRES, *QUIET) for variant in VARIANTS]
FEW = [("building_fire", v) for v in ("mirrored", "darker", "farther")] + [
    ("worker_zone", v) for v in ("cut", "brighter", "noisier", "1.4 s later")
]


@pytest.fixture(scope="module")
def detector(root: Path) -> Detector:
    model = ModelStore([root / "models"]).load("fire-smoke")
    return Detector(model.card, model.weights)


def play(detector: Detector, clip: Path, variant: str) -> list[tuple[str, float]]:
    """Kind and media time of what a watch opens."""
    ids, rate = count(), Rate(5)
    watch = Watch(WatchPlan("clip", (LanePlan(detector, (FireSettings(), SmokeSettings())),)), lambda: str(next(ids)))
    opened: list[tuple[str, float]] = []
    for frame in open_source("clip", str(clip), pace=Pace.FAST, clock=AgentClock()).frames():
        late = variant == "1.4 s later" and frame.time_s < 1.4
        if late or not rate.due(frame.time_s):
            continue
        changed = disturbed(frame, variant)
        activity = watch.look(changed)
        if watch.want(changed, activity) is not None:
            events = watch.inspect(changed, activity).events
            opened += [(str(event.kind), event.time_s) for event in events if event.phase is Phase.OPEN]
    return opened


def disturbed(frame: Frame, variant: str) -> Frame:
    picture = np.ascontiguousarray(VARIANTS[variant](frame.bgr()))
    return from_bgr(picture, sequence=frame.sequence, captured_s=frame.captured_s, time_s=frame.time_s)


@pytest.mark.parametrize(("clip", "variant"), EVERY if os.environ.get("LOOKOUT_VARIANTS") == "all" else FEW)
def test_a_disturbed_clip(shared: Path, detector: Detector, clip: str, variant: str) -> None:
    opened = play(detector, shared / "data" / "clips" / f"{clip}.mp4", variant)
    print(f"\n{clip}, {variant}: {', '.join(f'{kind} at {at:.1f} s' for kind, at in opened) or 'nothing'}")
    if clip in FIRES:
        assert any(kind == "fire" and at <= FIRES[clip] for kind, at in opened)
        assert all([kind for kind, _ in opened].count(each) <= 2 for each in ("fire", "smoke"))
    else:
        assert opened == []
