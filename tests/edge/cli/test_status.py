from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from edge import cli

STATUS = {
    "running": True, "version": "0.1.0", "time": "2026-11-25T16:20:15.348Z", "broker": {"connected": True},
    "sources": [{"name": "gate", "state": "online", "last_frame_age_s": 0.1}],
    "outbox_waiting": 0, "faults": ["outbox: full"],
    "details": {"sources": {"gate": {"watched_share": 0.5, "inspection_interval_s": 0.8, "tier": "quiet"}}},
}  # fmt: skip


def asked(folder: Path, *options: str, **changed: object) -> tuple[int, str]:
    (folder / "status.json").write_text(json.dumps(STATUS | changed))
    done = CliRunner().invoke(cli.app, ["status", str(folder), *options], env={"COLUMNS": "160"})
    return done.exit_code, done.output


def test_a_view_that_is_watched(tmp_path: Path) -> None:
    code, text = asked(tmp_path)
    assert code == 0
    assert all(
        word in text for word in ("running", "broker connected", "gate", "50.0%", "quiet", "fault: outbox: full")
    )


def test_a_view_that_can_not_be_seen_is_a_failure(tmp_path: Path) -> None:
    source = {"name": "gate", "state": "online", "unseen": ["frozen"]}
    code, text = asked(tmp_path, sources=[source])
    assert code == 1
    assert "frozen" in text
    assert asked(tmp_path, running=False)[0] == 1


def test_json_is_the_whole_of_it(tmp_path: Path) -> None:
    code, text = asked(tmp_path, "--json")
    assert (code, json.loads(text)) == (0, STATUS)


def test_there_is_none(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["status", str(tmp_path)])
    assert done.exit_code == 2
    assert "no status here; has the agent run?" in done.output
