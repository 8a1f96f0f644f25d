"""Are the site's models whole, and do they run here?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from calibration.errors import ModelError
from edge.checkup.result import Part, Result
from edge.config.serving import serving_model
from edge.config.site import ModelUse, Site
from edge.inference import Memory, remembered
from edge.inference.memory import FILE
from edge.model_store import ModelStore
from edge.trust import read_trust
from pipelines.detect import Card


def check_models(site: Site, store: ModelStore) -> Iterator[Result]:
    """Load each model: signature, digest, ONNX Runtime, one run on grey against its card."""
    try:
        store = store.trusting(read_trust(site.trusted_keys, required=site.require_signed))
    except ModelError as error:
        yield Result(Part.MODEL, "trusted_keys", False, str(error))
        return
    cards = {use.title: store.card(use.where) for use in site.models}
    for use in site.models:
        try:
            text = _try(use, site, store)
        except ModelError as error:
            yield Result(Part.MODEL, use.title, False, str(error))
        else:
            yield Result(Part.MODEL, use.title, True, f"{text}; serves {_served(use, site, cards)}")


def _try(use: ModelUse, site: Site, store: ModelStore) -> str:
    model = store.load(use.where)
    model = replace(model, card=model.card.with_thresholds(use.thresholds))
    ready = remembered(model, site.agent.inference, store, Memory(site.agent.data / FILE))
    card = ready.detector.card
    size = f"{card.input.width}×{card.input.height}"
    return f"{card.name} {card.version}, {size}, sha256 {card.sha256[:12]}…, {model.signed}; runs {ready.chosen}"


def _served(use: ModelUse, site: Site, cards: dict[str, Card]) -> str:
    """The rules that will be answered by this model."""
    kinds = [
        str(rule.kind)
        for source in site.sources
        for rule in source.rules
        if serving_model(rule, site.models, cards) == use.title
    ]
    return ", ".join(dict.fromkeys(kinds)) or "no rule"
