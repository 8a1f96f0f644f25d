"""The thread that puts pictures and clips onto a server, where the site does not want them over MQTT."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from calibration.errors import CommandFailed, CommandRefused, DeliveryError, OutboxDamaged
from edge.address import shown
from edge.config.upload import UploadSettings
from edge.delivery.backoff import Backoff
from edge.delivery.entries import Entry
from edge.delivery.holds import Holds
from edge.delivery.outbox import Outbox
from edge.delivery.put import UploadRefused, put
from edge.delivery.tls import tls_context
from edge.evidence.files import EvidenceFile, digest_of

log = logging.getLogger(__name__)

_TURN_S = 0.25
_TRIES = 3
_BETWEEN_S = 2.0
_LONGEST_WAIT_S = 60.0

Work = Future[dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class _Asked:
    file: EvidenceFile
    url: str
    work: Work


def give_up_uploads(outbox: Outbox) -> None:
    """The site has no server for files any more: what waits for one is not sent, and stays on this machine.

    Raises:
        DeliveryError: the disk takes nothing.
    """
    while (entry := outbox.next_upload(())) is not None:
        log.warning("not uploaded, the site has no server for it any more", extra={"path": str(entry.path)})
        outbox.done([entry])


class Uploader:
    """Uploads what the outbox holds for an address, and what the platform asks for.

    Args:
        settings: where to.
        outbox: what waits.

    Attributes:
        error: what is wrong now; None when all is well.
        sent: files that a server has taken since the start.
    """

    def __init__(self, settings: UploadSettings, outbox: Outbox) -> None:
        self.sent = 0
        self._error: str | None = None
        self._settings = settings
        self._outbox = outbox
        self._holds = Holds()
        self._backoff = Backoff(random.random)
        self._asked: deque[_Asked] = deque()
        self._taken: list[Entry] = []

    @property
    def error(self) -> str | None:
        """What is wrong with the server, else with a file that it does not take."""
        return self._error or self._holds.reason

    def ask(self, file: EvidenceFile, url: str) -> Work:
        """Send a file to an address that the platform gives.

        Raises:
            CommandRefused: the site does not allow that address.
        """
        if not self._settings.allows(url):
            allowed = ", ".join(self._settings.hosts) or "none"
            raise CommandRefused(f"url: {shown(url)} is not allowed; https:// to a host of: {allowed}")
        asked = _Asked(file, url, Future())
        self._asked.append(asked)
        return asked.work

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """The thread's work; see `Worker.run`.

        Raises:
            OutboxDamaged: the database broke; the outbox has to be opened anew.
        """
        while not stop.is_set():
            beat()
            if self._asked:
                self._obey(self._asked.popleft(), stop, beat)
                continue
            entry = self._outbox.next_upload(self._holds.now(time.monotonic()) + self._taken)
            if entry is None:
                stop.wait(_TURN_S)
            elif not self._upload(entry, beat):
                self._backoff.pause(_LONGEST_WAIT_S, stop, beat)

    def _upload(self, entry: Entry, beat: Callable[[], None]) -> bool:
        """Whether the server answered."""
        assert entry.path is not None
        token = self._settings.token
        headers = {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}
        try:
            file = EvidenceFile(entry.incident, entry.path.name, entry.path, entry.media_type, 0, digest_of(entry.path))
            self._put(file, entry.topic + self._settings.query, headers, beat)
        except OSError as error:
            log.warning("evidence skipped", extra={"path": str(entry.path), "reason": error.strerror})
        except UploadRefused as error:
            log.warning("upload held back", extra={"reason": str(error)})
            self._holds.hold(entry, time.monotonic(), str(error))
            return True
        except DeliveryError as error:
            self._failed(error)
            return False
        self._error = None
        self._backoff.worked()
        self._holds.forget(entry)
        self._taken.append(entry)
        self._settle()
        return True

    def _settle(self) -> None:
        """What has been taken leaves the outbox; remembered here while the disk takes nothing."""
        try:
            self._outbox.done(self._taken)
        except OutboxDamaged:
            raise
        except DeliveryError as error:
            self._failed(error)
        else:
            self._taken.clear()

    def _obey(self, asked: _Asked, stop: threading.Event, beat: Callable[[], None]) -> None:
        for left in reversed(range(_TRIES)):
            try:
                self._put(asked.file, asked.url, {}, beat)
            except (DeliveryError, OSError) as error:
                if left and not isinstance(error, UploadRefused | FileNotFoundError):
                    stop.wait(_BETWEEN_S)
                    continue
                asked.work.set_exception(CommandFailed(str(error)))
                return
            asked.work.set_result({"bytes": asked.file.size, "sha256": asked.file.sha256})
            return

    def _put(self, file: EvidenceFile, url: str, headers: dict[str, str], beat: Callable[[], None]) -> None:
        tls = tls_context(self._settings.tls) if url.startswith("https:") else None
        put(url, file, headers=headers, tls=tls, timeout_s=self._settings.timeout_s, beat=beat)
        self.sent += 1

    def _failed(self, error: Exception) -> None:
        text = str(error)
        if text != self._error:  # said once, not at every attempt
            log.warning("upload trouble", extra={"reason": text})
        self._error = text
