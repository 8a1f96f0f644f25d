from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.retraining.data.dataset import Labels, Picture
from pipelines.retraining.data.leakage import Leak, LeakKind
from pipelines.retraining.releasing.gate import (
    Limits,
    Measured,
    refuse_card,
    refuse_fall,
    refuse_false_alarms,
    refuse_leaks,
    refuse_size,
)
from pipelines.retraining.scoring.compare import ClassComparison, Comparison, EqualRecall
from pipelines.retraining.scoring.evaluate_clips import ClipScores, Tally
from pipelines.retraining.scoring.evaluate_images import ClassScores, ImageScores

LIMITS = Limits(margin=0.02, false_margin=0.05)


def measured(
    name: str, clips: ClipScores | None = None, recall: float = 0.5, fp: float | None = None, **ap50: float | None
) -> Measured:
    classes = {
        each: ClassScores(
            ap50=value, ap50_95=None, precision=None, recall=recall, threshold=0.5, labels=9, recognised=None,
            recognised_at_5pc=None, fp_per_empty=fp, interval=None,
        )
        for each, value in ap50.items()
    }  # fmt: skip
    images = ImageScores(
        map50=None, map50_95=None, classes=classes, fp_per_empty=None, pictures=9, empty=3, sizes={}, keypoints=None,
        interval=None, groups=9, max_detections=300, left_out={},
    )  # fmt: skip
    return Measured(name, images, clips)


def tally(found: int, false: int) -> Tally:
    return Tally(3, found, 3 - found, 0, false, None, None, 1.0, None, (0.0, None), None)


def clips(found: int = 3, false: int = 0, hazard: str = "fire") -> ClipScores:
    return ClipScores(tally(found, false), {hazard: tally(found, false)}, (), (), {})


def comparison(*levels: tuple[float, float | None, float | None, float, float]) -> Comparison:
    rows = tuple(EqualRecall(recall, (0.5, 0.5), (a, b), (c, d)) for recall, a, b, c, d in levels)
    return Comparison("old", None, None, {"fire": ClassComparison(None, None, rows, ())})


@pytest.mark.parametrize(
    ("ours", "theirs", "refused"),
    [(0.5, 0.5, False), (0.481, 0.5, False), (0.479, 0.5, True), (None, 0.5, True), (0.1, None, False)],
)
def test_a_class_may_fall_by_the_margin_and_no_further(ours: float | None, theirs: float | None, refused: bool) -> None:
    found = refuse_fall(measured("new", fire=ours, smoke=0.9), measured("old 1.0.0", fire=theirs, smoke=0.3), LIMITS)
    assert bool(found) == refused
    if refused:
        assert found == [f"fire: AP50 {ours or 0:.3f}, old 1.0.0 has {theirs:.3f}; allowed: 0.02 less"]


def test_a_class_may_not_vanish() -> None:
    (found,) = refuse_fall(measured("new", fire=0.9), measured("old", fire=0.1, smoke=0.1), LIMITS)
    assert found == "smoke: old knows this class, new does not"
    old = measured("old", fire=0.1, smoke=0.1)
    assert refuse_fall(measured("new", fire=0.9), old, LIMITS, {"smoke"}) == [], "on purpose"


def test_false_positives_are_held_against_each_other_where_the_old_one_works() -> None:
    levels = ((0.3, 0.0, 0.0, 0.0, 0.0), (0.5, 0.3, 0.1, 0.0, 0.0), (0.7, 0.0, 9.0, 0.0, 0.0))
    (found,) = refuse_false_alarms(measured("new", fire=1), measured("old", fire=1), comparison(*levels), LIMITS)
    assert found == (
        "fire: 0.300 false positives per empty picture at a recall of 0.5, old has 0.100; allowed: 0.05 more"
    )
    assert not refuse_false_alarms(
        measured("new", fire=1), measured("old", recall=0.8, fire=1), comparison(*levels), LIMITS
    )


@pytest.mark.parametrize(("ours", "refused"), [(0.14, False), (0.16, True)])
def test_false_positives_may_rise_by_a_margin(ours: float, refused: bool) -> None:
    rows = comparison((0.5, ours, 0.1, 0, 0))
    assert bool(refuse_false_alarms(measured("new", fire=1), measured("old", fire=1), rows, LIMITS)) == refused


@pytest.mark.parametrize(
    ("fp", "recall", "refused"), [(0.12, 0.5, False), (0.2, 0.5, True), (0.2, 0.4, True), (0.2, 0.6, False)]
)
def test_at_the_cards_thresholds_more_must_be_found_for_them(fp: float, recall: float, refused: bool) -> None:
    old, new = measured("old", fp=0.1, fire=1), measured("new", fp=fp, recall=recall, fire=1)
    found = refuse_false_alarms(new, old, comparison(), LIMITS)
    assert bool(found) == refused
    assert all("0.200 false positives per empty picture at its threshold of 0.5, old has 0.100" in f for f in found)


def test_without_empty_pictures_all_pictures_count() -> None:
    rows = comparison((0.5, None, None, 0.4, 0.1))
    (found,) = refuse_false_alarms(measured("new", fire=1), measured("old", fire=1), rows, LIMITS)
    assert "0.400 false positives per picture" in found


def test_models_that_share_no_level_are_not_compared_by_it() -> None:
    assert not refuse_false_alarms(measured("new", fire=1), measured("old", fire=1), comparison(), LIMITS)


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        (clips(), []),
        (clips(false=2), ["clips: 2 false alarms of fire, old has 0"]),
        (clips(found=2), ["clips: finds 2 of 3 fire, old 3"]),
        (clips(hazard="smoke"), ["clips: old serves fire, new does not"]),
        (None, []),
    ],
)
def test_alarms_on_clips(ours: ClipScores | None, said: list[str]) -> None:
    new = replace(measured("new", fire=1), clips=ours)
    assert refuse_false_alarms(new, measured("old", clips(), fire=1), comparison(), LIMITS) == said


WHOLE = {
    "licence": "MIT",
    "training_data": "ours",
    "base": "start.pt",
    "recipe": "ab12",
    "classes": [{"name": "fire", "threshold_source": "by hand"}],
}


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ({}, []),
        ({"licence": ""}, ["card: licence is missing"]),
        ({"base": None, "recipe": None}, ["card: base is missing", "card: recipe is missing"]),
        ({"training_data": None}, ["card: training_data is missing"]),
        ({"classes": [{"name": "fire"}]}, ["card: classes.fire.threshold_source is missing"]),
    ],
)
def test_each_missing_field_is_listed(without: dict[str, object], said: list[str]) -> None:
    assert refuse_card({**WHOLE, **without}) == said


def test_large_files() -> None:
    assert refuse_size({"a.onnx": 12_000_000}, LIMITS) == []
    assert refuse_size({"a.onnx": 1, "b.onnx": 12_300_000}, LIMITS) == ["size: b.onnx has 12.3 MB, allowed: 12 MB"]


def test_leaks_are_counted_and_a_few_named() -> None:
    def picture(name: str, split: str) -> Picture:
        return Picture(Path(name), "0" * 64, 8, 8, "g", split, Labels.none())

    leaks = [Leak(LeakKind.DIGEST, picture(f"a{i}", "training"), picture(f"b{i}", "measuring")) for i in range(5)]
    (found,) = refuse_leaks(leaks)
    assert found.startswith("leakage: 5 found")
    assert found.count("same file") == 3
    assert found.endswith("and 2 more")
    assert refuse_leaks([]) == []
