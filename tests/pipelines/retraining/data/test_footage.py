from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from pipelines.frame import Frame
from pipelines.retraining.data.footage import Reason, Taken, worth_labelling
from tests.pipelines.builders import a_frame

FPS = 5


def clip(seconds: float, walker: tuple[float, float] | None = None, cut_s: float | None = None) -> Iterator[Frame]:
    """A textured view; between the seconds of `walker` somebody crosses it, at `cut_s` it becomes another view."""
    rng = np.random.default_rng(7)
    views = [rng.integers(40, 200, (18, 32), np.uint8).repeat(10, 0).repeat(10, 1) for _ in range(2)]
    noise = rng.integers(-4, 5, (8, 180, 320), np.int8)
    for number in range(round(seconds * FPS)):
        time_s = number / FPS
        luma = views[0 if cut_s is None or time_s < cut_s else 1].copy()
        if walker is not None and walker[0] <= time_s < walker[1]:
            left = round((time_s - walker[0]) / (walker[1] - walker[0]) * 280)
            luma[60:160, left : left + 40] = 250
        yield a_frame(np.add(luma, noise[number % 8], dtype=np.int16).clip(0, 255).astype(np.uint8), time_s=time_s)


def times(taken: list[Taken]) -> list[tuple[Reason, float]]:
    return [(one.reason, one.frame.time_s) for one in taken]


def test_a_still_view_gives_its_first_frame_only() -> None:
    assert times(list(worth_labelling(clip(30), 12))) == [(Reason.START, 0.0)]


def test_a_scene_change_is_taken_where_it_happens() -> None:
    assert times(list(worth_labelling(clip(20, cut_s=17.4), 12))) == [(Reason.START, 0.0), (Reason.CUT, 17.4)]


@pytest.mark.parametrize("per_minute", [6, 30])
def test_what_moves_is_taken_and_never_too_often(per_minute: float) -> None:
    taken = list(worth_labelling(clip(40, walker=(15, 30)), per_minute))
    hits = [one.frame.time_s for one in taken if one.reason is Reason.HIT]
    assert hits
    assert all(15 <= time_s < 35 for time_s in hits)
    stretches = [int(one.frame.time_s // (60 / per_minute)) for one in taken]
    assert len(set(stretches)) == len(stretches)


def test_no_frame_is_taken_twice() -> None:
    # Somebody stands still: the prefilter goes on hitting for a while, but there is nothing new to label.
    def standing() -> Iterator[Frame]:
        for number in range(30 * FPS):
            luma = np.full((180, 320), 100, np.uint8)
            luma[60:160, 100:140] = 250 if number >= 10 * FPS else 100
            yield a_frame(luma, time_s=number / FPS)

    assert [reason for reason, _ in times(list(worth_labelling(standing(), 12)))] == [Reason.START, Reason.HIT]


def test_a_pause_in_the_times_does_not_stop_it() -> None:
    late = [a_frame(np.full((180, 320), level, np.uint8), time_s=at) for level, at in ((40, 0.0), (200, 500.0))]
    assert len(list(worth_labelling(late, 12))) == 2


def test_no_frames() -> None:
    assert list(worth_labelling([], 12)) == []
