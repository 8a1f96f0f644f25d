"""Pictures that show nearly the same: a perceptual hash, and a search for neighbours.

The hash is the sign of the lowest 11 × 11 frequencies of a median-filtered 32 × 32 thumbnail, after C. Zauner,
"Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), section 3.2.1, with three changes. The
median filter takes salt-and-pepper noise away, which public sets carry as augmentation. 119 bits instead of 64 leave
more room between a cropped copy and another picture. The sign stands for itself instead of being compared to the
median, so that mirroring a picture flips the odd horizontal frequencies and no other bit: a mirrored copy is found
without a second hash.

`NEAR` was chosen by the table of `python -m tests.pipelines.retraining.hash_table IMAGES…`, on the pictures of
fire-smoke (4,882; copies of 800 of them; 7,187,476 pairs of different sources, which are different pictures):

    distance  wrong pairs  JPEG q30  crop 5 %  brighter  darker  mirrored  6 % noise  half size  turned 3°
          20            0     1.000     0.627     1.000   1.000     1.000      1.000      1.000      0.693
          24            1     1.000     0.811     1.000   1.000     1.000      1.000      1.000      0.885
          28            1     1.000     0.919     1.000   1.000     1.000      1.000      1.000      0.968
          30            8     1.000     0.963     1.000   1.000     1.000      1.000      1.000      0.985
          32           39     1.000     0.975     1.000   1.000     1.000      1.000      1.000      0.994
          36          463     1.000     0.994     1.000   1.000     1.000      1.000      1.000      0.999

From 30 on, wrong pairs begin to chain whole scenes into one group. The usual 63 bits find 71 % of the crops before they
make three errors, a difference hash of 64 bits less than 27 %. The next frame of a clip is near in 37 % of the cases
only, where the camera moves: a clip's frames belong together by their `group`, not by their hash. A picture without
structure (fog, a blank wall) has the hash of its noise: only its own copies are near to it. A picture put together
from several (mosaic) is near to none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Picture

Hashes = NDArray[np.uint64]
"""`(n, 2)`, one row a picture: 64 signs of even horizontal frequencies, and 55 of odd ones, which a mirror turns."""

_SIDE, _FREQUENCIES = 32, 11
_NOISE_PX = 5
_ENOUGH_PX = 256
"""A picture may be decoded at a half, a quarter or an eighth of its size as long as both sides keep so many pixels."""
_AT_ONCE = 1 << 16
"""Pairs compared in one go: what fits a core's cache."""

_EVEN, _ODD = (
    np.flatnonzero(np.arange(_FREQUENCIES**2) % _FREQUENCIES % 2 == parity)[first : first + 64]
    for parity, first in ((0, 1), (1, 0))
)
"""Where the even and the odd horizontal frequencies stand; without the mean and, to fit 64 bits, the highest one."""

BITS = len(_EVEN) + len(_ODD)
NEAR = 28
"""Two pictures with so many bits different, or fewer, are near-duplicates."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Near-duplicates, each pair once.

    Attributes:
        first: `(k,)` int64, index of a picture.
        second: `(k,)` int64, a greater one.
        distance: `(k,)` int64, bits that differ, of the picture or of its mirror image, whichever is nearer.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    distance: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)

    def joined(self, others: Pairs) -> Pairs:
        """These and others."""
        return Pairs(
            np.concatenate([self.first, others.first]),
            np.concatenate([self.second, others.second]),
            np.concatenate([self.distance, others.distance]),
        )


def hash_image(grey: NDArray[np.uint8]) -> Hashes:
    """The hash `(2,)` of one picture `(height, width)`."""
    calm = cv2.medianBlur(grey, _NOISE_PX)
    thumbnail = cv2.resize(calm, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(thumbnail)[:_FREQUENCIES, :_FREQUENCIES]
    signs = low.ravel() > 0
    hashed: Hashes = np.zeros(2, np.uint64)
    for word, bits in enumerate((_EVEN, _ODD)):
        hashed[word] = int.from_bytes(np.packbits(signs[bits]).tobytes())
    return hashed


def hash_pictures(
    pictures: Sequence[Picture], progress: Callable[[Sequence[Picture]], Iterable[Picture]] = iter
) -> Hashes:
    """Open every picture: `(n, 2)`.

    Args:
        pictures: any.
        progress: wraps the pictures, to show how far it is.

    Raises:
        DatasetError: a picture can not be read.
    """
    hashes = np.zeros((len(pictures), 2), np.uint64)
    for place, picture in enumerate(progress(pictures)):
        hashes[place] = hash_image(decode_grey(picture))
    return hashes


def distances(hashes: Hashes, others: Hashes) -> NDArray[np.uint8]:
    """Bits that differ, mirrored or not, whichever are fewer: `(n, 2), (m, 2) -> (n, m)`."""
    even = np.bitwise_count(hashes[:, None, 0] ^ others[None, :, 0])
    odd = np.bitwise_count(hashes[:, None, 1] ^ others[None, :, 1])
    fewer: NDArray[np.uint8] = even + np.minimum(odd, len(_ODD) - odd)
    return fewer


def near_pairs(hashes: Hashes, limit: int = NEAR) -> Pairs:
    """All pairs at most `limit` bits apart.

    Every pair is looked at, a block of rows at a time, so nothing is missed and memory stays flat; counting bits is
    quick enough for that: 5,000 pictures take 0.2 s, 100,000 a minute.
    """
    found = []
    start = 0
    while start < len(hashes):
        rows = max(1, _AT_ONCE // (len(hashes) - start))
        block = distances(hashes[start : start + rows], hashes[start:])
        first, second = np.nonzero(block <= limit)
        later = second > first
        first, second = first[later], second[later]
        found.append(np.stack([first + start, second + start, block[first, second]]).astype(np.int64))
        start += rows
    first, second, distance = np.concatenate([np.empty((3, 0), np.int64), *found], axis=1)
    return Pairs(first, second, distance)


def decode_grey(picture: Picture) -> NDArray[np.uint8]:
    """Luma of the picture, upright, in a size quick to decode: `(height, width)`.

    Raises:
        DatasetError: the file is gone, or is no picture.
    """
    spare = min(picture.width, picture.height) // _ENOUGH_PX
    flag = cv2.IMREAD_GRAYSCALE
    for factor, reduced in (
        (2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
        (4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
        (8, cv2.IMREAD_REDUCED_GRAYSCALE_8),
    ):
        flag = reduced if spare >= factor else flag
    return decode(picture, flag).astype(np.uint8, copy=False)


def decode(picture: Picture, flag: int) -> NDArray[np.uint8]:
    """The picture as OpenCV reads it under `flag`.

    Raises:
        DatasetError: the file is gone, or is no picture.
    """
    try:
        content = np.frombuffer(picture.path.read_bytes(), np.uint8)
    except OSError as error:
        raise DatasetError(f"{picture.path}: can not be read: {error.strerror}") from error
    image = cv2.imdecode(content, flag) if len(content) else None
    if image is None:
        raise DatasetError(f"{picture.path}: {len(content)} bytes that are no picture OpenCV can read")
    return image.astype(np.uint8, copy=False)
