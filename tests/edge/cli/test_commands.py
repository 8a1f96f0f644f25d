"""Every command has help, an example, a page and a test; `--help` is quick; what goes wrong is one message."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from calibration.errors import ConfigError, LookoutError, SourceUnusable
from edge import cli
from edge.version import __version__
from tests.commands_page import page

LEAVES = [name for name in cli.COMMANDS if name not in cli.GROUPS]
HEAVY = {"av", "cv2", "numpy", "onnxruntime", "amqtt", "paho", "pydantic", "torch", "ultralytics"}


@pytest.mark.parametrize("name", LEAVES)
def test_help_and_example(name: str) -> None:
    command = cli.load(name)
    assert command.help, f"lookout {name} has no docstring"
    assert f"lookout {name}" in command.help.partition("Example:")[2], f"lookout {name} shows no example"
    result = CliRunner().invoke(cli.app, [*name.split(), "--help"])
    assert result.exit_code == 0
    assert f"Usage: lookout {name}" in " ".join(result.stdout.split())


@pytest.mark.parametrize("name", LEAVES)
def test_options_are_explained(name: str) -> None:
    silent = [param.name for param in cli.load(name).params if not getattr(param, "help", None)]
    assert not silent, f"lookout {name}: no help for {silent}"


@pytest.mark.parametrize("name", LEAVES)
def test_has_a_test(name: str, root: Path) -> None:
    *groups, word = name.split()
    test = root.joinpath("tests", "edge", "cli", *groups, f"test_{word.replace('-', '_')}.py")
    assert test.is_file(), f"lookout {name} has no test at {test.relative_to(root)}"


def test_every_module_is_in_the_table(root: Path) -> None:
    folder = root / "edge" / "cli"
    modules = {path.relative_to(folder) for path in folder.rglob("*.py") if not path.stem.startswith("_")}
    rows = {name.replace("-", "_") for name in LEAVES}
    assert {" ".join(path.with_suffix("").parts).rstrip("_") for path in modules} == rows


@pytest.mark.parametrize("group", sorted(cli.GROUPS))
def test_a_group_lists_its_commands(group: str, root: Path) -> None:
    assert group in cli.COMMANDS, f"the group {group} has no row of its own"
    assert root.joinpath("edge", "cli", *group.split(), "__init__.py").is_file()
    result = CliRunner().invoke(cli.app, [*group.split(), "--help"])
    assert result.exit_code == 0
    assert cli.COMMANDS[group] in " ".join(result.stdout.split())
    assert all(name.rpartition(" ")[2] in result.stdout for name in LEAVES if name.startswith(f"{group} "))


@pytest.mark.parametrize("group", sorted(cli.GROUPS))
def test_a_group_refuses_an_unknown_command(group: str) -> None:
    result = CliRunner().invoke(cli.app, [*group.split(), "nothing"])
    assert result.exit_code == 2
    assert "No such command 'nothing'" in result.stderr


def test_the_page_is_up_to_date(root: Path) -> None:
    assert (root / "docs" / "commands.md").read_text() == page(), "run `make docs`"


def test_help_lists_the_table() -> None:
    result = CliRunner().invoke(cli.app, ["--help"])
    assert result.exit_code == 0
    assert all(name in result.stdout for name in cli.COMMANDS if " " not in name)


def test_version() -> None:
    result = CliRunner().invoke(cli.app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"lookout {__version__}\n")


def test_unknown_command_is_refused() -> None:
    result = CliRunner().invoke(cli.app, ["rn"])
    assert result.exit_code == 2
    assert "No such command 'rn'" in result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["dataset", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    # Typer checks the options before a group with pydantic.
    heavy = HEAVY if len(arguments) == 1 else HEAVY - {"pydantic"}
    code = (
        "import sys\nfrom edge.cli import app\n"
        f"try: app({arguments})\nexcept SystemExit: pass\n"
        "print('LOADED', *{name.partition('.')[0] for name in sys.modules})"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(result.stdout.rpartition("LOADED")[2].split())
    assert not loaded & heavy


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SourceUnusable("gate-3: not a video: notes.txt"), "lookout: gate-3: not a video: notes.txt\n"),
        (ConfigError(["site: missing"], "a.yaml"), "lookout: a.yaml: 1 fault\n  site: missing\n"),  # all faults kept
    ],
)
def test_an_error_is_one_message(monkeypatch: pytest.MonkeyPatch, error: LookoutError, said: str) -> None:
    def models() -> None:
        raise error

    monkeypatch.setattr(cli, "import_module", lambda name: SimpleNamespace(models=models))
    result = CliRunner().invoke(cli.app, ["models"])
    assert result.exit_code == 2
    assert result.stderr == said
    assert result.stdout == ""


def test_a_programming_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def models() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "import_module", lambda name: SimpleNamespace(models=models))
    assert isinstance(CliRunner().invoke(cli.app, ["models"]).exception, ZeroDivisionError)


def test_the_module_runs_as_a_program() -> None:
    result = subprocess.run([sys.executable, "-m", "edge.cli", "--version"], capture_output=True, text=True, check=True)
    assert result.stdout == f"lookout {__version__}\n"


def test_a_command_that_became_a_group_still_does_what_it_did() -> None:
    old = CliRunner().invoke(cli.app, ["calibrate", "--model", "/nowhere"])
    new = CliRunner().invoke(cli.app, ["calibrate", "thresholds", "--model", "/nowhere"])
    assert old.exit_code == new.exit_code == 2
    assert old.stderr == new.stderr


@pytest.mark.parametrize(
    ("words", "footage", "mission"),
    [
        ("--footage a.MP4 b.MP4 c.mp4 --out x", ["a.MP4", "b.MP4", "c.mp4"], None),
        ("m.yaml --footage a.MP4 b.MP4", ["a.MP4", "b.MP4"], "m.yaml"),
        ("--footage a.MP4 b.MP4 m.yaml", ["a.MP4", "b.MP4"], "m.yaml"),
        ("--footage a.MP4 m.yaml --footage b.MP4", ["a.MP4", "b.MP4"], "m.yaml"),
        ("--footage bare m.yaml", ["bare"], "m.yaml"),
    ],
)
def test_a_repeatable_option_takes_what_the_shell_makes_of_a_pattern(
    words: str, footage: list[str], mission: str | None
) -> None:
    context = cli.load("patrol").make_context("patrol", words.split())
    assert [str(path) for path in context.params["footage"]] == footage
    assert context.params["mission"] == (mission and Path(mission))
