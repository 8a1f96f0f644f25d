"""`lookout evaluate clips` on the bundled yard, in which nothing burns."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from tests.edge.cli.test_inspect import cut


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["evaluate", "clips", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def model(root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(root / "models" / "fire-smoke", tmp_path / "fire-smoke"))


@pytest.fixture
def clips(root: Path, tmp_path: Path) -> Path:
    cut(root / "datasets" / "demo" / "yard.mp4", tmp_path / "yard.mp4", 60)
    path = tmp_path / "clips.yaml"
    path.write_text("yard: {fire: [[0.5, 1.5]], note: nothing burns here; the test says so to have something missed}\n")
    return path


def test_what_is_missed_is_told_and_kept(model: Path, clips: Path) -> None:
    code, out, err = run("--model", model, "--clips", clips, "--json", "--write")
    assert code == 0, err
    record = json.loads(out)
    assert (record["events"], record["missed"], record["false"]) == (1, 1, 0)
    assert set(record["hazards"]) == {"fire", "smoke"}
    length_s = record["clips"]["yard"]
    assert record["quiet_hours"] == pytest.approx((length_s - 1) / 3600, abs=1e-4)
    assert record["false_per_hour_interval"][1] > 1000
    assert json.loads((model / "metrics.json").read_text())["clips"] == record


def test_tables_say_how_little_is_known(model: Path, clips: Path) -> None:
    code, out, _ = run("--model", model, "--clips", clips, "--rules", "smoke")
    assert code == 0
    assert "fire-smoke on 1 clips" in out
    assert "fire 0.5" not in out  # not judged
    assert "More quiet footage says more" in " ".join(out.split())


@pytest.mark.parametrize(
    ("rules", "words"),
    [("no_hard_hat", "model fire-smoke serves none of them"), ("dragon", "there is no such rule")],
)
def test_refusals(model: Path, clips: Path, rules: str, words: str) -> None:
    code, out, err = run("--model", model, "--clips", clips, "--rules", rules)
    assert (code, out) == (2, "")
    assert words in " ".join(err.split())


def test_a_clip_that_is_no_video(model: Path, tmp_path: Path) -> None:
    (tmp_path / "yard.mp4").write_bytes(b"this is no video" * 100)
    (tmp_path / "clips.yaml").write_text("yard: {}\n")
    code, _, err = run("--model", model, "--clips", tmp_path / "clips.yaml")
    assert code == 2
    assert "yard.mp4" in err
