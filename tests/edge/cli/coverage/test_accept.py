"""Who has turned a camera on purpose says so with one command."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from edge import cli
from edge.coverage.references import References
from tests.edge.agent.conftest import source, write_site


def accept(site: Path, *names: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, ["coverage", "accept", str(site), *names])
    return done.exit_code, done.output


def test_the_reference_goes_and_no_other(tmp_path: Path) -> None:
    site = write_site(tmp_path, 1, source("gate", tmp_path / "a.mp4"), source("yard", tmp_path / "b.mp4"))
    references = References(tmp_path / "data")
    for name in ("gate", "yard"):
        references.path(name).parent.mkdir(parents=True, exist_ok=True)
        references.path(name).write_bytes(b"learnt")
    assert accept(site, "gate") == (0, "gate: learnt anew\n")
    assert not references.path("gate").exists()
    assert references.path("yard").exists()
    assert accept(site, "gate") == (0, "gate: nothing was learnt yet, it will be learnt as it is\n")


def test_a_name_that_is_none_changes_nothing(tmp_path: Path) -> None:
    site = write_site(tmp_path, 1, source("gate", tmp_path / "a.mp4"))
    path = References(tmp_path / "data").path("gate")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"learnt")
    code, said = accept(site, "gate", "gaet")
    assert (code, path.exists()) == (2, True)
    assert "source 'gaet' is unknown, the site has: gate" in said
