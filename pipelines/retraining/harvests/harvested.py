"""The data set on disk that a harvest makes: judged pictures in a manifest, the others as tasks for a person."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from calibration.errors import DatasetError
from pipelines.harvest import NOTES
from pipelines.retraining.data.dataset import CARD, Dataset, Picture, load_dataset, save_dataset
from pipelines.retraining.harvests.harvest import (
    SETTLED_BY_VERDICT,
    Harvest,
    Kept,
    Marked,
    as_labels,
    proposed,
    settled,
)
from pipelines.retraining.harvests.to_label import Task, update_tasks

PICTURES, TO_LABEL = "pictures", "to-label"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made of a harvest.

    Attributes:
        name: of the data set.
        out: its folder.
        model: whose classes; see `Harvest.of_model`.
        licence: under which the pictures may be used.
        trusted: kinds of hazard of which a verdict says what is in the picture.
        negative: whoever filmed it says that nothing the model looks for is in any picture.
    """

    name: str
    out: Path
    model: str | None = None
    licence: str = "not stated"
    trusted: tuple[str, ...] = SETTLED_BY_VERDICT
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it.

    Attributes:
        dataset: all that is labelled now; None while nothing is.
        model: whose classes it has.
        added: labelled pictures that were not in it before.
        taken_back: pictures whose verdicts no longer say what is in them.
        to_label: pictures that wait for a person, in `out/to-label`.
        taken: every picture that was read, for `remove`.
    """

    dataset: Dataset | None
    model: str
    added: int
    taken_back: int
    to_label: int
    taken: tuple[Kept, ...]


def make_dataset(harvest: Harvest, wanted: Wanted) -> Made:
    """Copy the pictures of a harvest and write their labels; what an earlier harvest gave stays.

    Raises:
        DatasetError: no picture is of the model, or something can not be read or written.
    """
    model, kept = harvest.of_model(wanted.model)
    marks = {
        each.notes.sha256: () if wanted.negative else settled(each.notes, harvest.verdicts, model, wanted.trusted)
        for each in kept
    }
    judged = [(each, found) for each in kept if (found := marks[each.notes.sha256]) is not None]
    open_ = [each for each in kept if marks[each.notes.sha256] is None]
    old = load_dataset(wanted.out) if (wanted.out / CARD).is_file() else None
    dataset = _with(old, judged, wanted, model)
    pending = {each.notes.sha256 for each in open_}
    left = tuple(picture for picture in dataset.pictures if picture.sha256 not in pending)
    taken_back = [picture.path for picture in dataset.pictures if picture.sha256 in pending]
    dataset = replace(dataset, pictures=left)
    before = {picture.sha256 for picture in old.pictures} if old is not None else set()
    tasks = [_task(each, harvest, model, wanted.out) for each in open_]
    # The tasks first: killed here, a picture is in both; the other way round it would be in neither.
    to_label = update_tasks(wanted.out / TO_LABEL, tasks, dataset.classes, {p.sha256 for p in left})
    if left or old is not None:
        save_dataset(dataset, wanted.out, wanted.out)
    for path in taken_back:
        path.unlink(missing_ok=True)
    added = sum(picture.sha256 not in before for picture in left)
    return Made(dataset if left else None, model, added, len(taken_back), to_label, kept)


def remove(kept: Iterable[Kept]) -> int:
    """Remove pictures from the agent's folder, which may be doing the same; how many were there.

    Raises:
        DatasetError: one can not be removed.
    """
    count = 0
    for each in kept:
        try:
            each.path.with_suffix(NOTES).unlink(missing_ok=True)
            count += each.path.exists()
            each.path.unlink(missing_ok=True)
        except OSError as error:
            raise DatasetError(f"{each.path}: can not be removed: {error.strerror}") from error
    return count


def _with(
    old: Dataset | None, judged: Iterable[tuple[Kept, tuple[Marked, ...]]], wanted: Wanted, model: str
) -> Dataset:
    """The data set of before and these pictures; a picture that is in both keeps its split and gets today's labels."""
    judged = list(judged)
    if old is None:
        source = f"kept by the agent for {model}, labelled by verdicts on its incidents"
        old = Dataset(wanted.name, (), (), wanted.licence, source, ())
    names = (name for each, _ in judged for name in each.notes.models[model])
    classes = tuple(dict.fromkeys((*old.classes, *names)))
    pictures = {picture.sha256: picture for picture in old.pictures}
    for each, marks in judged:
        notes = each.notes
        known = pictures.get(notes.sha256)
        path = known.path if known is not None else place(each, wanted.out / PICTURES)
        labels = as_labels(marks, classes, notes.width, notes.height)
        split = known.split if known is not None else None
        group = known.group if known is not None else group_of(each)
        pictures[notes.sha256] = Picture(path, notes.sha256, notes.width, notes.height, group, split, labels)
    licence = old.licence if wanted.licence == "not stated" else wanted.licence
    return replace(old, classes=classes, licence=licence, pictures=tuple(pictures.values()))


def _task(each: Kept, harvest: Harvest, model: str, out: Path) -> Task:
    path = place(each, out / TO_LABEL / "images")
    verdicts = {c.incident: harvest.verdicts[c.incident] for c in each.notes.claims if c.incident in harvest.verdicts}
    boxes = proposed(each.notes, harvest.verdicts, model)
    return Task(each.notes, path.name, group_of(each), tuple(map(str, verdicts.values())), boxes)


def group_of(each: Kept) -> str:
    """Source and day: what a split must not cut through."""
    day = datetime.fromtimestamp(each.notes.captured_s, UTC).strftime("%Y-%m-%d")
    source = re.sub(r"[^\w.-]+", "-", each.notes.source)
    return f"{source}_{day}"


def place(each: Kept, folder: Path) -> Path:
    """Copy a picture; its name is group and millisecond of the day, from which `dataset import` finds the group again.

    Raises:
        DatasetError: it can not be copied.
    """
    millisecond = round(each.notes.captured_s * 1000) % 86_400_000
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = folder / f"{group_of(each)}_{millisecond:08d}{each.path.suffix}"
            if not path.exists():
                break
            if hashlib.sha256(path.read_bytes()).hexdigest() == each.notes.sha256:
                return path
            millisecond += 1
        part = path.with_name(f".{path.name}.part")
        shutil.copyfile(each.path, part)
        part.replace(path)
    except OSError as error:
        raise DatasetError(f"{each.path}: can not be copied to {folder}: {error.strerror}") from error
    return path


def kinds(kept: Collection[Kept]) -> dict[str, int]:
    """How many pictures of each kind."""
    counts: dict[str, int] = {}
    for each in kept:
        counts[str(each.notes.why)] = counts.get(str(each.notes.why), 0) + 1
    return counts
