"""What no field can tell by itself: names that must differ, names that must exist, models that must see.

The checks work on a draft, which holds every part of the file that is right by itself. So they are made,
and their faults reported, beside the faults of the fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from calibration.errors import ModelError
from edge.config.paths import KeyPath, choices, spell
from edge.config.serving import needs_in_words, serves
from edge.config.site import ModelUse
from pipelines.detect.card import Card
from pipelines.rules import AnyRuleSettings
from pipelines.rules.base import RuleSettings

Finding = tuple[KeyPath, str]
CardOf = Callable[[ModelUse], Card]

T = TypeVar("T")

_RULE: TypeAdapter[RuleSettings] = TypeAdapter(AnyRuleSettings)
_MODEL = TypeAdapter(ModelUse)


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """The usable parts of one source, each with its path.

    Attributes:
        path: where the source stands.
        name: its name.
        zones: names of its zones, by the path of the name.
        named: names of zones that its rules ask for, also of rules that are wrong otherwise.
        rules: the rules that are right by themselves.
    """

    path: KeyPath
    name: str | None
    zones: dict[KeyPath, str]
    named: dict[KeyPath, str]
    rules: dict[KeyPath, RuleSettings]


@dataclass(frozen=True, slots=True)
class Draft:
    """The usable parts of a site file.

    Attributes:
        sources: all of them.
        models: by path.
        models_whole: none of the models in the file had to be left out.
        outputs: names of the outputs, by the path of the name.
        heard: names of sources that outputs ask for.
        hides_people: the site wants people made unrecognisable.
    """

    sources: list[SourceDraft]
    models: dict[KeyPath, ModelUse]
    models_whole: bool
    outputs: dict[KeyPath, str] = field(default_factory=dict)
    heard: dict[KeyPath, str] = field(default_factory=dict)
    hides_people: bool = False


def draft(data: Any) -> Draft:
    """Pick what is right out of a file that may be wrong."""
    models_given = _items(data, "models", ())
    models = {path: use for path, raw in models_given if (use := _valid(_MODEL, raw)) is not None}
    sources = []
    for path, raw in _items(data, "sources", ()):
        rules = {p: rule for p, r in _items(raw, "rules", path) if (rule := _valid(_RULE, r)) is not None}
        name = _get(raw, "name")
        sources.append(
            SourceDraft(
                path,
                name if isinstance(name, str) else None,
                _texts(_items(raw, "zones", path), "name"),
                _texts(_items(raw, "rules", path), "zone"),
                rules,
            )
        )
    outputs = _items(data, "outputs", ())
    heard = {at: name for path, raw in outputs for at, name in _items(raw, "sources", path) if isinstance(name, str)}
    hides = _get(_get(_get(data, "agent"), "evidence"), "privacy") == "blur_people_outside_hazard"
    return Draft(sources, models, len(models) == len(models_given), _texts(outputs, "name"), heard, hides)


def cross_check(site: Draft, card_of: CardOf) -> Iterator[Finding]:
    """Every fault between the parts.

    Args:
        site: the usable parts.
        card_of: reads a model's card; raises ModelError.
    """
    yield from _differ({(*s.path, "name"): s.name for s in site.sources if s.name is not None}, "source")
    yield from _differ({path: use.title for path, use in site.models.items()}, "model")
    yield from _differ(site.outputs, "output")
    names = [source.name for source in site.sources if source.name is not None]
    for path, name in site.heard.items():
        if name not in names:
            yield path, f"the site has no source {name!r}, {choices(name, names)}"
    cards: dict[KeyPath, Card] = {}
    for path, use in site.models.items():
        try:
            cards[path] = card_of(use)
        except ModelError as error:
            yield (*path, "name" if use.name is not None else "path"), str(error)
        else:
            yield from _thresholds(path, use, cards[path])
    yield from _privacy(site, cards)
    for source in site.sources:
        yield from _differ(source.zones, "zone")
        yield from _zones(source)
        yield from _differ({path: rule.title for path, rule in source.rules.items()}, "rule")
        for path, rule in source.rules.items():
            yield from _rising(path, rule)
            yield from _model(path, rule, site, cards)


def _differ(names: Mapping[KeyPath, str], what: str) -> Iterator[Finding]:
    first: dict[str, KeyPath] = {}
    for path, name in names.items():
        if name in first:
            hint = "; give one of them a name of its own" if what in ("rule", "model") else ""
            yield path, f"{what} {name!r} stands at {spell(first[name])} already, names must differ{hint}"
        first.setdefault(name, path)


def _thresholds(path: KeyPath, use: ModelUse, card: Card) -> Iterator[Finding]:
    names = [c.name for c in card.classes]
    for name in use.thresholds:
        if name not in names:
            yield (*path, "thresholds", name), f"model {use.title!r} has no class {name!r}, {choices(name, names)}"


def _zones(source: SourceDraft) -> Iterator[Finding]:
    names = list(dict.fromkeys(source.zones.values()))
    for path, name in source.named.items():
        if name not in names:
            there_are = choices(name, names).replace("allowed:", "there are:") if names else "it has none"
            yield path, f"the source has no zone {name!r}, {there_are}"


def _rising(path: KeyPath, rule: RuleSettings) -> Iterator[Finding]:
    severity, after_s, before = rule.severity, 0.0, "the rule's own"
    for i, step in enumerate(rule.escalate):
        here = (*path, "escalate", i)
        if step.after_s <= after_s:
            yield (*here, "after_s"), f"found {step.after_s:g}, allowed: above {after_s:g} of the step before"
        if step.severity <= severity:
            allowed = ", ".join(str(s) for s in range(severity + 1, 5)) or "none above 4: remove the step"
            yield (*here, "severity"), f"found {step.severity}, must rise above {before} {severity}, allowed: {allowed}"
        severity, after_s, before = max(severity, step.severity), max(after_s, step.after_s), "the step before's"


def _model(path: KeyPath, rule: RuleSettings, site: Draft, cards: Mapping[KeyPath, Card]) -> Iterator[Finding]:
    titles = [use.title for use in site.models.values()]
    if rule.model is not None and rule.model not in titles:
        if site.models_whole:
            yield (*path, "model"), f"the site has no model {rule.model!r}, {choices(rule.model, titles)}"
        return
    if not site.models_whole or len(cards) < len(site.models):
        return  # the faults of the models come first: what they see is not known
    if any(serves(site.models[at], card, rule) for at, card in cards.items()):
        return
    seen = "; ".join(_sees(site.models[at], card) for at, card in cards.items())
    wanted = needs_in_words(rule)
    yield path, f"rule {str(rule.kind)!r} needs a model that sees {wanted}, and none that may serve it does: {seen}"


def _privacy(site: Draft, cards: Mapping[KeyPath, Card]) -> Iterator[Finding]:
    if not site.hides_people or not site.models_whole or len(cards) < len(site.models):
        return
    if not any("person" in card.sees for card in cards.values()):
        seen = "; ".join(_sees(site.models[at], card) for at, card in cards.items())
        yield ("agent", "evidence", "privacy"), f"needs a model that sees person, and none does: {seen}"


def _sees(use: ModelUse, card: Card) -> str:
    seen = ", ".join(card.sees)
    kept = "" if use.rules is None else f" (kept for {', '.join(use.rules)})"
    return f"{use.title}{kept} sees {seen}"


def _items(data: Any, key: str, path: KeyPath) -> list[tuple[KeyPath, Any]]:
    value = _get(data, key)
    return [((*path, key, i), item) for i, item in enumerate(value)] if isinstance(value, list) else []


def _texts(items: list[tuple[KeyPath, Any]], key: str) -> dict[KeyPath, str]:
    return {(*path, key): _get(item, key) for path, item in items if isinstance(_get(item, key), str)}


def _get(data: Any, key: str) -> Any:
    return data.get(key) if isinstance(data, dict) else None


def _valid(adapter: TypeAdapter[T], raw: Any) -> T | None:
    try:
        return adapter.validate_python(raw)
    except ValidationError:
        return None
