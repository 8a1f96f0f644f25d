"""Detectors on the pictures of a round: what burns in all pictures of a stop burns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from calibration.errors import ConfigError
from edge.model_store import ModelStore
from edge.patrol.findings import Glimpse, glimpses
from edge.patrol.rounds import Stop
from pipelines.detect import Detector
from pipelines.frame import from_bgr
from pipelines.tiles import grid

LOOKED_FOR = ("fire", "smoke")


def watch_for(
    stops: Sequence[Stop], pictures: Mapping[str, Sequence[Path]], model: str, models: Path | None = None
) -> list[Stop]:
    """The stops, with what a model sees in them.

    Args:
        stops: of the round.
        pictures: of each waypoint.
        model: its name among the installed ones.
        models: a folder of model folders, before the installed ones.

    Raises:
        ConfigError: it sees neither fire nor smoke.
        ModelError: it can not be used.
    """
    loaded = ModelStore.installed(models).load(model)
    if not set(LOOKED_FOR) & set(loaded.card.sees):
        raise ConfigError([f"--model {model}: sees neither fire nor smoke, but {', '.join(loaded.card.sees)}"])
    detector = Detector(loaded.card, loaded.weights)
    found = []
    for stop in stops:
        each = [_seen(detector, path) for path in pictures.get(stop.waypoint, ())]
        kinds = set.intersection(*({glimpse.kind for glimpse in seen} for seen in each)) if each else set()
        first = [glimpse for glimpse in each[0] if glimpse.kind in kinds] if each else []
        found.append(replace(stop, seen=(*stop.seen, *first)))
    return found


def _seen(detector: Detector, path: Path) -> list[Glimpse]:
    picture = cv2.imread(str(path))
    if picture is None:
        return []
    frame, card = from_bgr(np.asarray(picture, np.uint8)), detector.card
    side_px = min(card.input.width, card.input.height)
    views = np.array([(0.0, 0.0, 1.0, 1.0), *grid(frame.width, frame.height, side_px)], np.float32)
    return glimpses(detector.detect(frame, views), frame, card.meanings, card.thresholds, LOOKED_FOR)
