from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app

TINY = Path(__file__).resolve().parents[3] / "datasets" / "tiny" / "recipe.yaml"


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["train", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch", "ultralytics"):
        monkeypatch.setitem(sys.modules, name, None)
    code, out, err = run(TINY, "--out", tmp_path)
    assert (code, out) == (2, "")
    assert "pip install 'lookout-agent[train]'" in err
    assert (tmp_path / "data" / "data.yaml").is_file(), "the data was put in place before"


def test_a_wrong_recipe_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("name: x\nepochs: 3\n")
    code, out, err = run(path)
    assert (code, out) == (2, "")
    assert "recipe.yaml" in err
    assert "epochs: Extra inputs are not permitted, found 3" in err
