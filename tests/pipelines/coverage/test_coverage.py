"""The judge of a view on drawn pictures: odd sizes, blank walls, still screens, and what comes back."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.coverage import Coverage, ViewFault
from pipelines.coverage import picture as measured
from pipelines.frame import Frame
from tests.pipelines.builders import a_frame

RNG = np.random.default_rng(3)


def room(size: tuple[int, int] = (640, 360)) -> np.ndarray:
    """Boxes of many shades: a view with edges and corners."""
    picture = np.full(size[::-1], 90, np.uint8)
    for _ in range(120):
        x, y = RNG.integers(0, size[0]), RNG.integers(0, size[1])
        w, h = RNG.integers(8, 80, 2)
        picture[y : y + h, x : x + w] = RNG.integers(30, 220)
    return picture


ROOM = room()


def noisy(picture: np.ndarray, seed: int, sigma: float = 2.0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def play(
    coverage: Coverage, pictures: list[np.ndarray], began_s: float = 0.0, fps: float = 5.0
) -> list[frozenset[ViewFault]]:
    seen = []
    for number, picture in enumerate(pictures):
        coverage.look(a_frame(picture, time_s=began_s + number / fps))
        seen.append(coverage.faults())
    return seen


def live(seconds: float, picture: np.ndarray = ROOM, first: int = 0) -> list[np.ndarray]:
    return [noisy(picture, first + number) for number in range(int(5 * seconds))]


def test_a_fault_ends_when_the_view_is_back() -> None:
    coverage = Coverage()
    play(coverage, live(13))
    assert play(coverage, [np.full_like(ROOM, 16)] * 25, 13.0)[-1] >= {ViewFault.DARK}
    assert play(coverage, live(20, first=99), 18.0)[-1] == frozenset()


def test_a_flicker_is_no_fault() -> None:
    coverage = Coverage()
    play(coverage, live(13))
    assert not any(play(coverage, [np.full_like(ROOM, 16)] * 8 + live(6, first=99), 13.0))


def test_a_picture_by_itself_is_not_frozen_before_its_time() -> None:
    coverage = Coverage()
    still = play(coverage, [ROOM] * 60)
    assert not any(still[:30])
    assert still[31] == {ViewFault.FROZEN}


def test_a_still_picture_between_two_keyframes_is_not_frozen() -> None:
    """A clean camera before a still view: nothing changes but at each keyframe, eight seconds apart."""
    coverage = Coverage()
    pictures = [noisy(ROOM, number // 40) for number in range(200)]
    for number, picture in enumerate(pictures):
        coverage.look(a_frame(picture, time_s=number / 5), keyframe_s=8.0)
        assert coverage.faults() == frozenset()


def test_keyframes_alone_show_that_a_view_lives() -> None:
    assert not any(play(Coverage(), live(13), fps=0.5))


def test_features_are_looked_for_where_something_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[float] = []
    features = measured._features
    monkeypatch.setattr(measured, "_features", lambda plane: looked.append(float(plane.mean())) or features(plane))
    coverage = Coverage()
    play(coverage, live(13))
    learnt = len(looked)
    assert not any(play(coverage, live(20, first=65), 13.0))
    assert len(looked) <= learnt + 2
    moved = np.roll(ROOM, 40, axis=1)
    assert play(coverage, live(9, moved, first=200), 33.0)[-1] == {ViewFault.MOVED}
    assert len(looked) >= learnt + 3  # as long as it is not where it was


def test_a_blank_wall_can_not_be_out_of_focus() -> None:
    wall = np.full((360, 640), 120, np.uint8)
    assert not any(play(Coverage(), [noisy(wall, number) for number in range(80)]))


def test_what_was_learnt_is_known_to_the_next_process() -> None:
    first = Coverage()
    play(first, live(13))
    after = Coverage(first.reference)
    assert play(after, live(13, np.ascontiguousarray(ROOM[:, ::-1])))[-1] == {ViewFault.MOVED}
    assert not any(play(Coverage(first.reference), live(13, first=500)))


@pytest.mark.parametrize("size", [(176, 144), (3840, 2160), (360, 640), (2, 2), (1, 1), (333, 77)])
def test_any_size_goes(size: tuple[int, int]) -> None:
    coverage = Coverage()
    for number in range(12):
        luma = np.random.default_rng(number).integers(16, 235, size[::-1]).astype(np.uint8)
        coverage.look(a_frame(luma, time_s=number * 1.0))
    assert ViewFault.DARK not in coverage.faults()


def test_a_change_of_size_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    coverage = Coverage()
    play(coverage, live(13))
    small = Frame(**_fields(a_frame(ROOM[::2, ::2].copy(), time_s=13.2)))
    coverage.look(small)
    assert coverage.faults() == frozenset()


def _fields(frame: Frame) -> dict[str, object]:
    return {name: getattr(frame, name) for name in Frame.__dataclass_fields__}
