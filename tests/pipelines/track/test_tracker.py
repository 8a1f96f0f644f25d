from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.detections import Detections
from pipelines.track import Tracker, TrackSettings

PERSON, VEHICLE, MACHINERY = 0, 1, 2
SETTINGS = TrackSettings(("person", "vehicle", "machinery"), (0.4, 0.5, 0.5))


def found(*rows: tuple[float, float, float, float], confidence: float = 0.8, kind: int = PERSON) -> Detections:
    """Boxes given by centre and sides."""
    centre_sides = np.array(rows, np.float32).reshape(-1, 4)
    centre, sides = centre_sides[:, :2], centre_sides[:, 2:]
    xyxy = np.concatenate([centre - sides / 2, centre + sides / 2], axis=1)
    return Detections(xyxy, np.full(len(rows), confidence, np.float32), np.full(len(rows), kind, np.int64))


def ids(detections: Detections) -> list[int]:
    return detections.track_id.tolist()


@pytest.mark.parametrize("per_s", [1, 2, 5])
def test_two_people_cross_and_keep_their_numbers(per_s: int) -> None:
    # 40×110 px people at a walking pace of 65 px/s (1.4 m/s), one to the right, one to the left, passing each
    # other 30 px apart in depth; at one look a second their boxes never overlap from look to look.
    tracker = Tracker(SETTINGS)
    seen: list[list[int]] = []
    for time_s in np.arange(0, 8, 1 / per_s):
        right, left = 100 + 65 * time_s, 560 - 65 * time_s
        order = [(right, 200.0, 40.0, 110.0), (left, 230.0, 44.0, 120.0)]
        swapped = int(time_s * per_s) % 2  # the detector does not keep an order
        numbers = ids(tracker.update(found(*order[:: -1 if swapped else 1]), float(time_s)))
        seen.append(numbers[:: -1 if swapped else 1])
    assert all(pair == seen[0] for pair in seen)


@pytest.mark.parametrize("per_s", [1, 2, 5])
def test_a_missed_look_does_not_end_a_track(per_s: int) -> None:
    tracker = Tracker(SETTINGS)
    numbers: set[int] = set()
    for i, time_s in enumerate(np.arange(0, 10, 1 / per_s)):
        boxes = found() if i % 4 == 3 else found((100 + 50 * time_s, 200, 40, 110))
        numbers |= set(ids(tracker.update(boxes, float(time_s))))
    assert numbers == {1}


def test_low_confidence_carries_a_track_on_but_starts_none() -> None:
    tracker = Tracker(SETTINGS)
    assert ids(tracker.update(found((100, 100, 40, 100), confidence=0.2), 0.0)) == [-1]
    assert ids(tracker.update(found((100, 100, 40, 100), confidence=0.8), 0.2)) == [1]
    assert ids(tracker.update(found((102, 100, 40, 100), confidence=0.2), 0.4)) == [1]


def test_ids_are_never_used_again() -> None:
    tracker = Tracker(SETTINGS)
    tracker.update(found((100, 100, 40, 100)), 0.0)
    tracker.update(found(), 10.0)
    assert ids(tracker.update(found((100, 100, 40, 100)), 10.2)) == [2]
    tracker.reset()
    assert ids(tracker.update(found((100, 100, 40, 100)), 10.4)) == [3]


def test_other_kinds_of_things_are_other_tracks_but_a_machine_may_flip_to_a_vehicle() -> None:
    tracker = Tracker(SETTINGS)
    assert ids(tracker.update(found((100, 100, 90, 80), kind=VEHICLE), 0.0)) == [1]
    assert ids(tracker.update(found((100, 100, 90, 80), kind=MACHINERY), 0.2)) == [1]
    assert ids(tracker.update(found((100, 100, 90, 80), kind=PERSON), 0.4)) == [2]


def test_one_thing_found_twice_is_one_track() -> None:
    tracker = Tracker(SETTINGS)
    both = Detections.concatenate(
        [found((100, 100, 90, 80), kind=VEHICLE), found((102, 100, 90, 80), kind=MACHINERY, confidence=0.6)]
    )
    assert ids(tracker.update(both, 0.0)) == [1, -1]
    assert sorted(ids(tracker.update(both, 0.2))) == [-1, 1]


def test_what_is_too_far_or_of_another_size_is_somebody_else() -> None:
    tracker = Tracker(SETTINGS)
    tracker.update(found((100, 100, 40, 100)), 0.0)
    assert ids(tracker.update(found((400, 100, 40, 100)), 0.2)) == [2]
    assert ids(tracker.update(found((100, 100, 120, 300)), 0.4)) == [3]


def test_where_nobody_looks_tracks_are_kept() -> None:
    window = np.array([[300, 0, 600, 400]], np.float32)
    for looked, expected in ((window, [1]), (None, [2])):
        tracker = Tracker(SETTINGS)
        tracker.update(found((100, 100, 40, 100)), 0.0)
        for time_s in (1.0, 2.0, 3.0, 4.0, 5.0):
            tracker.update(found(), time_s, looked)
        assert ids(tracker.update(found((100, 100, 40, 100)), 6.0)) == expected


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="2 meanings, but 1 confidences"):
        TrackSettings(("person", "vehicle"), (0.4,))


def frames(clip: Path, every: int, count: int) -> list[tuple[float, NDArray[np.uint8]]]:
    with av.open(str(clip)) as container:
        decoded = enumerate(container.decode(video=0))
        return [(float(f.time), f.to_ndarray(format="bgr24")) for i, f in decoded if i % every == 0][:count]


@pytest.mark.parametrize(("every", "most"), [(4, 1), (10, 1)], ids=["2.5 a second", "1 a second"])
def test_one_visitor_is_one_track(shared: Path, root: Path, every: int, most: int) -> None:
    # The first visitor of the room walks in, stands and leaves: 2 s to 26 s of the clip.
    if not (root / "models/ppe/model.onnx").is_file():
        pytest.skip("needs models/ppe")
    from pipelines.detect import Detector
    from pipelines.detect.card import parse_card
    from pipelines.frame import from_bgr

    folder = root / "models/ppe"
    card = parse_card((folder / "card.yaml").read_text(), "card.yaml")
    detector = Detector(card, (folder / "model.onnx").read_bytes())
    tracker = Tracker(TrackSettings(card.meanings, tuple(card.thresholds.tolist())))
    full = np.array([[0, 0, 1, 1]], np.float32)
    person = card.meanings.index("person")
    looks: list[int] = []
    for time_s, picture in frames(shared / "data/clips/room_visitors.mp4", every, 200 // every):
        seen = tracker.update(detector.detect(from_bgr(picture, time_s=time_s), full), time_s)
        looks += seen.track_id[(seen.class_id == person) & (seen.track_id >= 0)].tolist()
    assert len(looks) >= 8
    longest = max(looks.count(number) for number in set(looks))
    assert longest >= 0.9 * len(looks)
    assert len(set(looks)) <= most + 1  # and at most one stray box
