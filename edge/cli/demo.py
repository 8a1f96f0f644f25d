"""`lookout demo`: the whole way of a frame on bundled footage."""

from __future__ import annotations

import queue
import tempfile
import time
from contextlib import ExitStack
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.status import Status

from edge.delivery.broker import EmbeddedBroker
from edge.delivery.subscriber import Received, ReceivedEvent, ReceivedEvidence, Subscriber
from edge.demo.show import Show
from edge.demo.stage import AgentProcess, demo_site, footage_s
from edge.demo.verdict import Tally, read_expected
from edge.demo.words import Words
from edge.share import share_folder

_LIMIT_S = 54.0
_START_S = 2.0
_TURN_S = 0.2


class Language(StrEnum):
    """Of everything that people read."""

    ZH = "zh"
    EN = "en"


def demo(
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where pictures, log and data go; a fresh temporary folder if left out."),
    ] = None,
    lang: Annotated[Language, typer.Option(help="Language of titles, messages and pictures.")] = Language.EN,
) -> None:
    """Show the whole way of a frame on bundled footage: cameras, hazards, MQTT, pictures.

    Starts an MQTT broker on loopback and an agent, and shows each event as a subscriber receives it. Ends by itself
    in about half a minute, on a slow machine within a whole one. Nothing leaves this machine.

    Exit code 0 only if every expected hazard arrived over MQTT and no other did, else 1.

    Example: `lookout demo --lang zh`
    """
    dataset = share_folder() / "datasets" / "demo"
    folder = _folder(keep)
    round_s = footage_s(dataset) + _START_S
    words = Words(lang.value)
    tally = Tally(read_expected(dataset / "expected.yaml"), folder / "received")
    show = Show(words, tally)
    arrived: queue.SimpleQueue[Received] = queue.SimpleQueue()
    with ExitStack() as running:
        broker = running.enter_context(EmbeddedBroker())
        running.enter_context(Subscriber(broker.settings, arrived.put))
        show.console.print(words("intro", broker=broker.settings.address), soft_wrap=True)
        show.console.print(words("files", folder=folder), style="dim", soft_wrap=True)
        show.console.print()
        site = demo_site(dataset, folder, broker.settings, lang.value)
        agent = running.enter_context(AgentProcess(site, folder / "agent.log"))
        began_s = time.monotonic()
        with show.console.status("") as status:
            # The whole footage once, for what must not arrive; again while something is missing, on a slow machine.
            while agent.code is None and (passed_s := time.monotonic() - began_s) < _LIMIT_S:
                if passed_s > round_s and tally.complete:
                    break
                _take(arrived, tally, show, began_s)
                _wait_for(status, words, tally, passed_s)
        code = agent.stop()
        _take(arrived, tally, show, began_s)
    show.table()
    raise typer.Exit(_verdict(show, words, tally, agent, code))


def _folder(keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="lookout-demo-"))
    # Each run has a folder of its own: nothing of an earlier one is overwritten or taken for news.
    folder = keep / f"{datetime.now().astimezone():%Y-%m-%d_%H%M%S}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _take(arrived: queue.SimpleQueue[Received], tally: Tally, show: Show, began_s: float) -> None:
    """Deal with everything that has arrived, waiting a moment for the first."""
    try:
        received = arrived.get(timeout=_TURN_S)
        while True:
            _deal_with(received, tally, show, began_s)
            received = arrived.get_nowait()
    except queue.Empty:
        return


def _deal_with(received: Received, tally: Tally, show: Show, began_s: float) -> None:
    if isinstance(received, ReceivedEvent):
        opened = tally.event(received)
        if opened is not None:
            show.opened(opened, time.monotonic() - began_s)
    elif isinstance(received, ReceivedEvidence):
        saved = tally.evidence(received)
        if saved is not None:
            show.saved(saved[0], received.name)


def _wait_for(status: Status, words: Words, tally: Tally, seconds: float) -> None:
    names = ", ".join(missing.hazard.title(words.lang) for missing in tally.missing)
    status.update(escape(words("waiting", seconds=seconds, names=names) if names else words("tail", seconds=seconds)))


def _verdict(show: Show, words: Words, tally: Tally, agent: AgentProcess, code: int) -> int:
    show.console.print()
    if code != 0:
        show.console.print(words("died", code=code, log=agent.log), style="bold red", soft_wrap=True)
        show.console.print(agent.last_words(), style="dim", soft_wrap=True, markup=False)
    if tally.passed and code == 0:
        show.console.print(words("passed", count=len(tally.expected)), style="bold green", soft_wrap=True)
        return 0
    what = words.counts(
        missing=len(tally.missing), unexpected=len(tally.unexpected), forged=len(tally.forged)
    )  # fmt: skip
    if what:
        show.console.print(words("failed", what=what), style="bold red", soft_wrap=True)
    return 1
