"""`update_model` as a platform and a model engineer meet it: the real agent, a real broker, packages over HTTP."""

from __future__ import annotations

import hashlib
import http.server
import re
import signal
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.trust import SIGNATURE
from pipelines.detect.signature import sign
from tests.edge.agent.conftest import Running, clip, run_agent
from tests.edge.agent.test_closed_loop import reference_platform
from tests.edge.delivery.mosquitto import Mosquitto
from tests.edge.onnx_file import onnx_file
from tests.edge.test_model_store import write

__all__ = ["clip", "run_agent"]  # fixtures

KEY, STRANGER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
# Rows of (1, 6, 8): x, y, w, h, person, smoke. Somebody in the middle of every picture.
SOMEBODY = [32.0] * 16 + [20.0] * 16 + [0.9] + [0.0] * 7 + [0.0] * 8
CLASSES = [{"name": n, "means": n, "threshold": 0.5} for n in ("person", "smoke")]
# The agent as it is, but for the two minutes of probation, and a model of version 66 that fails at what the trial did
# not ask for, and one of version 99 that ends the process.
PROGRAM = (
    "-c",
    "import os, sys\n"
    "import edge.agent.model_updates as updates\n"
    "from pipelines.detect import Detector\n"
    "updates.PROBATION_S = 3.0\n"
    "together = Detector.detect_together\n"
    "def fails(self, requests):\n"
    "    if self.card.version == '66': raise RuntimeError('Non-zero status code')\n"
    "    if self.card.version == '99': os._exit(139)\n"
    "    return together(self, requests)\n"
    "Detector.detect_together = fails\n"
    "from edge.cli import main; sys.argv[0] = 'lookout'; main()",
)


class Shelf:
    """Packages that a platform offers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def package(
        self, version: str, key: Ed25519PrivateKey | None = KEY, answer: list[float] | None = None, **card: Any
    ) -> dict[str, str]:
        """What to say in the command."""
        name = f"{version}-{len(list(self.folder.iterdir()))}"
        weights = onnx_file(answer=SOMEBODY if answer is None else answer, metadata={"version": name})
        card = {
            "name": "tiny",
            "version": version,
            "classes": CLASSES,
            "sha256": hashlib.sha256(weights).hexdigest(),
            **card,
        }
        model = write(self.folder.parent / name, weights=weights, **card)
        if key is not None:
            (model / SIGNATURE).write_bytes(sign((model / "card.yaml").read_bytes(), key))
        with tarfile.open(self.folder / f"{name}.tar", "w") as file:
            file.add(model, "tiny")
        return self.offer(f"{name}.tar")

    def offer(self, name: str) -> dict[str, str]:
        digest = hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
        return {"name": "tiny", "url": f"http://127.0.0.1:{self.server.server_port}/{name}", "sha256": digest}


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path / "shelf")
    yield shelf
    shelf.server.shutdown()
    shelf.server.server_close()


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


def site_file(folder: Path, port: int, clip: Path) -> Path:
    weights = onnx_file(answer=SOMEBODY)
    write(folder / "models", "tiny", weights, sha256=hashlib.sha256(weights).hexdigest(), classes=CLASSES)
    (folder / "ours.pub").write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    content = {
        "site": {"name": "plant"},
        "agent": {
            "name": "edge", "lang": "en", "data": str(folder / "data"), "status_every_s": 1,
            "evidence": {"before_s": 1, "after_s": 1},
        },
        "broker": {"host": "127.0.0.1", "port": port, "backoff_max_s": 0.5},
        "commands": {"accept": ["update_model", "false_alarm"]},
        "trusted_keys": ["ours.pub"],
        "models": [{"path": "models/tiny"}],
        "sources": [
            {
                "name": "yard", "url": str(clip), "loop": True, "interval_s": 0.2,
                "zones": [{"name": "yard", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]}],
                "rules": [{"rule": "restricted_zone", "zone": "yard", "dwell_s": 0.5, "clear_after_s": 2}],
            }
        ],
    }  # fmt: skip
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def version(agent: Running) -> str | None:
    models = agent.status.get("details", {}).get("models", [])
    return models[0]["version"] if models else None


def inspections(agent: Running) -> int:
    return int(agent.status["details"]["sources"]["yard"]["inspections"])


def told(platform: Any, asked: dict[str, Any], command_id: str | None = None, **said: Any) -> dict[str, Any]:
    """What became of an update."""
    state = platform.outcome(platform.command("update_model", command_id=command_id, **asked, **said), 30)
    assert state is not None, f"no answer to {asked}"
    return dict(state)


def watching(agent: Running, since: int) -> bool:
    return inspections(agent) > since + 3


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_another_model_takes_over_and_stays(
    tmp_path: Path, clip: Path, broker: Mosquitto, platform: Any, shelf: Shelf, run_agent: Callable[..., Running]
) -> None:
    site = site_file(tmp_path, broker.port, clip)
    agent = run_agent(site, program=PROGRAM)
    agent.until(lambda: platform.incidents, "an alarm")
    (incident,) = platform.incidents
    assert platform.incidents[incident]["model"]["version"] == "2"

    asked = shelf.package("3")
    key = platform.command("update_model", command_id="to-3", **asked)
    assert platform.wait(lambda: platform.states.get(key, {}).get("status") == "executing")
    agent.until(lambda: version(agent) == "3", "the new model")
    assert platform.states[key]["status"] == "executing"  # it is on probation
    state = platform.outcome(key, 30)
    assert state["status"] == "successful", state
    result = state["result"]
    assert (result["version"], result["before"], result["name"]) == ("3", "2", "tiny")
    assert result["pictures"] >= 1
    assert result["kept"] == result["seen"] >= 1
    assert platform.incidents[incident]["condition"] == "active", "nobody lost it"
    assert len(platform.incidents) == 1

    # While it runs, the same package and the same command are answered; after a restart it is still there.
    assert told(platform, asked)["result"]["version"] == "3"
    agent.end(signal.SIGTERM)
    (shelf.folder / asked["url"].rpartition("/")[2]).unlink()
    agent = run_agent(site, program=PROGRAM)
    agent.until(lambda: version(agent) == "3" and inspections(agent) > 3, "the new model after a restart")
    assert told(platform, asked, "to-3")["result"]["version"] == "3"
    agent.until(lambda: list(platform.incidents) == [incident], "the same incident")

    # A model in the site file itself ends the update.
    agent.end(signal.SIGTERM)
    weights = onnx_file(answer=SOMEBODY, metadata={"of": "the site"})
    write(tmp_path / "other", "tiny", weights, version="5", classes=CLASSES, sha256=hashlib.sha256(weights).hexdigest())
    site.write_text(site.read_text().replace("models/tiny", "other/tiny"))
    agent = run_agent(site, program=PROGRAM)
    agent.until(lambda: version(agent) == "5", "the site's own again")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_what_is_no_good_is_refused_and_the_old_one_goes_on(
    tmp_path: Path, clip: Path, broker: Mosquitto, platform: Any, shelf: Shelf, run_agent: Callable[..., Running]
) -> None:
    agent = run_agent(site_file(tmp_path, broker.port, clip), program=PROGRAM)
    agent.until(lambda: version(agent) == "2" and inspections(agent), "the first inspection")
    (shelf.folder / "words.tar").write_bytes(b"no package")
    fumes = [{"name": n, "means": n, "threshold": 0.5} for n in ("smoke", "fire")]
    good = shelf.package("3")
    cases: list[tuple[dict[str, str], str, str]] = [
        (shelf.package("3", key=None), "failed", "the model is not signed"),
        (shelf.package("3", key=STRANGER), "failed", "which is not trusted|unknown key|not trusted"),
        (good | {"sha256": "0" * 64}, "failed", "has the digest .*, announced was 0000"),
        (good | {"url": good["url"] + "x"}, "failed", "HTTP Error 404"),
        (good | {"name": "ppe"}, "refused", "model 'ppe' serves no rule here, allowed: tiny"),
        (good | {"sha256": "short"}, "refused", "sha256"),
        (shelf.package("1"), "failed", "version 1 is older than 2, which is in use"),
        (shelf.package("3", name="huge"), "failed", "holds huge, in use is tiny"),
        (shelf.package("3", classes=fumes), "failed", "does not serve source yard, rule restricted_zone"),
        (shelf.package("3", input={"width": 96, "height": 96}), "failed", "the card says input"),
        (shelf.offer("words.tar"), "failed", "can not be unpacked"),
    ]
    for asked, status, words in cases:
        state = told(platform, asked)
        assert state["status"] == status, (words, state)
        assert re.search(words, state["reason"]), (words, state)
    assert version(agent) == "2"
    before = inspections(agent)
    agent.until(lambda: watching(agent, before), "that it goes on")
    assert not list((tmp_path / "data" / "models").iterdir()), "what was refused is not kept"
    assert told(platform, shelf.package("1"), allow_older=True)["status"] == "successful"
    assert version(agent) == "1"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_one_that_fails_in_use_is_taken_back(
    tmp_path: Path, clip: Path, broker: Mosquitto, platform: Any, shelf: Shelf, run_agent: Callable[..., Running]
) -> None:
    site = site_file(tmp_path, broker.port, clip)
    agent = run_agent(site, program=PROGRAM)
    agent.until(lambda: version(agent) == "2" and inspections(agent), "the first inspection")
    asked = shelf.package("66")
    state = told(platform, asked, "to-66")
    assert state["status"] == "failed"
    assert re.search(r"the update of tiny was taken back: \d+ inspections failed with it", state["reason"])
    agent.until(lambda: version(agent) == "2", "the old one")
    before = inspections(agent)
    agent.until(lambda: watching(agent, before), "that it goes on")
    agent.until(lambda: any("taken back" in fault for fault in agent.status["faults"]), "that it is said")

    # The answer is lost with the process; the retained command comes again, and is not obeyed again.
    agent.end(signal.SIGKILL)
    ledger = tmp_path / "data" / "commands.jsonl"
    ledger.write_text("".join(line for line in ledger.read_text().splitlines(True) if '"failed"' not in line))
    agent = run_agent(site, program=PROGRAM)
    key = "update_model/to-66"
    assert platform.wait(lambda: platform.states[key].get("status") == "refused", 30), platform.states[key]
    assert "taken back: " in platform.states[key]["reason"]
    assert version(agent) == "2"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_one_that_ends_the_process_is_taken_back_after_two_starts(
    tmp_path: Path, clip: Path, broker: Mosquitto, platform: Any, shelf: Shelf, run_agent: Callable[..., Running]
) -> None:
    site = site_file(tmp_path, broker.port, clip)
    agent = run_agent(site, program=PROGRAM)
    agent.until(lambda: version(agent) == "2" and inspections(agent), "the first inspection")
    key = platform.command("update_model", **shelf.package("99"))
    for _ in range(3):  # the service manager starts it again
        assert agent.process.wait(30) == 139, agent.text
        agent = run_agent(site, program=PROGRAM)
    agent.until(lambda: version(agent) == "2" and inspections(agent) > 3, "the old one")
    assert platform.wait(lambda: platform.states[key].get("status") == "refused", 30), platform.states[key]
    assert "never ran for long" in platform.states[key]["reason"]
