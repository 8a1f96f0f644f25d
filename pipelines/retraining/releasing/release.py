"""From a candidate that passed the gate to a released model folder."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from calibration.errors import ModelError
from pipelines.detect import Card
from pipelines.detect.signature import sign
from pipelines.retraining.releasing.gate import Measured
from pipelines.retraining.releasing.modelcard import Story, tell

FLOAT, INT8 = "model.onnx", "model.int8.onnx"
FIRST_VERSION = "1.0.0"
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_WRITTEN = frozenset({"card.yaml", "card.yaml.sig", "metrics.json", "README.md", FLOAT, INT8})
"""What a release writes; all else that a person keeps in a model's folder (recipes, clips) stays where it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """What is to be written.

    Attributes:
        name: of the model.
        version: of it, see `next_version`.
        card: the candidate's fields as they are written.
        weights: of the ONNX files by name; float always, INT8 where the gate allowed it.
        chosen: which of them the agent runs.
        measured: the chosen one on the data of the release.
        data: name of the pictures.
        commands: what prints the figures, by what they are: `images`, and `clips` where there are clips.
        against: the released model that it was held against; None for the first.
        notes: what changed, in the words of whoever releases it.
    """

    name: str
    version: str
    card: Mapping[str, Any]
    weights: Mapping[str, bytes]
    chosen: str
    measured: Measured
    data: str
    commands: Mapping[str, str]
    against: tuple[Card, Measured] | None
    notes: str


def next_version(new: Card, old: Card | None, *, same_weights: bool) -> str:
    """The version after that of the released model, `major.minor.patch`.

    Major: sites must be looked at, since classes, what they mean, or keypoints changed. Minor: other weights. Patch:
    the same weights with another card, such as thresholds. The first release is 1.0.0.

    Raises:
        ModelError: the released model's version is not of that form.
    """
    if old is None:
        return FIRST_VERSION
    major, minor, patch = _numbers(old.version)
    if _interface(new) != _interface(old):
        return f"{major + 1}.0.0"
    return f"{major}.{minor}.{patch + 1}" if same_weights else f"{major}.{minor + 1}.0"


def refuse_version(version: str, old: Card | None) -> None:
    """A version that somebody asks for must be higher than the released one.

    Raises:
        ModelError: it is not, or not of the form `major.minor.patch`.
    """
    if _numbers(version) <= (_numbers(old.version) if old is not None else (-1,)):
        raise ModelError(f"version {version}: {old.version if old else ''} is released, allowed: a higher one")


def write_release(release: Release, candidate: Path, models: Path, key: Ed25519PrivateKey) -> Path:
    """Write `models/NAME`: weights, card, signature, `metrics.json`, plots, `README.md`.

    All of it is written beside first; then the new folder takes the place of the old one by renaming, so that a kill
    leaves either of them whole.

    Returns:
        The folder.

    Raises:
        ModelError: it can not be written.
    """
    folder, new = models / release.name, models / f".{release.name}.new"
    old = models / f".{release.name}.old"
    try:
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)
        new.mkdir(parents=True)
        _fill(release, candidate, folder, new, key)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ModelError(f"{folder}: can not be written: {error.strerror}") from error
    return folder


def _fill(release: Release, candidate: Path, before: Path, new: Path, key: Ed25519PrivateKey) -> None:
    for name, content in release.weights.items():
        (new / name).write_bytes(content)
    fields = card_fields(release)
    text = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=100).encode()
    (new / "card.yaml").write_bytes(text)
    (new / "card.yaml.sig").write_bytes(sign(text, key))
    known = _metrics(candidate)
    (new / "metrics.json").write_text(_json({**known, **_figures(release)}), encoding="utf-8")
    if (candidate / "plots").is_dir():
        shutil.copytree(candidate / "plots", new / "plots")
    if before.is_dir():
        for source in before.iterdir():
            if source.is_file() and source.name not in _WRITTEN and source.suffix != ".onnx":
                shutil.copyfile(source, new / source.name)
    plots = sorted(path.name for path in new.glob("plots/*.png"))
    story = Story(fields, known, release.measured, release.commands, release.against, release.notes, plots)
    (new / "README.md").write_text(tell(story), encoding="utf-8")


def card_fields(release: Release) -> dict[str, Any]:
    """The card as it is released: the candidate's with name, version, weights and figures."""
    images = release.measured.images.record()
    metrics: dict[str, Any] = {
        "command": release.commands["images"],
        "data": f"{release.data} ({images['pictures']} pictures, {images['empty']} empty)",
        **{key: images[key] for key in ("map50", "map50_95", "fp_per_empty")},
        "ap50": {name: one["ap50"] for name, one in images["classes"].items()},
        "precision": {name: one["precision"] for name, one in images["classes"].items()},
        "recall": {name: one["recall"] for name, one in images["classes"].items()},
    }
    clips = release.measured.clips
    if clips is not None:
        total = clips.total
        metrics["clips"] = {
            "command": release.commands["clips"],
            **{key: getattr(total, key) for key in ("events", "found", "missed", "false")},
            "quiet_hours": round(total.quiet_hours, 4),
        }
    others = [name for name in release.weights if name != release.chosen]
    return {
        **{key: value for key, value in release.card.items() if key != "alternative"},
        "name": release.name,
        "version": release.version,
        "metrics": metrics,
        "weights": release.chosen,
        "sha256": _digest(release.weights[release.chosen]),
        **({"alternative": _weights(release, others[0])} if others else {}),
    }


def _weights(release: Release, name: str) -> dict[str, str]:
    return {"weights": name, "sha256": _digest(release.weights[name])}


def _figures(release: Release) -> dict[str, Any]:
    measured = release.measured
    clips = (
        {} if measured.clips is None else {"clips": measured.clips.record() | {"command": release.commands["clips"]}}
    )
    return {
        "images": measured.images.record() | {"data": release.data, "command": release.commands["images"]},
        **clips,
        "weights": {
            name: {"sha256": _digest(content), "bytes": len(content)} for name, content in release.weights.items()
        },
    }


def _metrics(folder: Path) -> dict[str, Any]:
    path = folder / "metrics.json"
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return known


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _interface(card: Card) -> tuple[Any, ...]:
    """What a site file relies on."""
    return card.task, {each.name: each.means for each in card.classes}, card.keypoints


def _numbers(version: str) -> tuple[int, ...]:
    match = _VERSION.fullmatch(version)
    if match is None:
        raise ModelError(f"version {version!r}: expected major.minor.patch, such as 1.2.0")
    return tuple(map(int, match.groups()))
