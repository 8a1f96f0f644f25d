"""Whether this machine's clock is kept right by somebody: what an event's times are worth as evidence."""

from __future__ import annotations

import ctypes
import sys

_UNSYNCHRONISED = 0x0040  # STA_UNSYNC
_ERROR = 5  # TIME_ERROR


class _Timex(ctypes.Structure):
    """The beginning of the kernel's `struct timex` (adjtimex(2)), and room for the rest of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def synchronised() -> bool | None:
    """The kernel says that its clock is disciplined, by NTP say; None where that can not be asked."""
    if sys.platform != "linux":
        return None
    try:
        asked = _Timex()  # modes 0: reads, changes nothing
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(asked))
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    return state != _ERROR and not asked.status & _UNSYNCHRONISED
