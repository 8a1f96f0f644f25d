"""`lookout snapshot`: one picture to read zones off."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge import cli
from tests.edge.sources.footage import make_clip


def run(*words: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli.app, ["snapshot", *map(str, words)])
    return result.exit_code, result.stdout.strip(), result.stderr


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_picture_of_a_recording(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / "new" / f"gate{suffix}"
    assert run(make_clip(tmp_path / "a.mp4", count=3, size=(640, 480)), "--out", out)[:2] == (0, str(out))
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.shape == (480, 640, 3)


def test_the_grid(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", count=3, size=(640, 480))
    run(clip, "--out", tmp_path / "plain.png")
    run(clip, "--grid", "--out", tmp_path / "grid.png")
    plain, grid = (cv2.imread(str(tmp_path / name)).astype(int) for name in ("plain.png", "grid.png"))
    differs = np.abs(plain - grid).max(axis=2) > 20
    assert all(differs[100:300, round(640 * tenth / 10)].mean() > 0.9 for tenth in range(1, 10))


def test_named_after_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_clip(tmp_path / "yard.mp4", count=3)
    monkeypatch.chdir(tmp_path)
    assert run("yard.mp4")[:2] == (0, "snapshot-yard.jpg")
    assert (tmp_path / "snapshot-yard.jpg").is_file()


SITE = """
site: {name: plant}
agent: {name: agent-1}
broker: {host: 127.0.0.1}
models: [{name: fire-smoke}]
sources:
  - name: gate
    url: yard.mp4
    rules: [{rule: fire}]
"""


def test_a_source_of_a_site(tmp_path: Path) -> None:
    make_clip(tmp_path / "yard.mp4", count=3)
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    out = tmp_path / "gate.png"
    code, printed, said = run("gate", "--site", site, "--out", out)
    assert (code, printed) == (0, str(out)), said
    code, printed, said = run("attic", "--site", site, "--out", out)
    assert (code, printed) == (2, "")
    assert "there is no source 'attic'; its sources are gate" in said


@pytest.mark.parametrize(
    ("source", "out", "message"),
    [
        ("missing.mp4", "a.jpg", "there is no such file"),
        ("rtsp://guard:secret@127.0.0.1:9/a", "a.jpg", "rtsp://***@127.0.0.1:9/a: connection refused"),
        (
            "ftp://guard:secret/a@127.0.0.1:9/a",
            "a.jpg",
            "source 127.0.0.1-9: ftp://***@127.0.0.1:9/a: an",
        ),
        ("missing.mp4", "a.gif", "a snapshot is saved as .jpg, .jpeg, .png"),
    ],
)
def test_what_goes_wrong_is_one_message(tmp_path: Path, source: str, out: str, message: str) -> None:
    code, printed, said = run(source, "--out", tmp_path / out)
    assert (code, printed) == (2, "")
    assert message in said
    assert "secret" not in said
    assert not list(tmp_path.iterdir())
