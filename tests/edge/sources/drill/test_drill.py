"""A drill renders the same thing each time, says that it is a drill, and leaves the rest of the picture alone."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from tests.edge.sources.drill.scenes import EVERY, FIRE, OBSTACLE, SMOKE, changed, drill, flat, same, textured

SIZES = [
    (176, 144),
    (144, 176),  # portrait
    (321, 243),  # odd: the chroma planes are rounded up
    (97, 61),
    (1280, 720),
]


def test_every_frame_is_marked() -> None:
    late = drill({**FIRE, "start_s": 2, "duration_s": 1})
    for time_s in (0.0, 1.9, 2.5, 60.0):  # before, just before, during, long after
        assert late.render(flat(time_s)).drill


def test_nothing_is_drawn_outside_its_time() -> None:
    late = drill(*({**item, "start_s": 2, "duration_s": 1} for item in EVERY))
    for time_s in (0.0, 1.99, 12.0):
        frame = flat(time_s)
        rendered = late.render(frame)
        assert rendered.y is frame.y
        assert rendered.u is frame.u


def test_what_it_is_given_is_left_alone() -> None:
    frame = textured(3.0)
    before = frame.y.copy(), frame.u.copy(), frame.v.copy()
    rendered = drill(*EVERY).render(frame)
    assert all(np.array_equal(a, b) for a, b in zip(before, (frame.y, frame.u, frame.v), strict=True))
    assert (rendered.source, rendered.time_s, rendered.captured_s) == (frame.source, frame.time_s, frame.captured_s)
    assert not frame.drill


def test_times_count_from_the_first_frame() -> None:
    item = {**OBSTACLE, "start_s": 1}
    live = drill(item, origin_s=None)
    assert live.origin_s is None
    live.render(flat(500.0))
    assert live.origin_s == 500.0
    assert changed(live.render(flat(500.5)), flat()) == 0
    assert changed(live.render(flat(502.0)), flat()) > 0


@pytest.mark.parametrize("item", EVERY, ids=lambda item: item["kind"])
def test_frame_rate_and_drops_do_not_matter(item: dict[str, Any]) -> None:
    slow, fast = drill(item), drill(item)
    for time_s in np.arange(0, 2.0, 0.04):
        fast.render(textured(float(time_s)))
    slow.render(textured(0.0))
    assert same(slow.render(textured(2.0)), fast.render(textured(2.0)))


@pytest.mark.parametrize("item", EVERY, ids=lambda item: item["kind"])
def test_renders_again_to_the_bit(item: dict[str, Any]) -> None:
    live = drill(item, origin_s=None)
    times = (100.0, 101.3, 102.0, 104.5)
    first = [live.render(textured(time_s)) for time_s in times]
    again = [live.render(textured(time_s)) for time_s in reversed(times)][::-1]
    anew = [live.replay().render(textured(time_s)) for time_s in times[-1:]]
    assert all(same(a, b) for a, b in zip(first, again, strict=True))
    assert same(first[-1], anew[0])


def test_seeds_differ() -> None:
    frames = [drill({**FIRE, "seed": seed}).render(flat(1.0)) for seed in (1, 2)]
    assert not same(*frames)


def test_may_be_rendered_by_two_threads() -> None:
    live, expected = drill(FIRE, SMOKE), drill(FIRE, SMOKE)
    times = [0.2 * i for i in range(12)]
    results: dict[tuple[int, float], Any] = {}

    def work(thread: int) -> None:
        for time_s in times if thread else reversed(times):
            results[thread, time_s] = live.render(textured(time_s))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2 * len(times)
    for (_, time_s), frame in results.items():
        assert same(frame, expected.render(textured(time_s)))


@pytest.mark.parametrize("size", SIZES)
def test_any_size(size: tuple[int, int]) -> None:
    frame = flat(2.0, size)
    rendered = drill(*EVERY).render(frame)
    assert rendered.y.shape == frame.y.shape
    assert rendered.u.shape == frame.u.shape
    assert changed(rendered, frame) > 0.02 * frame.y.size


@pytest.mark.parametrize("at", [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)])
def test_hangs_over_the_edge(at: tuple[float, float]) -> None:
    frame = flat(2.0)
    rendered = drill(*({**item, "at": at} for item in EVERY)).render(frame)
    assert rendered.y.shape == frame.y.shape


@pytest.mark.parametrize("item", EVERY, ids=lambda item: item["kind"])
def test_the_rest_of_the_picture_is_untouched(item: dict[str, Any]) -> None:
    frame = textured(3.0, (640, 480))
    rendered = drill({**item, "at": (0.25, 0.9), "size": 0.2}).render(frame)
    assert changed(rendered, frame) > 100
    for plane in "yuv":
        old, new = getattr(frame, plane), getattr(rendered, plane)
        half = old.shape[1] // 2
        assert np.array_equal(new[:, half:], old[:, half:])
        assert np.array_equal(new[: old.shape[0] // 3], old[: old.shape[0] // 3])


@pytest.mark.parametrize("item", [FIRE, SMOKE], ids=lambda item: item["kind"])
def test_grows(item: dict[str, Any]) -> None:
    growing = drill({**item, "size": 0.8, "grow_s": 8})
    size = (384, 288)
    areas = []
    for start_s in (0.5, 2.5, 4.5, 6.5, 8.5):
        # A flame flickers and smoke comes in puffs: the mean over a second is what grows.
        moments = [start_s + 0.1 * i for i in range(10)]
        areas.append(np.mean([changed(growing.render(flat(t, size)), flat(t, size)) for t in moments]))
    assert areas == sorted(areas)
    assert areas[-1] > 4 * areas[0]


def test_goes_on_for_ever_in_bounded_time() -> None:
    live = drill(FIRE, SMOKE)
    live.render(flat(20.0))
    later = live.render(flat(86_400.0))  # a day later: nothing in between is simulated
    assert changed(later, flat()) > 500
