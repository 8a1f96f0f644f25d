"""What many threads take of a small machine: cores inside one call, memory that stays taken, and time for garbage."""

from __future__ import annotations

import ctypes
import gc
import sys

import cv2

# Names and numbers of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8

# Who waits for the interpreter's lock, the thread that inspects above all, asks for it so soon: by default 5 ms.
_SWITCH_S = 0.001
_NEVER = 1 << 30
_ARENAS = 2
_MAPPED_FROM = 1 << 20
_TRIMMED_FROM = 1 << 22


def keep_small() -> None:
    """Share cores and memory as threads that each do little at a time need it; call it once, before they start.

    OpenCV spreads each call over all cores. With a thread a camera, and calls of a tenth of a millisecond, that costs
    more than it saves. glibc gives each thread a heap of its own, of which little comes back; and once it has freed a
    picture it keeps pictures in its heaps, where what is small and stays lies between them. Other C libraries are left
    as they are. And of its own accord the interpreter only looks for cycles of garbage among what is young: looking
    through all that there is takes 0.1 s with the packets of 160 cameras, and no thread gets on meanwhile. It did so
    every ten seconds, and was the longest that an alarm waited for; `give_back` does it.
    """
    cv2.setNumThreads(1)
    sys.setswitchinterval(_SWITCH_S)
    gc.set_threshold(*gc.get_threshold()[:2], _NEVER)
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for name, value in (
            (_M_ARENA_MAX, _ARENAS), (_M_MMAP_THRESHOLD, _MAPPED_FROM), (_M_TRIM_THRESHOLD, _TRIMMED_FROM),
        ):  # fmt: skip
            mallopt(name, value)


def give_back() -> None:
    """Find all garbage, and return what lies free between what stays to the machine; call it now and then.

    Alarms, reloads and lost brokers need memory for a while, and small pieces that outlive them keep glibc from
    giving it back by itself: it only does so from a heap's end.
    """
    gc.collect()
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
