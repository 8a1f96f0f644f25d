"""The three rules on a real clip with the model that ships: visitors come into a room one at a time.

By eye: empty until 7 s, a visitor from 8 to 21 s, empty, another from 25 to 43 s, empty again until 52 s.
"""

from __future__ import annotations

from pathlib import Path

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
from pipelines.rules.restricted_zone import RestrictedZone, RestrictedZoneSettings
from pipelines.rules.unattended_post import UnattendedPost, UnattendedPostSettings
from pipelines.scene import Scene
from pipelines.track import Tracker, TrackSettings
from tests.pipelines.rules.scenery import FULL, read

FLOOR = Zone("floor", Polygon.of([[0.42, 0.60], [0.85, 0.60], [0.95, 0.98], [0.35, 0.98]]))
TABLE = Zone("table", Polygon.of([[0.45, 0.15], [0.75, 0.15], [0.75, 0.95], [0.45, 0.95]]))

Spell = tuple[float, float, Hazard]


@pytest.fixture(scope="module")
def spells(shared: Path, root: Path) -> dict[str, list[Spell]]:
    """When each rule began and ceased to report, with the first hazard."""
    folder = root / "models/people-vehicles"
    if not (folder / "model.onnx").is_file():
        pytest.skip("needs models/people-vehicles")
    card = parse_card((folder / "card.yaml").read_text(), "card.yaml")
    detector = Detector(card, (folder / "model.onnx").read_bytes())
    tracker = Tracker(TrackSettings(card.meanings, tuple(card.thresholds.tolist())))
    prefilter = Prefilter()
    rules = {
        "restricted_zone": RestrictedZone(RestrictedZoneSettings(zone="floor", clear_after_s=2), FLOOR),
        "unattended_post": UnattendedPost(UnattendedPostSettings(zone="table", absent_s=4, clear_after_s=2), TABLE),
        "blocked_exit": BlockedExit(
            BlockedExitSettings(zone="floor", dwell_s=5, person_dwell_s=11, reference_s=3, clear_after_s=2), FLOOR
        ),
    }
    found: dict[str, list[Spell]] = {name: [] for name in rules}
    for time_s, picture in read(shared / "data/clips/room_visitors.mp4", per_s=1, until_s=50):
        frame = from_bgr(picture, time_s=time_s)
        seen = tracker.update(detector.detect(frame, FULL), time_s, FULL * np.array([768, 432] * 2, np.float32))
        scene = Scene(frame, prefilter.look(frame), seen, card.meanings, card.thresholds, FULL)
        for name, rule in rules.items():
            hazards = rule.judge(scene)
            if hazards and (not found[name] or found[name][-1][1] < time_s - 1.5):
                found[name].append((time_s, time_s, hazards[0]))
            elif hazards:
                found[name][-1] = (found[name][-1][0], time_s, found[name][-1][2])
    return found


def test_each_visitor_is_in_the_restricted_zone(spells: dict[str, list[Spell]]) -> None:
    first, second = spells["restricted_zone"]
    assert 8 <= first[0] <= 10
    assert 21 <= first[1] <= 25
    assert 25 <= second[0] <= 28
    assert first[2].first_seen_s <= first[0] - 1
    assert first[2].zone == "floor"


def test_the_post_is_unattended_before_and_after_the_visits(spells: dict[str, list[Spell]]) -> None:
    before, *_, after = spells["unattended_post"]
    assert before[0] == pytest.approx(4, abs=1)
    assert 8 <= before[1] <= 11  # somebody came
    assert 46 <= after[0] <= 49  # and everybody left at 43 s
    assert not any(12 <= begin <= 24 for begin, _, _ in spells["unattended_post"])


def test_a_visitor_blocks_the_exit_only_by_standing_there_for_long(spells: dict[str, list[Spell]]) -> None:
    # The first stays for less time than a person may, and moves; the second stands still for 18 s.
    (spell,) = spells["blocked_exit"]
    assert 36 <= spell[0] <= 41
    assert spell[1] <= 47
