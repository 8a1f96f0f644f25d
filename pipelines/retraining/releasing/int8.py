"""A network's graph in 8 bits (QDQ): all of it, or all but some blocks."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calibration.errors import ModelError
from pipelines.retraining.releasing.ranges import Range

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_CHUNKS = 24
"""Blocks of a graph whose nodes carry no names of modules."""


class Network:
    """A network prepared for quantisation.

    Activations become uint8 with one scale a tensor, weights int8 with one scale a channel: onnxruntime runs int8
    activations on x86 two to three times slower.

    Args:
        weights: an ONNX file in float, one that onnxruntime loads.

    Attributes:
        prepared: shapes inferred, constants and batch normalisation folded.
        blocks: names of nodes by the module of the network that they belong to.

    Raises:
        ModelError: `onnx` is not installed, or the weights are quantised already.
    """

    def __init__(self, weights: bytes) -> None:
        try:
            import onnx
        except ImportError as error:
            raise ModelError("quantising needs onnx: pip install 'lookout-agent[models]'") from error
        self._source = onnx.load_model_from_string(weights)
        if any(node.op_type == "DequantizeLinear" for node in self._source.graph.node):
            raise ModelError("the weights are quantised already; expected float weights")
        self.prepared = _prepare(weights)
        self.blocks = blocks_of(self.prepared.graph.node)

    def quantise(self, ranges: Mapping[str, Range], blocks: Collection[str]) -> bytes:
        """The ONNX file with these blocks in 8 bits and the others in float.

        Args:
            ranges: lowest and highest value of each float tensor.
            blocks: names, of `self.blocks`.
        """
        import onnx
        from onnxruntime.quantization import QuantType
        from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData
        from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
        from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

        limits = {name: (np.float32(low), np.float32(high)) for name, (low, high) in ranges.items()}
        graph = onnx.ModelProto()
        graph.CopyFrom(self.prepared)
        work = QDQQuantizer(
            graph,
            per_channel=True,
            reduce_range=False,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=TensorsData(CalibrationMethod.MinMax, limits),
            nodes_to_quantize=[],
            nodes_to_exclude=[name for block, names in self.blocks.items() if block not in blocks for name in names],
            op_types_to_quantize=sorted({*QDQRegistry, *QLinearOpsRegistry}),
            extra_options={},
        )
        work.quantize_model()
        made: ModelProto = work.model.model
        # Names of the classes, picture size and the like: the exporter's words hold for the copy too.
        del made.metadata_props[:]
        made.metadata_props.extend(self._source.metadata_props)
        content: bytes = made.SerializeToString()
        return content


def blocks_of(nodes: Iterable[NodeProto]) -> Mapping[str, tuple[str, ...]]:
    """Nodes by module, in the graph's order.

    torch's exporter names a node by its place (`/model.23/cv2.0/cv2.0.0/conv/Conv`): the first part is the module,
    and in the module that gives the output the second is one too, since a head's branches differ in what they bear.
    Where nodes carry no such names the graph is cut into 24 runs of nodes.
    """
    places = [(node.name, node.name.strip("/").split("/")) for node in nodes]
    if len({place[0] for _, place in places if len(place) > 1}) < 2:
        names = [name for name, _ in places]
        runs = np.array_split(np.arange(len(names)), min(_CHUNKS, len(names)))
        return {f"nodes {run[0]}-{run[-1]}": tuple(names[i] for i in run) for run in runs}
    head = places[-1][1][0]
    found: dict[str, list[str]] = {}
    for name, place in places:
        block = "/".join(place[:2]) if place[0] == head and len(place) > 2 else place[0]
        found.setdefault(block, []).append(name)
    return {block: tuple(names) for block, names in found.items()}


def _prepare(weights: bytes) -> Any:
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as scratch:
        source, prepared = Path(scratch) / "float.onnx", Path(scratch) / "prepared.onnx"
        source.write_bytes(weights)
        # The symbolic shapes are for graphs whose sizes vary; a card's input never does.
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        model = onnx.load(prepared)
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_{number}"
    return model
