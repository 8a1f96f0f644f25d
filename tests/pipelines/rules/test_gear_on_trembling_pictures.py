"""People on pictures of building sites, held before a camera that trembles: who goes without, and who does not.

The pictures are the held-out ones of the shared `ppe` set, and so are the labels that say what is worn.
`LOOKOUT_PICTURES=99 pytest -s` on this file prints the figures that stand in docs/hazards.md.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.boxes import iou
from edge.model_store import ModelStore
from pipelines.detect import Detector
from pipelines.events import Event, Phase
from pipelines.hazards import HazardKind
from pipelines.lane import LanePlan
from pipelines.rules.no_hard_hat import NoHardHatSettings
from pipelines.rules.no_vest import NoVestSettings
from pipelines.rules.worn import HEAD, TORSO, BodyPart, owners
from pipelines.watch import Watch, WatchPlan
from tests.pipelines.rules.test_trembling_pictures import trembling

PICTURES = int(os.environ.get("LOOKOUT_PICTURES", "3"))
CLASSES = ("hard_hat", "mask", "no_hard_hat", "no_mask", "no_vest", "person", "cone", "vest", "machinery", "vehicle")

# The trembling shows a little less than the picture: whoever is this near to its edge is half out of some frames.
EDGE = 0.045
# Parts that are smaller, in the 416 pixels of the picture, are nowhere near large enough to judge.
LEAST = {HEAD: 14 / 416, TORSO: 28 / 416}
KINDS = {HazardKind.NO_HARD_HAT: HEAD, HazardKind.NO_VEST: TORSO}


@dataclass(frozen=True)
class Labelled:
    """One person of whom a label says whether it is worn."""

    box: NDArray[np.float32]
    part: BodyPart
    worn: bool


def labelled(path: Path) -> list[Labelled]:
    """The people of one picture who can be judged: whole, large enough, and with one head or torso of their own."""
    rows = np.array([line.split()[:5] for line in path.read_text().splitlines()], np.float32).reshape(-1, 5)
    boxes = np.concatenate([rows[:, 1:3] - rows[:, 3:5] / 2, rows[:, 1:3] + rows[:, 3:5] / 2], axis=1)
    names = np.array([CLASSES[int(row[0])] for row in rows], np.str_)
    people = boxes[names == "person"]
    found = []
    for part, least in LEAST.items():
        which = (names == part.worn) | (names == part.missing)
        owner = owners(part, boxes[which], people)
        for i, person in enumerate(people):
            (mine,) = np.nonzero(owner == i)
            if len(mine) != 1:
                continue
            x1, y1, x2, y2 = box = boxes[which][mine[0]]
            inside = person[0] > EDGE and person[1] > EDGE and person[2] < 1 - EDGE and box[3] < 1 - EDGE
            if inside and np.sqrt((x2 - x1) * (y2 - y1)) >= least:
                found.append(Labelled(person, part, names[which][mine[0]] == part.worn))
    return found


@pytest.fixture(scope="module")
def detector(root: Path) -> Detector:
    model = ModelStore([root / "models"]).load("ppe")
    return Detector(model.card, model.weights)


def alarms(detector: Detector, picture: Path) -> list[Event]:
    """What a watch opens on it."""
    ids = count()
    rules = (NoHardHatSettings(), NoVestSettings())
    watch = Watch(WatchPlan("held", (LanePlan(detector, rules),)), lambda: str(next(ids)))
    image = cv2.imread(str(picture))
    assert image is not None
    opened: list[Event] = []
    for frame in trembling(image, np.random.default_rng(0)):
        activity = watch.look(frame)
        if watch.want(frame, activity) is not None:
            opened += [e for e in watch.inspect(frame, activity).events if e.phase is Phase.OPEN]
    return opened


def alarmed(person: Labelled, events: list[Event]) -> bool:
    """Was an alarm of the right kind raised for this person?"""
    boxes = [e.box for e in events if KINDS[e.kind] is person.part]
    return bool((iou(person.box[None], np.array(boxes, np.float32).reshape(-1, 4)) >= 0.4).any())


def test_who_goes_without(shared: Path, detector: Detector) -> None:
    folder = shared / "data" / "ppe"
    truth = {path.stem: labelled(path) for path in sorted((folder / "labels" / "val").glob("*.txt"))}
    stems = [stem for stem, people in truth.items() if people]
    chosen = random.Random(3).sample(stems, min(PICTURES, len(stems)))
    told: Counter[tuple[str, bool]] = Counter()
    judged: Counter[tuple[str, bool]] = Counter()
    for stem in chosen:
        (picture,) = (folder / "images" / "val").glob(f"{stem}.*")
        events = alarms(detector, picture)
        for person in truth[stem]:
            judged[person.part.worn, person.worn] += 1
            told[person.part.worn, person.worn] += alarmed(person, events)
    print(f"\n{len(chosen)} pictures")
    for (what, worn), people in sorted(judged.items()):
        print(f"{what} {'worn' if worn else 'missing'}: alarm for {told[what, worn]} of {people} people")
    for part in LEAST:
        assert told[part.worn, True] <= max(1, 0.03 * judged[part.worn, True])
    missing = [key for key in judged if not key[1]]
    assert sum(told[key] for key in missing) >= 0.25 * sum(judged[key] for key in missing)
