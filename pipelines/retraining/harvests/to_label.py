"""Pictures that a person has to label, as Label Studio tasks: boxes are predictions there, never annotations.

`lookout dataset import` refuses a task that nobody annotated, so no proposal and no missing box becomes a label by
itself. Format: https://labelstud.io/guide/predictions.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from calibration.errors import DatasetError
from pipelines.harvest import KeptPicture, Proposal
from pipelines.retraining.data.formats.markup import Element, SubElement, text_from

TASKS, CONFIG, IMAGES = "tasks.json", "label_config.xml", "images"


@dataclass(frozen=True, slots=True)
class Task:
    """One picture to label.

    Attributes:
        notes: what the agent wrote of it.
        image: its file's name.
        group: what it was taken with.
        verdicts: what people said of its incidents.
        proposals: boxes to begin with.
    """

    notes: KeptPicture
    image: str
    group: str
    verdicts: tuple[str, ...]
    proposals: tuple[Proposal, ...]


def update_tasks(folder: Path, tasks: Sequence[Task], classes: Sequence[str], labelled: Collection[str]) -> int:
    """Write tasks beside those of earlier harvests; pictures that are labelled by now leave.

    Args:
        folder: made if need be, when there is something to label.
        tasks: of today; they replace earlier ones of the same pictures.
        classes: of the data set.
        labelled: digests of pictures that need no label any more.

    Returns:
        How many wait now.

    Raises:
        DatasetError: something can not be read or written.
    """
    path = folder / TASKS
    earlier = _read(path)
    if not earlier and not tasks:
        return 0
    every = {str(task["data"]["sha256"]): task for task in earlier} | {t.notes.sha256: _record(t) for t in tasks}
    left = {digest: task for digest, task in every.items() if digest not in labelled}
    names = dict.fromkeys((*classes, *(n for t in tasks for p in t.proposals for n in t.notes.models[p.model])))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, json.dumps(list(left.values()), ensure_ascii=False, indent=1) + "\n")
        _write(folder / CONFIG, _set_up(tuple(names)))
        for digest in every.keys() - left.keys():
            (folder / IMAGES / str(every[digest]["data"]["file"])).unlink(missing_ok=True)
    except OSError as error:
        raise DatasetError(f"{folder}: can not be written: {error.strerror}") from error
    return len(left)


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: can not be read: {error}; move it away to have it made anew") from error
    return found


def _record(task: Task) -> dict[str, Any]:
    notes = task.notes
    when = datetime.fromtimestamp(notes.captured_s, UTC).isoformat(timespec="milliseconds")
    data = {
        "image": f"/data/local-files/?d={IMAGES}/{task.image}",
        "file": task.image, "sha256": notes.sha256, "group": task.group, "source": notes.source,
        "captured": when, "why": str(notes.why), "verdicts": list(task.verdicts),
    }  # fmt: skip
    versions = sorted({f"{each.model} {notes.versions.get(each.model, '')}".strip() for each in task.proposals})
    results = [_result(each, notes) for each in task.proposals]
    return {"data": data, "predictions": [{"model_version": ", ".join(versions), "result": results}] if results else []}


def _result(proposal: Proposal, notes: KeptPicture) -> dict[str, Any]:
    x1, y1, x2, y2 = (100 * edge for edge in proposal.box)
    value = {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1, "rotation": 0, "rectanglelabels": [proposal.name]}
    return {
        "type": "rectanglelabels", "from_name": "label", "to_name": "image", "score": proposal.score,
        "original_width": notes.width, "original_height": notes.height, "image_rotation": 0, "value": value,
    }  # fmt: skip


def _set_up(classes: Sequence[str]) -> str:
    view = Element("View")
    SubElement(view, "Image", name="image", value="$image")
    labels = SubElement(view, "RectangleLabels", name="label", toName="image")
    for name in classes:
        SubElement(labels, "Label", value=name)
    return text_from(view)


def _write(path: Path, text: str) -> None:
    """Write the whole file or nothing."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
