"""Zones drawn onto a picture, so that a person sees whether they are where they were meant to be."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import ConfigError
from edge.config.source import SourceSettings, ZoneSettings

Picture = NDArray[np.uint8]

_COLOURS = ((0, 200, 255), (80, 220, 60), (255, 140, 40), (220, 80, 220), (60, 60, 255), (230, 230, 60))
"""BGR, told apart by colour-blind people by their brightness."""

_SHADE = 0.25
_FONT = "uni"  # OpenCV's own font with Latin and Chinese


def draw_zones(picture: Picture, source: SourceSettings) -> Picture:
    """A copy with every zone outlined, shaded and named, its corners numbered as in the file.

    Args:
        picture: `(h, w, 3)` uint8 BGR.
        source: whose zones.
    """
    canvas = picture.copy()
    for i, zone in enumerate(source.zones):
        _draw_zone(canvas, zone, _COLOURS[i % len(_COLOURS)])
    rules = ", ".join(rule.title for rule in source.rules)
    _label(canvas, f"{source.name}  ·  {rules}", (8, 8), (255, 255, 255))
    return canvas


def save_picture(picture: Picture, path: Path) -> None:
    """Write a JPEG.

    Raises:
        ConfigError: the folder can not be written.
    """
    encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise ConfigError([f"{path}: can not be written: {error.strerror}"]) from error


def _draw_zone(canvas: Picture, zone: ZoneSettings, colour: tuple[int, int, int]) -> None:
    height, width = canvas.shape[:2]
    corners = np.rint(np.array(zone.polygon) * (width - 1, height - 1)).astype(np.int32)
    shaded = canvas.copy()
    cv2.fillPoly(shaded, [corners], colour)
    cv2.addWeighted(shaded, _SHADE, canvas, 1 - _SHADE, 0, dst=canvas)
    thick = max(2, round(height / 400))
    cv2.polylines(canvas, [corners], True, colour, thick, cv2.LINE_AA)
    for number, (x, y) in enumerate(corners.tolist(), 1):
        cv2.circle(canvas, (x, y), 2 * thick, colour, -1, cv2.LINE_AA)
        _label(canvas, str(number), (x + 2 * thick, y + 2 * thick), colour, share=0.7)
    _label(canvas, zone.name, tuple(np.rint(corners.mean(axis=0)).astype(int).tolist()), colour)


def _label(canvas: Picture, text: str, at: tuple[int, int], colour: tuple[int, int, int], share: float = 1.0) -> None:
    """Text on a dark plate, moved inside the picture; `at` is its upper left corner, px."""
    height, width = canvas.shape[:2]
    font, size = cv2.FontFace(_FONT), max(12, round(height / 28 * share))
    _, _, wide, _ = cv2.getTextSize((0, 0), text, (0, 0), font, size)
    x = int(np.clip(at[0], 0, max(0, width - wide - size // 2)))
    y = int(np.clip(at[1], 0, max(0, height - round(1.5 * size))))
    cv2.rectangle(canvas, (x, y), (x + wide + size // 2, y + round(1.4 * size)), (25, 25, 25), -1)
    cv2.putText(canvas, text, (x + size // 4, y + round(1.1 * size)), colour, font, size)
