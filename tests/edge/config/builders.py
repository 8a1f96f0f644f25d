"""Builds site files for tests: a right one, and the same with something changed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml

ENV = {"MQTT_PASSWORD": "hunter2", "CAMERA_PASSWORD": "s3cret"}


def site(**parts: Any) -> dict[str, Any]:
    """A right site as plain values; keywords replace its top-level parts."""
    return {
        "site": {"name": "plant"},
        "broker": {"host": "127.0.0.1", "username": "plant", "password": "${MQTT_PASSWORD}"},
        "models": [{"name": "flames"}, {"name": "people"}],
        "sources": [source()],
        **parts,
    }


def source(**parts: Any) -> dict[str, Any]:
    """A right source; keywords replace its parts."""
    return {
        "name": "hall",
        "url": "rtsp://admin:${CAMERA_PASSWORD}@10.0.0.2/1",
        "zones": [{"name": "yard", "polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]}],
        "rules": [{"rule": "fire"}, {"rule": "restricted_zone", "zone": "yard"}],
        **parts,
    }


def write(folder: Path, content: dict[str, Any] | str | bytes) -> Path:
    """Write a site file of values, text or bytes."""
    path = folder / "site.yaml"
    if isinstance(content, dict):
        content = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_model(
    folder: Path, name: str, meanings: tuple[str, ...], weights: bytes = b"weights", made_for: tuple[str, ...] = ()
) -> Path:
    """Write a model folder with a whole card."""
    card = {
        "name": name,
        "version": "1",
        "task": "detect",
        "classes": [{"name": m, "means": m, "threshold": 0.5} for m in meanings],
        "input": {"width": 320, "height": 320},
        "output": "anchors",
        "made_for": list(made_for),
        "licence": "AGPL-3.0-or-later",
        "training_data": "none",
        "sha256": hashlib.sha256(weights).hexdigest(),
    }
    (folder / name).mkdir(parents=True)
    (folder / name / "card.yaml").write_text(yaml.safe_dump(card, sort_keys=False))
    (folder / name / "model.onnx").write_bytes(weights)
    return folder / name
