"""A few pictures that stand for many: each as unlike the ones already chosen as can be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import DatasetError

_CELLS = 8
_BINS = 16


def choose_spread(pictures: Sequence[Path], count: int) -> tuple[Path, ...]:
    """The pictures to calibrate with, in the order in which they were chosen.

    Greedy k-centre (Gonzalez, 1985, farthest point first): the first is the most ordinary one, each further one is
    the one farthest from all chosen before, so that rare light, rooms and weather are among a few hundred.

    Args:
        pictures: files to choose from.
        count: how many; all of them if there are no more.

    Raises:
        DatasetError: a file is no picture, or there is none at all.
    """
    if not pictures:
        raise DatasetError("no pictures to choose from")
    looks = np.stack([describe(path) for path in pictures])
    chosen = [int(np.linalg.norm(looks - looks.mean(axis=0), axis=1).argmin())]
    away = np.full(len(pictures), np.inf)
    while len(chosen) < min(count, len(pictures)):
        away = np.minimum(away, np.linalg.norm(looks - looks[chosen[-1]], axis=1))
        away[chosen] = -1.0  # a copy of a chosen picture is chosen last, a chosen one never again
        chosen.append(int(away.argmax()))
    return tuple(pictures[i] for i in chosen)


def describe(path: Path) -> NDArray[np.float32]:
    """How a picture looks: `(112,)`, an 8×8 plan of its luma and a histogram of luma and of both chromas.

    Each of the four parts weighs the same, whatever its length.

    Raises:
        DatasetError: the file is no picture.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_4)
    if picture is None:
        raise DatasetError(f"{path}: is not a picture that can be read")
    planes = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb))
    plan = cv2.resize(planes[0], (_CELLS, _CELLS), interpolation=cv2.INTER_AREA).ravel() / 255.0
    shares = [np.bincount(plane.ravel() // _BINS, minlength=_BINS) / plane.size for plane in planes]
    return np.concatenate([plan / _CELLS, *map(np.sqrt, shares)]).astype(np.float32)
