"""What a candidate must not be: values in, refusals out, each in words that say what was found and what is allowed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.retraining.data.leakage import Leak
from pipelines.retraining.scoring.compare import ClassComparison, Comparison, EqualRecall
from pipelines.retraining.scoring.evaluate_clips import ClipScores
from pipelines.retraining.scoring.evaluate_images import ImageScores

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed.

    Attributes:
        margin: how far a class's AP50 may fall below what it is held against.
        false_margin: by how many boxes per empty picture false alarms may rise at equal recall; a split with a hundred
            empty pictures can not tell less than one box from nothing.
        largest_bytes: size of each weights file.
    """

    margin: float = 0.02
    false_margin: float = 0.02
    largest_bytes: int = 12_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One model on the data of the release; `clips` is None where there are none."""

    name: str
    images: ImageScores
    clips: ClipScores | None


def refuse_leaks(leaks: Sequence[Leak]) -> list[str]:
    """Pictures that it is judged by and was trained on."""
    if not leaks:
        return []
    first = "; ".join(str(leak) for leak in leaks[:_SHOWN])
    more = f"; and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
    return [f"leakage: {len(leaks)} found between training and measuring, allowed: none: {first}{more}"]


def refuse_card(fields: Mapping[str, Any]) -> list[str]:
    """Fields that a card must have before it is released, over what it must have to run."""
    missing = [name for name in ("licence", "training_data", "base", "recipe") if not fields.get(name)]
    missing += [
        f"classes.{one.get('name')}.threshold_source"
        for one in fields.get("classes") or ()
        if not one.get("threshold_source")
    ]
    return [f"card: {name} is missing" for name in missing]


def refuse_size(sizes: Mapping[str, int], limits: Limits) -> list[str]:
    """Files that are too large; sizes in bytes by name."""
    return [
        f"size: {name} has {size / 1e6:.1f} MB, allowed: {limits.largest_bytes / 1e6:g} MB"
        for name, size in sizes.items()
        if size > limits.largest_bytes
    ]


def refuse_fall(candidate: Measured, against: Measured, limits: Limits, dropped: Collection[str] = ()) -> list[str]:
    """Classes that are found less well than by another model on the same pictures, or not known any more.

    Args:
        candidate: under test.
        against: the other one.
        limits: what is allowed.
        dropped: classes that the candidate leaves out on purpose.
    """
    refusals = []
    for name, theirs in against.images.classes.items():
        ours = candidate.images.classes.get(name)
        if ours is None and name in dropped:
            continue
        if ours is None:
            refusals.append(f"{name}: {against.name} knows this class, {candidate.name} does not")
        elif theirs.ap50 is not None and (ours.ap50 or 0.0) < theirs.ap50 - limits.margin:
            refusals.append(
                f"{name}: AP50 {ours.ap50 or 0.0:.3f}, {against.name} has {theirs.ap50:.3f}; "
                f"allowed: {limits.margin:g} less"
            )
    return refusals


def refuse_false_alarms(candidate: Measured, against: Measured, comparison: Comparison, limits: Limits) -> list[str]:
    """Classes with more false positives where both models find as much, and clips with more false alarms.

    The level of recall is the one nearest to that of the other model at its own thresholds: where it works. At the
    thresholds of the two cards they may rise only if more is found for it.
    """
    refusals = []
    for name, one in comparison.classes.items():
        refusals += _refuse_idle_rise(name, candidate, against, limits)
        level = _working_level(one, against.images.classes[name].recall)
        if level is None:
            continue
        ours, theirs = _false(level)
        if ours > theirs + limits.false_margin:
            refusals.append(
                f"{name}: {ours:.3f} false positives per {_per(level)} at a recall of {level.recall:.1f}, "
                f"{against.name} has {theirs:.3f}; allowed: {limits.false_margin:g} more"
            )
    if candidate.clips is not None and against.clips is not None:
        refusals += _refuse_clips(candidate, against)
    return refusals


def _refuse_idle_rise(name: str, candidate: Measured, against: Measured, limits: Limits) -> list[str]:
    ours, theirs = candidate.images.classes[name], against.images.classes[name]
    if ours.fp_per_empty is None or theirs.fp_per_empty is None or (ours.recall or 0.0) > (theirs.recall or 0.0):
        return []
    if ours.fp_per_empty <= theirs.fp_per_empty + limits.false_margin:
        return []
    return [
        f"{name}: {ours.fp_per_empty:.3f} false positives per empty picture at its threshold of {ours.threshold:g}, "
        f"{against.name} has {theirs.fp_per_empty:.3f} and finds as much; allowed: {limits.false_margin:g} more"
    ]


def _refuse_clips(candidate: Measured, against: Measured) -> list[str]:
    assert candidate.clips is not None
    assert against.clips is not None
    refusals = []
    for hazard, theirs in against.clips.hazards.items():
        ours = candidate.clips.hazards.get(hazard)
        if ours is None:
            refusals.append(f"clips: {against.name} serves {hazard}, {candidate.name} does not")
            continue
        if ours.false > theirs.false:
            refusals.append(f"clips: {ours.false} false alarms of {hazard}, {against.name} has {theirs.false}")
        if ours.found < theirs.found:
            refusals.append(f"clips: finds {ours.found} of {ours.events} {hazard}, {against.name} {theirs.found}")
    return refusals


def _working_level(one: ClassComparison, recall: float | None) -> EqualRecall | None:
    """None where the two models share no level: then the AP50 tells them apart."""
    levels = one.boxes or one.pictures
    return min(levels, key=lambda level: abs(level.recall - (recall or 0.0)), default=None)


def _false(level: EqualRecall) -> tuple[float, float]:
    ours, theirs = level.fp_per_empty
    return level.fp_per_picture if ours is None or theirs is None else (ours, theirs)


def _per(level: EqualRecall) -> str:
    return "picture" if None in level.fp_per_empty else "empty picture"
