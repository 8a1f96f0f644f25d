from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from edge.cli import app
from edge.cli.keys._files import write_pair
from pipelines.detect.signature import key_id


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["keys", "show", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("which", ["release.pem", "release.pub"])
def test_id_and_public_half_of_either(which: str, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    public = write_pair(tmp_path / "release.pem", key)
    code, out, _ = run(tmp_path / which)
    assert code == 0
    assert out == f"{key_id(key.public_key())}\n{public.read_text()}"
    assert "PRIVATE" not in out


def test_what_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    assert "is not a public key in PEM" in run(tmp_path / "notes.txt")[2]
    code, _, err = run(tmp_path / "missing.pem")
    assert code == 2
    assert "missing.pem: can not be read" in err
