"""Tries the settings of a model against each other, in a second at most."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median

from edge.inference.choice import Setting, Timing, is_worth_more_threads, is_worth_other_weights

BUDGET_S = 1.0
"""What all models of a site together may take of a start."""

ROUNDS, ENOUGH = 5, 3
"""So many comparisons of two settings; fewer where the first ones all say the same."""

_PAUSE_S = 0.002  # in life a model rests between two looks, and its threads go to sleep


Look = Callable[[], object]
"""Looks at a picture once."""

Verdict = Callable[[Timing, Timing], bool]
"""Is the second better?"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a self-test came to.

    Attributes:
        setting: the best.
        notes: what was compared, in words.
        whole: everything that there was to try was tried.
    """

    setting: Setting
    notes: tuple[str, ...]
    whole: bool


class SelfTest:
    """One for a start: its budget is spent by all models together.

    Two settings take turns, so that whatever else the machine does slows both.

    Args:
        budget_s: for building and looking. A model that is needed anyway is not counted.
    """

    def __init__(self, budget_s: float = BUDGET_S) -> None:
        self._left_s = budget_s

    def choose(
        self,
        start: Setting,
        challengers: Callable[[Setting], Iterator[Setting]],
        build: Callable[[Setting], Look],
        *,
        on_cpu: bool,
    ) -> Found:
        """The best setting.

        Args:
            start: what to begin with.
            challengers: for the best so far, what else to try; asked again with each new best.
            build: makes a setting ready.
            on_cpu: see `is_worth_other_weights`.
        """
        began = time.perf_counter()
        best, look = start, build(start)
        built_s = time.perf_counter() - began
        tried, notes = {start}, list[str]()
        while (other := next((s for s in challengers(best) if s not in tried), None)) is not None:
            tried.add(other)
            if built_s > self._left_s:  # building once more takes as long, as far as anybody knows
                return Found(start, (*notes, f"no time to try {other}"), whole=False)
            began = time.perf_counter()
            rival = build(other)
            less_work = partial(is_worth_other_weights, on_cpu=on_cpu)
            better = is_worth_more_threads if other.threads > best.threads else less_work
            timings = _in_turn(look, rival, better, until_s=began + self._left_s)
            self._left_s -= time.perf_counter() - began
            if timings is None:
                return Found(start, (*notes, f"no time to try {other}"), whole=False)
            mine, its = timings
            notes.append(f"{best}: {mine}; {other}: {its}")
            if better(mine, its):
                best, look = other, rival
        return Found(best, tuple(notes), whole=True)


def _in_turn(first: Look, second: Look, better: Verdict, until_s: float) -> tuple[Timing, Timing] | None:
    """Medians of both; None where the time is up before there are any."""
    rows: tuple[list[Timing], list[Timing]] = ([], [])
    for round_ in range(ROUNDS + 1):
        for look, timings in zip((first, second), rows, strict=True):
            time.sleep(_PAUSE_S)
            wall, cpu = time.perf_counter(), time.process_time()
            look()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if round_:  # the first one fetches everything into memory
                timings.append(Timing(wall * 1000, cpu * 1000))
        plain = len(rows[0]) >= ENOUGH and len({better(one, other) for one, other in zip(*rows, strict=True)}) == 1
        if plain or time.perf_counter() > until_s:
            break
    if len(rows[0]) < ENOUGH:
        return None
    return _middle(rows[0]), _middle(rows[1])


def _middle(timings: list[Timing]) -> Timing:
    return Timing(median(t.wall_ms for t in timings), median(t.cpu_ms for t in timings))
