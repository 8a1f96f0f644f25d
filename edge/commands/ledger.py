"""Which commands were obeyed, and with what result: so that one that comes again is answered and not obeyed again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from calibration.errors import DeliveryError
from edge.delivery.orders import OrderState

FILE = "commands.jsonl"
KEPT_S = 60 * 86_400.0
"""Longer than any command may be old: what is forgotten is refused as stale."""
_MOST = 20_000


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str
    digest: str
    state: OrderState


@dataclass(frozen=True, slots=True)
class Known:
    """A command that has been here before.

    Attributes:
        digest: of its payload.
        state: how far it is.
    """

    digest: str
    state: OrderState


class Ledger:
    """The lines of `commands.jsonl`; the last about a command counts. One thread at a time.

    Args:
        path: the file; made when missing.
        now: the wall clock, UTC seconds since the epoch.
    """

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path = path
        self._now = now
        self._known = self._read()
        self._written = 0

    def known(self, key: str) -> Known | None:
        """What is known of a command."""
        return self._known.get(key)

    def note(self, key: str, digest: str, state: OrderState) -> None:
        """Remember how far a command is; on disk when this returns.

        Raises:
            DeliveryError: the disk does not take it. It is remembered until the process ends all the same.
        """
        self._known.pop(key, None)
        self._known[key] = Known(digest, state)
        line = _Line(key=key, digest=digest, state=state).model_dump_json(exclude_none=True)
        try:
            if self._written >= _MOST:
                self._rewrite()
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
            self._written += 1
        except OSError as error:
            raise DeliveryError(f"{self._path}: can not be written: {error.strerror}") from error

    def forget(self, key: str) -> bool:
        """The platform has taken the command away; whether it was known.

        It stays in the file: should it be put up again, it is obeyed no second time after a restart.
        """
        return key in self._known

    def _read(self) -> dict[str, Known]:
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return {}
        found: dict[str, Known] = {}
        for line in text.split("\n"):
            try:
                said = _Line.model_validate_json(line)
            except ValidationError:
                continue  # cut off by a power failure, or damaged: that command is obeyed again, and is stale by then
            if self._now() - said.state.time.timestamp() < KEPT_S:
                found.pop(said.key, None)
                found[said.key] = Known(said.digest, said.state)
        return dict(list(found.items())[-_MOST:])

    def _rewrite(self) -> None:
        self._known = dict(list(self._known.items())[-_MOST // 2 :])
        lines = [
            _Line(key=key, digest=known.digest, state=known.state).model_dump_json(exclude_none=True)
            for key, known in self._known.items()
        ]
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
        fresh.replace(self._path)
        self._written = 0
