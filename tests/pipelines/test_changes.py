"""What is new and what is gone between two pictures of one place, taken from nearly the same spot.

Real pictures, seen anew by made-up moves of the camera; what changes is painted in. The settings were looked at on
three of these (`worker_zone`, `room_visitors`, `parking_lane`) and not on the others; the reach also on the rendered
room.
"""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.changes import Comparison, compare
from tests.conftest import LONG, ROOT
from tests.edge.patrol.filming import yard
from tests.edge.patrol.renderer import Camera, Thing

CLIPS = ROOT.parent / "shared" / "data" / "clips"
Picture = NDArray[np.uint8]
WHERE = (0.55, 0.55, 0.68, 0.72)


def picture(path: Path, number: int = 5) -> Picture:
    if not path.is_file():
        pytest.skip(f"needs {path}")
    with av.open(str(path)) as clip:
        for i, frame in enumerate(clip.decode(video=0)):
            if i == number:
                return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    raise AssertionError(f"{path} has no frame {number}")


def seen_anew(found: Picture, rng: np.random.Generator, move: float, light: float = 1.0) -> Picture:
    """From a little beside: the corners move by up to `move` of the width, all of it by as much, and noise is added."""
    tall, wide = found.shape[:2]
    corners = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32)
    there = corners + rng.uniform(-move, move, (4, 2)) * wide + rng.uniform(-move, move, 2) * wide
    warp = cv2.getPerspectiveTransform(corners, there.astype(np.float32))
    moved = cv2.warpPerspective(found, warp, (wide, tall), borderMode=cv2.BORDER_REFLECT)
    return np.clip(moved.astype(float) * light + rng.normal(0, 2, moved.shape), 0, 255).astype(np.uint8)


def with_a_crate(found: Picture) -> Picture:
    tall, wide = found.shape[:2]
    x1, y1, x2, y2 = (round(side * size) for side, size in zip(WHERE, (wide, tall) * 2, strict=True))
    changed = found.copy()
    cv2.rectangle(changed, (x1, y1), (x2, y2), (40, 70, 120), -1)
    for x in range(x1, x2, max(4, (x2 - x1) // 5)):
        cv2.line(changed, (x, y1), (x, y2), (20, 40, 70), 3)
    cv2.line(changed, (x1, y1), (x2, y2), (60, 100, 160), 4)
    return changed


def finds_it(found: Comparison) -> bool:
    """A change lies about where the crate is, and is not much larger."""
    for change in found.changes:
        x1, y1, x2, y2 = change.box
        middle = ((x1 + x2) / 2, (y1 + y2) / 2)
        if abs(middle[0] - 0.615) < 0.09 and abs(middle[1] - 0.635) < 0.11 and (x2 - x1) * (y2 - y1) < 0.1:
            return True
    return False


@pytest.mark.parametrize(
    "name",
    [
        "yard", pytest.param("building_fire", marks=LONG), "fuel_pump", pytest.param("worker_zone", marks=LONG),
        pytest.param("room_visitors", marks=LONG), "parking_lane",
    ],
)  # fmt: skip
def test_new_gone_and_the_same(name: str) -> None:
    view = picture(ROOT / "datasets" / "demo" / "yard.mp4" if name == "yard" else CLIPS / f"{name}.mp4")
    rng = np.random.default_rng(len(name))
    for move, light in ((0.0, 1.0), (0.015, 1.0), (0.02, 0.75), (0.025, 1.25)):
        before, after = seen_anew(view, rng, 0.0), seen_anew(view, rng, move, light)
        same = compare(before, after)
        assert same.fault is None, (move, light)
        assert same.changes == (), (move, light)
        assert finds_it(compare(before, seen_anew(with_a_crate(view), rng, move, light))), ("new", move, light)
        assert finds_it(compare(seen_anew(with_a_crate(view), rng, 0.0), after)), ("gone", move, light)


def test_another_place_and_a_covered_lens_are_faults() -> None:
    view = picture(ROOT / "datasets" / "demo" / "yard.mp4")
    rng = np.random.default_rng(1)
    other = rng.integers(0, 255, (72, 96, 3), np.uint8)
    other = np.asarray(cv2.resize(other, (768, 576), interpolation=cv2.INTER_CUBIC), np.uint8)
    for strange in (other, np.zeros_like(view), np.full_like(view, 200)):
        found = compare(view, strange)
        assert found.fault is not None
        assert "can not be recognised" in found.fault
        assert found.changes == ()


def test_half_a_view_is_not_enough() -> None:
    view = picture(ROOT / "datasets" / "demo" / "yard.mp4")
    found = compare(view[:, : view.shape[1] * 45 // 100], view)
    assert found.fault is not None


@pytest.mark.parametrize("size", [(320, 240), (1920, 1080), (641, 481)])
def test_sizes_may_differ(size: tuple[int, int]) -> None:
    view = picture(ROOT / "datasets" / "demo" / "yard.mp4")
    found = compare(view, np.asarray(cv2.resize(with_a_crate(view), size, interpolation=cv2.INTER_AREA), np.uint8))
    assert finds_it(found)


def cut_out(name: str, box: tuple[float, float, float, float]) -> Picture:
    """A part of a clip as a thing that stands there: BGRA."""
    found = picture(CLIPS / f"{name}.mp4")
    x1, y1, x2, y2 = (round(side * size) for side, size in zip(box, found.shape[1::-1] * 2, strict=True))
    part = found[y1:y2, x1:x2]
    return np.dstack([part, np.full(part.shape[:2], 255, np.uint8)])


@pytest.mark.parametrize(("north", "east", "yaw"), [(0.1, 0.1, 1.0), (0.2, 0.2, 2.0), (0.3, -0.3, -2.0)])
def test_things_at_different_distances(north: float, east: float, yaw: float) -> None:
    """A rendered room, things 4.5 to 12 m away: what is near shifts against what is far."""
    crate = cut_out("parking_lane", (0.3, 0.3, 0.7, 0.8))
    room = [
        Thing(12, 0, 6.0, cut_out("room_visitors", (0, 0, 1, 1))), Thing(8, 1.0, 2.2, crate),
        Thing(6, -2.2, 1.8, cut_out("worker_zone", (0, 0, 0.3, 0.6))),
        Thing(4.5, 1.6, 1.2, cut_out("fuel_pump", (0.2, 0.2, 0.6, 0.9))),
        Thing(9.5, -1, 1.5, cut_out("building_fire", (0.1, 0.3, 0.5, 0.9))),
    ]  # fmt: skip
    ground, rng = yard(30.0), np.random.default_rng(0)

    def see(camera: Camera, things: list[Thing]) -> Picture:
        return np.clip(ground.render(camera, things) + rng.normal(0, 2, (720, 1280, 3)), 0, 255).astype(np.uint8)

    before = see(Camera(0, 0, 1.4, 0, -5), room)
    later = Camera(north, east, 1.4, yaw, -5)
    assert compare(before, see(later, room)).changes == ()
    new = compare(before, see(later, [*room, Thing(5, -0.6, 0.9, crate)]))
    assert any(change.box[0] < 0.4 < change.box[2] or change.box[0] < 0.3 < change.box[2] for change in new.changes)
    gone = compare(before, see(later, [thing for thing in room if thing.tall_m != 1.2]))
    assert any(change.box[0] < 0.75 < change.box[2] for change in gone.changes)
