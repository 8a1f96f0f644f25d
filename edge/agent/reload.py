"""`reload` and SIGHUP: the site file is read again, and the agent begins anew with it, or goes on as it was."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.errors import CommandFailed, CommandRefused, ConfigError, LookoutError
from edge.agent.folder import read_json, write_whole
from edge.agent.lineup import Lineup
from edge.agent.supervisor import Ending
from edge.clock import AgentClock
from edge.config import Site, parse_site
from edge.delivery.orders import Reload as Order
from edge.model_store import ModelStore
from edge.updates.package import fetch, until

log = logging.getLogger(__name__)

FILE = "reload.json"
PROBATION_S = 30.0
"""So long the agent has to run with a new site file before the old one is forgotten."""

_MOST_BYTES = 2**20  # of a site file
_LONGEST_FETCH_S = 120.0


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A site file as it was read.

    Attributes:
        path: where it is.
        content: its bytes.
        site: what it says.
        fetched: it came over the network, and took the place of the one before it.
    """

    path: Path
    content: bytes
    site: Site
    fetched: bool = False

    @property
    def sha256(self) -> str:
        """Digest of its bytes, hex."""
        return hashlib.sha256(self.content).hexdigest()

    def put_down(self) -> None:
        """Let the file on disk be this one, in one step.

        Raises:
            OSError: it can not be written.
        """
        fresh = self.path.with_name(f".{self.path.name}.new")
        fresh.touch(mode=0o600)
        if self.path.exists():
            shutil.copymode(self.path, fresh)
        with fresh.open("wb") as file:
            file.write(self.content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reload came to.

    Attributes:
        command: id of the command that asked for it; None after SIGHUP.
        fault: why the old site file is in use again; None where the new one is.
    """

    command: str | None
    fault: str | None = None


def read_site_file(path: Path, store: ModelStore) -> SiteFile:
    """Read and check it.

    Raises:
        ConfigError: it can not be read, or is wrong.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError([f"can not be read: {error.strerror}"], str(path)) from error
    return SiteFile(path, content, parse_site(content, path, store=store))


class Reload:
    """Reads the site file again when asked, and remembers the one that ran until the new one has run for a while.

    Args:
        current: the file in use; None where the agent was not made from one.
        data: the data folder.
        store: where models are.
        outcome: of the reload that this agent came from; None: it came from none.
        unwell: tells what goes wrong with the new site file; None when all is well.
        clock: the agent's.
        load: loads what another site needs, beside what runs.

    Attributes:
        next: the site file to begin anew with.
        lineup: what it needs, loaded.
        ending: how the agent has to end; None: it goes on.
    """

    def __init__(
        self,
        current: SiteFile | None,
        data: Path,
        store: ModelStore,
        outcome: Outcome | None,
        unwell: Callable[[], str | None],
        clock: AgentClock,
        load: Callable[[Site], Lineup],
    ) -> None:
        self.next: SiteFile | None = None
        self.lineup: Lineup | None = None
        self._load = load
        self.ending: Ending | None = None
        self.outcome = outcome
        self._current = current
        self._data = data
        self._store = store
        self._unwell = unwell
        self._clock = clock
        self._hang_up = threading.Event()
        self._lock = threading.Lock()
        on_probation = outcome is not None and outcome.fault is None
        self._until_s = clock.monotonic() + PROBATION_S if on_probation else None

    def ask(self, order: Order, command: str) -> dict[str, Any] | Future[dict[str, Any] | None]:
        """Take up a command; its answer comes from the agent that begins anew.

        Raises:
            CommandRefused: the site file can not be used, or another reload is under way.
            CommandFailed: this very command was obeyed, and taken back.
        """
        if self.outcome is not None and self.outcome.command == command:  # it comes again with the new connection
            if self.outcome.fault is not None:
                raise CommandFailed(self.outcome.fault)
            return Future() if self._until_s is not None else {"changed": True}
        if order.url is None:
            return Future() if self._prepare(command) else {"changed": False}
        current = self._current
        if current is None or not current.site.commands.require_signed:
            raise CommandRefused("url: a site file is fetched only where commands.require_signed is set")
        work: Future[dict[str, Any] | None] = Future()
        threading.Thread(target=self._fetch, args=(order, command, work), name="reload", daemon=True).start()
        return work

    def _fetch(self, order: Order, command: str, work: Future[dict[str, Any] | None]) -> None:
        incoming = self._data / ".site.incoming"
        try:
            fetch(str(order.url), str(order.sha256), incoming, until(lambda: False, _LONGEST_FETCH_S), _MOST_BYTES)
            if not self._prepare(command, incoming.read_bytes()):
                work.set_result({"changed": False})
        except LookoutError as error:
            work.set_exception(error)
        except OSError as error:
            work.set_exception(CommandFailed(f"{incoming}: {error.strerror}"))
        finally:
            incoming.unlink(missing_ok=True)

    def hang_up(self) -> None:
        """SIGHUP came; for a signal's handler."""
        self._hang_up.set()

    def turn(self, conclude: Callable[[str | None, dict[str, Any] | None], None]) -> bool:
        """Look after it; True when the agent has to end.

        Args:
            conclude: says what became of the command: why it failed, or what came of it.
        """
        if self._hang_up.is_set():
            self._hang_up.clear()
            threading.Thread(target=self._prepare_quietly, name="reload", daemon=True).start()
        if self._until_s is not None:
            fault = self._unwell()
            if fault is not None:
                self._until_s = None
                self.outcome = Outcome(self.outcome.command if self.outcome else None, fault)
                self.ending = Ending.TAKEN_BACK
            elif self._clock.monotonic() >= self._until_s:
                self.keep()
                log.info("new site file kept")
                conclude(None, {"changed": True})
        return self.ending is not None

    def keep(self) -> None:
        """The new site file is not at fault, whatever comes: the old one is forgotten."""
        if self._until_s is not None:
            self._until_s = None
            forget(self._data)

    def _prepare_quietly(self) -> None:
        try:
            self._prepare(None)
        except LookoutError as error:
            log.warning("site file not taken, all goes on as before", extra={"reason": str(error)})

    def _prepare(self, command: str | None, content: bytes | None = None) -> bool:
        """Read the file, or this one, and try whether its models can be loaded; False where nothing has changed."""
        current = self._current
        if current is None:
            raise CommandRefused("this agent was not started from a site file")
        with self._lock:
            if self.next is not None or self._until_s is not None:
                raise CommandRefused("a reload is under way; try again in a minute")
            try:
                if content is None:
                    found = read_site_file(current.path, self._store)
                else:
                    site = parse_site(content, current.path, store=self._store)
                    found = SiteFile(current.path, content, site, fetched=True)
                if found.site == current.site:
                    log.info("site file read again, nothing has changed")
                    return False
                _refuse_other_folder(found.site, current.site)
                lineup = self._load(found.site)
                try:
                    remember(self._data, current, found, command)
                    if found.fetched:
                        found.put_down()
                except OSError:
                    lineup.close()
                    raise
            except LookoutError as error:
                raise CommandRefused(str(error)) from error
            except OSError as error:
                raise CommandRefused(f"{error.filename or self._data}: can not be written: {error.strerror}") from error
            self.next, self.lineup, self.outcome = found, lineup, Outcome(command)
        log.info("site file read again, the agent begins anew", extra={"site_sha256": found.sha256})
        self.ending = Ending.RELOAD
        return True


def _refuse_other_folder(new: Site, old: Site) -> None:
    if new.agent.data != old.agent.data:
        raise CommandRefused(
            f"agent.data: {new.agent.data} instead of {old.agent.data} needs a restart, "
            "since what waits in the old folder would stay there"
        )


def remember(data: Path, old: SiteFile, new: SiteFile, command: str | None) -> None:
    """Should the process end by the new one, the old one is used; durable when this returns.

    Raises:
        OSError: the disk takes nothing.
    """
    kept = {"trying": new.sha256, "command": command, "good": old.content.decode("utf-8", "surrogateescape")}
    write_whole(data / FILE, json.dumps(kept), durable=True, private=True)


def forget(data: Path) -> None:
    """The file in use is the good one."""
    (data / FILE).unlink(missing_ok=True)


def good_one(found: SiteFile, data: Path, store: ModelStore) -> tuple[SiteFile, Outcome] | None:
    """The site file from before, where the process ended while this one was on probation; None: use what was found.

    Args:
        found: the site file as it is now.
        data: the data folder.
        store: where models are.
    """
    kept = read_json(data / FILE)
    if not isinstance(kept, dict) or kept.get("trying") != found.sha256:
        return None
    content = str(kept.get("good", "")).encode("utf-8", "surrogateescape")
    try:
        good = SiteFile(found.path, content, parse_site(content, found.path, store=store))
        return good, Outcome(kept.get("command"), "the process ended before it had run with the new site file for long")
    except ConfigError:  # models or keys that it names have gone since
        return None
