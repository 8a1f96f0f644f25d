"""From loaded models to detectors, each run as it is best on this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import onnxruntime

from calibration.errors import ModelError
from edge.config.site import InferenceSettings
from edge.inference.choice import Chosen, Setting
from edge.inference.machine import Machine, this_machine
from edge.inference.memory import Entry, Key, Memory
from edge.inference.selftest import Look, SelfTest
from edge.model_store import LoadedModel, ModelStore
from pipelines.detect import Card, Detector
from pipelines.detect.providers import AUTO, PROVIDERS, friendly_name, resolve_providers
from pipelines.frame import Frame, from_bgr

log = logging.getLogger(__name__)

_CPU = "cpu"
_MOST_THREADS = 4  # behind that, a model of this size gains nothing


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A model that runs.

    Attributes:
        detector: with the weights chosen.
        chosen: how it is run.
    """

    detector: Detector
    chosen: Chosen


def settle(
    models: Mapping[str, LoadedModel], how: InferenceSettings, store: ModelStore, memory: Memory | None
) -> dict[str, Ready]:
    """A detector for each model: as it was chosen at an earlier start, or by a self-test now.

    Args:
        models: by title; the cards with the site's thresholds.
        how: what the site says of it.
        store: where the models came from.
        memory: what was chosen before; what is found now is written into it. Without one nothing is tried, and models
            run as their cards say.

    Raises:
        ModelError: weights or card do not fit, or an execution provider is missing or does not start.
    """
    machine, test = this_machine(), SelfTest()
    return {title: _Candidate(model, how, store, machine).settle(memory, test) for title, model in models.items()}


def remembered(model: LoadedModel, how: InferenceSettings, store: ModelStore, memory: Memory) -> Ready:
    """How a model would be run now; nothing is measured and nothing is written.

    Raises:
        ModelError: as with `settle`.
    """
    return _Candidate(model, how, store, this_machine()).recalled(memory)


class _Candidate:
    """One model and the ways to run it."""

    def __init__(self, model: LoadedModel, how: InferenceSettings, store: ModelStore, machine: Machine) -> None:
        self._model = model
        self._store = store
        self._machine = machine
        self._wanted = how.providers
        self._providers = resolve_providers(how.providers, onnxruntime.get_available_providers())
        self._fixed = how.threads if isinstance(how.threads, int) else None
        self._built: dict[Setting, Detector] = {}
        own = model.card.offered[0]
        self._start = Setting(own.weights, own.sha256, self._fixed or 1)

    def settle(self, memory: Memory | None, test: SelfTest) -> Ready:
        if memory is None:
            return self._ready(self._start, "as its card says")
        ready = self._known(memory)
        if ready is not None:
            return ready
        found = test.choose(self._start, self._challengers, self._looking, on_cpu=self._provider == _CPU)
        why = "; ".join(found.notes)
        if found.whole:
            memory.keep(
                Entry(
                    key=self._key, weights=found.setting.weights, sha256=found.setting.sha256,
                    threads=found.setting.threads, why=why,
                )
            )  # fmt: skip
        else:
            why += "; tried again at the next start"
        log.info("inference chosen", extra={"model": self._model.card.name, "setting": str(found.setting), "why": why})
        return self._ready(found.setting, why)

    def recalled(self, memory: Memory) -> Ready:
        return self._known(memory) or self._ready(self._start, "a self-test at the next start will choose")

    def _known(self, memory: Memory) -> Ready | None:
        """Where there is no choice, or it has been made."""
        if next(self._challengers(self._start), None) is None:
            return self._ready(self._start, "as the site says" if self._fixed else "there is nothing to choose from")
        entry = memory.recall(self._key)
        return None if entry is None else self._ready(entry.setting, f"measured here: {entry.why}")

    @property
    def _key(self) -> Key:
        offered = tuple(each.sha256 for each in self._model.card.offered)
        return Key(offered=offered, machine=self._machine, provider=self._provider, threads=self._fixed)

    @property
    def _provider(self) -> str:
        """What is to run it."""
        return friendly_name(self._providers[0])

    def _challengers(self, best: Setting) -> Iterator[Setting]:
        """The other weights first, then twice the threads. Threads are the processor's alone."""
        for other in self._model.card.offered:
            if other.sha256 != best.sha256:
                yield Setting(other.weights, other.sha256, self._start.threads)
        more = 2 * best.threads
        if self._fixed is None and self._provider == _CPU and more <= min(_MOST_THREADS, self._machine.cores):
            yield Setting(best.weights, best.sha256, more)

    def _looking(self, setting: Setting) -> Look:
        detector = self._detector(setting)
        picture = _grey(detector.card)
        return lambda: detector.detect(picture)

    def _detector(self, setting: Setting) -> Detector:
        if setting not in self._built:
            model = self._model
            if setting.sha256 != model.card.sha256:
                other = next(each for each in model.card.offered if each.sha256 == setting.sha256)
                model = self._store.load_other(model, other)
            detector = Detector(model.card, model.weights, threads=setting.threads, providers=self._providers)
            first = self._wanted[0]
            if first != AUTO and detector.provider != PROVIDERS[first]:
                raise ModelError(
                    f"agent.inference.providers: {first} is in this onnxruntime but does not start here, "
                    f"it fell back to {friendly_name(detector.provider)}: is its driver installed?"
                )
            self._built[setting] = detector
        return self._built[setting]

    def _ready(self, setting: Setting, why: str) -> Ready:
        detector = self._detector(setting)
        return Ready(detector, Chosen(setting, friendly_name(detector.provider), why))


def _grey(card: Card) -> Frame:
    """A picture that fills the model's input and shows nothing."""
    return from_bgr(np.full((card.input.height, card.input.width, 3), 128, np.uint8))
