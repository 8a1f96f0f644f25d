"""Rules that are off or only observe, and hazards that are muted: each until a time, then as in the site file."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from calibration.errors import CommandRefused, DeliveryError
from edge.agent.folder import read_json, write_whole
from edge.clock import AgentClock
from edge.config import Site
from edge.delivery.contract import rfc3339, utc
from edge.delivery.orders import Mute, Rules
from pipelines.hazards import HazardKind
from pipelines.rules.base import RuleSettings

log = logging.getLogger(__name__)

FILE = "switches.json"
_MOST = 1000

To = Literal["off", "observe"]


@dataclass(frozen=True, slots=True)
class Switch:
    """What is switched, until when; what is None is not asked about.

    Attributes:
        to: what the rules do meanwhile.
        until_s: UTC seconds.
        source: of this source only.
        rule: of this name only.
        hazard: of this kind only.
        zone: of this zone only.
        by: who asked for it.
    """

    to: To
    until_s: float
    source: str | None = None
    rule: str | None = None
    hazard: str | None = None
    zone: str | None = None
    by: str | None = None

    def concerns(self, source: str, rule: RuleSettings) -> bool:
        """It is about this rule of this source."""
        asked = (self.source, self.rule, self.hazard, self.zone)
        found = (source, rule.title, str(rule.kind), getattr(rule, "zone", None))
        return all(want is None or want == has for want, has in zip(asked, found, strict=True))


class Switches:
    """Keeps the switches, over restarts. Any thread may use it.

    A switch ends by the wall clock, and no later than the time it was given for by this process's own clock: a clock
    that is set back does not make it last.

    Args:
        path: the file.
        site: whose sources and rules there are.
        clock: the agent's.
    """

    def __init__(self, path: Path, site: Site, clock: AgentClock) -> None:
        self._path = path
        self._site = site
        self._clock = clock
        self._lock = threading.Lock()
        now_s, monotonic_s = clock.now(), clock.monotonic()
        self._ends = {switch: monotonic_s + switch.until_s - now_s for switch in _read(path) if switch.until_s > now_s}

    def state(self, source: str, rule: RuleSettings) -> To | None:
        """What a rule does now; None: what the site file says."""
        if not self._ends:
            return None
        states = {switch.to for switch in self._lasting() if switch.concerns(source, rule)}
        return "off" if "off" in states else "observe" if states else None

    def mute(self, order: Mute, _: str) -> dict[str, Any]:
        """Have hazards recorded that alarm nobody."""
        hazard = None if order.hazard is None else str(order.hazard)
        return self._add(Switch("observe", order.until.timestamp(), order.source, None, hazard, order.zone, order.by))

    def rules(self, order: Rules, _: str) -> dict[str, Any]:
        """Switch rules."""
        hazard = None if order.hazard is None else str(order.hazard)
        return self._add(Switch(order.to, order.until.timestamp(), order.source, order.rule, hazard, None, order.by))

    def report(self) -> list[dict[str, Any]]:
        """What is switched now, for the status."""
        return [
            {key: value for key, value in asdict(switch).items() if value is not None and key != "until_s"}
            | {"until": rfc3339(utc(switch.until_s))}
            for switch in self._lasting()
        ]

    def _add(self, switch: Switch) -> dict[str, Any]:
        concerned = [
            f"{source.name}/{rule.title}"
            for source in self._site.sources
            for rule in source.rules
            if switch.concerns(source.name, rule)
        ]
        if not concerned:
            known = ", ".join(f"{source.name}/{rule.title}" for source in self._site.sources for rule in source.rules)
            raise CommandRefused(f"no rule is concerned; there are: {known}")
        if len(self._ends) >= _MOST:
            raise CommandRefused(f"{_MOST} switches are in force; no more are taken")
        with self._lock:
            lasting = self._lasting()
            self._ends = {each: self._ends[each] for each in lasting}
            self._ends[switch] = self._clock.monotonic() + switch.until_s - self._clock.now()
            self._write()
        log.warning("rules switched", extra={"to": switch.to, "rules": ", ".join(concerned), "by": switch.by or ""})
        said = {"rules": list(concerned), "to": switch.to, "until": rfc3339(utc(switch.until_s))}
        return said | ({"by": switch.by} if switch.by else {})

    def _lasting(self) -> list[Switch]:
        now_s, monotonic_s = self._clock.now(), self._clock.monotonic()
        return [switch for switch, end_s in list(self._ends.items()) if now_s < switch.until_s and monotonic_s < end_s]

    def _write(self) -> None:
        try:
            write_whole(self._path, json.dumps([asdict(switch) for switch in self._ends]) + "\n", durable=True)
        except OSError as error:
            raise DeliveryError(f"{self._path}: can not be written, the switch ends with the process") from error


def _read(path: Path) -> list[Switch]:
    found = []
    content = read_json(path)
    for each in content if isinstance(content, list) else []:
        try:
            switch = Switch(**each)
            valid = switch.to in ("off", "observe") and isinstance(switch.until_s, float)
        except TypeError:
            valid = False
        if valid and (switch.hazard is None or switch.hazard in set(HazardKind)):
            found.append(switch)
        else:
            log.warning("a switch is not understood, left out", extra={"found": str(each)[:200]})
    return found
