"""Parts of pictures, from any camera, laid out side by side in one input of the model.

A run of the model costs the same whatever is in its input, and a region that the prefilter points at seldom fills it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.detect.card import CardInput
from pipelines.detect.letterbox import Box, Placement, fitted, pixels
from pipelines.frame import MOST_ZOOM, Frame

# For the sake of company a part is enlarged less, but never shown smaller than it is: small flames would be gone.
_ZOOMS = (MOST_ZOOM, 1.7, 1.4, 1.2, 1.0)
# Between two parts, so that what one's edge cuts off does not go on in the other.
GUTTER_PX = 8


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is to be looked at of one frame.

    Attributes:
        frame: the picture.
        views: `(k, 4)` float32, parts in 0–1 of the frame. The whole has an input to itself.
    """

    frame: Frame
    views: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Piece:
    """One view in its place.

    Attributes:
        owner: the number of its request.
        placement: where in the input it lies.
    """

    owner: int
    placement: Placement


Sheet = tuple[Piece, ...]
"""What lies in one input of the model."""


def lay_out(requests: Sequence[Request], spec: CardInput) -> list[Sheet]:
    """All views, in as few inputs as their own size allows, and enlarged as far as these inputs leave room.

    Parts are laid on shelves, the tallest first (first-fit decreasing height; E. Coffman et al., "Performance bounds
    for level-oriented two-dimensional packing algorithms", 1980).

    Args:
        requests: of any number of frames.
        spec: of the model's input.
    """
    sheets: list[Sheet] = []
    parts: list[tuple[int, Box]] = []
    for owner, request in enumerate(requests):
        for view in request.views:
            box = pixels(request.frame, view)
            if _fills(box, request.frame, spec):
                sheets.append((Piece(owner, fitted(box, spec)),))
            else:
                parts.append((owner, box))
    for laid in _shelved([box for _, box in parts], spec):
        if len(laid) == 1:
            owner, box = parts[laid[0][0]]
            sheets.append((Piece(owner, fitted(_grown(box, requests[owner].frame, spec), spec)),))
        else:
            sheets.append(tuple(Piece(parts[i][0], placement) for i, placement in laid))
    return sheets


def _fills(box: Box, frame: Frame, spec: CardInput) -> bool:
    """Is there no room beside it, or is it the whole picture, which stays whole?"""
    wide, tall = box[2] - box[0], box[3] - box[1]
    whole = (wide, tall) == (frame.width, frame.height)
    return whole or wide > spec.width - GUTTER_PX or tall > spec.height - GUTTER_PX


def _shelved(boxes: Sequence[Box], spec: CardInput) -> list[list[tuple[int, Placement]]]:
    """At the largest zoom that takes no more inputs than the least does: for each input what lies where in it."""
    fewest = _shelve(boxes, _ZOOMS[-1], spec)
    for zoom in _ZOOMS[:-1]:
        laid = _shelve(boxes, zoom, spec)
        if len(laid) <= len(fewest):
            return laid
    return fewest


@dataclass(slots=True)
class _Shelf:
    top: int
    height: int
    used: int


def _shelve(boxes: Sequence[Box], zoom: float, spec: CardInput) -> list[list[tuple[int, Placement]]]:
    sizes = [_enlarged(box, zoom, spec) for box in boxes]
    laid: list[list[tuple[int, Placement]]] = []
    shelves: list[list[_Shelf]] = []
    for i in sorted(range(len(boxes)), key=lambda i: -sizes[i][1]):
        wide, tall = sizes[i]
        sheet, x, y = _room(shelves, wide, tall, spec)
        if sheet == len(laid):
            laid.append([])
        x1, y1, x2, y2 = boxes[i]
        laid[sheet].append((i, Placement(boxes[i], wide / (x2 - x1), tall / (y2 - y1), x, y)))
    return laid


def _enlarged(box: Box, zoom: float, spec: CardInput) -> tuple[int, int]:
    wide, tall = box[2] - box[0], box[3] - box[1]
    ratio = min(zoom, spec.width / wide, spec.height / tall)
    return max(1, round(wide * ratio)), max(1, round(tall * ratio))


def _room(shelves: list[list[_Shelf]], wide: int, tall: int, spec: CardInput) -> tuple[int, int, int]:
    """Take the first free place: the number of its input, and the corner there."""
    for number, sheet in enumerate(shelves):
        for shelf in sheet:
            if tall <= shelf.height and shelf.used + GUTTER_PX + wide <= spec.width:
                x = shelf.used + GUTTER_PX
                shelf.used = x + wide
                return number, x, shelf.top
        top = sheet[-1].top + sheet[-1].height + GUTTER_PX
        if top + tall <= spec.height:
            sheet.append(_Shelf(top, tall, wide))
            return number, 0, top
    shelves.append([_Shelf(0, tall, wide)])
    return len(shelves) - 1, 0, 0


def _grown(box: Box, frame: Frame, spec: CardInput) -> Box:
    """A part that has an input to itself shows what is around it too, rather than grey."""
    x1, y1, x2, y2 = box
    side = max(x2 - x1, y2 - y1, round(min(spec.width, spec.height) / MOST_ZOOM))
    wide, tall = min(side, frame.width), min(side, frame.height)
    left = min(max((x1 + x2 - wide) // 2, 0), frame.width - wide)
    top = min(max((y1 + y2 - tall) // 2, 0), frame.height - tall)
    return left, top, left + wide, top + tall
