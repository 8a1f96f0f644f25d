"""Which model serves which rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge.config.site import ModelUse
from pipelines.detect.card import Card
from pipelines.rules.base import RuleSettings


def needs_in_words(rule: RuleSettings) -> str:
    """What a model must see to serve the rule, for messages."""
    return " or ".join(sorted(rule.needs)) or "anything"


def serves(use: ModelUse, card: Card, rule: RuleSettings) -> bool:
    """May this model serve the rule, and does it see what the rule needs?"""
    if rule.model is not None and rule.model != use.title:
        return False
    asked = rule.model is not None or use.rules is None or rule.kind in use.rules
    return asked and (not rule.needs or not rule.needs.isdisjoint(card.sees))


def serving_model(rule: RuleSettings, uses: Sequence[ModelUse], cards: Mapping[str, Card]) -> str | None:
    """The title of the model that serves a rule.

    The one that the rule names; else the first in the file that is meant for the rule by its `rules`; else the one
    that sees the most of what the rule needs. Of several that see as much, the first whose card says that it was
    made for the rule; else the first in the file.

    Args:
        rule: the rule's settings.
        uses: the site's models, in the file's order.
        cards: their cards by title; models without one are passed over.
    """
    able = [use for use in uses if use.title in cards and serves(use, cards[use.title], rule)]
    meant = [use for use in able if use.rules is not None]
    best = max(meant[:1] or able, key=lambda use: _fitness(cards[use.title], rule), default=None)
    return None if best is None else best.title


def _fitness(card: Card, rule: RuleSettings) -> tuple[int, bool]:
    """How well a model that can serve a rule does."""
    return len(rule.needs.intersection(card.sees)), rule.kind in card.made_for
