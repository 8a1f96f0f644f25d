"""What a person sees of a message that arrived: one line of a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from edge.delivery.contract import CoverageData, EventData, Titles
from edge.delivery.notices import NoticeData
from edge.delivery.subscriber import (
    Received,
    ReceivedCoverage,
    ReceivedEvent,
    ReceivedEvidence,
    ReceivedNotice,
    ReceivedStatus,
)
from pipelines.events import Mode, Phase

_PHASE_STYLE = {Phase.OPEN: "bold red", Phase.UPDATE: "yellow", Phase.CLEARED: "green", Phase.HANDLING: "cyan"}
_PHASE_MARK = {Phase.OPEN: "▲", Phase.UPDATE: "·", Phase.CLEARED: "✓", Phase.HANDLING: "◇"}


def line(received: Received, lang: str = "en", saved: Path | None = None) -> Text:
    """The line for a message.

    Args:
        received: the message.
        lang: `zh` or `en`, of the hazard's name.
        saved: where a piece of evidence was written.
    """
    if isinstance(received, ReceivedEvent):
        return _event(received, lang)
    if isinstance(received, ReceivedCoverage):
        return _coverage(received, lang)
    if isinstance(received, ReceivedNotice):
        return _notice(received, lang)
    if isinstance(received, ReceivedEvidence):
        return _evidence(received, saved)
    if isinstance(received, ReceivedStatus):
        return _status(received)
    return Text(f"? {received.topic}: {received.reason}", style="magenta")


def _word(data: EventData) -> str:
    return str(data.handling if data.phase is Phase.HANDLING else data.phase)


def place_of(data: EventData) -> str:
    """Source, zone, and where they are, such as `gate-3 / fire-lane, Warehouse 3, floor 2`."""
    parts = [f"{data.source} / {data.zone}" if data.zone else data.source]
    if data.place is not None:
        parts += data.place.words("floor {}")
    return ", ".join(parts)


def _event(received: ReceivedEvent, lang: str) -> Text:
    data = received.event.data
    title = data.hazard.title.zh if lang == "zh" else data.hazard.title.en
    style = _PHASE_STYLE[data.phase]
    # From the capture of the frame; where the agent can not tell that, from its outbox.
    latency_s = received.delivery_s if received.latency_s is None else received.latency_s
    text = Text.assemble(
        (f"{data.observed:%H:%M:%S} ", "dim"),
        (f"{_PHASE_MARK[data.phase]} {_word(data):<7} {title}", style),
        f"  {place_of(data)}  severity {data.severity}  score {data.score:.2f}",
        (f"  confirmed in {received.confirm_s:.1f} s, latency {_short(latency_s)}", "dim"),
    )
    for mark, on in (("drill", data.drill), ("observed", data.mode is Mode.OBSERVE), ("repeated", received.repeated)):
        if on:
            text.append(f"  [{mark}]", style="cyan")
    return text


def _coverage(received: ReceivedCoverage, lang: str) -> Text:
    data = received.event.data
    told = f"{data.source}  not watched since {data.since:%H:%M:%S}: {data.reason}"
    return _step(data, data.fault.title, told, lang, repeated=received.repeated)


def _notice(received: ReceivedNotice, lang: str) -> Text:
    data = received.event.data
    return _step(data, data.notice.title, data.reason, lang, repeated=received.repeated)


def _step(data: CoverageData | NoticeData, title: Titles, told: str, lang: str, *, repeated: bool) -> Text:
    """A step in the life of what is no hazard."""
    phase = Phase(data.phase)
    text = Text.assemble(
        (f"{data.observed:%H:%M:%S} ", "dim"),
        (f"{_PHASE_MARK[phase]} {phase:<7} {title.zh if lang == 'zh' else title.en}", _PHASE_STYLE[phase]),
        f"  {told}",
    )
    return text.append("  [repeated]", style="cyan") if repeated else text


def _evidence(received: ReceivedEvidence, saved: Path | None) -> Text:
    verdict, style = {
        True: ("digest verified", "green"),
        False: ("digest is wrong", "bold red"),
        None: ("not announced by any event seen here", "yellow"),
    }[received.verified]
    where = f"  {saved}" if saved else ""
    return Text.assemble(
        f"         ↳ {received.name}  {len(received.content) / 1000:,.0f} kB  ", (verdict, style), where
    )


def _status(received: ReceivedStatus) -> Text:
    status = received.status
    heartbeat = status.heartbeat
    text = Text(f"         ○ {received.agent} {status.status}", style="dim")
    if status.reason:
        text.append(f" ({status.reason})")
    if heartbeat is not None:
        online = sum(source.state == "online" for source in heartbeat.sources)
        if heartbeat.sources:
            text.append(f", {online} of {len(heartbeat.sources)} sources online, {heartbeat.outbox_waiting} waiting")
        for fault in heartbeat.faults:
            text.append(f"; {fault}", style="yellow")
    return text


def _short(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if abs(seconds) < 1 else f"{seconds:.1f} s"
