"""A site with a webhook that is not there and a program that is."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from tests.edge.delivery.mosquitto import free_port


def write_site(folder: Path, clip: Path) -> Path:
    content = {
        "site": {"name": "plant"},
        "agent": {"data": str(folder / "data")},
        "broker": {"host": "127.0.0.1"},
        "models": [{"name": "fire-smoke"}],
        "outputs": [
            {"kind": "webhook", "name": "hook", "url": f"http://127.0.0.1:{free_port()}/", "timeout_s": 0.5},
            {"kind": "command", "name": "voice", "run": [sys.executable, "-c", "pass"], "timeout_s": 20},
        ],
        "sources": [{"name": "gate", "url": str(clip), "rules": [{"rule": "fire"}]}],
    }
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path
