"""How far two clocks are apart, by a turn that both tell of: the pictures of a camera, and its telemetry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from calibration.errors import NoOffset
from calibration.ground import rotation
from calibration.pose import Pose

FARTHEST_S = 30.0
"""Clocks further apart than that are not found: what happened then is no longer the same turn."""

_STEP_S = 0.05
_LEAST_S = 10.0  # both have to speak of so much time
_LEAST_TURN_DEG_S = 3.0  # at its fastest, above the usual of the flight
_LEAST_ALIKE = 0.75
_APART_S = 1.5  # a second place that fits has to be this far from the best to be another one
_CLEARER = 0.1
_LONGEST_GAP_S = 1.0

Rate = tuple[float, float]
"""Time, seconds, and how fast the camera turns about the downward axis of its picture, in any unit."""


@dataclass(frozen=True, slots=True)
class Offset:
    """What was found.

    Attributes:
        seconds: to be added to the time of a picture to get that of its pose.
        alike: correlation of the two at that offset, up to 1.
    """

    seconds: float
    alike: float


def turn_rates(poses: Sequence[Pose]) -> list[Rate]:
    """How fast the camera turned between each two poses, in the middle of both: degrees a second, to the right."""
    found = []
    known = [pose for pose in poses if pose.attitude is not None]
    for before, after in pairwise(known):
        gap_s = after.time_s - before.time_s
        if 0 < gap_s <= _LONGEST_GAP_S and before.attitude is not None and after.attitude is not None:
            # About the body's down axis: forward of then, seen from now, tilts left by the angle of the turn.
            turned = rotation(before.attitude).T @ rotation(after.attitude)
            degrees = float(np.degrees(np.arctan2(turned[1, 0], turned[0, 0])))
            found.append(((before.time_s + after.time_s) / 2, degrees / gap_s))
    return found


def find_offset(pictures: Sequence[Rate], telemetry: Sequence[Rate], farthest_s: float = FARTHEST_S) -> Offset:
    """By the lag at which the two turn alike (Pearson's correlation, on what both cover).

    Args:
        pictures: as the pictures show it; the unit does not matter, the sign does.
        telemetry: as `turn_rates` gives it.
        farthest_s: offsets up to this are tried, each way.

    Raises:
        NoOffset: nobody can tell; the text says why.
    """
    for name, rates in (("pictures", pictures), ("telemetry", telemetry)):
        if len(rates) < 3 or rates[-1][0] - rates[0][0] < _LEAST_S:
            raise NoOffset(f"the {name} tell of less than {_LEAST_S:g} s")
    said = np.array([rate for _, rate in telemetry])
    if np.abs(said - np.median(said)).max() < _LEAST_TURN_DEG_S:
        raise NoOffset(f"no turn of {_LEAST_TURN_DEG_S:g}° a second in it")
    theirs, began_s = _even(telemetry)
    ours, start_s = _even(pictures)
    lags = np.arange(-farthest_s, farthest_s + _STEP_S / 2, _STEP_S)
    alike = np.array([_alike(ours, theirs, round((start_s + lag - began_s) / _STEP_S)) for lag in lags])
    best = int(np.argmax(alike))
    if alike[best] < _LEAST_ALIKE:
        raise NoOffset(f"pictures and telemetry turn alike at no offset: {alike[best]:.2f} of 1 at best")
    others = alike[np.abs(lags - lags[best]) > _APART_S]
    if len(others) and others.max() > alike[best] - _CLEARER:
        raise NoOffset("more than one offset fits: fly one turn that is unlike the others")
    return Offset(round(float(lags[best]), 2), float(alike[best]))


def _even(rates: Sequence[Rate]) -> tuple[NDArray[np.float64], float]:
    """At even steps, and where the first is."""
    times_s, values = (np.array(each) for each in zip(*rates, strict=True))
    steps = np.arange(times_s[0], times_s[-1], _STEP_S)
    return np.interp(steps, times_s, values), float(times_s[0])


def _alike(ours: NDArray[np.float64], theirs: NDArray[np.float64], shift: int) -> float:
    """Correlation where the first of ours is the `shift`-th of theirs; -1 where they share too little."""
    first, last = max(0, shift), min(len(theirs), shift + len(ours))
    if (last - first) * _STEP_S < max(_LEAST_S, 0.5 * min(len(ours), len(theirs)) * _STEP_S):
        return -1.0
    a, b = theirs[first:last], ours[first - shift : last - shift]
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if size > 0 else -1.0
