"""The running agent: one table of threads around the pipelines, and how it starts and ends."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from calibration.errors import DeliveryError
from edge.agent.announce import announce
from edge.agent.bearings import bearings, feeds, live_tracks
from edge.agent.candidates import Candidates
from edge.agent.casework import VERDICTS, Casework
from edge.agent.clips import Clips
from edge.agent.desk import Desk, Look
from edge.agent.ending import store_the_rest, until_over
from edge.agent.folder import DataFolder
from edge.agent.harvester import make_harvester
from edge.agent.ids import Uuid7
from edge.agent.inspector import Inspector
from edge.agent.lineup import Lineup, line_up, line_up_beside
from edge.agent.mail import Mail
from edge.agent.model_updates import ModelUpdates
from edge.agent.on_request import LATEST_S, OnRequest
from edge.agent.pictures import Pictures
from edge.agent.quarantine import Quarantine
from edge.agent.reader import Reader, adopting
from edge.agent.reload import Outcome, Reload, SiteFile
from edge.agent.resume import left_active, resume
from edge.agent.samples import sample_pictures
from edge.agent.service import Service
from edge.agent.status import Instruments, StatusReport, worker_name
from edge.agent.supervisor import Ending, Supervisor, Worker, WorkerReport
from edge.agent.supervisor import State as Post
from edge.agent.switchboard import Switchboard
from edge.agent.switches import FILE as SWITCHES
from edge.agent.switches import Switches
from edge.agent.veil import Veil
from edge.clock import AgentClock
from edge.clock_quality import synchronised
from edge.config import Site
from edge.coverage.incidents import CoverageIncidents
from edge.coverage.watcher import Watcher
from edge.delivery.dispatch import Dispatch
from edge.delivery.notices import Notices
from edge.delivery.outbox import FILE_NAME, Outbox
from edge.delivery.topics import Topics
from edge.delivery.uplink import Uplink
from edge.delivery.uploader import Uploader, give_up_uploads
from edge.evidence.store import EvidenceStore
from edge.inference import Memory
from edge.inference.memory import FILE as INFERENCE
from edge.metrics import Figures, MetricsServer
from edge.model_store import ModelStore
from edge.outputs.outputs import Outputs
from edge.sources import State
from edge.updates.installed import Updates
from pipelines.events import Phase
from pipelines.watch import Inspection, Watch

log = logging.getLogger(__name__)

OUTBOX = FILE_NAME
EVIDENCE = "evidence"
QUARANTINE = "quarantine.json"

SHUTDOWN_S = 1.6
"""How long the threads get to end; with what stands around it, the agent is gone within two seconds."""

_RING_SLACK_S = 6.0  # the last picture of a clip may be a keyframe that comes late; see `Clips`
_VITAL = ("inference", "uplink", "coverage", "status")
_TEXT_BYTES = 4 * 10**6  # what old pictures give way for when the disk has no room for the text of an event


class Agent:
    """Watches a site. `with Agent(site, data) as agent: agent.run(stop)`.

    Args:
        site: what to watch.
        data: the data folder; it belongs to this agent alone.
        store: where models are found by name; the installed ones when left out.
        clock: the agent's.
        file: where `site` was read, for `reload`.
        outcome: of the reload that this agent came from.
        lineup: what the site needs, where it has been loaded already.

    Attributes:
        reload: what it is asked to begin anew with.
        observer: told of each inspection, in the thread that inspects.
        readers: by source.

    Raises:
        ConfigError: another agent works in the data folder, or it can not be written.
        ModelError: a model can not be used.
        DeliveryError: the outbox can not be opened.
        EvidenceError: the folder for evidence or harvest can not be made.
    """

    def __init__(
        self,
        site: Site,
        data: Path,
        *,
        store: ModelStore | None = None,
        clock: AgentClock | None = None,
        file: SiteFile | None = None,
        outcome: Outcome | None = None,
        lineup: Lineup | None = None,
    ) -> None:
        self.site, self.data, self._clock = site, data, (clock := clock or AgentClock())
        self.observer: Callable[[Look, Inspection], None] | None = None
        self._topics = Topics(site.site.name, site.agent.name, site.broker.prefix)
        with ExitStack() as opened:
            opened.enter_context(DataFolder(data))
            store, memory, updates = store or ModelStore.installed(), Memory(data / INFERENCE), Updates(data)
            updates.starting()
            lineup = lineup or line_up(site, store, memory, updates)
            self._outbox = opened.enter_context(Outbox(data / OUTBOX, now=clock.now, confirm_s=site.broker.confirm_s))
            for note in self._outbox.notes:
                log.warning("outbox repaired", extra={"note": note})
            self._left_active = left_active(self._outbox, clock)
            proof = site.agent.evidence
            evidence = EvidenceStore(
                data / EVIDENCE, proof.budget_mb * 10**6, clock, wanted=self._unsent, jpeg_quality=proof.jpeg_quality
            )
            self._harvester = make_harvester(site.agent.harvest, data, lineup.plans, clock)
            new_id, desk = Uuid7(), Desk()
            keep_s, tracks = proof.before_s + proof.after_s + _RING_SLACK_S, live_tracks(site.sources, clock)
            watches = {name: Watch(plan, new_id, bearings(tracks[name])) for name, plan in lineup.plans.items()}
            self.readers = adopting(
                {
                    source.name: Reader(source, watches[source.name], desk, keep_s, clock, tracks[source.name])
                    for source in site.sources
                },
                lineup.begun,
            )
            places = {source.name: source.place for source in site.sources}
            live = frozenset(name for name, reader in self.readers.items() if reader.live)
            self._outputs = Outputs(site.outputs, places, site.agent.lang, data, clock)
            self._mail = Mail(
                self._dispatch(self._outbox), places, lineup.models.serving, live, clock, self._outputs.offer
            )
            self._models, self._watches, self._evidence = lineup.models, watches, evidence
            self._inspector = Inspector(watches, desk, self._tell, self._tidy, clock)
            veil = Veil(lineup.veil, self._inspector.between)
            self._pictures = Pictures(evidence, lineup.plans, places, site.agent, handled=self._handled, veil=veil)
            self._casework = Casework(watches, self._inspector, self._mail, live, data / VERDICTS, clock)
            self._switches = Switches(data / SWITCHES, site, clock)
            self._model_updates = ModelUpdates(
                Candidates(site, store, memory), lineup.models, updates, self._inspector,
                lambda: sample_pictures(data / EVIDENCE, self.readers, LATEST_S), clock,
            )  # fmt: skip
            load = partial(line_up_beside, store=store, memory=memory, updates=updates, clock=clock)
            self.reload = Reload(file, data, store, outcome, self._unwell, clock, load)
            self._uploader = Uploader(site.upload, self._outbox) if site.upload is not None else None
            if site.upload is None or site.upload.url is None:
                give_up_uploads(self._outbox)
            on_request = OnRequest(self.readers, evidence, self._topics, self._outbox.put_alone, veil, self._uploader)
            self._switchboard = Switchboard(
                site.commands, self._outbox, self._topics, data, self._casework,
                {
                    "snapshot": on_request.snapshot, "clip": on_request.clip,
                    "mute": self._switches.mute, "rules": self._switches.rules,
                    "update_model": self._model_updates.ask, "reload": self.reload.ask,
                    "upload": on_request.upload,
                },
                clock,
            )  # fmt: skip
            self._uplink = Uplink(site.broker, self._outbox, self._topics, ears=self._switchboard.ears)
            notices = Notices(self._outbox, self._topics, site.agent.lang, new_id, clock.now)
            self._uplink.papers.tell = notices.tell
            self._clips = Clips(evidence, self.readers, self._inspector, self._mail, site.agent, clock, veil)
            coverage = CoverageIncidents(self._outbox, self._topics, places, site.agent.lang, new_id, clock.now)
            self._watcher = Watcher(
                self.readers, lineup.plans, self._inspector, coverage, data, self._uplink.publish_coverage, clock
            )
            for name, watch in watches.items():
                watch.unfit = partial(self._watcher.unfit, name)
                watch.switched = partial(self._switches.state, name)
            instruments = Instruments(
                self.readers, self._inspector, self._reports, self._uplink, self._faults,
                lambda: self._mail.held + self._outbox.unstored, self._models.records,
                self._harvester.report if self._harvester else None, self._watcher,
                self._switches.report, self._outputs.report,
            )  # fmt: skip
            self._status = StatusReport(instruments, data, site.agent.status_every_s, clock)
            self._service = Service(clock=clock)
            self._metrics = (
                MetricsServer(
                    site.agent.metrics, Figures(self._status.heartbeat, lambda: self._uplink.sent), self._well
                )
                if site.agent.metrics is not None
                else None
            )
            self._supervisor = Supervisor(self._workers(), Quarantine(data / QUARANTINE, clock), clock=clock)
            self._opened = opened.pop_all()

    def run(self, stop: threading.Event, *, until_end: bool = False) -> Ending:
        """Watch until `stop` is set, or the process has to start afresh; everything is stored when this returns.

        Hazards that the lens sees stay active: nobody looked away because they were over. The next start takes
        them up again.

        Args:
            stop: ends it.
            until_end: also end when every source has ended and all that it gave has been delivered.
        """
        announce(self.site, self.data, self._topics.base, self._models.records(), self._waiting())
        self._resume()
        names = [worker_name(name) for name in self.readers]
        over = (
            until_over(names, self._reports, self._inspector, self._clips, self._waiting, self._clock)
            if until_end
            else iter(())
        )
        if self.reload.outcome is not None and self.reload.outcome.fault is not None:
            self._conclude_reload(self.reload.outcome.fault, None)
        self._service.ready(f"watching {len(self.readers)} sources")
        ending = self._supervisor.run(stop, lambda: self._each_turn() or self._mail.damaged or next(over, False))
        self._service.stopping()
        if self._mail.damaged:
            log.error("the outbox is damaged: starting afresh with a new one, the old is kept")
            ending = Ending.RESTART
            self.reload.keep()
        elif ending is Ending.RESTART:
            self._model_updates.give_up("with it threads hung, and the process had to start afresh")
        elif not stop.is_set():
            ending = self.reload.ending or ending
        left = self._end_threads()
        store_the_rest(
            self._outbox, self._mail, lambda: Outbox(self.data / OUTBOX, now=self._clock.now), self._dispatch
        )
        log.info("stopped", extra={"waiting": self._waiting(), "left_behind": ", ".join(left) or "none"})
        return ending

    def _each_turn(self) -> bool:
        """The service manager hears that all is well while the threads that nobody can do without run; True: end."""
        if self._well():
            self._service.alive()
        return self.reload.turn(self._conclude_reload)

    def _conclude_reload(self, fault: str | None, result: dict[str, Any] | None) -> None:
        outcome = self.reload.outcome
        if outcome is not None and outcome.command is not None:
            self._switchboard.commands.conclude("reload", outcome.command, fault, result)

    def _unwell(self) -> str | None:
        """What goes wrong that went well with another site file."""
        if self._inspector.failures:
            return "an inspection failed; see the log"
        troubles = (f"{report.name}: {report.last_error}" for report in self._reports() if report.name in _VITAL)
        return next((trouble for trouble in troubles if not trouble.endswith(": ")), None)

    def _well(self) -> bool:
        states = {report.name: report.state for report in self._reports()}
        return all(states.get(name) is Post.RUNNING for name in _VITAL)

    @property
    def _handled(self) -> bool:
        return self.site.handling == "required"

    @property
    def sound(self) -> bool:
        """No source was unusable."""
        return all(reader.stats.state is not State.UNUSABLE for reader in self.readers.values())

    def close(self) -> None:
        """Close the outbox and let another agent have the data folder."""
        if self._metrics is not None:
            self._metrics.close()
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _workers(self) -> tuple[Worker, ...]:
        """The table of threads. A limit exceeds the longest single step that is still in order."""
        return (
            # Looking up a name blocks inside libav for as long as the resolver likes: 30 s and more.
            *(Worker(worker_name(name), reader.run, 45.0, source=True) for name, reader in self.readers.items()),
            *(
                Worker(f"sub-stream:{name}", reader.sub.run, 45.0, source=True)
                for name, reader in self.readers.items()
                if reader.sub is not None
            ),
            *feeds((reader.settings, reader.track) for reader in self.readers.values()),
            Worker("inference", self._inspector.run, 20.0),
            Worker("evidence", self._clips.run, 60.0),
            *((Worker("harvest", self._harvester.run, 60.0),) if self._harvester is not None else ()),
            Worker("uplink", self._mail.guarded(self._uplink.run), 20.0),
            *((Worker("upload", self._mail.guarded(self._uploader.run), 120.0),) if self._uploader is not None else ()),
            Worker("commands", self._switchboard.commands.run, 60.0),
            Worker("model-updates", self._model_updates.run, 120.0),
            *(Worker(f"output:{each.settings.name}", each.run, 90.0) for each in self._outputs.runners),
            Worker("coverage", self._watcher.run, 20.0),
            Worker("status", self._status.run, 20.0),
            *((Worker("metrics", self._metrics.run, 60.0),) if self._metrics is not None else ()),
        )

    def _resume(self) -> None:
        """What the platform holds to be active goes on, or is cleared where nobody looks for it any more."""
        drilled = {name for name, reader in self.readers.items() if reader.drill is not None}
        cleared = resume(self._left_active, self._watches, drilled)
        for event in self._left_active:
            self._outputs.offer(event)
        for event in cleared:
            self._pictures.follow(event)
            self._mail.send(event)
        if self._handled:
            self._casework.adopt(cleared)

    def _tell(self, look: Look, inspection: Inspection) -> None:
        source = look.frame.source
        if self._watches[source].has_signs:
            self.readers[source].rouse()
        untold = list(inspection.events)
        try:
            for event in inspection.events:
                pictures = self._pictures.of(event, look, inspection)
                self._mail.send(untold.pop(0), pictures)
                if event.phase is Phase.OPEN:
                    self._clips.order(event)
        finally:
            # Should making a picture end this thread, the alarms are told all the same.
            for event in untold:
                self._mail.send(event)
        if self._harvester is not None:
            self._harvester.offer(inspection)
        if self.observer is not None:
            self.observer(look, inspection)

    def _tidy(self) -> None:
        """What has to be done again and again and takes no time."""
        self._mail.retry()
        self._clips.gather()
        self._casework.tick()
        if self._outbox.disk_error is not None:
            self._evidence.give_way(_TEXT_BYTES)

    def _reports(self) -> tuple[WorkerReport, ...]:
        return self._supervisor.reports()

    def _dispatch(self, outbox: Outbox) -> Dispatch:
        upload = self.site.upload
        address = partial(upload.address, self._topics.site, self._topics.agent) if upload is not None else None
        return Dispatch(
            outbox, self._topics, lang=self.site.agent.lang, now=self._clock.now, handled=self._handled,
            config_sha256=hashlib.sha256(self.site.model_dump_json().encode()).hexdigest(), synchronised=synchronised,
            part_bytes=self.site.broker.part_bytes, upload=address,
        )  # fmt: skip

    def _faults(self) -> list[str]:
        found = [f"{report.name}: {report.last_error}" for report in self._supervisor.reports() if report.last_error]
        found += [f"outbox: {note}" for note in self._outbox.notes]
        found += [f"broker: {sentence}" for sentence in self._uplink.papers.expiring]
        found += [f"{name}: {r.track.error}" for name, r in self.readers.items() if r.track and r.track.error]
        return found + [
            f"{what}: {error}"
            for what, error in (
                ("outbox", self._mail.error),
                ("outbox", self._outbox.disk_error),
                ("platform", self._switchboard.error),
                ("broker", "nobody is listening to the events" if self._uplink.unheard else None),
                ("commands", self._switchboard.commands.error),
                ("model update", self._model_updates.error),
                ("reload", self.reload.outcome.fault if self.reload.outcome else None),
                ("pictures", self._pictures.error),
                ("clips", self._clips.error),
                ("upload", self._uploader.error if self._uploader is not None else None),
                ("coverage", self._watcher.error),
                ("harvest", self._harvester.error if self._harvester is not None else None),
            )
            if error is not None
        ]

    def _unsent(self) -> frozenset[Path]:
        try:
            return self._outbox.files()
        except DeliveryError:  # damaged: said where it matters, and nothing of it will be sent
            return frozenset()

    def _waiting(self) -> int:
        try:
            return self._outbox.count() + self._mail.held
        except DeliveryError:  # damaged: said where it matters
            return self._mail.held

    def _end_threads(self) -> tuple[str, ...]:
        for reader in self.readers.values():
            reader.close()
        return self._supervisor.shutdown(SHUTDOWN_S)
