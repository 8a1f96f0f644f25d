"""From a site to what has to be loaded and watched: detectors, and a plan for each source."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from calibration.errors import ModelError
from edge.agent.models import Models
from edge.agent.opening import open_beside
from edge.clock import AgentClock
from edge.config import ModelUse, Site, SourceSettings, needs_in_words, serving_model
from edge.inference import Memory, Ready, settle
from edge.model_store import LoadedModel, ModelStore
from edge.sources import Source
from edge.trust import read_trust
from edge.updates.installed import Updates
from pipelines.detect import Detector
from pipelines.detect.card import Card
from pipelines.incidents import Policy
from pipelines.lane import LanePlan
from pipelines.rules.base import RuleSettings
from pipelines.watch import WatchPlan

# Of the analysed frames in which the prefilter sees nothing: one in twenty seconds while a view is awake.
SAMPLE_SHARE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Lineup:
    """What a site needs to run.

    Attributes:
        models: those that serve a rule.
        plans: one a source, by its name.
        veil: finds people who are to be hidden; None where nobody is.
        begun: cameras that are connected to already, by name.
    """

    models: Models
    plans: Mapping[str, WatchPlan]
    veil: Detector | None = None
    begun: Mapping[str, Source] = field(default_factory=dict)

    def close(self) -> None:
        """Let the cameras go: nobody will read them."""
        for source in self.begun.values():
            source.close()


def line_up_beside(site: Site, store: ModelStore, memory: Memory, updates: Updates, clock: AgentClock) -> Lineup:
    """The same as `line_up` for a site that is to take over, with its cameras connected to beside those that run.

    Raises:
        ModelError: see `line_up`.
    """
    return replace(line_up(site, store, memory, updates), begun=open_beside(site.sources, clock))


def line_up(site: Site, store: ModelStore, memory: Memory | None = None, updates: Updates | None = None) -> Lineup:
    """Load the models that serve a rule and say what each source is watched for.

    Args:
        site: what to watch.
        store: where its models are.
        memory: how they ran best at earlier starts; see `settle`.
        updates: what runs instead of the site's own; one that can not is withdrawn.

    Raises:
        ModelError: a model is missing, is not what its card says, is not signed as the site wants it, or no model
            sees what a rule needs; an execution provider is missing.
    """
    store = store.trusting(read_trust(site.trusted_keys, required=site.require_signed))
    own = {use.title: store.load(use.where) for use in site.models}
    if updates is None:
        return _line_up(site, store, own, memory)
    loaded = {title: _updated(title, model, site, store, updates) for title, model in own.items()}
    try:
        return _line_up(site, store, loaded, memory)
    except ModelError as error:
        changed = [title for title, model in loaded.items() if model is not own[title]]
        if not changed:
            raise
        for title in changed:
            updates.withdraw(title, str(error))
        return _line_up(site, store, own, memory)


def usable(model: LoadedModel, use: ModelUse) -> LoadedModel:
    """A model as a site uses it: with the site's thresholds."""
    return replace(model, card=model.card.with_thresholds(use.thresholds))


def _updated(title: str, own: LoadedModel, site: Site, store: ModelStore, updates: Updates) -> LoadedModel:
    """The site's own model, or the update that runs instead of it."""
    folder = updates.folder(title, own.card.sha256)
    if folder is None:
        return own
    try:
        return signed_only(site, store).load(folder)
    except ModelError as error:
        updates.withdraw(title, str(error))
        return own


def signed_only(site: Site, store: ModelStore) -> ModelStore:
    """What comes over the network has to be signed by somebody whom this site trusts, whatever else it allows."""
    return store.trusting(read_trust(site.trusted_keys, required=True))


def _line_up(site: Site, store: ModelStore, loaded: Mapping[str, LoadedModel], memory: Memory | None) -> Lineup:
    fitted = {use.title: usable(loaded[use.title], use) for use in site.models}
    cards = {title: model.card for title, model in fitted.items()}
    served = {source.name: _served(source, site, cards) for source in site.sources}
    needed = {title for lanes in served.values() for title in lanes}
    veil = _veil(site, cards, needed)
    needed |= {veil} if veil is not None else set()
    ready = settle({t: fitted[t] for t in fitted if t in needed}, site.agent.inference, store, memory)
    serving = {
        (source, rule.title): title
        for source, lanes in served.items()
        for title, rules in lanes.items()
        for rule in rules
    }
    handled = site.handling == "required"
    plans = {source.name: _plan(source, served[source.name], ready, handled) for source in site.sources}
    return Lineup(Models(ready, serving), plans, ready[veil].detector if veil is not None else None)


def _veil(site: Site, cards: Mapping[str, Card], needed: Collection[str]) -> str | None:
    """Which model finds the people who are to be hidden: one that runs anyway, if there is one.

    Raises:
        ModelError: none of the site's models sees people.
    """
    if site.agent.evidence.privacy == "none":
        return None
    able = sorted((title for title, card in cards.items() if "person" in card.sees), key=lambda t: t not in needed)
    if not able:
        raise ModelError("agent.evidence.privacy: needs a model that sees person, and none of the site's does")
    return able[0]


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
    ready: Mapping[str, Ready],
    handled: bool,
) -> WatchPlan:
    return WatchPlan(
        source=source.name,
        lanes=tuple(LanePlan(ready[title].detector, tuple(rules)) for title, rules in lanes.items()),
        zones=source.zone_map(),
        max_gap_s=source.max_gap_s,
        interval_s=source.interval_s,
        analysis_fps=source.analysis_fps,
        mode=source.mode,
        hours=source.hours,
        sample_share=SAMPLE_SHARE,
        policy=Policy(handled=handled),
    )
