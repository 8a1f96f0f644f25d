"""`update_model`: another model is fetched, checked, tried beside the one in use, put in its place, and watched."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from calibration.errors import CommandRefused, LookoutError, ModelError
from edge.agent.candidates import Candidates
from edge.agent.inspector import Inspector
from edge.agent.models import Models, named
from edge.agent.supervisor import Beat
from edge.clock import AgentClock
from edge.delivery.orders import UpdateModel
from edge.inference import Ready
from edge.updates.installed import Update, Updates
from edge.updates.package import fetch, unpack, until
from edge.updates.trial import compare
from pipelines.frame import Frame

log = logging.getLogger(__name__)

PROBATION_S = 120.0
"""So long a new model has to run without a failed inspection before it is kept."""

_LONGEST_S = 1800.0  # a package that takes longer to fetch is given up
_TURN_S = 0.25

Work = Future[dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class _Asked:
    order: UpdateModel
    command: str
    work: Work


@dataclass(frozen=True, slots=True)
class _Probation:
    """A model that has to show that it runs.

    Attributes:
        title: of its use.
        until_s: monotonic time.
        failures: of inspections, before.
        before: what it took the place of, to be put back; None after a restart.
        earlier: the update that it took the place of; None where that was the site's own.
        work: the answer that the platform waits for; None after a restart.
        result: what to answer when all is well.
    """

    title: str
    until_s: float
    failures: int
    before: Ready | None = None
    earlier: Update | None = None
    work: Work | None = None
    result: dict[str, Any] | None = None


class ModelUpdates:
    """Exchanges models while the agent runs, one at a time.

    Args:
        candidates: loads those that may take the place of others.
        models: those in use.
        installed: which updates there are, over restarts.
        inspector: runs them.
        pictures: gives what a new model is tried on: stored pictures, and those of now.
        clock: the agent's.

    Attributes:
        error: why the last update was not kept; None when all is well.
    """

    def __init__(
        self,
        candidates: Candidates,
        models: Models,
        installed: Updates,
        inspector: Inspector,
        pictures: Callable[[], Sequence[Frame]],
        clock: AgentClock,
    ) -> None:
        self.error: str | None = None
        self._candidates = candidates
        self._models = models
        self._installed = installed
        self._inspector = inspector
        self._pictures = pictures
        self._clock = clock
        self._asked: _Asked | None = None
        self._probation: dict[str, _Probation] = {}
        self._lock = threading.Lock()  # of the two above: commands come from another thread

    def ask(self, order: UpdateModel, command: str) -> Work:
        """Take up a command; the answer comes once the new model has stood its probation.

        Raises:
            CommandRefused: there is no such model, another update is under way, or this one was taken back before.
        """
        reason = self._installed.taken_back(command)
        if reason is not None:  # asked for once more, since the process ended before it could answer
            raise CommandRefused(f"taken back: {reason}")
        if order.name not in self._models.detectors:
            allowed = ", ".join(self._models.detectors)
            raise CommandRefused(f"model {order.name!r} serves no rule here, allowed: {allowed}")
        with self._lock:
            update = self._installed.current(order.name)
            if update is not None and update.command == command:
                return self._join(order.name)
            if self._asked is not None or self._probation:
                raise CommandRefused("another update is under way; try again in some minutes")
            self._asked = _Asked(order, command, Future())
            return self._asked.work

    def _join(self, title: str) -> Work:
        """What is asked for has been done, maybe before a restart; it may still be on probation."""
        work: Work = Future()
        on_probation = self._probation.get(title)
        if on_probation is None:
            work.set_result(self._now(title))
        else:
            self._probation[title] = replace(on_probation, work=work, result=self._now(title))
        return work

    def run(self, stop: threading.Event, beat: Beat) -> None:
        """The thread's work; see `Worker.run`."""
        for title in self._installed.unproven:
            if title in self._models.detectors and title not in self._probation:
                self._watch(_Probation(title, self._clock.monotonic() + PROBATION_S, self._inspector.failures))
        while not stop.wait(_TURN_S):
            beat()
            with self._lock:
                for each in list(self._probation.values()):
                    self._look_after(each)
            if self._asked is not None:
                self._take(self._asked, stop, beat)
                self._asked = None

    def give_up(self, reason: str) -> None:
        """The process starts afresh because something hangs: what has not proved itself is not trusted with it."""
        for title in self._installed.unproven:
            self._installed.withdraw(title, reason)

    def _take(self, asked: _Asked, stop: threading.Event, beat: Beat) -> None:
        wait_no_longer = until(stop.is_set, _LONGEST_S)

        def go_on() -> bool:
            beat()
            return wait_no_longer()

        try:
            self._update(asked, go_on)
        except (LookoutError, OSError) as error:
            log.warning("model not updated", extra={"model": asked.order.name, "reason": str(error)})
            if not stop.is_set():  # else it is asked for again at the next start
                asked.work.set_exception(error if isinstance(error, LookoutError) else ModelError(str(error)))
        except Exception as error:
            asked.work.set_exception(error)
            raise

    def _update(self, asked: _Asked, go_on: Callable[[], bool]) -> None:
        order = asked.order
        title, used = order.name, self._models.detectors[order.name]
        failing = self._inspector.failing
        if failing:
            raise CommandRefused(
                f"the inspection of {', '.join(failing)} fails already: a new model could not be judged by that"
            )
        folder = self._installed.place(title, order.sha256)
        earlier = self._installed.current(title)
        if earlier is not None and earlier.folder == folder.name:
            asked.work.set_result(self._now(title))
            return
        package = self._installed.incoming(title)
        try:
            fetch(order.url, order.sha256, package, go_on)
            unpack(package, folder)
            other = self._candidates.examine(order, folder, self._models)
            trial = compare(used, other.detector, self._pictures(), self._inspector.between)
            fault = trial.fault(allow_slower=order.allow_slower, allow_fewer=order.allow_fewer)
            if fault is not None:
                raise ModelError(f"{folder.name}: {fault}")
            self._installed.install(title, folder, self._candidates.own_sha256(title), asked.command)
        except (LookoutError, OSError):
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            package.unlink(missing_ok=True)
        failures = self._inspector.failures
        was = named(used).version
        before = self._inspector.between(lambda: self._models.exchange(title, other))
        log.info("model exchanged", extra={"model": title, "before": was, "now": named(used).version})
        result = {**self._now(title), "before": was, **trial.record()}
        self._watch(
            _Probation(
                title, self._clock.monotonic() + PROBATION_S, failures, before, earlier, asked.work, result
            )
        )  # fmt: skip

    def _now(self, title: str) -> dict[str, Any]:
        return dict(named(self._models.detectors[title]).model_dump())

    def _watch(self, probation: _Probation) -> None:
        self._probation[probation.title] = probation

    def _look_after(self, probation: _Probation) -> None:
        failed = self._inspector.failures - probation.failures
        if failed:
            self._take_back(probation, f"{failed} inspections failed with it")
        elif self._clock.monotonic() >= probation.until_s:
            del self._probation[probation.title]
            self._installed.prove(probation.title)
            self.error = None
            log.info("model kept", extra={"model": probation.title})
            if probation.work is not None:
                probation.work.set_result(probation.result)

    def _take_back(self, probation: _Probation, reason: str) -> None:
        title = probation.title
        before = probation.before or self._candidates.own(title)
        self._inspector.between(lambda: self._models.exchange(title, before))
        self._installed.put_back(title, probation.earlier, reason)
        del self._probation[title]
        self.error = f"the update of {title} was taken back: {reason}"
        if probation.work is not None:
            probation.work.set_exception(ModelError(self.error))
