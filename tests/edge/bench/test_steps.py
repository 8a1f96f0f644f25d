"""Single steps are measured on the real model; what can not be is null with the reason."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from itertools import pairwise

import pytest

from edge.bench.clips import Library
from edge.bench.steps import BareDetector, packing_ratio, read_frames, steps, variant
from edge.model_store import ModelStore
from pipelines.detect import Detector
from pipelines.detect.letterbox import Placement
from pipelines.frame import Frame


@pytest.mark.slow
def test_all_steps(library: Library) -> None:
    told = steps(library.busy(0).main, "fire-smoke", None, 4, 2)
    for name in ("prefilter_us.B", "prefilter_us.C", "prefilter_us.D", "detect_over_raw", "detect_over_raw_fp32"):
        value, low, high, count = told[name]["figure"]
        assert 0 < low <= value <= high, name
        assert count == 2
    assert told["detect_over_raw"]["figure"][0] > 0.5
    if importlib.util.find_spec("ultralytics") is None:
        assert "ultralytics is not installed" in told["predict_ratio"]["reason"]
        assert "ultralytics is not installed" in told["predict_ratio_int8"]["reason"]


def test_frames_at_the_rate_of_the_analysis(library: Library) -> None:
    frames = read_frames(library.busy(0).main, 4)
    assert [b.sequence - a.sequence for a, b in pairwise(frames)] == [5, 5, 5]
    assert (frames[0].width, frames[0].height) == (640, 360)


def test_the_bare_run_gives_what_the_detector_decodes(library: Library) -> None:
    model = ModelStore.installed().load("fire-smoke")
    (output,) = BareDetector(model.card, model.weights).prepare(read_frames(library.busy(0).main, 1)[0])()
    assert output.shape[:2] == (1, 4 + len(model.card.classes))


def test_packing_looks_at_the_same_regions_together(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    run = Detector._run

    def counted(self: Detector, pieces: Sequence[tuple[Frame, Placement]]) -> object:
        runs.append(len(pieces))
        return run(self, pieces)

    monkeypatch.setattr(Detector, "_run", counted)
    model = ModelStore.installed().load("people-vehicles")
    found = packing_ratio(model, read_frames(library.busy(0).main, 30), 1)
    assert found.count == 1
    assert max(runs) > 1
    assert sum(runs) % 2 == 0  # each region once alone, once in company


def test_other_weights_of_the_folder() -> None:
    model = ModelStore.installed().load("fire-smoke")
    assert variant(model, "model.onnx").card.weights == "model.onnx"
    with pytest.raises(Exception, match=r"fire-smoke has no nothing\.onnx"):
        variant(model, "nothing.onnx")
