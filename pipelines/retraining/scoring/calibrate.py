"""Thresholds that meet a stated rate of false alarms, and how far the footage can vouch for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from calibration.errors import ModelError
from calibration.rates import HOURS_A_DAY, exposure_needed, rate_interval
from calibration.thresholds import Reliability, Trial, best_f1, choose, reliability
from pipelines.detect import Card, CardClass
from pipelines.detect.card import POSE, read_fields
from pipelines.events import Event
from pipelines.hazards import HazardKind
from pipelines.retraining.scoring.average_precision import Matches, Precision
from pipelines.retraining.scoring.clips import Clip
from pipelines.retraining.scoring.evaluate_clips import ClipScores, Played, Tally, score_clips
from pipelines.retraining.scoring.evaluate_images import best_in_picture, rounded, share
from pipelines.retraining.scoring.predictions import Predictions
from pipelines.retraining.scoring.recalling import RecallingDetector
from pipelines.rules.base import RuleSettings
from pipelines.watch import WatchPlan

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 19))
"""Those that are tried: 0.05 to 0.90."""

RELIABLE_FROM = 0.05
"""Confidence from which boxes are held against what is right: below lie thousands that nobody ever sees."""

FEW = 10
"""Labelled boxes of a class below which its best F1 is luck, and the pictures without it say more."""

Play = Callable[[Clip, Sequence[WatchPlan]], tuple[list[list[Event]], float]]
"""Runs several plans over one clip that is read once: the events of each, and how long the clip is in seconds."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What is asked for.

    Attributes:
        alarms_per_day: false alarms a camera and day that are bearable.
        most_empty: share of the empty pictures that may show a class.
        clips: name of the footage, for the card.
        data: name of the pictures, for the card; None without any.
    """

    alarms_per_day: float
    most_empty: float
    clips: str
    data: str | None


@dataclass(frozen=True, slots=True)
class ClassCalibration:
    """One class.

    Attributes:
        before: the card's threshold.
        threshold: the chosen one; None where nothing meets the goal or nothing could be measured.
        source: what it was chosen by, in words; in place of a threshold, why there is none.
        hazards: what it raises alarms of by itself; empty for a class that only helps others.
        false_alarms: of these at the threshold, on the footage.
        false_per_day: exact Poisson interval of their rate, each end with 95 %.
        found: events found at the threshold.
        events: that there are.
        delay_s: median delay at the threshold.
        empty_share: share of the empty pictures that show it at the threshold.
        precision: of its boxes on the pictures at the threshold.
        recall: likewise.
        recognised: share of the pictures with the class in which it is seen at the threshold.
        trials: every threshold that was tried.
    """

    before: float
    threshold: float | None
    source: str
    hazards: tuple[str, ...]
    false_alarms: int | None = None
    false_per_day: tuple[float, float | None] | None = None
    found: int | None = None
    events: int | None = None
    delay_s: float | None = None
    empty_share: float | None = None
    precision: float | None = None
    recall: float | None = None
    recognised: float | None = None
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True, slots=True)
class Calibration:
    """All classes of a card.

    Attributes:
        alarms_per_day: what was asked for.
        quiet_hours: footage during which none of the judged hazards happened.
        hours_needed: quiet footage without a false alarm that would prove it with 95 %.
        classes: by name.
        reliability: of the classes that the pictures show, over boxes from a confidence of `RELIABLE_FROM` on.
    """

    alarms_per_day: float
    quiet_hours: float
    hours_needed: float
    classes: dict[str, ClassCalibration]
    reliability: dict[str, Reliability]

    def record(self) -> dict[str, Any]:
        """As JSON, to four decimals."""
        told: dict[str, Any] = rounded(asdict(self))
        return told

    @property
    def thresholds(self) -> dict[str, float]:
        """Those that were chosen."""
        return {name: one.threshold for name, one in self.classes.items() if one.threshold is not None}


def sweep(
    detector: RecallingDetector, plan: Callable[[RecallingDetector], WatchPlan], clips: Sequence[Clip], play: Play,
    judged: Sequence[HazardKind],
) -> dict[float, ClipScores]:  # fmt: skip
    """Run the whole pipeline over the clips once for all thresholds: each class has the same one in each run.

    Args:
        detector: the model.
        plan: the plan with a detector in the model's place.
        clips: the footage.
        play: what runs it.
        judged: the hazards that the model serves.

    Raises:
        SourceError: a clip can not be read.
    """
    names = [each.name for each in detector.card.classes]
    plans = [plan(detector.at(dict.fromkeys(names, threshold))) for threshold in THRESHOLDS]
    played: list[list[Played]] = [[] for _ in plans]
    for clip in clips:
        events, length_s = play(clip, plans)
        for one, told in zip(played, events, strict=True):
            one.append(Played(clip, tuple(told), length_s))
    return {threshold: score_clips(one, judged) for threshold, one in zip(THRESHOLDS, played, strict=True)}


def calibrate(
    card: Card,
    rules: Sequence[RuleSettings],
    swept: Mapping[float, ClipScores],
    goal: Goal,
    pictures: tuple[Predictions, Precision] | None,
) -> Calibration:
    """Choose a threshold for each class.

    A class that raises alarms gets the best threshold from which on the whole pipeline keeps to the rate of false
    alarms on the quiet footage and the class to its share of the empty pictures: see `thresholds.choose`. A class
    that only helps others gets the one with the best F1 on the pictures, or, where fewer than `FEW` boxes of it are
    labelled, the lowest from its own on at which it keeps to its share of the pictures without it.

    Args:
        card: the model's.
        rules: those that the model serves; none where there is no footage.
        swept: scores on the clips by threshold; empty without footage, and the pictures alone decide.
        goal: what is asked for.
        pictures: labelled ones, if there are any.
    """
    classes = {}
    for each in card.classes:
        kinds = tuple(dict.fromkeys(str(rule.kind) for rule in rules if _raises(each, rule)))
        matches = _matches(pictures, each.name)
        if kinds:
            classes[each.name] = _by_footage(each, kinds, swept, goal, matches)
        else:
            classes[each.name] = _by_pictures(each, goal, matches)
    quiet_hours = next((scores.total.quiet_hours for scores in swept.values()), 0.0)
    return Calibration(
        alarms_per_day=goal.alarms_per_day,
        quiet_hours=quiet_hours,
        hours_needed=exposure_needed(goal.alarms_per_day / HOURS_A_DAY),
        classes=classes,
        reliability={} if pictures is None else _reliability(*pictures),
    )


def write_thresholds(folder: Path, card: Card, calibration: Calibration) -> None:
    """Put the chosen thresholds and their sources into the card's file; everything else in it stays.

    Raises:
        ModelError: the card can not be read or written.
    """
    path = folder / "card.yaml"
    chosen = {name: one for name, one in calibration.classes.items() if one.threshold is not None}
    classes = [
        each.model_copy(update={"threshold": chosen[each.name].threshold, "threshold_source": chosen[each.name].source})
        if each.name in chosen
        else each
        for each in card.classes
    ]
    try:
        fields = read_fields(path.read_text(encoding="utf-8"), str(path))
        fields["classes"] = [each.model_dump(exclude_none=True) for each in classes]
        new = path.with_suffix(".new")
        new.write_text(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=100), encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise ModelError(f"{path}: can not be written: {error.strerror}") from error


Seen = tuple[Matches, NDArray[np.bool_]]
"""The boxes of a class, and which pictures are empty."""


def _matches(pictures: tuple[Predictions, Precision] | None, name: str) -> Seen | None:
    if pictures is None or name not in pictures[0].classes:
        return None
    predictions, scored = pictures
    return scored.matches[predictions.classes.index(name)], predictions.empty


def _raises(each: CardClass, rule: RuleSettings) -> bool:
    """Do the rule's alarms hang on this class? Those of a pose hang on the person whose pose it is."""
    return each.means in rule.needs or (each.means == "person" and POSE in rule.needs)


def _by_footage(
    each: CardClass, kinds: tuple[str, ...], swept: Mapping[float, ClipScores], goal: Goal, seen: Seen | None
) -> ClassCalibration:
    tallies = {threshold: [scores.hazards[kind] for kind in kinds] for threshold, scores in swept.items()}
    trials = tuple(
        Trial(
            threshold,
            sum(t.false for t in some),
            sum(t.found for t in some),
            _empty_share(seen, threshold),
            _f1(seen, threshold),
        )
        for threshold, some in tallies.items()
    )
    quiet_hours = min(tally.quiet_hours for tally in next(iter(tallies.values())))
    chosen = choose(trials, goal.alarms_per_day * quiet_hours / HOURS_A_DAY, goal.most_empty)
    if chosen is None:
        why = f"no threshold up to {THRESHOLDS[-1]:.2f} keeps false alarms at {goal.alarms_per_day:g} a camera and day"
        return ClassCalibration(each.threshold, None, f"{why} on {goal.clips}", kinds, trials=trials)
    low, high = rate_interval(chosen.false_alarms, quiet_hours / HOURS_A_DAY)
    some = tallies[chosen.threshold]
    return ClassCalibration(
        before=each.threshold,
        threshold=chosen.threshold,
        source=_in_words(chosen, quiet_hours, high, goal, seen),
        hazards=kinds,
        false_alarms=chosen.false_alarms,
        false_per_day=(low, high),
        found=chosen.found,
        events=sum(tally.events for tally in some),
        delay_s=_delay(some),
        empty_share=chosen.empty_share,
        trials=trials,
        **_on_pictures(seen, chosen.threshold),
    )


def _by_pictures(each: CardClass, goal: Goal, seen: Seen | None) -> ClassCalibration:
    """Of a class that raises no alarm by itself."""
    matches = None if seen is None else seen[0]
    if matches is not None and matches.labels.sum() < FEW:
        return _by_absence(each, goal, matches)
    best = None if matches is None else best_f1(matches.score, matches.right, int(matches.labels.sum()))
    if best is None:
        return ClassCalibration(each.threshold, None, "raises no alarm, and no labelled picture shows it", ())
    threshold = float(np.clip(np.floor(best * 100) / 100, 0.01, 0.99))
    return ClassCalibration(
        before=each.threshold,
        threshold=threshold,
        source=f"best F1 on {goal.data}",
        hazards=(),
        empty_share=_empty_share(seen, threshold),
        **_on_pictures(seen, threshold),
    )


def _by_absence(each: CardClass, goal: Goal, matches: Matches) -> ClassCalibration:
    """Of a class of which too few boxes are labelled to weigh what is found against what is false."""
    top, without = best_in_picture(matches), matches.labels == 0
    count, allowed = int(without.sum()), goal.most_empty * int(without.sum())
    shown = {threshold: int((top[without] >= threshold).sum()) for threshold in THRESHOLDS}
    good = [threshold for threshold in THRESHOLDS if threshold >= each.threshold and shown[threshold] <= allowed]
    told = f"{int(matches.labels.sum())} labelled in {goal.data}"
    if not good:
        why = f"{told}, and shown in more than {goal.most_empty:.0%} of the {count} pictures without it"
        return ClassCalibration(each.threshold, None, f"{why} up to {THRESHOLDS[-1]:.2f}", ())
    return ClassCalibration(
        before=each.threshold,
        threshold=good[0],
        source=f"{told}; shown in {shown[good[0]]} of the {count} pictures without it",
        hazards=(),
        **_on_pictures((matches, without), good[0]),
    )


def _empty_share(seen: Seen | None, threshold: float) -> float | None:
    if seen is None:
        return None
    matches, empty = seen
    return share(int((best_in_picture(matches)[empty] >= threshold).sum()), int(empty.sum()))


def _f1(seen: Seen | None, threshold: float) -> float | None:
    if seen is None or not seen[0].labels.any():
        return None
    matches, shown = seen[0], seen[0].score >= threshold
    return float(2 * (matches.right & shown).sum() / (shown.sum() + matches.labels.sum()))


def _on_pictures(seen: Seen | None, threshold: float) -> dict[str, Any]:
    if seen is None:
        return {}
    matches, _ = seen
    shown, has = matches.score >= threshold, matches.labels > 0
    right = int((matches.right & shown).sum())
    return {
        "precision": share(right, int(shown.sum())),
        "recall": share(right, int(matches.labels.sum())),
        "recognised": share(int((best_in_picture(matches)[has] >= threshold).sum()), int(has.sum())),
    }


def _in_words(chosen: Trial, quiet_hours: float, most: float | None, goal: Goal, seen: Seen | None) -> str:
    bound = "no bound" if most is None else f"at most {most:,.0f} a camera and day, 95 %"
    words = f"{chosen.false_alarms} false alarms in {quiet_hours:.3f} quiet hours of {goal.clips} ({bound})"
    if seen is None or chosen.empty_share is None:
        return words
    empty = int(seen[1].sum())
    return f"{words}; shown in {round(chosen.empty_share * empty)} of {empty} empty pictures of {goal.data}"


def _reliability(predictions: Predictions, scored: Precision) -> dict[str, Reliability]:
    found = {}
    for name, matches in zip(predictions.classes, scored.matches, strict=True):
        shown = matches.score >= RELIABLE_FROM
        if shown.any():
            found[name] = reliability(matches.score[shown], matches.right[shown])
    return found


def _delay(tallies: Sequence[Tally]) -> float | None:
    """The longest of the medians: one hazard a class as a rule."""
    return max((tally.delay_s for tally in tallies if tally.delay_s is not None), default=None)
