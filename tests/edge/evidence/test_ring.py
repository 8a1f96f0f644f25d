"""The ring begins at a keyframe, keeps its limits, and gives the window that was asked for."""

from __future__ import annotations

import threading

import pytest

from edge.evidence.packets import EncodedPacket, Stamp, StreamFormat
from edge.evidence.ring import PacketRing
from pipelines.frame import Clock

GROUP = 10  # packets from one keyframe to the next, 0.1 s each


def packet(number: int, size: int = 100, *, late: int = 0) -> EncodedPacket:
    stamp = Stamp((number + late) / 10, 1e9 + number / 10, Clock.AGENT)
    return EncodedPacket(bytes(size), stamp, number % GROUP == 0, number)


def filled(count: int, keep_s: float = 100.0, max_bytes: int = 10**6, size: int = 100) -> PacketRing:
    ring = PacketRing("gate", keep_s, max_bytes)
    ring.begin(StreamFormat("h264"))
    for number in range(count):
        ring.push(packet(number, size))
    return ring


def span(ring: PacketRing, start_s: float, end_s: float) -> tuple[int, int] | None:
    """Numbers of the first and the last packet of a window."""
    window = ring.window(start_s, end_s)
    if window is None:
        return None
    numbers = [packet.pts or 0 for packet in window.packets]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert window.packets[0].keyframe
    return numbers[0], numbers[-1]


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (2.0, 3.0, (20, 30)),  # on a keyframe
        (2.5, 3.5, (20, 35)),  # the keyframe before
        (2.95, 3.05, (20, 30)),
        (-5.0, 0.5, (0, 5)),  # more than there is, before
        (4.5, 99.0, (40, 49)),  # and after
        (-5.0, -1.0, None),
        (5.0, 9.0, None),  # after the last packet
    ],
)
def test_windows(start_s: float, end_s: float, expected: tuple[int, int] | None) -> None:
    assert span(filled(50), start_s, end_s) == expected


def test_empty() -> None:
    assert PacketRing("gate", 1.0, 1).window(0.0, 1.0) is None


@pytest.mark.parametrize(("keep_s", "first"), [(1.0, 80), (1.9, 80), (2.0, 70), (3.5, 60), (100.0, 0)])
def test_limited_by_seconds_in_whole_groups(keep_s: float, first: int) -> None:
    assert span(filled(100, keep_s=keep_s), -1, 99) == (first, 99)


@pytest.mark.parametrize(("max_bytes", "first"), [(10_000, 0), (9_999, 10), (2_500, 80), (1_000, 90)])
def test_limited_by_bytes(max_bytes: int, first: int) -> None:
    ring = filled(100, max_bytes=max_bytes)
    assert span(ring, -1, 99) == (first, 99)
    assert ring.size <= max_bytes


def test_a_group_larger_than_the_limit_is_let_go() -> None:
    ring = filled(9, max_bytes=500)
    assert ring.size == 0
    assert span(ring, -1, 99) is None
    for number in range(9, 13):
        ring.push(packet(number))
    assert span(ring, -1, 99) == (10, 12), "filled again from the next keyframe"


def test_before_the_first_keyframe_nothing_is_kept() -> None:
    ring = PacketRing("gate", 10.0, 10**6)
    ring.push(packet(0))  # no connection yet
    ring.begin(StreamFormat("h264"))
    for number in range(3, 15):
        ring.push(packet(number))
    assert span(ring, -1, 99) == (10, 14)


def test_over_a_loss_the_longer_part() -> None:
    ring = filled(25)
    ring.begin(StreamFormat("h264"))
    for number in range(28, 60):  # joined in the middle of a group
        ring.push(packet(number))
    assert span(ring, 1.0, 3.2) == (10, 24)
    assert span(ring, 2.2, 5.0) == (30, 50)
    assert span(ring, 0.0, 0.5) == (0, 5)


def test_a_picture_needed_by_those_before_it_is_kept() -> None:
    ring = PacketRing("gate", 10.0, 10**6)
    ring.begin(StreamFormat("h264"))
    # Decoding order: 0, 4, 2, 1, 3 - each but the first leans on 4.
    for number, time in enumerate([0, 4, 2, 1, 3]):
        ring.push(EncodedPacket(b"x", Stamp(time / 10, 0.0, Clock.AGENT), number == 0, time))
    window = ring.window(0.0, 0.15)
    assert window is not None
    assert [packet.pts for packet in window.packets] == [0, 4, 2, 1]


def test_cut_forgets_what_came_before() -> None:
    ring = filled(50)
    ring.cut(3.0)
    assert span(ring, -1, 99) == (30, 49)
    assert ring.size == 20 * 100


def test_windows_while_it_is_filled() -> None:
    ring = PacketRing("gate", 2.0, 10**6)
    ring.begin(StreamFormat("h264"))
    done = threading.Event()

    def fill() -> None:
        for number in range(20_000):
            ring.push(packet(number))
        done.set()

    thread = threading.Thread(target=fill)
    thread.start()
    while not done.is_set():
        window = ring.window(0.0, 10_000.0)
        assert window is None or window.packets[0].keyframe
        assert window is None or len(window.packets) <= 31
    thread.join()
