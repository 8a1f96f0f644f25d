"""What a process has used so far, as Linux counts it."""

from __future__ import annotations

import os
from pathlib import Path

from calibration.errors import LookoutError

_UTIME, _STIME = 11, 12  # of what follows the name in /proc/PID/stat, from 0


def cpu_s(pid: int) -> float:
    """Processor seconds of all its threads.

    Raises:
        LookoutError: there is no such process, or this is not Linux.
    """
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Resident memory, megabytes.

    Raises:
        LookoutError: there is no such process, or this is not Linux.
    """
    for line in _read(pid, "status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookoutError(f"benchmark: process {pid} has ended")


def free_mb() -> float:
    """Memory that new processes may take, megabytes."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookoutError("benchmark: /proc/meminfo has no MemAvailable")


def _read(pid: int, what: str) -> str:
    try:
        return Path(f"/proc/{pid}/{what}").read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise LookoutError(f"benchmark: /proc/{pid}/{what} can not be read: {error.strerror}") from error
