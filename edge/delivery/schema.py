"""The whole contract as JSON Schema: what `lookout contract` prints."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from edge.delivery import orders
from edge.delivery.contract import VERSION, Ack, CloudEvent, CoverageEvent, CoverageReport, Status
from edge.delivery.notices import NoticeEvent


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of every payload, under `$defs`, and the topics under `x-topics`."""
    payloads: tuple[type[BaseModel], ...] = (
        CloudEvent, CoverageEvent, NoticeEvent, CoverageReport, Status, Ack, *orders.SCHEMAS,
    )  # fmt: skip
    _, schema = models_json_schema(
        [(model, "serialization") for model in payloads],
        title=f"Lookout MQTT contract, version {VERSION}",
        ref_template="#/$defs/{model}",
    )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "x-topics": _TOPICS | orders.TOPICS}


_TOPICS: dict[str, dict[str, Any]] = {
    "lookout/v1/{site}/{agent}/status": {"qos": 1, "retain": True, "will": True, "payload": "#/$defs/Status"},
    "lookout/v1/{site}/{agent}/event": {
        "qos": 1, "retain": False, "payload": ["#/$defs/CloudEvent", "#/$defs/CoverageEvent", "#/$defs/NoticeEvent"],
    },
    "lookout/v1/{site}/{agent}/coverage": {"qos": 1, "retain": True, "payload": "#/$defs/CoverageReport"},
    "lookout/v1/{site}/{agent}/active/{incident}": {
        "qos": 1, "retain": True, "payload": "#/$defs/CloudEvent", "empty": "no longer active",
    },
    "lookout/v1/{site}/{agent}/evidence/{incident}/{name}": {"qos": 1, "retain": False, "payload": "bytes"},
    "lookout/v1/{site}/{agent}/ack": {"qos": 1, "retain": False, "payload": "#/$defs/Ack", "from": "platform"},
}  # fmt: skip
