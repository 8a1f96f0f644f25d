"""A command is obeyed once, whatever happens, and answered every time it comes."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from calibration.errors import CommandRefused, DeliveryError
from edge.clock import ManualClock
from edge.commands.commands import Commands
from edge.commands.gate import Gate
from edge.commands.ledger import FILE, Ledger
from edge.delivery.contract import rfc3339, utc
from edge.delivery.entries import Outgoing
from edge.delivery.orders import ORDERS, Order
from tests.edge.delivery.builders import TOPICS


class Bench:
    """A switchboard without an agent: remembers what was obeyed and what was answered."""

    def __init__(self, folder: Path, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.obeyed: list[str] = []
        self.fault: Exception | None = None
        self.work: Future[dict[str, Any] | None] | None = None
        self.answers: list[tuple[str, dict[str, Any]]] = []
        self.ledger = folder / FILE
        self.commands = self._commands()

    def _commands(self) -> Commands:
        return Commands(
            Gate(tuple(ORDERS), None, self.clock.now),
            Ledger(self.ledger, self.clock.now),
            {"resend": self.obey, "snapshot": self.obey},
            TOPICS,
            self.publish,
            self.clock,
        )

    def restart(self) -> None:
        self.commands = self._commands()

    def obey(self, order: Order, command_id: str) -> dict[str, Any] | Future[dict[str, Any] | None]:
        self.obeyed.append(command_id)
        if self.work is not None:
            return self.work
        if self.fault is not None:
            raise self.fault
        return {"done": command_id}

    def publish(self, outgoing: Outgoing, payload: bytes) -> None:
        self.answers.append((outgoing.topic, json.loads(payload) if payload else {}))

    def say(self, command_id: str = "1", name: str = "resend", **said: Any) -> dict[str, Any]:
        order = {"status": "init", "time": rfc3339(utc(self.clock.now())), "since": 1, **said}
        return self.send(name, command_id, json.dumps(order).encode())

    def turn(self) -> None:
        """Until something is answered."""
        stop, before = threading.Event(), len(self.answers)
        thread = threading.Thread(target=self.commands.run, args=(stop, lambda: None))
        thread.start()
        until = time.monotonic() + 5
        while len(self.answers) == before and time.monotonic() < until:
            time.sleep(0.005)
        stop.set()
        thread.join()

    def send(self, name: str, command_id: str, payload: bytes) -> dict[str, Any]:
        stop, before = threading.Event(), len(self.answers)
        thread = threading.Thread(target=self.commands.run, args=(stop, lambda: None))
        thread.start()
        self.commands.hear(f"{TOPICS.base}/cmd/{name}/{command_id}", payload)
        until = time.monotonic() + 5
        while len(self.answers) == before and time.monotonic() < until:
            time.sleep(0.005)
        stop.set()
        thread.join()
        topic, answer = self.answers[-1]
        assert topic == f"{TOPICS.base}/cmd/{name}/{command_id}/state"
        return answer


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_command_is_obeyed_and_answered(bench: Bench) -> None:
    answer = bench.say()
    assert (answer["status"], answer["result"]) == ("successful", {"done": "1"})
    assert bench.obeyed == ["1"]


def test_one_that_comes_again_is_answered_and_not_obeyed(bench: Bench) -> None:
    payload = json.dumps({"time": rfc3339(utc(bench.clock.now())), "since": 1}).encode()
    first = bench.send("resend", "1", payload)
    bench.clock.advance(3600)
    assert bench.send("resend", "1", payload) == first
    bench.restart()
    assert bench.send("resend", "1", payload) == first
    bench.clock.advance(7 * 86_400)  # stale by now, but it was obeyed in its time
    assert bench.send("resend", "1", payload) == first
    assert bench.obeyed == ["1"]


def test_the_same_id_with_another_content_is_refused(bench: Bench) -> None:
    bench.say(since=1)
    answer = bench.say(since=2)
    assert (answer["status"], answer["reason"]) == ("refused", "this id was used for another command")
    assert bench.obeyed == ["1"]


def test_one_cut_off_by_a_kill_is_obeyed_after_the_restart(bench: Bench) -> None:
    bench.fault = KeyboardInterrupt()  # the process ends in the middle of it
    payload = json.dumps({"time": rfc3339(utc(bench.clock.now())), "since": 1}).encode()
    bench.commands.hear(f"{TOPICS.base}/cmd/resend/1", payload)
    with pytest.raises(KeyboardInterrupt):
        bench.commands.run(threading.Event(), lambda: None)
    bench.fault = None
    bench.restart()
    assert bench.send("resend", "1", payload)["status"] == "successful"
    assert bench.obeyed == ["1", "1"]


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        (CommandRefused("not now"), "refused", "not now"),
        (DeliveryError("disk"), "failed", "disk"),
        (ZeroDivisionError("oops"), "failed", "ZeroDivisionError: oops"),
    ],
)
def test_what_goes_wrong_is_said(bench: Bench, fault: Exception, status: str, reason: str) -> None:
    bench.fault = fault
    answer = bench.say()
    assert (answer["status"], answer["reason"]) == (status, reason)
    bench.fault = None
    assert bench.say("2")["status"] == "successful"


def test_what_takes_long_keeps_nobody_waiting(bench: Bench) -> None:
    bench.work = Future()
    assert bench.say("1")["status"] == "executing"
    assert bench.say("1")["status"] == "executing"  # it comes again meanwhile
    work, bench.work = bench.work, None
    assert bench.say("2")["status"] == "successful"
    work.set_result({"done": "at last"})
    bench.turn()
    assert bench.answers[-1][1]["result"] == {"done": "at last"}
    assert bench.say("1")["result"] == {"done": "at last"}
    assert bench.obeyed == ["1", "2"]


@pytest.mark.parametrize(("reason", "status"), [(None, "successful"), ("it broke", "failed")])
def test_what_ended_the_agent_is_answered_by_the_next(bench: Bench, reason: str | None, status: str) -> None:
    bench.work = Future()
    bench.say("1")
    bench.restart()
    bench.commands.conclude("resend", "1", reason, {"changed": True})
    bench.turn()
    answer = bench.answers[-1][1]
    assert (answer["status"], answer.get("reason")) == (status, reason)
    assert bench.say("1") == answer
    assert bench.obeyed == ["1"]


def test_a_command_that_nobody_here_can_obey(bench: Bench) -> None:
    answer = bench.send("reload", "1", json.dumps({"time": rfc3339(utc(bench.clock.now()))}).encode())
    assert (answer["status"], answer["reason"]) == ("refused", "reload: this agent can not do that")


def test_garbage_is_answered_and_nothing_is_obeyed(bench: Bench) -> None:
    assert bench.send("resend", "1", b"\x00\xff")["status"] == "refused"
    assert bench.send("nonsense", "1", b"{}")["reason"].startswith("command 'nonsense' is unknown")
    assert bench.obeyed == []


def test_a_command_that_is_taken_away_takes_its_state_with_it(bench: Bench) -> None:
    bench.say()
    assert bench.send("resend", "1", b"") == {}


def test_a_damaged_ledger_keeps_what_can_be_read(bench: Bench) -> None:
    bench.say("1")
    bench.say("2")
    content = bench.ledger.read_bytes()
    bench.ledger.write_bytes(content[:-30] + b"\x00\xff\n" + b"garbage\n")
    bench.restart()
    known = Ledger(bench.ledger, bench.clock.now)
    assert known.known("resend/1") is not None


def test_a_full_disk_does_not_keep_a_command_from_being_obeyed(bench: Bench) -> None:
    bench.ledger.mkdir()  # can not be written
    bench.restart()
    assert bench.say()["status"] == "successful"
    assert "can not be written" in str(bench.commands.error) or bench.commands.error is None
