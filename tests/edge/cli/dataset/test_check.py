from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from pipelines.retraining.data.dataset import save_dataset
from tests.pipelines.retraining import drawn


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments of a check of `datasets/yard`: two pictures in train, two in val, nothing leaks."""
    monkeypatch.chdir(tmp_path)
    _save(tmp_path, ["train", "train", "val", "val"], [0, 1, 2, 3])
    return ["dataset", "check", "yard"]


def _save(folder: Path, splits: list[str], seeds: list[int]) -> None:
    pictures = [
        drawn.picture(folder, f"p{place}", seed, [(0, 10, 10, 50, 40)] * (place % 2), split=split)
        for place, (split, seed) in enumerate(zip(splits, seeds, strict=True))
    ]
    save_dataset(drawn.dataset(pictures, "yard"), folder / "datasets" / "yard", folder)


def test_a_clean_set_is_counted(yard: list[str]) -> None:
    result = CliRunner().invoke(app, yard)
    assert result.exit_code == 0, result.output
    assert "train: 2 pictures, 1 without a box, 2 groups; 2 differ" in result.stdout
    assert "note: train: no box of smoke" in result.stdout
    assert "No leak between splits." in result.stdout


def test_a_leak_is_named_and_fails(yard: list[str], tmp_path: Path) -> None:
    _save(tmp_path, ["train", "train", "val", "val"], [0, 1, 2, 1])
    result = CliRunner().invoke(app, yard)
    assert result.exit_code == 1
    assert "1 leak between splits: 1 × same file" in result.stdout
    assert f"train has {tmp_path / 'p1.png'}, val has {tmp_path / 'p3.png'}" in result.stdout


def test_json_is_one_document_with_the_sheets(yard: list[str], tmp_path: Path) -> None:
    _save(tmp_path, ["train", "train", "val", "val"], [0, 1, 2, 1])
    result = CliRunner().invoke(app, [*yard, "--json", "--sheets", "looks"])
    assert result.exit_code == 1
    record = json.loads(result.stdout)
    assert record["splits"]["train"]["classes"]["fire"]["boxes"] == 1
    assert record["near_duplicate_pairs"] == 1
    assert record["leaks"] == [
        {
            "kind": "same file",
            "distance": None,
            "first": {"split": "train", "path": str(tmp_path / "p1.png")},
            "second": {"split": "val", "path": str(tmp_path / "p3.png")},
        }
    ]
    assert "looks/leaks.png" in record["sheets"]
    assert all((tmp_path / path).is_file() for path in record["sheets"])


def test_a_set_that_is_not_there_is_one_message(yard: list[str]) -> None:
    result = CliRunner().invoke(app, ["dataset", "check", "gone"])
    assert result.exit_code == 2
    assert "datasets/gone/card.yaml: is missing" in result.stderr
