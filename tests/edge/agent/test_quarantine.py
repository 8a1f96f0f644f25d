"""What is remembered across a restart of the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.agent.quarantine import REMEMBERED_S, Quarantine


class Wall:
    """A wall clock set by hand."""

    def __init__(self) -> None:
        self.now_s = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


def test_two_restarts_within_a_day_keep_a_source_out_for_a_day(tmp_path: Path) -> None:
    wall = Wall()
    path = tmp_path / "quarantine.json"
    assert Quarantine(path, wall).blame("source:gate") == 1
    assert Quarantine(path, wall).until("source:gate") is None  # one is bad luck
    wall.now_s += 600
    assert Quarantine(path, wall).blame("source:gate") == 2
    wall.now_s += 60
    assert Quarantine(path, wall).until("source:gate") == 1_700_000_000.0 + REMEMBERED_S
    assert Quarantine(path, wall).until("source:yard") is None  # the others are not at fault
    wall.now_s += REMEMBERED_S - 600
    assert Quarantine(path, wall).until("source:gate") is None


def test_two_restarts_far_apart_do_not(tmp_path: Path) -> None:
    wall = Wall()
    quarantine = Quarantine(tmp_path / "q.json", wall)
    quarantine.blame("source:gate")
    wall.now_s += REMEMBERED_S + 1
    assert quarantine.blame("source:gate") == 1
    assert quarantine.until("source:gate") is None


def test_a_clock_set_back_does_not_keep_a_source_out_for_ever(tmp_path: Path) -> None:
    wall = Wall()
    quarantine = Quarantine(tmp_path / "q.json", wall)
    quarantine.blame("source:gate")
    quarantine.blame("source:gate")
    wall.now_s -= 400 * 86_400
    assert quarantine.until("source:gate") is None


@pytest.mark.parametrize(
    "content", ["", "[]", '{"restarts": 3}', '{"restarts": [null, {"worker": 1, "at": 2}, {"worker": "a"}]}', "\x00"]
)
def test_a_damaged_file_counts_as_empty(tmp_path: Path, content: str) -> None:
    path = tmp_path / "q.json"
    path.write_text(content)
    quarantine = Quarantine(path, Wall())
    assert quarantine.until("a") is None
    assert quarantine.blame("a") == 1
