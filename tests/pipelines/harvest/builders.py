"""Finds, claims and proposals for the tests."""

from __future__ import annotations

from typing import Any

from pipelines.harvest import Claim, Find, KeptPicture, Proposal, Why

CLASSES = {"fire-smoke": ("fire", "smoke"), "ppe": ("person", "vest")}
LEFT, RIGHT = (0.1, 0.1, 0.3, 0.4), (0.6, 0.5, 0.9, 0.9)


def a_proposal(
    name: str = "fire", *, score: float = 0.5, box: tuple[float, ...] = LEFT, threshold: float = 0.25
) -> Proposal:
    model = next(model for model, names in CLASSES.items() if name in names)
    return Proposal.model_validate(
        {"model": model, "name": name, "means": name, "score": score, "threshold": threshold, "box": box}
    )


def a_claim(incident: str = "i1", kind: str = "fire", *, box: tuple[float, ...] = LEFT, **more: Any) -> Claim:
    model, names = ("fire-smoke", (kind,)) if kind in {"fire", "smoke"} else ("ppe", ("person",))
    facts = {"incident": incident, "kind": kind, "rule": kind, "phase": "open", "score": 0.5, "box": box}
    return Claim.model_validate(facts | {"model": model, "names": names} | more)


def a_find(key: str = "f1", why: Why = Why.UNCERTAIN, **more: Any) -> Find:
    facts = {
        "id": key, "source": "gate", "captured_s": 1_767_225_600.0, "why": why, "score": 0.5, "width": 320,
        "height": 180, "spot": LEFT, "looks": "0" * 16, "models": {"fire-smoke": CLASSES["fire-smoke"]},
        "versions": {"fire-smoke": "1"},
    }  # fmt: skip
    return Find.model_validate(facts | more)


def a_kept(key: str = "f1", why: Why = Why.UNCERTAIN, **more: Any) -> KeptPicture:
    facts = {"sha256": "0" * 64, "kept_s": 1_767_225_600.0} | more
    return KeptPicture.model_validate(a_find(key, why).model_dump() | facts)
