"""Everything that an agent writes and says is searched for what is secret in its site file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.edge.agent.conftest import Running, source, write_site
from tests.edge.delivery.listener import Listener
from tests.edge.delivery.mosquitto import Mosquitto, find

USER = "edge"
SECRETS = {
    "LOOKOUT_MQTT_PASSWORD": "hush-of-the-broker",
    "LOOKOUT_CAMERA_PASSWORD": "hush-of-the-camera",
    "LOOKOUT_HOOK_SECRET": "hush-of-the-hook",
    "LOOKOUT_UPLOAD_TOKEN": "hush-of-the-files",
    "LOOKOUT_OTHER_PASSWORD": "hush-of-the-other",
}
IN_A_QUERY = "hush-in-a-query"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    words = tmp_path / "passwords"
    words.touch(mode=0o600)
    for user, word in ((USER, SECRETS["LOOKOUT_MQTT_PASSWORD"]), ("listener", "x")):
        subprocess.run([find("mosquitto_passwd"), "-b", str(words), user, word], check=True, capture_output=True)
    with Mosquitto(tmp_path / "mosquitto", f"password_file {words}") as broker:
        yield broker


def site_file(folder: Path, port: int, clip: Path) -> Path:
    """Cameras, hooks and a second broker that can not be reached, each with a secret: their errors are told."""
    path = write_site(folder, port, source("gate", clip, loop=True))
    content = yaml.safe_load(path.read_text())
    content["broker"] |= {"username": USER, "password": "${LOOKOUT_MQTT_PASSWORD}"}
    away = {"name": "away", "url": "rtsp://admin:${LOOKOUT_CAMERA_PASSWORD}@127.0.0.1:1/stream?token=" + IN_A_QUERY}
    content["sources"].append({**away, "rules": [{"rule": "smoke"}]})
    content["models"].append({"name": "fire-smoke"})
    content["upload"] = {
        "url": "http://127.0.0.1:1/{incident}/{name}?sig=" + IN_A_QUERY, "token": "${LOOKOUT_UPLOAD_TOKEN}",
    }  # fmt: skip
    content["outputs"] = [
        {
            "name": "hook", "kind": "webhook", "url": f"http://me:{IN_A_QUERY}@127.0.0.1:1/hook?token={IN_A_QUERY}",
            "secret": "${LOOKOUT_HOOK_SECRET}", "severity": 1, "patience_s": 0,
        },
        {
            "name": "other", "kind": "mqtt", "host": "127.0.0.1", "port": 1, "topic": "sirens", "severity": 1,
            "username": "me", "password": "${LOOKOUT_OTHER_PASSWORD}", "patience_s": 0,
        },
    ]  # fmt: skip
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.slow
def test_no_secret_gets_out(
    tmp_path: Path,
    clip: Path,
    broker: Mosquitto,
    run_agent: Callable[..., Running],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    monkeypatch.setenv("LOOKOUT_LOG_LEVEL", "debug")
    site = site_file(tmp_path, broker.port, clip)
    with Listener(broker.port) as listener:
        agent = run_agent(site)
        agent.until(lambda: len([heard for heard in listener.heard if heard.topic.endswith("/event")]) >= 4, "alarms")
        agent.until(lambda: agent.text.count("output") >= 2, "that outputs fail")
        agent.until(lambda: agent.state("away") == "lost", "that the camera can not be reached")
        shown = [_shown(command, site) for command in ("status", "outbox", "check")]
        agent.end(15)
        said = b"\n".join(message.payload for message in listener.heard)
    written = {
        path: path.read_bytes() for path in agent.data.rglob("*") if path.is_file() and path.name != "agent.lock"
    }
    assert any(path.name == "outbox.db" for path in written)
    everything = {"the log": agent.text.encode(), "what is said": said, **{str(p): c for p, c in written.items()}}
    everything |= {f"shown {i}": text for i, text in enumerate(shown)}
    for where, content in everything.items():
        for secret in (*SECRETS.values(), IN_A_QUERY):
            assert secret.encode() not in content, f"{secret} is in {where}"
    assert b"127.0.0.1:1" in everything["the log"], "that it can not be reached is told, with its address"
    assert json.loads((agent.data / "status.json").read_bytes())["broker"]["address"]


def _shown(command: str, site: Path) -> bytes:
    ran = subprocess.run(
        [sys.executable, "-m", "edge.cli", command, str(site)],
        capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=60, check=False,
    )  # fmt: skip
    return ran.stdout + ran.stderr
