"""A network in trouble: brokers that behave badly, and a relay that cuts and freezes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def server(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """A socket on loopback that treats each connection with `behave`; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    taken.append(connection)
                    behave(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for connection in taken:
            connection.close()


def say_nothing(connection: socket.socket) -> None:
    """A hung broker."""


def hang_up(connection: socket.socket) -> None:
    """A broker that does not like the CONNECT and does not say so."""
    connection.recv(4096)
    connection.close()


def answer_in_words_of_3_1_1(connection: socket.socket) -> None:
    """ "Not authorised", which in version 5 has another number."""
    connection.recv(4096)
    connection.sendall(bytes([0x20, 2, 0, 5]))
    connection.close()


def answer_nonsense(connection: socket.socket) -> None:
    """No broker at all."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    connection.close()


def refuse_version_5(connection: socket.socket) -> None:
    """A 3.1.1 broker: it refuses 5 in the words of 3.1.1."""
    connect = connection.recv(4096)
    version = connect[connect.index(b"MQTT") + 4]
    connection.sendall(bytes([0x20, 2, 0, 1 if version == 5 else 5]))
    connection.close()


class Relay:
    """A TCP relay to the broker that can cut and freeze its connections: a network in trouble."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._flowing = threading.Event()
        self._flowing.set()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def cut(self) -> None:
        """Break every connection, as a lost network does."""
        taken, self._sockets = self._sockets, []
        for connection in taken:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def freeze(self) -> None:
        """Let nothing through, and say nothing of it."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Let it through again; what was frozen is cut."""
        self.cut()
        self._flowing.set()

    def __enter__(self) -> Relay:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._flowing.set()
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._upstream))
                self._sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    thread = threading.Thread(target=self._pump, args=(one, other))
                    self._threads.append(thread)
                    thread.start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                self._flowing.wait()
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
