"""Two real models at the same pictures: what speaks against the other, and what does not."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.errors import ModelError
from edge.model_store import ModelStore
from edge.updates.trial import Trial, compare
from pipelines.detect import Detector
from pipelines.detect.detector import WHOLE
from pipelines.detections import Detections
from pipelines.frame import Frame, from_bgr
from tests.edge.onnx_file import onnx_file
from tests.edge.test_model_store import write

# Rows of (1, 6, 8): x, y, w, h, fire, smoke.
FIRE = [32.0] * 16 + [20.0] * 16 + [0.9] + [0.0] * 7 + [0.0] * 8
NOT_A_NUMBER = [float("nan")] * 32 + [0.9] + [0.0] * 15
PICTURES = [from_bgr(np.full((48, 64, 3), grey, np.uint8)) for grey in range(0, 200, 40)]


def detector(folder: Path, name: str, answer: list[float] | None) -> Detector:
    weights = onnx_file(answer=answer)
    write(folder, name, weights, sha256=hashlib.sha256(weights).hexdigest())
    loaded = ModelStore([folder]).load(name)
    return Detector(loaded.card, loaded.weights)


def alone(call: Callable[[], Any]) -> Any:
    return call()


def test_the_same_model_is_as_good(tmp_path: Path) -> None:
    trial = compare(detector(tmp_path, "a", FIRE), detector(tmp_path, "b", FIRE), PICTURES, alone)
    assert (trial.pictures, trial.seen, trial.kept) == (5, 5, 5)
    assert trial.fault() is None


def test_one_that_sees_nothing_does_not_do(tmp_path: Path) -> None:
    used, blind = detector(tmp_path, "a", FIRE), detector(tmp_path, "b", None)
    trial = compare(used, blind, PICTURES, alone)
    assert trial.fault() == "it sees nothing in 5 of 5 pictures in which the model in use does"
    assert trial.fault(allow_fewer=True) is None
    # Too few pictures to say so, and the other way round it is no fault.
    assert compare(used, blind, PICTURES[:2], alone).fault() is None
    assert compare(blind, used, PICTURES, alone).fault() is None


class Slow(Detector):
    def detect(self, frame: Frame, views: NDArray[np.float32] = WHOLE) -> Detections:
        time.sleep(0.01)
        return super().detect(frame, views)


def test_a_slow_one_does_not_do_unless_it_is_wanted(tmp_path: Path) -> None:
    used, slow = detector(tmp_path, "a", FIRE), detector(tmp_path, "b", FIRE)
    slow.__class__ = Slow
    trial = compare(used, slow, PICTURES, alone)
    assert "times the time of the model in use, allowed: 1.5 times" in str(trial.fault())
    assert trial.fault(allow_slower=True) is None


@pytest.mark.parametrize(("slowdown", "fits"), [(1.5, True), (1.51, False)])
def test_the_limit_of_time(slowdown: float, fits: bool) -> None:
    assert (Trial(5, 0, 0, slowdown).fault() is None) == fits


def test_one_that_gives_no_numbers_or_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used, other = detector(tmp_path, "a", FIRE), detector(tmp_path, "b", NOT_A_NUMBER)
    with pytest.raises(ModelError, match="model b: gives boxes that are no numbers"):
        compare(used, other, PICTURES, alone)

    def breaks(*_: object) -> Detections:
        raise RuntimeError("Non-zero status code")

    monkeypatch.setattr(other, "detect", breaks)
    with pytest.raises(ModelError, match="model b: fails at a picture of 64×48: Non-zero status code"):
        compare(used, other, PICTURES, alone)
