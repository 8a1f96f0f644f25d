"""`lookout run`: watch a site."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from edge.agent.agent import Agent
from edge.agent.generations import watch
from edge.agent.reload import read_site_file
from edge.agent.supervisor import Ending
from edge.footprint import keep_small
from edge.model_store import ModelStore

_INTERRUPTED = 130


def run(
    site: Annotated[Path, typer.Argument(metavar="SITE.yaml", help="The site file.", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For outbox, evidence and status.json, instead of the site's `agent.data`."),
    ] = None,
    models: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of model folders, before the installed ones.")
    ] = None,
    until_end: Annotated[
        bool, typer.Option("--until-end", help="End when every recording has ended and what it gave is delivered.")
    ] = False,
) -> None:
    """Watch a site until Ctrl-C and report every hazard to its platform.

    Ctrl-C or SIGTERM ends it within two seconds with everything stored; a second one ends it at once. What waits in
    the outbox is sent at the next start. `status.json` in the data folder says how everything is. SIGHUP has it read
    the site file again: it begins anew with it, or goes on as it was if the file is wrong.

    Exit code 0 after a clean stop; with --until-end 1 if a recording could not be read to its end.

    Example: `lookout run site.yaml`
    """
    keep_small()
    stop, watching = threading.Event(), threading.Event()
    end_on_signals(stop, watching)
    store = ModelStore.installed(models)

    def begins(agent: Agent) -> None:
        signal.signal(signal.SIGHUP, lambda *_: agent.reload.hang_up())
        watching.set()

    end = watch(read_site_file(site, store), data, store, stop, begins, until_end=until_end)
    if end.ending is Ending.RESTART:
        start_afresh()
    leave(1 if until_end and not stop.is_set() and not end.sound else 0)


def end_on_signals(stop: threading.Event, watching: threading.Event) -> None:
    """SIGINT and SIGTERM set `stop`; before `watching` is set they end the process, since nothing is in hand yet."""

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        if stop.is_set():
            os._exit(_INTERRUPTED)
        if not watching.is_set():  # loading models may take longer than two seconds, and nothing is in hand yet
            os._exit(0)
        stop.set()

    for which in (signal.SIGINT, signal.SIGTERM):
        signal.signal(which, end)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the site file is just being read


def start_afresh() -> NoReturn:
    """The same command in the same process: native calls that hang end with the old program."""
    logging.shutdown()
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - no shell is wanted


def leave(code: int) -> NoReturn:
    """End the process."""
    # Not by the interpreter's own way out: that waits for, or crashes over, threads that hang in native code.
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
