"""From the agent's journal and its coverage to the figures of a shift."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from edge.delivery.contract import CloudEvent, CoverageEvent, EventData, is_coverage
from edge.delivery.notices import is_notice
from edge.delivery.place import Place
from pipelines.events import Condition, Handling, Mode, Phase
from pipelines.frame import Clock


@dataclass(frozen=True, slots=True)
class Case:
    """One incident of the shift.

    Attributes:
        incident: its id.
        title: of the hazard, by language.
        source, zone: where.
        enterprise: whose place it is; empty where the site file does not say.
        opened_s: UTC seconds, of the alarm's frame.
        ended_s: when the lens saw it no longer; None while it does.
        severity: the highest.
        condition, handling: at the end of the shift.
        mode: alarm or observe.
        drill: it was a test.
        confirm_s: from the first sign to the alarm.
        delay_s: from the capture of the alarm's frame to the outbox; None where it is not known.
        reached: how far people came with it, each state once, in order.
        overdue: a deadline passed.
    """

    incident: str
    title: Mapping[str, str]
    source: str
    zone: str | None
    enterprise: str
    opened_s: float
    ended_s: float | None
    severity: int
    condition: Condition
    handling: Handling
    mode: Mode
    drill: bool
    confirm_s: float
    delay_s: float | None
    reached: tuple[Handling, ...]
    overdue: bool


@dataclass(frozen=True, slots=True)
class Blindness:
    """A time in which a view could not be seen.

    Attributes:
        source: which.
        title: of the fault, by language.
        since_s, until_s: UTC seconds; None while it lasts.
    """

    source: str
    title: Mapping[str, str]
    since_s: float
    until_s: float | None


@dataclass(frozen=True, slots=True)
class Switched:
    """Rules that were muted or switched.

    Attributes:
        rules: `source/rule` of each.
        to: what they did meanwhile.
        since_s, until_s: UTC seconds.
        by: who asked for it; empty where it was not said.
    """

    rules: tuple[str, ...]
    to: str
    since_s: float
    until_s: float
    by: str


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of the incidents of an enterprise.

    Attributes:
        pushed: alarms.
        acknowledged, rectified, verified, reopened, false, overdue: how many of them came so far.
    """

    pushed: int
    acknowledged: int
    rectified: int
    verified: int
    reopened: int
    false: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Shift:
    """A whole shift.

    Attributes:
        since_s, until_s: UTC seconds.
        cases: by the time of their alarm.
        blind: by their beginning.
        switched: by their beginning.
        watched: share of each hour in which each view was watched, by source and hour.
        drops: figures of each source since the agent started, by source.
        unreadable: events that could not be read.
    """

    since_s: float
    until_s: float
    cases: tuple[Case, ...]
    blind: tuple[Blindness, ...]
    watched: Mapping[str, Mapping[str, float]]
    drops: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unreadable: int = 0
    switched: tuple[Switched, ...] = ()

    def by_enterprise(self) -> dict[str, Handled]:
        """What became of the real alarms, by enterprise."""
        told: dict[str, list[Case]] = {}
        for case in self.cases:
            if case.mode is Mode.ALARM and not case.drill:
                told.setdefault(case.enterprise, []).append(case)
        return {name: _handled(cases) for name, cases in sorted(told.items())}


def gather(
    payloads: Iterable[bytes],
    watched: Mapping[str, Mapping[str, float]],
    status: Mapping[str, Any],
    since_s: float,
    until_s: float,
    commands: str = "",
) -> Shift:
    """Figures of the time between two moments.

    Args:
        payloads: of events, in the order of their numbers.
        watched: share of each hour that was watched, by source and hour; see `edge.coverage.hours`.
        status: the agent's `status.json`; empty where there is none.
        since_s: UTC seconds.
        until_s: UTC seconds.
        commands: the agent's `commands.jsonl`.
    """
    lives: dict[str, list[CloudEvent]] = {}
    blind: dict[str, Blindness] = {}
    unreadable = 0
    for payload in payloads:
        try:
            if is_coverage(payload):
                _blind(CoverageEvent.model_validate_json(payload), blind)
            elif not is_notice(payload):  # whose certificate expires is no matter of a shift
                event = CloudEvent.model_validate_json(payload)
                lives.setdefault(event.data.incident, []).append(event)
        except ValidationError:
            unreadable += 1
    cases = [_case(sorted(life, key=lambda event: event.data.sequence)) for life in lives.values()]
    inside = [case for case in cases if case.opened_s < until_s and (case.ended_s is None or case.ended_s >= since_s)]
    dark = [each for each in blind.values() if each.since_s < until_s and (each.until_s or until_s) >= since_s]
    figures = status.get("details", {}).get("sources", {}) if isinstance(status.get("details"), dict) else {}
    return Shift(
        since_s,
        until_s,
        tuple(sorted(inside, key=lambda case: case.opened_s)),
        tuple(sorted(dark, key=lambda each: each.since_s)),
        watched,
        {name: _drops(name, found, status) for name, found in figures.items()},
        unreadable,
        tuple(each for each in read_switched(commands) if each.since_s < until_s and each.until_s >= since_s),
    )


def _case(life: list[CloudEvent]) -> Case:
    first, last = life[0].data, life[-1].data
    cleared = [_moment(event.data, event.data.observed) for event in life if event.data.phase is Phase.CLEARED]
    over = last.condition is Condition.CLEARED and bool(cleared)
    return Case(
        incident=first.incident,
        title={"en": first.hazard.title.en, "zh": first.hazard.title.zh},
        source=first.source,
        zone=first.zone,
        enterprise=_enterprise(first.place),
        opened_s=_moment(first, first.alarm),
        ended_s=cleared[-1] if over else None,
        severity=max(event.data.severity for event in life),
        condition=last.condition,
        handling=last.handling,
        mode=first.mode,
        drill=first.drill,
        confirm_s=(first.alarm - first.first_seen).total_seconds(),
        delay_s=first.delay_s if first.phase is Phase.OPEN else None,
        reached=tuple(dict.fromkeys(event.data.handling for event in life)),
        overdue=any(event.data.overdue for event in life),
    )


def _moment(data: EventData, observed: datetime) -> float:
    """When it was; of a recording, when it was found: its own times are those of another day."""
    return (data.sent_at if data.clock is Clock.FILE else observed).timestamp()


def _enterprise(place: Place | None) -> str:
    return (place.enterprise.name or "") if place is not None and place.enterprise is not None else ""


def _blind(event: CoverageEvent, blind: dict[str, Blindness]) -> None:
    data = event.data
    until_s = data.observed.timestamp() if data.phase == "cleared" else None
    title = {"en": data.fault.title.en, "zh": data.fault.title.zh}
    blind[data.incident] = Blindness(data.source, title, data.since.timestamp(), until_s)


def _handled(cases: list[Case]) -> Handled:
    def came(state: Handling) -> int:
        return sum(state in case.reached for case in cases)

    return Handled(
        len(cases),
        came(Handling.ACKNOWLEDGED),
        came(Handling.RECTIFIED),
        came(Handling.CLOSED),
        came(Handling.REOPENED),
        came(Handling.FALSE_ALARM),
        sum(case.overdue for case in cases),
    )


def _drops(name: str, figures: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, Any]:
    own: Mapping[str, Any] = next((each for each in status.get("sources", ()) if each.get("name") == name), {})
    return {
        "frames": own.get("frames", 0),
        "drops": own.get("drops", 0),
        "corrupt": figures.get("corrupt", 0),
        "reconnects": figures.get("reconnects", 0),
        "dropped_late": figures.get("dropped_late", 0),
        "interval_s": figures.get("inspection_interval_s"),
    }


def read_switched(text: str) -> list[Switched]:
    """The mutes and switches in the content of `commands.jsonl`; what is not understood is left out."""
    found: dict[str, Switched] = {}
    for line in text.splitlines():
        try:
            said = json.loads(line)
            state, result = said["state"], said["state"]["result"]
            if said["key"].split("/")[0] in ("mute", "rules") and state["status"] == "successful":
                since, until = (datetime.fromisoformat(said) for said in (state["time"], result["until"]))
                found[said["key"]] = Switched(
                    tuple(map(str, result["rules"])),
                    str(result["to"]),
                    since.timestamp(),
                    until.timestamp(),
                    str(result.get("by", "")),
                )
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return sorted(found.values(), key=lambda each: each.since_s)
