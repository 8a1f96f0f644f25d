"""No more streams decode at a time than there are cores, and one that hangs does not keep the others out."""

from __future__ import annotations

import threading
import time

import pytest

from edge.sources.turns import HUNG_S, Turns, cores


def test_no_more_than_so_many_at_a_time() -> None:
    turns, lock, at_once, most = Turns(2), threading.Lock(), 0, 0

    def work() -> None:
        nonlocal at_once, most
        for _ in range(5):
            with turns.turn(None) as mine:
                assert mine
                with lock:
                    at_once += 1
                    most = max(most, at_once)
                time.sleep(0.002)
                with lock:
                    at_once -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most == 2


def test_who_would_wait_too_long_goes_without_and_takes_nobodys_turn() -> None:
    turns = Turns(1)
    with turns.turn(None):
        with turns.turn(0.01) as other:
            assert not other
        with turns.turn(0.01) as other:
            assert not other
    with turns.turn(0.01) as other:
        assert other


def test_a_turn_ends_with_an_error_too() -> None:
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.turn(None):
        raise ZeroDivisionError
    with turns.turn(0.01) as mine:
        assert mine


def test_one_that_hangs_is_counted_no_more() -> None:
    now_s = 0.0
    turns = Turns(1, lambda: now_s)
    with turns.turn(None):
        now_s = HUNG_S + 1
        with turns.turn(0.01) as other:
            assert other
            with turns.turn(0.01) as third:
                assert not third  # one hangs, one works


def test_there_is_a_core() -> None:
    assert cores() >= 1
