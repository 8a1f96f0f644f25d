"""The models in use, and how one takes the place of another while the agent runs."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

from edge.delivery.contract import Model
from edge.inference import Chosen, Ready
from pipelines.detect import Detector


class Models:
    """What runs now, by the title of its use in the site file.

    Args:
        ready: detectors, and how each is run.
        serving: which of them serves a rule, by source and rule title.
    """

    def __init__(self, ready: Mapping[str, Ready], serving: Mapping[tuple[str, str], str]) -> None:
        self._detectors = {title: each.detector for title, each in ready.items()}
        self._chosen = {title: each.chosen for title, each in ready.items()}
        self._serving = serving

    @property
    def detectors(self) -> Mapping[str, Detector]:
        """Those that serve a rule."""
        return self._detectors

    @property
    def chosen(self) -> Mapping[str, Chosen]:
        """How each is run, and why."""
        return self._chosen

    def serving(self, source: str, rule: str) -> Model | None:
        """Which model finds the hazards of a rule, for its events."""
        title = self._serving.get((source, rule))
        return None if title is None else named(self._detectors[title])

    def exchange(self, title: str, other: Ready) -> Ready:
        """Let another model run from now on, for all who hold the detector; only while no inspection is under way.

        Returns:
            What ran before, to be put back.
        """
        before = Ready(copy(self._detectors[title]), self._chosen[title])
        self._detectors[title].become(other.detector)
        self._chosen[title] = other.chosen
        return before

    def records(self) -> list[dict[str, Any]]:
        """For the status: name, version and digest of each, how it is run and why."""
        return [
            {**named(detector).model_dump(), **self._chosen[title].record()}
            for title, detector in self._detectors.items()
        ]


def named(detector: Detector) -> Model:
    """What events call a detector's model."""
    card = detector.card
    return Model(name=card.name, version=card.version, sha256=card.sha256)
