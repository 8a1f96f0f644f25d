"""What people wear on which part of the body: which seen head or torso is whose.

Where heads and torsos lie was measured on the labels of 785 pictures of building sites (`ppe/train` of the shared
data: 1617 heads and 2059 torsos, of which those in exactly one person's box were measured). Each bound leaves out at
most one in twenty of them, on the safe side: what fits nobody is nobody's, and proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.boxes import Boxes, area, intersection

# Somebody upright is this much higher than wide; who sits, stoops or lies may have the head anywhere in the box.
_UPRIGHT = 1.3

# Head and torso lie in the upper part, by this share, of somebody upright (their middles reach down to 0.35 and 0.8):
# a look that leaves the legs out shows them a third larger.
_UPPER = 0.75

# So much of a head's or torso's box lies in its person's box (the fifth percentile of the labels is 0.88 and more).
_INSIDE = 0.8

# Two people whom the same head fits nearly as well, by this share of their boxes: nobody can say whose it is.
_AMBIGUOUS = 0.1


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A part of the body, and what models call it with and without what is to be worn there.

    Attributes:
        worn: the meaning of a box that shows it worn.
        missing: the meaning of a box that shows it missing.
        upright: least and greatest height of its middle in an upright person's box, 0 top to 1 bottom.
        bent: the same for somebody who sits, stoops or lies.
        aside: least distance of its middle from either side of the person's box, as a share of the width.
        usual: the median height of its middle in an upright person's box.
    """

    worn: str
    missing: str
    upright: tuple[float, float]
    bent: tuple[float, float]
    aside: float
    usual: float


HEAD = BodyPart("hard_hat", "no_hard_hat", upright=(0.0, 0.35), bent=(0.0, 0.65), aside=0.1, usual=0.1)
TORSO = BodyPart("vest", "no_vest", upright=(0.1, 0.8), bent=(0.15, 0.9), aside=0.2, usual=0.4)


def upper_part(person: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where the head and torso of a person are: `(4,)` px `-> (4,)` px; all of who sits, stoops or lies."""
    x1, y1, x2, y2 = person
    if y2 - y1 < (x2 - x1) * _UPRIGHT:
        return person
    return np.array([x1, y1, x2, y1 + _UPPER * (y2 - y1)], np.float32)


def owners(part: BodyPart, boxes: Boxes, people: Boxes) -> NDArray[np.int64]:
    """Whose head or torso each box is.

    Args:
        part: which part of the body.
        boxes: `(n, 4)`, seen parts.
        people: `(m, 4)`, in the same unit; it must be the same along both sides (pixels, not shares).

    Returns:
        `(n,)` rows of `people`; -1 where it fits nobody, or two people about as well.
    """
    if not len(people):
        return np.full(len(boxes), -1, np.int64)
    away = _misfit(part, boxes, people)
    order = np.argsort(away, axis=1)
    nearest = order[:, 0]
    rows = np.arange(len(boxes))
    best = away[rows, nearest]
    clear = np.isfinite(best)
    if len(people) > 1:
        second = away[rows, order[:, 1]]
        clear &= second > best + _AMBIGUOUS
    return np.where(clear, nearest, -1).astype(np.int64)


def _misfit(part: BodyPart, boxes: Boxes, people: Boxes) -> NDArray[np.float32]:
    """How far each box is from where the part usually is, in shares of the person's box; infinite if it can not be."""
    sides = np.maximum(people[:, 2:] - people[:, :2], 1e-6)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    at = (middles[:, None] - people[None, :, :2]) / sides[None]
    upright = sides[:, 1] >= sides[:, 0] * _UPRIGHT
    low = np.where(upright, part.upright[0], part.bent[0])
    high = np.where(upright, part.upright[1], part.bent[1])
    inside = intersection(boxes, people) / np.maximum(area(boxes), 1e-6)[:, None]
    fits = (inside >= _INSIDE) & (at[..., 1] >= low) & (at[..., 1] <= high)
    fits &= (at[..., 0] >= part.aside) & (at[..., 0] <= 1 - part.aside)
    away = np.hypot(at[..., 0] - 0.5, at[..., 1] - part.usual)
    return np.where(fits, away, np.inf).astype(np.float32)
