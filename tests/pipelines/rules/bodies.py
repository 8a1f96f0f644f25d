"""Bodies as a pose model gives them: keypoints of postures, seen from the side, and scenes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.skeleton import COCO_KEYPOINTS
from pipelines.detections import Detections
from pipelines.frame import Frame
from pipelines.scene import Scene
from tests.pipelines.builders import a_frame, an_activity

Point = tuple[float, float]

# Shoulders, hips, knees, ankles: shares of the standing height, x to the right and y down from the crown.
POSTURES: dict[str, tuple[Point, Point, Point, Point]] = {
    "standing": ((0, 0.2), (0, 0.5), (0, 0.75), (0, 1)),
    "striding": ((0, 0.2), (0, 0.5), (0.05, 0.75), (-0.1, 1)),
    "leaning": ((0.15, 0.24), (0, 0.5), (0, 0.75), (0, 1)),
    "on a chair": ((0, 0.2), (0, 0.52), (0.25, 0.52), (0.25, 0.8)),
    "at a desk": ((0.2, 0.3), (0, 0.52), (0.25, 0.52), (0.25, 0.8)),
    "on the floor": ((0, 0.2), (0, 0.52), (0.25, 0.45), (0.45, 0.52)),
    "kneeling": ((0, 0.2), (0, 0.5), (0.02, 0.75), (-0.2, 0.78)),
    "squatting": ((0.05, 0.3), (-0.1, 0.6), (0.15, 0.6), (0, 0.85)),
    "bending": ((0.28, 0.55), (0, 0.5), (0.02, 0.75), (0, 1)),
    "tying a shoe": ((0.2, 0.72), (0, 0.5), (0.06, 0.75), (0, 1)),
    "crawling": ((0.3, 0.47), (0, 0.5), (0, 0.75), (-0.24, 0.78)),
    "lying": ((0, 0.9), (0.3, 0.92), (0.55, 0.9), (0.8, 0.92)),
    "lying askew": ((0, 0.7), (0.26, 0.85), (0.47, 0.97), (0.7, 1.1)),
    "knees drawn up": ((0, 0.9), (0.3, 0.92), (0.47, 0.72), (0.55, 0.92)),
    "feet on a step": ((0, 0.95), (0.26, 0.8), (0.45, 0.68), (0.7, 0.7)),
}
LYING = ("lying", "lying askew", "knees drawn up", "feet on a step")
_PARTS = ("shoulder", "hip", "knee", "ankle")
_SHOULDERS = 0.06  # half their width, as seen from aside


@dataclass(frozen=True)
class Body:
    """One person in a picture.

    Attributes:
        posture: one of `POSTURES`.
        at: where the crown of the standing person would be, px.
        tall: the standing height, px.
        turned_deg: the whole body turned clockwise in the picture.
        mirrored: left and right changed.
        hidden: parts that are not visible.
        track: the tracker's number.
        confidence: of the box.
    """

    posture: str = "standing"
    at: Point = (300, 60)
    tall: float = 200
    turned_deg: float = 0
    mirrored: bool = False
    hidden: tuple[str, ...] = ()
    track: int = 1
    confidence: float = 0.8

    def keypoints(self) -> NDArray[np.float32]:
        """`(17, 3)`."""
        points = np.zeros((len(COCO_KEYPOINTS), 3), np.float32)
        middle = dict(zip(_PARTS, np.array(POSTURES[self.posture]), strict=True))
        middle |= {"elbow": middle["shoulder"], "wrist": middle["hip"]}
        head = middle["shoulder"] + 0.45 * (middle["shoulder"] - middle["hip"])
        for i, name in enumerate(COCO_KEYPOINTS):
            side, _, part = name.partition("_")
            away = {"left": _SHOULDERS, "right": -_SHOULDERS}.get(side, 0.0) * (part in middle)
            x, y = middle.get(part, head)
            points[i] = (x + away, y, 0.1 if part in self.hidden else 0.9)
        if self.mirrored:
            points[:, 0] *= -1
        angle = np.radians(self.turned_deg)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        points[:, :2] = (points[:, :2] - (0, 0.5)) @ turn * self.tall + self.at + (0, 0.5 * self.tall)
        return points


def box_of(points: NDArray[np.float32]) -> list[float]:
    """The box of a body, with some air around its keypoints."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    air = 0.06 * float((high - low).max())
    return [*(low - air), *(high + air)]


def scene_of(bodies: Sequence[Body], time_s: float, frame: Frame | None = None) -> Scene:
    """What a pose model and a tracker make of them."""
    points = np.array([body.keypoints() for body in bodies], np.float32).reshape(-1, len(COCO_KEYPOINTS), 3)
    found = Detections(
        np.array([box_of(one) for one in points], np.float32).reshape(-1, 4),
        np.array([body.confidence for body in bodies], np.float32),
        np.zeros(len(bodies), np.int64),
        np.array([body.track for body in bodies], np.int64),
        points,
    )
    return Scene(
        frame or a_frame(size=(640, 360), time_s=time_s),
        an_activity(),
        found,
        ("person",),
        np.array([0.4], np.float32),
        np.array([[0, 0, 1, 1]], np.float32),
        keypoints=COCO_KEYPOINTS,
    )
