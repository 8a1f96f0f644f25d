"""What a person sees of the demo: a line for each arrival, and a table at the end."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge.delivery.contract import EventData
from edge.delivery.display import place_of
from edge.demo.verdict import CLIP, Incident, Tally
from edge.demo.words import Words

_WIDTH = 110
_GOOD, _BAD = Text("✓", "green"), Text("✗", "bold red")
_PICTURE = "open-annotated.jpg"


class Show:
    """Prints to standard output.

    Args:
        words: the language.
        tally: what must arrive and what did.
    """

    def __init__(self, words: Words, tally: Tally) -> None:
        self._words = words
        self._tally = tally
        self.console = Console(highlight=False)
        if not self.console.is_terminal:
            self.console = Console(highlight=False, width=_WIDTH)

    def opened(self, incident: Incident, seconds: float) -> None:
        """A hazard has arrived."""
        data = incident.opened.event.data
        expected = incident.expected in self._tally.expected
        line = Text.assemble(
            (f"{seconds:5.1f} s ", "dim"),
            ("▲ " if expected else "✗ ", "bold red"),
            (self._title(data), "bold"),
            f"  {place_of(data)}  {self._words('score')} {data.score:.2f}"
            f"  {self._words('latency')} {_milliseconds(incident.opened.latency_s)}",
        )
        if data.drill:
            line.append(f"  [{self._words('drill')}]", "yellow")
        if not expected:
            line.append(f"  {self._words('unexpected')}", "bold red")
        self.console.print(line, soft_wrap=True)

    def saved(self, incident: Incident, name: str) -> None:
        """Its marked picture or its clip has arrived; the other files are only saved."""
        verified, path = incident.files[name]
        if verified and name not in (_PICTURE, CLIP):
            return
        verdict = Text(self._words("good" if verified else "bad"), "green" if verified else "bold red")
        self.console.print(Text.assemble("          ", (str(path), "dim"), "  ", verdict), soft_wrap=True)

    def table(self) -> None:
        """What was received, and what is missing."""
        table = Table(title=self._words("title"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for heading in self._words.columns:
            table.add_column(heading, no_wrap=True)
        for incident in self._tally.incidents.values():
            table.add_row(*self._row(incident))
        for missing in self._tally.missing:
            gap = Text(self._words("missing"), "bold red")
            table.add_row(_BAD, missing.hazard, _where(missing.source, missing.zone), "", "", "", gap)
        self.console.print()
        self.console.print(table)
        self.console.print(self._words("legend"), style="dim", soft_wrap=True)

    def _row(self, incident: Incident) -> tuple[str | Text, ...]:
        data = incident.opened.event.data
        known = incident.expected in self._tally.expected
        return (
            _GOOD if known else _BAD,
            data.hazard.kind,
            _where(data.source, data.zone),
            f"{data.score:.2f}",
            f"{incident.opened.confirm_s:.1f} s",
            _milliseconds(incident.opened.latency_s),
            self._proof(incident) if known else Text(self._words("unexpected"), "bold red"),
        )

    def _proof(self, incident: Incident) -> Text:
        files = incident.files
        if not all(verified for verified, _ in files.values()):
            return Text(self._words("bad"), "bold red")
        pictures = sum(name.endswith(".jpg") for name in files)
        return Text(self._words("clip" if CLIP in files else "pictures", count=pictures))

    def _title(self, data: EventData) -> str:
        return data.hazard.title.zh if self._words.lang == "zh" else data.hazard.title.en


def _where(source: str, zone: str | None) -> str:
    return f"{source} / {zone}" if zone else source


def _milliseconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.0f} ms"
