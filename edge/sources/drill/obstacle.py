"""The test obstacle: something left standing."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from edge.config.drill import DrillObstacle
from edge.sources.drill.canvas import Canvas, Layer, extent, place
from edge.sources.drill.looks import FOOT, LOOKS, SIDE, TALL, Picture

SET_DOWN_S = 0.4  # it is carried in and out within this time


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
        window = extent(canvas, self._sprite[0] + self._sprite[1], side, FOOT, at)
        if window is None:
            return
        shadow, alpha, y, u, v = (place(layer, window, side, FOOT, at) for layer in self._sprite)
        canvas.shade(window, 1 - there * np.clip(shadow, 0, 1))
        alpha = np.clip(alpha, 0, 1)
        # Colours are stored multiplied by their cover, so that their rims stay clean when scaled.
        cover: Layer = np.maximum(alpha, np.float32(1e-3))
        exposure = np.float32(min(1.15, max(0.25, math.pow(canvas.light / 105, 0.8))))
        luma: Layer = np.divide(y, cover) * exposure + canvas.grain(window, 2.0)
        colours: list[Layer] = [np.divide(part, cover) + np.float32(128) for part in (u, v)]
        canvas.blend(window, alpha * there, luma, *colours)


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
    alpha = np.asarray(cv2.GaussianBlur(small[..., 3] / 255, (0, 0), 0.8), np.float32)
    alpha[alpha < 0.004] = 0
    solid = np.maximum(alpha, 1e-3)[..., None]
    bgr = cv2.GaussianBlur(small[..., :3] * (small[..., 3:] / 255), (0, 0), 0.8) / solid
    y = bgr @ np.array([0.114, 0.587, 0.299], np.float32)
    u, v = 0.564 * (bgr[..., 0] - y), 0.713 * (bgr[..., 2] - y)
    return _shadow(alpha), alpha, *(np.asarray(part * alpha, np.float32) for part in (y, u, v))


def _shadow(alpha: Layer) -> Layer:
    """Darkness on the ground: deep where the thing touches it, thin around under a bright sky."""
    ground = alpha.copy()
    ground[: int((FOOT[1] - 0.2) * SIDE)] = 0
    squashed = cv2.warpAffine(ground, np.array([[1.0, 0, 5], [0, 0.8, (0.2 * FOOT[1] + 0.018) * SIDE]]), (SIDE, SIDE))
    near, wide = cv2.GaussianBlur(squashed, (0, 0), 4), cv2.GaussianBlur(squashed, (0, 0), 14)
    edge = np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1]) / (0.05 * SIDE)
    dark = np.asarray((0.6 * near + 0.5 * wide) * np.clip(np.minimum.outer(edge, edge), 0, 1), np.float32)
    dark[dark < 0.004] = 0
    return dark
