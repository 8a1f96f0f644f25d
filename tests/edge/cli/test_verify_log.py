from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from edge import cli
from edge.delivery.dispatch import Dispatch
from edge.delivery.outbox import FILE_NAME, Outbox
from edge.delivery.reading import read_journal
from tests.edge.delivery.builders import TOPICS, make_event


def filled(folder: Path) -> Path:
    with Outbox(folder / FILE_NAME) as outbox:
        for sequence in range(1, 4):
            Dispatch(outbox, TOPICS).send(make_event(incident=f"i{sequence}"))
    return folder


def test_a_sound_journal(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["verify-log", str(filled(tmp_path))])
    assert done.exit_code == 0
    assert "events: 3, numbers 1 to 3" in done.stdout
    assert "no event was changed" in done.stdout


def test_a_changed_file_of_a_platform(tmp_path: Path) -> None:
    payloads = read_journal(filled(tmp_path) / FILE_NAME)
    kept = tmp_path / "kept.jsonl"
    kept.write_bytes(b"\n".join([payloads[0].replace(b"gate-3", b"gate-4"), *payloads[1:]]))
    done = CliRunner().invoke(cli.app, ["verify-log", str(kept), "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["faults"] == ["number 1: is not what number 2 says it was"]


def test_there_is_none(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["verify-log", str(tmp_path)])
    assert done.exit_code == 2
    assert "no outbox here" in done.output
