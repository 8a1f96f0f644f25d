"""Zones drawn onto a picture, so that a person sees whether they are where they were meant to be."""

from __future__ import annotations

import cv2
import numpy as np

from edge.config.source import SourceSettings, ZoneSettings
from edge.evidence.pen import INK, WHITE, Colour, Pen, legible_size
from pipelines.frame import Frame, Plane

# Neighbours in this list differ in brightness as well, for those who do not see the colours.
_COLOURS: tuple[Colour, ...] = (
    (0, 200, 255),
    (220, 80, 220),
    (80, 220, 60),
    (60, 60, 255),
    (230, 230, 60),
    (255, 140, 40),
)
_SHADE = 0.25


def draw_zones(frame: Frame, source: SourceSettings) -> Plane:
    """The frame with every zone outlined, shaded and named, its corners numbered as in the file.

    Args:
        frame: a picture of the source.
        source: whose zones; its name and rules are written above.

    Returns:
        `(h, w, 3)` uint8 BGR; enlarged or reduced where the names could not be read otherwise.
    """
    pen = Pen(frame.bgr(legible_size(frame)))
    for i, zone in enumerate(source.zones):
        _draw_zone(pen, zone, _COLOURS[i % len(_COLOURS)])
    pen.label(f"{source.name}: {', '.join(rule.title for rule in source.rules)}", (0, 0), INK, WHITE)
    return pen.picture


def _draw_zone(pen: Pen, zone: ZoneSettings, colour: Colour) -> None:
    corners = np.rint(np.array(zone.polygon) * (pen.width - 1, pen.height - 1)).astype(np.int32)
    shaded = pen.picture.copy()
    cv2.fillPoly(shaded, [corners], colour)
    cv2.addWeighted(shaded, _SHADE, pen.picture, 1 - _SHADE, 0, dst=pen.picture)
    for line, thick in ((INK, 2 * pen.line_px + 2), (colour, 2 * pen.line_px)):
        cv2.polylines(pen.picture, [corners], True, line, thick, cv2.LINE_AA)
    for number, (x, y) in enumerate(corners.tolist(), 1):
        pen.label(str(number), (x + pen.line_px, y + pen.line_px), INK, colour)
    x, y = np.rint(corners.mean(axis=0)).astype(int).tolist()
    pen.label(zone.name, (x - pen.text_size(zone.name, pen.text_px)[0] // 2, y), colour, INK)
