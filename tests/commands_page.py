"""Writes `docs/commands.md` from the commands themselves: `python -m tests.commands_page docs/commands.md`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from edge.cli import COMMANDS, GROUPS, load

HEAD = """# Commands

Written by `make docs` from the commands themselves; a test compares.

`lookout --help` lists them, `lookout COMMAND --help` explains one. Before the command stand `--log-level`
(`debug`, `info`, `warning`, `error`; also `LOOKOUT_LOG_LEVEL`) and `--version`. Exit codes: 0 done, 1 a check
failed or an expected event stayed away, 2 something a person can put right, said in one message.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(section(name) for name in COMMANDS)])


def section(name: str) -> str:
    """Heading, usage, help and a table of the options of one command; of a group its help line."""
    command = load(name)
    if name in GROUPS:
        return f"## {name}\n\n{command.help} `lookout {name} --help` lists its commands.\n"
    context = typer.Context(command, info_name=f"lookout {name}")
    usage = " ".join([f"lookout {name}", *command.collect_usage_pieces(context)])
    lines = [f"## {name}", "", "```text", usage, "```", "", command.help.strip(), ""]
    records = [param.get_help_record(context) for param in command.get_params(context)]
    rows = [_row(*record) for record in records if record is not None and "--help" not in record[0]]
    if rows:
        lines += ["| Argument or option | Meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _row(names: Any, meaning: Any) -> str:
    cells = (f"`{names}`", " ".join(str(meaning).split()))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
