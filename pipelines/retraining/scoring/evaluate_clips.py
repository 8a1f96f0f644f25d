"""Scores of the whole pipeline on clips: what it found and when, what it missed, what it made up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from calibration.rates import HOURS_A_DAY, rate_interval
from pipelines.events import Event, Mode, Phase
from pipelines.hazards import HazardKind
from pipelines.retraining.scoring.clips import Clip, Span
from pipelines.retraining.scoring.evaluate_images import rounded

SLACK_S = 1.0
"""How far an event's start and end by eye may be off."""

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Played:
    """A clip that went through the pipeline.

    Attributes:
        clip: footage and truth.
        events: what a live agent would have told.
        media_s: how long it is.
    """

    clip: Clip
    events: tuple[Event, ...]
    media_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """One event by eye; `alarm_s` and `delay_s` (from the start by eye) are None when it was missed."""

    clip: str
    hazard: str
    start_s: float
    end_s: float
    alarm_s: float | None
    delay_s: float | None


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """An alarm without an event."""

    clip: str
    hazard: str
    alarm_s: float
    first_seen_s: float
    score: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What it came to, over one hazard or all that are judged.

    Attributes:
        events: by eye.
        found: of these.
        missed: of these.
        repeated: further alarms of an event that was found.
        false: alarms without an event.
        delay_s: median delay of what was found; None without any.
        longest_delay_s: the longest.
        quiet_hours: footage during which none of the hazards happened.
        false_per_hour: false alarms an hour of that; None without any.
        false_per_hour_interval: exact Poisson interval, each end with 95 %.
        false_per_day_at_most: its upper end over a camera's day.
    """

    events: int
    found: int
    missed: int
    repeated: int
    false: int
    delay_s: float | None
    longest_delay_s: float | None
    quiet_hours: float
    false_per_hour: float | None
    false_per_hour_interval: tuple[float, float | None]
    false_per_day_at_most: float | None


@dataclass(frozen=True, slots=True)
class ClipScores:
    """A pipeline on clips.

    Attributes:
        total: over all hazards that are judged; quiet is footage during which none of them happened.
        hazards: each by itself.
        outcomes: one an event by eye.
        false_alarms: one each.
        clips: length of each in seconds.
    """

    total: Tally
    hazards: dict[str, Tally]
    outcomes: tuple[Outcome, ...]
    false_alarms: tuple[FalseAlarm, ...]
    clips: dict[str, float]

    def record(self) -> dict[str, Any]:
        """As JSON: the total's figures at the top."""
        parts = asdict(self)
        told: dict[str, Any] = rounded(parts.pop("total") | parts)
        return told


def score_clips(played: Sequence[Played], judged: Iterable[HazardKind]) -> ClipScores:
    """Hold alarms against events by eye.

    An alarm is an event's if the time from its first sign to the alarm touches the event, give or take `SLACK_S`.
    The first one finds the event, later ones repeat it; an incident that began in one event and lasts into the next
    finds both.

    Args:
        played: the clips.
        judged: hazards that count; alarms and events of others are passed over.
    """
    kinds = tuple(dict.fromkeys(judged))
    parts = {kind: [_judge(one, kind) for one in played] for kind in kinds}
    quiet = {kind: sum(_quiet(one, [kind]) for one in played) for kind in kinds}
    hazards = {str(kind): _tally(parts[kind], quiet[kind]) for kind in kinds}
    every = [part for kind in kinds for part in parts[kind]]
    return ClipScores(
        total=_tally(every, sum(_quiet(one, kinds) for one in played)),
        hazards=hazards,
        outcomes=tuple(outcome for part in every for outcome in part.outcomes),
        false_alarms=tuple(alarm for part in every for alarm in part.false),
        clips={one.clip.name: one.media_s for one in played},
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """One hazard in one clip."""

    outcomes: tuple[Outcome, ...]
    false: tuple[FalseAlarm, ...]
    repeated: int


def _judge(played: Played, kind: HazardKind) -> _Part:
    name, spans = played.clip.name, played.clip.events.get(kind, ())
    alarms = [
        event
        for event in played.events
        if event.kind is kind and event.phase is Phase.OPEN and event.mode is Mode.ALARM
    ]
    true = [alarm for alarm in alarms if any(_touches(alarm, span) for span in spans)]
    ends = {event.incident: event.time_s for event in played.events if event.phase is Phase.CLEARED}
    outcomes, used = [], set()
    for span in spans:
        own = [alarm for alarm in true if _touches(alarm, span)]
        # One that began in an event before, and is still active, needs no second alarm.
        lasting = [a for a in true if a.time_s < span[0] <= ends.get(a.incident, played.media_s)]
        first = min((*own, *lasting), key=lambda alarm: alarm.time_s, default=None)
        used |= {first.incident} if first is not None else set()
        outcomes.append(_outcome(name, kind, span, first))
    false = [a for a in alarms if a not in true]
    return _Part(
        tuple(outcomes),
        tuple(FalseAlarm(name, str(kind), a.time_s, a.first_seen_s, a.score) for a in false),
        len({alarm.incident for alarm in true} - used),
    )


def _touches(alarm: Event, span: Span) -> bool:
    return alarm.time_s >= span[0] - SLACK_S and alarm.first_seen_s <= span[1] + SLACK_S


def _outcome(clip: str, kind: HazardKind, span: Span, alarm: Event | None) -> Outcome:
    if alarm is None:
        return Outcome(clip, str(kind), *span, None, None)
    return Outcome(clip, str(kind), *span, alarm.time_s, max(0.0, alarm.time_s - span[0]))


def _quiet(played: Played, kinds: Iterable[HazardKind]) -> float:
    """Seconds of the clip in which none of the hazards happens."""
    busy, reached = 0.0, 0.0
    for start, end in sorted(span for kind in kinds for span in played.clip.events.get(kind, ())):
        first, last = max(start, reached), min(end, played.media_s)
        busy += max(0.0, last - first)
        reached = max(reached, last)
    return max(0.0, played.media_s - busy)


def _tally(parts: Sequence[_Part], quiet_s: float) -> Tally:
    outcomes = [outcome for part in parts for outcome in part.outcomes]
    delays = [outcome.delay_s for outcome in outcomes if outcome.delay_s is not None]
    false, hours = sum(len(part.false) for part in parts), quiet_s / _HOUR_S
    bounds = rate_interval(false, hours)
    return Tally(
        events=len(outcomes),
        found=len(delays),
        missed=len(outcomes) - len(delays),
        repeated=sum(part.repeated for part in parts),
        false=false,
        delay_s=median(delays) if delays else None,
        longest_delay_s=max(delays, default=None),
        quiet_hours=hours,
        false_per_hour=false / hours if hours > 0 else None,
        false_per_hour_interval=bounds,
        false_per_day_at_most=None if bounds[1] is None else bounds[1] * HOURS_A_DAY,
    )
