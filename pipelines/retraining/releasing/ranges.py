"""Between which values each tensor of a network lies, over a set of pictures: what INT8 scales are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto

Range = tuple[float, float]
"""Lowest and highest value that gets a step of its own."""

_BINS = 2048


@dataclass(slots=True, eq=False)
class Spread:
    """The values of one tensor, as a histogram that widens as it must.

    The histogram runs from `-reach` to `reach`. A value beyond doubles the reach: pairs of bins become one, so that
    nothing that was counted is lost and no second pass over the pictures is needed.

    Attributes:
        lowest, highest: exact, over everything seen.
        reach: half the width.
        counts: `(2048,)` float64.
    """

    lowest: float
    highest: float
    reach: float
    counts: NDArray[np.float64]

    @classmethod
    def empty(cls) -> Self:
        """Of nothing yet."""
        return cls(np.inf, -np.inf, 2.0**-20, np.zeros(_BINS))

    def add(self, values: NDArray[np.float32]) -> None:
        """Count more values; any shape, finite."""
        low, high = float(values.min()), float(values.max())
        self.lowest, self.highest = min(self.lowest, low), max(self.highest, high)
        while max(-low, high) >= self.reach:
            quarter = _BINS // 4
            folded = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts = np.pad(folded, quarter)
            self.reach *= 2
        flat = values.reshape(1, -1)
        self.counts += cv2.calcHist([flat], [0], None, [_BINS], [-self.reach, self.reach]).ravel()

    def range(self, percentile: float) -> Range:
        """The part that holds `percentile` per cent of the values, the same share cut off at both ends.

        0 is always inside, as quantisation wants it; 100 is everything.
        """
        low, high = self.lowest, self.highest
        if percentile < 100:
            share = np.cumsum(self.counts) / self.counts.sum()
            edges = np.linspace(-self.reach, self.reach, _BINS + 1)
            cut = (1 - percentile / 100) / 2
            low = max(low, float(edges[np.searchsorted(share, cut, side="right")]))
            high = min(high, float(edges[np.searchsorted(share, 1 - cut) + 1]))
        return min(low, 0.0), max(high, 0.0)


def collect_spreads(model: ModelProto, tensors: Iterable[NDArray[Any]]) -> Mapping[str, Spread]:
    """Run the network and count the values of each float tensor in it.

    One picture after another: the values of two hundred pictures at once, as onnxruntime's own calibrators keep them,
    take ten gigabytes.

    Args:
        model: with shapes inferred.
        tensors: inputs of the network, batches of one.
    """
    import onnx

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    graph = watched.graph
    floats = [
        value
        for value in (*graph.value_info, *graph.input)
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    ]
    graph.output.extend(floats)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    spreads = {name: Spread.empty() for name in names}
    entry = session.get_inputs()[0].name
    for tensor in tensors:
        for name, values in zip(names, session.run(None, {entry: tensor}), strict=True):
            if values.dtype == np.float32 and values.size:
                spreads[name].add(values)
    return {name: spread for name, spread in spreads.items() if spread.lowest <= spread.highest}
