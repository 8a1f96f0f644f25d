"""`lookout calibrate camera` on rendered pictures of its own board."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
import yaml
from typer.testing import CliRunner, Result

from calibration.board import Board
from edge.cli import app
from edge.config.mission import Mission
from tests.calibration.test_board import ANGLES, photograph, shots


def calibrate(*words: object) -> Result:
    return CliRunner().invoke(app, ["calibrate", "camera", *map(str, words)])


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    for number, picture in enumerate(shots(Board(10, 7, marker=0.7))):
        cv2.imwrite(str(folder / f"{number:02}.png"), picture)
    return folder


def test_what_it_prints_is_what_a_mission_takes(pictures: Path, tmp_path: Path) -> None:
    done = calibrate(pictures, "--board", "10x7", "--markers", "0.7", "--out", tmp_path / "lens.yaml")
    assert "10 pictures, 1280×720: corners are off by 0." in done.stderr
    mission = Mission.model_validate(yaml.safe_load((tmp_path / "lens.yaml").read_text()))
    lens = mission.camera.seen_at(640, 360)
    assert lens is not None
    assert lens.fx == pytest.approx(500, rel=0.01)
    assert (tmp_path / "lens.yaml").read_text() == done.stdout


def test_too_little_of_the_picture_is_said_and_is_no_success(tmp_path: Path) -> None:
    for number, tilt in enumerate(ANGLES[:6]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), photograph(Board(10, 7, marker=0.7), tilt, (0.0, 0.0), 0.6))
    done = calibrate(tmp_path, "--markers", "0.7")
    assert done.exit_code == 1
    assert "of the picture, expected 60%: go into its corners" in done.stderr


def test_the_board_that_it_draws_is_found(tmp_path: Path) -> None:
    done = calibrate("--draw", tmp_path / "board.png", "--markers", "0.7")
    assert done.exit_code == 0
    view = Board(10, 7, marker=0.7).find(cv2.imread(str(tmp_path / "board.png"), cv2.IMREAD_GRAYSCALE))
    assert view is not None
    assert len(view.in_picture) == 9 * 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--board", "ten"], "expected squares across and down"),
        (["--board", "10x8"], "looks the same upside down"),
        ([], "which pictures?"),
        (["nothing.png"], "nothing.png"),
    ],
)
def test_what_can_not_be_measured(words: list[str], said: str) -> None:
    done = calibrate(*words)
    assert done.exit_code == 2
    assert said in done.stderr
