"""What the agent's statuses say of a run."""

from __future__ import annotations

from typing import Any

import pytest

from edge.bench.agent import Watched
from edge.bench.bench import QUICK, WHOLE


def status(ages: dict[str, float], frames: int, drops: int, state: str = "online") -> dict[str, Any]:
    return {
        "sources": [
            {"name": name, "state": state, "frames": frames, "drops": drops, "fault": "no route"} for name in ages
        ],
        "details": {
            "sources": {
                name: {"last_full_look_age_s": age, "tier": "quiet" if age > 1 else "awake"}
                for name, age in ages.items()
            }
        },
    }


def watched(*statuses: dict[str, Any]) -> Watched:
    return Watched(2, 0.3, 400.0, 2.0, statuses, ())


def test_drops_before_it_had_settled_do_not_count() -> None:
    run = watched(status({"a": 2, "b": 3}, 100, 900), status({"a": 11, "b": 0.5}, 190, 910))
    assert run.dropped_share == pytest.approx(20 / 200)
    assert (run.worst_age_s, run.quiet_share) == (11, 0.75)
    assert not run.unwell
    assert set(run.sources) == {"a", "b"}


def test_a_source_that_is_lost_is_told_with_its_fault() -> None:
    assert watched(status({"a": 2}, 100, 0, "lost")).unwell == ["a: lost, no route"]


def test_nothing_told() -> None:
    run = watched()
    assert (run.worst_age_s, run.quiet_share, run.dropped_share, run.unwell) == (None, None, 0.0, [])


def test_a_fraction_is_less_of_everything() -> None:
    for extent in (QUICK, WHOLE):
        less = extent.shorter(0.1)
        assert less.loads[0] < less.loads[1] < extent.loads[1]
        assert (less.settle_s, less.busy_s) < (extent.settle_s, extent.busy_s)
        assert less.most_cameras < extent.most_cameras
        assert (less.quick, less.repeats) == (extent.quick, extent.repeats)
