"""What has been kept of a view, so that one swaying lamp does not fill the disk."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from calibration.boxes import grow
from pipelines.frame import Frame
from pipelines.harvest.find import Why
from pipelines.hazards import Box

DAY_S = 86_400.0
# Two spots that differ in fewer of the 64 bits look the same; unrelated ones differ in about 32.
SAME_BITS = 12
# However it looks, one place gives no more pictures a day than this.
MOST_A_PLACE = 12
# Places closer than this, as a share of the picture, are one.
_MARGIN = 0.02
_REMEMBERED = 1000
_AIR = 0.5


@dataclass(frozen=True, slots=True)
class _Kept:
    why: Why
    captured_s: float
    spot: Box
    looks: int


class Memory:
    """What was kept of one view within a day.

    Args:
        every_s: shortest time between two pictures of one kind.
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._kept: deque[_Kept] = deque(maxlen=_REMEMBERED)
        self._last_s: dict[Why, float] = {}

    def rested(self, why: Why, captured_s: float) -> bool:
        """Has it been long enough since the last picture of this kind?"""
        last_s = self._last_s.get(why)
        # A camera's clock may be set back: only what lies near this moment, before or after, is too soon.
        return last_s is None or abs(captured_s - last_s) >= self._every_s

    def fresh(self, why: Why, captured_s: float, spot: Box, looks: str) -> bool:
        """Is it not yet known from this place?"""
        there = [
            k for k in self._kept if k.why is why and abs(captured_s - k.captured_s) < DAY_S and _close(k.spot, spot)
        ]
        pattern = int(looks, 16)
        return len(there) < MOST_A_PLACE and all((k.looks ^ pattern).bit_count() >= SAME_BITS for k in there)

    def add(self, why: Why, captured_s: float, spot: Box, looks: str) -> None:
        """One more was kept."""
        self._kept.append(_Kept(why, captured_s, spot, int(looks, 16)))
        self._last_s[why] = captured_s


def _close(a: Box, b: Box) -> bool:
    """Do they overlap, or nearly so? In plain Python: there may be a thousand of them."""
    return (
        a[0] - _MARGIN < b[2] and b[0] < a[2] + _MARGIN
        and a[1] - _MARGIN < b[3] and b[1] < a[3] + _MARGIN
    )  # fmt: skip


def looks_like(frame: Frame, spot: Box) -> str:
    """Difference hash (dHash, N. Krawetz 2013) of a part of the luma plane with some air around it: 64 bits as hex.

    Args:
        frame: the picture.
        spot: x1, y1, x2, y2 in 0–1 of it.
    """
    x1, y1, x2, y2 = np.clip(grow(np.array([spot], np.float32), _AIR)[0], 0.0, 1.0)
    left, top = min(int(x1 * frame.width), frame.width - 1), min(int(y1 * frame.height), frame.height - 1)
    right, bottom = max(int(x2 * frame.width), left + 1), max(int(y2 * frame.height), top + 1)
    part = frame.y[top:bottom, left:right]
    # Of a large part every few rows and columns do.
    part = part[:: max(1, part.shape[0] // 64), :: max(1, part.shape[1] // 72)]
    small = cv2.resize(np.ascontiguousarray(part), (9, 8), interpolation=cv2.INTER_AREA)
    bits = np.packbits(small[:, 1:] > small[:, :-1])
    return bits.tobytes().hex()
