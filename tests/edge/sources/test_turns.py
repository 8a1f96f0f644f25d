"""No more streams decode at a time than there are cores, and one that hangs does not keep the others out."""

from __future__ import annotations

import threading
import time

import pytest

from edge.sources.turns import AHEAD_S, HUNG_S, Turns, cores


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


class Drawn:
    """Who gets a turn in which order; each takes so long by a clock of its own."""

    def __init__(self, took_s: float = 0.0) -> None:
        self.now_s = 0.0
        self.got: list[str] = []
        self._took_s = took_s
        self.turns = Turns(1, lambda: self.now_s)

    def among(self, asked: list[tuple[str, bool, float]]) -> list[str]:
        """Those who ask while a turn is taken: name, whether urgent, and when they had their last."""
        threads = [threading.Thread(target=self._ask, args=one) for one in asked]
        with self.turns.turn(None):
            for thread in threads:
                thread.start()
                time.sleep(0.01)
        for thread in threads:
            thread.join(10)
        return self.got

    def _ask(self, name: str, urgent: bool, last_s: float) -> None:
        with self.turns.turn(5.0, urgent=urgent, last_s=last_s) as mine:
            assert mine
            self.got.append(name)
            self.now_s += self._took_s


def test_who_can_not_wait_goes_first() -> None:
    asked = [("a", False, 0.0), ("b", True, 0.0), ("c", False, 0.0), ("d", True, 0.0)]
    assert Drawn().among(asked) == ["b", "d", "a", "c"]


def test_of_those_who_can_wait_who_has_not_been_seen_for_longest() -> None:
    asked = [("a", False, 7.0), ("b", False, 3.0), ("c", False, 5.0), ("d", False, 3.0)]
    assert Drawn().among(asked) == ["b", "d", "c", "a"]


def test_who_can_not_wait_gets_no_more_than_two_thirds_for_long() -> None:
    asked = [(kind, kind == "u", 0.0) for kind in "u" * 12 + "p" * 4]
    got = "".join(Drawn(took_s=AHEAD_S / 3.5).among(asked))
    assert got == "uuuu" + "puu" * 4


def test_what_goes_before_all_decoding_takes_the_place_of_one() -> None:
    turns = Turns(2)
    with turns.hold(), turns.turn(0.01) as one, turns.turn(0.01) as two:
        assert (one, two) == (True, False)
    with turns.turn(0.01) as one, turns.turn(0.01) as two, turns.hold():
        assert (one, two) == (True, True)  # it does not ask


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
