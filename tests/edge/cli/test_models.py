from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from tests.edge.test_model_store import write


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["models", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_the_installed_models_are_listed_and_verified() -> None:
    code, out, _ = run()
    assert code == 0
    assert "fire-smoke" in out
    assert "ppe" in out
    assert "verified" in out


def test_json_is_json(tmp_path: Path) -> None:
    write(tmp_path, "good")
    code, out, err = run("--models", tmp_path, "--json")
    (model,) = json.loads(out)
    assert (code, err) == (0, "")
    assert (model["name"], model["ok"], model["input"], model["version"]) == ("good", True, [64, 64], "2")
    assert model["classes"][0] == {"name": "fire", "means": "fire", "threshold": 0.5}


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_wrong_digest_is_told(form: tuple[str, ...], tmp_path: Path) -> None:
    write(tmp_path, "good")
    (write(tmp_path, "swapped") / "model.onnx").write_bytes(b"other weights")
    code, out, _ = run("--models", tmp_path, *form)
    assert code == 1
    assert "expected sha256" in out
    if form:
        assert [model["ok"] for model in json.loads(out)] == [True, False]


def test_an_empty_folder(tmp_path: Path) -> None:
    assert run("--models", tmp_path)[:2] == (0, "no models found\n")


def test_no_folder(tmp_path: Path) -> None:
    code, out, err = run("--models", tmp_path / "nowhere")
    assert (code, out) == (2, "")
    assert "is not a folder of models" in err
