"""Plain paho at the other end: no code of Lookout between the broker and the test."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


@dataclass(frozen=True)
class Heard:
    topic: str
    payload: bytes
    dup: bool
    retain: bool


class Listener:
    """Hears every message under `topic`; with a client id its session outlives it and the broker."""

    def __init__(self, port: int, topic: str = "lookout/#", client_id: str = "") -> None:
        self.heard: list[Heard] = []
        self._port = port
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=not client_id)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _, __, message: self.heard.append(
            Heard(message.topic, bytes(message.payload), bool(message.dup), bool(message.retain))
        )

    def __enter__(self) -> Listener:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self._subscribed.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def retained(port: int, topic: str) -> dict[str, bytes]:
    """What the broker keeps under a topic, by topic."""
    with Listener(port, topic) as listener:
        time.sleep(0.1)  # retained messages follow the SUBACK at once
        return {message.topic: message.payload for message in listener.heard if message.retain}
