"""A grid to read the corners of zones off a picture."""

from __future__ import annotations

import cv2

from edge.evidence.pen import INK, WHITE, Colour, Pen, legible_size
from pipelines.frame import Frame, Plane

_LINE: Colour = (255, 255, 80)
_STEPS = 10
_FAINT = 0.45


def gridded(frame: Frame) -> Plane:
    """The frame with a line every 0.1 of its width and height, and a short one every 0.05.

    Returns:
        `(h, w, 3)` uint8 BGR; enlarged or reduced where the numbers could not be read otherwise.
    """
    pen = Pen(frame.bgr(legible_size(frame)))
    lines = pen.picture.copy()
    for i in range(1, _STEPS):
        _line(pen, lines, i / _STEPS)
    cv2.addWeighted(lines, _FAINT, pen.picture, 1 - _FAINT, 0, dst=pen.picture)
    for i in range(2 * _STEPS):
        if i % 2:
            _ticks(pen, i / (2 * _STEPS))
    for i in range(_STEPS + 1):
        _number(pen, i / _STEPS)
    return pen.picture


def _line(pen: Pen, picture: Plane, share: float) -> None:
    x, y = round(share * pen.width), round(share * pen.height)
    for colour, thick in ((INK, pen.line_px + 2), (_LINE, pen.line_px)):
        cv2.line(picture, (x, 0), (x, pen.height), colour, thick)
        cv2.line(picture, (0, y), (pen.width, y), colour, thick)


def _ticks(pen: Pen, share: float) -> None:
    """Half steps, along the lower and the right edge, where no numbers stand."""
    x, y, length = round(share * pen.width), round(share * pen.height), pen.text_px // 2
    for colour, thick in ((INK, pen.line_px + 2), (_LINE, pen.line_px)):
        cv2.line(pen.picture, (x, pen.height - length), (x, pen.height), colour, thick)
        cv2.line(pen.picture, (pen.width - length, y), (pen.width, y), colour, thick)


def _number(pen: Pen, share: float) -> None:
    """Widths along the upper edge, heights along the left one; both begin with 0 in the corner."""
    text = f"{share:.1f}" if 0 < share < 1 else f"{share:.0f}"
    width, height = pen.text_size(text, pen.text_px)
    pen.label(text, (round(share * pen.width) - width // 2, 0), INK, WHITE)
    pen.label(text, (0, round(share * pen.height) - height // 2), INK, WHITE)
