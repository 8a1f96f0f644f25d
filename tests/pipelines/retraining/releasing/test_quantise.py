from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime
import pytest

from calibration.errors import DatasetError, ModelError
from pipelines.detect import Detector
from pipelines.detect.card import Card, parse_card
from pipelines.retraining.releasing.int8 import Network, blocks_of
from pipelines.retraining.releasing.quantise import Effort, Quantised, compare_speed, quantise
from pipelines.retraining.scoring.predictions import read_picture
from tests.pipelines.retraining import squares

LITTLE = Effort(pictures=8, probes=6, rounds=3, agreement=0.99)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return squares.pictures(tmp_path_factory.mktemp("data") / "squares", {"train": 16})


@pytest.fixture(scope="module")
def paths(folder: Path) -> list[Path]:
    return sorted((folder / "images" / "train").iterdir())


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Card:
    made = squares.model_folder(tmp_path_factory.mktemp("model") / "squares", squares.weights())
    return parse_card((made / "card.yaml").read_text(), "card.yaml")


@pytest.fixture(scope="module")
def made(card: Card, paths: list[Path]) -> Quantised:
    return quantise(card, squares.weights(), paths, LITTLE)


def test_the_result_sees_the_same(made: Quantised, card: Card, paths: list[Path]) -> None:
    ours, theirs = Detector(card, made.weights), Detector(card, squares.weights())
    for path in paths:
        frame = read_picture(path)
        one, other = ours.detect(frame), theirs.detect(frame)
        assert sorted(one.class_id) == sorted(other.class_id), path
    assert made.agreement > 0.9


def test_it_is_in_8_bits_with_the_types_that_are_fast(made: Quantised) -> None:
    graph = onnx.load_model_from_string(made.weights).graph
    assert {node.op_type for node in graph.node} >= {"QuantizeLinear", "DequantizeLinear"}
    kinds = {i.data_type for i in graph.initializer if i.name.endswith("zero_point")}
    assert onnx.TensorProto.UINT8 in kinds
    weights = [i for i in graph.initializer if i.name == "mix_quantized"]
    assert [i.data_type for i in weights] == [onnx.TensorProto.INT8]
    scale = next(i for i in graph.initializer if i.name == "mix_scale")
    assert list(scale.dims) == [2], "one scale a channel"


def test_what_joins_boxes_and_scores_stays_in_float(made: Quantised) -> None:
    # 64 px and a score of 1 under one scale: a step of 0.25 px, in which all scores look the same.
    worst, second = sorted(made.harm.values(), reverse=True)[:2]
    assert made.harm["model.2"] == worst > 0.05
    assert second < 0.01
    assert made.floats == ("model.2",)
    joins = [n for n in onnx.load_model_from_string(made.weights).graph.node if n.op_type == "Concat"]
    assert [node.output[0] for node in joins] == ["output0"]


def test_the_exporters_words_come_along(made: Quantised) -> None:
    session = onnxruntime.InferenceSession(made.weights, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["names"] == squares.NAMES


def test_the_record_has_both_sides(made: Quantised) -> None:
    record = made.record()
    assert record["int8_bytes"] == len(made.weights)
    assert record["float_bytes"] == len(squares.weights())
    assert record["pictures"] == 8
    assert set(record["agreement_by_method"]) == {"minmax", "percentile 99.999", "percentile 99.99", "percentile 99.9"}
    assert record["agreement"] >= max(record["agreement_by_method"].values()) - 1e-3
    assert set(record["harm_by_block"]) == {"model.0", "model.1", "model.2", "model.2/cv2", "model.2/cv3"}


def test_enough_agreement_puts_nothing_more_back(card: Card, paths: list[Path]) -> None:
    lax = quantise(card, squares.weights(), paths, Effort(pictures=8, probes=6, rounds=1, agreement=0.0))
    assert set(lax.floats) <= {block for block, lost in lax.harm.items() if lost > 0.5}


def test_speed_is_compared_in_turn(card: Card, paths: list[Path]) -> None:
    one, other, ratio = compare_speed(card, squares.weights(), squares.weights(), [read_picture(paths[0])], 25)
    # No speed is asserted: that the three are times and their ratio.
    assert min(one, other, ratio) > 0
    assert ratio == pytest.approx(one / other, rel=3)


def test_quantising_twice_is_refused(made: Quantised) -> None:
    with pytest.raises(ModelError, match="quantised already"):
        Network(made.weights)


def test_no_weights_at_all(card: Card, paths: list[Path]) -> None:
    with pytest.raises(ModelError, match="onnxruntime can not load"):
        quantise(card, b"no ONNX at all", paths, LITTLE)


def test_no_pictures(card: Card) -> None:
    with pytest.raises(DatasetError, match="no pictures"):
        quantise(card, squares.weights(), [], LITTLE)


def test_nodes_without_modules_are_cut_into_runs() -> None:
    nodes = [onnx.helper.make_node("Relu", ["a"], ["a"], f"Relu_{i}") for i in range(60)]
    blocks = blocks_of(nodes)
    assert len(blocks) == 24
    assert [name for names in blocks.values() for name in names] == [node.name for node in nodes]


def test_whatever_the_graph_is_called_the_answer_is_near(card: Card, paths: list[Path]) -> None:
    model = onnx.load_model_from_string(squares.weights())
    for node in model.graph.node:
        node.name = ""
    assert quantise(card, model.SerializeToString(), paths, LITTLE).agreement > 0.9
