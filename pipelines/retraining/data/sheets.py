"""Contact sheets: what is in a data set, and what is suspect in it, to be looked at as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.boxes import area
from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset, Picture
from pipelines.retraining.data.duplicates import Hashes
from pipelines.retraining.data.groups import Labelling, members
from pipelines.retraining.data.leakage import Leak, LeakKind
from pipelines.retraining.data.thin import spread
from pipelines.retraining.data.tiles import (
    INK,
    LINE_PX,
    PAPER,
    Exhibit,
    Image,
    colour_of,
    draw_tile,
    label,
    text_width,
    write,
)

COLUMNS = 6
ROWS = 5
_GAP_PX = 6
_TITLE_PX = 20
_EXTREMES = COLUMNS
"""Smallest and largest boxes of each class: one row."""


def contact_sheet(
    exhibits: Sequence[Exhibit], title: str, dataset: Dataset, columns: int = COLUMNS, together: int = 1
) -> Image:
    """One sheet: a title, the colours of the classes, and the exhibits row by row.

    Args:
        exhibits: at least one.
        title: what they have in common.
        dataset: its classes and keypoints; the exhibits' labels are in its terms.
        columns: tiles a row.
        together: so many neighbouring tiles belong together and touch each other.

    Raises:
        DatasetError: a picture can not be read.
    """
    tiles = [draw_tile(exhibit, dataset.classes, dataset.keypoints) for exhibit in exhibits]
    height, width = tiles[0].shape[:2]
    left = [_GAP_PX + place * width + place // together * _GAP_PX for place in range(columns)]
    head = _head(title, dataset.classes, left[-1] + width + _GAP_PX)
    rows = -(-len(tiles) // columns)
    body: Image = np.full((rows * (height + _GAP_PX), head.shape[1], 3), 64, np.uint8)
    for place, tile in enumerate(tiles):
        x, y = left[place % columns], place // columns * (height + _GAP_PX)
        body[y : y + height, x : x + width] = tile
    sheet: Image = np.concatenate([head, body])
    return sheet


def write_sheets(
    dataset: Dataset, hashes: Hashes, alike: Labelling, leaks: Sequence[Leak], folder: Path
) -> tuple[Path, ...]:
    """Every sheet that has something to show, as PNG.

    `SPLIT-CLASS` and `SPLIT-empty` show a sample that is spread over the near-duplicates; `smallest` and `largest` one
    row of boxes a class; `repeated` the largest groups of near-duplicates, one row each; `leaks` pairs side by side.

    Args:
        dataset: any.
        hashes: `(n, 2)`, of its pictures.
        alike: `(n,)`, the group of near-duplicates that each is in.
        leaks: that were found in it.
        folder: made if need be; sheets in it of the same names are replaced.

    Raises:
        DatasetError: a picture can not be read, or the folder can not be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, title, exhibits, together in _sheets(dataset, hashes, alike, leaks):
            if exhibits:
                path = folder / f"{name}.png"
                sheet = contact_sheet(exhibits, f"{dataset.name}: {title}", dataset, together=together)
                path.write_bytes(cv2.imencode(".png", sheet)[1].tobytes())
                written.append(path)
    except OSError as error:
        raise DatasetError(f"{folder}: can not write the contact sheets: {error.strerror}") from error
    return tuple(written)


def _sheets(
    dataset: Dataset, hashes: Hashes, alike: Labelling, leaks: Sequence[Leak]
) -> Iterator[tuple[str, str, list[Exhibit], int]]:
    """Name, title, exhibits, and how many of these belong together."""
    pictures = dataset.pictures
    splits: list[str | None] = [*dataset.splits]
    splits += [None] if any(picture.split is None for picture in pictures) else []
    for split in splits:
        for class_id, name in enumerate([*dataset.classes, "empty"]):
            empty = class_id == len(dataset.classes)
            fitting = np.array([
                place
                for place, picture in enumerate(pictures)
                if picture.split == split
                and (len(picture.labels) == 0 if empty else class_id in picture.labels.class_id)
            ], np.int64)  # fmt: skip
            chosen = _sample(fitting, alike, COLUMNS * ROWS)
            what = "without a box" if empty else f"with {name}"
            text = f"{len(chosen)} of {len(fitting)} pictures in {split or 'no split'} {what}"
            yield f"{split or 'none'}-{_safe(name)}", text, [_plain(pictures[i]) for i in chosen.tolist()], 1
    for name, sign in (("smallest", 1), ("largest", -1)):
        yield name, f"{name} boxes of each class, by their share of the picture", _extreme(dataset, sign), 1
    yield "repeated", "largest groups of near-duplicates, one a row", _repeated(dataset, hashes, alike), 1
    shown = _distinct(leaks, COLUMNS * ROWS)
    title = f"{len(shown)} of {len(leaks)} leaks, from the plainest on, the two pictures of each side by side"
    yield "leaks", title, [exhibit for leak in shown for exhibit in _pair(leak)], 2


def _sample(places: NDArray[np.int64], alike: Labelling, most: int) -> NDArray[np.int64]:
    """At most so many, of as many groups of near-duplicates as can be, evenly over the order."""
    groups = list(members(alike[places]).values())
    turns = sorted((turn, int(place)) for group in groups for turn, place in enumerate(group.tolist()))
    one_each = [place for turn, place in turns if turn == 0]
    more = [place for _, place in turns[:most]]
    chosen = [one_each[i] for i in _evenly(len(one_each), most)] if len(one_each) > most else more
    sample: NDArray[np.int64] = places[np.sort(np.array(chosen, np.int64))]
    return sample


def _evenly(count: int, most: int) -> list[int]:
    """At most so many of the indices below `count`, evenly spread."""
    places: list[int] = np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()
    return places


def _extreme(dataset: Dataset, sign: int) -> list[Exhibit]:
    """For each class a row of the boxes that cover the smallest (1) or largest (-1) share of their picture."""
    exhibits = []
    for class_id, name in enumerate(dataset.classes):
        found: list[tuple[float, int, int]] = []
        for place, picture in enumerate(dataset.pictures):
            boxes = np.flatnonzero(picture.labels.class_id == class_id).tolist()
            share = sign * area(picture.labels.xyxy) / (picture.width * picture.height)
            if boxes:  # one a picture, or one crowd would fill the row
                best = min(boxes, key=share.__getitem__)
                found.append((float(share[best]), place, best))
        for signed, place, i in sorted(found)[:_EXTREMES]:
            picture = dataset.pictures[place]
            box = picture.labels.xyxy[i]
            across, down = (box[2:] - box[:2]).tolist()
            caption = f"{name} {across:.0f}×{down:.0f} px, {abs(signed) * 100:.2g} %  {picture.path.stem}"
            exhibits.append(Exhibit(picture, caption, box if sign > 0 else None))
    return exhibits


def _repeated(dataset: Dataset, hashes: Hashes, alike: Labelling) -> list[Exhibit]:
    groups = sorted((group for group in members(alike).values() if len(group) > 1), key=len, reverse=True)
    exhibits = []
    for group in [group for group in groups if len(group) >= COLUMNS][:ROWS]:
        for place in spread(group, hashes, COLUMNS).tolist():
            picture = dataset.pictures[place]
            exhibits.append(Exhibit(picture, f"{len(group)} alike, {picture.split or 'no split'}  {picture.path.stem}"))
    return exhibits


def _distinct(leaks: Sequence[Leak], most: int) -> list[Leak]:
    """Leaks between pictures that are in no other one shown, as many different ones as can be; evenly if too many."""
    seen: set[Path] = set()
    chosen = []
    for leak in leaks:
        if leak.second.path not in seen and leak.first.path not in seen:
            chosen.append(leak)
        seen |= {leak.first.path, leak.second.path}
    return [chosen[i] for i in _evenly(len(chosen), most)]


def _pair(leak: Leak) -> tuple[Exhibit, Exhibit]:
    how = (
        str(leak.kind)
        if leak.distance is None
        else f"{leak.distance} {'bits' if leak.kind is LeakKind.NEAR else 'corners'}"
    )
    one, other = (f"{how}, {picture.split}  {picture.path.stem}" for picture in (leak.first, leak.second))
    return Exhibit(leak.first, one), Exhibit(leak.second, other)


def _plain(picture: Picture) -> Exhibit:
    return Exhibit(picture, picture.path.stem)


def _head(title: str, classes: Sequence[str], width: int) -> Image:
    """The title, and below it each class on its colour, in as many lines as that takes."""
    places, x, y = [], _GAP_PX, _GAP_PX + _TITLE_PX + 10
    for name in classes:
        across = text_width(name) + 6
        if x + across > width - _GAP_PX and x > _GAP_PX:
            x, y = _GAP_PX, y + LINE_PX
        places.append((x, y))
        x += across + _GAP_PX
    head: Image = np.full((y + LINE_PX + _GAP_PX, width, 3), PAPER, np.uint8)
    write(head, title, (_GAP_PX, _GAP_PX), INK, _TITLE_PX)
    for class_id, (name, at) in enumerate(zip(classes, places, strict=True)):
        label(head, name, at, colour_of(class_id))
    return head


def _safe(name: str) -> str:
    """A class's name as part of a file's."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)
