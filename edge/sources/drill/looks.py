"""Things that get left standing, drawn as seen from a little above: crate, drum, pallet, bag.

A drawing is BGR and cover `(2·SIDE, 2·SIDE, 4)` uint8; points are x, y in 0–1 of its side.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 384
"""Pixels of the square a thing is kept in; it is drawn at twice that and averaged."""
FOOT = (0.5, 0.86)
"""Where its foot stands in the square."""
TALL = 0.74
"""The thing's height: share of the square's side."""

Picture = NDArray[np.uint8]
Point = tuple[float, float]
Quad = list[Point]
Colour = tuple[float, float, float]

_WOOD: Colour = (88.0, 132.0, 170.0)
_PALLET_WOOD: Colour = (95.0, 140.0, 172.0)
_CARD: Colour = (92.0, 138.0, 178.0)
_TAPE: Colour = (130.0, 170.0, 200.0)
_LABEL: Colour = (205.0, 205.0, 205.0)
_FILM: Colour = (52.0, 50.0, 48.0)
_PAINTS: tuple[Colour, ...] = ((150.0, 82.0, 28.0), (40.0, 62.0, 150.0), (60.0, 110.0, 50.0))


def _face(picture: Picture, corners: Quad, colour: Colour, light: float) -> None:
    """Fill a polygon (corners in 0–1 of the square) with a colour in BGR times the light that falls on it."""
    points = np.rint(np.array(corners) * (2 * SIDE * 16)).astype(np.int32)
    shade = [min(255.0, c * light) for c in colour]
    cv2.fillPoly(picture, [points], (*shade, 255), cv2.LINE_AA, shift=4)


def _between(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _part(quad: Quad, x1: float, y1: float, x2: float, y2: float) -> Quad:
    """A part, in 0–1 of its sides, of a four-cornered face given as top left, top right, bottom right, bottom left."""

    def point(x: float, y: float) -> Point:
        return _between(_between(quad[0], quad[1], x), _between(quad[3], quad[2], x), y)

    return [point(x1, y1), point(x2, y1), point(x2, y2), point(x1, y2)]


def _box(left: float, right: float, top: float, bottom: float) -> tuple[Quad, Quad, Quad]:
    """Front, side and lid of a box that shows its front, its right side and, from above, its lid."""
    width, height = right - left, bottom - top
    corner, rise = left + 0.64 * width, 0.13 * width
    lid = 0.16 * height if height < width else 0.2 * width
    drop = 0.45 * rise
    front: Quad = [(left, top + lid), (corner, top + lid + drop), (corner, bottom), (left, bottom - drop)]
    side: Quad = [front[1], (right, top + 0.75 * lid), (right, bottom - rise), front[2]]
    back = (left + 0.37 * width, top)
    return front, side, [back, side[1], front[1], front[0]]


def _planks(picture: Picture, quad: Quad, light: float, rng: np.random.Generator) -> None:
    _face(picture, quad, _WOOD, 0.25 * light)
    for plank in range(6):
        tint = light * rng.uniform(0.82, 1.12)
        _face(picture, _part(quad, 0.0, plank / 6 + 0.012, 1.0, (plank + 1) / 6 - 0.012), _WOOD, tint)
    frame = ((0, 0, 0.11, 1), (0.89, 0, 1, 1), (0, 0, 1, 0.13), (0, 0.87, 1, 1))
    for x1, y1, x2, y2 in frame:
        _face(picture, _part(quad, x1, y1, x2, y2), _WOOD, 1.08 * light * rng.uniform(0.95, 1.1))


def _crate(picture: Picture, rng: np.random.Generator) -> None:
    front, side, lid = _box(0.12, 0.9, FOOT[1] - TALL, FOOT[1])
    _planks(picture, side, 0.6, rng)
    _planks(picture, front, 0.85, rng)
    _face(picture, lid, _WOOD, 1.0)
    for plank in range(5):
        _face(picture, _part(lid, plank / 5 + 0.01, 0, (plank + 1) / 5 - 0.01, 1), _WOOD, rng.uniform(1.05, 1.25))


_BANDS = ((0, 1, 1.0), (0.31, 0.35, 1.3), (0.35, 0.37, 0.6), (0.64, 0.68, 1.3), (0.68, 0.70, 0.6), (0.97, 1, 0.7))
"""A drum's wall and its rolled hoops, light above and dark below: from, to, light."""


def _drum(picture: Picture, rng: np.random.Generator) -> None:
    paint = _PAINTS[int(rng.integers(len(_PAINTS)))]
    left, right, top, bottom, bow = 0.26, 0.74, FOOT[1] - TALL + 0.05, FOOT[1] - 0.05, 0.055
    columns = np.linspace(0, 1, 97)
    sag = np.sqrt(np.clip(1 - (2 * columns - 1) ** 2, 0, 1)) * bow
    for i in range(96):
        x1, x2 = (left + (right - left) * columns[j] for j in (i, i + 1))
        turn = (columns[i] - 0.33) / 0.75
        light = 0.38 + 0.72 * max(0.0, 1 - turn * turn) + 0.35 * np.exp(-((columns[i] - 0.24) ** 2) / 0.004)
        for low, high, gain in _BANDS:
            y1, y2 = (top + (bottom - top) * share for share in (low, high))
            strip = [(x1, y1 + sag[i]), (x2, y1 + sag[i + 1]), (x2, y2 + sag[i + 1]), (x1, y2 + sag[i])]
            _face(picture, strip, paint, light * gain)
    for shrink, light in ((1.0, 1.5), (0.93, 0.75), (0.9, 1.15)):
        angles = np.linspace(0, 2 * np.pi, 73)
        rim = [(0.5 + 0.24 * shrink * np.cos(a), top + bow * shrink * np.sin(a)) for a in angles]
        _face(picture, rim, paint, light)


def _pallet(picture: Picture, rng: np.random.Generator) -> None:
    floor = FOOT[1] - 0.11
    front, side, _ = _box(0.06, 0.95, FOOT[1] - 0.3, FOOT[1])
    for quad, light in ((side, 0.6), (front, 0.9)):
        _face(picture, _part(quad, 0, 0.55, 1, 1), (30.0, 34.0, 38.0), 0.8)
        for low, high in ((0.5, 0.62), (0.9, 1.0)):
            _face(picture, _part(quad, 0, low, 1, high), _PALLET_WOOD, light)
        for start in (0.0, 0.43, 0.86):
            _face(picture, _part(quad, start, 0.6, start + 0.14, 0.92), _PALLET_WOOD, light * 0.85)
    middle = FOOT[1] - TALL + 0.24
    for left, right, top, bottom in ((0.1, 0.92, middle, floor), (0.18, 0.7, FOOT[1] - TALL, middle + 0.075)):
        front, side, lid = _box(left, right, top, bottom)
        tint = rng.uniform(0.9, 1.05)
        for quad, light in ((side, 0.58), (front, 0.85), (lid, 1.12)):
            _face(picture, quad, _CARD, light * tint)
        _face(picture, _part(front, 0.46, 0, 0.54, 0.5), _TAPE, 0.85)
        _face(picture, _part(lid, 0.46, 0, 0.54, 1), _TAPE, 1.1)
        _face(picture, _part(front, 0.1, 0.6, 0.34, 0.85), _LABEL, 0.85)
        _face(picture, _part(front, 0, 0, 1, 0.012), _CARD, 0.45)


def _bag(picture: Picture, rng: np.random.Generator) -> None:
    angles = np.linspace(0, 2 * np.pi, 121)
    lumps = np.zeros_like(angles)
    for k in (3, 4, 5, 7):
        lumps += rng.uniform(0.006, 0.02) * np.sin(k * angles + rng.uniform(0, 6))
    for shrink in np.linspace(1, 0.08, 40):
        light = 0.55 + 0.75 * (1 - shrink) ** 0.8
        centre = 0.5 - 0.07 * (1 - shrink), 0.56 - 0.12 * (1 - shrink)
        across, down = np.cos(angles), np.sin(angles)
        reach = np.where(down > 0, 0.3, 0.36) + lumps  # it sits on its bottom
        xs = centre[0] + (0.36 + lumps) * across * shrink
        ys = centre[1] + reach * np.sign(down) * np.abs(down) ** 0.8 * shrink
        body = list(zip(xs.tolist(), ys.tolist(), strict=True))
        _face(picture, body, _FILM, light)
    neck = (0.4, 0.24), (0.36, 0.13), (0.46, 0.16), (0.52, 0.12), (0.58, 0.15), (0.65, 0.13), (0.58, 0.24)
    _face(picture, list(neck), _FILM, 1.0)
    for _ in range(14):
        x, y = rng.uniform(0.3, 0.66), rng.uniform(0.28, 0.74)
        lean, long = rng.uniform(-0.05, 0.05), rng.uniform(0.04, 0.14)
        fold = [(x, y), (x + 0.012, y + 0.4 * long), (x + lean, y + long)]
        _face(picture, fold, _FILM, float(rng.choice((0.6, 1.9))))


LOOKS: dict[str, Callable[[Picture, np.random.Generator], None]] = {
    "crate": _crate, "drum": _drum, "pallet": _pallet, "bag": _bag,
}  # fmt: skip
