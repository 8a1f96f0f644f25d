"""MAVLink: what an autopilot, its gimbal and its camera say, live or from a `.tlog`. Needs the extra `drones`."""

from __future__ import annotations

import math
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.errors import SourceUnusable
from calibration.lens import Lens
from calibration.pose import Above, Accuracy, Attitude, Pose, PoseClock
from calibration.turns import from_quaternion
from edge.sources.telemetry.flight import Flight, Hints

_STALE_S = 1.0  # of a gimbal that has not spoken for so long nobody knows where it looks
_YAW_LOCK, _VEHICLE_FRAME, _EARTH_FRAME = 16, 32, 64  # GIMBAL_DEVICE_FLAGS
_ABOVE_HOME = Accuracy(height_m=8.0)
_NO_HEADING = 65_535


@dataclass(slots=True)
class _Latest:
    """Something, and when it was said."""

    value: Any = None
    time_s: float = float("-inf")


class Autopilot:
    """Puts messages together into poses: one at each `GLOBAL_POSITION_INT`.

    Args:
        size: of the pictures, for the lens; may be set when it becomes known.
    """

    def __init__(self, size: tuple[int, int] | None) -> None:
        self.size = size
        self._heading_deg = _Latest()
        self._gimbal = _Latest()
        self._lens: Lens | None = None

    def hear(self, kind: str, said: Any, time_s: float) -> Pose | None:
        """Take a message.

        Args:
            kind: its type, such as `ATTITUDE`.
            said: has its fields as attributes.
            time_s: when it was heard, UTC seconds.

        Raises:
            ValueError: it says something absurd.
        """
        match kind:
            case "ATTITUDE":
                self._heading_deg = _Latest(math.degrees(said.yaw), time_s)
            case "GIMBAL_DEVICE_ATTITUDE_STATUS":
                self._gimbal = _Latest(self._of_gimbal(said, time_s), time_s)
            case "MOUNT_ORIENTATION" if math.isfinite(said.yaw_absolute):
                self._gimbal = _Latest(Attitude(said.yaw_absolute, _level(said.pitch), said.roll), time_s)
            case "CAMERA_FOV_STATUS" if self.size is not None and 0 < said.hfov < 180:
                self._lens = Lens.from_field_of_view(*self.size, said.hfov)
            case "GLOBAL_POSITION_INT":
                return self._pose(said, time_s)
        return None

    def _of_gimbal(self, said: Any, time_s: float) -> Attitude | None:
        """Roll and pitch are against the horizon; the yaw is against north or against the vehicle, as the flags say."""
        found = from_quaternion(*said.q)
        if said.flags & _EARTH_FRAME or (said.flags & _YAW_LOCK and not said.flags & _VEHICLE_FRAME):
            return found
        if time_s - self._heading_deg.time_s > _STALE_S:
            return None
        return Attitude(found.yaw_deg + self._heading_deg.value, found.pitch_deg, found.roll_deg)

    def _pose(self, said: Any, time_s: float) -> Pose:
        if said.hdg != _NO_HEADING and time_s - self._heading_deg.time_s > _STALE_S:
            self._heading_deg = _Latest(said.hdg / 100, time_s)
        fix = (said.lat, said.lon) != (0, 0)
        return Pose(
            time_s=time_s, clock=PoseClock.UTC,
            latitude_deg=said.lat / 1e7 if fix else None, longitude_deg=said.lon / 1e7 if fix else None,
            altitude_m=said.alt / 1000, height_m=said.relative_alt / 1000, height_above=Above.TAKEOFF,
            attitude=self._gimbal.value if time_s - self._gimbal.time_s <= _STALE_S else None,
            lens=self._lens, accuracy=_ABOVE_HOME,
        )  # fmt: skip


def mavutil_of() -> Any:
    """The library's module for links.

    Raises:
        SourceUnusable: it is not installed.
    """
    os.environ["MAVLINK20"] = "1"  # read by pymavlink when it is imported: gimbals speak version 2 alone
    try:
        from pymavlink import mavutil
    except ImportError as error:
        raise SourceUnusable("telemetry over MAVLink needs pymavlink: pip install 'lookout-agent[drones]'") from error
    return mavutil


def read_tlog(path: Path, hints: Hints) -> Flight:
    """The poses in a telemetry log of a ground station.

    Raises:
        SourceUnusable: it can not be read, or holds no position; pymavlink is missing.
    """
    mavutil = mavutil_of()
    autopilot, poses, left_out = Autopilot(hints.size), list[Pose](), Counter[str]()
    try:
        log = mavutil.mavlogfile(str(path))
    except OSError as error:
        raise SourceUnusable(f"can not be read: {error.strerror}") from error
    while (said := log.recv_match()) is not None:
        try:
            pose = autopilot.hear(said.get_type(), said, said._timestamp)
        except ValueError as error:
            left_out[str(error)] += 1
            continue
        if pose is not None:
            poses.append(hints.complete(pose))
    log.close()
    if not any(pose.latitude_deg is not None for pose in poses):
        raise SourceUnusable("no position in it")
    return Flight(tuple(poses), None, left_out)


def _level(pitch: float) -> float:
    return max(-90.0, pitch) if pitch > -90.5 else pitch
