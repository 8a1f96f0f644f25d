"""The models at hand: folders of a card and its weights, found by name, checked by digest and signature."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import onnxruntime

from calibration.errors import ModelError
from edge.share import share_folder
from edge.trust import SIGNATURE, Signed, Trust, read_trust
from pipelines.detect.card import Card, CardWeights, make_card, read_fields
from pipelines.detect.metadata import complete_card, silent_fields

CARD = "card.yaml"


@dataclass(frozen=True, slots=True, repr=False)
class LoadedModel:
    """A model ready for a `Detector`.

    Attributes:
        card: complete, also where the file was silent.
        weights: the ONNX file, its digest verified.
        folder: where both came from.
        signed: by whom.
    """

    card: Card
    weights: bytes
    folder: Path
    signed: Signed


@dataclass(frozen=True, slots=True)
class ModelState:
    """One folder under a models folder.

    Attributes:
        name: the folder's name, which is what a site file calls the model.
        folder: where it is.
        card: None where the card can not be used.
        fault: what is wrong; None where digest and signature were verified.
        signed: by whom; None where something is wrong.
    """

    name: str
    folder: Path
    card: Card | None
    fault: str | None
    signed: Signed | None


class ModelStore:
    """Finds models by name.

    Args:
        folders: models folders, the first that has a name wins.
        trust: whose signatures count; nobody's, and none is needed, if left out.
    """

    def __init__(self, folders: Sequence[Path], trust: Trust | None = None) -> None:
        self._folders = tuple(folders)
        self._trust = trust or Trust()

    @classmethod
    def installed(cls, before: Path | None = None) -> Self:
        """The models that came with the program, after those of another folder."""
        return cls([*([before] if before is not None else []), share_folder() / "models"], read_trust())

    def trusting(self, trust: Trust) -> ModelStore:
        """The same models, seen with another trust."""
        return ModelStore(self._folders, trust)

    def list(self) -> tuple[ModelState, ...]:
        """Every model, by name, each with its digest verified."""
        return tuple(self._state(self._find(name)) for name in self._names())

    def card(self, model: str | Path) -> Card:
        """The card alone; the weights are opened only where it is silent.

        Args:
            model: a name, or a folder (a `Path`, or a text with a / in it).

        Raises:
            ModelError: no such model, or its card can not be used.
        """
        folder = self._folder(model)
        return _card(_read(folder / CARD), folder)

    def load(self, model: str | Path) -> LoadedModel:
        """Card and weights.

        Args:
            model: as in `card`.

        Raises:
            ModelError: as in `card`, or the weights have another digest than the card says, or the signature is wrong
                or, where one is required, missing or by a stranger.
        """
        folder = self._folder(model)
        content = _read(folder / CARD)
        # Before anything in the card is believed, and on the very bytes that are.
        signed = self._trust.check(content, _read_if_there(folder / SIGNATURE), folder)
        card = _card(content, folder)
        return LoadedModel(card, _vouched(folder, card.offered[0]), folder, signed)

    def load_other(self, model: LoadedModel, other: CardWeights) -> LoadedModel:
        """The same model with other weights that its card offers.

        Raises:
            ModelError: they can not be read, or have another digest than the card says.
        """
        return replace(model, card=model.card.with_weights(other), weights=_vouched(model.folder, other))

    def _state(self, folder: Path) -> ModelState:
        card = None
        try:
            card = self.card(folder)
            loaded = self.load(folder)
            for other in loaded.card.offered[1:]:
                self.load_other(loaded, other)
            signed = loaded.signed
        except ModelError as error:
            return ModelState(folder.name, folder, card, str(error), None)
        return ModelState(folder.name, folder, card, None, signed)

    def _names(self) -> Sequence[str]:
        """Names of all model folders; a folder without a card that holds weights is one too, and wrong."""
        return sorted(
            {
                folder.name
                for models in self._folders
                if models.is_dir()
                for folder in models.iterdir()
                if folder.is_dir() and ((folder / CARD).is_file() or any(folder.glob("*.onnx")))
            }
        )

    def _find(self, name: str) -> Path:
        for models in self._folders:
            if (models / name).is_dir():
                return models / name
        there = ", ".join(self._names()) or "none"
        looked = ", ".join(str(folder) for folder in self._folders)
        raise ModelError(f"no model {name!r} in {looked}, there are: {there}")

    def _folder(self, model: str | Path) -> Path:
        if isinstance(model, str) and "/" not in model:
            return self._find(model)
        return Path(model)


def _vouched(folder: Path, said: CardWeights) -> bytes:
    """A weights file, if it is the one that the card means."""
    weights = _read(folder / said.weights)
    digest = hashlib.sha256(weights).hexdigest()
    if digest != said.sha256:
        raise ModelError(
            f"{folder / said.weights}: the weights are not those of the card: "
            f"expected sha256 {said.sha256}, found {digest}"
        )
    return weights


def _card(content: bytes, folder: Path) -> Card:
    where = str(folder / CARD)
    written = read_fields(content.decode("utf-8", "replace"), where)
    if silent_fields(written):
        weights = folder / str(written.get("weights", "model.onnx"))
        written = complete_card(written, _metadata(_read(weights), weights), where)
    return make_card(written, where)


def _read_if_there(path: Path) -> bytes | None:
    return _read(path) if path.exists() else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: can not be read: {error.strerror}") from error


def _metadata(weights: bytes, path: Path) -> Mapping[str, str]:
    """What the exporter wrote into the ONNX file."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own classes, which share no public base
        raise ModelError(f"{path}: onnxruntime can not load it: {error}") from error
    found: Mapping[str, str] = session.get_modelmeta().custom_metadata_map
    return found
