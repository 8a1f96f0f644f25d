"""The command `lookout`: one readable table, and one module a command.

The function `name` in `edge/cli/name.py` is the command `lookout name`. Modules are loaded when their command
is called, never before, so that `lookout --help` answers at once and a missing system library stops only
the commands that need it.

A group is a row of the table with commands below it: the row `dataset split` is `lookout dataset split`, the function
`split` in `edge/cli/dataset/split.py`, with its test in `tests/edge/cli/dataset/test_split.py` (both folders have an
`__init__.py`). A name that Python keeps for itself has an underscore behind it: `dataset import` is `import_` in
`import_.py`. What several commands of a group share lies in a module whose name begins with an underscore.
"""

from __future__ import annotations

import keyword
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from calibration.errors import LookoutError
from edge import log
from edge.cli._repeated import Repeating
from edge.native import explain
from edge.version import __version__

COMMANDS = {
    "demo": "Show the whole way of a frame on bundled footage: camera, hazards, MQTT, pictures.",
    "run": "Watch a site until Ctrl-C and report every hazard to its platform.",
    "check": "Try a site before it runs: file, models, sources, broker.",
    "snapshot": "Save one picture of a source, with a grid to read zones off.",
    "drill": "Render a test fire or smoke onto real footage.",
    "watch": "Subscribe to the events of a site and show them as they arrive.",
    "status": "How an agent is: which views are watched, what is active, what waits.",
    "report": "What a shift came to: incidents, delays, handling, coverage, drops.",
    "coverage": "Which views can be seen.",
    "coverage accept": "Take a view as it is now, after a camera was turned on purpose.",
    "outbox": "Show what waits for the broker.",
    "verify-log": "Check that no event was changed, left out or put in.",
    "outputs": "Sirens, webhooks and other local outputs.",
    "outputs test": "Sound each output for a moment, and say what happened.",
    "outputs mute": "Mute an output for some time.",
    "inspect": "Run the same pipeline over recorded footage, as fast as it goes.",
    "patrol": "What a drone has brought home: which hazards, where, and what was not looked at.",
    "rounds": "A robot's rounds: what has changed since an earlier one, and where its pictures come from.",
    "rounds compare": "Hold a round against an earlier one: what is new, gone, or was not looked at.",
    "rounds receive": "Take in a round as it is walked, over HTTP or MQTT, or of a camera by its poses.",
    "rounds extract": "Take a round out of a ROS 2 bag.",
    "models": "List the models at hand and verify their digests and signatures.",
    "contract": "Print the JSON Schema of everything that goes over MQTT.",
    "train": "Train a model as a recipe says; interrupted, it goes on where it was.",
    "retrain": "The whole line: leaks, training, thresholds, INT8, figures; a candidate for release.",
    "dataset": "Labelled pictures: bring them in, check and split them, hand them on.",
    "dataset import": "Bring in what a labelling tool exported; every fault is listed.",
    "dataset check": "Count what is in a data set, and prove that its splits do not leak.",
    "dataset split": "Deal pictures to splits: whole groups, and the same again when data is added.",
    "dataset frames": "Take pictures to label out of footage, where something happens.",
    "dataset export": "Write a data set in the format of a labelling tool.",
    "dataset harvest": "Make a data set of the frames that an agent kept.",
    "dataset propose": "Have a teacher label pictures; what it doubts is neither label nor background.",
    "dataset turn": "Add persons on the floor, made of persons on their feet.",
    "dataset render": "Make the pictures of a plan, ready to train on.",
    "evaluate": "Score a model on labelled pictures or on clips.",
    "evaluate images": "Score a model on labelled pictures, with the agent's own detector.",
    "evaluate clips": "Score the whole pipeline on clips: found, missed, false, how late.",
    "audit": "Measure what a part of Lookout misses.",
    "audit prefilter": "What the prefilter misses, what it hands on, what it costs.",
    "bench": "Lookout beside other loops: cameras that fit, times to alarm, costs.",
    "calibrate": "Fit a model's thresholds to a site, or measure a lens.",
    "calibrate thresholds": "Choose thresholds by false alarms a camera and day, and say how sure that is.",
    "calibrate camera": "Measure a lens on pictures of a printed board.",
    "quantise": "Make the INT8 version of a model, and say how it compares with the float one.",
    "release": "Hold a candidate against the released model, and release it if nothing speaks against it.",
    "keys": "Keys that models are signed with.",
    "keys new": "Make a pair of keys to sign models with.",
    "keys show": "Print the id of a key and its public half.",
    "keys sign": "Sign a model that did not come from `lookout release`.",
}

GROUPS = frozenset(name.rpartition(" ")[0] for name in COMMANDS if " " in name)
"""Rows that have others below them."""

MEANT = {"calibrate": "thresholds", "rounds": "compare"}
"""What a group does that is given no command: it was one, before it had others beside it."""

FAULT = 2
"""Exit code of a command that stopped at something a person can put right."""


def load(name: str) -> Any:
    """The real command of a row, with its options; imports its module. A group loads nothing yet."""
    word = name.rpartition(" ")[2]
    if name in GROUPS:
        return Commands(name=word, help=COMMANDS[name], no_args_is_help=True, rich_markup_mode="markdown", row=name)
    single = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)
    module, function = place_of(name)
    single.command(word, cls=Repeating)(getattr(import_module(module), function))
    return typer.main.get_command(single)


def place_of(name: str) -> tuple[str, str]:
    """Module and function of a row that is a command."""
    words = [f"{word}_" if keyword.iskeyword(word) else word.replace("-", "_") for word in name.split()]
    return ".".join(["edge.cli", *words]), words[-1]


def _is_no_word(argument: str) -> bool:
    """It is an option or a path, and no command that is spelt wrong."""
    return argument.startswith(("-", ".")) or "/" in argument or Path(argument).exists()


class Commands(TyperGroup):
    """Lists the commands below one row of the table and loads the one that is called.

    Args:
        row: the group's; the whole command's is empty.
        more: what click wants to know.
    """

    def __init__(self, *, row: str = "", **more: Any) -> None:
        super().__init__(**more)
        self._row = row

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in the table's order."""
        return [word for name in COMMANDS for group, _, word in [name.rpartition(" ")] if group == self._row]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - click's signature
        """A stand-in that carries the name and the help line; None for a name not in the table."""
        help_line = COMMANDS.get(self._name_of(cmd_name))
        return None if help_line is None else TyperCommand(cmd_name, help=help_line)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Click's, with the command that is meant where none is said."""
        known = {*self.list_commands(ctx), *ctx.help_option_names}
        if self._row in MEANT and args and args[0] not in known and _is_no_word(args[0]):
            args = [MEANT[self._row], *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The real command for the first argument, and the arguments after it."""
        word, _, rest = super().resolve_command(ctx, args)
        return word, load(self._name_of(word)) if word else None, rest

    def _name_of(self, word: str) -> str:
        return f"{self._row} {word}" if self._row else word

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what a person can put right becomes one message and exit code 2."""
        try:
            return super().invoke(ctx)
        except LookoutError as error:
            message = str(error)
        except ImportError as error:
            remedy = explain(error)
            if remedy is None:
                raise
            message = remedy
        typer.echo(f"lookout: {message}", err=True)
        raise typer.Exit(FAULT)


app = typer.Typer(
    name="lookout",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lookout {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback prints and leaves
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    log_level: Annotated[
        log.Level | None,
        typer.Option(envvar="LOOKOUT_LOG_LEVEL", help="Lowest level logged; `run` says info, the others warning."),
    ] = None,
) -> None:
    """Find smoke, fire, unsafe behaviour and blocked exits on cameras, and never lose an alarm.

    Each command explains itself: `lookout COMMAND --help`. Logs go to standard error, as text or,
    with `LOOKOUT_LOG=json`, as JSON lines.
    """
    usual = log.Level.INFO if context.invoked_subcommand in {"run", "patrol"} else log.Level.WARNING
    log.configure(log_level or usual)


def main() -> None:
    """Entry point of the console script `lookout`."""
    app(prog_name="lookout")
