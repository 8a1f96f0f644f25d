"""Writes the tables of `docs/site.md` from the settings themselves: `python -m tests.site_page`."""

from __future__ import annotations

import re
import types
from datetime import time
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from edge.config.broker import BrokerSettings, Fallback, TlsSettings
from edge.config.drill import DrillFire, DrillItem, DrillObstacle, DrillSettings, DrillSmoke
from edge.config.outputs import CommandOutput, ModbusCoil, MqttOutput, Output, Webhook
from edge.config.schema import bounds
from edge.config.site import (
    AgentSettings,
    CommandSettings,
    EvidenceSettings,
    HarvestSettings,
    InferenceSettings,
    ModelUse,
    Site,
    SiteIdentity,
)
from edge.config.source import SourceSettings, ZoneSettings
from edge.config.telemetry import (
    AccuracyHints,
    CameraHints,
    LensSettings,
    TelemetrySettings,
    TerrainSettings,
)
from edge.config.upload import UploadSettings
from edge.delivery.place import Enterprise, Place, Position
from pipelines.rules import RULES
from pipelines.rules.base import Escalation, Hours, RuleSettings

PAGE = Path(__file__).parents[1] / "docs" / "site.md"

SECTIONS: dict[str, type[BaseModel]] = {
    "file": Site,
    "site": SiteIdentity,
    "agent": AgentSettings,
    "agent.evidence": EvidenceSettings,
    "agent.harvest": HarvestSettings,
    "agent.inference": InferenceSettings,
    "broker": BrokerSettings,
    "broker.tls": TlsSettings,
    "broker.fallbacks[]": Fallback,
    "upload": UploadSettings,
    "commands": CommandSettings,
    "outputs[]": Output,
    "kind: webhook": Webhook,
    "kind: mqtt": MqttOutput,
    "kind: modbus": ModbusCoil,
    "kind: command": CommandOutput,
    "models[]": ModelUse,
    "sources[]": SourceSettings,
    "sources[].place": Place,
    "sources[].place.enterprise": Enterprise,
    "sources[].place.position": Position,
    "hours": Hours,
    "sources[].zones[]": ZoneSettings,
    "sources[].rules[]": RuleSettings,
    "sources[].rules[].escalate[]": Escalation,
    "sources[].telemetry": TelemetrySettings,
    "sources[].telemetry.camera": CameraHints,
    "sources[].telemetry.camera.lens": LensSettings,
    "sources[].telemetry.accuracy": AccuracyHints,
    "sources[].telemetry.terrain": TerrainSettings,
    "sources[].drill": DrillSettings,
    "sources[].drill.items[]": DrillItem,
    "kind: fire": DrillFire,
    "kind: smoke": DrillSmoke,
    "kind: obstacle": DrillObstacle,
    **{f"rule: {name}": settings for name, (settings, _) in RULES.items()},
}

_BLOCK = re.compile(r"(?P<head><!-- (?P<what>table|include): (?P<name>.*?) -->\n).*?<!-- end -->", re.DOTALL)


_WORDS: dict[type, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    SecretStr: "text, kept secret",
    Path: "path",
    time: "`HH:MM`",
}


def page(text: str) -> str:
    """The page with every table, and every file that it shows, written anew."""
    return _BLOCK.sub(lambda found: f"{found['head']}\n{_block(found['what'], found['name'])}\n<!-- end -->", text)


def tables_in(text: str) -> list[str]:
    """The tables that the page has a place for."""
    return [found["name"] for found in _BLOCK.finditer(text) if found["what"] == "table"]


def _block(what: str, name: str) -> str:
    if what == "table":
        return table(name)
    shown = (PAGE.parents[1] / name).read_text(encoding="utf-8")
    return f"```yaml\n{shown}```\n"


def table(name: str) -> str:
    """One table: key, allowed values, default, meaning."""
    model = SECTIONS[name]
    shared = next(
        (base.model_fields for base in (RuleSettings, DrillItem) if issubclass(model, base) and model is not base), {}
    )
    rows = [
        _row(key, field)
        for key, field in model.model_fields.items()
        if key not in ("rule", "kind") and (key not in shared or _row(key, shared[key]) != _row(key, field))
    ]
    return "\n".join(["| Key | Value | Default | Meaning |", "|---|---|---|---|", *rows, ""])


def _row(key: str, field: FieldInfo) -> str:
    default = "**required**" if field.is_required() else _default(field)
    allowed = type_words(field.annotation)
    limits = bounds(field)
    cells = [f"`{key}`", f"{allowed}, {limits}" if limits else allowed, default, field.description or ""]
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None or isinstance(value, BaseModel) or value in ((), {}, ""):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(str(v) for v in value)}]`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{value.value if isinstance(value, Enum) else value}`"


def type_words(annotation: Any) -> str:
    """A type as an installer reads it."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_words(args[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(type_words(a) for a in args if a is not type(None)))
    if origin is tuple:
        words = ", ".join(type_words(a) for a in args if a is not Ellipsis)
        return f"list of {words}" if Ellipsis in args else f"[{words}]"
    if origin is dict:
        return f"mapping of {type_words(args[1])}"
    return ", ".join(f"`{a}`" for a in args) if origin is Literal else _simple(annotation)


def _simple(kind: type) -> str:
    if issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    return "mapping" if issubclass(kind, BaseModel) else _WORDS[kind]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
