"""The test obstacle: something left standing, drawn as seen from a little above."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config.drill import DrillObstacle
from edge.sources.drill.canvas import Canvas, Layer, place

SIDE = 384
"""Pixels of the square a thing is drawn into."""
FOOT = (0.5, 0.86)
"""Where its foot stands in the square."""
TALL = 0.74
"""The thing's height: share of the square's side."""
SET_DOWN_S = 0.4

Picture = NDArray[np.uint8]
Point = tuple[float, float]


class Obstacle:
    """Draws one thing."""

    def __init__(self, item: DrillObstacle) -> None:
        self.item = item
        rng = np.random.default_rng(item.seed)
        self._sprite = _finish(LOOKS[item.look], rng)

    def paint(self, canvas: Canvas, time_s: float) -> None:
        """Draw it as it is `time_s` after the drill's origin."""
        age = time_s - self.item.start_s
        left = SET_DOWN_S if self.item.duration_s is None else self.item.duration_s + SET_DOWN_S - age
        if age < 0 or left <= 0:
            return
        there = np.float32(min(1.0, (age + 0.1) / SET_DOWN_S, left / SET_DOWN_S))
        side = self.item.size * canvas.height / TALL
        at = self.item.at[0] * canvas.width, self.item.at[1] * canvas.height
        window = canvas.window(at[0] - side * 0.5, at[1] - side * FOOT[1], at[0] + side * 0.5, at[1] + side * (1 - FOOT[1]))
        if window is None:
            return
        shadow, alpha, y, u, v = (place(layer, window, side, FOOT, at) for layer in self._sprite)
        canvas.shade(window, 1 - there * np.clip(shadow, 0, 1))
        alpha = np.clip(alpha, 0, 1)
        # Colours are stored multiplied by their cover, so that their rims stay clean when scaled.
        cover = np.maximum(alpha, np.float32(1e-3))
        exposure = np.float32(min(1.15, max(0.25, (canvas.light / 105) ** 0.8)))
        luma = y / cover * exposure + canvas.grain(window, 2.0)
        canvas.blend(window, alpha * there, luma, 128 + u / cover, 128 + v / cover)


def _finish(draw: Callable[[Picture, np.random.Generator], None], rng: np.random.Generator) -> tuple[Layer, ...]:
    """Contact shadow, cover and YCbCr (chroma from 0, all times cover) of a thing, each `(SIDE, SIDE)`."""
    picture = np.zeros((2 * SIDE, 2 * SIDE, 4), np.uint8)
    draw(picture, rng)
    colour = picture[..., :3].astype(np.float32)
    # Dirt and wear: soft stains and a fine tooth.
    stains = cv2.GaussianBlur(rng.standard_normal(picture.shape[:2]).astype(np.float32), (0, 0), 24) * 30
    tooth = cv2.GaussianBlur(rng.standard_normal(picture.shape[:2]).astype(np.float32), (0, 0), 1.2) * 2
    colour *= np.clip(1 + 0.05 * stains + 0.05 * tooth, 0.6, 1.3)[..., None]
    # Less sky reaches what is near the ground.
    rows = np.linspace(0, 1, 2 * SIDE, dtype=np.float32)[:, None, None]
    colour *= 1.08 - 0.3 * np.clip((rows - 0.3) / 0.55, 0, 1)
    picture[..., :3] = np.clip(colour, 0, 255)
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    alpha = cv2.GaussianBlur(small[..., 3] / 255, (0, 0), 0.8)
    solid = np.maximum(cv2.GaussianBlur(small[..., 3] / 255, (0, 0), 0.8), 1e-3)[..., None]
    bgr = cv2.GaussianBlur(small[..., :3] * (small[..., 3:] / 255), (0, 0), 0.8) / solid
    y = bgr @ np.array([0.114, 0.587, 0.299], np.float32)
    u, v = 0.564 * (bgr[..., 0] - y), 0.713 * (bgr[..., 2] - y)
    return _shadow(alpha), alpha, y * alpha, u * alpha, v * alpha


def _shadow(alpha: Layer) -> Layer:
    """Darkness on the ground: deep where the thing touches it, thin around under a bright sky."""
    ground = alpha.copy()
    ground[: int((FOOT[1] - 0.2) * SIDE)] = 0
    squashed = cv2.warpAffine(ground, np.array([[1.0, 0, 5], [0, 0.8, (0.2 * FOOT[1] + 0.012) * SIDE]]), (SIDE, SIDE))
    near, wide = cv2.GaussianBlur(squashed, (0, 0), 4), cv2.GaussianBlur(squashed, (0, 0), 14)
    edge = np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1]) / (0.05 * SIDE)
    return np.asarray((0.5 * near + 0.35 * wide) * np.clip(np.minimum.outer(edge, edge), 0, 1), np.float32)


def _face(picture: Picture, corners: list[Point], colour: Point | tuple[float, float, float], light: float) -> None:
    """Fill a polygon (corners in 0–1 of the square) with a colour in BGR times the light that falls on it."""
    points = np.rint(np.array(corners) * (2 * SIDE * 16)).astype(np.int32)
    shade = [min(255.0, c * light) for c in colour]
    cv2.fillPoly(picture, [points], (*shade, 255), cv2.LINE_AA, shift=4)


def _between(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _part(quad: list[Point], x1: float, y1: float, x2: float, y2: float) -> list[Point]:
    """A part, in 0–1 of its sides, of a four-cornered face given as top left, top right, bottom right, bottom left."""
    def point(x: float, y: float) -> Point:
        return _between(_between(quad[0], quad[1], x), _between(quad[3], quad[2], x), y)

    return [point(x1, y1), point(x2, y1), point(x2, y2), point(x1, y2)]


def _box(left: float, right: float, top: float, bottom: float) -> tuple[list[Point], list[Point], list[Point]]:
    """Front, side and lid of a box that shows its front, its right side and, from above, its lid."""
    width, height = right - left, bottom - top
    corner, rise = left + 0.64 * width, 0.13 * width
    lid = 0.16 * height if height < width else 0.2 * width
    front: list[Point] = [(left, top + lid), (corner, top + lid + 0.45 * rise), (corner, bottom), (left, bottom - 0.45 * rise)]
    side: list[Point] = [front[1], (right, top + 0.75 * lid), (right, bottom - rise), front[2]]
    back = (left + 0.37 * width, top)
    return front, side, [back, side[1], front[1], front[0]]


def _planks(picture: Picture, quad: list[Point], colour: tuple[float, float, float], light: float, rng: np.random.Generator) -> None:
    _face(picture, quad, tuple(0.25 * c for c in colour), light)
    for plank in range(6):
        tint = light * rng.uniform(0.82, 1.12)
        _face(picture, _part(quad, 0.0, plank / 6 + 0.012, 1.0, (plank + 1) / 6 - 0.012), colour, tint)
    frame = ((0, 0, 0.11, 1), (0.89, 0, 1, 1), (0, 0, 1, 0.13), (0, 0.87, 1, 1))
    for x1, y1, x2, y2 in frame:
        _face(picture, _part(quad, x1, y1, x2, y2), tuple(1.08 * c for c in colour), light * rng.uniform(0.95, 1.1))


def _crate(picture: Picture, rng: np.random.Generator) -> None:
    wood = (88.0, 132.0, 170.0)
    front, side, lid = _box(0.12, 0.9, FOOT[1] - TALL, FOOT[1])
    _planks(picture, side, wood, 0.6, rng)
    _planks(picture, front, wood, 0.85, rng)
    _face(picture, lid, wood, 1.0)
    for plank in range(5):
        _face(picture, _part(lid, plank / 5 + 0.01, 0, (plank + 1) / 5 - 0.01, 1), wood, rng.uniform(1.05, 1.25))


def _drum(picture: Picture, rng: np.random.Generator) -> None:
    paint = [(150.0, 82.0, 28.0), (40.0, 62.0, 150.0), (60.0, 110.0, 50.0)][int(rng.integers(3))]
    left, right, top, bottom, bow = 0.26, 0.74, FOOT[1] - TALL + 0.05, FOOT[1] - 0.05, 0.055
    columns = np.linspace(0, 1, 97)
    sag = np.sqrt(np.clip(1 - (2 * columns - 1) ** 2, 0, 1)) * bow
    for i in range(96):
        x1, x2 = (left + (right - left) * columns[j] for j in (i, i + 1))
        turn = (columns[i] - 0.33) / 0.75
        light = 0.38 + 0.72 * max(0.0, 1 - turn * turn) + 0.35 * np.exp(-((columns[i] - 0.24) ** 2) / 0.004)
        for low, high, gain in ((0, 1, 1.0), (0.31, 0.35, 1.3), (0.35, 0.37, 0.6), (0.64, 0.68, 1.3), (0.68, 0.70, 0.6), (0.97, 1, 0.7)):
            y1, y2 = top + (bottom - top) * low, top + (bottom - top) * high
            _face(picture, [(x1, y1 + sag[i]), (x2, y1 + sag[i + 1]), (x2, y2 + sag[i + 1]), (x1, y2 + sag[i])], paint, light * gain)
    for shrink, light in ((1.0, 1.5), (0.93, 0.75), (0.9, 1.15)):
        angles = np.linspace(0, 2 * np.pi, 73)
        rim = [(0.5 + 0.24 * shrink * np.cos(a), top + bow * shrink * np.sin(a)) for a in angles]
        _face(picture, rim, paint, light)


def _pallet(picture: Picture, rng: np.random.Generator) -> None:
    wood, card = (95.0, 140.0, 172.0), (92.0, 138.0, 178.0)
    floor = FOOT[1] - 0.11
    front, side, _ = _box(0.06, 0.95, FOOT[1] - 0.3, FOOT[1])
    for quad, light in ((side, 0.6), (front, 0.9)):
        _face(picture, _part(quad, 0, 0.55, 1, 1), (30.0, 34.0, 38.0), 0.8)
        for low, high in ((0.5, 0.62), (0.9, 1.0)):
            _face(picture, _part(quad, 0, low, 1, high), wood, light)
        for start in (0.0, 0.43, 0.86):
            _face(picture, _part(quad, start, 0.6, start + 0.14, 0.92), wood, light * 0.85)
    middle = FOOT[1] - TALL + 0.24
    for left, right, top, bottom in ((0.1, 0.92, middle, floor), (0.18, 0.7, FOOT[1] - TALL, middle + 0.075)):
        front, side, lid = _box(left, right, top, bottom)
        tint = rng.uniform(0.9, 1.05)
        for quad, light in ((side, 0.58), (front, 0.85), (lid, 1.12)):
            _face(picture, quad, card, light * tint)
        _face(picture, _part(front, 0.46, 0, 0.54, 0.5), (130.0, 170.0, 200.0), 0.85)
        _face(picture, _part(lid, 0.46, 0, 0.54, 1), (130.0, 170.0, 200.0), 1.1)
        _face(picture, _part(front, 0.1, 0.6, 0.34, 0.85), (205.0, 205.0, 205.0), 0.85)
        _face(picture, _part(front, 0, 0, 1, 0.012), card, 0.45)


def _bag(picture: Picture, rng: np.random.Generator) -> None:
    angles = np.linspace(0, 2 * np.pi, 121)
    lumps = sum(rng.uniform(0.006, 0.02) * np.sin(k * angles + rng.uniform(0, 6)) for k in (3, 4, 5, 7))
    for shrink in np.linspace(1, 0.08, 40):
        light = 0.55 + 0.75 * (1 - shrink) ** 0.8
        centre = 0.5 - 0.07 * (1 - shrink), 0.56 - 0.12 * (1 - shrink)
        body: list[Point] = []
        for angle, lump in zip(angles, lumps, strict=True):
            x, y = np.cos(angle), np.sin(angle)
            flat = 0.3 if y > 0 else 0.36  # it sits on its bottom
            body.append((centre[0] + (0.36 + lump) * x * shrink, centre[1] + (flat + lump) * np.sign(y) * abs(y) ** 0.8 * shrink))
        _face(picture, body, (52.0, 50.0, 48.0), light)
    neck: list[Point] = [(0.4, 0.24), (0.36, 0.13), (0.46, 0.16), (0.52, 0.12), (0.58, 0.15), (0.65, 0.13), (0.58, 0.24)]
    _face(picture, neck, (52.0, 50.0, 48.0), 1.0)
    for _ in range(14):
        x, y = rng.uniform(0.3, 0.66), rng.uniform(0.28, 0.74)
        lean, long = rng.uniform(-0.05, 0.05), rng.uniform(0.04, 0.14)
        _face(picture, [(x, y), (x + 0.012, y + 0.4 * long), (x + lean, y + long)], (52.0, 50.0, 48.0), rng.choice((0.6, 1.9)))


LOOKS: dict[str, Callable[[Picture, np.random.Generator], None]] = {
    "crate": _crate, "drum": _drum, "pallet": _pallet, "bag": _bag,
}  # fmt: skip
