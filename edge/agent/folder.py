"""The agent's data folder: one agent at a time, and files that are never half written."""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from calibration.errors import ConfigError

_LOCK = "agent.lock"
_TRIES, _TRY_S = 5, 0.02


def write_whole(path: Path, text: str, *, durable: bool = False, private: bool = False) -> None:
    """Replace a file's content in one step: a reader sees the old or the new, never a part.

    Args:
        path: the file; its folder exists.
        text: what it is to hold.
        durable: wait until it is on the disk, so that power loss can not undo it.
        private: readable by the agent's user alone.
    """
    fresh = path.with_name(f".{path.name}.new")
    if private:
        fresh.touch(mode=0o600)
        fresh.chmod(0o600)
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    fresh.replace(path)


def read_json(path: Path) -> Any:
    """What a JSON file holds; None where it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def works_in(path: Path) -> bool | None:
    """Whether an agent works in a data folder now; None where that can not be told."""
    try:
        with (path / _LOCK).open(encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    except OSError:
        return None
    return False


class DataFolder:
    """A folder that belongs to one running agent.

    The lock is the kernel's: it ends with the process, whatever ends that.

    Args:
        path: made if missing.

    Raises:
        ConfigError: it can not be made or written, or another agent works in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / _LOCK).open("a+", encoding="utf-8")
        except OSError as error:
            raise ConfigError([f"data folder {path}: can not be written: {error.strerror}"]) from error
        try:
            self._take()
        except BlockingIOError:
            self._lock.seek(0)
            holder = self._lock.read().strip() or "unknown"
            self._lock.close()
            raise ConfigError(
                [
                    f"data folder {path}: another agent (process {holder}) works in it; "
                    "one agent a folder: stop that one, or choose another with --data"
                ]
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()

    def _take(self) -> None:
        """Whoever only asks whether the folder is taken has the lock for a moment too."""
        for _ in range(_TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(_TRY_S)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Let another agent have the folder."""
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
