"""One picture as a file."""

from __future__ import annotations

from pathlib import Path

import cv2

from calibration.errors import EvidenceError
from pipelines.frame import Plane

SUFFIXES = (".jpg", ".jpeg", ".png")


def save_picture(picture: Plane, path: Path) -> None:
    """Write a picture, JPEG or PNG by the path's suffix, and the folder for it.

    Args:
        picture: `(h, w, 3)` uint8 BGR.
        path: ends in one of `SUFFIXES`.

    Raises:
        EvidenceError: it can not be encoded, or not be written there.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise EvidenceError(f"{path}: a picture is saved as {', '.join(SUFFIXES)}")
    done, content = cv2.imencode(suffix, picture)
    if not done:
        raise EvidenceError(f"{path}: a picture of {picture.shape[1]}×{picture.shape[0]} can not be encoded")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.tobytes())
    except OSError as error:
        raise EvidenceError(f"{path}: can not be written: {error.strerror}") from error
