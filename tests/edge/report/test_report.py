"""A shift as the journal tells it: incidents, handling, blindness, coverage; as Markdown and as a page."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC
from html.parser import HTMLParser
from pathlib import Path

import pytest

from edge.coverage.incidents import CoverageIncidents
from edge.delivery.dispatch import Dispatch
from edge.delivery.outbox import Outbox
from edge.delivery.reading import read_journal
from edge.report.gather import Shift, gather, read_switched
from edge.report.pages import Pages
from pipelines.coverage import ViewFault
from pipelines.events import Care, Condition, Handling, Phase
from tests.edge.delivery.builders import CAPTURED_S, PLACE, TOPICS, make_event

HOURS = {"gate-3": {"2026-11-21T23:00Z": 1.0, "2026-11-22T00:00Z": 0.5}}


def line(key: str, status: str = "successful", **result: object) -> str:
    said = {"rules": ["gate-3/fire"], "to": "observe", "until": "2026-11-22T02:00:00Z", **result}
    state = {"status": status, "time": "2026-11-22T00:00:00Z", "result": said}
    return json.dumps({"key": key, "digest": "0", "state": state})


COMMANDS = "\n".join(
    [
        line("mute/1", by="grid 7"), line("mute/1", by="grid 7"), line("rules/2", to="off"), line("resend/3"),
        line("mute/4", "refused"), line("mute/5", until="soon"), line("mute/6", until="2026-11-20T00:00:00Z"),
        "[]", "{",
    ]
)  # fmt: skip


@pytest.fixture
def shift(tmp_path: Path) -> Shift:
    path = tmp_path / "outbox.db"
    with Outbox(path) as outbox:
        dispatch = Dispatch(outbox, TOPICS)
        fire = make_event()
        dispatch.send(fire, place=PLACE, delay_s=0.2)
        said = replace(fire, sequence=2, phase=Phase.HANDLING, handling=Handling.ACKNOWLEDGED, care=Care(overdue=True))
        cleared = replace(
            said, sequence=3, phase=Phase.CLEARED, condition=Condition.CLEARED, captured_s=CAPTURED_S + 60
        )
        closed = replace(cleared, sequence=4, phase=Phase.HANDLING, handling=Handling.CLOSED)
        for event in (said, cleared, closed):
            dispatch.send(event, place=PLACE)
        dispatch.send(make_event(incident="drilled", drill=True))
        dispatch.send(make_event(incident="long ago", captured_s=CAPTURED_S - 10 * 86_400))
        dispatch.send(
            make_event(incident="long ago", sequence=2, phase=Phase.CLEARED, condition=Condition.CLEARED,
                       captured_s=CAPTURED_S - 9 * 86_400)
        )  # fmt: skip
        faults = CoverageIncidents(outbox, TOPICS, {}, "en", iter("abc").__next__, lambda: CAPTURED_S + 5)
        faults.tell("gate-3", ViewFault.FROZEN, "still", 0.0)
        faults.end("gate-3", ViewFault.FROZEN)
    status = {
        "sources": [{"name": "gate-3", "frames": 10, "drops": 2}],
        "details": {"sources": {"gate-3": {"dropped_late": 3, "inspection_interval_s": 0.4}}},
    }
    return gather([*read_journal(path), b"{}"], HOURS, status, CAPTURED_S - 6 * 3600, CAPTURED_S + 6 * 3600, COMMANDS)


def test_what_a_shift_came_to(shift: Shift) -> None:
    real, drilled = shift.cases
    assert (real.handling, real.overdue, real.ended_s, real.delay_s) == (Handling.CLOSED, True, CAPTURED_S + 60, 0.2)
    assert drilled.drill
    assert drilled.ended_s is None
    (told,) = shift.by_enterprise().items()
    assert told[0] == PLACE.enterprise.name if PLACE.enterprise else False
    assert (told[1].pushed, told[1].acknowledged, told[1].verified, told[1].overdue) == (1, 1, 1, 1)
    (blind,) = shift.blind
    assert (blind.source, blind.title["en"], blind.until_s) == ("gate-3", "Picture frozen", CAPTURED_S + 5)
    assert shift.unreadable == 1
    assert [(each.rules, each.to, each.by) for each in shift.switched] == [
        (("gate-3/fire",), "observe", "grid 7"), (("gate-3/fire",), "off", ""),
    ]  # fmt: skip


def test_switches_that_are_not_understood_are_left_out() -> None:
    assert len(read_switched(COMMANDS)) == 3
    assert read_switched("") == []


@pytest.mark.parametrize(
    ("lang", "words"), [("en", ("Shift report", "Overdue", "closed !")), ("zh", ("值班报告", "逾期", "已闭环 !"))]
)
def test_the_markdown_has_it_all(shift: Shift, lang: str, words: tuple[str, ...]) -> None:
    text = Pages(shift, "plant-1", lang, UTC).markdown()
    assert all(word in text for word in words)
    assert "█" in text
    assert "75.0% (2026-11-21 23:00 – 2026-11-22 00:00)" in text
    rows = [line for line in text.splitlines() if line.startswith("| 2026-11-22")]
    assert len(rows) == 4  # two incidents, two switches


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.outside += [value for key, value in attrs if key in ("src", "href") and value]
        if tag not in ("meta", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(shift: Shift) -> None:
    cases = tuple(replace(case, source="<script>alert(1)</script>") for case in shift.cases)
    tags = Tags()
    tags.feed(Pages(replace(shift, cases=cases), "plant-1 <b>", "zh", UTC).html())
    assert tags.open == []
    assert tags.outside == []
    assert "script" not in tags.seen
    assert tags.seen.count("table") == 5
    assert tags.seen.count("svg") == 1
