"""What was active when the agent ended: read back from a real outbox, and gone on with by a real process."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.agent.resume import left_active, resume
from edge.clock import ManualClock
from edge.delivery.dispatch import Dispatch
from edge.delivery.entries import Kind
from edge.delivery.outbox import Outbox
from pipelines.events import Condition, Event, Mode, Phase
from pipelines.watch import Watch, WatchPlan
from tests.edge.agent.conftest import Running, write_site
from tests.edge.delivery.builders import INCIDENT, TOPICS, make_event, put
from tests.edge.delivery.listener import Listener, retained
from tests.edge.delivery.mosquitto import Mosquitto

ACTIVE = "lookout/v1/plant/edge/active/"


def stored(outbox: Outbox, clock: ManualClock, *events: Event, delay_s: float | None = None) -> None:
    dispatch = Dispatch(outbox, TOPICS, now=clock.now)
    for event in events:
        dispatch.send(event, delay_s=delay_s)


def test_the_last_event_is_read_back_with_times_of_today(tmp_path: Path) -> None:
    yesterday, today = ManualClock(), ManualClock(monotonic=50_000.0)
    event = make_event(sequence=3, phase=Phase.UPDATE, time_s=60.0, zone="gate", drill=True)
    with Outbox(tmp_path / "o.db") as outbox:
        stored(outbox, yesterday, make_event(), event, delay_s=0.5)
        today.advance(100.0)
        (found,) = left_active(outbox, today)
    assert found.time_s == pytest.approx(today.monotonic() - 100.5)
    same = ("incident", "sequence", "phase", "condition", "mode", "kind", "source", "rule", "zone", "severity", "drill")
    assert [getattr(found, name) for name in same] == [getattr(event, name) for name in same]
    for name in ("captured_s", "first_seen_captured_s", "alarm_captured_s"):
        assert getattr(found, name) == pytest.approx(getattr(event, name), abs=0.001)


@pytest.mark.parametrize("sent", [False, True])
def test_the_sequence_is_the_highest_ever_stored(tmp_path: Path, sent: bool) -> None:
    """The state may be older than the last event: here by an update that changed no state."""
    clock = ManualClock()
    with Outbox(tmp_path / "o.db") as outbox:
        stored(outbox, clock, make_event())
        put(outbox, INCIDENT, sequence=9)
        if sent:
            while entries := outbox.next_entries(10):
                outbox.done(entries)
        (found,) = left_active(outbox, clock)
    assert found.sequence == 9


def test_what_was_observed_or_cleared_is_not_taken_up(tmp_path: Path) -> None:
    clock = ManualClock()
    with Outbox(tmp_path / "o.db") as outbox:
        over = make_event(sequence=2, phase=Phase.CLEARED, condition=Condition.CLEARED)
        stored(outbox, clock, make_event(), over, make_event(incident="observed", mode=Mode.OBSERVE))
        assert left_active(outbox, clock) == ()


def test_an_event_that_nobody_understands_is_said_and_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    with Outbox(tmp_path / "o.db") as outbox:
        put(outbox, "of-another-time", state=False)
        stored(outbox, clock, make_event())
        assert [event.incident for event in left_active(outbox, clock)] == [INCIDENT]
        assert "of-another-time" in outbox.active()
    assert vars(caplog.records[0])["incident"] == "of-another-time"


@pytest.mark.parametrize(
    "event",
    [
        make_event(source="sold-camera"),
        make_event(rule="gone"),  # no view here has any rule
        make_event(drill=True),  # the drill has been taken down
    ],
)
def test_what_nobody_looks_for_is_cleared_at_once(tmp_path: Path, event: Event) -> None:
    clock = ManualClock()
    watches = {"gate-3": Watch(WatchPlan("gate-3", ()), str)}
    (over,) = resume([event], watches, drilled=())
    assert (over.incident, over.sequence, over.phase) == (event.incident, event.sequence + 1, Phase.CLEARED)
    with Outbox(tmp_path / "o.db") as outbox:
        stored(outbox, clock, event, over)
        assert outbox.active() == {}
        assert [e.payload for e in outbox.waiting() if e.kind is Kind.STATE][-1] == b""


def yard(root: Path, *fires: float) -> dict[str, Any]:
    """The yard again and again, as fast as it goes, with fires at these places from left to right."""
    items = [{"kind": "fire", "at": [x, 0.9], "size": 0.35, "start_s": 1, "grow_s": 1} for x in fires]
    return {
        "name": "yard", "url": str(root / "datasets" / "demo" / "yard.mp4"), "pace": "fast", "loop": True,
        "interval_s": 0.8, "rules": [{"rule": "fire", "clear_after_s": 2}],
        **({"drill": {"items": items}} if items else {}),
    }  # fmt: skip


def test_a_killed_agent_goes_on_with_its_incidents(
    tmp_path: Path, root: Path, run_agent: Callable[..., Running]
) -> None:
    with Mosquitto(tmp_path / "mosquitto") as broker, Listener(broker.port) as listener:

        def heard() -> list[dict[str, Any]]:
            return [json.loads(m.payload)["data"] for m in listener.heard if m.topic.endswith("/event")]

        def start(*fires: float) -> Running:
            return run_agent(write_site(tmp_path, broker.port, yard(root, *fires), model="fire-smoke"))

        def active() -> set[str]:
            return {topic.removeprefix(ACTIVE) for topic in retained(broker.port, f"{ACTIVE}#")}

        agent = start(0.25, 0.75)
        agent.until(lambda: len(active()) == 2, "two alarms")
        agent.end(signal.SIGKILL)
        opened = {e["incident"]: e for e in heard() if e["phase"] == "open"}
        left, right = sorted(opened, key=lambda incident: opened[incident]["bbox"][0])
        before = len(heard())

        # Both still burn: they go on, and nothing new is opened.
        agent = start(0.25, 0.75)
        agent.until(lambda: {e["incident"] for e in heard()[before:]} == {left, right}, "news of both")
        agent.end(signal.SIGKILL)

        # The right one is out. That is known only when it has been looked for.
        agent = start(0.25)
        agent.until(lambda: active() == {left}, "the clearing of the right one")
        agent.end(signal.SIGKILL)
        assert {e["incident"] for e in heard() if e["phase"] == "cleared"} == {right}

        # There is no drill any more.
        agent = start()
        agent.until(lambda: active() == set(), "the clearing of the left one")
        events = heard()

    for incident, first in opened.items():
        life = list({e["sequence"]: e for e in events if e["incident"] == incident}.values())
        assert [e["sequence"] for e in life] == list(range(1, len(life) + 1))
        assert [e["phase"] for e in life] == ["open", *["update"] * (len(life) - 2), "cleared"]
        assert {(e["first_seen"], e["alarm"], e["drill"]) for e in life} == {
            (first["first_seen"], first["alarm"], True)
        }
    assert {e["incident"] for e in events} == {left, right}
