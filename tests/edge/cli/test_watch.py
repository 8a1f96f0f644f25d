"""`lookout watch` against the embedded broker and a real uplink."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge import cli
from edge.delivery.broker import EmbeddedBroker
from edge.delivery.dispatch import Dispatch
from edge.delivery.outbox import Outbox
from edge.delivery.uplink import Uplink
from tests.edge.delivery.builders import INCIDENT, PLACE, TOPICS, make_event, make_evidence
from tests.edge.delivery.mosquitto import free_port


class Site:
    """A broker, and an agent that has an alarm with a picture to tell."""

    def __init__(self, broker: EmbeddedBroker, folder: Path) -> None:
        self.port = str(broker.port)
        self._outbox = Outbox(folder / "outbox.sqlite")
        picture = make_evidence(folder, content=b"\xff\xd8picture")
        Dispatch(self._outbox, TOPICS).send(make_event(drill=True), place=PLACE, evidence=[picture])
        self._uplink = Uplink(broker.settings, self._outbox, TOPICS)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._uplink.run, args=(self._stop, lambda: None))

    def talk(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(5)
        self._outbox.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with EmbeddedBroker() as broker:
        made = Site(broker, tmp_path)
        yield made
        made.close()


def watching(site: Site, *options: str) -> subprocess.Popen[str]:
    """The command as a process; the agent talks once it listens."""
    command = [sys.executable, "-m", "edge.cli", "watch", "--port", site.port, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "listening at 127.0.0.1" in process.stderr.readline()
    site.talk()
    return process


def test_a_person_sees_the_alarm_and_its_picture(site: Site, tmp_path: Path) -> None:
    process = watching(site, "--save", str(tmp_path / "saved"), "--lang", "zh", "--seconds", "2")
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "▲ open" in output
    assert "火焰" in output
    assert "3号仓库" in output
    assert "[drill]" in output
    assert "digest verified" in output
    assert (tmp_path / "saved" / INCIDENT / "open.jpg").read_bytes() == b"\xff\xd8picture"


def test_json_is_lines_and_nothing_else(site: Site) -> None:
    process = watching(site, "--json", "--seconds", "2")
    output, _ = process.communicate(timeout=20)
    messages = [json.loads(line) for line in output.splitlines()]
    assert [message["type"] for message in messages] == ["status", "event", "evidence"]
    assert messages[1]["event"]["data"]["hazard"]["kind"] == "fire"
    assert messages[2]["verified"] is True


def test_count_ends_it(site: Site) -> None:
    process = watching(site, "--count", "1", "--json")
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert json.loads(output.splitlines()[-1])["type"] == "event"


def test_ctrl_c_ends_it_without_a_traceback(site: Site) -> None:
    process = watching(site)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--port", str(free_port())], "can not be reached"),
        (["--ca", "/nowhere/ca.pem"], "/nowhere/ca.pem can not be read"),
        (["--host", ""], "--host"),
    ],
)
def test_what_is_wrong_is_one_message(options: list[str], said: str) -> None:
    result = CliRunner().invoke(cli.app, ["watch", *options])
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
