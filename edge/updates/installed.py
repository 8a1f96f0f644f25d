"""The models that were updated: what is used instead of the site's own, over restarts, until it proves to be wrong."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edge.agent.folder import read_json, write_whole

log = logging.getLogger(__name__)

FOLDER = "models"
_FILE = "updates.json"
_MOST_STARTS = 2
_REMEMBERED = 50


@dataclass(frozen=True, slots=True)
class Update:
    """A model in the place of the site's own.

    Attributes:
        folder: its name in the folder of updates.
        instead_of: digest of the card it took the place of: should the site's own change, the update is over.
        command: id of the command that asked for it.
        proven: it has run for long enough without a fault.
        starts: of the agent, before it was.
    """

    folder: str
    instead_of: str
    command: str
    proven: bool = False
    starts: int = 0


class Updates:
    """Keeps them in the data folder.

    Args:
        data: the data folder.
    """

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._updates, self._taken_back = _read(self._folder / _FILE)

    def place(self, title: str, sha256: str) -> Path:
        """Where a package of this digest is unpacked."""
        return self._folder / f"{Path(title).name}-{sha256[:16]}"

    def incoming(self, title: str) -> Path:
        """Where a package is fetched to."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f".{Path(title).name}.tar"

    def starting(self) -> None:
        """The agent starts: one that never proved itself and ended the agent again and again is taken back."""
        for title, update in list(self._updates.items()):
            if update.proven:
                continue
            if update.starts >= _MOST_STARTS:
                self.withdraw(title, f"the agent has started {update.starts} times and never ran for long")
            else:
                self._updates[title] = replace(update, starts=update.starts + 1)
        self._write()

    def folder(self, title: str, instead_of: str) -> Path | None:
        """The model to use instead of the site's own; None: there is no other."""
        update = self._updates.get(title)
        if update is None:
            return None
        if update.instead_of != instead_of:
            self.withdraw(title, "the site has another model of its own now")
            return None
        return self._folder / update.folder

    def install(self, title: str, folder: Path, instead_of: str, command: str) -> None:
        """From the next start on this one is used; durable when this returns.

        Raises:
            OSError: the disk takes nothing; then all is as before.
        """
        before = dict(self._updates)
        self._updates[title] = Update(folder.name, instead_of, command)
        try:
            self._write()
        except OSError:
            self._updates = before
            raise

    def taken_back(self, command: str) -> str | None:
        """Why the update that a command asked for was taken back; None if it was not."""
        return self._taken_back.get(command)

    def prove(self, title: str) -> None:
        """It has run for long enough; what it took the place of, an earlier update say, may go."""
        update = self._updates.get(title)
        if update is None or update.proven:
            return
        self._updates[title] = replace(update, proven=True)
        self._write()
        self._tidy()

    @property
    def unproven(self) -> tuple[str, ...]:
        """Those that have to show that they run."""
        return tuple(title for title, update in self._updates.items() if not update.proven)

    def current(self, title: str) -> Update | None:
        """What is used instead of the site's own."""
        return self._updates.get(title)

    def put_back(self, title: str, update: Update | None, reason: str) -> None:
        """Use what was used before an update: an earlier one, or the site's own."""
        log.error("model update taken back", extra={"model": title, "reason": reason})
        failed = self._updates.get(title)
        if failed is not None:
            self._taken_back[failed.command] = reason
        if update is None:
            self._updates.pop(title, None)
        else:
            self._updates[title] = update
        self._write()

    def withdraw(self, title: str, reason: str) -> None:
        """Use the site's own again."""
        self.put_back(title, None, reason)

    def _write(self) -> None:
        if not self._updates and not self._taken_back:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        self._taken_back = dict(list(self._taken_back.items())[-_REMEMBERED:])
        kept = {
            "updates": {title: asdict(update) for title, update in self._updates.items()},
            "taken_back": self._taken_back,
        }
        write_whole(self._folder / _FILE, json.dumps(kept, ensure_ascii=False, indent=1), durable=True)

    def _tidy(self) -> None:
        used = {update.folder for update in self._updates.values()}
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder.name not in used:
                shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path) -> tuple[dict[str, Update], dict[str, str]]:
    if not path.exists():
        return {}, {}
    found = read_json(path)
    try:
        updates = {str(title): Update(**update) for title, update in found["updates"].items()}
        return updates, {str(command): str(reason) for command, reason in found["taken_back"].items()}
    except (TypeError, KeyError, AttributeError):
        log.exception("updates of models are not understood, the site's own are used", extra={"path": str(path)})
        return {}, {}
