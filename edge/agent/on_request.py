"""Pictures and clips that somebody asks for, of a source as it is now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from calibration.errors import CommandRefused, EvidenceError
from edge.agent.reader import Reader
from edge.agent.samples import newest_picture
from edge.agent.veil import Veil
from edge.delivery.entries import Outgoing
from edge.delivery.orders import Clip, Snapshot, Upload
from edge.delivery.topics import Topics
from edge.delivery.uploader import Uploader
from edge.evidence.files import EvidenceFile
from edge.evidence.packets import Window
from edge.evidence.store import EvidenceStore

LATEST_S = 30.0  # a picture older than that does not show how it is now


class OnRequest:
    """Answers `snapshot` and `clip` from the packets that are kept.

    Args:
        readers: by source.
        store: where pictures and clips are kept.
        topics: of this agent.
        publish: takes what goes to the platform.
        veil: hides people.
        uploader: puts files onto servers; None where the site has none.
    """

    def __init__(
        self,
        readers: Mapping[str, Reader],
        store: EvidenceStore,
        topics: Topics,
        publish: Callable[[Outgoing], None],
        veil: Veil,
        uploader: Uploader | None = None,
    ) -> None:
        self._uploader = uploader
        self._veil = veil
        self._readers = readers
        self._store = store
        self._topics = topics
        self._publish = publish

    def snapshot(self, order: Snapshot, command_id: str) -> dict[str, Any]:
        """The newest picture of a source."""
        reader = self._reader(order.source)
        self._window(reader, LATEST_S)
        shown = newest_picture(reader, LATEST_S)
        if shown is None:
            raise EvidenceError(f"source {order.source}: its newest picture can not be decoded")
        return self._answer(self._store.snapshot(f"cmd-{command_id}", f"{order.source}.jpg", self._veil.asked(shown)))

    def clip(self, order: Clip, command_id: str) -> dict[str, Any]:
        """The last seconds of a source."""
        reader = self._reader(order.source)
        window = self._window(reader, order.seconds)
        render = self._veil.over(window, None, reader.drill.render if reader.drill is not None else None)
        file = self._store.clip(f"cmd-{command_id}", f"{order.source}.mp4", window, render)
        self._store.resolve(file.incident)
        return self._answer(file)

    def upload(self, order: Upload, _: str) -> Future[dict[str, Any] | None]:
        """A stored file, to an address that the platform gives."""
        if self._uploader is None:
            raise CommandRefused("upload: the site file has no `upload.hosts`")
        file = self._store.find(order.incident, order.name)
        if file is None:
            raise CommandRefused(f"incident {order.incident!r} has no file {order.name!r} here, or has it no longer")
        return self._uploader.ask(file, order.url)

    def _reader(self, source: str) -> Reader:
        reader = self._readers.get(source)
        if reader is None:
            raise CommandRefused(f"source {source!r} is unknown, allowed: {', '.join(self._readers)}")
        return reader

    @staticmethod
    def _window(reader: Reader, seconds: float) -> Window:
        newest_s = reader.stats.last_frame_s
        window = reader.ring.window(newest_s - seconds, newest_s) if newest_s is not None else None
        if window is None:
            raise EvidenceError(f"source {reader.name}: no pictures are kept, it is {reader.stats.state}")
        return window

    def _answer(self, file: EvidenceFile) -> dict[str, Any]:
        topic = self._topics.evidence(file.incident, file.name)
        self._publish(Outgoing(file.incident, 0, 1, topic, file.media_type, evidence=((topic, file),)))
        return {"topic": topic, "media_type": file.media_type, "bytes": file.size, "sha256": file.sha256}
