"""Hard hats and vests, seen by a model that is told what to see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.polygon import Polygon
from calibration.zones import Zone
from pipelines.detections import Detections
from pipelines.hazards import Hazard, HazardKind
from pipelines.rules import make_rule
from pipelines.rules.missing_gear import MissingGear
from pipelines.rules.no_hard_hat import NoHardHat, NoHardHatSettings
from pipelines.rules.no_vest import NoVest, NoVestSettings
from pipelines.scene import CloseUp, Scene
from tests.pipelines.builders import a_frame, a_scene

MEANINGS = ("person", "hard_hat", "no_hard_hat", "vest", "no_vest")
THRESHOLDS = (0.4,) * 5
WIDTH, HEIGHT = 640, 360
MAN = (200.0, 60.0, 260.0, 220.0)

Row = tuple[float, float, float, float]


def head_of(person: Row, share: float = 0.15) -> Row:
    """A head on somebody's shoulders, so large a share of the height."""
    x1, y1, x2, y2 = person
    side = (y2 - y1) * share
    return ((x1 + x2 - side) / 2, y1 + 1, (x1 + x2 + side) / 2, y1 + 1 + side)


def torso_of(person: Row) -> Row:
    x1, y1, x2, y2 = person
    return (x1 + 5, y1 + (y2 - y1) * 0.2, x2 - 5, y1 + (y2 - y1) * 0.55)


@dataclass
class PretendLens:
    """Sees what it is told, at a scale of its own, and counts its looks."""

    seen: list[tuple[str, Row, float]]
    magnified: float = 2.0
    looks: list[NDArray[np.float32]] = field(default_factory=list)

    def scale(self, xyxy: NDArray[np.float32]) -> float:
        return self.magnified

    def look(self, xyxy: NDArray[np.float32]) -> CloseUp:
        self.looks.append(xyxy)
        rows = np.array([box for _, box, _ in self.seen], np.float32).reshape(-1, 4)
        sure = np.array([confidence for *_, confidence in self.seen], np.float32)
        class_id = np.array([MEANINGS.index(name) for name, *_ in self.seen], np.int64)
        whole = np.array([0, 0, WIDTH, HEIGHT], np.float32)
        return CloseUp(Detections(rows, sure, class_id), whole, self.magnified)


def look(
    time_s: float, *seen: tuple[str, Row, float], people: Iterable[Row] = (MAN,), track: int = 1, magnified: float = 2.0
) -> Scene:
    """One look: these people, tracked, and what a closer look would show."""
    boxes = np.array(list(people), np.float32).reshape(-1, 4)
    count = len(boxes)
    found = Detections(
        boxes, np.full(count, 0.8, np.float32), np.zeros(count, np.int64), np.arange(track, track + count)
    )
    frame = a_frame(size=(WIDTH, HEIGHT), time_s=time_s)
    scene = a_scene(found, frame=frame, time_s=time_s, meanings=MEANINGS, thresholds=THRESHOLDS)
    return replace(scene, lens=PretendLens(list(seen), magnified))


def bare(confidence: float = 0.5, person: Row = MAN, share: float = 0.15) -> tuple[str, Row, float]:
    return ("no_hard_hat", head_of(person, share), confidence)


def hat(confidence: float = 0.5, person: Row = MAN) -> tuple[str, Row, float]:
    return ("hard_hat", head_of(person), confidence)


def opens(rule: MissingGear, scenes: Iterable[Scene]) -> list[tuple[float, Hazard]]:
    return [(scene.time_s, hazard) for scene in scenes for hazard in rule.judge(scene)]


def no_hard_hat(zone: Zone | None = None, **settings: object) -> NoHardHat:
    return NoHardHat(NoHardHatSettings.model_validate(settings), zone)


def every(step_s: float, until_s: float, *seen: tuple[str, Row, float], **scene: object) -> list[Scene]:
    return [look(i * step_s, *seen, **scene) for i in range(int(until_s / step_s))]  # type: ignore[arg-type]


def test_a_bare_head_is_told_once_it_was_seen_often_and_long_enough() -> None:
    (time_s, hazard), *later = opens(no_hard_hat(), every(0.4, 6, bare()))
    assert time_s == pytest.approx(2.0)
    assert hazard.kind is HazardKind.NO_HARD_HAT
    assert hazard.first_seen_s == 0
    assert hazard.box == pytest.approx((200 / 640, 60 / 360, 260 / 640, 220 / 360))
    assert hazard.score == pytest.approx(0.5 / 0.4 / 2)
    assert {each.subject for _, each in later} == {hazard.subject}


def test_no_vest_is_the_same_of_the_torso() -> None:
    seen = ("no_vest", torso_of(MAN), 0.5)
    (_, hazard), *_ = opens(NoVest(NoVestSettings(), None), every(0.4, 6, seen, bare()))
    assert hazard.kind is HazardKind.NO_VEST
    assert not opens(NoVest(NoVestSettings(), None), every(0.4, 6, bare()))
    assert not opens(no_hard_hat(), every(0.4, 6, seen))


@pytest.mark.parametrize(
    ("scenes", "why"),
    [
        (every(0.4, 20, hat()), "it is worn"),
        (every(0.4, 20), "nothing is seen of the head"),
        (every(0.4, 1.6, bare()), "not for long enough"),
        (every(0.4, 20, bare(0.15)), "too faint to say anything"),
        (every(0.4, 20, hat(0.6), bare(0.5)), "both, the hat surer"),
        ([look(i * 0.4, bare() if i % 2 else hat()) for i in range(50)], "as often worn as missing"),
        ([look(i * 0.4, bare() if i % 4 else hat(0.8)) for i in range(50)], "worn in every fourth look, and surer"),
        (every(0.4, 20, bare(share=0.06)), "the head is too small to judge"),
        (every(0.4, 20, bare(), magnified=0.9), "the whole person is"),
        (every(0.4, 20, bare(person=(0, 60, 60, 220)), people=[(0, 60, 60, 220)]), "half out at the left"),
        (every(0.4, 20, bare(person=(580, 60, 640, 220)), people=[(580, 60, 640, 220)]), "half out at the right"),
        (every(0.4, 20, bare(person=(200, 0, 260, 160)), people=[(200, 0, 260, 160)]), "cut off at the top"),
        (every(0.4, 20, bare(person=(300, 60, 360, 220))), "somebody else's head"),
        (every(0.4, 20, bare(), people=[]), "nobody is tracked"),
        (every(0.4, 20, bare(), track=-1), "not confirmed by the tracker"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_alarm(scenes: list[Scene], why: str) -> None:
    assert not opens(no_hard_hat(), scenes), why


def test_legs_may_be_out_of_the_picture() -> None:
    cut = (200.0, 240.0, 280.0, 360.0)
    assert opens(no_hard_hat(), every(0.4, 6, bare(person=cut, share=0.25), people=[cut]))


def test_without_a_model_at_hand_nothing_is_judged() -> None:
    assert not opens(no_hard_hat(), [replace(scene, lens=None) for scene in every(0.4, 6, bare())])


def test_it_ends_when_the_hat_is_put_on() -> None:
    rule = no_hard_hat()
    assert opens(rule, every(0.4, 4, bare()))
    later = [look(4 + i * 0.4, hat(0.8)) for i in range(200)]
    told = [time_s for time_s, _ in opens(rule, later)]
    # Whoever is known to go without is looked at every five seconds; what is worn counts twice.
    assert 5 <= max(told) <= 25


def test_a_hat_that_is_taken_off_is_told() -> None:
    rule = no_hard_hat()
    assert not opens(rule, every(0.4, 20, hat(0.8)))
    told = opens(rule, [look(20 + i * 0.4, bare()) for i in range(100)])
    assert 22 <= told[0][0] <= 50


def test_it_ends_some_time_after_the_person_has_left() -> None:
    rule = no_hard_hat(clear_after_s=4.0)
    assert opens(rule, every(0.4, 4, bare()))
    told = opens(rule, [look(4 + i * 0.4, people=[]) for i in range(30)])
    assert 7 <= max(time_s for time_s, _ in told) <= 8


def test_a_broken_track_does_not_begin_again() -> None:
    rule = no_hard_hat()
    first = opens(rule, [look(i * 0.4, bare()) for i in range(4)])
    moved = (215.0, 65.0, 275.0, 225.0)
    second = opens(rule, [look(4 + i * 0.4, bare(person=moved), people=[moved], track=7) for i in range(3)])
    assert not first
    assert second[0][1].first_seen_s == 0


def test_each_person_is_a_hazard_of_its_own() -> None:
    other = (300.0, 60.0, 360.0, 220.0)
    third = (400.0, 60.0, 460.0, 220.0)
    scenes = every(0.4, 8, bare(), bare(person=other), hat(person=third), people=[MAN, other, third])
    last = [hazard for time_s, hazard in opens(no_hard_hat(), scenes) if time_s == scenes[-1].time_s]
    assert len({hazard.subject for hazard in last}) == len(last) == 2


def test_a_look_at_one_judges_all_whom_it_shows() -> None:
    people = [(100.0 + 80 * i, 60.0, 160.0 + 80 * i, 220.0) for i in range(5)]
    scenes = every(0.4, 4, *(bare(person=person) for person in people), people=people)
    rule = no_hard_hat()
    assert len({hazard.subject for _, hazard in opens(rule, scenes)}) == 5
    # Never more than two runs of the model a look, however many people there are
    assert max(len(scene.lens.looks) for scene in scenes if isinstance(scene.lens, PretendLens)) <= 2


def test_whoever_is_settled_is_left_alone_for_a_while() -> None:
    rule, scenes = no_hard_hat(), every(0.4, 20, hat(0.8))
    opens(rule, scenes)
    looks = sum(len(scene.lens.looks) for scene in scenes if isinstance(scene.lens, PretendLens))
    assert looks <= 7
    assert not rule.pending


def test_only_who_stands_in_the_zone() -> None:
    left = Zone("left", Polygon.of([[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]))
    other = (400.0, 60.0, 460.0, 220.0)
    settings = NoHardHatSettings(zone="left")
    rule = make_rule(settings, {"left": left})
    hazards = [h for scene in every(0.4, 6, bare(), bare(person=other), people=[MAN, other]) for h in rule.judge(scene)]
    assert {hazard.subject for hazard in hazards} == {hazards[0].subject}
    assert {hazard.zone for hazard in hazards} == {"left"}


def test_whoever_leaves_the_zone_has_left() -> None:
    left = Zone("left", Polygon.of([[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]))
    rule = NoHardHat(NoHardHatSettings(zone="left", clear_after_s=4.0), left)
    assert opens(rule, every(0.4, 4, bare()))
    outside = (400.0, 60.0, 460.0, 220.0)
    told = opens(rule, [look(4 + i * 0.4, bare(person=outside), people=[outside]) for i in range(30)])
    assert 7 <= max(time_s for time_s, _ in told) <= 8


def test_two_looks_at_one_frame_are_one_look() -> None:
    # Each of the two people is shown by the look at the other as well.
    other = (270.0, 60.0, 330.0, 220.0)
    scenes = every(0.4, 4, bare(), bare(person=other), people=[MAN, other])
    assert opens(no_hard_hat(lasting_s=0), scenes)[0][0] == pytest.approx(1.2)


@pytest.mark.parametrize("magnified", [2.0, 0.5])
def test_nobody_too_small_keeps_the_model_busy(magnified: float) -> None:
    rule = no_hard_hat()
    rule.judge(look(0.0, bare(), magnified=magnified))
    assert rule.pending is (magnified == 2.0)


def test_it_asks_to_look_again_while_it_decides() -> None:
    rule = no_hard_hat()
    assert not rule.pending
    rule.judge(look(0.0, bare()))
    assert rule.pending
    rule.reset()
    assert not rule.pending
