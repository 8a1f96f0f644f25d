"""Rendered rounds of twelve waypoints, walked twice with errors of the pose and in other light; three things change.

The settings of `pipelines/changes.py` were looked at on seeds 1 to 7 of these rooms, and not on those below.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from edge.patrol.rounds import Finding, walk, waypoints
from tests.conftest import LONG
from tests.edge.patrol.rooms import Waypoint, crate, round_of, stop, textures, without

SEEDS = (8, 9, 10, 11, 12, 13)
OFF_M, TURN_DEG = 0.25, 2.0
"""Each walk: the two stops of a waypoint are up to half a metre and 4° apart."""


def take(folder: Path, waypoint: Waypoint, rng: np.random.Generator) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    seen = waypoint.see(stop(rng, OFF_M, TURN_DEG), rng, rng.uniform(0.8, 1.2))
    assert cv2.imwrite(str(folder / f"{waypoint.name}.jpg"), seen, [cv2.IMWRITE_JPEG_QUALITY, 92])


@LONG
def test_all_that_changed_is_reported_and_nothing_else(tmp_path: Path) -> None:
    same, false = 0, []
    for seed in SEEDS:
        rng, rooms, folder = np.random.default_rng(seed), round_of(12, seed), tmp_path / str(seed)
        new = textures(60)[50]
        changed = {
            2: replace(rooms[2], things=(*rooms[2].things, crate(new))),
            6: replace(rooms[6], things=without(rooms[6].things, 1)),
            9: replace(rooms[9], things=(*rooms[9].things, crate(new, 6.5, -1.2, 1.1))),
        }
        for number, room in enumerate(rooms):
            take(folder / "before", room, rng)
            take(folder / "after", changed.get(number, room), rng)
        told = [stop.finding for stop in walk(waypoints(folder / "before"), waypoints(folder / "after"))]
        assert {number: told[number] for number in changed} == dict.fromkeys(changed, Finding.CHANGED)
        same += len(rooms) - len(changed)
        false += [(seed, n) for n, finding in enumerate(told) if n not in changed and finding is not Finding.SAME]
    print(f"\n{len(SEEDS)} rounds: all {3 * len(SEEDS)} changes found, {len(false)} of {same} others named: {false}")
    assert not false
