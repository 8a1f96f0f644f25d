"""Static INT8 of a model: which tensors' ranges, which blocks stay in float, and what it costs and saves.

What may be 8 bits is found by measuring, with the agreement of the quantised model's detections with the float ones':
one scale for boxes of 0 to 416 px and scores of 0 to 1 in a head's last concatenation destroys the scores, first
layers hurt more than late ones, and which do depends on the network.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.detect import WHOLE, Card, Detector
from pipelines.detect.detector import FLOOR_SHARE
from pipelines.detect.letterbox import Letterbox
from pipelines.detections import Detections
from pipelines.frame import Frame
from pipelines.retraining.releasing.agreement import agreement
from pipelines.retraining.releasing.int8 import Network
from pipelines.retraining.releasing.ranges import Range, Spread, collect_spreads
from pipelines.retraining.releasing.spread import choose_spread
from pipelines.retraining.scoring.predictions import read_picture

WEIGHTS = "model.int8.onnx"
PERCENTILES = {"minmax": 100.0, "percentile 99.999": 99.999, "percentile 99.99": 99.99, "percentile 99.9": 99.9}
"""Ways to take a range from a tensor's values: all of them, or without the rarest.

Entropy (Kullback-Leibler) was tried with onnxruntime's calibrator and left out: on fire-smoke it agreed with float as
little as minmax did (0.73 against 0.72, percentile 99.999: 0.80) and took the longest.
"""

_FIRST = "percentile 99.999"
_DESTROYS = 0.5
_SEEN_FROM = 0.05


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried.

    Attributes:
        pictures: to take the ranges from.
        probes: other pictures, to compare detections on.
        agreement: enough; blocks are put back into float until it is reached.
        worth: a block stays in float only if that raises the agreement by this much.
        rounds: timed runs of each model.
        seed: of the choice of probes.
    """

    pictures: int = 200
    probes: int = 24
    agreement: float = 0.9
    worth: float = 0.004
    rounds: int = 40
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Quantised:
    """An INT8 model, and how it came about.

    Attributes:
        weights: the ONNX file.
        method: the key of `PERCENTILES` that was best.
        pictures, probes: how many there were.
        methods: agreement with float by method, the blocks that destroy it in float.
        harm: agreement lost when nothing but this block is in 8 bits, by block.
        floats: blocks left in float, in the order in which they were put back.
        agreement: of the result with float, 0 to 1.
        float_ms, int8_ms: medians of a whole look (letterbox, network, suppression), on one thread.
        speedup: median of the ratios of neighbouring runs, float to INT8; above 1 is faster.
        float_bytes: size of the float file.
    """

    weights: bytes
    method: str
    pictures: int
    probes: int
    methods: Mapping[str, float]
    harm: Mapping[str, float]
    floats: tuple[str, ...]
    agreement: float
    float_ms: float
    int8_ms: float
    speedup: float
    float_bytes: int

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "method": self.method,
            "pictures": self.pictures,
            "probes": self.probes,
            "agreement": round(self.agreement, 3),
            "agreement_by_method": {name: round(value, 3) for name, value in self.methods.items()},
            "left_in_float": list(self.floats),
            "harm_by_block": {name: round(value, 4) for name, value in self.harm.items()},
            "float_ms": round(self.float_ms, 2),
            "int8_ms": round(self.int8_ms, 2),
            "speedup": round(self.speedup, 2),
            "float_bytes": self.float_bytes,
            "int8_bytes": len(self.weights),
        }


def quantise(
    card: Card,
    weights: bytes,
    pictures: Sequence[Path],
    effort: Effort | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Quantised:
    """Make the INT8 model.

    Args:
        card: of the float model.
        weights: the float ONNX file.
        pictures: training pictures, never those that the model is scored on.
        effort: how much is tried.
        say: told each step.

    Raises:
        ModelError: onnx is not installed, or the weights do not fit the card or are quantised already.
        DatasetError: there are no pictures, or one can not be read.
    """
    effort = effort or Effort()
    search = _Search.start(card, weights, pictures, effort, say)
    harm = search.harms()
    floats = [block for block, lost in harm.items() if lost > _DESTROYS]
    methods = search.try_methods(floats)
    method = max(methods, key=methods.__getitem__)
    floats, reached, best = search.put_back(floats, method, harm, methods[method])
    say("timing both, in turn")
    float_ms, int8_ms, speedup = compare_speed(card, weights, best, search.frames, effort.rounds)
    return Quantised(
        weights=best,
        method=method,
        pictures=search.calibrated,
        probes=len(search.frames),
        methods=methods,
        harm=harm,
        floats=tuple(floats),
        agreement=reached,
        float_ms=float_ms,
        int8_ms=int8_ms,
        speedup=speedup,
        float_bytes=len(weights),
    )


def compare_speed(
    card: Card, ones: bytes, others: bytes, frames: Sequence[Frame], rounds: int
) -> tuple[float, float, float]:
    """Milliseconds of a look with each of two weights, and how many times faster the second is.

    One look with each in turn, so that whatever else the machine does slows both; medians of times and of ratios.
    """
    detectors = [Detector(card, ones), Detector(card, others)]
    for detector in detectors:
        detector.detect(frames[0])
    times = [[_timed(detector, frames[i % len(frames)]) for detector in detectors] for i in range(rounds)]
    return median(a for a, _ in times), median(b for _, b in times), median(a / b for a, b in times)


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """What every trial of one run shares."""

    card: Card
    network: Network
    spreads: Mapping[str, Spread]
    frames: Sequence[Frame]
    wanted: Sequence[Detections]
    calibrated: int
    effort: Effort
    say: Callable[[str], None]

    @classmethod
    def start(
        cls, card: Card, weights: bytes, pictures: Sequence[Path], effort: Effort, say: Callable[[str], None]
    ) -> _Search:
        low = card.with_thresholds({each.name: _SEEN_FROM / FLOOR_SHARE for each in card.classes})
        detector = Detector(low, weights)
        network = Network(weights)
        say(f"choosing {min(effort.pictures, len(pictures))} of {len(pictures)} pictures")
        chosen = choose_spread(pictures, effort.pictures)
        say(f"ranges of every tensor over {len(chosen)} pictures")
        spreads = collect_spreads(network.prepared, _tensors(card, chosen))
        rest = sorted(set(pictures) - set(chosen)) or list(chosen)
        probes = random.Random(effort.seed).sample(rest, min(effort.probes, len(rest)))  # noqa: S311 - no secret
        frames = [read_picture(path) for path in probes]
        wanted = [detector.detect(frame) for frame in frames]
        return cls(low, network, spreads, frames, wanted, len(chosen), effort, say)

    def harms(self) -> dict[str, float]:
        """Agreement lost by quantising one block alone, worst first."""
        found = {}
        for number, block in enumerate(self.network.blocks, 1):
            self.say(f"block {number} of {len(self.network.blocks)}: {block}")
            found[block] = 1 - self.agreement(self._made(_FIRST, [block]))
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def try_methods(self, floats: Collection[str]) -> dict[str, float]:
        self.say(f"trying {', '.join(PERCENTILES)}")
        return {name: self.agreement(self._made(name, self._without(floats))) for name in PERCENTILES}

    def put_back(
        self, floats: Sequence[str], method: str, harm: Mapping[str, float], reached: float
    ) -> tuple[list[str], float, bytes]:
        """Blocks back into float, the most harmful first, until the agreement is enough."""
        kept, best = list(floats), self._made(method, self._without(floats))
        for block in harm:
            if reached >= self.effort.agreement:
                break
            if block in kept:
                continue
            self.say(f"agreement {reached:.3f}; with {block} in float")
            made = self._made(method, self._without([*kept, block]))
            value = self.agreement(made)
            if value >= reached + self.effort.worth:
                kept, best, reached = [*kept, block], made, value
        return kept, reached, best

    def agreement(self, weights: bytes) -> float:
        detector = Detector(self.card, weights)
        return agreement(self.wanted, [detector.detect(frame) for frame in self.frames])

    def _made(self, method: str, blocks: Collection[str]) -> bytes:
        ranges: dict[str, Range] = {name: spread.range(PERCENTILES[method]) for name, spread in self.spreads.items()}
        return self.network.quantise(ranges, blocks)

    def _without(self, floats: Collection[str]) -> list[str]:
        return [block for block in self.network.blocks if block not in floats]


def _tensors(card: Card, pictures: Sequence[Path]) -> Iterator[NDArray[Any]]:
    """The agent's own input to the network, one picture after another."""
    letterbox = Letterbox(card.input)
    for path in pictures:
        frame = read_picture(path)
        yield letterbox.fill(frame, letterbox.place(frame, np.asarray(WHOLE[0])))


def _timed(detector: Detector, frame: Frame) -> float:
    start = time.perf_counter()
    detector.detect(frame)
    return (time.perf_counter() - start) * 1e3
