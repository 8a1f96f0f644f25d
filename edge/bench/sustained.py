"""Real time: whether a number of cameras is sustained, how soon hazards are raised there, and what too many do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from calibration.errors import LookoutError
from edge.bench import alarms, process
from edge.bench import cameras as scene_of
from edge.bench.agent import Stand, Watched
from edge.bench.alarms import Outcome
from edge.bench.bench import Costs, Extent, staggered
from edge.bench.cameras import MAX_GAP_S, Camera
from edge.bench.clips import KEYFRAME_S, Library
from edge.bench.estimate import percentile
from edge.bench.feed import Raised
from edge.bench.record import CONDITIONS, Record
from edge.bench.rivals import Ran, Run, run_loop
from edge.bench.scenes import Scene
from edge.delivery.subscriber import ReceivedEvent
from pipelines.events import Phase

OLDEST_LOOK_S = MAX_GAP_S + KEYFRAME_S + 0.5
"""Of a camera on keyframes the look that is due comes with the next keyframe."""

LATE_S = 1.0
"""A loop that decodes everything is in time while no picture is further behind than this."""

HAZARDS = 20

_A_ROUND = 10
_WAKING_S = 0.1  # a camera: at the start all are awake at once, and no hazard is to begin before that is over
_OVERLOAD_APART_S = 1.5
_MEMORY_SHARE = 0.6
_FACTORS = (0.7, 0.85, 1.0, 1.15)
_ROUNDS, _FURTHER, _BACK = 3, 1.4, 0.6
_STEP_UP, _STEP_DOWN, _TRIES = 1.15, 0.87, 4
_FEWER = 0.93  # with hazards all the time, where what fits is too many by little


class RealTime:
    """Runs as many cameras as seem to fit.

    Args:
        record: takes the figures.
        library: makes clips.
        stand: runs the agent.
        costs: what a camera costs.
        scenes: hazards.
        extent: how much is measured.
        models: a folder of models before the installed ones.
    """

    def __init__(
        self, record: Record, library: Library, stand: Stand, costs: Costs, scenes: Sequence[Scene], extent: Extent,
        models: Path | None = None,
    ) -> None:  # fmt: skip
        self._record = record
        self._library = library
        self._stand = stand
        self._costs = costs
        self._scenes = scenes
        self._extent = extent
        self._models = models
        self._reference: dict[tuple[str, str], float | None] = {}
        self._of_a: Future[list[Outcome]] | None = None
        self._outcomes: list[Outcome] = []
        self._unexpected: list[Raised] = []
        self._latencies: list[float] = []

    def alarms_of_reference(self) -> None:
        """Times to alarm of the reference, and of A beside it: both have all the time they want, no clock counts."""
        with ThreadPoolExecutor(1) as other:
            self._of_a = other.submit(self._alarms_of("A", self._some_scenes()))
            found = self._alarms_of("R", self._scenes)()
        self._reference = {(one.scene, one.kind): one.after_s for one in found}
        self._record.put("time_to_alarm_s.reference", alarms.percentiles(found))

    def alarms_of_a(self) -> None:
        """Times to alarm of A, as they came of `alarms_of_reference`.

        Raises:
            LookoutError: A can not run.
        """
        if self._of_a is None:
            raise LookoutError("left out with the reference")
        self._record.put("time_to_alarm_s.A", alarms.percentiles(self._of_a.result()))

    def _alarms_of(self, loop: str, scenes: Sequence[Scene]) -> Callable[[], list[Outcome]]:
        """What has a loop look at each hazard; its clips are made at once."""
        cameras = [
            Camera(f"hazard-{i:03}", self._library.hazard(scene, i, self._extent.lead_s / 4, substream=False))
            for i, scene in enumerate(scenes)
        ]
        site = self._stand.site(cameras)
        run = Run(tuple(one.name for one in cameras), max(camera.clip.length_s for camera in cameras))

        def look() -> list[Outcome]:
            (ran,) = run_loop(loop, site, [run], self._models)
            return alarms.outcomes(cameras, ran.raised)

        return look

    def confirm(self) -> None:
        """Lookout at what was estimated, or as much of it as memory allows, with hazards on some cameras."""
        estimated = self._costs.fit("quiet", "D")
        count = self._capped(estimated, "D")
        run, cameras = self._with_hazards("quiet", count, self._some_scenes(), seed=1)
        broken = self._broken(run, cameras)
        self._note(run, cameras)
        self._record.put("confirmed", self._said(run, estimated, broken))
        self._put_alarms()

    def overload(self) -> None:
        """Twice the cameras that fit."""
        fits = self._costs.fit("quiet", "D")
        count = self._capped(2 * fits, "D")
        scenes = [self._scenes[i % len(self._scenes)] for i in range(min(max(4, count // 10), 8))]
        run, _ = self._with_hazards("quiet", count, scenes, seed=2, apart_s=_OVERLOAD_APART_S)
        latencies = _latencies(run.events)
        p99 = percentile(latencies, 0.99)
        intervals = [f["inspection_interval_s"] for f in run.sources.values() if "inspection_interval_s" in f]
        self._record.put("overload", {
            "cameras": count, "fit": round(fits, 1), "events": len(latencies), "cpu": round(run.cpu, 3),
            "interval_s": [min(intervals), max(intervals)] if intervals else None,
            "oldest_look_s": run.worst_age_s, "dropped_share": round(run.dropped_share, 4),
        })  # fmt: skip
        if p99 is None:
            raise LookoutError("no event arrived: its latency is not known")
        self._record.put("overload_p99_ms", p99 * 1000)

    def raise_rival(self, loop: str) -> None:
        """Cameras of loop A, B or C as live cameras would be, a few more at a time, until one is late."""
        for condition in CONDITIONS:
            fits, best = self._costs.fit(condition, loop), 0
            for _ in range(_ROUNDS):
                counts = sorted({max(1, round(fits * factor)) for factor in _FACTORS})
                held = self._held(loop, condition, counts)
                best = max([best, *held])
                if held and counts[-1] not in held:
                    break
                fits *= _FURTHER if held else _BACK
            self._record.put(f"cameras.{condition}.{loop}", best)

    def _held(self, loop: str, condition: str, counts: Sequence[int]) -> list[int]:
        """Of these numbers of cameras those with which a loop is in time."""
        make = scene_of.quiet if condition == "quiet" else scene_of.active10
        cameras = make(self._library, counts[-1])
        site = self._stand.site(scene_of.sub_only(cameras) if condition == "substream" else cameras)
        names = tuple(one.name for one in cameras)
        runs = [Run(names[:n], self._extent.quiet_s / 2, paced=True) for n in counts]
        ran = run_loop(loop, site, runs, self._models)
        return [n for n, run, one in zip(counts, runs, ran, strict=True) if _in_time(run, one)]

    def raise_agent(self, condition: str) -> None:
        """Lookout's cameras, more and more until an interval or a hazard's time breaks its limit; or fewer."""
        count, best, why = self._capped(self._costs.fit(condition, "D"), "D"), 0, ""
        for attempt in range(_TRIES):
            run, cameras = self._with_hazards(condition, count, self._some_scenes(), seed=10 + attempt)
            broken = self._broken(run, cameras)
            if broken:
                why = f"{count}: {'; '.join(broken[:3])}"
                if best:
                    break
                count = max(1, int(count * _STEP_DOWN))
                continue
            best = count
            larger = self._capped(count * _STEP_UP, "D")
            if larger <= count or why:
                break
            count = larger
        self._record.put(f"cameras.{condition}.D", best)
        self._record.lacks(f"broken.{condition}.D", why or f"nothing broke up to {best}")

    def twenty_hazards(self) -> None:
        """Quiet cameras, fewer each time, until all of twenty hazards on cameras drawn at random are in time."""
        known = [
            scene for scene in self._scenes if any(self._reference.get((scene.name, str(k))) for k in scene.onsets)
        ]
        count, why = self._capped(self._costs.fit("quiet", "D"), "D"), "nothing broke"
        for _ in range(_TRIES):
            broken = self._with_twenty(count, known)
            if not broken:
                break
            why = f"{count}: {'; '.join(broken[:3])}"
            count = int(count * _FEWER)
        else:
            count = 0
        self._record.put("cameras.quiet.D", count)
        self._record.lacks("broken.quiet.D", why)
        self._put_alarms()

    def _with_twenty(self, count: int, scenes: Sequence[Scene]) -> list[str]:
        """Limits that were broken, in words; there is no second half where the first did not hold."""
        self._outcomes, self._unexpected, self._latencies = [], [], []
        broken: list[str] = []
        for turn in range(HAZARDS // _A_ROUND):
            chosen = [scenes[(turn * _A_ROUND + i) % len(scenes)] for i in range(_A_ROUND)]
            run, cameras = self._with_hazards("quiet", count, chosen, seed=100 + turn)
            self._note(run, cameras)
            broken = self._broken(run, cameras)
            if broken:
                break
        return broken

    def _with_hazards(
        self, condition: str, count: int, scenes: Sequence[Scene], seed: int, apart_s: float | None = None
    ) -> tuple[Watched, list[Camera]]:
        make = scene_of.quiet if condition == "quiet" else scene_of.active10
        lead_s = self._extent.lead_s + count * _WAKING_S
        plan = staggered(scenes, lead_s, self._extent.hazard_s if apart_s is None else apart_s)
        substream = condition == "substream"
        calm = make(self._library, count)
        cameras = scene_of.with_hazards(
            calm, self._library, plan, seed=seed, tail_s=self._extent.tail_s, substream=substream
        )
        longest_s = max(camera.clip.length_s for camera in cameras if camera.clip.onsets)
        seconds = max(self._extent.quiet_s, longest_s - self._extent.settle_s)
        run = self._stand.watch(cameras, settle_s=self._extent.settle_s, seconds=seconds, substream=substream)
        return run, cameras

    def _broken(self, run: Watched, cameras: Sequence[Camera]) -> list[str]:
        """Limits that a run broke, in words."""
        found = alarms.outcomes(cameras, alarms.raised_by_agent(run.events))
        broken = [*run.unwell, *alarms.late(found, self._reference)]
        if run.worst_age_s is None or run.worst_age_s > OLDEST_LOOK_S:
            broken.append(f"a view was not inspected for {run.worst_age_s} s, allowed {OLDEST_LOOK_S:g} s")
        return broken

    def _said(self, run: Watched, estimated: float, broken: Sequence[str]) -> Mapping[str, Any]:
        return {
            "cameras": run.cameras, "estimated": round(estimated, 1), "cpu": round(run.cpu, 3),
            "rss_mb": round(run.rss_mb), "oldest_look_s": run.worst_age_s,
            "quiet_share": run.quiet_share, "dropped_share": round(run.dropped_share, 4),
            "hazards": len(self._outcomes), "passed": not broken, "broken": list(broken),
        }  # fmt: skip

    def _note(self, run: Watched, cameras: Sequence[Camera]) -> None:
        raised = alarms.raised_by_agent(run.events)
        self._outcomes += alarms.outcomes(cameras, raised)
        self._unexpected += alarms.unexpected(cameras, raised)
        self._latencies += _latencies(run.events)

    def _put_alarms(self) -> None:
        self._record.put("time_to_alarm_s.D", alarms.percentiles(self._outcomes))
        self._record.put("late", alarms.late(self._outcomes, self._reference))
        self._record.put("unexpected", [f"{r.camera}: {r.kind} at {r.alarm_s:.1f} s" for r in self._unexpected])
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            value = percentile(self._latencies, share)
            if value is None:
                self._record.lacks(f"latency_ms.{name}", "no event arrived: no hazard was raised")
            else:
                self._record.put(f"latency_ms.{name}", value * 1000)
        self._record.put("latency_ms.n", len(self._latencies))

    def _some_scenes(self) -> list[Scene]:
        """One of each hazard, as few scenes as that takes."""
        chosen: list[Scene] = []
        for scene in self._scenes:
            if not {kind for one in chosen for kind in one.onsets} >= set(scene.onsets):
                chosen.append(scene)
        return chosen

    def _capped(self, count: float, loop: str) -> int:
        """Whole cameras, no more than memory has room for."""
        each_mb = (self._record.get("rss_mb") or 0.0) / self._extent.loads[1] or 50.0
        room = process.free_mb() * _MEMORY_SHARE / each_mb
        capped = int(max(len(self._some_scenes()), min(count, room, self._extent.most_cameras)))
        if capped < int(count):
            self._record.lacks(
                f"capped.{loop}.{int(count)}", f"{capped} cameras are run: no more fit into memory, or are run at all"
            )
        return capped


def _in_time(run: Run, ran: Ran) -> bool:
    return ran.late_s <= LATE_S and ran.media_s >= 0.98 * run.seconds * len(run.cameras)


def _latencies(events: Sequence[ReceivedEvent]) -> list[float]:
    """Seconds from the capture of the frame that an event speaks of to the subscriber."""
    return [
        one.latency_s
        for one in events
        # An update may bring late evidence, and then speaks of a frame long past.
        if one.latency_s is not None and one.event.data.phase is not Phase.UPDATE
    ]
