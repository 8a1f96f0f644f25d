"""The desk between readers and inspector: the newest look of each source, nothing queued."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from edge.agent.desk import Desk, Look
from pipelines.frame import from_bgr
from tests.pipelines.builders import an_activity


def look(source: str, sequence: int = 0) -> Look:
    return Look(from_bgr(np.zeros((18, 32, 3), np.uint8), source=source, sequence=sequence), an_activity())


def test_a_newer_look_replaces_the_older_of_its_source_alone() -> None:
    desk = Desk()
    for one in (look("gate", 1), look("yard", 1), look("gate", 2)):
        desk.put(one)
    waiting, _ = desk.waiting()
    assert {(w.frame.source, w.frame.sequence) for w in waiting} == {("gate", 2), ("yard", 1)}


def test_taking_an_old_look_leaves_the_newer_one() -> None:
    desk, old, new = Desk(), look("gate", 1), look("gate", 2)
    desk.put(old)
    desk.put(new)
    desk.take(old)
    assert desk.waiting()[0] == (new,)
    desk.take(new)
    assert desk.waiting()[0] == ()


def test_waiting_ends_when_a_look_comes_also_one_that_came_before_the_wait() -> None:
    desk = Desk()
    _, seen = desk.waiting()
    desk.put(look("gate"))
    began = time.monotonic()
    desk.wait(seen, 10.0)
    threading.Timer(0.05, desk.put, [look("gate")]).start()
    desk.wait(desk.waiting()[1], 10.0)
    assert time.monotonic() - began < 5


def test_a_fast_reader_waits_until_its_look_is_taken() -> None:
    desk, one = Desk(), look("gate")
    desk.put(one)
    assert not desk.wait_until_taken(one, 0.01)
    threading.Timer(0.05, desk.take, [one]).start()
    assert desk.wait_until_taken(one, 10.0)


@pytest.mark.parametrize("source", ["gate", "yard"])
def test_an_empty_desk_gives_nothing(source: str) -> None:
    desk = Desk()
    desk.take(look(source))
    assert desk.waiting() == ((), 0)
