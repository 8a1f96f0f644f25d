from __future__ import annotations

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge import cli
from edge.outputs.outputs import MUTED, muted
from tests.edge.cli.outputs.site import write_site
from tests.edge.cli.outputs.test_test import YARD


def test_a_mute_has_an_end_and_can_be_ended(tmp_path: Path) -> None:
    site = str(write_site(tmp_path, YARD))
    assert CliRunner().invoke(cli.app, ["outputs", "mute", site, "hook", "--for", "2h"]).exit_code == 0
    (until,) = muted(tmp_path / "data" / MUTED).values()
    assert until - time.time() == pytest.approx(7200, abs=30)
    assert CliRunner().invoke(cli.app, ["outputs", "mute", site, "hook", "--for", "0s"]).exit_code == 0
    assert muted(tmp_path / "data" / MUTED)["hook"] <= time.time()


@pytest.mark.parametrize(("name", "lasting", "said"), [
    ("hook", "soon", "--for: found 'soon', expected a number with s, m, h or d"),
    ("siren", "1m", "output 'siren' is unknown, the site has: hook, voice"),
])  # fmt: skip
def test_what_can_not_be_muted(tmp_path: Path, name: str, lasting: str, said: str) -> None:
    done = CliRunner().invoke(cli.app, ["outputs", "mute", str(write_site(tmp_path, YARD)), name, "--for", lasting])
    assert done.exit_code == 2
    assert said in done.output
