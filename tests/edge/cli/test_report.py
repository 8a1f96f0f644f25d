from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from typer.testing import CliRunner

from edge import cli
from edge.delivery.dispatch import Dispatch
from edge.delivery.outbox import FILE_NAME, Outbox
from tests.edge.cli.outputs.site import write_site
from tests.edge.cli.outputs.test_test import YARD
from tests.edge.delivery.builders import TOPICS, make_event


def test_a_shift_is_printed_or_written(tmp_path: Path) -> None:
    site = str(write_site(tmp_path, YARD))
    with Outbox(tmp_path / "data" / FILE_NAME) as outbox:
        Dispatch(outbox, TOPICS).send(replace(make_event(), captured_s=time.time() - 60))
    printed = CliRunner().invoke(cli.app, ["report", site])
    assert printed.exit_code == 0
    assert "gate-3" in printed.stdout
    written = CliRunner().invoke(cli.app, ["report", site, "--hours", "1", "--out", str(tmp_path / "shift")])
    assert written.stdout.split() == [str(tmp_path / "shift.md"), str(tmp_path / "shift.html")]
    assert (tmp_path / "shift.html").read_text().startswith("<!DOCTYPE html>")


def test_an_agent_that_never_ran(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["report", str(write_site(tmp_path, YARD))])
    assert done.exit_code == 2
    assert "no outbox here" in done.output
