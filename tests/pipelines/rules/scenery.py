"""Puts things into real pictures, changes the light, and plays looks through a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.polygon import Polygon
from pipelines.detections import Detections
from pipelines.frame import Frame, from_bgr
from pipelines.hazards import Hazard
from pipelines.rules.base import Rule
from pipelines.scene import Scene
from tests.pipelines.builders import SHAPE, an_activity
from tests.pipelines.rules.cutouts import Alpha, Picture

MEANINGS = ("person", "vehicle", "machinery")
THRESHOLDS = (0.4, 0.5, 0.5)
FULL = np.array([[0, 0, 1, 1]], np.float32)


def read(clip: Path, *, per_s: float, until_s: float) -> list[tuple[float, Picture]]:
    """Time and picture of a clip's frames, so many a second."""
    taken: list[tuple[float, Picture]] = []
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            time_s = float(frame.time)
            if time_s > until_s:
                break
            if time_s >= len(taken) / per_s - 1e-6:
                taken.append((time_s, frame.to_ndarray(format="bgr24")))
    return taken


def scene_of(
    picture: Picture | Frame,
    time_s: float,
    *people: tuple[float, float, float, float],
    kind: str = "person",
    track: int = 1,
    confidence: float = 0.8,
    looked: NDArray[np.float32] = FULL,
) -> Scene:
    """A scene with these boxes (0–1), numbered from `track` on."""
    frame = picture if isinstance(picture, Frame) else from_bgr(picture, time_s=time_s)
    size = np.array([frame.width, frame.height] * 2, np.float32)
    boxes = np.array(people, np.float32).reshape(-1, 4) * size
    count = len(boxes)
    found = Detections(
        boxes, np.full(count, confidence, np.float32), np.full(count, MEANINGS.index(kind), np.int64),
        np.arange(track, track + count),
    )  # fmt: skip
    luma = np.asarray(cv2.resize(frame.y, SHAPE[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
    activity = replace(an_activity(), luma=luma)
    return Scene(frame, activity, found, MEANINGS, np.array(THRESHOLDS, np.float32), looked)


def put(
    picture: Picture, thing: tuple[Picture, Alpha], foot: tuple[float, float], zone: Polygon, share: float
) -> Picture:
    """The thing with its foot at a place (0–1), so large that it covers this share of the zone, with a shadow."""
    height, width = picture.shape[:2]
    scale = float(np.sqrt(share * zone.area * height * width / thing[1].sum()))
    size = (max(round(thing[1].shape[1] * scale), 3), max(round(thing[1].shape[0] * scale), 3))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    body = cv2.resize(thing[0], size, interpolation=how).astype(np.float32)
    alpha = cv2.resize(thing[1], size, interpolation=how)[..., None]
    x, y = round(foot[0] * width - size[0] / 2), round(foot[1] * height - size[1])
    out = picture.astype(np.float32)
    shadow = np.zeros((height, width), np.float32)
    cv2.ellipse(shadow, (x + size[0] // 2, y + size[1]), (size[0] // 2, max(size[1] // 14, 1)), 0, 0, 360, 1.0, -1)
    out *= (1 - 0.4 * cv2.GaussianBlur(shadow, (0, 0), 1.5))[..., None]
    x1, y1, x2, y2 = max(x, 0), max(y, 0), min(x + size[0], width), min(y + size[1], height)
    cut = (slice(y1 - y, y2 - y), slice(x1 - x, x2 - x))
    out[y1:y2, x1:x2] += alpha[cut] * (body[cut] - out[y1:y2, x1:x2])
    return np.clip(out, 0, 255).astype(np.uint8)


@cache
def _grain() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 1, (1200, 1200, 1)).astype(np.float32)


def sensor(picture: NDArray[np.float32] | Picture, rng: np.random.Generator, noise: float = 2.5) -> Picture:
    """With the noise of a sensor: another part of one large piece of it each time."""
    height, width = picture.shape[:2]
    y, x = int(rng.integers(1200 - height)), int(rng.integers(1200 - width))
    return np.clip(picture + noise * _grain()[y : y + height, x : x + width], 0, 255).astype(np.uint8)


def infrared(picture: Picture) -> NDArray[np.float32]:
    """As a camera shows it after its switch to infrared.

    No colour; grass and dyed cloth bright, other reflectances than by day; a lamp beside the lens that
    lights the middle.
    """
    blue, green, red = (picture[..., i].astype(np.float32) for i in range(3))
    luma = 0.1 * blue + 0.25 * green + 0.65 * red + 0.9 * np.clip(green - (red + blue) / 2, 0, None)
    luma = 255 * (np.clip(luma, 0, 255) / 255) ** 0.75
    height, width = luma.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    lamp = 1.1 - 1.6 * ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2)
    return np.repeat((luma * lamp * 0.75)[..., None], 3, axis=2).astype(np.float32)


def play(rule: Rule, scenes: Iterable[Scene]) -> list[tuple[float, Hazard]]:
    """Time and hazard of each look at which the rule reported one; never more than one."""
    alarms = []
    for scene in scenes:
        hazards = rule.judge(scene)
        assert len(hazards) <= 1
        alarms += [(scene.time_s, hazard) for hazard in hazards]
    return alarms


Change = Callable[[Picture, float], Picture | NDArray[np.float32]]
