from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app
from pipelines.detect.signature import key_id, read_private_key, read_public_key


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["keys", "new", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_a_pair_of_which_one_is_secret(tmp_path: Path) -> None:
    code, out, _ = run(tmp_path / "release.pem")
    private = read_private_key((tmp_path / "release.pem").read_bytes(), "")
    public = read_public_key((tmp_path / "release.pub").read_bytes(), "")
    assert code == 0
    assert out.startswith(key_id(public))
    assert private.public_key() == public
    assert stat.S_IMODE((tmp_path / "release.pem").stat().st_mode) == 0o600


@pytest.mark.parametrize("there", ["release.pem", "release.pub"])
def test_nothing_is_written_over(there: str, tmp_path: Path) -> None:
    (tmp_path / there).write_text("precious")
    code, out, err = run(tmp_path / "release.pem")
    assert (code, out) == (2, "")
    assert f"{there}: there already" in err
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "precious"


@pytest.mark.parametrize(("path", "said"), [("release.pub", "is the public key's name"), ("no/k.pem", "No such file")])
def test_a_place_where_none_can_be(path: str, said: str, tmp_path: Path) -> None:
    code, _, err = run(tmp_path / path)
    assert code == 2
    assert said in err
