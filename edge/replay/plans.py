"""What to watch for in recorded footage: from a site file, or from the names of rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from calibration.errors import ConfigError
from edge.agent.lineup import line_up
from edge.config import ModelUse, Site, SourceSettings, load_site, needs_in_words, serving_model
from edge.model_store import ModelStore
from pipelines.detect import Detector
from pipelines.lane import LanePlan
from pipelines.rules import RULES
from pipelines.rules.base import RuleSettings
from pipelines.watch import WatchPlan

USUAL = ("fire", "smoke", "person_down")
"""What recordings are watched for when nothing else is asked for."""

_ALWAYS = ("fire", "smoke")  # without a model for these there is nothing to do; the others run where one is at hand


@dataclass(frozen=True, slots=True, eq=False)
class ReplayPlan:
    """What to watch for, and the site's source whose view it is, if any."""

    watch: WatchPlan
    source: SourceSettings | None = None


def usual_rules(store: ModelStore) -> tuple[str, ...]:
    """The usual rules that can be asked for here: fire and smoke, and those that a model at hand is for.

    A model that is there and can not be used keeps its rules among them: it is refused then, not passed over.
    """
    seen = {word for state in store.list() if state.card is not None for word in state.card.sees}
    return tuple(name for name in USUAL if name in _ALWAYS or not RULES[name][0]().needs.isdisjoint(seen))


def plans_from_rules(names: Sequence[str], store: ModelStore) -> ReplayPlan:
    """Rules with their usual settings over the whole picture, served by the installed models.

    Raises:
        ConfigError: a name is no rule's, or the rule can not work without a site's zones.
        ModelError: no model sees what a rule needs, or one can not be used.
    """
    settings = [_usual(name) for name in names]
    states = store.list()
    cards = {state.name: state.card for state in states if state.card is not None and state.fault is None}
    uses = [ModelUse(name=name) for name in cards]
    lanes: dict[str, list[RuleSettings]] = {}
    for rule in settings:
        serving = serving_model(rule, uses, cards)
        if serving is None:
            found = [f"{name} sees {', '.join(card.sees)}" for name, card in cards.items()]
            found += [f"{state.name} can not be used: {state.fault}" for state in states if state.fault is not None]
            raise ConfigError(
                [f"--rules {rule.title}: needs {needs_in_words(rule)}, found {'; '.join(found) or 'no model'}"]
            )
        lanes.setdefault(serving, []).append(rule)
    loaded = {name: store.load(name) for name in lanes}
    detectors = {name: Detector(model.card, model.weights) for name, model in loaded.items()}
    return ReplayPlan(
        WatchPlan("clip", tuple(LanePlan(detectors[name], tuple(rules)) for name, rules in lanes.items()))
    )


def plans_from_site(path: Path, source: str | None, rules: Sequence[str] | None, store: ModelStore) -> ReplayPlan:
    """The zones and rules of one of a site's sources.

    Args:
        path: the site file.
        source: which of its sources; may be left out when it has just one.
        rules: run only these of its rules, by kind or title; all of them if None.
        store: where models are found.

    Raises:
        ConfigError: the site file is wrong, or has no such source or rule.
        ModelError: a model can not be used.
    """
    site = load_site(path, store=store)
    chosen = _source(site, source, path)
    if rules is not None:
        known = {name for rule in chosen.rules for name in (str(rule.kind), rule.title)}
        unknown = sorted(set(rules) - known)
        if unknown:
            raise ConfigError(
                [f"--rules {', '.join(unknown)}: source {chosen.name} has {', '.join(sorted(known))}"], str(path)
            )
        kept = tuple(rule for rule in chosen.rules if {str(rule.kind), rule.title} & set(rules))
        chosen = chosen.model_copy(update={"rules": kept})
    only = site.model_copy(update={"sources": (chosen,)})
    plan = line_up(only, store).plans[chosen.name]
    # Recorded footage is judged whenever it is played: the hours of the live view say nothing about it.
    return ReplayPlan(replace(plan, hours=None), chosen)


def _source(site: Site, name: str | None, path: Path) -> SourceSettings:
    names = [each.name for each in site.sources]
    if name is None and len(names) == 1:
        return site.sources[0]
    for each in site.sources:
        if each.name == name:
            return each
    found = "--source is missing" if name is None else f"--source {name}: there is no such source"
    raise ConfigError([f"{found}, allowed: {', '.join(names)}"], str(path))


def _usual(name: str) -> RuleSettings:
    if name not in RULES:
        raise ConfigError([f"--rules {name}: there is no such rule, allowed: {', '.join(RULES)}"])
    settings, _ = RULES[name]
    if settings.zoned:
        raise ConfigError([f"--rules {name}: needs a zone; give a site file that has one with --site"])
    return settings()
