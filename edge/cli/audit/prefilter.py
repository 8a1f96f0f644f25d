"""`lookout audit prefilter`."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from edge.cli._scoring import people, progress, wide

if TYPE_CHECKING:
    from edge.audit.prefilter import Audit, Outcome
    from pipelines.frame import Frame


def prefilter(
    clips: Annotated[
        list[Path],
        typer.Argument(metavar="CLIPS…", help="Files with clips and their events, or recordings without a hazard."),
    ],
    on: Annotated[
        int, typer.Option("--drills", min=0, help="Draw drills onto so many of the clips without a hazard.")
    ] = 3,
    fps: Annotated[float, typer.Option(min=0.5, max=30, help="Looks a second, as `analysis_fps` of a source.")] = 5.0,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw delays over growth.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Measure what the prefilter misses: labelled events and drills, what it hands on of quiet footage, its cost.

    Drills are smoke that grows in 5, 60 and 180 s and hides 15, 40 and 80 % of what is behind it, the middling one
    also by night, in rain and while a light is switched, and a flame. A drill counts as flagged when regions hold half
    of what can be seen of it; for how many that would not be so without the drill is told beside it, since where much
    moves anyway everything is handed on. How much is handed on is counted on clips without a hazard, apart from the
    times in which their file says that something else moves (`persons: [[0, 4]]`): that is handed on rightly. A clip
    whose file says nothing of it counts as lively, a recording given by itself as quiet. A minute or two for each clip
    with drills.

    Example: `lookout audit prefilter ../shared/data/clips/clips.yaml --plot prefilter.png`
    """
    audit = _audit(_footage(clips, fps), on, fps)
    if plot is not None:
        from edge.audit.plot import draw_delays

        draw_delays(audit.drills, plot)
        people().print(f"wrote {plot}", markup=False)
    if json:
        typer.echo(json_format.dumps(audit.record(), ensure_ascii=False, indent=2))
    else:
        _show(audit)


@dataclass(frozen=True, slots=True, eq=False)
class _Footage:
    """A clip's small frames, what happens in it, and when something else moves; None if that is not known."""

    name: str
    frames: tuple[Frame, ...]
    events: dict[str, tuple[tuple[float, float], ...]]
    lively: tuple[tuple[float, float], ...] | None


def _footage(paths: Sequence[Path], fps: float) -> list[_Footage]:
    from edge.audit.footage import read_small
    from pipelines.retraining.scoring.clips import Clip, read_clips

    found: list[Clip] = []
    for path in paths:
        found += read_clips(path) if path.suffix in {".yaml", ".yml"} else [Clip(path, {}, ())]
    return [
        _Footage(
            clip.name, read_small(str(clip.path), fps, clip.name), {str(k): v for k, v in clip.events.items()},
            clip.lively,
        )
        for clip in found
    ]  # fmt: skip


def _audit(footage: Sequence[_Footage], on: int, fps: float) -> Audit:
    from edge.audit.footage import Weather
    from edge.audit.prefilter import Audit, drills, look_us, watch_drill, watch_events, watch_quiet

    events: list[Outcome] = []
    for clip in footage:
        events += watch_events(clip.name, clip.frames, clip.events)
    calm = [clip for clip in footage if not clip.events]
    quiet = [watch_quiet(clip.name, clip.frames, weather, clip.lively) for clip in calm for weather in Weather]
    trials = [(clip.name, clip.frames, *one) for i, clip in enumerate(calm[:on]) for one in drills(i)]
    drilled: list[Outcome] = []
    with progress("drills", len(trials)) as advance:
        for name, frames, item, weather in trials:
            drilled.append(watch_drill(name, frames, item, weather, fps))
            advance()
    every = [frame for clip in footage for frame in clip.frames]
    return Audit(tuple(events), tuple(drilled), tuple(quiet), look_us(every))


def _show(audit: Audit) -> None:
    console = wide()
    told = audit.record()
    table = Table("Seen", "Weather", "Growth", "Opacity", "Trials", "Flagged", "Delay", "Longest", "Share of time")
    for key, group in _grouped([*audit.events, *audit.drills]):
        what, weather, growth_s, opacity = key
        delays = [one.delay_s for one in group if one.delay_s is not None]
        table.add_row(
            what, weather, f"{growth_s:g} s" if growth_s else "filmed", f"{opacity:.0%}" if opacity else "–",
            str(len(group)), str(len(delays)), _seconds(median(delays) if delays else None),
            _seconds(max(delays, default=None)), f"{median(one.share for one in group):.0%}",
        )  # fmt: skip
    console.print(table)
    passed = Table(
        "Without a hazard", "Weather", "Nothing moves for", "Handed on (area × time)", "Frames with a region",
        "Handed on of the rest",
    )  # fmt: skip
    for one in audit.quiet:
        passed.add_row(
            one.where, one.weather, f"{one.quiet_s:g} s", _share(one.passed), _share(one.stirred), _share(one.lively)
        )
    console.print(passed)
    console.print(
        f"Flagged: {_share(told['recall_events'])} of what was filmed, {_share(told['recall_drills'])} of the drills, "
        f"{_share(told['recall_alone'])} of them for the drill's sake. Handed on in calm weather while nothing moves: "
        f"{_share(told['passed_share'])}, of the rest {_share(told['passed_share_lively'])}. "
        f"A look: {audit.look_us:.0f} µs."
    )


def _grouped(outcomes: Iterable[Outcome]) -> list[tuple[tuple[str, str, float, float], list[Outcome]]]:
    groups: dict[tuple[str, str, float, float], list[Outcome]] = {}
    for one in outcomes:
        groups.setdefault((one.what, one.weather, one.growth_s, one.opacity), []).append(one)
    return list(groups.items())


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"
