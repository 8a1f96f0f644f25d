"""Ten things that people leave in exits, drawn with an alpha mask: `(h, w, 3) uint8` BGR and `(h, w) float32`."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Alpha = NDArray[np.float32]
Canvas = tuple[NDArray[np.float32], NDArray[np.uint8]]


def _canvas(height: int, width: int) -> Canvas:
    return np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.uint8)


def _grain(picture: NDArray[np.float32], sigma: float = 4.0) -> NDArray[np.float32]:
    return picture + np.random.default_rng(0).normal(0, sigma, picture.shape).astype(np.float32)


def crate() -> Canvas:
    """Planks, with gaps and a cross brace."""
    p, a = _canvas(150, 180)
    p[:], a[:] = (80, 120, 165), 255
    for y in range(0, 150, 25):
        p[y : y + 3] = (30, 45, 60)
        p[y + 3 : y + 25] *= 0.85 + 0.05 * (y // 25 % 3)
    cv2.line(p, (0, 0), (180, 150), (60, 95, 130), 14)
    return _grain(p), a


def drum() -> Canvas:
    """An oil drum: a shaded cylinder with ribs."""
    p, a = _canvas(190, 130)
    p[:] = np.array((150, 70, 20)) * (1 - np.abs(np.linspace(-0.8, 0.8, 130)))[None, :, None]
    for y in (60, 125):
        p[y : y + 6] *= 1.5
    cv2.ellipse(p, (65, 18), (64, 16), 0, 0, 360, (110, 60, 30), -1)
    cv2.rectangle(a, (0, 18), (129, 172), 255, -1)
    for y in (18, 172):
        cv2.ellipse(a, (65, y), (64, 16), 0, 0, 360, 255, -1)
    return _grain(p), a


def sack() -> Canvas:
    """A dark bin bag, folded."""
    p, a = _canvas(150, 150)
    y, x = np.mgrid[:150, :150]
    p[:] = (40 + 22 * np.sin(x / 9 + y / 17) + 12 * np.sin(y / 6 - x / 30))[..., None]
    cv2.ellipse(a, (75, 92), (70, 56), 0, 0, 360, 255, -1)
    cv2.ellipse(a, (75, 30), (16, 26), 0, 0, 360, 255, -1)
    return _grain(p, 3), a


def bicycle() -> Canvas:
    """Mostly air: two wheels and a frame."""
    p, a = _canvas(140, 230)
    p[:] = (45, 35, 150)
    for x in (50, 180):
        cv2.circle(a, (x, 88), 46, 255, 7)
        cv2.circle(p, (x, 88), 46, (25, 25, 25), 9)
        for turn in range(0, 180, 30):
            away = (int(46 * np.cos(np.radians(turn))), int(46 * np.sin(np.radians(turn))))
            cv2.line(a, (x - away[0], 88 - away[1]), (x + away[0], 88 + away[1]), 255, 2)
    corners = [(50, 88), (85, 30), (155, 30), (110, 92), (50, 88), (85, 30), (110, 92), (155, 30), (180, 88)]
    cv2.polylines(a, [np.array(corners, np.int32)], False, 255, 8)
    cv2.line(a, (75, 18), (100, 18), 255, 10)
    cv2.line(a, (155, 30), (150, 8), 255, 7)
    return _grain(p, 2), a


def carton() -> Canvas:
    """Plain cardboard with tape: hardly any texture."""
    p, a = _canvas(130, 170)
    p[:], a[:] = (105, 150, 185), 255
    p[:, 110:] *= 0.72
    p[:, 48:60] = (140, 175, 200)
    return _grain(p, 2), a


def trolley() -> Canvas:
    """A wire cage on wheels."""
    p, a = _canvas(180, 140)
    p[:] = (170, 170, 175)
    for x in range(4, 140, 16):
        cv2.line(a, (x, 4), (x, 150), 255, 4)
    for y in range(4, 155, 18):
        cv2.line(a, (4, y), (136, y), 255, 4)
    for x in (22, 118):
        cv2.circle(a, (x, 164), 14, 255, -1)
        cv2.circle(p, (x, 164), 14, (30, 30, 30), -1)
    return _grain(p, 2), a


def chair() -> Canvas:
    """Back, seat and legs."""
    p, a = _canvas(190, 120)
    p[:] = (60, 60, 70)
    cv2.rectangle(a, (14, 6), (106, 90), 255, -1)
    cv2.rectangle(p, (20, 12), (100, 84), (50, 60, 170), -1)
    cv2.rectangle(a, (6, 96), (114, 122), 255, -1)
    for x in (12, 100):
        cv2.rectangle(a, (x, 120), (x + 9, 188), 255, -1)
    return _grain(p), a


def pallet() -> Canvas:
    """A pallet with boxes on it, wrapped."""
    p, a = _canvas(170, 200)
    a[:] = 255
    for row in range(3):
        for column in range(3):
            tone = 0.75 + 0.12 * ((row * 5 + column * 3) % 4)
            box = (slice(row * 46, row * 46 + 44), slice(column * 67, column * 67 + 65))
            p[box] = np.array((120, 165, 190)) * tone
    p[140:] = (50, 80, 110)
    p[150:162, 20:80] = p[150:162, 120:180] = 15
    return _grain(p), a


def wheelie_bin() -> Canvas:
    """A green bin with a lid."""
    p, a = _canvas(190, 120)
    p[:] = np.array((40, 95, 45)) * np.linspace(1.15, 0.7, 120)[None, :, None]
    cv2.fillPoly(a, [np.array([[4, 28], [116, 28], [102, 176], [18, 176]], np.int32)], 255)
    cv2.rectangle(a, (0, 8), (119, 30), 255, -1)
    p[8:30] *= 1.35
    p[60:64] *= 0.5
    cv2.circle(a, (96, 176), 13, 255, -1)
    return _grain(p), a


def mattress() -> Canvas:
    """A light, quilted slab."""
    p, a = _canvas(110, 240)
    y, x = np.mgrid[:110, :240]
    p[:] = (205 + 14 * np.sin((x + y) / 6.0) + 14 * np.sin((x - y) / 6.0))[..., None]
    p[88:] *= 0.7
    a[:] = 255
    return _grain(p, 2), a


DRAWN: dict[str, Callable[[], Canvas]] = {
    draw.__name__: draw for draw in (crate, drum, sack, bicycle, carton, trolley, chair, pallet, wheelie_bin, mattress)
}


def drawn(name: str) -> tuple[Picture, Alpha]:
    """One of the ten."""
    picture, alpha = DRAWN[name]()
    return np.clip(picture, 0, 255).astype(np.uint8), cv2.GaussianBlur(alpha, (0, 0), 0.8).astype(np.float32) / 255


def cut_out(picture: Picture, box: tuple[float, float, float, float]) -> tuple[Picture, Alpha]:
    """A real thing cut out of a photograph: what GrabCut takes for the foreground inside a box of 0–1."""
    scale = 320 / max(picture.shape[:2])
    picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = box
    where = (int(x1 * width), int(y1 * height), int((x2 - x1) * width), int((y2 - y1) * height))
    mask = np.zeros((height, width), np.uint8)
    cv2.setRNGSeed(1)
    cv2.grabCut(picture, mask, where, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_RECT)
    thing = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(thing)
    largest = (labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())).astype(np.float32)
    x, y, w, h = cv2.boundingRect(largest.astype(np.uint8))
    alpha = cv2.GaussianBlur(largest, (0, 0), 0.8)
    return picture[y : y + h, x : x + w], alpha[y : y + h, x : x + w].astype(np.float32)
