"""The newest frame wins; the others are counted."""

from __future__ import annotations

import threading
import time

import numpy as np

from edge.sources import Latest
from pipelines.frame import Frame, from_bgr

PICTURE = np.zeros((4, 4, 3), np.uint8)


def frame(number: int) -> Frame:
    return from_bgr(PICTURE, sequence=number)


def test_the_newest_wins() -> None:
    latest = Latest()
    for number in range(5):
        latest.put(frame(number))
    taken = latest.take()
    assert taken is not None
    assert (taken.sequence, latest.dropped) == (4, 4)
    assert latest.take() is None


def test_nothing_comes() -> None:
    began_s = time.monotonic()
    assert Latest().take(timeout_s=0.1) is None
    assert 0.09 <= time.monotonic() - began_s < 2


def test_between_two_threads_nothing_is_lost_uncounted() -> None:
    latest, count, taken = Latest(), 3000, []

    def give() -> None:
        for number in range(count):
            latest.put(frame(number))

    giver = threading.Thread(target=give)
    giver.start()
    while (found := latest.take(timeout_s=0.5)) is not None:
        taken.append(found.sequence)
    giver.join()
    assert taken == sorted(set(taken))
    assert taken[-1] == count - 1
    assert len(taken) + latest.dropped == count
