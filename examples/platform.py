"""A small platform: takes over what an agent reports, and speaks back. A reference for those who write a real one.

    python examples/platform.py --host 127.0.0.1 --site plant-1 --agent edge-1

prints every event, answers it on `ack`, says when the agent is away or silent (nobody watches then, which is not the
same as nothing to report), and takes lines from the keyboard:

    acknowledge INCIDENT [RESPONSIBLE]     somebody takes care of it
    rectified INCIDENT                     it is said to be gone: the agent looks whether it is
    false_alarm INCIDENT                   there was nothing
    snapshot SOURCE                        a picture as it is now
    resend NUMBER                          everything from this number on, again
    list                                   what is open

Needs paho-mqtt alone. What it relies on stands in docs/events.md and docs/closed-loop.md.
"""

from __future__ import annotations

import sys

# Run as a script, its own folder comes first, and this file would stand in the way of the library's `platform`.
sys.path[:] = [folder for folder in sys.path if folder != __file__.rpartition("/")[0]]

import argparse
import json
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

Event = dict[str, Any]

SILENT_S = 120.0
"""An agent says how it is every half minute: four times unheard is silence."""


class Platform:
    """One agent's counterpart.

    Args:
        base: `lookout/v1/SITE/AGENT`.
        on_event: told of each event once.
        on_status: told when the agent comes (`online`), leaves, or is cut off (`offline`), with the reason.
        answer: whether events are acknowledged on `ack`.

    Attributes:
        events: every event by its id, in the order of arrival.
        incidents: the newest `data` of each incident.
        states: how far each command is, by `name/id`.
        status: `online` or `offline`, as the agent or its will has said; empty before.
        heard_s: monotonic time at which the agent itself was last heard.
        pictures: evidence by topic.
    """

    def __init__(
        self,
        base: str,
        on_event: Callable[[Event], None] = lambda _: None,
        on_status: Callable[[str, str], None] = lambda _, __: None,
        *,
        answer: bool = True,
    ) -> None:
        self.events: dict[str, Event] = {}
        self.incidents: dict[str, dict[str, Any]] = {}
        self.states: dict[str, dict[str, Any]] = {}
        self.pictures: dict[str, bytes] = {}
        self.status = ""
        self.heard_s = time.monotonic()
        self.answer = answer
        self._base = base
        self._on_event = on_event
        self._on_status = on_status
        self._changed = threading.Condition()
        # A fixed client id and a session that the broker keeps: nothing is missed while the platform is away.
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"platform-{base}", clean_session=False)
        self._client.on_connect = self._connected
        self._client.on_message = self._heard

    def connect(self, host: str, port: int = 1883, user: str | None = None, password: str | None = None) -> None:
        """Connect, and stay connected until `close`."""
        if user is not None:
            self._client.username_pw_set(user, password)
        self._client.connect(host, port)
        self._client.loop_start()

    def close(self) -> None:
        """Leave; the broker keeps what comes meanwhile."""
        self._client.disconnect()
        self._client.loop_stop()

    def command(self, name: str, /, command_id: str | None = None, **said: Any) -> str:
        """Ask the agent for something.

        Returns:
            `name/id`, under which `states` will have the answer.
        """
        key = f"{name}/{command_id or uuid.uuid4()}"
        order = {"status": "init", "time": now(), **{what: value for what, value in said.items() if value is not None}}
        # Retained: an agent that is away now obeys when it comes back, if the command is not stale by then.
        self._client.publish(f"{self._base}/cmd/{key}", json.dumps(order), qos=1, retain=True)
        return key

    def forget(self, key: str) -> None:
        """Take a command away from the broker, with its answer."""
        self._client.publish(f"{self._base}/cmd/{key}", b"", qos=1, retain=True)

    def wait(self, until: Callable[[], Any], seconds: float = 30.0) -> Any:
        """Until `until()` gives something; None if it does not in time."""
        with self._changed:
            self._changed.wait_for(lambda: bool(until()), seconds)
            return until() or None

    def outcome(self, key: str, seconds: float = 30.0) -> dict[str, Any] | None:
        """How a command ended; None if it has not in time."""
        done = ("successful", "failed", "refused")
        self.wait(lambda: self.states.get(key, {}).get("status") in done, seconds)
        state = self.states.get(key, {})
        return state if state.get("status") in done else None

    def _connected(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe([(f"{self._base}/{topic}", 1) for topic in ("event", "status", "evidence/#", "cmd/+/+/state")])

    def _heard(self, _: mqtt.Client, __: object, message: mqtt.MQTTMessage) -> None:
        parts = message.topic.removeprefix(self._base + "/").split("/")
        with self._changed:
            if not message.retain:  # what the broker has kept says nothing about now
                self.heard_s = time.monotonic()
            match parts:
                case ["event"]:
                    self._event(json.loads(message.payload))
                case ["status"]:
                    self._told(json.loads(message.payload))
                case ["evidence", *_rest]:
                    self.pictures[message.topic] = message.payload
                case ["cmd", name, command_id, "state"]:
                    self.states[f"{name}/{command_id}"] = json.loads(message.payload) if message.payload else {}
            self._changed.notify_all()

    def _event(self, event: Event) -> None:
        new = event["id"] not in self.events
        if new:  # QoS 1 may deliver twice, and an agent sends again what was not answered
            self.events[event["id"]] = event
            data = event["data"]
            last = self.incidents.get(data.get("incident"))
            if last is None or data["sequence"] > last["sequence"]:
                self.incidents[data["incident"]] = data
        # Only now it is safe here, and the agent may forget it.
        if self.answer:
            self._client.publish(f"{self._base}/ack", json.dumps({"id": event["id"], "result": 0}), qos=1)
        if new:
            self._on_event(event)

    def _told(self, said: dict[str, Any]) -> None:
        status = said.get("status", "")
        if status != self.status:
            self.status = status
            self._on_status(status, said.get("reason") or "")


def now() -> str:
    """RFC 3339."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def show(event: Event) -> None:
    """A line for people."""
    data = event["data"]
    state = f"{data.get('condition', '')}/{data.get('handling', '')}"
    print(f"{event['time']}  no. {data['number']:<6} {state:<22} {data['incident']}  {data['message']}", flush=True)


def show_status(status: str, reason: str) -> None:
    """A line for people."""
    print(f"{now()}  agent {status}{f': {reason}' if reason else ''}", flush=True)


def watch(platform: Platform) -> None:
    """Say when nothing has been heard for too long."""
    while True:
        time.sleep(10)
        silent_s = time.monotonic() - platform.heard_s
        if SILENT_S < silent_s <= SILENT_S + 10:
            print(f"{now()}  nothing heard from the agent for {silent_s:.0f} s: nobody watches", flush=True)


def obey(platform: Platform, words: list[str]) -> None:
    """What somebody typed."""
    match words:
        case ["acknowledge", incident, *who]:
            told = platform.command("acknowledge", incident=incident, by="console", responsible=" ".join(who) or None)
        case ["rectified" | "false_alarm" as name, incident]:
            told = platform.command(name, incident=incident, by="console")
        case ["snapshot", source]:
            told = platform.command("snapshot", source=source)
        case ["resend", number] if number.isdigit():
            told = platform.command("resend", since=int(number))
        case ["list"]:
            for data in platform.incidents.values():
                over = data.get("handling") in ("closed", "false_alarm")
                if not over and ("handling" in data or data["condition"] == "active"):
                    print(data["incident"], data.get("handling"), data["message"])
            return
        case _:
            print("acknowledge, rectified, false_alarm INCIDENT; snapshot SOURCE; resend NUMBER; list")
            return
    print(told, platform.outcome(told, 20.0) or "no answer within 20 s", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--site", required=True)
    parser.add_argument("--agent", required=True)
    said = parser.parse_args()
    platform = Platform(f"lookout/v1/{said.site}/{said.agent}", show, show_status)
    platform.connect(said.host, said.port, said.user, said.password)
    threading.Thread(target=watch, args=(platform,), daemon=True).start()
    try:
        for line in sys.stdin:
            if line.split():
                obey(platform, line.split())
        while True:  # no keyboard: go on listening
            time.sleep(3600)
    except KeyboardInterrupt:
        platform.close()


if __name__ == "__main__":
    main()
