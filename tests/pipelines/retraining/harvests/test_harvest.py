"""What verdicts say of pictures, and what they do not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from calibration.errors import DatasetError
from pipelines.harvest import Claim, KeptPicture, Proposal, Verdict, Why
from pipelines.retraining.data.dataset import load_dataset, save_dataset
from pipelines.retraining.data.formats.label_studio import read as read_label_studio
from pipelines.retraining.harvests.harvest import Marked, as_labels, proposed, read_harvest, settled
from pipelines.retraining.harvests.harvested import Made, Wanted, make_dataset, remove
from tests.pipelines.harvest.builders import CLASSES, LEFT, RIGHT, a_claim, a_kept, a_proposal

FALSE, TRUE = Verdict.FALSE_ALARM, Verdict.TRUE_ALARM
BOTH: dict[str, Any] = {"models": CLASSES, "versions": {"fire-smoke": "1", "ppe": "2"}}
FIRE_L, FIRE_R, SMOKE_R = a_proposal(), a_proposal(box=RIGHT), a_proposal("smoke", box=RIGHT)
PERSON_R = a_proposal("person", box=RIGHT)


@pytest.mark.parametrize(
    ("claims", "proposals", "verdicts", "expected"),
    [
        pytest.param([], [FIRE_L], {}, None, id="uncertain: no incident"),
        pytest.param([a_claim()], [FIRE_L], {}, None, id="not judged yet"),
        pytest.param([a_claim()], [FIRE_L], {"i1": FALSE}, (), id="false alarm"),
        pytest.param([a_claim()], [FIRE_L], {"i1": TRUE}, (("fire", LEFT),), id="true alarm"),
        pytest.param(
            [a_claim()], [FIRE_L, FIRE_R], {"i1": TRUE}, (("fire", LEFT), ("fire", RIGHT)), id="true, and another fire"
        ),
        pytest.param([a_claim()], [SMOKE_R], {"i1": TRUE}, (("smoke", RIGHT), ("fire", LEFT)), id="the incident's box"),
        pytest.param(
            [a_claim()], [a_proposal(score=0.2)], {"i1": TRUE}, (("fire", LEFT),), id="its detection did not count"
        ),
        pytest.param([a_claim(), a_claim("i2", "smoke", box=RIGHT)], [], {"i1": FALSE}, None, id="one of two judged"),
        pytest.param(
            [a_claim(), a_claim("i2", box=RIGHT)], [FIRE_L, FIRE_R], {"i1": FALSE, "i2": TRUE}, (("fire", RIGHT),),
            id="a false and a true one",
        ),
        pytest.param([a_claim()], [FIRE_L, SMOKE_R], {"i1": FALSE}, (), id="false, and smoke without an incident"),
        # Somebody may have been allowed to be there.
        pytest.param([a_claim(kind="restricted_zone")], [], {"i1": FALSE}, None, id="false alarm of a zone"),
    ],
)  # fmt: skip
def test_what_verdicts_settle(
    claims: list[Claim], proposals: list[Proposal], verdicts: dict[str, Verdict], expected: tuple[Marked, ...] | None
) -> None:
    notes = a_kept(claims=claims, proposals=proposals)
    model = claims[0].model if claims else "fire-smoke"
    assert settled(notes, verdicts, model) == expected


@pytest.mark.parametrize(
    ("proposals", "expected"),
    [
        pytest.param([a_proposal("person")], (), id="nobody else"),
        pytest.param([a_proposal("person"), PERSON_R], None, id="somebody else, of whom nothing was said"),
    ],
)
def test_a_zones_verdict_is_trusted_if_asked(proposals: list[Proposal], expected: tuple[Marked, ...] | None) -> None:
    notes = a_kept(claims=[a_claim(kind="restricted_zone")], proposals=proposals, **BOTH)
    assert settled(notes, {"i1": FALSE}, "ppe", {"restricted_zone"}) == expected


def test_a_zones_true_alarm_proposes_whoever_is_there() -> None:
    notes = a_kept(claims=[a_claim(kind="restricted_zone")], proposals=[a_proposal("person"), PERSON_R], **BOTH)
    assert settled(notes, {"i1": TRUE}, "ppe", {"restricted_zone"}) == (("person", LEFT), ("person", RIGHT))


def test_one_models_verdict_says_nothing_of_the_others_classes() -> None:
    notes = a_kept(claims=[a_claim()], proposals=[FIRE_L, PERSON_R], **BOTH)
    assert settled(notes, {"i1": FALSE}, "fire-smoke") == ()
    assert settled(notes, {"i1": FALSE}, "ppe") is None


def test_what_a_person_is_shown() -> None:
    weak, faint = a_proposal(score=0.13, box=RIGHT), a_proposal(score=0.11, box=RIGHT)
    notes = a_kept(claims=[a_claim()], proposals=[FIRE_L, weak, faint, PERSON_R], **BOTH)
    assert proposed(notes, {}, "fire-smoke") == (FIRE_L, weak)
    assert proposed(notes, {"i1": FALSE}, "fire-smoke") == (weak,)


def test_boxes_in_pixels() -> None:
    labels = as_labels([("smoke", (0.5, 0.5, 1.0, 1.0)), ("fire", (0.2, 0.2, 0.2, 0.9))], ("fire", "smoke"), 320, 180)
    assert labels.xyxy.tolist() == [[160, 90, 320, 180]]  # a box without width is none
    assert labels.class_id.tolist() == [1]
    assert as_labels([], ("fire",), 320, 180).xyxy.shape == (0, 4)


class Folder:
    """An agent's data folder, filled by hand."""

    def __init__(self, data: Path) -> None:
        self.data = data
        (data / "harvest").mkdir(parents=True)

    def keep(self, key: str, **facts: Any) -> KeptPicture:
        seed = int(hashlib.sha256(key.encode()).hexdigest()[:6], 16)
        picture = np.random.default_rng(seed).integers(0, 255, (180, 320, 3)).astype(np.uint8)
        path = self.data / "harvest" / "2026-01-01" / f"{key}.jpg"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), picture)
        kept = a_kept(key, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), **facts)
        path.with_suffix(".json").write_text(kept.model_dump_json())
        return kept

    def judge(self, incident: str, verdict: str) -> None:
        line = json.dumps({"incident": incident, "verdict": verdict, "time": "2026-11-22T03:04:05Z"})
        with (self.data / "verdicts.jsonl").open("a") as file:
            file.write(line + "\n")

    def make(self, out: Path, **more: Any) -> Made:
        return make_dataset(read_harvest(self.data), Wanted("yard", out, **more))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A false alarm, a true one, one not judged, and an uncertain frame of the next day."""
    folder = Folder(tmp_path / "data")
    for number, key in enumerate(("false", "true", "open")):
        claims, proposals = [a_claim(key).model_dump()], [FIRE_L.model_dump()]
        at = 1_767_225_600.0 + number
        folder.keep(key, why=Why.INCIDENT, claims=claims, proposals=proposals, captured_s=at, source="gate 大门")
    folder.keep("unsure", proposals=[a_proposal(score=0.2).model_dump()], captured_s=1_767_225_600.0 + 90_000)
    folder.judge("false", "false_alarm")
    folder.judge("true", "true_alarm")
    return folder


def test_a_data_set_of_what_was_judged(folder: Folder, tmp_path: Path) -> None:
    out = tmp_path / "datasets" / "yard"
    made = folder.make(out, licence="own")
    dataset = load_dataset(out)
    assert (dataset.name, dataset.classes, dataset.licence) == ("yard", ("fire", "smoke"), "own")
    false, true = dataset.pictures
    assert (len(false.labels), len(true.labels)) == (0, 1)
    assert true.labels.xyxy.tolist() == [[pytest.approx(v, abs=0.1) for v in (32, 18, 96, 72)]]
    assert {p.group for p in dataset.pictures} == {"gate-大门_2026-01-01"}
    assert true.path.name == "gate-大门_2026-01-01_00001000.jpg"
    assert all(out in p.path.parents for p in dataset.pictures)  # copies: the agent may remove its own
    assert (made.added, made.to_label, made.taken_back) == (2, 2, 0)


def test_unlabelled_pictures_are_tasks_and_become_labels_only_by_a_person(folder: Folder, tmp_path: Path) -> None:
    out = tmp_path / "yard"
    folder.make(out)
    to_label = out / "to-label"
    tasks = json.loads((to_label / "tasks.json").read_text())
    assert [(t["data"]["why"], t["data"]["group"]) for t in tasks] == [
        ("incident", "gate-大门_2026-01-01"), ("uncertain", "gate_2026-01-02"),
    ]  # fmt: skip
    assert [len(t["predictions"][0]["result"]) for t in tasks] == [1, 1]
    assert all("annotations" not in t for t in tasks)

    untouched = read_label_studio(to_label)
    assert untouched.dataset.pictures == ()
    assert {fault.what for fault in untouched.faults} == {"picture without labels"}

    for task, kept in zip(tasks, (True, False), strict=True):  # a person takes the one box and finds the other wrong
        result = task["predictions"][0]["result"] if kept else []
        task["annotations"] = [{"result": result}]
    (to_label / "tasks.json").write_text(json.dumps(tasks))
    labelled = read_label_studio(to_label)
    assert labelled.faults == ()
    assert labelled.dataset.classes == ("fire", "smoke")
    assert [len(p.labels) for p in labelled.dataset.pictures] == [1, 0]
    assert [p.group for p in labelled.dataset.pictures] == [task["data"]["group"] for task in tasks]
    assert labelled.dataset.pictures[0].labels.xyxy[0] == pytest.approx([32, 18, 96, 72], abs=0.1)


def test_a_second_harvest_adds_and_keeps_splits(folder: Folder, tmp_path: Path) -> None:
    out = tmp_path / "yard"
    folder.make(out, licence="own")
    dataset = load_dataset(out)
    split = tuple(replace(picture, split="val") for picture in dataset.pictures)
    save_dataset(replace(dataset, pictures=split), out, out)
    for path in (folder.data / "harvest").rglob("true.*"):  # the agent has made room
        path.unlink()
    folder.judge("open", "false_alarm")
    folder.judge("false", "true_alarm")  # somebody has looked again
    made = folder.make(out)
    dataset = load_dataset(out)
    assert [(len(p.labels), p.split) for p in dataset.pictures] == [(1, "val"), (1, "val"), (0, None)]
    assert dataset.licence == "own"
    assert (made.added, made.to_label) == (1, 1)
    images = {path.name for path in (out / "to-label" / "images").iterdir()}
    assert images == {task["data"]["file"] for task in json.loads((out / "to-label" / "tasks.json").read_text())}
    assert len(images) == 1


def test_what_is_no_longer_settled_leaves(folder: Folder, tmp_path: Path) -> None:
    out = tmp_path / "yard"
    folder.make(out)
    folder.judge("false", "undecided")
    made = folder.make(out)
    assert (made.taken_back, made.to_label, len(load_dataset(out).pictures)) == (1, 3, 1)
    assert len(list((out / "pictures").iterdir())) == 1


def test_footage_without_any_of_it_is_negative_throughout(folder: Folder, tmp_path: Path) -> None:
    made = folder.make(tmp_path / "yard", negative=True)
    assert made.dataset is not None
    assert [len(p.labels) for p in made.dataset.pictures] == [0, 0, 0, 0]
    assert made.to_label == 0


def test_nothing_settled_writes_no_manifest(folder: Folder, tmp_path: Path) -> None:
    (folder.data / "verdicts.jsonl").unlink()
    made = folder.make(tmp_path / "yard")
    assert (made.dataset, made.added, made.to_label) == (None, 0, 4)
    assert not (tmp_path / "yard" / "card.yaml").exists()


def test_two_pictures_of_one_moment_keep_a_name_each(folder: Folder, tmp_path: Path) -> None:
    folder.keep("twin", captured_s=1_767_225_600.0 + 90_000)
    for _ in range(2):  # and none is copied twice
        assert folder.make(tmp_path / "yard").to_label == 3
        assert len(list((tmp_path / "yard" / "to-label" / "images").iterdir())) == 3


def test_what_was_taken_is_removed(folder: Folder, tmp_path: Path) -> None:
    made = folder.make(tmp_path / "yard")
    assert remove(made.taken) == 4
    assert remove(made.taken) == 0
    assert read_harvest(folder.data).kept == ()
    assert len(load_dataset(tmp_path / "yard").pictures) == 2


def test_damage_is_named_and_the_others_are_used(folder: Folder) -> None:
    day = folder.data / "harvest" / "2026-01-01"
    (day / "true.jpg").write_bytes(b"something else")
    (day / "false.json").write_text('{"format": "lookout-harvest-1"')
    (day / "open.jpg").unlink()  # the agent is removing it just now
    verdicts = folder.data / "verdicts.jsonl"
    verdicts.write_text(verdicts.read_text() + '{"incident": "x", "verd')
    found = read_harvest(folder.data)
    assert [kept.notes.id for kept in found.kept] == ["unsure"]
    assert len(found.faults) == 2
    assert any("true.jpg: is not the picture that was kept" in fault for fault in found.faults)
    assert any("false.json" in fault for fault in found.faults)
    assert found.notes == ("verdicts.jsonl line 3: has no end yet, left for the next reading",)


@pytest.mark.parametrize(
    ("models", "wanted", "message"),
    [
        (["fire-smoke", "ppe"], None, r"--model is missing: .* fire-smoke \(1 pictures\), ppe \(1 pictures\)"),
        (["fire-smoke"], "ppe", "--model ppe: no picture is of that model, found fire-smoke"),
        ([], None, "nothing was kept yet"),
    ],
)
def test_which_model(tmp_path: Path, models: list[str], wanted: str | None, message: str) -> None:
    folder = Folder(tmp_path / "data")
    for model in models:
        folder.keep(model, models={model: CLASSES[model]})
    with pytest.raises(DatasetError, match=message):
        folder.make(tmp_path / "yard", model=wanted)


def test_no_data_folder(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has no folder harvest/"):
        read_harvest(tmp_path)
