from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from calibration.skeleton import COCO_KEYPOINTS
from edge.cli import app
from pipelines.retraining.proposals.derive import Derived, Plan, load_plan, save_plan
from tests.pipelines.retraining.proposed import standing


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["dataset", "turn", *arguments])
    return result.exit_code, result.stdout, result.stderr


def save(folder: Path, *pictures: Derived, keypoints: tuple[str, ...] = COCO_KEYPOINTS) -> None:
    plan = Plan(
        name="people", classes=("person",), keypoints=keypoints, licence="CC0-1.0", source="drawn", teacher="none",
        pictures=pictures,
    )  # fmt: skip
    save_plan(plan, folder)


def test_each_split_gets_its_own_and_twice_is_once(tmp_path: Path) -> None:
    save(tmp_path, standing("a"), standing("b", split="hold"), standing("c", split="val"))
    assert run(str(tmp_path), "--count", "8") == (0, f"{tmp_path}: upright pictures: 3, turned: 5\n", "")
    once = load_plan(tmp_path)
    splits = [picture.split for picture in once.pictures if picture.view is not None]
    assert splits == ["train", "train", "train", "hold", "val"]
    assert run(str(tmp_path), "--count", "8")[0] == 0
    assert load_plan(tmp_path) == once
    assert run(str(tmp_path), "--count", "8", "--seed", "2", "--out", str(tmp_path / "other"))[0] == 0
    assert load_plan(tmp_path / "other") != once


def test_a_plan_without_persons_joints(tmp_path: Path) -> None:
    save(tmp_path, keypoints=())
    code, _, err = run(str(tmp_path), "--count", "8")
    assert code == 2
    assert "has 0 keypoints; only the 17 of COCO persons can be turned" in err


def test_the_committed_plan_is_what_the_command_makes(root: Path, tmp_path: Path) -> None:
    folder = root / "datasets" / "people-pose"
    assert run(str(folder), "--count", "900", "--seed", "1", "--out", str(tmp_path))[0] == 0
    for name in ("plan.yaml", "plan.jsonl"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
