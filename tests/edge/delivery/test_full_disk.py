"""A disk of two megabytes that fills: every alarm arrives all the same, and is stored when there is room again."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.delivery.dispatch import Dispatch
from edge.delivery.outbox import Outbox
from edge.delivery.reading import read_journal
from edge.delivery.uplink import Uplink
from tests.edge.delivery.builders import TOPICS, make_event
from tests.edge.delivery.conftest import settings_for, wait_for
from tests.edge.delivery.listener import Listener
from tests.edge.delivery.mosquitto import Mosquitto


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 2 MB; skips where this machine does not let one be made."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "lookout-test", str(folder)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.slow
def test_alarms_go_on_over_a_full_disk(small: Path, mosquitto: Mosquitto) -> None:
    path = small / "outbox.db"
    with Outbox(path) as outbox, Listener(mosquitto.port, TOPICS.event) as listener:
        uplink, stop = Uplink(settings_for(mosquitto.port), outbox, TOPICS), threading.Event()
        thread = threading.Thread(target=uplink.run, args=(stop, lambda: None), daemon=True)
        thread.start()
        dispatch = Dispatch(outbox, TOPICS)
        wait_for(lambda: uplink.connected, "connection")
        ballast = small / "pictures"
        ballast.write_bytes(b"x" * 1400000)
        raised = [f"i{number:04}" for number in range(200)]
        for incident in raised:
            dispatch.send(make_event(incident=incident))
        assert outbox.unstored > 0
        assert "full" in str(outbox.disk_error)
        wait_for(lambda: len({heard_id(one.payload) for one in listener.heard}) == 200, "every alarm", 30)
        ballast.unlink()  # old pictures give way
        wait_for(lambda: (outbox.store_spare(), outbox.unstored == 0)[1], "room", 10)
        wait_for(lambda: outbox.count() == 0, "an empty outbox", 30)
        stop.set()
        thread.join(10)
        assert outbox.disk_error is None
    numbers = [json.loads(payload)["data"]["number"] for payload in read_journal(path)]
    assert len(set(numbers)) == len(numbers)
    assert {json.loads(payload)["data"]["incident"] for payload in read_journal(path)} == set(raised)
    repeats = len(listener.heard) - 200
    assert repeats <= 60


def heard_id(payload: bytes) -> str:
    return str(json.loads(payload)["id"])
