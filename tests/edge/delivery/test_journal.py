"""What happens to an event after the broker has it: the journal, the platform's answer, sending again, the chain."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from edge.delivery.database import _LAYOUT_1
from edge.delivery.outbox import Outbox, Slot
from tests.edge.delivery.builders import make_evidence, put
from tests.edge.delivery.test_outbox import drain


class Time:
    """A wall clock to be set."""

    def __init__(self) -> None:
        self.now_s = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def now() -> Time:
    return Time()


@pytest.fixture
def confirmed(tmp_path: Path, now: Time) -> Outbox:
    return Outbox(tmp_path / "outbox.db", now=now, confirm_s=60)


def recall(outbox: Outbox) -> int:
    outbox._recalled_s = float("-inf")
    return outbox.recall()


def test_an_event_that_nobody_confirms_is_sent_again_byte_for_byte(confirmed: Outbox, now: Time) -> None:
    put(confirmed, "a")
    (first,) = confirmed.next_entries(1)
    confirmed.done([first])
    assert confirmed.next_entries(1) == []
    assert confirmed.numbers().unconfirmed == 1
    now.now_s += 59
    assert recall(confirmed) == 0
    now.now_s += 2
    assert recall(confirmed) == 1
    (again,) = confirmed.next_entries(1)
    assert (again.payload, again.topic, again.number) == (first.payload, first.topic, first.number)


def test_each_wait_is_twice_as_long_up_to_an_hour(confirmed: Outbox, now: Time) -> None:
    put(confirmed, "a")
    waits = []
    for _ in range(8):
        drain(confirmed)
        began_s = now.now_s
        while recall(confirmed) == 0:
            now.now_s += 10
        waits.append(now.now_s - began_s)
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_confirmed_event_is_never_sent_again(confirmed: Outbox, now: Time) -> None:
    put(confirmed, "a")
    put(confirmed, "b")
    drain(confirmed)
    assert confirmed.answered("a", 1, 0)
    assert confirmed.answered("b", 1, 7)  # refused is an answer too
    now.now_s += 10_000
    assert recall(confirmed) == 0
    assert confirmed.numbers().lowest_waiting is None


def test_the_platform_may_answer_before_the_broker_does(confirmed: Outbox, now: Time) -> None:
    put(confirmed, "a")
    under_way = confirmed.next_entries(1)
    assert confirmed.answered("a", 1, 0)
    confirmed.done(under_way)
    now.now_s += 10_000
    assert recall(confirmed) == 0
    assert confirmed.count() == 0


def test_an_answer_to_nothing_is_said_so(confirmed: Outbox) -> None:
    assert not confirmed.answered("never", 1, 0)


def test_a_clock_that_is_set_back_keeps_nothing_waiting(confirmed: Outbox, now: Time) -> None:
    put(confirmed, "a")
    drain(confirmed)
    now.now_s -= 86_400
    assert recall(confirmed) == 1


def test_the_journal_survives_and_is_asked_for_by_number(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with Outbox(path) as outbox:
        for sequence in range(1, 6):
            put(outbox, "a", sequence)
        drain(outbox)
    with Outbox(path) as outbox:
        assert outbox.resend(3, 4) == 2
        assert outbox.resend(3, 4) == 0  # they wait already
        put(outbox, "b", severity=1)
        assert drain(outbox) == ["b1", "a3", "a4"]  # what is new goes first, however mild
        assert outbox.resend(1, 10**9) == 6


def test_many_are_sent_again_without_holding_up_an_alarm(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.db") as outbox:
        for number in range(1200):
            put(outbox, f"i{number:04}")
        drain(outbox, room=20)
        assert outbox.resend(1, 1200) == 1200
        put(outbox, "new", severity=1)
        assert [entry.incident for entry in outbox.next_entries(2)] == ["new", "i0000"]


def test_the_journal_is_kept_for_thirty_days(confirmed: Outbox, now: Time) -> None:
    put(confirmed, "old")
    put(confirmed, "unconfirmed")
    drain(confirmed)
    confirmed.answered("old", 1, 0)
    now.now_s += 31 * 86_400
    put(confirmed, "new")
    drain(confirmed)
    assert confirmed.resend(1, 10) == 2  # the one that nobody confirmed stays, whatever its age


def test_numbers_tell_what_has_not_arrived(confirmed: Outbox, tmp_path: Path) -> None:
    assert confirmed.numbers().highest == 0
    put(confirmed, "a", severity=1, evidence=[make_evidence(tmp_path, "one.jpg")])
    put(confirmed, "b", severity=4)
    assert confirmed.numbers().lowest_waiting == 1
    confirmed.done(confirmed.next_entries(1))  # b goes first
    confirmed.answered("b", 1, 0)
    assert (confirmed.numbers().lowest_waiting, confirmed.numbers().highest) == (1, 2)
    drain(confirmed)
    assert confirmed.numbers().lowest_waiting == 1  # the broker has it, the platform has said nothing
    confirmed.answered("a", 1, 0)
    assert confirmed.numbers().lowest_waiting is None


def slots_of(outbox: Outbox, *names: str) -> list[Slot]:
    from edge.delivery.entries import Outgoing

    taken: list[Slot] = []

    def compose(slot: Slot) -> bytes:
        taken.append(slot)
        return f"payload {slot.number}".encode()

    for name in names:
        outbox.put_event(Outgoing(name, 1, 1, "event", "application/json"), compose)
    return taken


def test_each_event_names_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    with Outbox(path) as outbox:
        first, second = slots_of(outbox, "a", "b")
    with Outbox(path) as outbox:
        (third,) = slots_of(outbox, "c")
    assert first == Slot(1)
    assert second == Slot(2, 1, hashlib.sha256(b"payload 1").hexdigest())
    assert third == Slot(3, 2, hashlib.sha256(b"payload 2").hexdigest())


def full(outbox: Outbox, on: bool) -> None:
    outbox._disk.database.execute(f"PRAGMA max_page_count = {1 if on else 100_000}").fetchall()
    outbox._stored_s = float("-inf")


def test_a_full_disk_silences_nothing_and_gets_everything_later(tmp_path: Path, now: Time) -> None:
    path = tmp_path / "outbox.db"
    with Outbox(path, now=now) as outbox:
        put(outbox, "a", 1, state=False)
        put(outbox, "b", 1, state=False)
        full(outbox, on=True)
        raised = ["a"] * 40
        numbers = [put(outbox, name, 2 + k, severity=4, state=False) for k, name in enumerate(raised)]
        assert outbox.unstored > 0
        put(outbox, "b", 2, state=True)
        put(outbox, "c", 1, severity=1, state=False)
        assert sorted(outbox.active()) == ["a", "c"]
        order = drain(outbox, room=3)
        assert [name for name in order if name[0] == "a" and "=" not in name] == [f"a{k}" for k in range(1, 42)]
        full(outbox, on=False)
        outbox.store_spare()
        assert (outbox.unstored, outbox.disk_error) == (0, None)
        assert put(outbox, "d") > max(numbers)
    with Outbox(path, now=now) as outbox:
        assert sorted(outbox.active()) == ["a", "c"]
        assert outbox.last_sequence("a") == 41
        drain(outbox)
        assert outbox.resend(1, 2**62) == 45  # every event is in the journal, once


def test_a_message_under_way_from_memory_is_not_sent_twice(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.db") as outbox:
        full(outbox, on=True)
        for k in range(1, 60):
            put(outbox, "a", k)
        while (under_way := outbox.next_entries(1))[0].sequence != 59:
            outbox.done(under_way)
        full(outbox, on=False)
        outbox.store_spare()
        assert outbox.next_entries(5, under_way) == []
        outbox.done(under_way)
        assert outbox.count() == 0


def test_numbers_from_memory_are_never_given_again_after_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = Outbox(path)
    put(outbox, "a")
    full(outbox, on=True)
    from_memory = {put(outbox, "b", k) for k in range(1, 80)}
    outbox._spare = None  # the process is killed: what was in memory is gone
    outbox.close()
    with Outbox(path) as outbox:
        assert not {put(outbox, "c", k) for k in range(1, 80)} & from_memory - set(range(1000))


def test_what_the_disk_does_not_take_at_the_end_is_handed_back(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "one.db")
    full(outbox, on=True)
    for k in range(1, 80):
        put(outbox, "a", k)
    left = outbox.close()
    assert left is not None
    with Outbox(tmp_path / "two.db") as other:
        other.adopt(left)
        assert other.last_sequence("a") == 79


def test_an_outbox_of_the_first_layout_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    old = sqlite3.connect(path)
    old.executescript(f"BEGIN; {_LAYOUT_1} PRAGMA user_version = 1; COMMIT;")
    old.execute("INSERT INTO events (incident, sequence) VALUES ('a', 1)")
    old.execute(
        "INSERT INTO entries (number, kind, incident, sequence, severity, topic, payload, media_type, stored_s)"
        " VALUES (1, 'event', 'a', 1, 2, 'event', x'78', 'application/json', 0)"
    )
    old.execute("INSERT INTO ranks VALUES ('a', 2, 1)")
    old.commit()
    old.close()
    with Outbox(path) as outbox:
        assert slots_of(outbox, "b") == [Slot(2, 1, None)]
        assert drain(outbox) == ["a1", "b1"]
