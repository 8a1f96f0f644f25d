"""What is remembered across a restart of the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.agent.quarantine import REMEMBERED_S, Quarantine
from edge.clock import ManualClock

START_S = 1_700_000_000.0


def test_two_restarts_within_a_day_keep_a_source_out_for_a_day(tmp_path: Path) -> None:
    clock = ManualClock(START_S)
    path = tmp_path / "quarantine.json"
    assert Quarantine(path, clock).blame("source:gate") == 1
    assert Quarantine(path, clock).until("source:gate") is None  # one is bad luck
    clock.advance(600)
    assert Quarantine(path, clock).blame("source:gate") == 2
    clock.advance(60)
    assert Quarantine(path, clock).until("source:gate") == START_S + REMEMBERED_S
    assert Quarantine(path, clock).until("source:yard") is None  # the others are not at fault
    clock.advance(REMEMBERED_S - 600)
    assert Quarantine(path, clock).until("source:gate") is None


def test_two_restarts_far_apart_do_not(tmp_path: Path) -> None:
    clock = ManualClock(START_S)
    quarantine = Quarantine(tmp_path / "q.json", clock)
    quarantine.blame("source:gate")
    clock.advance(REMEMBERED_S + 1)
    assert quarantine.blame("source:gate") == 1
    assert quarantine.until("source:gate") is None


def test_a_clock_set_back_does_not_keep_a_source_out_for_ever(tmp_path: Path) -> None:
    clock = ManualClock(START_S)
    quarantine = Quarantine(tmp_path / "q.json", clock)
    quarantine.blame("source:gate")
    quarantine.blame("source:gate")
    clock.advance(-400 * 86_400)
    assert quarantine.until("source:gate") is None


@pytest.mark.parametrize(
    "content", ["", "[]", '{"restarts": 3}', '{"restarts": [null, {"worker": 1, "at": 2}, {"worker": "a"}]}', "\x00"]
)
def test_a_damaged_file_counts_as_empty(tmp_path: Path, content: str) -> None:
    path = tmp_path / "q.json"
    path.write_text(content)
    quarantine = Quarantine(path, ManualClock())
    assert quarantine.until("a") is None
    assert quarantine.blame("a") == 1
