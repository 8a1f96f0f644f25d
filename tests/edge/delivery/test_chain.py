from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge.delivery.chain import check_chain
from edge.delivery.dispatch import Dispatch
from edge.delivery.outbox import Outbox
from edge.delivery.reading import read_journal
from tests.edge.delivery.builders import TOPICS, make_event


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Five events of which three have been sent."""
    path = tmp_path / "outbox.db"
    with Outbox(path) as outbox:
        dispatch = Dispatch(outbox, TOPICS)
        for sequence in range(1, 6):
            dispatch.send(make_event(incident=f"i{sequence}"))
            if sequence == 3:
                while entries := outbox.next_entries(5):
                    outbox.done(entries)
    return path


def changed(payload: bytes) -> bytes:
    return payload.replace(b'"severity":4', b'"severity":1')


def test_a_whole_chain_is_sound(path: Path) -> None:
    checked = check_chain(read_journal(path))
    assert (checked.events, checked.first, checked.last, checked.faults, checked.gaps) == (5, 1, 5, (), ())


def test_repeats_and_order_do_not_matter(path: Path) -> None:
    payloads = read_journal(path)
    assert not check_chain([*payloads[::-1], payloads[2]]).faults


def test_a_changed_event_is_found(path: Path) -> None:
    payloads = read_journal(path)
    payloads[1] = changed(payloads[1])
    assert check_chain(payloads).faults == ("number 2: is not what number 3 says it was",)


def test_a_changed_repeat_is_found(path: Path) -> None:
    payloads = read_journal(path)
    assert "number 4: two events have it, and they differ" in check_chain([*payloads, changed(payloads[3])]).faults


def test_a_missing_event_is_a_gap_and_no_fault(path: Path) -> None:
    payloads = read_journal(path)
    checked = check_chain(payloads[:2] + payloads[3:])
    assert (checked.faults, checked.gaps) == ((), ((3, 3),))


def test_one_that_was_put_in_is_found(path: Path) -> None:
    payloads = read_journal(path)
    forged = json.loads(payloads[4])
    forged["data"]["number"] = 6
    forged["data"]["previous"] = {"number": 3, "sha256": forged["data"]["previous"]["sha256"]}
    assert check_chain([*payloads, json.dumps(forged).encode()]).faults


def test_the_command_says_so(path: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    payloads = read_journal(path)
    kept.write_bytes(b"\n".join([payloads[0], changed(payloads[1]), *payloads[2:]]))
    for where, code, said in ((path, 0, "no event was changed"), (kept, 1, "number 2: is not what number 3 says")):
        done = subprocess.run(
            [sys.executable, "-m", "edge.cli", "verify-log", str(where)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr
