"""Where the camera was at the time of a frame: between two poses, or nowhere that could be told."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2

from calibration.ground import between, moved, rotation
from calibration.pose import Attitude, Pose, PoseClock
from calibration.turns import attitude_of

FASTEST_M_S = 60.0
"""A drone that has gone faster than that between two poses has not: one of them is wrong."""

LONGEST_GAP_S = 3.0
"""Between poses further apart than that nobody knows where it was; DJI's cloud sends one every two seconds."""


@dataclass(frozen=True, slots=True)
class Fix:
    """What is known for a moment.

    Attributes:
        pose: None where nothing can be told.
        age_s: time to the nearest pose that was measured.
        reason: why there is no pose; None where there is one.
        settled: a pose that is yet to come can not make it better.
    """

    pose: Pose | None
    age_s: float
    reason: str | None = None
    settled: bool = True


class Track:
    """The poses of one flight, in the order of their time.

    What goes back in time, comes twice, or jumps is left out, and counted.

    Args:
        poses: of one clock.
        offset_s: added to the time of a frame to get that of its pose.
        longest_gap_s: between two poses that are believed together.

    Attributes:
        left_out: how many were not believed.
    """

    def __init__(self, poses: Iterable[Pose], *, offset_s: float = 0.0, longest_gap_s: float = LONGEST_GAP_S) -> None:
        self._offset_s = offset_s
        self._longest_gap_s = longest_gap_s
        self._poses, self.left_out = _believable(poses)
        self._times_s = [pose.time_s for pose in self._poses]

    def __len__(self) -> int:
        return len(self._poses)

    @property
    def clock(self) -> PoseClock:
        """What its times count from."""
        return self._poses[0].clock if self._poses else PoseClock.MEDIA

    @property
    def poses(self) -> tuple[Pose, ...]:
        """Those that are believed."""
        return tuple(self._poses)

    def at(self, time_s: float) -> Fix:
        """Where the camera was at the time of a frame.

        Position and height between two poses go straight, the attitude turns at an even rate about one axis (slerp:
        yaw and pitch alone have no meaning straight down); each part only where both poses have it. The accuracy
        grows by what a camera may have done between them.
        """
        asked_s = time_s + self._offset_s
        after = bisect_right(self._times_s, asked_s)
        near = [self._poses[i] for i in (after - 1, after) if 0 <= i < len(self._poses)]
        if not near:
            return Fix(None, math.inf, "there is no telemetry", settled=False)
        age_s = min(abs(pose.time_s - asked_s) for pose in near)
        if age_s == 0:
            return Fix(next(pose for pose in near if pose.time_s == asked_s), 0.0)
        if len(near) == 1:
            if age_s > self._longest_gap_s / 2:
                where = "before the first" if after == 0 else "after the last"
                return Fix(None, age_s, f"{age_s:.1f} s {where} pose", settled=after == 0)
            return Fix(_older(near[0], age_s), age_s, settled=after == 0)
        before, later = near
        gap_s = later.time_s - before.time_s
        if gap_s > self._longest_gap_s:
            return Fix(None, age_s, f"in a gap of {gap_s:.1f} s between two poses")
        return Fix(_between(before, later, (asked_s - before.time_s) / gap_s), age_s)


def _believable(poses: Iterable[Pose]) -> tuple[list[Pose], int]:
    kept: list[Pose] = []
    left_out = 0
    for pose in poses:
        if kept and (pose.time_s <= kept[-1].time_s or _jumps(kept[-1], pose)):
            left_out += 1
            # One wrong pose must not keep all that follow from being believed: the second that says so is right.
            if pose.time_s > kept[-1].time_s and _suspected(kept, pose):
                kept.append(pose)
            continue
        kept.append(pose)
    return kept, left_out


def _suspected(kept: list[Pose], pose: Pose) -> bool:
    """So long after the last one that was believed, a jump is a new beginning."""
    return pose.time_s - kept[-1].time_s > 2 * LONGEST_GAP_S


def _jumps(before: Pose, after: Pose) -> bool:
    first, second = _place(before), _place(after)
    if first is None or second is None:
        return False
    reach_m = FASTEST_M_S * (after.time_s - before.time_s) + 3 * (
        before.accuracy.horizontal_m + after.accuracy.horizontal_m
    )
    return math.hypot(*between(first, second)) > reach_m


def _place(pose: Pose) -> tuple[float, float] | None:
    if pose.latitude_deg is None or pose.longitude_deg is None:
        return None
    return pose.latitude_deg, pose.longitude_deg


def _between(before: Pose, after: Pose, share: float) -> Pose:
    nearer = before if share <= 0.5 else after
    first, second = _place(before), _place(after)
    place: tuple[float, float] | None = None
    if first is not None and second is not None:
        north, east = between(first, second)
        place = moved(*first, north * share, east * share)
    accuracy = replace(
        nearer.accuracy,
        attitude_deg=nearer.accuracy.attitude_deg + _turn_error(before.attitude, after.attitude, share),
    )
    return replace(
        nearer,
        time_s=before.time_s + share * (after.time_s - before.time_s),
        latitude_deg=place[0] if place is not None else None,
        longitude_deg=place[1] if place is not None else None,
        altitude_m=_mean(before.altitude_m, after.altitude_m, share),
        height_m=_mean(before.height_m, after.height_m, share),
        attitude=_turned(before.attitude, after.attitude, share),
        range_m=None,
        accuracy=accuracy,
    )


def _older(pose: Pose, age_s: float) -> Pose:
    """The only pose near: believed less, the longer ago it was."""
    accuracy = pose.accuracy
    return replace(
        pose,
        range_m=None,
        accuracy=replace(
            accuracy,
            horizontal_m=accuracy.horizontal_m + 10.0 * age_s,
            attitude_deg=accuracy.attitude_deg + 10.0 * age_s,
        ),
    )


def _mean(before: float | None, after: float | None, share: float) -> float | None:
    return None if before is None or after is None else before + share * (after - before)


def _turn_error(before: Attitude | None, after: Attitude | None, share: float) -> float:
    """A turn that was not even: at most a quarter of it in the middle, degrees."""
    if before is None or after is None:
        return 0.0
    return _angle(before, after) * share * (1 - share)


def _angle(before: Attitude, after: Attitude) -> float:
    trace = float((rotation(before).T @ rotation(after)).trace())
    return math.degrees(math.acos(min(1.0, max(-1.0, (trace - 1) / 2))))


def _turned(before: Attitude | None, after: Attitude | None, share: float) -> Attitude | None:

    if before is None or after is None:
        return None
    first, second = rotation(before), rotation(after)
    whole, _ = cv2.Rodrigues(first.T @ second)
    part, _ = cv2.Rodrigues(whole * share)
    turned = first @ part
    return attitude_of(turned)
