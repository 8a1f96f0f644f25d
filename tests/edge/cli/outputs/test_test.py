from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from edge import cli
from tests.conftest import ROOT
from tests.edge.cli.outputs.site import write_site

YARD = ROOT / "datasets" / "demo" / "yard.mp4"


def test_each_is_sounded_and_says_what_happened(tmp_path: Path) -> None:
    site = str(write_site(tmp_path, YARD))
    both = CliRunner().invoke(cli.app, ["outputs", "test", site])
    assert both.exit_code == 1
    hook, voice = both.stdout.splitlines()
    assert hook.startswith("hook (webhook): can not be reached: ")
    assert voice == "voice (command): done"
    one = CliRunner().invoke(cli.app, ["outputs", "test", site, "voice"])
    assert (one.exit_code, one.stdout) == (0, "voice (command): done\n")


def test_an_unknown_one_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["outputs", "test", str(write_site(tmp_path, YARD)), "siren"])
    assert done.exit_code == 2
    assert "output 'siren' is unknown, the site has: hook, voice" in done.output
