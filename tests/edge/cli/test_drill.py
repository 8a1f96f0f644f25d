"""`lookout drill`: a preview that is what the agent would see."""

from __future__ import annotations

import re
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from edge.cli import app


@pytest.fixture(scope="module")
def yard(root: Path) -> str:
    return str(root / "datasets" / "demo" / "yard.mp4")


def run(*args: str) -> Result:
    return CliRunner().invoke(app, ["drill", *args])


def test_draws_onto_a_recording(yard: str, tmp_path: Path) -> None:
    out = tmp_path / "preview.mp4"
    result = run(yard, "--kind", "obstacle", "--at", "0.5", "0.8", "--size", "0.4", "--seconds", "2", "--out", str(out))
    assert result.exit_code == 0, result.output
    with av.open(yard) as plain, av.open(str(out)) as drawn:
        one, other = (list(c.decode(video=0))[9].to_ndarray(format="gray8").astype(int) for c in (plain, drawn))
    difference = np.abs(one - other)
    assert difference[300:440, 320:450].mean() > 20
    assert difference[:150].mean() < 6  # no more than encoding it again costs


def test_draws_onto_a_picture(yard: str, tmp_path: Path) -> None:
    plain, drawn = tmp_path / "plain.png", tmp_path / "drawn.png"
    assert run(yard, "--seconds", "0.1", "--out", str(plain)).exit_code == 0
    result = run(str(plain), "--kind", "fire", "--seconds", "2", "--out", str(drawn))
    assert result.exit_code == 0, result.output
    one, other = cv2.imread(str(plain)), cv2.imread(str(drawn))
    assert one is not None
    assert other is not None
    assert one.shape == other.shape
    assert np.abs(one.astype(int) - other).max() > 80


def test_draws_what_a_site_says(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "site.jpg"
    site = str(root / "datasets" / "demo" / "site.yaml")
    result = run(site, "--source", "fire-lane", "--seconds", "0.5", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert out.is_file()


def test_prints_scores(yard: str) -> None:
    result = run(yard, "--kind", "fire", "--size", "0.4", "--seconds", "6", "--scores", "fire-smoke")
    assert result.exit_code == 0, result.output
    found = re.search(r"fire\W+12\W+[\d.]+\W+[\d.]+\W+([\d.]+)", result.stdout)
    assert found is not None, result.stdout
    assert float(found.group(1)) > 0.25


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["YARD"], "--out FILE or --scores MODEL"),  # nothing to do
        (["YARD", "--kind", "fire", "--at", "1.5", "0.5", "--out", "TMP/a.mp4"], "--at"),
        (["YARD", "--kind", "fire", "--size", "0", "--out", "TMP/a.mp4"], "--size"),
        (["YARD", "--seconds", "0.2", "--out", "TMP/a.gif"], "allowed: .mp4, .jpg, .jpeg, .png"),
        (["YARD", "--seconds", "0.2", "--out", "YARD/a.jpg"], "a.jpg: can not be written"),
        (["TMP/none.mp4", "--out", "TMP/a.mp4"], "none.mp4"),
        (["SITE", "--source", "yard", "--out", "TMP/a.mp4"], "allowed: fire-lane, south-lawn"),  # it has no drill
        (["YARD", "--scores", "nothing"], "nothing"),  # no such model
    ],
)
def test_refuses(args: list[str], said: str, yard: str, root: Path, tmp_path: Path) -> None:
    site = str(root / "datasets" / "demo" / "site.yaml")
    filled = [arg.replace("YARD", yard).replace("SITE", site).replace("TMP", str(tmp_path)) for arg in args]
    result = run(*filled)
    assert result.exit_code == 2
    assert said in result.stderr
