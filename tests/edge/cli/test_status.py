from __future__ import annotations

import json
import time
from contextlib import nullcontext
from pathlib import Path

from typer.testing import CliRunner

from edge import cli
from edge.agent.folder import DataFolder
from edge.delivery.contract import utc

STATUS = {
    "running": True, "every_s": 30.0, "version": "0.1.0", "broker": {"connected": True},
    "sources": [{"name": "gate", "state": "online", "last_frame_age_s": 0.1}],
    "outbox_waiting": 0, "faults": ["outbox: full"],
    "details": {"sources": {"gate": {"watched_share": 0.5, "inspection_interval_s": 0.8, "tier": "quiet"}}},
}  # fmt: skip


def asked(folder: Path, *options: str, lives: bool = True, **changed: object) -> tuple[int, str]:
    with DataFolder(folder) if lives else nullcontext():
        (folder / "status.json").write_text(json.dumps(STATUS | {"time": utc(time.time()).isoformat()} | changed))
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


def test_an_agent_that_was_killed_is_not_said_to_watch(tmp_path: Path) -> None:
    code, text = asked(tmp_path, lives=False)  # the last that it wrote says `running`
    assert code == 1
    assert "not running: it has ended without a word" in text
    row = next(line for line in text.splitlines() if "gate" in line)
    assert ["no" in row, "yes" in row, "online" in row, "50.0%" in row] == [True, False, False, False]
    assert "broker not connected" in text
    code, text = asked(tmp_path, "--json", lives=False)
    assert (code, json.loads(text)["running"]) == (1, False)


def test_an_agent_that_says_nothing_any_more_is_not_believed(tmp_path: Path) -> None:
    code, text = asked(tmp_path, time=utc(time.time() - 101).isoformat())
    assert code == 1
    assert "not running: it has said nothing for 101 s" in text
    assert asked(tmp_path, time=utc(time.time() - 80).isoformat())[0] == 0
    assert asked(tmp_path, time="soon")[0] == 1


def test_a_source_that_starts_is_not_watched_yet(tmp_path: Path) -> None:
    code, text = asked(tmp_path, sources=[{"name": "gate", "state": "starting"}])
    assert code == 1
    assert "yes" not in text


def test_json_is_the_whole_of_it(tmp_path: Path) -> None:
    code, text = asked(tmp_path, "--json", time=(now := utc(time.time()).isoformat()))
    assert (code, json.loads(text)) == (0, STATUS | {"time": now})


def test_there_is_none(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["status", str(tmp_path)])
    assert done.exit_code == 2
    assert "no status here; has the agent run?" in done.output
