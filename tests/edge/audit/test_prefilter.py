"""The audit finds what the prefilter flags, and says so when it flags nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edge.audit import prefilter as audit
from edge.audit.footage import Weather, disturb, play
from edge.audit.prefilter import covered, drawn, held, recall, watch_drill, watch_events, watch_quiet
from edge.config.drill import DrillSmoke
from pipelines.activity import Activity, Regions
from pipelines.frame import Frame, from_bgr
from pipelines.prefilter import Prefilter

FPS = 5.0


def yard(seconds: float, noise: float = 1.5) -> tuple[Frame, ...]:
    """A yard in which nothing happens, before a sensor with a little noise."""
    rng = np.random.default_rng(4)
    ground = np.kron(rng.integers(70, 150, (9, 16, 3)), np.ones((20, 20, 1)))
    return tuple(
        from_bgr(np.clip(ground + rng.normal(0, noise, ground.shape), 0, 255).astype(np.uint8), time_s=number / FPS)
        for number in range(round(seconds * FPS))
    )


def plume(**more: object) -> DrillSmoke:
    said = {"at": (0.5, 0.85), "start_s": audit.BEGINS_S, "grow_s": 5.0, "opacity": 0.6, **more}
    return DrillSmoke.model_validate(said)


def test_a_plume_is_flagged_soon_after_it_can_be_seen() -> None:
    outcome = watch_drill("yard", yard(8), plume(), Weather.CALM, FPS)
    assert outcome.visible_s >= audit.BEGINS_S
    assert outcome.delay_s is not None
    assert outcome.delay_s < 3
    assert outcome.share > 0.5
    assert outcome.alone


def test_a_prefilter_that_points_at_nothing_misses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    look: Callable[[Prefilter, Frame], Activity] = Prefilter.look

    def blind(self: Prefilter, frame: Frame) -> object:
        seen = look(self, frame)
        return replace(seen, regions=Regions.none(), unsettled=False)

    monkeypatch.setattr(Prefilter, "look", blind)
    outcome = watch_drill("yard", yard(8), plume(), Weather.CALM, FPS)
    assert outcome.flagged_s is None
    assert outcome.delay_s is None
    assert outcome.share == 0
    assert recall([outcome]) == 0


def test_what_moves_there_anyway_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prefilter that points at everything all the time misses nothing, hands on everything, and has seen no plume."""
    look: Callable[[Prefilter, Frame], Activity] = Prefilter.look

    def nervous(self: Prefilter, frame: Frame) -> object:
        seen = look(self, frame)
        everywhere = Regions(np.array([[0, 0, 1, 1]], np.float32), np.ones(1, np.float32))
        return replace(seen, regions=everywhere, unsettled=False)

    monkeypatch.setattr(Prefilter, "look", nervous)
    outcome = watch_drill("yard", yard(8), plume(), Weather.CALM, FPS)
    assert not outcome.alone
    assert recall([outcome]) == 1
    assert recall([outcome], alone=True) == 0
    assert watch_quiet("yard", yard(12), Weather.CALM).passed == 1.0


def test_that_a_view_is_unsettled_is_no_merit(monkeypatch: pytest.MonkeyPatch) -> None:
    look: Callable[[Prefilter, Frame], Activity] = Prefilter.look
    monkeypatch.setattr(
        Prefilter, "look", lambda self, frame: replace(look(self, frame), regions=Regions.none(), unsettled=True)
    )
    assert watch_drill("yard", yard(8), plume(), Weather.CALM, FPS).flagged_s is None
    assert watch_events("yard", yard(12), {"fire": [(6.0, 10.0)]})[0].flagged_s is None
    assert watch_quiet("yard", yard(12), Weather.CALM).passed == 1.0


def test_a_corner_of_a_plume_is_not_the_plume() -> None:
    boxes = np.array([[0.0, 0.0, 0.25, 0.5], [0.2, 0.0, 0.3, 0.1]], np.float32)
    assert held(boxes, (0.0, 0.0, 0.25, 0.5)) == 1.0
    assert held(boxes, (0.0, 0.0, 1.0, 0.5)) < 0.3
    assert held(boxes[:0], (0.0, 0.0, 1.0, 1.0)) == 0


def test_time_in_which_something_moves_is_counted_apart() -> None:
    frames = list(yard(20))
    for number, frame in enumerate(frames):
        if 12 <= frame.time_s < 15:
            picture = frame.bgr().copy()
            picture[40:100, 60 + 5 * (number % 15) :][:, :60] = 255
            frames[number] = from_bgr(picture, time_s=frame.time_s)
    told = watch_quiet("yard", frames, Weather.CALM, [(12.0, 15.0)])
    assert told.quiet_s == pytest.approx(10.0, abs=0.5)  # 15 s that count, less three and one at each end
    assert told.passed is not None
    assert told.passed < 0.02
    assert told.lively is not None
    assert told.lively > 0.02
    unknown = watch_quiet("yard", frames, Weather.CALM, None)
    assert unknown.passed is None
    assert unknown.lively is not None


def test_quiet_footage_is_hardly_handed_on_and_a_switched_light_is() -> None:
    calm = watch_quiet("yard", yard(20), Weather.CALM)
    assert calm.passed is not None
    assert calm.passed < 0.02
    switched = watch_quiet("yard", yard(20), Weather.LIGHT)
    assert switched.passed is not None
    assert calm.passed < switched.passed < 0.2  # in full once, and known again soon


def test_events_count_from_their_onset() -> None:
    frames = list(yard(12))
    for number, frame in enumerate(frames):
        if 8 <= frame.time_s < 10:
            picture = frame.bgr().copy()
            left = 60 + 4 * (number % 20)
            picture[40:100, left : left + 60] = 255
            frames[number] = from_bgr(picture, time_s=frame.time_s)
    found = watch_events("yard", frames, {"fire": [(8.0, 10.0)], "smoke": [(4.0, 6.0)]})
    assert [(one.what, one.flagged_s is not None) for one in found] == [("fire", True), ("smoke", False)]
    assert found[0].delay_s == pytest.approx(0.0, abs=0.3)
    assert recall(found) == 0.5
    assert recall([]) is None


def test_play_goes_to_and_fro_with_times_that_rise() -> None:
    frames = yard(1)
    played = list(play(frames, 4, FPS))
    assert [frame.time_s for frame in played] == pytest.approx([n / FPS for n in range(20)])
    order = [next(i for i, frame in enumerate(frames) if frame.y is one.y) for one in played]
    assert order[:10] == [0, 1, 2, 3, 4, 3, 2, 1, 0, 1]


@pytest.mark.parametrize("weather", list(Weather))
def test_weather_is_the_same_for_the_same_seed_and_leaves_the_frame_alone(weather: Weather) -> None:
    frame = yard(0.4)[1]
    before = frame.y.copy()
    one, other = (disturb(weather, 5.0)(frame) for _ in range(2))
    assert np.array_equal(one.y, other.y)
    assert np.array_equal(frame.y, before)
    assert (weather is Weather.CALM) == np.array_equal(one.y, before)


def test_areas_are_counted_once() -> None:
    assert covered(np.array([[0, 0, 0.5, 0.5], [0.25, 0, 0.5, 0.5]], np.float32)) == pytest.approx(0.25)
    assert covered(np.empty((0, 4), np.float32)) == 0


def test_where_a_drill_can_be_seen() -> None:
    plain = np.full((90, 160), 100, np.uint8)
    drilled = plain.copy()
    drilled[40:60, 80:120] = 140
    assert drawn(drilled, plain) == pytest.approx((0.5, 40 / 90, 0.75, 60 / 90), abs=0.03)
    assert drawn(plain, plain) is None
