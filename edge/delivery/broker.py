"""An MQTT broker inside this process, for a first run and for tests. It listens on loopback only."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from typing import Any

from calibration.errors import DeliveryError
from edge.config.broker import BrokerSettings

_START_S = 10.0
_STOP_S = 3.0
_HOST = "127.0.0.1"
# amqtt tells each connection and each lost one; none of it is news to whoever runs a demo.
_CHATTY = ("amqtt", "amqtt.broker.plugins", "transitions")


class EmbeddedBroker:
    """amqtt in a thread of its own; `with EmbeddedBroker() as broker:`. It keeps nothing on disk.

    Args:
        port: TCP port on 127.0.0.1; 0 picks a free one.

    Attributes:
        host: always 127.0.0.1.
        port: where it listens, known once it has started.

    Raises:
        DeliveryError: on entering, when it can not listen there.
    """

    host = _HOST

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._error: BaseException | None = None
        self._levels: dict[str, int] = {}

    @property
    def settings(self) -> BrokerSettings:
        """How to reach it. amqtt speaks 3.1.1 only, so nobody needs to ask."""
        return BrokerSettings(host=self.host, port=self.port, protocol="3.1.1")

    def start(self) -> None:
        """Start it and wait until it listens."""
        if self.port == 0:
            self.port = _free_port()
        for name in _CHATTY:
            logger = logging.getLogger(name)
            self._levels[name] = logger.level
            logger.setLevel(logging.CRITICAL + 1)
        self._ready.clear()
        self._error = None
        self._thread = threading.Thread(target=self._run, name="embedded broker", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_S) or self._error is not None:
            self.stop()
            raise DeliveryError(
                f"embedded broker can not listen on {self.host}:{self.port}: {self._error or 'timeout'}"
            )

    def stop(self) -> None:
        """Stop it; its clients are cut off."""
        if self._thread is None:
            return
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_S)
        self._thread = None
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)

    def __enter__(self) -> EmbeddedBroker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            try:
                runner.run(self._serve())
            except Exception as error:  # noqa: BLE001 - handed to the thread that waits in start
                self._error = error
        self._ready.set()

    async def _serve(self) -> None:
        # Imported here: a site with a broker of its own never loads it.
        from amqtt.broker import Broker

        open_writers: set[asyncio.StreamWriter] = set()

        class Tidy(Broker):  # type: ignore[misc]  # amqtt comes without types
            """amqtt leaves connections that it refuses, and those of its last moment, open for ever."""

            async def stream_connected(
                self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
            ) -> None:
                open_writers.add(writer)
                try:
                    await super().stream_connected(reader, writer, listener_name)
                finally:
                    open_writers.discard(writer)
                    writer.close()

        self._stop = asyncio.Event()
        broker = Tidy(_config(self.host, self.port), loop=asyncio.get_running_loop())
        await broker.start()
        self._ready.set()
        await self._stop.wait()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(broker.shutdown(), _STOP_S)
        for writer in list(open_writers):
            writer.transport.abort()
        await asyncio.sleep(0)  # lets the transports let go of their sockets


def _config(host: str, port: int) -> dict[str, Any]:
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
        # Named one by one: the default set publishes $SYS topics and logs every packet.
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
