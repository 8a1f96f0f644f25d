"""A site file that is changed under a running agent: taken, refused, or taken back; a real process and real signals."""

from __future__ import annotations

import hashlib
import http.server
import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.agent.reload import FILE
from edge.delivery.contract import rfc3339, utc
from pipelines.detect.signature import sign
from tests.edge.agent.conftest import Running, source, write_site
from tests.edge.agent.test_closed_loop import reference_platform
from tests.edge.conftest import StartServer
from tests.edge.delivery.mosquitto import Mosquitto

# As the agent is, but for the half minute of probation.
PROGRAM = (
    "-c",
    "import sys; import edge.agent.reload as reload; reload.PROBATION_S = 3.0; from edge.cli import main;"
    "sys.argv[0] = 'lookout'; main()",
)
STAYS = "all goes on as before"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture
def platform(broker: Mosquitto) -> Iterator[Any]:
    platform = reference_platform().Platform("lookout/v1/plant/edge")
    platform.connect("127.0.0.1", broker.port)
    yield platform
    platform.close()


def site_file(folder: Path, port: int, clip: Path, *names: str, **agent: Any) -> Path:
    path = write_site(folder, port, *[source(name, clip, loop=True) for name in names])
    content = yaml.safe_load(path.read_text())
    content["agent"] |= agent
    content["commands"] = {"accept": ["reload"]}
    path.write_text(yaml.safe_dump(content))
    return path


def started(run_agent: Callable[..., Running], site: Path, *names: str) -> Running:
    agent = run_agent(site, program=PROGRAM)
    for name in names:
        agent.until(
            lambda name=name: agent.status.get("pid") == agent.process.pid and agent.state(name) == "online", name
        )
    return agent


def fault(agent: Running) -> str:
    return next((text for text in agent.status["faults"] if text.startswith("reload: ")), "")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_hang_up_takes_the_new_file(
    tmp_path: Path, clip: Path, broker: Mosquitto, platform: Any, run_agent: Callable[..., Running]
) -> None:
    site = site_file(tmp_path, broker.port, clip, "gate")
    agent = started(run_agent, site, "gate")
    agent.until(lambda: len(platform.incidents) == 2, "two alarms")
    site_file(tmp_path, broker.port, clip, "gate", "yard")
    agent.process.send_signal(signal.SIGHUP)
    agent.until(lambda: agent.state("yard") == "online" and agent.state("gate") == "online", "both sources")
    agent.until(lambda: len(platform.incidents) == 4, "the alarms of the new source, and none told twice")
    assert {data["condition"] for data in platform.incidents.values()} == {"active"}
    agent.until(lambda: "new site file kept" in agent.text, "that it is kept")
    assert not (agent.data / FILE).exists()
    numbers = sorted(event["data"]["number"] for event in platform.events.values())
    assert numbers == list(range(1, len(numbers) + 1))
    assert agent.end(signal.SIGTERM) < 2.0
    assert agent.process.returncode == 0


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_nobody_waits_for_a_cameras_keyframe(
    tmp_path: Path,
    broker: Mosquitto,
    run_agent: Callable[..., Running],
    rtsp_server: StartServer,
    free_port: int,
) -> None:
    here, away = (f"rtsp://127.0.0.1:{port}/cam" for port in (free_port, 1))
    with rtsp_server(free_port, "--group", "125"):
        site = write_site(
            tmp_path, broker.port, *(source(n, Path()) | {"url": u} for n, u in (("gate", here), ("away", away)))
        )
        content = yaml.safe_load(site.read_text())
        agent = started(run_agent, site, "gate")
        content["sources"][0]["interval_s"] = 0.3
        site.write_text(yaml.safe_dump(content))
        agent.process.send_signal(signal.SIGHUP)
        agent.until(lambda: "the agent begins anew" in agent.text, "the reload")
        since_s = time.monotonic()
        agent.until(lambda: "streaming" in agent.text.partition("the agent begins anew")[2], "pictures")
        assert time.monotonic() - since_s < 2.0  # keyframes are five seconds apart
        agent.until(lambda: "new site file kept" in agent.text, "that it is kept")
        agent.end(signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_what_is_wrong_changes_nothing(
    tmp_path: Path, clip: Path, broker: Mosquitto, platform: Any, run_agent: Callable[..., Running]
) -> None:
    site = site_file(tmp_path, broker.port, clip, "gate")
    agent = started(run_agent, site, "gate")
    assert platform.outcome(platform.command("reload"))["result"] == {"changed": False}

    def refused() -> str:
        state = platform.outcome(platform.command("reload"))
        assert state["status"] == "refused"
        return str(state["reason"])

    good = site.read_text()
    site.write_text(good.replace("unattended_post", "unattended_past"))
    assert "rules[0].rule" in refused()
    site.write_text(good.replace("- name: ppe", "- name: ppo"))
    assert "no model 'ppo'" in refused()
    site.write_text(good.replace(str(tmp_path / "data"), str(tmp_path / "elsewhere")))
    assert "needs a restart" in refused()
    site.unlink()
    assert "can not be read: No such file" in refused()
    agent.process.send_signal(signal.SIGHUP)
    agent.until(lambda: STAYS in agent.text, "that it is said")
    assert agent.text.count("lookout starts") == 1
    assert agent.state("gate") == "online"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_one_with_which_no_agent_can_be_made_is_taken_back(
    tmp_path: Path, clip: Path, broker: Mosquitto, platform: Any, run_agent: Callable[..., Running]
) -> None:
    site = site_file(tmp_path, broker.port, clip, "gate")
    agent = started(run_agent, site, "gate")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        metrics = f"127.0.0.1:{taken.getsockname()[1]}"
        site_file(tmp_path, broker.port, clip, "gate", "yard", metrics=metrics)
        state = platform.outcome(platform.command("reload"))
    assert state["status"] == "failed"
    assert f"agent.metrics: {metrics} can not be listened on" in state["reason"]
    agent.until(lambda: fault(agent), "that it is said")
    agent.until(lambda: agent.state("gate") == "online" and agent.text.count("lookout starts") == 2, "the old one")
    assert agent.state("yard") is None
    # The port is free now.
    assert platform.outcome(platform.command("reload"))["result"] == {"changed": True}
    agent.until(lambda: agent.state("yard") == "online" and not fault(agent), "the new one")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_one_with_which_the_process_ends_is_not_used_again(
    tmp_path: Path, clip: Path, broker: Mosquitto, platform: Any, run_agent: Callable[..., Running]
) -> None:
    site = site_file(tmp_path, broker.port, clip, "gate")
    agent = started(run_agent, site, "gate")
    site_file(tmp_path, broker.port, clip, "gate", "yard")
    key = platform.command("reload", "to-two")
    agent.until(lambda: agent.state("yard") is not None, "the new one")
    assert (agent.data / FILE).stat().st_mode & 0o777 == 0o600  # a site file may hold passwords
    agent.end(signal.SIGKILL)
    agent = started(run_agent, site, "gate")
    assert platform.outcome(key)["status"] == "failed"
    assert "before it had run" in platform.states[key]["reason"]
    agent.until(lambda: fault(agent), "that it is said")
    assert agent.state("yard") is None
    agent.end(signal.SIGTERM)
    # It stays so until somebody changes the file, or asks once more.
    agent = started(run_agent, site, "gate")
    assert agent.state("yard") is None
    agent.process.send_signal(signal.SIGHUP)
    agent.until(lambda: agent.state("yard") == "online", "the new one")


class Signer:
    """A platform that signs what it says, and serves files."""

    def __init__(self, folder: Path, platform: Any) -> None:
        self.key = Ed25519PrivateKey.generate()
        public = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / "platform.pub").write_bytes(public)
        self._platform = platform
        self.folder = folder / "served"
        self.folder.mkdir()
        handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(self.folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reload(self, command_id: str, **said: Any) -> dict[str, Any]:
        topic = f"lookout/v1/plant/edge/cmd/reload/{command_id}"
        order = json.dumps({"status": "init", "time": rfc3339(utc(time.time())), **said})
        signature = sign(topic.encode() + b"\n" + order.encode(), self.key).decode()
        payload = json.dumps({"command": order, "signature": signature})
        self._platform._client.publish(topic, payload, qos=1, retain=True)
        state = self._platform.outcome(f"reload/{command_id}", 30)
        assert state is not None
        return dict(state)

    def offer(self, content: bytes) -> dict[str, str]:
        (self.folder / "site.yaml").write_bytes(content)
        url = f"http://127.0.0.1:{self.server.server_port}/site.yaml"
        return {"url": url, "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_another_site_file_is_fetched_where_commands_are_signed(
    tmp_path: Path, clip: Path, broker: Mosquitto, platform: Any, run_agent: Callable[..., Running]
) -> None:
    signer = Signer(tmp_path, platform)

    def with_keys(path: Path, *names: str, **agent: Any) -> bytes:
        content = yaml.safe_load(site_file(path.parent, broker.port, clip, *names, **agent).read_text())
        content["commands"] |= {"require_signed": True, "trusted_keys": [str(tmp_path / "platform.pub")]}
        path.write_text(yaml.safe_dump(content))
        return path.read_bytes()

    path = tmp_path / "site.yaml"
    other = with_keys(path, "gate", "yard")
    first = with_keys(path, "gate")
    agent = started(run_agent, path, "gate")

    # What is wrong, or not what was announced, changes nothing on disk either.
    refused = signer.reload("1", **signer.offer(first.replace(b"unattended_post", b"unattended_past")))
    assert (refused["status"], "rules[0].rule" in refused["reason"]) == ("refused", True)
    lied = signer.reload("2", **(signer.offer(other) | {"sha256": "0" * 64}))
    assert (lied["status"], "has the digest" in lied["reason"]) == ("failed", True)
    assert signer.reload("3", url="http://127.0.0.1:1/x")["status"] == "refused"
    assert path.read_bytes() == first

    # One with which no agent can be made is taken back there too.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bad = with_keys(tmp_path / "site.yaml", "gate", metrics=f"127.0.0.1:{taken.getsockname()[1]}")
        path.write_bytes(first)
        assert signer.reload("4", **signer.offer(bad))["status"] == "failed"
    assert path.read_bytes() == first

    assert signer.reload("5", **signer.offer(other))["result"] == {"changed": True}
    agent.until(lambda: agent.state("yard") == "online", "the new one")
    assert path.read_bytes() == other
    assert not (agent.data / ".site.incoming").exists()
    signer.server.shutdown()
    signer.server.server_close()


@pytest.mark.slow
def test_without_signatures_no_site_file_is_fetched(
    tmp_path: Path, clip: Path, broker: Mosquitto, platform: Any, run_agent: Callable[..., Running]
) -> None:
    started(run_agent, site_file(tmp_path, broker.port, clip, "gate"), "gate")
    state = platform.outcome(platform.command("reload", url="http://127.0.0.1:1/x", sha256="0" * 64))
    assert (state["status"], state["reason"]) == (
        "refused", "url: a site file is fetched only where commands.require_signed is set",
    )  # fmt: skip
