"""Ids of incidents."""

from __future__ import annotations

import threading
import uuid

import pytest

from edge.agent.ids import Uuid7


def test_layout_is_that_of_rfc_9562() -> None:
    # Appendix A.6: 2022-02-22 19:22:22 UTC is 0x017F22E279B0 milliseconds.
    made = uuid.UUID(Uuid7(now_ns=lambda: 1_645_557_742_000 * 1_000_000)())
    assert made.int >> 80 == 0x017F22E279B0
    assert made.int >> 76 & 0xF == 7
    assert made.variant == uuid.RFC_4122


@pytest.mark.parametrize(
    "times_ms",
    [
        pytest.param([5] * 2000, id="all within one millisecond"),
        pytest.param([1000, 1001, 900, 901, 1002], id="the wall clock is set back"),
    ],
)
def test_ids_rise(times_ms: list[int]) -> None:
    ticks = iter(times_ms)
    make = Uuid7(now_ns=lambda: next(ticks) * 1_000_000)
    ids = [make() for _ in times_ms]
    assert ids == sorted(set(ids))


def test_a_full_counter_moves_on_to_the_next_millisecond() -> None:
    make = Uuid7(now_ns=lambda: 7_000_000, random_bytes=lambda n: b"\xff" * n)
    first = make()
    make._counter = (1 << 42) - 1  # as if two million million had been made within it
    after = make()
    assert after > first
    assert uuid.UUID(after).int >> 80 == 8


def test_threads_never_share_an_id() -> None:
    make, ids = Uuid7(), []
    threads = [threading.Thread(target=lambda: ids.extend([make() for _ in range(2000)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 8000
