from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from edge.cli import app
from edge.cli.keys._files import write_pair
from edge.model_store import ModelStore
from edge.trust import Trust
from pipelines.detect.signature import key_id
from tests.edge.test_model_store import write

KEY = Ed25519PrivateKey.generate()
ID = key_id(KEY.public_key())


@pytest.fixture
def key(tmp_path: Path) -> Path:
    write_pair(tmp_path / "ours.pem", KEY)
    return tmp_path / "ours.pem"


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["keys", "sign", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_a_signed_model_is_taken_where_signatures_are_required(key: Path, tmp_path: Path) -> None:
    model = write(tmp_path / "models")
    code, out, _ = run(model, "--key", key)
    assert code == 0
    assert ID in out
    store = ModelStore([tmp_path / "models"], Trust({ID: KEY.public_key()}, required=True))
    assert store.load("tiny").signed.key == ID


def test_what_is_broken_is_not_signed(key: Path, tmp_path: Path) -> None:
    model = write(tmp_path / "models")
    (model / "model.onnx").write_bytes(b"other")
    code, _, err = run(model, "--key", key)
    assert code == 2
    assert "expected sha256" in err
    assert not (model / "card.yaml.sig").exists()


def test_a_missing_key(tmp_path: Path) -> None:
    code, _, err = run(write(tmp_path / "models"), "--key", tmp_path / "none.pem")
    assert code == 2
    assert "none.pem: can not be read" in err
    assert "lookout keys new" in err
