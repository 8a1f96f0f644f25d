from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from edge.cli import app
from pipelines.retraining.data.dataset import load_dataset, save_dataset
from tests.pipelines.retraining.sample import dataset, picture


@pytest.fixture(scope="module")
def yard(root: Path) -> Path:
    return root / "datasets" / "demo" / "yard.mp4"


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["dataset", "frames", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_pictures_and_a_manifest_whose_group_is_the_clip(yard: Path, tmp_path: Path) -> None:
    code, out, _ = run(yard, "--out", tmp_path / "out", "--classes", "person, car", "--json")
    assert code == 0
    made = load_dataset(tmp_path / "out")
    assert made.classes == ("person", "car")
    assert {each.group for each in made.pictures} == {"yard"}
    assert made.pictures[0].path.name == "yard_0000.00s.jpg"
    # 25 s of people who walk about: 12 a minute are 5 at most, and all of them have something new.
    assert 3 <= len(made.pictures) <= 5
    assert sum(json.loads(out)["clips"]["yard"].values()) == len(made.pictures)
    for each in made.pictures:
        assert cv2.imread(str(each.path)).shape == (each.height, each.width, 3)


def test_again_with_fewer_leaves_no_orphans(yard: Path, tmp_path: Path) -> None:
    assert run(yard, "--out", tmp_path)[0] == 0
    assert run(yard, "--out", tmp_path, "--per-minute", "4")[0] == 0
    assert {path.name for path in tmp_path.glob("*.jpg")} == {
        each.path.name for each in load_dataset(tmp_path).pictures
    }


def test_a_broken_clip_does_not_stop_the_others(yard: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(yard.read_bytes()[:5000])
    code, out, err = run(tmp_path / "broken.mp4", yard, "--out", tmp_path / "out", "--per-minute", "4")
    assert code == 2
    assert "broken" in err
    assert "yard" in out
    assert {each.group for each in load_dataset(tmp_path / "out").pictures} == {"yard"}


def test_labels_are_never_overwritten(yard: Path, tmp_path: Path) -> None:
    save_dataset(dataset(picture(tmp_path, "a.jpg", [(0, 1, 1, 9, 9)])), tmp_path, tmp_path)
    code, _, err = run(yard, "--out", tmp_path)
    assert code == 2
    assert "holds a data set with labels" in err


def test_two_clips_of_one_name(yard: Path, tmp_path: Path) -> None:
    code, _, err = run(yard, yard.with_suffix(".avi"), "--out", tmp_path)
    assert code == 2
    assert "two clips would both be called demo-yard" in err
