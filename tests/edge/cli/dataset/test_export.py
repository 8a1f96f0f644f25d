from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from edge.cli.dataset._options import Format
from pipelines.retraining.data.dataset import save_dataset
from tests.pipelines.retraining.sample import dataset, picture


@pytest.fixture(autouse=True)
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set `yard` below datasets/, one picture of each split."""
    monkeypatch.chdir(tmp_path)
    pictures = [
        picture(Path("pictures"), f"{split}.jpg", [(0, 2, 3, 20, 30)], split=split) for split in ("train", "val")
    ]
    save_dataset(dataset(*pictures), Path("datasets/yard"), Path("pictures"))


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["dataset", "export", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("name", ["yard", "datasets/yard"])
def test_by_name_and_by_folder(name: str) -> None:
    assert run(name, "--format", "yolo", "--out", "out") == (0, "out\n", "")
    assert Path("out/labels/val/val.txt").read_text().startswith("0 0.137")
    assert not Path("out/images/val/val.jpg").is_symlink()


@pytest.mark.parametrize("form", list(Format))
def test_what_is_exported_is_imported(form: str) -> None:
    assert run("yard", "--format", form, "--out", "out")[0] == 0
    again = CliRunner().invoke(app, ["dataset", "import", "out", "--format", form, "--name", "again", "--json"])
    assert again.exit_code == 0
    record = json.loads(again.stdout)
    assert (record["splits"], record["boxes"]) == ({"train": 1, "val": 1}, {"fire": 2, "smoke": 0})
    assert record["faults"] == []


def test_one_split_linked() -> None:
    assert run("yard", "--format", "coco", "--out", "out", "--split", "val", "--link")[0] == 0
    (file,) = Path("out/annotations").iterdir()
    assert [image["file_name"] for image in json.loads(file.read_text())["images"]] == ["val.jpg"]
    assert Path("out/images/val.jpg").is_symlink()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing", "--format", "voc", "--out", "out"], "datasets/nothing/card.yaml: is missing"),
        (["yard", "--format", "voc", "--out", "out", "--split", "test"], "has no split 'test'; it has train, val"),
        (["yard", "--format", "voc", "--out", "pictures"], "pictures: is there already"),
    ],
)
def test_what_can_not_be_done_is_one_message(arguments: list[str], said: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert said in err
