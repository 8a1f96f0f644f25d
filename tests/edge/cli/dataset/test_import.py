from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.cli import app
from pipelines.retraining.data.dataset import load_dataset


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A YOLO set of three good pictures, one of them empty, and four faults; the current folder is beside it."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "yard"
    lines = {
        "gate_0001": "0 .5 .5 .5 .5\n1 .2 .2 .1 .1\n",
        "gate_0002": "0 .5 .5 .5\n1 .5 .5 .2 .2\n7 .5 .5 .2 .2\n",  # a number is missing; no class 7
        "pond_0001": "",
        "pond_0002": "0 .9 .5 .5 .5\n",  # sticks out on the right
    }
    for number, (name, text) in enumerate(lines.items()):
        for part in ("images", "labels"):
            (folder / part / "train").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / "images" / "train" / f"{name}.jpg"), np.full((60, 80, 3), number * 40, np.uint8))
        (folder / "labels" / "train" / f"{name}.txt").write_text(text)
    (folder / "images" / "train" / "gone.jpg").write_bytes(b"")
    (folder / "data.yaml").write_text("train: images/train\nnames: [fire, smoke]\n")
    return folder


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["dataset", "import", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_the_manifest_is_written_and_the_faults_are_listed(yard: Path) -> None:
    code, out, _ = run(yard, "--format", "yolo", "--name", "yard", "--licence", "CC0-1.0")
    assert code == 0, out
    dataset = load_dataset(Path("datasets/yard"))
    assert (dataset.licence, dataset.source, dataset.splits) == ("CC0-1.0", "yard", ("train",))
    assert [(p.path.stem, p.group, len(p.labels)) for p in dataset.pictures] == [
        ("gate_0001", "gate", 2),
        ("gate_0002", "gate", 1),
        ("pond_0001", "pond", 0),
        ("pond_0002", "pond", 1),
    ]
    faults = [json.loads(line) for line in Path("datasets/yard/faults.jsonl").read_text().splitlines()]
    assert {(fault["what"], fault["outcome"]) for fault in faults} == {
        ("malformed label", "box left out"),
        ("unknown class", "box left out"),
        ("box outside the picture", "clipped"),
        ("empty picture", "picture left out"),
        ("picture without labels", "taken as a negative"),
    }
    assert all(fault[key] for fault in faults for key in ("picture", "place", "found", "allowed"))
    assert "All 5 are listed in" in out
    assert "4 pictures (1 without a box) in 2 groups." in out


def test_classes_are_mapped_and_dropped(yard: Path) -> None:
    code, out, _ = run(
        yard, "--format", "yolo", "--name", "y", "--out", "made", "--map", "fire=", "--map", "smoke=plume", "--json"
    )
    record = json.loads(out)
    assert code == 0
    assert (record["dropped"], record["boxes"]) == ({"fire": 2}, {"plume": 2})
    assert load_dataset(Path("made")).classes == ("plume",)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--map", "flame=fire"], "map: the source has no class flame; it has fire, smoke"),
        (["--map", "fire"], "--map: found 'fire', allowed is OLD=NEW"),
        (["--group", "(a"], "group: '(a' is no regular expression"),
        (["--pictures", "nowhere"], "nowhere: is not a folder of pictures"),
        (["--classes", "fire,fire"], "classes: found fire, fire, allowed is each name once"),
        (["--name", "../y"], "--name: found '../y', allowed are letters, digits"),
    ],
)
def test_a_wrong_option_is_one_message(yard: Path, arguments: list[str], said: str) -> None:
    code, out, err = run(yard, "--format", "yolo", "--name", "y", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_nothing_usable_is_exit_code_1(yard: Path) -> None:
    for picture in (yard / "images" / "train").glob("*.jpg"):
        picture.write_bytes(picture.read_bytes()[:100])
    code, out, _ = run(yard, "--format", "yolo", "--name", "y")
    assert code == 1
    assert "Nothing can be used" in out
    assert not Path("datasets/y/card.yaml").exists()
    assert len(Path("datasets/y/faults.jsonl").read_text().splitlines()) >= 5


def test_importing_again_keeps_the_splits(yard: Path) -> None:
    for part in ("images", "labels"):  # without splits: straight into images/ and labels/
        for path in (yard / part / "train").iterdir():
            path.rename(yard / part / path.name)
    run(yard, "--format", "yolo", "--name", "y")
    index = Path("datasets/y/index.jsonl")
    index.write_text(index.read_text().replace('"split":null', '"split":"val"', 2))
    (yard / "images" / "pond_0002.jpg").unlink()
    code, _, err = run(yard, "--format", "yolo", "--name", "y")
    assert code == 0
    assert [p.split for p in load_dataset(Path("datasets/y")).pictures] == ["val", "val", None]
    assert "2 pictures keep the split they had" in err
    assert "1 pictures of the data set before are no longer in it" in err
