"""Is a picture file whole, and how large is what it shows?"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import cv2
import numpy as np

_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In the data of a JPEG's scan FF is followed by 00 or a restart marker; anything else ends the scan."""


def opened(path: Path) -> tuple[str, int, int] | str:
    """Digest, width and height (upright, as EXIF asks), or what is wrong with the file in a few words."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return "labels without a picture"
    except OSError:
        return "unreadable picture"
    if not content:
        return "empty picture"
    if _truncated(content):
        return "truncated picture"
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        image = None
    if image is None:
        return "unreadable picture"
    return hashlib.sha256(content).hexdigest(), int(image.shape[1]), int(image.shape[0])


def _truncated(content: bytes) -> bool:
    """Does a JPEG or PNG lack its end? OpenCV would decode the rest as grey and say nothing."""
    if content.startswith(b"\xff\xd8"):
        return not _jpeg_ends(content)
    return content.startswith(b"\x89PNG") and b"IEND" not in content[-64:]


def _jpeg_ends(content: bytes) -> bool:
    """From marker to marker to the end of the image (ITU T.81, B.1): what a phone appends to it does not count."""
    at = 2
    while at + 4 <= len(content) or content[at : at + 2] == b"\xff\xd9":
        marker = content[at + 1]
        if content[at] != 0xFF:
            return False
        if marker == 0xD9:
            return True
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        at += 2 + int.from_bytes(content[at + 2 : at + 4])
        if marker == 0xDA:
            following = _NEXT_MARKER.search(content, at)
            if following is None:
                return False
            at = following.start()
    return False
