from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from edge.cli import app
from edge.cli.keys._files import write_pair
from pipelines.detect.signature import key_id, sign
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


def test_who_signed_a_model_is_told(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    public = write_pair(tmp_path / "ours.pem", key)
    models = tmp_path / "models"
    write(models, "plain")
    signed, changed = write(models, "signed"), write(models, "changed")
    for folder in (signed, changed):
        (folder / "card.yaml.sig").write_bytes(sign((folder / "card.yaml").read_bytes(), key))
    with (changed / "card.yaml").open("a") as card:
        card.write("nms_iou: 0.9\n")
    code, out, _ = run("--models", models, "--trust", public, "--json")
    found = {model["name"]: (model["signature"], model["signed_by"]) for model in json.loads(out)}
    assert code == 1
    assert found == {
        "plain": ("unsigned", None),
        "signed": ("signed", key_id(key.public_key())),
        "changed": (None, None),
    }
    table = run("--models", models)[1]  # without the key
    assert table.count("unknown key") == 2
    assert "unsigned" in table
