from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from edge.inference.choice import Setting
from edge.inference.selftest import Look, SelfTest

INT8, FLOAT = Setting("int8", "b" * 64, 1), Setting("float", "a" * 64, 1)


def working(seconds: float) -> Look:
    """Keeps the processor busy."""

    def look() -> None:
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass

    return look


def others(best: Setting) -> Iterator[Setting]:
    yield FLOAT
    yield INT8
    if best.threads < 4:
        yield Setting(best.weights, best.sha256, 2 * best.threads)


def test_what_is_less_work_is_chosen_and_every_setting_tried_once() -> None:
    built: list[Setting] = []

    def build(setting: Setting) -> Look:
        built.append(setting)
        return working(0.001 if setting == FLOAT else 0.004)

    found = SelfTest(60.0).choose(INT8, others, build, on_cpu=True)
    # Two threads are more work here: not worth a core, and four are not tried.
    assert (found.setting, found.whole) == (FLOAT, True)
    assert built == [INT8, FLOAT, Setting("float", FLOAT.sha256, 2)]
    assert len(found.notes) == 2
    assert found.notes[0].startswith("int8 with 1 thread: ")
    assert "; float with 1 thread: " in found.notes[0]


def test_without_time_the_first_stays() -> None:
    found = SelfTest(0.0).choose(INT8, others, lambda _: working(0.0), on_cpu=True)
    assert (found.setting, found.whole) == (INT8, False)
    assert found.notes == ("no time to try float with 1 thread",)


def test_all_models_share_the_time() -> None:
    test = SelfTest(0.3)
    slow = working(0.08)
    assert not test.choose(INT8, others, lambda _: slow, on_cpu=True).whole
    assert not test.choose(INT8, others, lambda _: slow, on_cpu=True).whole
    built: list[Setting] = []
    again = test.choose(INT8, others, lambda setting: (built.append(setting), slow)[1], on_cpu=True)
    assert again.notes == ("no time to try float with 1 thread",)
    assert built == [INT8]


def test_nothing_to_choose_takes_no_time() -> None:
    def looks() -> object:
        raise AssertionError("there was nothing to compare")

    found = SelfTest().choose(INT8, lambda _: iter(()), lambda _: looks, on_cpu=True)
    assert (found.setting, found.notes, found.whole) == (INT8, (), True)


@pytest.mark.parametrize(("turns", "looks"), [((0.004,) * 6, 4), ((0.004, 0.004, 0.001, 0.004, 0.001, 0.004), 6)])
def test_what_is_plain_is_not_asked_again(turns: tuple[float, ...], looks: int) -> None:
    """The first look is not counted; the other setting takes 2 ms each time."""
    taken = iter(turns)
    counted = []

    def own() -> None:
        counted.append(1)
        working(next(taken))()

    found = SelfTest(60.0).choose(
        INT8, lambda _: iter((FLOAT,)), lambda setting: own if setting == INT8 else working(0.002), on_cpu=True
    )
    assert found.setting == FLOAT
    assert len(counted) == looks
