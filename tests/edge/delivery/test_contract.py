"""Golden payloads: what went over the wire yesterday must go over it tomorrow, byte for byte.

After a change of the contract on purpose: `LOOKOUT_GOLDEN=write pytest tests/edge/delivery/test_contract.py`,
read the difference, and write it into the changelog.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import ValidationError

from edge.delivery.compose import cloud_event
from edge.delivery.contract import Ack, CloudEvent, Heartbeat, Payload, SourceStatus, Status, utc
from edge.delivery.schema import json_schema
from edge.delivery.shelf import Slot
from edge.delivery.topics import Topics
from edge.evidence.files import EvidenceFile
from pipelines.events import Condition, Handling, Mode, Phase
from pipelines.frame import Clock
from pipelines.hazards import HazardKind
from tests.edge.delivery.builders import CAPTURED_S, INCIDENT, MODEL, PLACE, TOPICS, make_event

GOLDEN = Path(__file__).parent / "golden"
STARTED = utc(CAPTURED_S - 3600)


def picture(name: str, media_type: str, size: int) -> EvidenceFile:
    return EvidenceFile(INCIDENT, name, Path(name), media_type, size, f"{size:064x}")


def composed(**changed: Any) -> CloudEvent:
    more = {key: changed.pop(key) for key in ("place", "evidence", "model", "delay_s") if key in changed}
    slot, lang = Slot(changed.pop("number", 1), *changed.pop("previous", ())), changed.pop("lang", "en")
    return cloud_event(
        make_event(**changed), topics=TOPICS, slot=slot, sent_at=utc(CAPTURED_S + 0.04), lang=lang, **more
    )


@dataclass(frozen=True)
class Case:
    schema: str
    payload: Payload


HEARTBEAT = Heartbeat(
    time=utc(CAPTURED_S),
    sources=(
        SourceStatus(name="gate-3", state="online", last_frame_age_s=0.12, frames=90_000, drops=12),
        SourceStatus(name="yard", state="lost", fault="no picture since 07:55"),
    ),
    outbox_waiting=2,
    faults=("source yard is lost",),
    details={"inspections_per_s": 4.2},
)

CASES = {
    # A fire with all that can be said of it, in Chinese.
    "event-open": Case(
        "CloudEvent",
        composed(
            lang="zh",
            place=PLACE,
            model=MODEL,
            delay_s=0.0397,
            evidence=[picture("open.jpg", "image/jpeg", 183_204), picture("open-annotated.jpg", "image/jpeg", 190_871)],
        ),
    ),
    # Late evidence of an incident that somebody has acknowledged.
    "event-update": Case(
        "CloudEvent",
        composed(
            sequence=2,
            number=2,
            phase=Phase.UPDATE,
            handling=Handling.ACKNOWLEDGED,
            captured_s=CAPTURED_S + 12,
            time_s=54.0,
            evidence=[picture("clip.mp4", "video/mp4", 2_104_388)],
        ),
    ),
    # The end of it, with nothing optional.
    "event-cleared": Case(
        "CloudEvent",
        composed(
            sequence=3,
            number=5,
            phase=Phase.CLEARED,
            condition=Condition.CLEARED,
            captured_s=CAPTURED_S + 61.5,
            time_s=103.5,
        ),
    ),
    # A drill, observed only, in a zone, by the clock of a recording.
    "event-drill-observed": Case(
        "CloudEvent",
        composed(
            kind=HazardKind.BLOCKED_EXIT,
            rule="east-exit",
            zone="east-exit",
            severity=2,
            mode=Mode.OBSERVE,
            drill=True,
            clock=Clock.FILE,
        ),
    ),
    "status-online": Case(
        "Status", Status(status="online", session=1795306078, version="0.1.0", started=STARTED, heartbeat=HEARTBEAT)
    ),
    # What the broker says in the agent's place.
    "status-lost": Case(
        "Status", Status(status="offline", session=1795306078, reason="lost", version="0.1.0", started=STARTED)
    ),
    "ack": Case("Ack", Ack(id=f"{INCIDENT}/1", result=0)),
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema()


def validator(schema: dict[str, Any], name: str) -> Draft202012Validator:
    rooted = {"$schema": schema["$schema"], "$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}
    return Draft202012Validator(rooted, format_checker=FormatChecker())


@pytest.mark.parametrize("name", CASES)
def test_payloads_are_golden(name: str) -> None:
    path = GOLDEN / f"{name}.json"
    found = CASES[name].payload.to_bytes() + b"\n"
    if os.environ.get("LOOKOUT_GOLDEN") == "write":
        path.write_bytes(found)
    assert found == path.read_bytes()


@pytest.mark.parametrize("name", CASES)
def test_golden_payloads_keep_the_schema(name: str, schema: dict[str, Any]) -> None:
    payload = json.loads((GOLDEN / f"{name}.json").read_bytes())
    validator(schema, CASES[name].schema).validate(payload)


@pytest.mark.parametrize("name", CASES)
def test_golden_payloads_are_read_back(name: str) -> None:
    case = CASES[name]
    assert type(case.payload).model_validate_json((GOLDEN / f"{name}.json").read_bytes()) == case.payload


def test_no_golden_payload_is_forgotten() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(CASES)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"extra": 1}, "extra"),  # unknown
        ({"severity": 5}, "severity"),  # out of range
        ({"drill": None}, "drill"),  # always present
        ({"bbox": [0.1, 0.2, 1.3, 0.4]}, "bbox"),  # outside the picture
        ({"first_seen": "2026-05-27 13:14:22"}, "first_seen"),  # no time zone
        ({"sequence": 0}, "sequence"),
    ],
)
def test_the_models_refuse_what_breaks_the_contract(change: dict[str, Any], where: str) -> None:
    payload = json.loads((GOLDEN / "event-open.json").read_bytes())
    payload["data"] = {key: value for key, value in (payload["data"] | change).items() if value is not None}
    with pytest.raises(ValidationError, match=where):
        CloudEvent.model_validate(payload)


@pytest.mark.parametrize("change", [{"extra": 1}, {"severity": 5}, {"sequence": 0}, {"bbox": [0.1, 0.2, 1.3, 0.4]}])
def test_the_schema_refuses_it_too(change: dict[str, Any], schema: dict[str, Any]) -> None:
    payload = json.loads((GOLDEN / "event-open.json").read_bytes())
    payload["data"] |= change
    assert not validator(schema, "CloudEvent").is_valid(payload)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json_schema())


def test_every_field_of_the_schema_is_described(schema: dict[str, Any]) -> None:
    silent = [
        f"{name}.{field}"
        for name, model in schema["$defs"].items()
        for field, value in model.get("properties", {}).items()
        if "description" not in value and "$ref" not in value
    ]
    assert silent == []


def test_the_cloud_event_is_whole() -> None:
    event = composed()
    assert event.id == f"{INCIDENT}/1"
    assert event.source == "/lookout/plant-1/edge-1/gate-3"
    assert event.type == "city.lookout.hazard.open"
    assert event.time == event.data.observed


def test_names_in_the_source_are_a_uri() -> None:
    assert composed(source="东门 1/2").source == "/lookout/plant-1/edge-1/%E4%B8%9C%E9%97%A8%201%2F2"


def test_times_are_those_of_the_frames() -> None:
    data = composed(captured_s=1000.0, time_s=50.0, alarm_s=48.0, first_seen_s=45.5).data
    assert [moment.timestamp() for moment in (data.first_seen, data.alarm, data.observed)] == [995.5, 998.0, 1000.0]


def test_a_rounding_error_does_not_cost_an_alarm() -> None:
    data = composed(box=(-1e-9, 0.2, 1.0000001, 0.4), score=1.0000001).data
    assert data.bbox == (0.0, 0.2, 1.0, 0.4)
    assert data.score == 1.0


@pytest.mark.parametrize("name", ["", "a/b", "a+", "#", "$SYS", "a\nb", "x" * 101])
def test_topics_refuse_what_is_no_level(name: str) -> None:
    with pytest.raises(ValueError, match="can not be part of a topic"):
        Topics(name, "edge-1")
    with pytest.raises(ValueError, match="can not be part of a topic"):
        TOPICS.active(name)


def test_the_table_of_topics_is_the_topics(schema: dict[str, Any]) -> None:
    topics = Topics("{site}", "{agent}")
    assert list(schema["x-topics"]) == [
        topics.status,
        topics.event,
        topics.coverage,
        topics.active("{incident}"),
        topics.evidence("{incident}", "{name}"),
        topics.ack,
        topics.command("{name}", "{id}"),
        topics.command_state("{name}", "{id}"),
    ]
