"""Things that stood in an exit before the agent was started: only the model that ships can know them.

The bicycle is cut out of a picture of ppe/val; a part of that picture is in a mosaic that the model was trained on.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.polygon import Polygon
from calibration.zones import Zone
from pipelines.detect import Detector
from pipelines.detect.card import parse_card
from pipelines.frame import from_bgr
from pipelines.hazards import Hazard
from pipelines.prefilter import Prefilter
from pipelines.rules.blocked_exit import BlockedExit, BlockedExitSettings
from pipelines.scene import Scene
from pipelines.track import Tracker, TrackSettings
from tests.pipelines.rules.cutouts import Alpha, Picture, cut_out
from tests.pipelines.rules.scenery import FULL, put, read

FLOOR = Polygon.of([[0.05, 0.66], [0.42, 0.66], [0.42, 0.96], [0.02, 0.96]])
FOOT = (0.24, 0.93)
DWELL_S = 6.0


def alarms(shared: Path, root: Path, thing: tuple[Picture, Alpha] | None, share: float = 1.0) -> list[Hazard]:
    """Half a minute of an empty room, one look a second, with a thing in it from the first look on."""
    folder = root / "models/people-vehicles"
    card = parse_card((folder / "card.yaml").read_text(), "card.yaml")
    detector = Detector(card, (folder / "model.onnx").read_bytes())
    tracker = Tracker(TrackSettings(card.meanings, tuple(card.thresholds.tolist())))
    settings = BlockedExitSettings(zone="exit", dwell_s=DWELL_S, person_dwell_s=60, reference_s=3)
    rule, prefilter = BlockedExit(settings, Zone("exit", FLOOR)), Prefilter()
    empty = [picture for _, picture in read(shared / "data/clips/room_visitors.mp4", per_s=5, until_s=1.0)]
    raised: list[Hazard] = []
    for second in range(30):
        picture = empty[second % len(empty)]
        frame = from_bgr(picture if thing is None else put(picture, thing, FOOT, FLOOR, share), time_s=float(second))
        size = np.array([frame.width, frame.height] * 2, np.float32)
        seen = tracker.update(detector.detect(frame, FULL), float(second), FULL * size)
        raised += rule.judge(Scene(frame, prefilter.look(frame), seen, card.meanings, card.thresholds, FULL))
    return raised


def test_a_bicycle_is_found_though_the_zone_was_never_seen_clear(shared: Path, root: Path) -> None:
    picture = cv2.imread(str(shared / "data/ppe/images/val/da1a7da7a2.jpg"))  # a boy on one; he may stay for longer
    assert picture is not None
    raised = alarms(shared, root, cut_out(np.asarray(picture, np.uint8), (0.02, 0.03, 0.99, 0.98)))
    assert raised
    assert raised[0].first_seen_s <= 2
    assert raised[0].box == pytest.approx((0.07, 0.58, 0.41, 0.93), abs=0.08)  # its wheels and handlebars, by eye


def test_the_empty_room_raises_nothing(shared: Path, root: Path) -> None:
    assert not alarms(shared, root, None)
