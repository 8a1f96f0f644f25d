"""`lookout contract`."""

from __future__ import annotations

import json

import typer

from edge.delivery.schema import json_schema


def contract() -> None:
    """Print the JSON Schema of everything that goes over MQTT.

    The schema has every payload under `$defs` and every topic under `x-topics`; docs/events.md tells the story.

    Example: `lookout contract > lookout.schema.json`
    """
    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))
