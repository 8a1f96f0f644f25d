"""A picture of an alarm that explains itself: what, where, how sure, when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import cv2
import numpy as np

from calibration.zones import Zone
from pipelines.events import Event, Mode, Phase
from pipelines.frame import Frame, Plane
from pipelines.hazards import Box

Colour = tuple[int, int, int]  # blue, green, red

_SEVERITY: dict[int, Colour] = {1: (0, 200, 200), 2: (0, 150, 255), 3: (0, 80, 255), 4: (30, 30, 230)}
_WHITE: Colour = (255, 255, 255)
_INK: Colour = (20, 20, 20)
_ZONE: Colour = (255, 200, 0)
_DRILL: Colour = (0, 215, 255)
_DRILL_MARK = "DRILL 演练"
_OBSERVED = {"en": "observed", "zh": "仅观察"}
_CLEARED = {"en": "cleared", "zh": "已解除"}

_LEAST_SIDE_PX = 360  # smaller pictures are enlarged: a Chinese character needs 14 px to be read
_LONGEST_SIDE_PX = 1920  # the full picture lies beside it
_TEXT_SHARE = 0.04  # height of the text in shares of the short side
_LEAST_TEXT_PX = 14
_WEIGHT = 600


@dataclass(frozen=True, slots=True)
class Caption:
    """What a person reads on an annotated picture beside the hazard itself.

    Attributes:
        lang: `zh` or `en`.
        place: where the source stands, in words; may be empty.
        tz: time zone in which the time is written.
    """

    lang: str = "zh"
    place: str = ""
    tz: tzinfo = UTC


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

    def write(self, text: str, at: tuple[int, int], colour: Colour, px: int) -> None:
        """Write a line with its top left corner there."""
        base = (at[0], at[1] + px)
        cv2.putText(self.picture, text, base, colour, self._font, px, _WEIGHT)

    def label(self, text: str, at: tuple[int, int], ground: Colour, ink: Colour = _WHITE) -> None:
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
        cv2.rectangle(self.picture, start, end, _INK, thick + 2)
        cv2.rectangle(self.picture, start, end, colour, thick)

    def outline(self, zone: Zone) -> None:
        """Draw a zone's polygon with its name."""
        size = np.array([self.width, self.height], np.float32)
        points = np.rint(zone.polygon.points * size).astype(np.int32)
        cv2.polylines(self.picture, [points], True, _INK, self.line_px + 2, cv2.LINE_AA)
        cv2.polylines(self.picture, [points], True, _ZONE, self.line_px, cv2.LINE_AA)
        x, y = points[points.sum(axis=1).argmin()]
        self.label(zone.name, (int(x), int(y)), _ZONE, _INK)

    def pixels(self, box: Box) -> tuple[int, int, int, int]:
        """Corners of a box given in 0–1 of the picture."""
        x1, y1, x2, y2 = box
        right, low = self.width - 1, self.height - 1
        return round(x1 * right), round(y1 * low), round(x2 * right), round(y2 * low)


def annotate(frame: Frame, event: Event, boxes: Sequence[Box], zone: Zone | None, caption: Caption) -> Plane:
    """The frame with the hazard marked in it.

    Args:
        frame: the picture of the event.
        event: what is said of it.
        boxes: other things found in it, 0–1 of the picture; drawn thin.
        zone: the zone it concerns.
        caption: language, place and time zone.

    Returns:
        `(h, w, 3)` uint8 BGR; enlarged or reduced where the text could not be read otherwise.
    """
    pen = Pen(frame.bgr(_size(frame)))
    if zone is not None:
        pen.outline(zone)
    for other in boxes:
        if other != event.box:
            pen.box(pen.pixels(other), _WHITE, 1)
    colour = _SEVERITY[event.severity]
    corners = pen.pixels(event.box)
    pen.box(corners, colour, 2 * pen.line_px)
    _foot(pen, event, caption)
    if event.drill or frame.drill:
        _drill_mark(pen)
    pen.label(_title(event, caption.lang), _label_place(pen, corners, event.drill), colour)
    return pen.picture


def _title(event: Event, lang: str) -> str:
    words = [event.kind.title(lang), f"{event.score:.2f}"]
    if event.phase is Phase.CLEARED:
        words.append(_CLEARED[lang])
    if event.mode is Mode.OBSERVE:
        words.append(_OBSERVED[lang])
    return " ".join(words)


def _label_place(pen: Pen, corners: tuple[int, int, int, int], drill: bool) -> tuple[int, int]:
    """Above the box where there is room, else below it, else inside."""
    _, height = pen.text_size("", pen.text_px)
    top = 2 * height if drill else 0
    if corners[1] - height >= top:
        return corners[0], corners[1] - height - pen.line_px
    if corners[3] + height < pen.height - 2 * height:
        return corners[0], corners[3] + pen.line_px
    return corners[0], max(corners[1], top)


def _foot(pen: Pen, event: Event, caption: Caption) -> None:
    """Time and place on a dark strip along the lower edge."""
    when = datetime.fromtimestamp(event.captured_s, caption.tz)
    lines = [f"{when:%Y-%m-%d %H:%M:%S} {when:%Z} {event.source}"]
    if caption.place:
        lines.append(caption.place)
    pad = pen.text_px // 4
    fitted = [pen.fitted(line, pen.width - 2 * pad, pen.text_px) for line in lines]
    _, height = pen.text_size("", pen.text_px)
    top = pen.height - height * len(lines) - pad
    strip = pen.picture[top:]
    strip[:] = strip // 3
    for i, (text, px) in enumerate(fitted):
        pen.write(text, (pad, top + i * height), _WHITE, px)


def _drill_mark(pen: Pen) -> None:
    """A band along the upper edge and a frame around the picture, which nobody takes for a real alarm."""
    px = round(pen.text_px * 1.3)
    width, height = pen.text_size(_DRILL_MARK, px)
    cv2.rectangle(pen.picture, (0, 0), (pen.width - 1, pen.height - 1), _DRILL, 4 * pen.line_px)
    cv2.rectangle(pen.picture, (0, 0), (pen.width, height), _DRILL, cv2.FILLED)
    pen.write(_DRILL_MARK, ((pen.width - width) // 2, 0), _INK, px)


def _size(frame: Frame) -> tuple[int, int]:
    short, long = sorted((frame.width, frame.height))
    scale = min(max(1.0, _LEAST_SIDE_PX / short), _LONGEST_SIDE_PX / long)
    return max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
