from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from pipelines.retraining.proposals.derive import load_plan


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["dataset", "propose", *arguments])
    return result.exit_code, result.stdout, result.stderr


USUAL = ("--teacher", "no.pt", "--data", "yard", "--root", ".", "--name", "n", "--classes", "person")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--low", "0.6"), "expected 0 < low <= threshold < 1"),
        (("--footage", "film.mp4"), "expected VIDEO:FIRST-LAST:STEP"),
        (("--footage", "film.mp4:0-10:2"), "expected VIDEO:FIRST-LAST:STEP, a file"),
        ((), "yard/card.yaml: is missing"),
    ],
)
def test_what_can_not_be_done_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*USUAL, *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_a_real_teacher_labels_real_pictures(shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("ultralytics")
    data, names = shared / "data", ("01579c2a81", "016a8de76e", "02643c7db5")
    for kind, suffix in (("images", "jpg"), ("labels", "txt")):
        (tmp_path / kind / "train").mkdir(parents=True)
        for name in names:
            shutil.copy(data / "ppe" / kind / "train" / f"{name}.{suffix}", tmp_path / kind / "train")
    shutil.copy(data / "ppe/data.yaml", tmp_path)
    code, out, err = run(
        *("--teacher", str(data / "weights/yolo11n-coco.pt"), "--data", str(tmp_path), "--root", str(tmp_path)),
        *("--name", "yard", "--classes", "person,car,truck", "--map", "bus=truck", "--least", "1"),
        *("--hand", "Person=person", "--hand", "vehicle=car|truck", "--out", str(tmp_path / "plan"), "--json"),
    )
    assert code == 0, err
    assert json.loads(out)["boxes"]["person"] >= 3
    assert "person" in load_plan(tmp_path / "plan").classes
    code, out, err = run(
        *("--teacher", str(data / "weights/yolo11n-coco.pt"), "--data", str(tmp_path), "--root", str(tmp_path)),
        *("--name", "yard", "--classes", "persson", "--hand", "Person=thing"),
    )
    assert code == 2
    assert "the teacher has no class 'persson'" in err
    assert "'thing' is none of --classes persson" in err
