from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from calibration.errors import DeliveryError
from edge.delivery.entries import Entry, Kind
from edge.delivery.outbox import Outbox, Slot
from edge.delivery.reading import read_waiting
from tests.edge.delivery.builders import make_evidence, put


def names(entries: list[Entry]) -> list[str]:
    """Entries in a form that a person can compare: `a1` an event, `a1=` a state, `a1:open.jpg` a picture."""
    tails = {Kind.EVENT: "", Kind.STATE: "="}
    return [
        f"{entry.incident}{entry.sequence}" + (f":{entry.topic.rsplit('/')[-1]}" if entry.path else tails[entry.kind])
        for entry in entries
    ]


def drain(outbox: Outbox, room: int = 1) -> list[str]:
    """Everything in the order in which a broker that acknowledges at once would get it."""
    order: list[str] = []
    while entries := outbox.next_entries(room):
        order += names(entries)
        outbox.done(entries)
    return order


def test_an_event_is_on_disk_when_the_call_returns(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from edge.delivery.outbox import Outbox\n"
        "from tests.edge.delivery.builders import put\n"
        "put(Outbox(Path(sys.argv[1])), 'a'); os.kill(os.getpid(), 9)"  # nothing is closed, nothing is flushed
    )
    path = tmp_path / "outbox.sqlite"
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -9
    with Outbox(path) as outbox:
        assert [entry.payload for entry in outbox.waiting()] == [b"a/1 no. 1"]


def test_every_commit_is_synchronous(outbox: Outbox) -> None:
    assert outbox._disk.database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert outbox._disk.database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_severe_first_then_old(outbox: Outbox) -> None:
    for incident, severity in (("a", 1), ("b", 3), ("c", 4), ("d", 3)):
        put(outbox, incident, severity=severity)
    assert drain(outbox) == ["c1", "b1", "d1", "a1"]


def test_a_severe_event_pulls_the_earlier_ones_of_its_incident_along(outbox: Outbox) -> None:
    put(outbox, "a", severity=1)
    put(outbox, "b", severity=3)
    put(outbox, "a", sequence=2, severity=4)  # waits for a1, so a1 must not wait for b1
    assert drain(outbox) == ["a1", "a2", "b1"]


def test_one_message_of_an_incident_at_a_time(outbox: Outbox) -> None:
    for sequence in (1, 2):
        put(outbox, "a", sequence)
    put(outbox, "b")
    under_way = outbox.next_entries(10)
    assert names(under_way) == ["a1", "b1"]
    assert outbox.next_entries(10, under_way) == []
    outbox.done(under_way[:1])
    assert names(outbox.next_entries(10, under_way[1:])) == ["a2"]


def test_a_held_entry_holds_its_incident_and_no_other(outbox: Outbox) -> None:
    for incident in ("a", "a", "b"):
        put(outbox, incident, sequence=outbox.count() + 1)
    (first, *_) = outbox.next_entries(1)
    assert names(outbox.next_entries(10, held=[first])) == ["b3"]


def test_the_state_follows_its_event_and_pictures_come_last(outbox: Outbox, tmp_path: Path) -> None:
    put(outbox, "a", state=False, evidence=[make_evidence(tmp_path, "open.jpg"), make_evidence(tmp_path, "open.mp4")])
    put(outbox, "b", severity=1, state=False)
    put(outbox, "a", 2, state=True)
    assert drain(outbox) == ["a1", "a1=", "a2", "a2=", "b1", "b1=", "a1:open.jpg", "a1:open.mp4"]


def test_a_picture_waits_until_no_message_is_left(outbox: Outbox, tmp_path: Path) -> None:
    put(outbox, "a", evidence=[make_evidence(tmp_path, "one.jpg"), make_evidence(tmp_path, "two.jpg")])
    event = outbox.next_entries(10)
    assert names(event) == ["a1"]
    assert outbox.next_entries(10, event) == []  # the event has to be there first
    outbox.done(event)
    picture = outbox.next_entries(10)
    assert names(picture) == ["a1:one.jpg"]
    assert outbox.next_entries(10, picture) == []  # one at a time
    put(outbox, "b")
    assert names(outbox.next_entries(10, picture)) == ["b1"]  # an alarm goes beside it


def test_a_held_message_holds_the_pictures_of_its_event_and_no_others(outbox: Outbox, tmp_path: Path) -> None:
    put(outbox, "a", evidence=[make_evidence(tmp_path, "a.jpg")])
    put(outbox, "b", evidence=[make_evidence(tmp_path, "b.jpg")])
    held, sent = outbox.next_entries(2)
    outbox.done([sent])
    assert names(outbox.next_entries(10, held=[held])) == ["b1:b.jpg"]


def test_a_state_payload_is_the_event_or_nothing(outbox: Outbox) -> None:
    put(outbox, "a", state=False)
    put(outbox, "a", 2, state=True)
    states = {entry.sequence: entry for entry in outbox.waiting() if entry.kind is Kind.STATE}
    assert states[1].payload == b"a/1 no. 1"
    assert states[2].payload == b""
    assert all(state.retain for state in states.values())
    assert not any(entry.retain for entry in outbox.waiting() if entry.kind is not Kind.STATE)


def test_active_is_what_the_platform_still_believes(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    with Outbox(path) as outbox:
        put(outbox, "a", state=False)
        put(outbox, "b", state=False)
        put(outbox, "a", 2, state=False)
        put(outbox, "b", 2, state=True)
        drain(outbox)
    with Outbox(path) as outbox:
        assert outbox.active() == {"a": b"a/2 no. 3"}


def test_an_event_handed_over_late_brings_no_old_state_back(outbox: Outbox) -> None:
    put(outbox, "a", 1, state=False)
    put(outbox, "a", 3, state=True)
    put(outbox, "a", 2, state=False)  # its thread was slower
    assert outbox.active() == {}
    assert drain(outbox) == ["a1", "a1=", "a2", "a3", "a3="]


@pytest.mark.parametrize("sent", [False, True], ids=["still waiting", "already sent"])
def test_handing_over_again_changes_nothing(outbox: Outbox, sent: bool) -> None:
    number = put(outbox, "a", state=False)
    if sent:
        drain(outbox)
    before = outbox.waiting()
    assert put(outbox, "a", state=False) == number
    assert outbox.waiting() == before


def test_numbers_rise_and_are_never_used_twice(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    with Outbox(path) as outbox:
        assert [put(outbox, "a", sequence) for sequence in (1, 2, 3)] == [1, 2, 3]
        drain(outbox)
    with Outbox(path) as outbox:
        assert put(outbox, "a", 4) == 4


def test_sessions_rise_also_when_the_clock_is_set_back(tmp_path: Path) -> None:
    now_s = 1000.0
    with Outbox(tmp_path / "outbox.sqlite", now=lambda: now_s) as outbox:
        first = outbox.next_session()
        now_s = 10.0
        assert outbox.next_session() == first + 1
        now_s = 5000.0
        assert outbox.next_session() == 5000


def test_files_that_wait_are_named_so_that_nobody_removes_them(outbox: Outbox, tmp_path: Path) -> None:
    file = make_evidence(tmp_path)
    put(outbox, "a", evidence=[file])
    assert outbox.files() == {file.path}
    drain(outbox)
    assert outbox.files() == frozenset()


def test_what_can_not_be_composed_leaves_no_trace(outbox: Outbox) -> None:
    from edge.delivery.entries import Outgoing

    def fail(slot: Slot) -> bytes:
        raise ValueError("no payload")

    with pytest.raises(ValueError, match="no payload"):
        outbox.put_event(Outgoing("a", 1, 1, "event", "application/json"), fail)
    assert outbox.count() == 0
    assert put(outbox, "a") == 1


def test_a_full_disk_is_said_and_events_go_on_from_memory(outbox: Outbox) -> None:
    pages = outbox._disk.database.execute("PRAGMA page_count").fetchone()[0]
    outbox._disk.database.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own way of a full disk
    numbers = [put(outbox, "a", sequence) for sequence in range(1, 100)]
    assert outbox.unstored > 0
    assert "full" in str(outbox.disk_error)
    assert outbox.count() == 99
    assert sorted(set(numbers)) == numbers


def test_from_many_threads(outbox: Outbox) -> None:
    def raise_some(name: str) -> None:
        for sequence in range(1, 21):
            put(outbox, name, sequence)

    threads = [threading.Thread(target=raise_some, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(entry.number for entry in outbox.waiting()) == list(range(1, 81))


def test_a_second_agent_is_kept_out(outbox: Outbox) -> None:
    with pytest.raises(DeliveryError, match="in use"):
        Outbox(outbox.path)


def test_reading_beside_a_running_agent(outbox: Outbox) -> None:
    put(outbox, "a")
    assert names(read_waiting(outbox.path)) == ["a1"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no outbox here"), (b"not a database at all, but long enough to look like one" * 9, "damaged")],
)
def test_reading_what_is_not_there(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "outbox.sqlite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DeliveryError, match=said):
        read_waiting(path)


def test_a_newer_layout_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(DeliveryError, match="newer Lookout"):
        Outbox(path)
    assert [found.name for found in tmp_path.iterdir() if "damaged" in found.name] == []


def test_a_closed_outbox_says_so(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    outbox.close()
    outbox.close()
    with pytest.raises(DeliveryError, match="closed"):
        outbox.count()


def test_a_folder_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DeliveryError, match="can not be opened"):
        Outbox(tmp_path / "file" / "outbox.sqlite")


def test_the_last_sequence_of_an_incident_is_remembered_after_it_has_left(tmp_path: Path) -> None:
    path = tmp_path / "o.sqlite"
    with Outbox(path) as outbox:
        for sequence in (1, 3, 2):
            put(outbox, "a", sequence=sequence, state=False)
        put(outbox, "b", sequence=8)
        drain(outbox)
    with Outbox(path) as outbox:
        assert [outbox.last_sequence(incident) for incident in "abc"] == [3, 8, 0]
