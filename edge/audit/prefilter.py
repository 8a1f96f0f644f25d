"""How often the prefilter lets a hazard pass, and how much of quiet footage it hands on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.audit.footage import Weather, disturb, play
from edge.config.drill import DrillFire, DrillSettings, DrillSmoke
from edge.sources.drill import Drill
from pipelines.activity import Activity, window
from pipelines.frame import Frame
from pipelines.prefilter import Prefilter
from pipelines.prefilter.small import COLUMNS, ROWS

# A drill begins once the view is known, and is watched for so long after it has grown.
BEGINS_S = 10.0
LINGERS_S = 10.0

# At the beginning of footage the view is being learnt; half of it, where it is short.
LEARNS_S = 5.0
# What comes and goes is seen a little before and after the times that somebody wrote down.
AROUND_S = 1.0
# A thing is pointed at when regions hold so much of what can be seen of it.
_HELD = 0.5

# So many levels of luma, over so many cells of the small picture, and a drawn thing is there to be seen.
_VISIBLE_LEVELS, _VISIBLE_CELLS = 4, 12

GROWTHS_S = (5.0, 60.0, 180.0)
OPACITIES = (0.15, 0.4, 0.8)

Looks = Callable[[Frame], Activity]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one thing that there was to see.

    Attributes:
        where: the clip.
        what: the hazard of a clip, or the drill in words.
        weather: of a drill.
        growth_s: of a drill, seconds to its full size; 0 for what was filmed.
        opacity: of drilled smoke; 0 for anything else.
        visible_s: when it began, or could first be seen, seconds of the footage.
        flagged_s: when the prefilter first pointed at it; None if never.
        share: of the time it could be seen, how much was flagged.
        alone: of a drill, it was pointed at when the same place would not have been without it.
    """

    where: str
    what: str
    weather: str
    growth_s: float
    opacity: float
    visible_s: float
    flagged_s: float | None
    share: float
    alone: bool = True

    @property
    def delay_s(self) -> float | None:
        """From when it could be seen until the prefilter pointed at it."""
        return None if self.flagged_s is None else self.flagged_s - self.visible_s


@dataclass(frozen=True, slots=True)
class Quiet:
    """How much of footage without a hazard is handed on.

    Attributes:
        where: the clip.
        weather: what disturbed it.
        quiet_s: so long nothing moves in it.
        passed: mean share of the picture in regions meanwhile, unsettled frames counted whole: area × time; None where
            it is not known when nothing moves.
        stirred: share of the frames with any region meanwhile.
        lively: the same as `passed`, of the rest: things move, and are handed on rightly.
    """

    where: str
    weather: str
    quiet_s: float
    passed: float | None
    stirred: float | None
    lively: float | None


@dataclass(frozen=True, slots=True)
class Audit:
    """All of it.

    Attributes:
        events: what was filmed.
        drills: what was drawn.
        quiet: footage without a hazard.
        look_us: median cost of a look, microseconds.
    """

    events: tuple[Outcome, ...]
    drills: tuple[Outcome, ...]
    quiet: tuple[Quiet, ...]
    look_us: float

    def record(self) -> dict[str, Any]:
        """The audit as JSON."""
        calm = [one for one in self.quiet if one.weather == Weather.CALM]
        return {
            "recall": recall([*self.events, *self.drills]),
            "recall_events": recall(self.events),
            "recall_drills": recall(self.drills),
            "recall_alone": recall(self.drills, alone=True),
            "passed_share": _mean([one.passed for one in calm]),
            "passed_share_lively": _mean([one.lively for one in calm]),
            "look_us": round(self.look_us, 1),
            "events": [_told(one) for one in self.events],
            "drills": [_told(one) for one in self.drills],
            "quiet": [asdict(one) for one in self.quiet],
        }


def recall(outcomes: Sequence[Outcome], *, alone: bool = False) -> float | None:
    """Share that was flagged at all; None of nothing.

    Args:
        outcomes: of things that there were to see.
        alone: and would not have been without the thing: where much moves anyway, that is seldom.
    """
    hits = [one.flagged_s is not None and (one.alone or not alone) for one in outcomes]
    return round(sum(hits) / len(hits), 4) if hits else None


def watch_events(
    where: str, frames: Iterable[Frame], events: Mapping[str, Sequence[tuple[float, float]]]
) -> list[Outcome]:
    """What the prefilter flags of a clip's own events; where in the picture they are is not known.

    That the view is unsettled counts for nothing: at the beginning of a clip it always is.
    """
    prefilter, times, flagged = Prefilter(), [], []
    for frame in frames:
        activity = prefilter.look(frame)
        if not activity.unsettled:
            times.append(frame.time_s)
            flagged.append(len(activity.regions) > 0)
    return [
        _outcome(where, what, Weather.CALM, 0.0, 0.0, start, [
            (at, hit) for at, hit in zip(times, flagged, strict=True) if start <= at <= end
        ])
        for what, spans in events.items() for start, end in spans
    ]  # fmt: skip


def watch_quiet(
    where: str, frames: Sequence[Frame], weather: Weather, lively: Sequence[tuple[float, float]] | None = ()
) -> Quiet:
    """What the prefilter hands on of footage without a hazard, once it has learnt the view.

    Args:
        where: the clip.
        frames: of it.
        weather: what disturbs it.
        lively: when something moves in it; None if that is not known.
    """
    prefilter = Prefilter()
    calm: list[float] = []
    rest: list[float] = []
    lasts_s = frames[-1].time_s - frames[0].time_s
    known_s = frames[0].time_s + min(LEARNS_S, lasts_s / 2)
    for frame in map(disturb(weather, frames[0].time_s + lasts_s / 2), frames):
        activity = prefilter.look(frame)
        if frame.time_s >= known_s:
            share = 1.0 if activity.unsettled else covered(activity.regions.xyxy)
            moves = lively is None or any(a - AROUND_S <= frame.time_s <= b + AROUND_S for a, b in lively)
            (rest if moves else calm).append(share)
    step_s = lasts_s / max(len(frames) - 1, 1)
    stirred = _mean([share > 0 for share in calm])
    return Quiet(where, weather, round(len(calm) * step_s, 1), _mean(calm), stirred, _mean(rest))


def watch_drill(
    where: str, frames: Sequence[Frame], item: DrillFire | DrillSmoke, weather: Weather, fps: float
) -> Outcome:
    """Whether the prefilter points at a drill, and whether it would not have done so without it.

    The same footage is looked at twice, with the drill and without. That the view is unsettled counts for nothing.
    """
    drill = Drill(DrillSettings(items=(item,)), 0.0)
    lasts_s = BEGINS_S + item.grow_s + LINGERS_S
    weather_on, weather_off = (disturb(weather, BEGINS_S + item.grow_s / 2) for _ in range(2))
    drilled, plain = Prefilter(), Prefilter()
    seen: list[tuple[float, bool]] = []
    alone = False
    for frame in play(frames, lasts_s, fps):
        on, off = drilled.look(weather_on(drill.render(frame))), plain.look(weather_off(frame))
        place = drawn(on.luma, off.luma) if frame.time_s >= item.start_s else None
        if place is not None:
            hit = not on.unsettled and held(on.regions.xyxy, place) >= _HELD
            alone |= hit and held(off.regions.xyxy, place) < _HELD
            seen.append((frame.time_s, hit))
    opacity = item.opacity if isinstance(item, DrillSmoke) else 0.0
    visible_s = seen[0][0] if seen else lasts_s
    outcome = _outcome(where, str(item.kind), weather, item.grow_s, opacity, visible_s, seen)
    return replace(outcome, alone=alone)


def drills(number: int) -> list[tuple[DrillFire | DrillSmoke, Weather]]:
    """What is drawn before the `number`th clip: smoke slow and quick, thin and thick, and in weather; a flame."""
    at = [(0.3, 0.85), (0.7, 0.8), (0.5, 0.9)][number % 3]
    calm = [
        (DrillSmoke(at=at, start_s=BEGINS_S, grow_s=growth, opacity=opacity, seed=number + 1), Weather.CALM)
        for growth in GROWTHS_S
        for opacity in OPACITIES
    ]
    middling = DrillSmoke(at=at, start_s=BEGINS_S, grow_s=60.0, opacity=0.4, seed=number + 1)
    flame = DrillFire(at=at, size=0.12, start_s=BEGINS_S, seed=number + 1)
    weathers = (Weather.NIGHT, Weather.LIGHT, Weather.RAIN)
    return [*calm, *((middling, weather) for weather in weathers), (flame, Weather.CALM), (flame, Weather.NIGHT)]


def look_us(frames: Sequence[Frame]) -> float:
    """Median cost of a look, microseconds."""
    prefilter, costs = Prefilter(), []
    for frame in frames:
        began = time.perf_counter()
        prefilter.look(frame)
        costs.append((time.perf_counter() - began) * 1e6)
    return median(costs)


def covered(boxes: NDArray[np.float32]) -> float:
    """Share of the picture in `(n, 4)` boxes of 0–1, what lies in several counted once."""
    return held(boxes, (0.0, 0.0, 1.0, 1.0))


def drawn(with_it: NDArray[np.uint8], without: NDArray[np.uint8]) -> tuple[float, float, float, float] | None:
    """Where a drill can be seen, as a box of 0–1; None while there is next to nothing of it.

    Args:
        with_it: `(rows, columns)`, the small picture with the drill.
        without: the same without it.
    """
    # Weather is drawn anew for each: what differs by its noise alone is no drill.
    difference = np.abs(with_it.astype(np.int16) - without)
    smooth = difference[:88, :160].reshape(44, 2, 80, 2).mean(axis=(1, 3))
    rows, columns = np.nonzero(smooth > _VISIBLE_LEVELS)
    if 4 * len(rows) < _VISIBLE_CELLS:
        return None
    return (columns.min() / 80, rows.min() / 45, (columns.max() + 1) / 80, (rows.max() + 1) / 45)


def held(boxes: NDArray[np.float32], place: tuple[float, float, float, float]) -> float:
    """Share of a place that lies in `(n, 4)` boxes of 0–1."""
    cells = np.zeros((ROWS, COLUMNS), bool)
    for x1, y1, x2, y2 in boxes.tolist():
        cells[window((x1, y1, x2, y2), ROWS, COLUMNS)] = True
    return float(cells[window(place, ROWS, COLUMNS)].mean())


def _mean(shares: Sequence[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return round(float(np.mean(known)), 4) if known else None


def _outcome(
    where: str, what: str, weather: Weather, growth_s: float, opacity: float, visible_s: float,
    seen: Sequence[tuple[float, bool]],
) -> Outcome:  # fmt: skip
    flagged_s = next((at for at, hit in seen if hit), None)
    share = float(np.mean([hit for _, hit in seen])) if seen else 0.0
    return Outcome(where, what, weather, growth_s, opacity, round(visible_s, 2), flagged_s, round(share, 4))


def _told(one: Outcome) -> dict[str, Any]:
    return {**asdict(one), "delay_s": None if one.delay_s is None else round(one.delay_s, 2)}
