from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.cli import app
from tests.edge.config.builders import write as write_site
from tests.edge.delivery.mosquitto import Mosquitto
from tests.edge.test_model_store import write as write_model

RULES = [{"rule": "fire"}, {"rule": "smoke"}]


@pytest.fixture
def content(tmp_path: Path) -> dict[str, Any]:
    """A site with a picture for a camera and a tiny model."""
    write_model(tmp_path / "models")
    cv2.imwrite(str(tmp_path / "view.png"), np.full((240, 320, 3), 128, np.uint8))
    zone = {"name": "门", "polygon": [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8]]}
    return {
        "site": {"name": "shop"},
        "broker": {"host": "127.0.0.1", "port": 1, "connect_timeout_s": 1},
        "models": [{"name": "tiny"}],
        "sources": [{"name": "大厅", "url": "view.png", "rules": RULES, "zones": [zone]}],
    }


def run(folder: Path, content: Any, *arguments: str | Path) -> tuple[int, str, str]:
    path = write_site(folder, content)
    words = ["check", path, "--models", folder / "models", "--timeout", "5", *arguments]
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_a_site_that_is_right(content: dict[str, Any], tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        content["broker"]["port"] = broker.port
        code, out, _ = run(tmp_path, content, "--draw", tmp_path / "zones")
    assert code == 0, out
    assert "ready to run" in out
    for part in ("site shop: 1 source, 1 zone, 2 rules", "tiny 2, 64×64", "serves fire, smoke", "320×240", "MQTT 5"):
        assert part in out
    assert (tmp_path / "zones" / "大厅.jpg").is_file()


def test_every_part_is_tried_though_one_fails(content: dict[str, Any], tmp_path: Path) -> None:
    content["sources"].append({"name": "gone", "url": "gone.mp4", "rules": RULES})
    code, out, _ = run(tmp_path, content, "--json", "--draw", tmp_path / "zones")
    report = json.loads(out)
    assert (code, report["ok"]) == (1, False)
    assert [(r["part"], r["name"], r["ok"]) for r in report["results"]] == [
        ("file", "site.yaml", True),
        ("model", "tiny", True),
        ("source", "大厅", True),
        ("source", "gone", False),
        ("broker", "127.0.0.1:1", False),
    ]
    assert [path.name for path in (tmp_path / "zones").iterdir()] == ["大厅.jpg"]


def test_a_wrong_digest_fails(content: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "models" / "tiny" / "model.onnx").write_bytes(b"other")
    code, out, _ = run(tmp_path, content)
    assert code == 1
    assert "expected sha256" in out


def test_all_faults_of_the_file_are_listed(content: dict[str, Any], tmp_path: Path) -> None:
    content["sources"][0]["pase"] = "live"
    content["broker"]["port"] = 0
    code, out, _ = run(tmp_path, content)
    assert code == 1
    assert out.splitlines()[0] == "site.yaml: 2 faults"
    assert "broker.port (line 5): found 0, allowed: 1 to 65535" in out
    assert "sources[0].pase (line 24): unknown key, did you mean 'pace'?" in out
    code, out, err = run(tmp_path, content, "--json")
    assert (code, err) == (1, "")
    assert [r["part"] for r in json.loads(out)["results"]] == ["file", "file"]


def test_no_such_file(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(tmp_path / "nowhere.yaml")])
    assert result.exit_code == 1
    assert "No such file" in result.stdout
