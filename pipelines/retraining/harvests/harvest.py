"""What an agent kept becomes a data set: judged incidents with labels, all else for a person to label.

A picture is labelled only where verdicts settle it: every incident that it is evidence of has been judged, and the
hazard is of a kind that *is* what the model sees (fire, smoke). A false alarm has no boxes then, a true one those of
the incident and whatever else the model counted there, as a proposal. A false alarm of a zone, on the other hand, may
well show a person who was allowed to be there: that picture needs a label, as does every uncertain one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from calibration.boxes import intersection
from calibration.errors import DatasetError
from pipelines.harvest import (
    FOLDER,
    NOTES,
    PICTURE,
    VERDICTS,
    Claim,
    KeptPicture,
    Proposal,
    Verdict,
    parse_verdicts,
)
from pipelines.hazards import Box
from pipelines.retraining.data.dataset import Labels

SETTLED_BY_VERDICT = ("fire", "smoke")
"""Kinds of hazard of which a verdict says what is in the picture."""

Marked = tuple[str, Box]
"""A class name, and a box in 0–1 of the picture."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept picture and its file."""

    notes: KeptPicture
    path: Path


@dataclass(frozen=True, slots=True)
class Harvest:
    """What lies in an agent's data folder.

    Attributes:
        kept: whole pictures, the oldest first.
        verdicts: by incident.
        faults: pictures that could not be used, one sentence each.
        notes: lines of the verdicts that could not be used.
    """

    kept: tuple[Kept, ...]
    verdicts: Mapping[str, Verdict]
    faults: tuple[str, ...]
    notes: tuple[str, ...]

    def of_model(self, model: str | None) -> tuple[str, tuple[Kept, ...]]:
        """The pictures that a model looked at, and its name.

        Args:
            model: its card's name; may be left out when all pictures have just one in common.

        Raises:
            DatasetError: nothing was kept, no picture is of that model, or it is left out and there are several.
        """
        counts = Counter(name for kept in self.kept for name in kept.notes.models)
        if not counts:
            raise DatasetError(f"nothing was kept yet: no picture in {FOLDER}/")
        if model is None and len(counts) > 1:
            found = ", ".join(f"{name} ({count} pictures)" for name, count in counts.most_common())
            raise DatasetError(f"--model is missing: a data set is for one model's classes, found {found}")
        chosen = model or next(iter(counts))
        if chosen not in counts:
            raise DatasetError(f"--model {chosen}: no picture is of that model, found {', '.join(sorted(counts))}")
        return chosen, tuple(kept for kept in self.kept if chosen in kept.notes.models)


def read_harvest(data: Path) -> Harvest:
    """Read what an agent keeps; the agent may be running.

    Args:
        data: its data folder.

    Raises:
        DatasetError: it is no such folder, or can not be read.
    """
    root = data / FOLDER
    if not root.is_dir():
        raise DatasetError(
            f"{data}: has no folder {FOLDER}/; expected an agent's data folder, or `inspect --harvest`'s"
        )
    faults: list[str] = []
    kept = []
    for path in sorted(root.glob(f"*/*{NOTES}")):
        try:
            kept.append(_read(path))
        except FileNotFoundError:
            continue  # the agent has just made room
        except OSError as error:
            faults.append(f"{path}: can not be read: {error.strerror}")
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            faults.append(f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}")
        except DatasetError as error:
            faults.append(str(error))
    verdicts, notes = _read_verdicts(data / VERDICTS)
    kept.sort(key=lambda each: (each.notes.captured_s, each.notes.id))
    return Harvest(tuple(kept), verdicts, tuple(faults), notes)


def settled(
    notes: KeptPicture, verdicts: Mapping[str, Verdict], model: str, trusted: Collection[str] = SETTLED_BY_VERDICT
) -> tuple[Marked, ...] | None:
    """The labels that verdicts give a picture; None where a person has to label it.

    Args:
        notes: of the picture.
        verdicts: by incident.
        model: whose classes are labelled.
        trusted: kinds of hazard of which a verdict says what is in the picture.
    """
    claims = [claim for claim in notes.claims if claim.model == model]
    if not claims or any(c.incident not in verdicts or c.kind not in trusted or not c.names for c in claims):
        return None
    counted = [each for each in notes.proposals if each.model == model and each.counted]
    true = [claim for claim in claims if verdicts[claim.incident] is Verdict.TRUE_ALARM]
    if true:
        return tuple(_marked(true, [claim for claim in claims if claim not in true], counted))
    # That one person was none says nothing of the others in the picture.
    others = [each for each in counted if each.means not in SETTLED_BY_VERDICT]
    alone = all(_overlaps(each.box, [claim.box for claim in claims]) for each in others)
    return () if alone else None


def proposed(
    notes: KeptPicture, verdicts: Mapping[str, Verdict], model: str, share: float = 0.5
) -> tuple[Proposal, ...]:
    """What a person who labels the picture is shown: boxes from `share` of their threshold on, none judged false."""
    false = [c.box for c in notes.claims if verdicts.get(c.incident) is Verdict.FALSE_ALARM]
    return tuple(
        each
        for each in notes.proposals
        if each.model == model and each.score >= share * each.threshold and not _overlaps(each.box, false)
    )


def as_labels(marked: Sequence[Marked], classes: Sequence[str], width: int, height: int) -> Labels:
    """Boxes in 0–1 as the labels of a picture of so many pixels; what is thinner than a tenth of one is left out."""
    size = np.array([width, height] * 2, np.float32)
    boxes = np.array([box for _, box in marked], np.float32).reshape(len(marked), 4).clip(0, 1) * size
    ids = np.array([classes.index(name) for name, _ in marked], np.int64)
    return Labels(boxes, ids).pick((boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf) > 0.1)


def _marked(true: Iterable[Claim], false: Iterable[Claim], counted: Iterable[Proposal]) -> Iterable[Marked]:
    """What the model counted, but nothing that was judged false; and the incident where it counted nothing."""
    false_boxes = [claim.box for claim in false]
    true_boxes = [claim.box for claim in true]
    good = [p for p in counted if _overlaps(p.box, true_boxes) or not _overlaps(p.box, false_boxes)]
    yield from ((each.name, each.box) for each in good)
    for claim in true:
        if not _overlaps(claim.box, [each.box for each in good if each.name in claim.names]):
            yield claim.names[0], claim.box


def _overlaps(box: Box, others: Sequence[Box]) -> bool:
    if not others:
        return False
    return bool((intersection(np.array([box], np.float32), np.array(others, np.float32)) > 0).any())


def _read(path: Path) -> Kept:
    notes = KeptPicture.model_validate_json(path.read_bytes())
    picture = path.with_suffix(PICTURE)
    digest = hashlib.sha256(picture.read_bytes()).hexdigest()
    if digest != notes.sha256:
        raise DatasetError(f"{picture}: is not the picture that was kept: digest {digest}, expected {notes.sha256}")
    return Kept(notes, picture)


def _read_verdicts(path: Path) -> tuple[Mapping[str, Verdict], tuple[str, ...]]:
    try:
        read = parse_verdicts(path.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return {}, ()
    except OSError as error:
        raise DatasetError(f"{path}: can not be read: {error.strerror}") from error
    return read.of, tuple(f"{path.name} {note}" for note in read.notes)
