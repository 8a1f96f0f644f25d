"""Where a moving camera is, and where it looks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from calibration.lens import Lens


class PoseClock(StrEnum):
    """What the time of a pose counts from."""

    UTC = "utc"  # seconds since the epoch
    LOCAL = "local"  # a wall clock of unknown time zone, read as if it were UTC: the mission states the offset
    MEDIA = "media"  # seconds since the first frame of the recording


class Above(StrEnum):
    """What a height counts from."""

    GROUND = "ground"  # below the camera
    TAKEOFF = "takeoff"  # where it took off: the ground may be higher or lower


@dataclass(frozen=True, slots=True)
class Attitude:
    """Turn of the camera's body (forward, right, down) against north, east, down: yaw, then pitch, then roll.

    Attributes:
        yaw_deg: heading of the optical axis, clockwise from true north, [0, 360).
        pitch_deg: above the horizon; -90 looks straight down.
        roll_deg: clockwise, seen from behind the camera.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0

    def __post_init__(self) -> None:
        if (
            not all(map(math.isfinite, (self.yaw_deg, self.pitch_deg, self.roll_deg)))
            or not -90 <= self.pitch_deg <= 90
        ):
            raise ValueError(f"an attitude is finite and its pitch between -90° and 90°, found {self}")
        object.__setattr__(self, "yaw_deg", self.yaw_deg % 360.0)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """One standard deviation of each part of a pose, each axis for itself.

    Attributes:
        horizontal_m: of north and of east.
        height_m: of the height above ground.
        attitude_deg: of yaw and of pitch.
    """

    horizontal_m: float = 3.0
    height_m: float = 3.0
    attitude_deg: float = 1.0


@dataclass(frozen=True, slots=True)
class Pose:
    """What telemetry says of one moment. A part that is not known is None: it is never made up.

    Attributes:
        time_s: seconds of `clock`.
        clock: what they count from.
        latitude_deg, longitude_deg: WGS 84.
        altitude_m: of the camera, in the telemetry's own datum (above the ellipsoid or the sea); differences only.
        height_m: above the ground below, or above take-off where the ground is not known (`height_above`).
        height_above: what `height_m` counts from.
        attitude: of the camera (not of the aircraft that carries it).
        lens: field of view or intrinsics of that moment.
        accuracy: how far each may be off.
        range_m: distance to what the centre of the picture shows, by the payload's laser; None without a valid one.
        waypoint: of the mission.
    """

    time_s: float
    clock: PoseClock
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    altitude_m: float | None = None
    height_m: float | None = None
    height_above: Above = Above.GROUND
    attitude: Attitude | None = None
    lens: Lens | None = None
    accuracy: Accuracy = Accuracy()
    range_m: float | None = None
    waypoint: str | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.time_s):
            raise ValueError(f"the time of a pose is a number of seconds, found {self.time_s}")
        if (self.latitude_deg is None) != (self.longitude_deg is None):
            raise ValueError("a pose has a latitude and a longitude, or neither")
        for name, value, least, most in (
            ("latitude", self.latitude_deg, -90.0, 90.0),
            ("longitude", self.longitude_deg, -180.0, 180.0),
            ("altitude", self.altitude_m, -1_000.0, 100_000.0),
            ("height", self.height_m, -1_000.0, 100_000.0),
            ("range", self.range_m, 0.0, 100_000.0),
        ):
            if value is not None and not least <= value <= most:
                raise ValueError(f"a {name} lies between {least:g} and {most:g}, found {value}")
