"""No more streams decode at a time than there are cores, and one that hangs does not keep the others out."""

from __future__ import annotations

import threading
import time

import pytest

from edge.sources.turns import HUNG_S, SHARED, Turns, cores


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


def order_of(turns: Turns, asked: list[bool]) -> list[bool]:
    """Those who ask while a turn is taken, in this order, as they then get theirs: urgent or not."""
    got: list[bool] = []

    def ask(urgent: bool) -> None:
        with turns.turn(5.0, urgent=urgent) as mine:
            assert mine
            got.append(urgent)

    threads = [threading.Thread(target=ask, args=(urgent,)) for urgent in asked]
    with turns.turn(None):
        for thread in threads:
            thread.start()
            time.sleep(0.01)
    for thread in threads:
        thread.join(10)
    return got


def test_who_can_not_wait_goes_first() -> None:
    assert order_of(Turns(1), [False, False, True, False, True]) == [True, True, False, False, False]


def test_nobody_is_kept_out_for_ever() -> None:
    got = order_of(Turns(1), [False, False] + [True] * (2 * SHARED))
    assert [at for at, urgent in enumerate(got) if not urgent] == [SHARED - 1, 2 * SHARED - 1]


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
