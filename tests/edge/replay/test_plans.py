"""What a replay watches for: told by rules alone, or by one source of a site."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Any

import pytest

from calibration.errors import ConfigError
from edge.model_store import ModelStore
from edge.replay import plans_from_rules, plans_from_site
from edge.replay.plans import usual_rules
from pipelines.rules.base import Hours
from pipelines.watch import WatchPlan
from tests.edge.config.builders import source, write
from tests.edge.pose_model import pose_model


def lanes(plan: WatchPlan) -> dict[str, list[str]]:
    """The rules of each model."""
    return {lane.detector.card.name: [rule.title for rule in lane.rules] for lane in plan.lanes}


def test_rules_alone_are_served_by_the_model_that_sees_what_they_need(store: ModelStore) -> None:
    plan = plans_from_rules(["fire", "no_hard_hat", "smoke", "no_vest"], store)
    assert lanes(plan.watch) == {"fire-smoke": ["fire", "smoke"], "ppe": ["no_hard_hat", "no_vest"]}
    assert plan.source is None
    assert not plan.watch.zones


def test_who_is_down_is_watched_for_where_a_model_sees_poses(root: Path, tmp_path: Path) -> None:
    (tmp_path / "fire-smoke").symlink_to(root / "models" / "fire-smoke")
    store = ModelStore([tmp_path])
    assert usual_rules(store) == ("fire", "smoke")
    pose = pose_model(tmp_path / "poses")
    assert usual_rules(store) == ("fire", "smoke", "person_down")
    plan = plans_from_rules(usual_rules(store), store)
    assert lanes(plan.watch) == {"fire-smoke": ["fire", "smoke"], "poses": ["person_down"]}
    (pose / "model.onnx").write_bytes(b"tampered")
    with pytest.raises(ConfigError, match=r"--rules person_down: needs pose, found .*poses can not be used: .*sha256"):
        plans_from_rules(usual_rules(store), store)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["fire", "dragon"], "--rules dragon: there is no such rule, allowed: fire, smoke, restricted_zone"),
        (["restricted_zone"], "--rules restricted_zone: needs a zone; give a site file that has one with --site"),
    ],
)
def test_rules_that_can_not_stand_alone(names: list[str], message: str, store: ModelStore) -> None:
    with pytest.raises(ConfigError, match=message):
        plans_from_rules(names, store)


def test_a_rule_that_no_model_serves(root: Path, tmp_path: Path) -> None:
    (tmp_path / "ppe").symlink_to(root / "models" / "ppe")
    with pytest.raises(ConfigError, match=r"--rules smoke: needs smoke, found ppe sees .*person"):
        plans_from_rules(["smoke"], ModelStore([tmp_path]))
    with pytest.raises(ConfigError, match="--rules fire: needs fire, found no model"):
        plans_from_rules(["fire"], ModelStore([tmp_path / "empty"]))


def site(folder: Path, *sources: dict[str, Any]) -> Path:
    """A site with the models that ship."""
    content = {
        "site": {"name": "plant"},
        "broker": {"host": "127.0.0.1"},
        "models": [{"name": "fire-smoke"}, {"name": "ppe"}],
        "sources": list(sources),
    }
    return write(folder, content)


HALL = source(url="hall.mp4")
GATE = source(
    name="gate",
    url="gate.mp4",
    hours={"start": "08:00", "end": "09:00"},
    rules=[
        {"rule": "smoke", "hours": {"start": "22:00", "end": "06:00"}},
        {"rule": "restricted_zone", "zone": "yard", "meanings": ["vehicle"]},
        {"rule": "restricted_zone", "zone": "yard", "name": "people"},
    ],
)


def test_a_source_of_a_site(store: ModelStore, tmp_path: Path) -> None:
    plan = plans_from_site(site(tmp_path, HALL, GATE), "gate", None, store)
    assert plan.source is not None
    assert plan.source.name == plan.watch.source == "gate"
    assert lanes(plan.watch) == {"fire-smoke": ["smoke"], "ppe": ["restricted_zone:yard", "people"]}
    assert list(plan.watch.zones) == ["yard"]
    # A clip that was taken at night is judged at noon too; a rule that works only at night still does.
    assert plan.watch.hours is None
    assert plan.watch.lanes[0].rules[0].hours == Hours(start=time(22), end=time(6))


def test_the_only_source_needs_no_name(store: ModelStore, tmp_path: Path) -> None:
    assert plans_from_site(site(tmp_path, HALL), None, None, store).watch.source == "hall"


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        # By kind, all of that kind; only the models that are still of use are loaded.
        (["restricted_zone"], {"ppe": ["restricted_zone:yard", "people"]}),
        (["people"], {"ppe": ["people"]}),
        (["smoke", "people"], {"fire-smoke": ["smoke"], "ppe": ["people"]}),
    ],
)
def test_only_some_of_its_rules(
    rules: list[str], kept: dict[str, list[str]], store: ModelStore, tmp_path: Path
) -> None:
    assert lanes(plans_from_site(site(tmp_path, HALL, GATE), "gate", rules, store).watch) == kept


@pytest.mark.parametrize(
    ("name", "rules", "message"),
    [
        (None, None, "--source is missing, allowed: hall, gate"),
        ("roof", None, "--source roof: there is no such source, allowed: hall, gate"),
        ("hall", ["smoke", "fire"], "--rules smoke: source hall has fire, restricted_zone, restricted_zone:yard"),
    ],
)
def test_what_the_site_does_not_have(
    name: str | None, rules: list[str] | None, message: str, store: ModelStore, tmp_path: Path
) -> None:
    path = site(tmp_path, HALL, GATE)
    with pytest.raises(ConfigError, match=message) as caught:
        plans_from_site(path, name, rules, store)
    assert str(path) in str(caught.value)
