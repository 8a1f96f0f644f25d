"""Drawing and writing on pictures, in proportion to their size, in Chinese and English."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.zones import Zone
from pipelines.frame import Frame, Plane
from pipelines.hazards import Box

Colour = tuple[int, int, int]  # blue, green, red

WHITE: Colour = (255, 255, 255)
INK: Colour = (20, 20, 20)
ZONE: Colour = (255, 200, 0)
BONE: Colour = (120, 255, 120)

_LEAST_SIDE_PX = 360  # smaller pictures are enlarged: a Chinese character needs 14 px to be read
_LONGEST_SIDE_PX = 1920  # larger ones are reduced: the full picture is kept beside them
_TEXT_SHARE = 0.04  # height of the text in shares of the short side
_LEAST_TEXT_PX = 14
_MOST_LINES = 3
_WEIGHT = 600


def sharpen() -> None:
    """Have the font ready in this thread: the first line takes thirty milliseconds, for which no alarm is to wait."""
    Pen(np.zeros((_LEAST_SIDE_PX, _LEAST_SIDE_PX, 3), np.uint8)).write("火 fire 0.5", (0, 0), WHITE, _LEAST_TEXT_PX)


class Pen:
    """Writes and draws on one picture `(h, w, 3)` uint8 BGR, in proportion to its size."""

    def __init__(self, picture: Plane) -> None:
        self.picture = picture
        self.height, self.width = picture.shape[:2]
        short = min(self.height, self.width)
        self.text_px = max(_LEAST_TEXT_PX, round(short * _TEXT_SHARE))
        self.line_px = max(1, round(short / 300))
        self._font = cv2.FontFace("uni")  # the one built into OpenCV that has Chinese

    def text_size(self, text: str, px: int) -> tuple[int, int]:
        """Width and height of a line, pixels."""
        _, _, width, _ = cv2.getTextSize((self.width, self.height), text, (0, 0), self._font, px, _WEIGHT)
        return int(width), round(px * 1.35)

    def fitted(self, text: str, width: int, px: int) -> tuple[str, int]:
        """The text in a size that fits the width; the end of a text too long even for the least size is left out."""
        while px > _LEAST_TEXT_PX and self.text_size(text, px)[0] > width:
            px -= 1
        shown = text
        while shown and self.text_size(text, px)[0] > width:
            shown = shown[:-1]
            text = shown + "…"
        return text, px

    def wrapped(self, text: str, width: int) -> list[str]:
        """The text in lines that fit the width, broken after a space where there is one near the end."""
        lines: list[str] = []
        while text and len(lines) < _MOST_LINES - 1 and self.text_size(text, self.text_px)[0] > width:
            count = len(text)
            while count > 1 and self.text_size(text[:count], self.text_px)[0] > width:
                count -= 1
            space = text.rfind(" ", count // 2, count)
            count = space + 1 if space >= 0 else count
            lines.append(text[:count].rstrip())
            text = text[count:]
        return [*lines, text] if text else lines

    def write(self, text: str, at: tuple[int, int], colour: Colour, px: int) -> None:
        """Write a line with its top left corner there."""
        base = (at[0], at[1] + px)
        cv2.putText(self.picture, text, base, colour, self._font, px, _WEIGHT)

    def label(self, text: str, at: tuple[int, int], ground: Colour, ink: Colour = WHITE) -> None:
        """Write a line on a coloured ground, moved so that all of it is inside the picture."""
        pad = self.text_px // 4
        text, px = self.fitted(text, self.width - 2 * pad, self.text_px)
        width, height = self.text_size(text, px)
        x = max(0, min(at[0], self.width - width - 2 * pad))
        y = max(0, min(at[1], self.height - height))
        cv2.rectangle(self.picture, (x, y), (x + width + 2 * pad, y + height), ground, cv2.FILLED)
        self.write(text, (x + pad, y), ink, px)

    def box(self, corners: tuple[int, int, int, int], colour: Colour, thick: int) -> None:
        """Draw a box with a dark rim, to be seen on any ground."""
        start, end = corners[:2], corners[2:]
        cv2.rectangle(self.picture, start, end, INK, thick + 2)
        cv2.rectangle(self.picture, start, end, colour, thick)

    def bones(self, lines: NDArray[np.float32]) -> None:
        """Draw bodies: `(m, 4)`, x1, y1, x2, y2 of each bone in 0–1 of the picture."""
        size = np.array([self.width - 1, self.height - 1] * 2, np.float32)
        ends = np.rint(lines * size).astype(np.int32).reshape(-1, 2, 2)
        for colour, thick in ((INK, self.line_px + 2), (BONE, self.line_px)):
            cv2.polylines(self.picture, list(ends), False, colour, thick, cv2.LINE_AA)

    def outline(self, zone: Zone) -> None:
        """Draw a zone's polygon with its name."""
        size = np.array([self.width, self.height], np.float32)
        points = np.rint(zone.polygon.points * size).astype(np.int32)
        cv2.polylines(self.picture, [points], True, INK, self.line_px + 2, cv2.LINE_AA)
        cv2.polylines(self.picture, [points], True, ZONE, self.line_px, cv2.LINE_AA)
        x, y = points[points.sum(axis=1).argmin()]
        top, low = points[:, 1].min(), points[:, 1].max()
        if low - top < 4 * self.text_px:  # a name inside a small zone would hide what is wrong there
            x, y = points[:, 0].min(), low + 2 * self.line_px
        self.label(zone.name, (int(x), int(y)), ZONE, INK)

    def pixels(self, box: Box) -> tuple[int, int, int, int]:
        """Corners of a box given in 0–1 of the picture."""
        x1, y1, x2, y2 = box
        right, low = self.width - 1, self.height - 1
        return round(x1 * right), round(y1 * low), round(x2 * right), round(y2 * low)


def legible_size(frame: Frame) -> tuple[int, int]:
    """Width and height in which the frame can be written on: enlarged or reduced where it must be."""
    short, long = sorted((frame.width, frame.height))
    scale = min(max(1.0, _LEAST_SIDE_PX / short), _LONGEST_SIDE_PX / long)
    return max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
