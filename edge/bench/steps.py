"""What single steps cost, side by side in one process: gates, the detect step over its model, packing."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np

from calibration.errors import LookoutError, ModelError
from edge.bench.estimate import Figure, ratio
from edge.bench.gates import LumaMotion, Mog2Gate
from edge.bench.predict import load_predict
from edge.bench.scenes import FPS
from edge.model_store import LoadedModel, ModelStore
from edge.sources.planes import decoded_planes
from pipelines.detect import WHOLE, Card, Detector, Request
from pipelines.frame import Clock, Frame, Plane
from pipelines.lane import MOST_PARTS
from pipelines.prefilter import Prefilter
from pipelines.schedule.scheduler import MOST_TOGETHER
from pipelines.views import Views

FP32, INT8 = "model.onnx", "model.int8.onnx"

_EVERY = 5  # pictures: the rate of the analysis
_TURN_S = 30.0  # then the recordings begin again
_MODEL_FRAMES = 12
_REST_S = 0.1  # what spins after a run has come to rest by then


class BareDetector(Detector):
    """A detector whose session can be run by itself."""

    def prepare(self, frame: Frame) -> Callable[[], object]:
        """The session alone on this frame's tensor."""
        tensor = self._letterbox.fill(frame, self._letterbox.place(frame, np.array([0, 0, 1, 1], np.float32))).copy()
        return lambda: self._session.run(None, {self._input: tensor})


def steps(clip: Path, model: str, models: Path | None, frames: int, repeats: int) -> dict[str, Any]:
    """Measure all of it.

    Args:
        clip: a recording that ends with something that moves, after half a minute at most.
        model: its name.
        models: a folder of models before the installed ones.
        frames: pictures of it.
        repeats: of each measurement.

    Returns:
        For each figure its repeats as `{"figure": [value, low, high, count]}` or `{"reason": why there is none}`.
    """
    store = ModelStore.installed(models)
    loaded = store.load(model)
    shown = read_frames(clip, frames)
    measures: dict[str, Callable[[], dict[str, Figure]]] = {
        "prefilter_us": lambda: prefilter_us(shown, repeats),
        "detect_over_raw": lambda: {"": detect_over_raw(loaded, loaded.card.weights, shown[-_MODEL_FRAMES:], repeats)},
        "detect_over_raw_fp32": lambda: {"": detect_over_raw(loaded, FP32, shown[-_MODEL_FRAMES:], repeats)},
        "predict_ratio": lambda: {"": predict_ratio(loaded, FP32, shown[-_MODEL_FRAMES:], repeats)},
        "predict_ratio_int8": lambda: {"": predict_ratio(loaded, INT8, shown[-_MODEL_FRAMES:], repeats)},
        "packing_ratio": lambda: {"": packing_ratio(loaded, shown, repeats)},
    }
    told: dict[str, Any] = {}
    for name, measure in measures.items():
        try:
            for key, figure in measure().items():
                told[f"{name}.{key}".rstrip(".")] = {"figure": [figure.value, figure.low, figure.high, figure.count]}
        except (LookoutError, AttributeError, TypeError) as error:
            told[name] = {"reason": str(error)}
    return told


def read_frames(path: Path, count: int) -> list[Frame]:
    """Pictures of a recording at the rate of the analysis, in planes of their own: the last of its first turn."""
    found: list[Frame] = []
    with av.open(str(path)) as container:
        for number, picture in enumerate(container.decode(video=0)):
            if number >= _TURN_S * FPS:
                break
            if number % _EVERY == 0:
                planes = decoded_planes(picture)
                y, u, v = (np.array(plane) for plane in planes[:3])
                found.append(Frame("bench", number, number / FPS, Clock.FILE, number / FPS, y, u, v))
                del found[:-count]
    return found


def prefilter_us(frames: Sequence[Frame], repeats: int) -> dict[str, Figure]:
    """Cost of a look of each loop's gate, microseconds: means over the frames.

    One gate after the other: threads that one leaves spinning are not to be counted to the next.
    """
    costs: dict[str, list[float]] = {"B": [], "C": [], "D": []}
    for _ in range(repeats):
        gate, motion, prefilter = Mog2Gate(), LumaMotion(), Prefilter()
        looks: dict[str, Callable[[Frame], object]] = {
            "B": _of_luma(gate.moves),
            "C": _of_luma(motion.boxes),
            "D": prefilter.look,
        }
        for name, look in looks.items():
            look(frames[0])
            spent_s = _block_s(partial(list, map(look, frames)))
            costs[name].append(spent_s / len(frames) * 1e6)
    return {name: Figure.of(values) for name, values in costs.items()}


def _of_luma(look: Callable[[Plane], object]) -> Callable[[Frame], object]:
    return lambda frame: look(frame.y)


def detect_over_raw(model: LoadedModel, file: str, frames: Sequence[Frame], repeats: int) -> Figure:
    """The detect step of a 1080p frame over the bare run of the same session, in turn; processor time.

    Args:
        model: the model.
        file: which of its weights.
        frames: pictures.
        repeats: how often.

    Raises:
        ModelError: there is no such file.
    """
    detector = BareDetector(*other_weights(model, file))
    step, raw = [], []
    for _ in range(repeats):
        pairs = [(_cpu_s(partial(detector.detect, frame)), _cpu_s(detector.prepare(frame))) for frame in frames]
        step.append(float(np.median([a for a, _ in pairs])))
        raw.append(float(np.median([b for _, b in pairs])))
    return ratio(step, raw)


def predict_ratio(model: LoadedModel, file: str, frames: Sequence[Frame], repeats: int) -> Figure:
    """Processor time of Ultralytics' `predict` on the fp32 model over that of Lookout's detect step.

    Args:
        model: the model.
        file: what Lookout runs: the fp32 file or the INT8 one.
        frames: pictures; `predict` is given them in colour.
        repeats: how often.

    Raises:
        ModelError: there is no such file, or no ultralytics.
    """
    predict = load_predict(model, FP32)
    detector = variant(model, file)
    pictures = [frame.bgr() for frame in frames]
    theirs, ours = [], []
    for _ in range(repeats):
        theirs.append(_block_s(lambda: [predict(picture) for picture in pictures]))
        ours.append(_block_s(lambda: [detector.detect(frame) for frame in frames]))
    return ratio(theirs, ours)


def packing_ratio(model: LoadedModel, frames: Sequence[Frame], repeats: int) -> Figure:
    """Regions a second packed into common inputs, over one run for each region: of eight cameras at a time.

    Raises:
        LookoutError: there are no regions to pack.
    """
    detector = Detector(model.card, model.weights)
    wanted = _moving(frames, model)
    if not wanted:
        raise LookoutError("nothing moves in the clips: there are no regions to pack")
    batches = [wanted[i : i + MOST_TOGETHER] for i in range(0, len(wanted), MOST_TOGETHER)]
    single, packed = [], []
    for _ in range(repeats):
        single.append(_block_s(lambda: [detector.detect(one.frame, one.views) for one in wanted]))
        packed.append(_block_s(lambda: [detector.detect_together(batch) for batch in batches]))
    return ratio(single, packed)


def variant(model: LoadedModel, file: str) -> Detector:
    """The model with other weights of its folder.

    Raises:
        ModelError: there are none of that name.
    """
    return Detector(*other_weights(model, file))


def other_weights(model: LoadedModel, file: str) -> tuple[Card, bytes]:
    """A card that names other weights of the model's folder, and these.

    Raises:
        ModelError: there are none of that name.
    """
    try:
        weights = (model.folder / file).read_bytes()
    except OSError as error:
        raise ModelError(f"model {model.card.name} has no {file}") from error
    return model.card.model_copy(update={"weights": file, "sha256": hashlib.sha256(weights).hexdigest()}), weights


def _moving(frames: Sequence[Frame], model: LoadedModel) -> list[Request]:
    """Frames with the parts that Lookout's prefilter would have looked at."""
    side = min(model.card.input.width, model.card.input.height)
    prefilter, views = Prefilter(), Views(side)
    planned = [
        Request(frame, views.plan(frame.width, frame.height, regions, whole=False, most=MOST_PARTS))
        for frame, regions in ((frame, prefilter.look(frame).regions) for frame in frames)
    ]
    parts = [Request(one.frame, one.views[~(one.views == WHOLE[0]).all(axis=1)]) for one in planned]
    return [one for one in parts if len(one.views)]


def _cpu_s(run: Callable[[], object]) -> float:
    began_s = time.process_time()
    run()
    return time.process_time() - began_s


def _block_s(run: Callable[[], object]) -> float:
    """Processor time of a run, with what its threads spin behind it; what others left has come to rest before."""
    time.sleep(_REST_S)
    began_s = time.process_time()
    run()
    time.sleep(_REST_S)
    return time.process_time() - began_s
