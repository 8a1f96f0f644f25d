"""The benchmark in its parts; one that fails leaves its figures null with the reason, and the rest goes on."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from calibration.errors import LookoutError
from edge.bench import cameras as scene_of
from edge.bench.agent import Stand, Watched
from edge.bench.cameras import Camera
from edge.bench.clips import Library
from edge.bench.estimate import LIMIT, Figure, Line, Load, line, mixed
from edge.bench.record import CONDITIONS, Record, cores
from edge.bench.rivals import Run, run_loop, work
from edge.bench.scenes import Scene

_FEW = 6

RIVALS = ("A", "B", "C")


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured.

    Attributes:
        quick: nothing is raised until it breaks; D is confirmed once.
        settle_s: from the agent's first inspection until what is counted begins.
        quiet_s: seconds counted of cameras that see nothing.
        busy_s: of those that see people 30 % of the time: a whole turn of their recordings.
        loads: cameras at which Lookout's cost is measured.
        sub_load: cameras on sub-streams.
        repeats: of each measurement.
        predict_s: seconds of a recording that loop A, which looks at all of it, is given.
        lead_s: quiet before the first hazard of a run.
        hazard_s: how long each hazard is, and from one of a run to the next.
        tail_s: quiet after the last.
        most_cameras: no more than this are run, whatever would fit.
        most_s: whatever has not begun by then is left out.
    """

    quick: bool
    settle_s: float = 8.0
    quiet_s: float = 10.0
    busy_s: float = 30.0
    loads: tuple[int, int] = (6, 16)
    sub_load: int = 24
    repeats: int = 1
    predict_s: float = 2.0
    lead_s: float = 12.0
    hazard_s: float = 12.0
    tail_s: float = 2.0
    most_cameras: int = 400
    most_s: float = 465.0

    def shorter(self, factor: float) -> Extent:
        """The same in a fraction of the time: what comes of it is no measurement."""
        few, many = (max(1, round(count * factor)) for count in self.loads)
        return replace(
            self,
            settle_s=self.settle_s * factor,
            quiet_s=max(3.0, self.quiet_s * factor),
            busy_s=max(3.0, self.busy_s * factor),
            loads=(few, max(many, few + 1)),
            sub_load=max(2, round(self.sub_load * factor)),
            predict_s=max(1.0, self.predict_s * factor),
            lead_s=max(4.0, self.lead_s * factor),
            hazard_s=max(4.0, self.hazard_s * factor),
            most_cameras=_FEW,
        )


QUICK = Extent(quick=True)
WHOLE = Extent(
    quick=False, settle_s=10.0, quiet_s=20.0, repeats=2, predict_s=6.0, lead_s=24.0, hazard_s=16.0, tail_s=6.0,
    most_s=2300.0,
)  # fmt: skip


class Parts:
    """Runs one part after another.

    Args:
        record: takes reasons.
        tell: takes lines for people.
        most_s: what has not begun by then is left out.
    """

    def __init__(self, record: Record, tell: Callable[[str], None], most_s: float) -> None:
        self._record = record
        self._tell = tell
        self._began_s = time.monotonic()
        self._most_s = most_s

    @property
    def passed_s(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began_s

    def do(self, title: str, figures: Sequence[str], part: Callable[[], None]) -> None:
        """Do a part; `figures` are the places that it fills."""
        if self.passed_s > self._most_s:
            self._leave_out(title, figures, f"left out: {self._most_s:.0f} s had passed")
            return
        self._tell(f"{self.passed_s:5.0f} s  {title}")
        try:
            part()
        except (LookoutError, OSError, ValueError, subprocess.SubprocessError) as error:
            self._leave_out(title, figures, str(error))

    def _leave_out(self, title: str, figures: Sequence[str], reason: str) -> None:
        self._tell(f"         {title}: {reason}")
        for name in figures:
            for place in self._record.nulls(name):
                self._record.lacks(place, reason)


class Costs:
    """What a camera costs in each loop, and how many so would fit.

    Args:
        record: takes the figures.
        library: makes clips.
        stand: runs the agent.
        extent: how much is measured.
        models: a folder of models before the installed ones.
    """

    def __init__(
        self, record: Record, library: Library, stand: Stand, extent: Extent, models: Path | None = None
    ) -> None:
        self.lines: dict[tuple[str, str], Line] = {}
        self._record = record
        self._library = library
        self._stand = stand
        self._extent = extent
        self._models = models

    def fit(self, condition: str, loop: str) -> float:
        """Cameras that would fit by processor time.

        Raises:
            LookoutError: the loop's cost is not known.
        """
        known = self.lines.get((condition, loop))
        cameras = known.fit(cores()) if known is not None else None
        if cameras is None:
            raise LookoutError(f"what {loop} costs {condition} is not known")
        return max(0.0, cameras)

    def steps(self, model: str) -> None:
        """Single steps, in a process of their own."""
        repeats = 3 if self._extent.quick else 7
        clip = str(self._library.busy(0).main)
        job = {"task": "steps", "clip": clip, "model": model, "frames": 30, "repeats": repeats}
        told = work(job | {"models": None if self._models is None else str(self._models)}, 400.0)
        for name, one in told.items():
            if "figure" in one:
                self._record.put(name, Figure(*one["figure"]))
            else:
                self._record.lacks(name, one["reason"])

    def rival(self, loop: str) -> None:
        """What a camera costs in loop A, B or C: on the main stream and on the sub-stream, quiet and busy."""
        quiet, busy = scene_of.quiet(self._library, 2), scene_of.busy(self._library, 2)
        every = [*quiet, *busy]
        for condition, cameras in (("", every), ("substream", scene_of.sub_only(every))):
            site = self._stand.site(cameras)
            calm_s, busy_s = (
                (self._extent.predict_s,) * 2 if loop == "A" else (self._extent.quiet_s, self._extent.busy_s)
            )
            calm, lively = (tuple(one.name for one in those) for those in (quiet, busy))
            runs = [Run(names[:n], s) for names, s in ((calm, calm_s), (lively, busy_s)) for n in (1, 2)]
            ran = [one.share for one in run_loop(loop, site, runs * self._extent.repeats, self._models)]
            # In each turn twice quiet, then twice busy.
            shares = [[share for i, share in enumerate(ran) if i % 4 // 2 == which] for which in (0, 1)]
            self._rival_costs(loop, condition, *map(Figure.of, shares))

    def _rival_costs(self, loop: str, condition: str, quiet: Figure, busy: Figure) -> None:
        spread = mixed(quiet.low, busy.low), mixed(quiet.high, busy.high)
        mix = Figure(mixed(quiet.value, busy.value), *spread, quiet.count)
        if condition:
            self._record.put(f"cpu_per_camera.busy_substream.{loop}", busy)
            self._know("substream", loop, Line(0.0, mix.value), mix)
            return
        self._record.put(f"cpu_per_camera.busy.{loop}", busy)
        self._know("quiet", loop, Line(0.0, quiet.value), quiet)
        self._know("active10", loop, Line(0.0, mix.value), mix)

    def agent_quiet(self) -> None:
        """Lookout with all quiet, at two loads."""
        few, many = self._extent.loads
        loads, each = [], []
        for _ in range(self._extent.repeats):
            pair = [self._watched(scene_of.quiet(self._library, n), self._extent.quiet_s) for n in (few, many)]
            loads += [Load(run.cameras, run.cpu) for run in pair]
            each.append(line(loads[-2:]).each)
            self._record.put("rss_mb", pair[1].rss_mb)
        known = line(loads)
        self._know("quiet", "D", known, Figure(known.each, min(each), max(each), len(each)))

    def agent_mixed(self, condition: str) -> None:
        """Lookout with every tenth camera active; what it costs without a camera is known from all quiet."""
        base = self.lines[("quiet", "D")].base if ("quiet", "D") in self.lines else 0.0
        substream = condition == "substream"
        count = self._extent.sub_load if substream else self._extent.loads[1]
        cameras = scene_of.active10(self._library, count)
        runs = [self._watched(cameras, self._extent.busy_s, substream) for _ in range(self._extent.repeats)]
        each = Figure.of([(run.cpu - base) / run.cameras for run in runs])
        self._know(condition, "D", Line(base, each.value), each)

    def start(self) -> None:
        """From the start of the process to the first inspection."""
        camera = scene_of.quiet(self._library, 1)[0]
        starts = [self._stand.starts_s(camera) for _ in range(self._extent.repeats)]
        self._record.put("start_s", Figure.of([first_s for first_s, _ in starts]))
        self._record.put("restart_s", Figure.of([next_s for _, next_s in starts]))

    def _watched(self, cameras: Sequence[Camera], seconds: float, substream: bool = False) -> Watched:
        return self._stand.watch(cameras, settle_s=self._extent.settle_s, seconds=seconds, substream=substream)

    def _know(self, condition: str, loop: str, known: Line, each: Figure) -> None:
        self.lines[(condition, loop)] = known
        self._record.put(f"cpu_per_camera.{condition}.{loop}", each)
        fits = known.fit(cores())
        if fits is None:
            self._record.lacks(
                f"estimated.{condition}.{loop}", "a camera seems to cost nothing: the load was too small"
            )
            return
        self._record.put(f"estimated.{condition}.{loop}", max(0.0, fits))
        if self._record.get("quick"):
            self._record.put(f"cameras.{condition}.{loop}", max(0.0, fits))


def put_ratios(record: Record) -> None:
    """D's cameras over those of C and A."""
    for condition in CONDITIONS:
        those: Mapping[str, float | None] = record.get(f"cameras.{condition}")
        ours = those["D"]
        for rival in ("C", "A"):
            other = those[rival]
            if ours is not None and other:
                record.put(f"ratios.{condition}.D_over_{rival}", ours / other)
            else:
                record.lacks(f"ratios.{condition}.D_over_{rival}", f"needs cameras.{condition} of D and {rival}")


def limits() -> dict[str, float]:
    """What the estimate allows."""
    return {"share": LIMIT, "cores": LIMIT * cores()}


def staggered(scenes: Sequence[Scene], first_s: float, apart_s: float) -> list[tuple[Scene, float]]:
    """Scenes one after another."""
    return [(scene, first_s + i * apart_s) for i, scene in enumerate(scenes)]
