from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipelines.detect import Card, parse_card
from pipelines.hazards import HazardKind
from pipelines.lane import LanePlan
from pipelines.retraining.scoring.average_precision import Precision, average_precision
from pipelines.retraining.scoring.calibrate import THRESHOLDS, Calibration, Goal, calibrate, sweep, write_thresholds
from pipelines.retraining.scoring.clips import Clip
from pipelines.retraining.scoring.evaluate_clips import ClipScores, score_clips
from pipelines.retraining.scoring.predictions import Predictions
from pipelines.retraining.scoring.recalling import RecallingDetector
from pipelines.rules.fire import FireSettings
from pipelines.rules.person_down import PersonDownSettings
from pipelines.watch import WatchPlan
from tests.edge.onnx_file import onnx_file
from tests.pipelines.retraining.scenes import ELSEWHERE, A, B, Row, a_card, predictions_of
from tests.pipelines.retraining.scoring.test_evaluate_clips import opened, played

GOAL = Goal(alarms_per_day=1.0, most_empty=0.05, clips="clips.yaml", data="yard/hold")


def a_fire_card(*classes: str) -> Card:
    """Only the class `fire` means anything to the rules."""
    card = a_card(*classes)
    means = [each.model_copy(update={"means": "fire"}) if each.name == "fire" else each for each in card.classes]
    return card.model_copy(update={"classes": tuple(means)})


def swept(false_up_to: float, found_up_to: float) -> dict[float, ClipScores]:
    """A clip of a minute with one fire: found, and falsely found besides, up to these thresholds."""
    found = {}
    for threshold in THRESHOLDS:
        events = [opened(12.0)] * (threshold <= found_up_to) + [opened(40.0)] * (threshold <= false_up_to)
        found[threshold] = score_clips([played(*events)], [HazardKind.FIRE])
    return found


def pictures(classes: tuple[str, ...] = ("fire",)) -> tuple[Predictions, Precision]:
    """Ten fires at .5, ten empty pictures, one of which shows fire at .42."""
    labelled: list[list[Row]] = [[(*A, 0)]] * 10 + [[]] * 10
    found: list[list[Row]] = [[(*A, 0, 0.5)]] * 10 + [[(*ELSEWHERE, 0, 0.42)]] + [[]] * 9
    predictions = predictions_of(labelled, found, classes=classes)
    return predictions, average_precision(predictions)


@pytest.mark.parametrize(
    ("false_up_to", "labelled", "chosen"),
    [
        (0.25, False, 0.5),  # the highest that finds the fire
        (0.25, True, 0.5),
        (0.55, True, 0.9),  # nothing finds it without false alarms: the surest
        (0.0, False, 0.5),
    ],
)
def test_the_best_that_meets_the_goal(false_up_to: float, labelled: bool, chosen: float) -> None:
    rows = pictures() if labelled else None
    fire = calibrate(a_fire_card("fire"), [FireSettings()], swept(false_up_to, 0.5), GOAL, rows).classes["fire"]
    assert (fire.before, fire.threshold) == (0.5, chosen)
    assert (fire.false_alarms, fire.events, fire.found) == (0, 1, int(chosen <= 0.5))
    assert len(fire.trials) == len(THRESHOLDS)


def test_the_footage_says_how_little_it_knows() -> None:
    found = calibrate(a_fire_card("fire"), [FireSettings()], swept(0.25, 0.5), GOAL, pictures())
    fire = found.classes["fire"]
    # 50 quiet seconds: three alarms in these would be 5,177 a day.
    assert fire.false_per_day == (0.0, pytest.approx(-np.log(0.05) * 86400 / 50))
    assert found.hours_needed == pytest.approx(72, abs=0.2)
    assert found.quiet_hours == pytest.approx(50 / 3600)
    assert fire.source == (
        "0 false alarms in 0.014 quiet hours of clips.yaml (at most 5,177 a camera and day, 95 %); "
        "shown in 0 of 10 empty pictures of yard/hold"
    )
    assert (fire.precision, fire.recall, fire.recognised) == (1.0, 1.0, 1.0)


def test_nothing_meets_the_goal() -> None:
    found = calibrate(a_fire_card("fire"), [FireSettings()], swept(1.0, 1.0), GOAL, None)
    fire = found.classes["fire"]
    assert fire.threshold is None
    assert fire.source.startswith("no threshold up to 0.90 keeps false alarms at 1 a camera and day")
    assert found.thresholds == {}


def test_a_class_that_raises_no_alarm_has_the_best_f1() -> None:
    labelled: list[list[Row]] = [[(*A, 1)], [(*A, 1)]] * 5
    found: list[list[Row]] = [[(*A, 1, 0.618)], [(*A, 1, 0.4), (*B, 1, 0.3)]] * 5
    predictions = predictions_of(labelled, found, classes=("fire", "cone"))
    scored = (predictions, average_precision(predictions))
    classes = calibrate(a_fire_card("fire", "cone"), [FireSettings()], swept(0.0, 0.5), GOAL, scored).classes
    cone = classes["cone"]
    assert (cone.threshold, cone.source, cone.hazards) == (0.4, "best F1 on yard/hold", ())
    assert (cone.precision, cone.recall, cone.false_alarms) == (1.0, 1.0, None)


@pytest.mark.parametrize(
    ("most_empty", "threshold", "source"),
    [
        (0.05, 0.5, "1 labelled in yard/hold; shown in 1 of the 20 pictures without it"),  # from the card's own on
        (0.04, 0.75, "1 labelled in yard/hold; shown in 0 of the 20 pictures without it"),
    ],
)
def test_a_class_that_hardly_any_picture_shows_is_kept_off_the_others(
    most_empty: float, threshold: float, source: str
) -> None:
    labelled: list[list[Row]] = [[(*A, 1)]] + [[]] * 20
    found: list[list[Row]] = [[(*A, 1, 0.95)], [(*B, 1, 0.72)], [(*B, 1, 0.45)]] + [[]] * 18
    predictions = predictions_of(labelled, found, classes=("fire", "cone"))
    scored = (predictions, average_precision(predictions))
    goal = replace(GOAL, most_empty=most_empty)
    cone = calibrate(a_fire_card("fire", "cone"), [FireSettings()], swept(0.0, 0.5), goal, scored).classes["cone"]
    assert (cone.threshold, cone.source) == (threshold, source)
    assert cone.recall == 1.0


def test_a_class_that_others_show_too_surely_gets_no_threshold() -> None:
    predictions = predictions_of([[]] * 3, [[(*B, 1, 0.93)]] * 3, classes=("fire", "cone"))
    scored = (predictions, average_precision(predictions))
    cone = calibrate(a_fire_card("fire", "cone"), [FireSettings()], swept(0.0, 0.5), GOAL, scored).classes["cone"]
    assert (cone.threshold, cone.before) == (None, 0.5)
    assert cone.source == "0 labelled in yard/hold, and shown in more than 5% of the 3 pictures without it up to 0.90"


def test_the_alarms_of_a_pose_hang_on_the_person() -> None:
    card = a_card("person", task="pose", keypoints=("nose",))
    means = card.classes[0].model_copy(update={"means": "person"})
    person_down = PersonDownSettings()
    scores = {0.5: score_clips([played(fire=())], [person_down.kind])}
    found = calibrate(card.model_copy(update={"classes": (means,)}), [person_down], scores, GOAL, None)
    assert (found.classes["person"].hazards, found.classes["person"].threshold) == (("person_down",), 0.5)


def test_a_class_nobody_shows_keeps_its_threshold() -> None:
    cone = calibrate(a_fire_card("cone"), [], swept(0.0, 0.5), GOAL, None).classes["cone"]
    assert (cone.threshold, cone.before) == (None, 0.5)


def test_reliability_leaves_out_what_nobody_sees() -> None:
    predictions = predictions_of([[(*A, 0)]], [[(*A, 0, 0.9), (*B, 0, 0.04)]])
    rows = (predictions, average_precision(predictions))
    found = calibrate(a_fire_card("fire"), [FireSettings()], swept(0.0, 0.5), GOAL, rows)
    assert found.reliability["fire"].count.sum() == 1
    assert found.record()["reliability"]["fire"]["confidence"][0] is None


def test_a_sweep_is_one_reading_of_each_clip() -> None:
    detector = RecallingDetector(a_card("fire"), onnx_file(output_shape=(1, 5, 1)))
    calls = []

    def play(clip: Clip, plans: list[WatchPlan]) -> tuple[list[list[object]], float]:
        calls.append((clip.name, [plan.lanes[0].detector.card.classes[0].threshold for plan in plans]))
        return [[opened(12.0)] if t <= 0.3 else [] for t in calls[-1][1]], 60.0

    clips = [Clip(Path(name), {HazardKind.FIRE: ((10.0, 20.0),)}) for name in ("yard.mp4", "gate.mp4")]
    scores = sweep(detector, lambda one: WatchPlan("clip", (LanePlan(one, ()),)), clips, play, [HazardKind.FIRE])  # type: ignore[arg-type]
    assert calls == [("yard", list(THRESHOLDS)), ("gate", list(THRESHOLDS))]
    assert [scores[t].total.found for t in (0.05, 0.3, 0.35)] == [2, 2, 0]


def test_the_card_is_written_and_the_rest_of_it_stays(tmp_path: Path) -> None:
    card = a_fire_card("fire", "cone")
    fields = card.model_dump(mode="json", exclude_none=True) | {"metrics": {"map50": 0.5}}
    (tmp_path / "card.yaml").write_text(yaml.safe_dump(fields, sort_keys=False))
    found: Calibration = calibrate(card, [FireSettings()], swept(0.25, 0.3), GOAL, None)
    write_thresholds(tmp_path, card, found)
    text = (tmp_path / "card.yaml").read_text()
    fire, cone = parse_card(text, "card").classes
    assert (fire.threshold, cone.threshold, cone.threshold_source) == (0.3, 0.5, None)
    assert fire.threshold_source == found.classes["fire"].source
    assert list(yaml.safe_load(text)) == list(fields)
    assert yaml.safe_load(text)["metrics"] == {"map50": 0.5}
