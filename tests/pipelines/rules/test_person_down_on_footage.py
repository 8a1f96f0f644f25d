"""People on real pictures and clips: who stands, sits, bends or kneels before a camera that trembles is no alarm, who
is turned on the side is.

`LOOKOUT_PICTURES=300 pytest -s` on this file prints the figures that stand in docs/hazards.md; `LOOKOUT_VARIANTS=all`
runs the fall in every variant. `LOOKOUT_MODELS` names another folder of models to try.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable
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
from pipelines.frame import Frame
from pipelines.lane import LanePlan
from pipelines.rules.person_down import PersonDownSettings
from pipelines.rules.posture import Postures
from pipelines.schedule import Rate
from pipelines.watch import Watch, WatchPlan
from tests.pipelines.rules.test_disturbed_clips import VARIANTS, disturbed
from tests.pipelines.rules.test_trembling_pictures import trembling

PICTURES = int(os.environ.get("LOOKOUT_PICTURES", "8"))
FEW = ("as it is", "mirrored")
TURNED_PX = 320


@pytest.fixture(scope="module")
def detector(root: Path) -> Detector:
    models = Path(os.environ.get("LOOKOUT_MODELS", root / "models"))
    if not (models / "people-pose" / "card.yaml").is_file():
        pytest.skip(f"needs the model people-pose in {models.name}/")
    model = ModelStore([models]).load("people-pose")
    return Detector(model.card, model.weights)


def alarms(detector: Detector, frames: Iterable[Frame]) -> list[float]:
    """Media times at which a watch opens `person_down`."""
    ids = count()
    watch = Watch(WatchPlan("held", (LanePlan(detector, (PersonDownSettings(),)),)), lambda: str(next(ids)))
    opened = []
    for frame in frames:
        activity = watch.look(frame)
        if watch.want(frame, activity) is not None:
            events = watch.inspect(frame, activity).events
            opened += [event.time_s for event in events if event.phase is Phase.OPEN]
    return opened


def clip(shared: Path, name: str, variant: str = "as it is") -> Iterable[Frame]:
    rate = Rate(5)
    for frame in open_source(
        "clip", str(shared / "data" / "clips" / f"{name}.mp4"), clock=AgentClock(), pace=Pace.FAST
    ).frames():
        if rate.due(frame.time_s) and not (variant == "1.4 s later" and frame.time_s < 1.4):
            yield disturbed(frame, variant)


@pytest.mark.parametrize("variant", VARIANTS if os.environ.get("LOOKOUT_VARIANTS") == "all" else FEW)
def test_the_fall(shared: Path, detector: Detector, variant: str) -> None:
    opened = alarms(detector, clip(shared, "warehouse_fall", variant))
    print(f"\nwarehouse_fall, {variant}: {', '.join(f'{at:.1f} s' for at in opened) or 'nothing'}")
    assert len(opened) == 1
    assert 3.7 <= opened[0] <= 7.5


@pytest.mark.parametrize("name", ["worker_zone", "fuel_pump"])
def test_nobody_falls(shared: Path, detector: Detector, name: str) -> None:
    assert alarms(detector, clip(shared, name)) == []


@pytest.mark.parametrize("pattern", ["ppe/images/*/*", "fire-smoke/images/train/normal_*"])
def test_who_is_on_a_trembling_picture_is_not_down(shared: Path, detector: Detector, pattern: str) -> None:
    pictures = sorted((shared / "data").glob(pattern))
    chosen = random.Random(7).sample(pictures, min(PICTURES, len(pictures)))
    alarmed = [p.name for p in chosen if alarms(detector, trembling(picture_of(p), np.random.default_rng(0)))]
    print(f"\n{pattern}: {len(chosen)} pictures, false alarms on {len(alarmed)}: {', '.join(alarmed) or 'none'}")
    assert len(alarmed) <= max(1, 0.03 * len(chosen))


def test_the_same_people_turned_are_down(shared: Path, detector: Detector) -> None:
    rng, result = random.Random(7), Counter[str]()
    for path in rng.sample(sorted((shared / "data").glob("ppe/images/*/*")), 899)[: PICTURES * 3]:
        picture = picture_of(path)
        for xyxy in upright(detector, picture):
            deg = rng.choice([-1, 1]) * rng.uniform(60, 120)
            film = trembling(turned(picture, xyxy, deg), np.random.default_rng(0))
            result["people"] += 1
            result["alarms"] += bool(alarms(detector, film))
    print(f"\nturned by 60 to 120 degrees: {dict(result)}")
    assert result["people"]


def picture_of(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path))
    assert picture is not None
    return picture


def upright(detector: Detector, picture: np.ndarray) -> list[np.ndarray]:
    """Boxes of people who can be judged and whose torso is upright, `(4,)` px."""
    frame = next(iter(trembling(picture, np.random.default_rng(0))))
    found = detector.detect(frame)
    found = found.pick(found.confidence >= 0.5)
    shape = Postures.measure(found.xyxy, found.keypoints, detector.card.keypoints)
    large = (found.xyxy[:, 2:] - found.xyxy[:, :2]).max(axis=1, initial=0) >= 0.25 * frame.width
    legs = ~np.isnan(np.fmin(shape.thigh_deg, shape.leg_deg))
    scale = picture.shape[1] / frame.width
    return list(found.xyxy[large & legs & (shape.torso_deg <= 25)] * scale)


def turned(picture: np.ndarray, xyxy: np.ndarray, deg: float) -> np.ndarray:
    """The surroundings of a box, turned about its middle."""
    centre, side = (xyxy[:2] + xyxy[2:]) / 2, 2.0 * float((xyxy[2:] - xyxy[:2]).max())
    turn = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), deg, TURNED_PX / side)
    turn[:, 2] += TURNED_PX / 2 - centre
    return cv2.warpAffine(picture, turn, (TURNED_PX, TURNED_PX), borderMode=cv2.BORDER_REFLECT)
