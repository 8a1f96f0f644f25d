"""A training picture derived from one that stays where it is: painted grey in places, turned, foreshortened, cut.

A plan (`plan.yaml`, `plan.jsonl`) says how each picture is made and what is to be seen in it, so that the set can be
made again anywhere from the sources alone: no picture and no teacher is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Labels

CARD, INDEX = "plan.yaml", "plan.jsonl"
GREY = 114
"""Of painted places and of what lies beyond a picture's edge: what letterboxing pads with, and means nothing."""

_LEAST_SHARE = 0.25
"""A box of which less than this stays in view is not worth a label."""

_RING = np.stack([np.cos(np.linspace(0, 2 * np.pi, 32, False)), np.sin(np.linspace(0, 2 * np.pi, 32, False))], axis=1)

Image = NDArray[np.uint8]
Box = tuple[float, float, float, float]


class View(BaseModel):
    """A square window on a picture, turned about its centre and seen as if it lay on the floor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    centre: tuple[float, float] = Field(description="px of the source")
    side_px: float = Field(gt=0, description="side of the window, px of the source")
    turn_deg: float = Field(default=0, description="clockwise")
    squeeze: float = Field(default=1, gt=0, le=1, description="height of the result as a share of its width")
    keystone: float = Field(default=0, ge=0, lt=0.5, description="what is lower is larger: 0 not at all")

    def homography(self, width: int, height: int) -> NDArray[np.float64]:
        """`(3, 3)`, from pixels of the source to pixels of a result of that size."""
        turn, half = np.deg2rad(self.turn_deg), self.side_px / 2
        cos, sin = np.cos(turn), np.sin(turn)
        to_window = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, half]]) / half
        to_window = to_window @ np.array([[1, 0, -self.centre[0]], [0, 1, -self.centre[1]], [0, 0, 1]])
        tilt = np.array([[1, 0, 0], [0, 1, 0], [0, -self.keystone, 1.0]])
        to_result = np.array([[width / 2, 0, width / 2], [0, height / 2, height / 2], [0, 0, 1]])
        return np.asarray(to_result @ tilt @ to_window, np.float64)


class Derived(BaseModel):
    """One picture of the plan; its labels are in its own pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(pattern=r"^[\w.-]+$", description="file name without suffix")]
    source: str = Field(description="picture or video, relative to one of the roots")
    frame: Annotated[int, Field(ge=0)] | None = Field(default=None, description="of a video, from 0")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="digest of the source")]
    size: tuple[PositiveInt, PositiveInt]
    group: Annotated[str, Field(min_length=1)]
    split: Annotated[str, Field(min_length=1)]
    grey: tuple[tuple[int, int, int, int], ...] = Field(default=(), description="px of the source")
    view: View | None = None
    boxes: tuple[tuple[int, float, float, float, float], ...] = ()
    keypoints: tuple[tuple[tuple[float, float, Literal[0, 1, 2]], ...], ...] = ()

    def labels(self, count: int) -> Labels:
        """What is to be seen, with `count` keypoints a box."""
        n = len(self.boxes)
        return Labels(
            np.array([box[1:] for box in self.boxes], np.float32).reshape(n, 4),
            np.array([box[0] for box in self.boxes], np.int64),
            np.array(self.keypoints, np.float32).reshape(n, count, 3),
        )

    def with_labels(self, labels: Labels) -> Derived:
        """The same picture with other labels, rounded to a tenth of a pixel."""
        boxes = [
            (int(c), *(round(float(v), 1) for v in box)) for c, box in zip(labels.class_id, labels.xyxy, strict=True)
        ]
        points = [[(round(float(x), 1), round(float(y), 1), int(v)) for x, y, v in one] for one in labels.keypoints]
        fields = self.model_dump() | {"boxes": boxes, "keypoints": points if labels.keypoints.size else ()}
        return Derived.model_validate(fields)


class Plan(BaseModel):
    """A data set as a way to make it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    classes: tuple[str, ...]
    keypoints: tuple[str, ...] = ()
    licence: str
    source: str
    teacher: str = Field(description="what proposed the labels, and how")
    format: Literal["lookout-plan-1"] = "lookout-plan-1"
    pictures: tuple[Derived, ...] = Field(exclude=True)


def render(image: Image, derived: Derived) -> Image:
    """The picture that `derived` describes, from its source `(h, w, 3)` BGR."""
    painted = image.copy()
    for x1, y1, x2, y2 in derived.grey:
        painted[y1:y2, x1:x2] = GREY
    if derived.view is None:
        return painted
    width, height = derived.size
    matrix = derived.view.homography(width, height)
    return np.asarray(
        cv2.warpPerspective(
            painted,
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(GREY, GREY, GREY),
        ),
        np.uint8,
    )


def carry(labels: Labels, matrix: NDArray[np.float64], width: int, height: int) -> Labels:
    """Labels through a homography, cut at the edges of a result of that size.

    A box becomes the box around the ellipse within it and around its keypoints: the corners of a box show no body,
    and a box around the turned corners would be too large by up to 2 ** 0.5.
    """
    kept, boxes, points = [], [], []
    for i, (x1, y1, x2, y2) in enumerate(labels.xyxy.astype(np.float64)):
        ring = np.array([(x1 + x2) / 2, (y1 + y2) / 2]) + _RING * [(x2 - x1) / 2, (y2 - y1) / 2]
        joints = labels.keypoints[i].astype(np.float64)
        moved = _through(matrix, joints[:, :2])
        around = np.concatenate([_through(matrix, ring), moved[joints[:, 2] > 0]])
        low, high = around.min(axis=0), around.max(axis=0)
        cut = np.concatenate([np.clip(low, 0, [width, height]), np.clip(high, 0, [width, height])])
        if np.prod(cut[2:] - cut[:2]) < _LEAST_SHARE * np.prod(high - low):
            continue
        inside = ((moved >= 0) & (moved < [width, height])).all(axis=1) & (joints[:, 2] > 0)
        kept.append(i)
        boxes.append(cut)
        points.append(np.concatenate([moved, joints[:, 2:]], axis=1) * inside[:, None])
    n, k = len(kept), labels.keypoints.shape[1]
    return Labels(
        np.array(boxes, np.float32).reshape(n, 4),
        labels.class_id[kept],
        np.array(points, np.float32).reshape(n, k, 3),
    )


def _through(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    homogeneous = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:], np.float64)


def save_plan(plan: Plan, folder: Path) -> None:
    """Write `plan.yaml` and `plan.jsonl` into `folder`, made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (picture.model_dump_json(exclude_defaults=True) for picture in plan.pictures)
    (folder / INDEX).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    card = plan.model_dump(mode="json")
    (folder / CARD).write_text(yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=110), encoding="utf-8")


def load_plan(folder: Path) -> Plan:
    """Read the plan in `folder`.

    Raises:
        DatasetError: it is missing or wrong; the first fault is named with its file and line.
    """
    where = folder / CARD
    try:
        card: Any = yaml.safe_load(where.read_text(encoding="utf-8"))
        where = folder / INDEX
        lines = where.read_text(encoding="utf-8").splitlines()
    except (OSError, yaml.YAMLError) as error:
        raise DatasetError(f"{where}: can not be read: {error}; a plan is {CARD} and {INDEX}") from error
    pictures = []
    for number, line in enumerate(lines, 1):
        try:
            pictures.append(Derived.model_validate_json(line))
        except ValidationError as error:
            raise DatasetError(
                f"{where}, line {number}: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}"
            ) from error
    try:
        return Plan.model_validate({**card, "pictures": pictures})
    except (ValidationError, TypeError) as error:
        raise DatasetError(f"{folder / CARD}: {error}") from error
