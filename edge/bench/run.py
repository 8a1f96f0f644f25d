"""All parts of the benchmark in their order."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge.audit.footage import Weather, read_small
from edge.audit.prefilter import Audit, drills, look_us, watch_drill, watch_events, watch_quiet
from edge.bench.agent import Stand
from edge.bench.bench import RIVALS, Costs, Extent, Parts, limits, put_ratios
from edge.bench.broker import broker
from edge.bench.clips import Library
from edge.bench.record import CONDITIONS, Record
from edge.bench.scenes import hazards
from edge.bench.sustained import RealTime
from edge.model_store import ModelStore
from pipelines.hazards import HazardKind

Film = tuple[Path, Mapping[HazardKind, Sequence[tuple[float, float]]]]

MODEL = "fire-smoke"

_AUDIT_FPS = 5.0
_QUICK_DRILL_S = 5.0  # the longest growth of a drill in a quick run


@dataclass(frozen=True, slots=True)
class Bench:
    """What to measure and with what.

    Attributes:
        extent: how much.
        library: makes clips.
        films: videos with their events; drills where there are none.
        models: a folder of models before the installed ones.
        tell: takes lines for people.
    """

    extent: Extent
    library: Library
    films: Sequence[Film]
    models: Path | None
    tell: Callable[[str], None]

    def run(self, record: Record) -> None:
        """Measure; the record has all that came of it, and the reason for what did not.

        Raises:
            ModelError: there is no model to measure with.
            DeliveryError: there is no broker.
        """
        card = ModelStore.installed(self.models).card(MODEL)
        record.put("quick", self.extent.quick)
        record.put("limit", limits())
        record.put("model", {
            "name": card.name, "version": card.version, "weights": card.weights,
            "input": [card.input.width, card.input.height],
        })  # fmt: skip
        parts = Parts(record, self.tell, self.extent.most_s)
        with tempfile.TemporaryDirectory(prefix="lookout-bench-") as name, broker(Path(name)) as (settings, kind):
            record.content["machine"]["broker"] = kind
            stand = Stand(Path(name), settings, self.models)
            costs = Costs(record, self.library, stand, self.extent, self.models)
            scenes = hazards(self.extent.hazard_s, self.films)
            real = RealTime(record, self.library, stand, costs, scenes, self.extent, self.models)
            self._clips(parts, record)
            self._estimate(parts, record, costs, real)
            if not self.extent.quick:
                self._raise(parts, real)
        put_ratios(record)
        record.put("took_s", round(parts.passed_s, 1))

    def _clips(self, parts: Parts, record: Record) -> None:
        def make() -> None:
            self.library.quiet(0)
            self.library.busy(0)
            record.put("clips", {"keyframe_kb": self.library.keyframe_kb(), "films": [p.stem for p, _ in self.films]})

        parts.do("clips", ["clips"], make)

    def _estimate(self, parts: Parts, record: Record, costs: Costs, real: RealTime) -> None:
        # What matters most comes first: whatever has not begun when the time is up is left out.
        parts.do("loop D: start", ["start_s", "restart_s"], costs.start)
        parts.do("loop D: all quiet", [*_of_d("quiet"), "rss_mb"], costs.agent_quiet)
        for condition in CONDITIONS[1:]:
            parts.do(f"loop D: {condition}", _of_d(condition), partial(costs.agent_mixed, condition))
        parts.do("reference: time to alarm", ["time_to_alarm_s.reference"], real.alarms_of_reference)
        parts.do("loop A: time to alarm", ["time_to_alarm_s.A"], real.alarms_of_a)
        parts.do("prefilter: what it misses", ["prefilter"], lambda: self._audit(record))
        parts.do("loop D: real time, with hazards", ["confirmed", "time_to_alarm_s.D", "latency_ms"], real.confirm)
        parts.do("loop D: twice too many", ["overload_p99_ms"], real.overload)
        for loop in reversed(RIVALS):
            places = [f"{of}.{c}.{loop}" for of in ("cameras", "estimated", "cpu_per_camera") for c in CONDITIONS]
            parts.do(f"loop {loop}: cost of a camera", places, partial(costs.rival, loop))
        steps = [
            "prefilter_us", "detect_over_raw", "detect_over_raw_fp32", "predict_ratio", "predict_ratio_int8",
            "packing_ratio",
        ]  # fmt: skip
        parts.do("single steps", steps, lambda: costs.steps(MODEL))

    def _raise(self, parts: Parts, real: RealTime) -> None:
        parts.do("loop D: quiet, twenty hazards", ["cameras.quiet.D", "time_to_alarm_s.D"], real.twenty_hazards)
        self._raise_rival("C", parts, real)  # what D is held against
        self._raise_rival("A", parts, real)
        for condition in CONDITIONS[1:]:
            places = [f"cameras.{condition}.D"]
            parts.do(f"loop D: {condition}, until it breaks", places, partial(real.raise_agent, condition))
        self._raise_rival("B", parts, real)

    @staticmethod
    def _raise_rival(loop: str, parts: Parts, real: RealTime) -> None:
        places = [f"cameras.{condition}.{loop}" for condition in CONDITIONS]
        parts.do(f"loop {loop}: until it breaks", places, partial(real.raise_rival, loop))

    def _audit(self, record: Record) -> None:
        calm = read_small(str(self.library.quiet(0).main), _AUDIT_FPS, "quiet")
        events = [
            one
            for path, spans in self.films
            if spans
            for one in watch_events(
                path.stem, read_small(str(path), _AUDIT_FPS, path.stem), {str(k): v for k, v in spans.items()}
            )
        ]
        drawn = [
            watch_drill("quiet", calm, item, weather, _AUDIT_FPS)
            for item, weather in drills(0)
            if not self.extent.quick or item.grow_s <= _QUICK_DRILL_S
        ]
        audit = Audit(tuple(events), tuple(drawn), (watch_quiet("quiet", calm, Weather.CALM),), look_us(calm)).record()
        record.put("prefilter.recall", audit["recall"])
        record.put("prefilter.passed_share", audit["passed_share"])


def _of_d(condition: str) -> list[str]:
    return [f"{of}.{condition}.D" for of in ("cameras", "estimated", "cpu_per_camera")]
