"""The demo's verdict: exactly what was expected, with the right digests, or not passed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from rich.console import Console

from edge.delivery.compose import cloud_event
from edge.delivery.contract import Evidence, utc
from edge.delivery.shelf import Slot
from edge.delivery.subscriber import ReceivedEvent, ReceivedEvidence
from edge.demo.show import Show
from edge.demo.verdict import CLIP, Expected, Tally, read_expected
from edge.demo.words import Words
from pipelines.events import Phase
from pipelines.hazards import HazardKind
from tests.edge.delivery.builders import TOPICS, make_event

FIRE = {"kind": HazardKind.FIRE, "source": "yard", "zone": None, "drill": True}
EXPECTED = (
    Expected(source="yard", hazard=HazardKind.FIRE, zone=None, drill=True),
    Expected(source="gate", hazard=HazardKind.RESTRICTED_ZONE, zone="lawn", drill=False),
)
LAWN = {"kind": HazardKind.RESTRICTED_ZONE, "source": "gate", "zone": "lawn", "drill": False}


def received(incident: str, **more: object) -> ReceivedEvent:
    event = make_event(incident=incident, **more)
    sent = event.captured_s + 0.5
    whole = cloud_event(event, topics=TOPICS, slot=Slot(1), sent_at=utc(sent), delay_s=0.5, lang="en")
    return ReceivedEvent(whole, sent + 0.1, repeated=False)


def proof(incident: str, name: str, content: bytes = b"picture", announced: bytes = b"picture") -> ReceivedEvidence:
    topic = TOPICS.evidence(incident, name)
    digest = hashlib.sha256(announced).hexdigest()
    descriptor = Evidence(name=name, topic=topic, media_type="image/jpeg", bytes=len(announced), sha256=digest)
    return ReceivedEvidence(topic, incident, name, content, descriptor, 0.0)


@pytest.mark.parametrize(
    ("arrived", "missing", "unexpected"),
    [
        pytest.param([FIRE, LAWN], 0, 0, id="exactly what was expected"),
        pytest.param([FIRE, LAWN, FIRE], 0, 0, id="one of them twice"),
        pytest.param([FIRE], 1, 0, id="one missing"),
        pytest.param([FIRE, LAWN, {**LAWN, "kind": HazardKind.SMOKE}], 0, 1, id="another hazard"),
        pytest.param([FIRE, {**LAWN, "source": "yard"}], 1, 1, id="at another camera"),
        pytest.param([FIRE, {**LAWN, "zone": "path"}], 1, 1, id="in another zone"),
        pytest.param([{**FIRE, "drill": False}, LAWN], 1, 1, id="a drill that does not say so"),
        pytest.param([FIRE, {**LAWN, "phase": Phase.UPDATE}], 1, 0, id="an update is no alarm"),
        pytest.param([], 2, 0, id="nothing"),
    ],
)
def test_verdict(tmp_path: Path, arrived: list[dict[str, object]], missing: int, unexpected: int) -> None:
    tally = Tally(EXPECTED, tmp_path)
    for number, what in enumerate(arrived):
        tally.event(received(f"incident-{number}", **what))
    assert (len(tally.missing), len(tally.unexpected)) == (missing, unexpected)
    assert tally.passed is (missing + unexpected == 0)


def test_a_wrong_digest_fails_it(tmp_path: Path) -> None:
    tally = Tally(EXPECTED, tmp_path)
    tally.event(received("a", **FIRE))
    tally.event(received("b", **LAWN))
    saved = tally.evidence(proof("a", "open-full.jpg"))
    assert saved is not None
    assert saved[1].read_bytes() == b"picture"
    assert tally.passed
    tally.evidence(proof("b", "open-full.jpg", content=b"forged"))
    assert [path.name for path in tally.forged] == ["open-full.jpg"]
    assert not tally.passed


def test_complete_asks_for_a_clip_of_each(tmp_path: Path) -> None:
    tally = Tally(EXPECTED, tmp_path)
    tally.event(received("a", **FIRE))
    tally.event(received("b", **LAWN))
    tally.evidence(proof("a", CLIP))
    assert not tally.complete
    tally.evidence(proof("b", CLIP))
    assert tally.complete


def test_evidence_of_nothing_that_arrived_is_left(tmp_path: Path) -> None:
    assert Tally(EXPECTED, tmp_path).evidence(proof("stranger", CLIP)) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("lang", "texts"), [("en", ("Fire", "missing")), ("zh", ("火焰", "未收到"))])
def test_the_table_names_what_arrived_and_what_is_missing(tmp_path: Path, lang: str, texts: tuple[str, ...]) -> None:
    tally = Tally(EXPECTED, tmp_path)
    show = Show(Words(lang), tally)
    show.console = Console(width=110, record=True, file=(tmp_path / "out").open("w"))
    opened = tally.event(received("a", **FIRE))
    assert opened is not None
    show.opened(opened, 3.0)
    tally.evidence(proof("a", "open-annotated.jpg"))
    show.saved(opened, "open-annotated.jpg")
    show.table()
    show.console.file.close()
    text = show.console.export_text()
    assert all(word in text for word in (*texts, "fire", "restricted_zone", "600 ms", "gate / lawn"))


def test_every_text_is_there_in_both_languages() -> None:
    from edge.demo.words import _WORDS

    assert set(_WORDS["en"]) == set(_WORDS["zh"])
    assert len(_WORDS["en"]["columns"]) == len(_WORDS["zh"]["columns"])


def test_the_bundled_list_can_be_read(root: Path) -> None:
    expected = read_expected(root / "datasets" / "demo" / "expected.yaml")
    assert {e.hazard for e in expected} == {
        HazardKind.RESTRICTED_ZONE,
        HazardKind.BLOCKED_EXIT,
        HazardKind.SMOKE,
        HazardKind.FIRE,
    }
