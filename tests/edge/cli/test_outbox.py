from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge import cli
from edge.delivery.outbox import FILE_NAME, Outbox
from tests.edge.delivery.builders import make_evidence, put


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An agent's data folder in which an event with two pictures waits, one of them gone."""
    there, gone = make_evidence(tmp_path, "there.jpg"), make_evidence(tmp_path, "gone.jpg")
    with Outbox(tmp_path / FILE_NAME) as outbox:
        put(outbox, "a", severity=4, state=False, evidence=[there, gone])
    gone.path.unlink()
    return tmp_path


@pytest.mark.parametrize("where", ["", FILE_NAME], ids=["folder", "file"])
def test_json_names_everything_that_waits(data: Path, where: str) -> None:
    result = CliRunner().invoke(cli.app, ["outbox", str(data / where), "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["waiting"] == 4
    assert [(entry["kind"], entry["bytes"]) for entry in report["entries"]] == [
        ("event", 9), ("state", 9), ("evidence", 7), ("evidence", None),
    ]  # fmt: skip


def test_the_table_is_for_people(data: Path) -> None:
    result = CliRunner().invoke(cli.app, ["outbox", str(data)])
    assert result.exit_code == 0
    assert "4 waiting" in result.stdout.replace("\n", " ")
    assert "missing" in result.stdout


def test_beside_a_running_agent(tmp_path: Path) -> None:
    with Outbox(tmp_path / FILE_NAME) as outbox:
        put(outbox, "a")
        result = CliRunner().invoke(cli.app, ["outbox", str(tmp_path), "--json"])
        assert json.loads(result.stdout)["waiting"] == 1


def test_nothing_waits(tmp_path: Path) -> None:
    Outbox(tmp_path / FILE_NAME).close()
    result = CliRunner().invoke(cli.app, ["outbox", str(tmp_path)])
    assert (result.exit_code, "nothing waits" in result.stdout) == (0, True)


def test_no_outbox_is_one_message(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.app, ["outbox", str(tmp_path)])
    assert result.exit_code == 2
    assert "no outbox here" in result.stderr


def test_a_site_file_names_its_outbox(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.cli import outbox as command
    from edge.config.site import AgentSettings

    class OfTheSite:
        agent = AgentSettings(data=tmp_path)

    monkeypatch.setattr(command, "load_site", lambda path: OfTheSite)
    Outbox(tmp_path / FILE_NAME).close()
    result = CliRunner().invoke(cli.app, ["outbox", "site.yaml", "--json"])
    assert json.loads(result.stdout)["outbox"] == str(tmp_path / FILE_NAME)
