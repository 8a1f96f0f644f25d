"""One thread an output: a siren that can not be reached keeps no other waiting, and no alarm."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from calibration.errors import OutputError
from edge.agent.folder import read_json, write_whole
from edge.agent.supervisor import Beat
from edge.clock import AgentClock
from edge.config.outputs import AnyOutput, ModbusCoil, Webhook
from edge.delivery.contract import rfc3339, utc
from edge.delivery.place import Place
from edge.outputs.drivers import Drive, driver
from edge.outputs.notice import Notice, concerns, notice_of
from pipelines.events import Event

log = logging.getLogger(__name__)

LOG, MUTED = "outputs.jsonl", "outputs-muted.json"
_LARGEST_LOG = 5 * 10**6
_TURN_S, _RETRY_S, _MOST_WAITING = 0.25, 2.0, 100


class Journal:
    """What each output did, in `outputs.jsonl` of the data folder; the file before is kept. Any thread may use it.

    Args:
        data: the data folder.
        clock: the agent's.
    """

    def __init__(self, data: Path, clock: AgentClock) -> None:
        self._path = data / LOG
        self._clock = clock
        self._lock = threading.Lock()

    def note(self, output: str, notice: Notice, outcome: str) -> None:
        """One attempt and what came of it."""
        line = {
            "time": rfc3339(utc(self._clock.now())), "output": output, "incident": notice.incident,
            "hazard": notice.hazard, "on": notice.lasts, "outcome": outcome,
        }  # fmt: skip
        try:
            with self._lock:
                if self._path.exists() and self._path.stat().st_size > _LARGEST_LOG:
                    self._path.replace(self._path.with_suffix(".1.jsonl"))
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            log.warning("output not noted", extra={"reason": str(error)})


class OutputRunner:
    """Drives one output.

    Args:
        settings: which.
        drive: one attempt.
        journal: what it did.
        data: the data folder; says what is muted.
        clock: the agent's.

    Attributes:
        error: why the last attempt failed; None when all is well.
    """

    def __init__(self, settings: AnyOutput, drive: Drive, journal: Journal, data: Path, clock: AgentClock) -> None:
        self.settings = settings
        self.error: str | None = None
        self._drive = drive
        self._journal = journal
        self._muted = data / MUTED
        self._clock = clock
        self._came = threading.Condition()
        self._waiting: list[tuple[float, Notice]] = []
        self._lasting: dict[str, Notice] = {}
        self._coil: bool | None = None
        self._on_s = 0.0

    def offer(self, event: Event, place: Place | None, lang: str) -> None:
        """An event of an incident; costs microseconds, from any thread."""
        with self._came:
            known = event.incident in self._lasting
            if not known and not concerns(self.settings, event):
                return
            notice = notice_of(event, place, lang)
            if notice.lasts == known:
                return  # nothing new: it goes on, or it is over and was never told
            if notice.lasts:
                self._lasting[event.incident] = notice
            else:
                del self._lasting[event.incident]
            if notice.lasts or isinstance(self.settings, Webhook):
                self._waiting.append((self._clock.monotonic() + self.settings.patience_s, notice))
                # The newest of the most severe are told first; what is left over in a flood is told by those.
                self._waiting.sort(key=lambda waiting: -waiting[1].severity)
                del self._waiting[_MOST_WAITING:]
            self._came.notify()

    def run(self, stop: threading.Event, beat: Beat) -> None:
        """The thread's work; see `Worker.run`."""
        while not stop.is_set():
            beat()
            with self._came:
                self._came.wait_for(lambda: bool(self._waiting) or stop.is_set(), _TURN_S)
            if isinstance(self.settings, ModbusCoil):
                self._keep_coil(stop, beat)
            else:
                self._serve(stop, beat)
        if isinstance(self.settings, ModbusCoil) and self._coil and not self.settings.keep_on_stop:
            self._attempt(_off(self.settings))

    def test(self) -> str | None:
        """Sound it for a moment; why that failed, or None."""
        lang_free = Notice("test", True, "test", 4, "test", None, True, rfc3339(utc(self._clock.now())), "Test 测试")
        if not self._attempt(lang_free):
            return self.error
        if isinstance(self.settings, ModbusCoil):
            time.sleep(1.0)
            self._attempt(_off(self.settings))
        return self.error

    def muted_until(self) -> float | None:
        """UTC seconds until which it is muted; None if it is not."""
        until = muted(self._muted).get(self.settings.name, 0.0)
        return until if until > self._clock.now() else None

    def _serve(self, stop: threading.Event, beat: Beat) -> None:
        while self._waiting and not stop.is_set():
            beat()
            with self._came:
                late_s, notice = self._waiting.pop(0)
            if self.muted_until() is not None:
                self._journal.note(self.settings.name, notice, "muted")
            elif not self._attempt(notice) and self._clock.monotonic() < late_s:
                with self._came:
                    self._waiting.append((late_s, notice))
                stop.wait(_RETRY_S)

    def _keep_coil(self, stop: threading.Event, beat: Beat) -> None:
        """The coil is what is true: at the start whatever was left on by a killed process, later what lasts."""
        settings = self.settings
        assert isinstance(settings, ModbusCoil)
        with self._came:
            self._waiting.clear()
            lasting = list(self._lasting.values())
        if not lasting:
            self._on_s = 0.0
        elif not self._on_s:
            self._on_s = self._clock.monotonic()
        timely = self._clock.monotonic() - self._on_s < settings.longest_s
        wanted = bool(lasting) and timely and self.muted_until() is None
        if wanted != self._coil:
            beat()
            if self._attempt(lasting[-1] if wanted else _off(settings)):
                self._coil = wanted
            else:
                stop.wait(_RETRY_S)

    def _attempt(self, notice: Notice) -> bool:
        try:
            self._drive(notice)
        except OutputError as error:
            if str(error) != self.error:
                log.warning("output failed", extra={"output": self.settings.name, "reason": str(error)})
            self.error = str(error)
            self._journal.note(self.settings.name, notice, str(error))
            return False
        self.error = None
        self._journal.note(self.settings.name, notice, "done")
        return True


class Outputs:
    """All outputs of a site.

    Args:
        settings: from the site file.
        places: where each source stands.
        lang: `zh` or `en`.
        data: the data folder.
        clock: the agent's.

    Raises:
        OutputError: what one of them needs is not installed.
    """

    def __init__(
        self, settings: Sequence[AnyOutput], places: Mapping[str, Place], lang: str, data: Path, clock: AgentClock
    ) -> None:
        journal = Journal(data, clock)
        self.runners = tuple(OutputRunner(each, driver(each), journal, data, clock) for each in settings)
        self._places = places
        self._lang = lang

    def offer(self, event: Event) -> None:
        """An event of an incident; from any thread."""
        for runner in self.runners:
            runner.offer(event, self._places.get(event.source), self._lang)

    def report(self) -> dict[str, Any]:
        """How each of them is, for the status."""
        told: dict[str, Any] = {}
        for runner in self.runners:
            until = runner.muted_until()
            told[runner.settings.name] = {
                "kind": runner.settings.kind, **({"error": runner.error} if runner.error else {}),
                **({"muted_until": rfc3339(utc(until))} if until is not None else {}),
            }  # fmt: skip
        return told


def muted(path: Path) -> dict[str, float]:
    """Until when each output is muted, UTC seconds, by its name."""
    found = read_json(path)
    return {
        str(name): float(until)
        for name, until in (found.items() if isinstance(found, dict) else ())
        if isinstance(until, int | float)
    }


def mute(data: Path, name: str, until_s: float) -> None:
    """Mute an output of an agent, which may be running, until a time; one that has passed ends it.

    Raises:
        OSError: it can not be written.
    """
    write_whole(data / MUTED, json.dumps(muted(data / MUTED) | {name: until_s}) + "\n", durable=True)


def _off(settings: ModbusCoil) -> Notice:
    return Notice("none", False, "none", 1, settings.name, None, False, rfc3339(utc(0.0)), "")
