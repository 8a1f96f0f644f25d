"""One labelled picture as a tile of a contact sheet: boxes, keypoints, names, a line of text below."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.boxes import intersection
from calibration.skeleton import bones
from pipelines.retraining.data.dataset import Labels, Picture
from pipelines.retraining.data.duplicates import decode

Image = NDArray[np.uint8]
"""`(height, width, 3)`, blue, green, red."""
Colour = tuple[int, int, int]

WIDTH_PX, HEIGHT_PX = 288, 216
TEXT_PX = 14
LINE_PX = 20
"""Height of a line of text."""
INK, PAPER = (24, 24, 24), (245, 245, 245)

_WEIGHT = 500
_NAMED_BOXES = 8
"""In a picture with more boxes the names would hide it: the legend says what the colours mean."""
_CONTEXT = 4.0
"""Around one box in question, so many times its longer side are shown."""
_LEAST_CONTEXT_PX = 48

# Far from each other in hue and lightness, and seen on flames as well as on grey; orange and yellow come late.
_FIRST: tuple[Colour, ...] = (
    (0, 0, 255), (255, 220, 0), (80, 255, 80), (255, 0, 220), (0, 220, 255), (255, 90, 0), (255, 255, 255),
    (0, 110, 255), (150, 60, 120), (200, 190, 255),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Exhibit:
    """A picture to be shown.

    Attributes:
        picture: with its labels.
        caption: a line below it.
        focus: `(4,)` px, the box in question: only what is around it is shown; None for the whole picture.
    """

    picture: Picture
    caption: str
    focus: NDArray[np.float32] | None = None


def colour_of(class_id: int) -> Colour:
    """The colour of a class, the same on every sheet."""
    if class_id < len(_FIRST):
        return _FIRST[class_id]
    # Hues a golden angle apart never come close to the one before.
    red, green, blue = colorsys.hsv_to_rgb(class_id * 0.618034 % 1, 0.55 + 0.45 * (class_id % 2), 1.0)
    return round(blue * 255), round(green * 255), round(red * 255)


def draw_tile(exhibit: Exhibit, classes: Sequence[str], keypoints: Sequence[str]) -> Image:
    """The exhibit as `(HEIGHT_PX + LINE_PX, WIDTH_PX, 3)`.

    Args:
        exhibit: what to show.
        classes: names; a label's `class_id` is an index into them.
        keypoints: names, empty in a set without.

    Raises:
        DatasetError: the picture can not be read.
    """
    picture = exhibit.picture
    x1, y1, x2, y2 = _view(exhibit)
    scale = min(WIDTH_PX / (x2 - x1), HEIGHT_PX / (y2 - y1))
    shown = decode(picture, cv2.IMREAD_COLOR)[y1:y2, x1:x2]
    size = max(1, round((x2 - x1) * scale)), max(1, round((y2 - y1) * scale))
    image: Image = cv2.resize(shown, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR).astype(
        np.uint8, copy=False
    )
    offset = np.array([x1, y1], np.float32)
    view = np.array([[x1, y1, x2, y2]], np.float32)
    labels = picture.labels.pick(intersection(picture.labels.xyxy, view)[:, 0] > 0)
    points = labels.keypoints.copy()
    points[:, :, :2] = (points[:, :, :2] - offset) * scale
    boxes = (labels.xyxy - np.tile(offset, 2)) * scale
    _draw_labels(image, Labels(boxes, labels.class_id, points), classes, keypoints)
    tile: Image = np.full((HEIGHT_PX + LINE_PX, WIDTH_PX, 3), INK, np.uint8)
    left, top = (WIDTH_PX - size[0]) // 2, (HEIGHT_PX - size[1]) // 2
    tile[top : top + size[1], left : left + size[0]] = image
    write(tile, exhibit.caption, (4, HEIGHT_PX + 2), PAPER)
    return tile


def write(image: Image, text: str, at: tuple[int, int], colour: Colour, px: int = TEXT_PX) -> None:
    """Write a line with its top left corner there; what does not fit runs out of the picture."""
    cv2.putText(image, text, (at[0], at[1] + px), colour, _font(), px, _WEIGHT)


def text_width(text: str, px: int = TEXT_PX) -> int:
    """Pixels that a line takes."""
    _, _, width, _ = cv2.getTextSize((10_000, 100), text, (0, 0), _font(), px, _WEIGHT)
    return int(width)


def label(image: Image, text: str, at: tuple[int, int], ground: Colour) -> None:
    """Write a line on a coloured ground, moved so that it is inside the image."""
    height, width = image.shape[:2]
    across = text_width(text) + 6
    x, y = max(0, min(at[0], width - across)), max(0, min(at[1], height - LINE_PX + 2))
    cv2.rectangle(image, (x, y), (x + across, y + LINE_PX - 3), ground, cv2.FILLED)
    blue, green, red = ground
    dark = 0.114 * blue + 0.587 * green + 0.299 * red > 130  # Rec. 601 luma
    write(image, text, (x + 3, y), INK if dark else PAPER)


def _font() -> cv2.FontFace:
    return cv2.FontFace("uni")  # built into OpenCV, with Chinese


def _view(exhibit: Exhibit) -> tuple[int, int, int, int]:
    """The part of the picture that is shown, whole pixels."""
    picture = exhibit.picture
    if exhibit.focus is None:
        return 0, 0, picture.width, picture.height
    x1, y1, x2, y2 = exhibit.focus.tolist()
    half = max(_LEAST_CONTEXT_PX, _CONTEXT * max(x2 - x1, y2 - y1)) / 2
    across, down = half * WIDTH_PX / HEIGHT_PX, half
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    left, top = max(0, round(x - across)), max(0, round(y - down))
    return left, top, min(picture.width, round(x + across)), min(picture.height, round(y + down))


def _draw_labels(image: Image, labels: Labels, classes: Sequence[str], keypoints: Sequence[str]) -> None:
    """Boxes with a dark rim, large ones first; then bones and points; then the names, over everything."""
    corners = np.rint(labels.xyxy).astype(int)
    order = np.argsort(-(corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1]), kind="stable")
    for place in order.tolist():
        x1, y1, x2, y2 = corners[place].tolist()
        cv2.rectangle(image, (x1, y1), (x2, y2), INK, 4)
        cv2.rectangle(image, (x1, y1), (x2, y2), colour_of(int(labels.class_id[place])), 2)
    for x1, y1, x2, y2 in np.rint(bones(labels.keypoints, keypoints)).astype(int).tolist():
        cv2.line(image, (x1, y1), (x2, y2), PAPER, 1, cv2.LINE_AA)
    for x, y, visibility in labels.keypoints.reshape(-1, 3).tolist():
        if visibility > 0:  # hidden points are hollow
            cv2.circle(image, (round(x), round(y)), 3, INK, cv2.FILLED)
            cv2.circle(image, (round(x), round(y)), 2, colour_of(2), cv2.FILLED if visibility > 1 else 1)
    if len(order) <= _NAMED_BOXES:
        for place in order.tolist():
            class_id = int(labels.class_id[place])
            x1, y1 = corners[place, :2].tolist()
            label(image, classes[class_id], (x1, y1 - LINE_PX + 2), colour_of(class_id))
