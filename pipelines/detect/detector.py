"""One model, loaded and checked against its card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from calibration.errors import ModelError
from pipelines.detect.card import Card
from pipelines.detect.decode import decode_anchors, decode_end_to_end, merge_views, suppress
from pipelines.detect.letterbox import Letterbox, Placement
from pipelines.detect.metadata import class_names, refuse_other_names
from pipelines.detect.packing import Request, lay_out
from pipelines.detect.voting import SHARE, vote
from pipelines.detections import Detections
from pipelines.frame import Frame

WHOLE = np.array([[0.0, 0.0, 1.0, 1.0]], np.float32)

# Boxes are handed on from this share of their class's threshold, since rules with memory
# (hysteresis, two-stage tracking) have a use for weak ones.
FLOOR_SHARE = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a request came to.

    Attributes:
        detections: boxes and keypoints in frame pixels, each thing once.
        views: `(k, 4)` float32, 0–1 of the frame, what the model was shown: what was asked for, or a little more.
    """

    detections: Detections
    views: NDArray[np.float32]


class Detector:
    """Runs a model on parts of a frame.

    Args:
        card: what the model is.
        weights: the ONNX file's bytes.
        threads: threads of its own inside one run.
        providers: execution providers by preference.

    Raises:
        ModelError: the weights do not load, or do not fit the card.
    """

    def __init__(
        self, card: Card, weights: bytes, *, threads: int = 1, providers: Sequence[str] = ("CPUExecutionProvider",)
    ) -> None:
        missing = sorted(set(providers) - set(onnxruntime.get_available_providers()))
        if missing:
            raise ModelError(
                f"model {card.name}: execution provider {', '.join(missing)} is not in this onnxruntime, "
                f"allowed: {', '.join(onnxruntime.get_available_providers())}"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads burn a core between two frames.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(weights, options, providers=list(providers))
        except Exception as error:  # onnxruntime raises its own classes, which share no public base
            raise ModelError(f"model {card.name}: onnxruntime can not load {card.weights}: {error}") from error
        self.card = card
        self._floors = card.thresholds * FLOOR_SHARE
        self._letterbox = Letterbox(card.input)
        self._check()

    @property
    def provider(self) -> str:
        """The execution provider that onnxruntime starts with; one whose device is missing has been left out."""
        return str(self._session.get_providers()[0])

    def become(self, other: Detector) -> None:
        """From now on be another model, for all who hold this one; only while no run is under way."""
        self.__dict__.update(other.__dict__)

    def detect(self, frame: Frame, views: NDArray[np.float32] = WHOLE) -> Detections:
        """Everything seen in these parts of the frame, each thing once.

        Args:
            frame: the picture.
            views: `(k, 4)` float32, parts in 0–1 of the frame; the whole frame when left out.

        Returns:
            Boxes and keypoints in frame pixels, at or above `FLOOR_SHARE` of their class's threshold.
        """
        placements = [self._letterbox.place(frame, view) for view in views]
        return merge_views([_placed(self._run([(frame, place)]), place) for place in placements])

    def detect_together(self, requests: Sequence[Request]) -> list[Seen]:
        """The same for parts of several frames, of any cameras, in as few runs of the model as they need.

        Parts are laid side by side in one input; see `packing`. What is seen in one may differ a little from what
        `detect` sees in it alone, since it is enlarged less.

        Args:
            requests: whole frames stay whole.

        Returns:
            For each request what was seen, and what was shown to the model.
        """
        found: list[list[Detections]] = [[] for _ in requests]
        shown: list[list[Placement]] = [[] for _ in requests]
        for sheet in lay_out(requests, self.card.input):
            seen = self._run([(requests[piece.owner].frame, piece.placement) for piece in sheet])
            for piece in sheet:
                own = seen if len(sheet) == 1 else _within(seen, piece.placement)
                found[piece.owner].append(_placed(own, piece.placement))
                shown[piece.owner].append(piece.placement)
        return [
            Seen(merge_views(found[i]) if found[i] else Detections.none(), _views(shown[i], request.frame))
            for i, request in enumerate(requests)
        ]

    def _run(self, pieces: Sequence[tuple[Frame, Placement]]) -> Detections:
        """What is in one input, in its pixels."""
        tensor = self._letterbox.fill_all(pieces)
        output = self._session.run(None, {self._input: tensor})[0][0]
        if self.card.output == "anchors":
            if self.card.doubles == "voting":
                told = vote(decode_anchors(output, self._floors * SHARE), self.card.nms_iou)
                return told.pick(told.confidence >= self._floors[told.class_id])
            return suppress(decode_anchors(output, self._floors), self.card.nms_iou)
        return decode_end_to_end(output, self._floors)

    def _check(self) -> None:
        """One run on grey: names, shapes and types must be what the card says."""
        card, inputs = self.card, self._session.get_inputs()
        if len(inputs) != 1:
            raise ModelError(f"model {card.name}: expected one input, the weights have {len(inputs)}")
        said = self._session.get_modelmeta().custom_metadata_map
        refuse_other_names([c.name for c in card.classes], class_names(said), f"model {card.name}")
        self._input = inputs[0].name
        tall, wide = card.input.height, card.input.width
        want = (1, 3, tall, wide) if card.input.layout == "nchw" else (1, tall, wide, 3)
        shape = inputs[0].shape
        if len(shape) != 4 or any(isinstance(s, int) and s != w for s, w in zip(shape, want, strict=True)):
            raise ModelError(f"model {card.name}: the card says input {want}, the weights take {tuple(shape)}")
        kind = "tensor(uint8)" if card.input.layout == "nhwc" and card.input.scale == 1 else "tensor(float)"
        if inputs[0].type != kind:
            raise ModelError(f"model {card.name}: the card means an input of {kind}, the weights take {inputs[0].type}")
        blank = np.zeros(want, np.uint8 if kind == "tensor(uint8)" else np.float32)
        found = self._session.run(None, {self._input: blank})[0].shape
        classes, points = len(card.classes), len(card.keypoints)
        words = f"its {classes} classes" + f" and {points} keypoints" * bool(points)
        if card.output == "anchors":
            rows = 4 + classes + 3 * points
            fits, expected = len(found) == 3 and found[1] == rows, f"(1, {rows}, anchors) for {words}"
        else:
            columns = 6 + 3 * points
            fits, expected = len(found) == 3 and found[2] == columns, f"(1, n, {columns})"
        if not fits:
            raise ModelError(f"model {card.name}: the card says output {expected}, the weights give {found}")


def _placed(found: Detections, placement: Placement) -> Detections:
    """From input pixels to frame pixels."""
    return Detections(
        placement.to_frame(found.xyxy),
        found.confidence,
        found.class_id,
        keypoints=placement.points_to_frame(found.keypoints),
    )


def _within(found: Detections, placement: Placement) -> Detections:
    """Those that belong to one piece of several: their middle lies in it."""
    x1, y1, x2, y2 = placement.cell
    middle = (found.xyxy[:, :2] + found.xyxy[:, 2:]) / 2
    inside: NDArray[np.bool_] = np.all((middle >= [x1, y1]) & (middle <= [x2, y2]), axis=1)
    return found.pick(inside)


def _views(shown: Sequence[Placement], frame: Frame) -> NDArray[np.float32]:
    size = np.array([frame.width, frame.height] * 2, np.float32)
    return (np.array([place.box for place in shown], np.float32).reshape(-1, 4) / size).astype(np.float32)
