from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.cli import app
from pipelines.retraining.data.dataset import load_dataset, save_dataset
from tests.pipelines.retraining import drawn


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A set of twenty pictures in ten clips, below the current folder."""
    monkeypatch.chdir(tmp_path)
    pictures = [
        drawn.picture(tmp_path, f"p{i:02d}", i, [(i % 4 // 2, 10, 10, 50, 40)], f"clip{i // 2}") for i in range(20)
    ]
    save_dataset(drawn.dataset(pictures, "yard"), tmp_path / "datasets" / "yard", tmp_path)
    return tmp_path / "datasets" / "yard"


def _run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["dataset", "split", "yard", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_manifest_says_who_is_where_and_keeps_it(yard: Path) -> None:
    code, out, _ = _run("--share", "train=0.8,val=0.2")
    assert code == 0, out
    dataset = load_dataset(yard)
    assert Counter(picture.split for picture in dataset.pictures) == {"train": 16, "val": 4}
    assert len({(picture.group, picture.split) for picture in dataset.pictures}) == 10
    assert "train: 16 pictures" in out
    index = (yard / "index.jsonl").read_text()
    assert _run("--seed", "5")[0] == 0
    assert (yard / "index.jsonl").read_text() == index
    assert (yard / "card.yaml").read_text().count("root: ../..\n") == 1


def test_a_split_is_dealt_again(yard: Path) -> None:
    _run()
    code, out, _ = _run("--share", "train=0.75,hold=0.25", "--again", "train", "--json")
    assert code == 0, out
    record = json.loads(out)
    assert {split: found["pictures"] for split, found in record["splits"].items()} == {"train": 12, "hold": 4, "val": 4}
    assert record["written"]
    assert load_dataset(yard).splits == ("hold", "train", "val")


def test_leaks_stop_it_until_they_are_withheld(yard: Path, tmp_path: Path) -> None:
    _run()
    dataset = load_dataset(yard)
    leaking = next(picture for picture in dataset.pictures if picture.split == "val")
    mirrored = np.ascontiguousarray(drawn.scene(int(leaking.path.stem[1:]))[:, ::-1])
    copy = drawn.picture(tmp_path, "copy", mirrored, split="train")
    save_dataset(drawn.dataset([*dataset.pictures, copy], "yard"), yard, tmp_path)
    index = (yard / "index.jsonl").read_text()
    code, out, _ = _run()
    assert code == 1
    assert "1 leak between splits: 1 × near-duplicates" in out
    assert "Nothing was written." in out
    assert (yard / "index.jsonl").read_text() == index
    code, out, _ = _run("--withhold")
    assert code == 0
    assert "1 pictures withheld now" in out
    assert {picture.path.stem: picture.split for picture in load_dataset(yard).pictures}["copy"] == "withheld"
    assert CliRunner().invoke(app, ["dataset", "check", "yard"]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--share", "train"], "--share: found 'train', allowed is SPLIT=SHARE"),
        (["--share", "train=much"], "--share: found 'train=much'"),
        (["--share", "train=0.5,val=0.4"], "shares: train=0.5, val=0.4 add up to 0.9, expected 1"),
        (["--again", "test"], "--again: yard has no split test; it has none"),
    ],
)
def test_wrong_options_are_one_message(yard: Path, arguments: list[str], text: str) -> None:
    code, _, error = _run(*arguments)
    assert code == 2
    assert text in error
