"""What was chosen at an earlier start."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.agent.folder import write_whole
from edge.inference.choice import Setting
from edge.inference.machine import Machine

log = logging.getLogger(__name__)

FILE = "inference.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Key(_Part):
    """What a choice holds for.

    Attributes:
        offered: digests of the weights that there were to choose from, the card's own first.
        machine: where it was measured.
        provider: what ran it.
        threads: a number, where the site file says one.
    """

    offered: tuple[str, ...]
    machine: Machine
    provider: str
    threads: int | None


class Entry(_Part):
    """One choice."""

    key: Key
    weights: str
    sha256: str
    threads: int = Field(ge=1)
    why: str

    @property
    def setting(self) -> Setting:
        """What was chosen."""
        return Setting(self.weights, self.sha256, self.threads)


class _Content(_Part):
    entries: tuple[Entry, ...]


class Memory:
    """A small file in the data folder. What can not be read is measured anew, and the log says so.

    Args:
        path: the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries = {entry.key.offered: entry for entry in self._read()}

    def recall(self, key: Key) -> Entry | None:
        """What was chosen under exactly these circumstances."""
        entry = self._entries.get(key.offered)
        if entry is None or entry.sha256 not in key.offered:
            return None
        if entry.key != key:
            log.info(
                "inference is measured anew", extra={"weights": entry.weights, "changed": _changed(entry.key, key)}
            )
            return None
        return entry

    def keep(self, entry: Entry) -> None:
        """Remember a choice, in place of what was chosen for the same weights under other circumstances."""
        self._entries[entry.key.offered] = entry
        content = _Content(entries=tuple(self._entries.values())).model_dump(mode="json")
        try:
            write_whole(self._path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        except OSError as error:
            log.warning("choice for inference not kept", extra={"file": str(self._path), "reason": error.strerror})

    def _read(self) -> tuple[Entry, ...]:
        try:
            return _Content.model_validate_json(self._path.read_bytes()).entries
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else f"damaged: {error.errors()[0]['msg']}"
            log.warning(
                "choices for inference can not be read, measured anew",
                extra={"file": str(self._path), "reason": reason},
            )
            return ()


def _changed(old: Key, new: Key) -> str:
    before, after = ({**key.machine.model_dump(), **key.model_dump(exclude={"machine"})} for key in (old, new))
    return "; ".join(f"{name}: {before[name]} → {after[name]}" for name in before if before[name] != after[name])
