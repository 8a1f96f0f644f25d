"""Salt-and-pepper noise, which public sets carry as augmentation, taken out again: no camera makes it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

# So far a value may stand out from everything near it, in 0–255: texture and sensor noise do, a speck stands further.
_STANDS_OUT = 20
# Fewer specks than this are no noise of a set; the picture stays as it is.
_FEW = 0.002
_NEAR = np.ones((3, 3), np.uint8)


def despeckle(pixels: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], float]:
    """Put the median of its neighbours in the place of each pixel that stands out from all around it.

    The selective median of T. Sun and Y. Neuvo, "Detail-preserving median based filters" (1994), with the range of the
    median-filtered neighbourhood as the test, so that edges and lines, which have their like beside them, stay; a line
    one pixel thin does not.

    Args:
        pixels: (height, width, 3).

    Returns:
        The picture, and the share of its pixels that was replaced.
    """
    median = cv2.medianBlur(pixels, 3)
    low, high = cv2.erode(median, _NEAR), cv2.dilate(median, _NEAR)
    beyond = np.maximum(cv2.subtract(low, pixels), cv2.subtract(pixels, high)).max(axis=2) > _STANDS_OUT
    return np.where(beyond[..., None], median, pixels).astype(np.uint8), float(beyond.mean())


def write_despeckled(source: Path, target: Path) -> bool:
    """Write a picture without its specks, in the format that the name of `target` says.

    Returns:
        Whether it was written; not so if there is next to none to take out, or the file is no picture OpenCV reads.
    """
    pixels = cv2.imread(str(source), cv2.IMREAD_COLOR)
    if pixels is None:
        return False
    calm, share = despeckle(np.asarray(pixels, np.uint8))
    if share < _FEW:
        return False
    quality = [cv2.IMWRITE_JPEG_QUALITY, 95] if target.suffix.lower() in {".jpg", ".jpeg"} else []
    return bool(cv2.imwrite(str(target), calm, quality))
