"""One recording of an archive, and what it came to; the same on any machine and in any order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path

from calibration.errors import SourceError, SourceUnusable
from edge.model_store import ModelStore
from edge.replay import Record, Replay, event_record, plans_from_rules, plans_from_site, summary_record
from edge.replay.plans import ReplayPlan, usual_rules
from edge.sources import Pace, open_source
from edge.sources.drill import Drill

SUFFIXES = {".mp4", ".mkv", ".mov", ".avi", ".ts", ".m4v", ".webm", ".h264", ".hevc"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What every recording is inspected for.

    Attributes:
        site: a site file, as text of its path; None: rules alone.
        source: which source of it.
        rules: by name; None: the usual ones.
        models: a folder of models before the installed ones.
    """

    site: str | None = None
    source: str | None = None
    rules: tuple[str, ...] | None = None
    models: str | None = None

    def plan(self) -> ReplayPlan:
        """Rules and models, loaded once a process.

        Raises:
            ConfigError, ModelError: see `plans_from_site` and `plans_from_rules`.
        """
        return _plan(self)

    @property
    def digest(self) -> str:
        """Of all that decides what is found: these settings, the site file, rules, models."""
        site = hashlib.sha256(Path(self.site).read_bytes()).hexdigest() if self.site is not None else ""
        lanes = self.plan().watch.lanes
        models = [[lane.detector.card.sha256, [str(rule) for rule in lane.rules]] for lane in lanes]
        return hashlib.sha256(json.dumps([asdict(self), site, models]).encode()).hexdigest()


@lru_cache(maxsize=2)
def _plan(settings: Settings) -> ReplayPlan:
    store = ModelStore.installed(Path(settings.models) if settings.models is not None else None)
    if settings.site is not None:
        return plans_from_site(Path(settings.site), settings.source, settings.rules, store)
    return plans_from_rules(usual_rules(store) if settings.rules is None else settings.rules, store)


def recordings(folder: Path) -> list[str]:
    """The recordings below a folder, by their path in it, in order.

    Raises:
        SourceUnusable: it can not be read, or holds none.
    """
    if not folder.is_dir():
        raise SourceUnusable(f"{folder}: no such folder")
    found = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    )
    if not found:
        raise SourceUnusable(f"{folder}: holds no recordings ({', '.join(sorted(SUFFIXES))})")
    return found


def inspect_recording(settings: Settings, folder: str, clip: str) -> list[Record]:
    """The events of one recording, and a summary; one that can not be read to its end says so in a record.

    Incidents are numbered within the recording, so that the same footage gives the same records.
    """
    plan = settings.plan()
    numbers = count(1)
    records: list[Record] = []
    footage = open_source(Path(clip).stem or clip, str(Path(folder) / clip), pace=Pace.FAST, keep_s=0.0)
    drill = plan.source.drill if plan.source is not None else None
    replay = Replay(footage, plan.watch, lambda: f"{clip}#{next(numbers)}", Drill(drill) if drill is not None else None)
    try:
        for step in replay.steps():
            records += [event_record(clip, event) for event in step.events]
    except SourceError as error:
        records.append({"type": "unreadable", "clip": clip, "reason": str(error)})
    records.append(summary_record(clip, replay.summary))
    return records


def lines(records: list[Record]) -> Iterator[str]:
    """As JSON lines."""
    return (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
