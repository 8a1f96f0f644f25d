"""Persons on the floor, made of persons on their feet: the picture turned, and the labels with it.

A teacher that learnt from upright people is unsure of lying ones, but sure of the same people before they were
turned. From each chosen person a window with surroundings is turned to either side, upside down, or foreshortened
as a body that lies with its feet or its head towards the camera.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.skeleton import COCO_KEYPOINTS
from pipelines.retraining.proposals.derive import Derived, View, carry

SIDES_DEG = (60.0, 120.0)
"""How far a body on the floor is turned from upright, to either side."""

_SMALLEST_PX = 70
"""A person whose longer side is shorter gives a blurred picture."""

_LARGEST_PX = 448
_ROUNDS = "abc"
"""Each person is turned at most so many times, each time otherwise."""

_TORSO = tuple(COCO_KEYPOINTS.index(f"{side}_{part}") for side in ("left", "right") for part in ("shoulder", "hip"))
_LEGS = tuple(COCO_KEYPOINTS.index(f"{side}_{part}") for side in ("left", "right") for part in ("knee", "ankle"))


def whole_bodies(picture: Derived) -> NDArray[np.int64]:
    """Indices of the persons worth turning: large enough, shoulders and hips labelled, and a knee or an ankle."""
    labels = picture.labels(len(COCO_KEYPOINTS))
    there = labels.keypoints[:, :, 2] > 0
    sides = labels.xyxy[:, 2:] - labels.xyxy[:, :2]
    fit = (there[:, list(_TORSO)].sum(axis=1) >= 3) & there[:, list(_LEGS)].any(axis=1)
    return np.flatnonzero(fit & (sides.max(axis=1, initial=0) >= _SMALLEST_PX))


def turned(pictures: Sequence[Derived], count: int, seed: int) -> tuple[Derived, ...]:
    """Up to `count` turned pictures of the whole bodies in upright `pictures`.

    Of each person there is one before there are two of any, and at most three. The same pictures, count and seed
    give the same result on every machine.
    """
    random = np.random.default_rng(seed)
    persons = [(i, int(j)) for i, picture in enumerate(pictures) for j in whole_bodies(picture)]
    if not persons:
        return ()
    made: list[Derived] = []
    for letter in _ROUNDS:
        for i, j in (persons[k] for k in random.permutation(len(persons))):
            if len(made) == count:
                return tuple(made)
            one = _turn(pictures[i], j, random, f"{pictures[i].name}_turn{j}{letter}")
            if one.boxes:
                made.append(one)
    return tuple(made)


def _turn(picture: Derived, person: int, random: np.random.Generator, name: str) -> Derived:
    labels = picture.labels(len(COCO_KEYPOINTS))
    x1, y1, x2, y2 = labels.xyxy[person]
    whole = float(max(picture.size))
    side = min(float(max(x2 - x1, y2 - y1)) * random.uniform(1.3, 2.6), whole)
    shift = random.uniform(-0.1, 0.1, 2) * side
    inset = np.minimum(0.4 * side, np.array(picture.size) / 2)  # little of the window lies beyond the picture
    centre = np.clip(np.array([x1 + x2, y1 + y2]) / 2 + shift, inset, np.array(picture.size) - inset)
    view = View(
        centre=(round(float(centre[0]), 1), round(float(centre[1]), 1)),
        side_px=round(side, 1),
        **_attitude(random),
    )
    width = int(np.clip(side * 1.25, 160, _LARGEST_PX))
    size = (width, max(int(width * view.squeeze), 64))
    moved = carry(labels, view.homography(*size), *size)
    return picture.model_copy(update={"name": name, "size": size, "view": view}).with_labels(moved)


def _attitude(random: np.random.Generator) -> dict[str, float]:
    """How a body lies: mostly on its side in the picture, else with head or feet towards the camera."""
    kind = random.uniform()
    if kind < 0.7:
        turn = random.choice([-1, 1]) * random.uniform(*SIDES_DEG)
        squeeze = random.uniform(0.6, 1.0)
    elif kind < 0.85:  # feet towards the camera
        turn, squeeze = random.uniform(-30, 30), random.uniform(0.4, 0.6)
    else:  # head towards the camera
        turn, squeeze = 180 + random.uniform(-40, 40), random.uniform(0.45, 0.8)
    return {
        "turn_deg": round(float(turn), 1),
        "squeeze": round(float(squeeze), 3),
        "keystone": round(float(random.uniform(0, 0.3) * (1 - squeeze) / 0.6), 3),
    }
