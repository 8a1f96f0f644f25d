"""A picture of an alarm that explains itself: what, where, how sure, when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.zones import Zone
from edge.evidence.pen import INK, WHITE, Colour, Pen, legible_size
from pipelines.events import Event, Mode, Phase
from pipelines.frame import Frame, Plane
from pipelines.hazards import Box

_SEVERITY: dict[int, Colour] = {1: (0, 200, 200), 2: (0, 150, 255), 3: (0, 80, 255), 4: (30, 30, 230)}
_DRILL: Colour = (0, 215, 255)
_DRILL_MARK = "DRILL 演练"
_OBSERVED = {"en": "observed", "zh": "仅观察"}
_PAIR = {"en": ("before", "after"), "zh": ("整改前", "整改后")}
_PAIR_PX = 720
_PAIR_INK: Colour = (90, 90, 90)
_CLEARED = {"en": "cleared", "zh": "已解除"}


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What else the model saw in the picture of an event, 0–1 of the picture.

    Attributes:
        boxes: other things of that kind.
        bones: `(m, 4)` float32, x1, y1, x2, y2 of each bone of the bodies whose pose was judged.
    """

    boxes: tuple[Box, ...] = ()
    bones: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 4), np.float32))


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


def annotate(
    frame: Frame, event: Event, seen: Seen, zone: Zone | None, caption: Caption, picture: Plane | None = None
) -> Plane:  # fmt: skip
    """The frame with the hazard marked in it.

    Args:
        frame: the picture of the event.
        event: what is said of it.
        seen: what else was found in it; drawn thin.
        zone: the zone it concerns.
        caption: language, place and time zone.
        picture: the frame in colour, in its own size, where that is at hand; it stays as it is.

    Returns:
        `(h, w, 3)` uint8 BGR; enlarged or reduced where the text could not be read otherwise.
    """
    size = legible_size(frame)
    pen = Pen(picture.copy() if picture is not None and picture.shape[1::-1] == size else frame.bgr(size))
    if zone is not None:
        pen.outline(zone)
    pen.bones(seen.bones)
    for other in seen.boxes:
        if other != event.box:
            pen.box(pen.pixels(other), WHITE, max(1, pen.line_px // 2))
    colour = _SEVERITY[event.severity]
    corners = pen.pixels(event.box)
    pen.box(corners, colour, 2 * pen.line_px)
    _foot(pen, event, caption)
    if event.drill or frame.drill:
        _drill_mark(pen)
    pen.label(_title(event, caption.lang), _label_place(pen, corners, event.drill), colour)
    return pen.picture


def side_by_side(before: Plane, after: Plane, lang: str) -> Plane:
    """Two pictures of a view, each with its name on it: `(h, w, 3)` uint8 BGR, no higher than the smaller one."""
    height = min(before.shape[0], after.shape[0], _PAIR_PX)
    halves = []
    for picture, title in zip((before, after), _PAIR[lang], strict=True):
        width = max(1, round(picture.shape[1] * height / picture.shape[0]))
        pen = Pen(np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8))
        pen.label(title, (0, 0), _PAIR_INK)
        halves.append(pen.picture)
    return np.concatenate(halves, axis=1)


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
    pad = pen.text_px // 4
    width = pen.width - 2 * pad
    lines = [f"{when:%Y-%m-%d %H:%M:%S} {when:%Z} {event.source}", *pen.wrapped(caption.place, width)]
    fitted = [pen.fitted(line, width, pen.text_px) for line in lines]
    _, height = pen.text_size("", pen.text_px)
    top = pen.height - height * len(lines) - pad
    strip = pen.picture[top:]
    strip[:] = strip // 3
    for i, (text, px) in enumerate(fitted):
        pen.write(text, (pad, top + i * height), WHITE, px)


def _drill_mark(pen: Pen) -> None:
    """A band along the upper edge and a frame around the picture, which nobody takes for a real alarm."""
    px = round(pen.text_px * 1.3)
    width, height = pen.text_size(_DRILL_MARK, px)
    cv2.rectangle(pen.picture, (0, 0), (pen.width - 1, pen.height - 1), _DRILL, 4 * pen.line_px)
    cv2.rectangle(pen.picture, (0, 0), (pen.width, height), _DRILL, cv2.FILLED)
    pen.write(_DRILL_MARK, ((pen.width - width) // 2, 0), INK, px)
