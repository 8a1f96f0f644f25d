"""Events that can not be stored wait in memory, in order, and are stored as soon as it goes: a real outbox."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from edge.agent.mail import Mail
from edge.clock import ManualClock
from edge.delivery.contract import Model
from edge.delivery.dispatch import Dispatch
from edge.delivery.entries import Kind
from edge.delivery.outbox import Outbox
from edge.delivery.place import Place
from tests.edge.delivery.builders import TOPICS, make_event

MODEL = Model(name="fire-smoke", version="1", sha256="0" * 64)


def mail_into(outbox: Outbox, clock: ManualClock, live: tuple[str, ...] = ()) -> Mail:
    event = make_event()
    places = {event.source: Place(building="Warehouse 3")}
    return Mail(
        Dispatch(outbox, TOPICS),
        places,
        lambda source, rule: {(event.source, event.rule): MODEL}.get((source, rule)),
        live,
        clock,
    )


def stored(outbox: Outbox) -> list[dict[str, object]]:
    return [json.loads(e.payload or b"")["data"] for e in outbox.waiting() if e.kind is Kind.EVENT]


def fill(outbox: Outbox) -> None:
    """No page more, as on a full disk."""
    outbox._disk.database.execute("PRAGMA max_page_count = 1").fetchall()


def free(outbox: Outbox) -> None:
    outbox._disk.database.execute("PRAGMA max_page_count = 1000000").fetchall()


def many(count: int, first: int = 1) -> list[int]:
    return list(range(first, first + count))


def test_an_event_goes_out_with_its_place_and_model(tmp_path: Path) -> None:
    with Outbox(tmp_path / "o.db") as outbox:
        mail_into(outbox, ManualClock()).send(make_event())
        (data,) = stored(outbox)
    assert data["place"] == {"building": "Warehouse 3"}
    assert data["model"] == MODEL.model_dump()
    assert "delay_s" not in data  # the frame's time is media time: it says nothing of now


def test_the_delay_of_a_live_source_is_told(tmp_path: Path) -> None:
    event = make_event()
    clock = ManualClock(monotonic=event.time_s + 0.25)
    with Outbox(tmp_path / "o.db") as outbox:
        mail_into(outbox, clock, live=(event.source,)).send(event)
        assert stored(outbox)[0]["delay_s"] == pytest.approx(0.25)


def test_a_full_disk_holds_events_in_memory_and_in_order(tmp_path: Path) -> None:
    clock = ManualClock()
    with Outbox(tmp_path / "o.db") as outbox:
        mail = mail_into(outbox, clock)
        fill(outbox)
        sequences = many(60)
        for sequence in sequences:
            mail.send(make_event(sequence=sequence))
        assert mail.held == 0  # the outbox keeps them in memory, and sends them from there
        assert outbox.unstored > 0
        free(outbox)
        time.sleep(1.1)  # tried once a second
        mail.retry()
        assert (outbox.unstored, outbox.disk_error) == (0, None)
        assert [data["sequence"] for data in stored(outbox)] == sequences


def test_what_a_damaged_outbox_does_not_take_goes_into_a_new_one(tmp_path: Path) -> None:
    clock = ManualClock()
    with Outbox(tmp_path / "broken.db") as broken, Outbox(tmp_path / "fresh.db") as fresh:
        mail = mail_into(broken, clock)
        mail.damaged = True
        for sequence in many(60):
            mail.send(make_event(sequence=sequence))
        assert mail.held == 60
        assert mail.hand_over(Dispatch(fresh, TOPICS)) == 0
        assert [data["sequence"] for data in stored(fresh)] == many(60)
