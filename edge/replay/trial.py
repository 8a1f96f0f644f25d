"""A model under test in the place it would take: it serves what it can, the installed ones serve the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from calibration.errors import ConfigError
from edge.agent.ids import Uuid7
from edge.model_store import ModelStore
from edge.replay.plans import USUAL, plans_from_rules
from edge.replay.replay import Replay
from edge.sources import Source
from edge.sources.drill import Drill
from pipelines.detect import Detector
from pipelines.events import Event
from pipelines.hazards import HazardKind
from pipelines.lane import LanePlan
from pipelines.rules import RULES
from pipelines.rules.base import RuleSettings
from pipelines.watch import WatchPlan


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What to watch for.

    Attributes:
        plan: the first lane is the model's under test.
        judged: the hazards whose rules it serves.
        left_out: rules that were asked for and can not run, each with the reason.
    """

    plan: WatchPlan
    judged: tuple[HazardKind, ...]
    left_out: tuple[str, ...]

    def alone(self, detector: Detector) -> WatchPlan:
        """The plan of the model under test without the others, and with this detector in its place."""
        return replace(self.plan, lanes=(LanePlan(detector, self.plan.lanes[0].rules),))


def plan_trial(
    detector: Detector, store: ModelStore, rules: Sequence[str] | None, labelled: Iterable[HazardKind]
) -> Trial:
    """Which rules run on whose model.

    Args:
        detector: of the model under test.
        store: the other models.
        rules: exactly these; if None, the usual ones and those whose hazards are labelled.
        labelled: hazards that happen in the clips.

    Raises:
        ConfigError: there is no such rule, it needs a zone, or the model under test serves none of them.
        ModelError: another model can not be used.
    """
    left_out: list[str] = []
    names = list(rules or ())
    if rules is None:
        wanted = dict.fromkeys([*USUAL, *sorted(map(str, labelled))])
        names = [name for name in wanted if name in RULES and not RULES[name][0].zoned]
        left_out = [f"{name}: needs a zone" for name in wanted if name not in names]
    _refuse_impossible(names)
    card = detector.card
    ours = [name for name in names if _serves(card.sees, name)]
    if not ours:
        raise ConfigError(
            [f"--rules {', '.join(names)}: model {card.name} serves none of them, it sees {', '.join(card.sees)}"]
        )
    others = {state.name: state.card.sees for state in store.list() if state.card is not None and state.fault is None}
    rest = [name for name in names if name not in ours]
    served = [name for name in rest if any(_serves(sees, name) for sees in others.values())]
    left_out += [f"{name}: no model at hand serves it" for name in rest if name not in served]
    lanes = plans_from_rules(served, store).watch.lanes if served else ()
    plan = WatchPlan("clip", (LanePlan(detector, tuple(RULES[name][0]() for name in ours)), *lanes))
    return Trial(plan, tuple(RULES[name][0].kind for name in ours), tuple(left_out))


def replay_together(
    source: Source, plans: Sequence[WatchPlan], drill: Drill | None = None
) -> tuple[list[list[Event]], float]:
    """Run several plans over one recording that is read once.

    Args:
        source: the recording, paced fast.
        plans: each runs as if alone.
        drill: drawn into each frame, if any.

    Returns:
        The events of each plan, and how long the recording is in seconds.

    Raises:
        SourceError: the clip can not be read, or breaks off.
    """
    new_id = Uuid7()
    replays = [Replay(source, plan, new_id, drill) for plan in plans]
    events: list[list[Event]] = [[] for _ in plans]
    length_s = 0.0
    for frame in source.frames():
        length_s = frame.time_s
        for replay, told in zip(replays, events, strict=True):
            step = replay.take(frame)
            if step is not None:
                told.extend(step.events)
    return events, length_s


def _refuse_impossible(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in RULES]
    zoned = [name for name in names if name in RULES and RULES[name][0].zoned]
    faults = [f"--rules {name}: there is no such rule, allowed: {', '.join(RULES)}" for name in unknown]
    faults += [f"--rules {name}: needs a zone, which clips do not have" for name in zoned]
    if faults or not names:
        raise ConfigError(faults or ["--rules: names no rule"])


def _serves(sees: Iterable[str], name: str) -> bool:
    settings: RuleSettings = RULES[name][0]()
    return not settings.needs or not settings.needs.isdisjoint(sees)
