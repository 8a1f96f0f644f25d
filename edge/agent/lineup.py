"""From a site to what has to be loaded and watched: detectors, and a plan for each source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from calibration.errors import ModelError
from edge.config import Site, SourceSettings, needs_in_words, serving_model
from edge.delivery.contract import Model
from edge.inference import Chosen, Memory, settle
from edge.model_store import ModelStore
from edge.trust import read_trust
from pipelines.detect import Detector
from pipelines.detect.card import Card
from pipelines.incidents import Policy
from pipelines.rules.base import RuleSettings
from pipelines.watch import LanePlan, WatchPlan

# Of the analysed frames in which the prefilter sees nothing: one in twenty seconds while a view is awake.
SAMPLE_SHARE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Lineup:
    """What a site needs to run.

    Attributes:
        detectors: by the title of their use in the site file; only those that serve a rule.
        chosen: how each of them is run, and why.
        plans: one a source, by its name.
        models: which model serves a rule, by source and rule title, for its events.
    """

    detectors: Mapping[str, Detector]
    chosen: Mapping[str, Chosen]
    plans: Mapping[str, WatchPlan]
    models: Mapping[tuple[str, str], Model]


def line_up(site: Site, store: ModelStore, memory: Memory | None = None) -> Lineup:
    """Load the models that serve a rule and say what each source is watched for.

    Args:
        site: what to watch.
        store: where its models are.
        memory: how they ran best at earlier starts; see `settle`.

    Raises:
        ModelError: a model is missing, is not what its card says, is not signed as the site wants it, or no model
            sees what a rule needs; an execution provider is missing.
    """
    store = store.trusting(read_trust(site.trusted_keys, required=site.require_signed))
    loaded = {use.title: store.load(use.where) for use in site.models}
    uses = {use.title: use for use in site.models}
    cards = {title: model.card.with_thresholds(uses[title].thresholds) for title, model in loaded.items()}
    served = {source.name: _served(source, site, cards) for source in site.sources}
    needed = {title for lanes in served.values() for title in lanes}
    used = {title: replace(model, card=cards[title]) for title, model in loaded.items() if title in needed}
    ready = settle(used, site.agent.inference, store, memory)
    detectors = {title: each.detector for title, each in ready.items()}
    chosen = {title: each.chosen for title, each in ready.items()}
    models = {
        (source, rule.title): _named(detectors[title].card)
        for source, lanes in served.items()
        for title, rules in lanes.items()
        for rule in rules
    }
    handled = site.handling == "required"
    plans = {source.name: _plan(source, served[source.name], detectors, handled) for source in site.sources}
    return Lineup(detectors, chosen, plans, models)


def _served(source: SourceSettings, site: Site, cards: Mapping[str, Card]) -> dict[str, list[RuleSettings]]:
    lanes: dict[str, list[RuleSettings]] = {}
    for rule in source.rules:
        title = serving_model(rule, site.models, cards)
        if title is None:
            raise ModelError(
                f"source {source.name}, rule {rule.title}: none of the site's models sees {needs_in_words(rule)}"
            )
        lanes.setdefault(title, []).append(rule)
    return lanes


def _plan(
    source: SourceSettings,
    lanes: Mapping[str, list[RuleSettings]],
    detectors: Mapping[str, Detector],
    handled: bool,
) -> WatchPlan:
    return WatchPlan(
        source=source.name,
        lanes=tuple(LanePlan(detectors[title], tuple(rules)) for title, rules in lanes.items()),
        zones=source.zone_map(),
        max_gap_s=source.max_gap_s,
        interval_s=source.interval_s,
        analysis_fps=source.analysis_fps,
        mode=source.mode,
        hours=source.hours,
        sample_share=SAMPLE_SHARE,
        policy=Policy(handled=handled),
    )


def _named(card: Card) -> Model:
    return Model(name=card.name, version=card.version, sha256=card.sha256)
