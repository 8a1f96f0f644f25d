"""A robot's round, waypoint by waypoint, against an earlier one: what is new, what is gone, what was not looked at."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from calibration.errors import SourceUnusable
from edge.patrol.findings import Glimpse
from pipelines.changes import Change, Comparison, compare
from pipelines.frame import Plane
from pipelines.hazards import Box, HazardKind

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
_SAME = 0.3  # of the smaller box: a change of one picture is that of another


class Finding(StrEnum):
    """What a waypoint came to."""

    SAME = "same"
    CHANGED = "changed"
    SKIPPED = "skipped"
    UNRECOGNISED = "unrecognised"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Stop:
    """One waypoint of a round.

    Attributes:
        waypoint: its name.
        finding: what it came to.
        changes: what is in all pictures of this stop and was not in the earlier one.
        reason: why it could not be compared; None where it could.
        before, after: the pictures compared; None where there is none.
        seen: hazards that a model sees in all pictures of this stop.
    """

    waypoint: str
    finding: Finding
    changes: tuple[Change, ...] = ()
    reason: str | None = None
    before: Path | None = None
    after: Path | None = None
    seen: tuple[Glimpse, ...] = ()

    @property
    def covered(self) -> bool:
        """It was looked at and could be compared."""
        return self.finding in (Finding.SAME, Finding.CHANGED)

    def record(self) -> dict[str, Any]:
        """As a line of JSON has it: the kind is `changed_scene`, a fault of coverage is `uncovered`."""
        kind = {True: "changed_scene" if self.changes else "same_scene", False: "uncovered"}[self.covered]
        return {
            "type": kind, "waypoint": self.waypoint, "finding": str(self.finding), "reason": self.reason,
            "changes": [asdict(change) for change in self.changes],
            "hazards": [asdict(glimpse) for glimpse in self.seen],
            "before": str(self.before) if self.before else None, "after": str(self.after) if self.after else None,
        }  # fmt: skip


def waypoints(folder: Path) -> dict[str, list[Path]]:
    """The pictures of each waypoint: `NAME.jpg`, or all pictures in a folder `NAME`, in the order of their names.

    Raises:
        SourceUnusable: the folder can not be read, or holds no picture.
    """
    try:
        found = {
            path.stem if path.is_file() else path.name: sorted(_pictures(path)) for path in sorted(folder.iterdir())
        }
    except OSError as error:
        raise SourceUnusable(f"{folder}: can not be read: {error.strerror}") from error
    found = {name: paths for name, paths in found.items() if paths}
    if not found:
        raise SourceUnusable(f"{folder}: holds no picture; expected WAYPOINT.jpg, or folders WAYPOINT/ of pictures")
    return found


def walk(before: dict[str, list[Path]], after: dict[str, list[Path]]) -> list[Stop]:
    """Every waypoint of either round.

    Args:
        before: the pictures of the earlier round; the first of each waypoint is its reference.
        after: the pictures of this round. Of several at a waypoint a change has to be in all: who walks past is in one.
    """
    stops = []
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            stops.append(Stop(name, Finding.SKIPPED, reason="no picture of it", before=before[name][0]))
        elif name not in before:
            stops.append(Stop(name, Finding.NEW, reason="no picture of it from before", after=after[name][0]))
        else:
            stops.append(_stop(name, before[name][0], after[name]))
    return stops


def _stop(name: str, before: Path, after: Sequence[Path]) -> Stop:
    reference = _read(before)
    if reference is None:
        return Stop(name, Finding.UNRECOGNISED, (), f"{before.name} can not be read", before, after[0])
    compared: list[tuple[Path, Comparison]] = []
    faults = []
    for path in after:
        picture = _read(path)
        found = compare(reference, picture) if picture is not None else Comparison((), f"{path.name} can not be read")
        if found.fault is None:
            compared.append((path, found))
        else:
            faults.append(found.fault)
    if not compared:
        return Stop(name, Finding.UNRECOGNISED, (), faults[0], before, after[0])
    path, first = compared[0]
    stay = tuple(c for c in first.changes if all(_in_both(c, other.changes) for _, other in compared[1:]))
    return Stop(name, Finding.CHANGED if stay else Finding.SAME, stay, None, before, path)


def _in_both(change: Change, others: Sequence[Change]) -> bool:
    return any(_shared(change.box, other.box) >= _SAME for other in others)


def _shared(first: Box, second: Box) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    least = min((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return max(0.0, width) * max(0.0, height) / least if least > 0 else 0.0


def _pictures(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() in PICTURES else []
    return [each for each in path.iterdir() if each.suffix.lower() in PICTURES] if path.is_dir() else []


def _read(path: Path) -> Plane | None:
    picture = cv2.imread(str(path))
    return None if picture is None else np.asarray(picture, np.uint8)


def json_lines(stops: Sequence[Stop]) -> str:
    """A line a waypoint."""
    return "".join(json.dumps(stop.record(), ensure_ascii=False) + "\n" for stop in stops)


_WORDS = {
    "en": {
        "title": "Round", "same": "unchanged", "changed": "changed", "skipped": "skipped",
        "unrecognised": "not recognised", "new": "first time", "before": "before", "after": "now",
    },
    "zh": {
        "title": "巡检", "same": "无变化", "changed": "有变化", "skipped": "未到达",
        "unrecognised": "无法配准", "new": "首次", "before": "之前", "after": "现在",
    },
}  # fmt: skip


def page(stops: Sequence[Stop], name: str, lang: Literal["zh", "en"]) -> str:
    """The report: one HTML file that needs nothing else, with what is not as it was first."""
    say = _WORDS[lang]
    order = [Finding.CHANGED, Finding.SKIPPED, Finding.UNRECOGNISED, Finding.NEW, Finding.SAME]
    title = html.escape(f"{say['title']}: {name}")
    body = [f"<h1>{title}</h1>", "<ul>"]
    body += [f"<li>{say[kind]}: {sum(stop.finding is kind for stop in stops)}</li>" for kind in order]
    body.append("</ul>")
    for stop in sorted(stops, key=lambda stop: (not stop.seen, order.index(stop.finding))):
        reason = f": {html.escape(stop.reason)}" if stop.reason else ""
        body.append(f'<h2 class="{stop.finding}">{html.escape(stop.waypoint)}: {say[stop.finding]}{reason}</h2>')
        for glimpse in stop.seen:
            kind = HazardKind(glimpse.kind).title(lang)
            body.append(f'<p class="hazard">{html.escape(kind)}, {glimpse.score:.2f}</p>')
        if stop.finding is not Finding.SAME or stop.seen:
            marked = [change.box for change in stop.changes] + [glimpse.box for glimpse in stop.seen]
            pictures: list[tuple[str, Path | None, list[Box]]] = [
                (say["before"], stop.before, []), (say["after"], stop.after, marked),
            ]  # fmt: skip
            body += [_figure(title, path, boxes) for title, path, boxes in pictures if path is not None]
    return _PAGE.format(lang=lang, title=title, body="\n".join(body))


def _figure(title: str, path: Path, boxes: Sequence[Box]) -> str:
    picture = _read(path)
    if picture is None:
        return f"<p>{html.escape(path.name)}</p>"
    scale = min(1.0, 720 / picture.shape[1])
    picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    tall, wide = picture.shape[:2]
    for box in boxes:
        x1, y1, x2, y2 = (round(side * size) for side, size in zip(box, (wide, tall) * 2, strict=True))
        cv2.rectangle(picture, (x1, y1), (x2, y2), (0, 0, 255), 2)
    content = base64.b64encode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()).decode()
    words = html.escape(title)
    return (
        f'<figure><img src="data:image/jpeg;base64,{content}" alt="{words}"><figcaption>{words}</figcaption></figure>'
    )


_PAGE = """<!DOCTYPE html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2rem auto; max-width: 64rem; padding: 1rem }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1.1rem; margin-top: 2rem; border-bottom: 1px solid #ddd }}
h2.changed, .hazard {{ color: #b3261e }} h2.skipped, h2.unrecognised {{ color: #9a5b00 }}
figure {{ display: inline-block; margin: .5rem 1rem .5rem 0; width: 46% }} img {{ width: 100% }}
figcaption {{ color: #555; font-size: .9rem }}
</style></head><body>
{body}
</body></html>
"""
