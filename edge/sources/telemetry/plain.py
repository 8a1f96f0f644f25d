"""Plain JSON, for whatever has no format of its own: a line, a message over MQTT or a POST, each one moment."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from calibration.errors import SourceUnusable
from calibration.lens import Lens
from calibration.pose import Accuracy, Attitude, Pose, PoseClock
from edge.sources.telemetry.flight import Flight, Hints
from edge.sources.telemetry.osd import parse_osd

Degrees = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PlainAttitude(_Part):
    """Of the camera: yaw from true north, pitch above the horizon, roll clockwise; degrees."""

    yaw: Degrees
    pitch: Annotated[float, Field(ge=-90, le=90)]
    roll: Degrees = 0.0


class PlainLens(_Part):
    """By its horizontal field of view, degrees, or by focal length and centre, pixels."""

    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    fov: Annotated[float, Field(gt=0, lt=180)] | None = None
    fx: Annotated[float, Field(gt=0)] | None = None
    fy: Annotated[float, Field(gt=0)] | None = None
    cx: float | None = None
    cy: float | None = None


class PlainPose(_Part):
    """One moment. What is left out is not known."""

    time: float
    """Seconds of `clock`."""
    clock: Literal["utc", "media"] = "utc"
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    altitude: float | None = None
    """Above the sea, m."""
    height: float | None = None
    """Above the ground, m."""
    attitude: PlainAttitude | None = None
    lens: PlainLens | None = None
    range: Annotated[float, Field(gt=0)] | None = None
    """Distance to what the centre of the picture shows, m."""
    horizontal_error: Annotated[float, Field(gt=0)] | None = None
    height_error: Annotated[float, Field(gt=0)] | None = None
    attitude_error: Annotated[float, Field(gt=0)] | None = None
    waypoint: str | None = None

    def pose(self) -> Pose:
        """The value.

        Raises:
            ValueError: parts of it do not fit each other.
        """
        usual = Accuracy()
        return Pose(
            time_s=self.time, clock=PoseClock(self.clock), latitude_deg=self.latitude, longitude_deg=self.longitude,
            altitude_m=self.altitude, height_m=self.height, range_m=self.range, waypoint=self.waypoint,
            attitude=Attitude(self.attitude.yaw, self.attitude.pitch, self.attitude.roll) if self.attitude else None,
            lens=_lens(self.lens) if self.lens else None,
            accuracy=Accuracy(
                self.horizontal_error or usual.horizontal_m,
                self.height_error or usual.height_m,
                self.attitude_error or usual.attitude_deg,
            ),
        )  # fmt: skip


def parse_plain(text: str | bytes) -> Pose:
    """The pose in one message.

    Raises:
        ValueError: it is none; the text names the place.
    """
    try:
        return PlainPose.model_validate_json(text).pose()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "payload"
        raise ValueError(f"{where}: {first['msg']}") from None


def read_lines(text: str, hints: Hints) -> Flight:
    """The poses in a file of JSON lines: plain ones, and messages of DJI's cloud as they came over MQTT.

    Raises:
        SourceUnusable: no line is a pose.
    """
    poses: list[Pose] = []
    left_out: Counter[str] = Counter()
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            poses.append(hints.complete(parse_message(line)))
        except ValueError as error:
            left_out[str(error)] += 1
    if not poses:
        reason = next(iter(left_out), "the file is empty")
        raise SourceUnusable(f"no line of it is a pose: {reason}")
    return Flight(tuple(poses), None, left_out)


def parse_message(line: str) -> Pose:
    """A plain pose, or a message of DJI's cloud.

    Raises:
        ValueError: it is neither; the text names the place.
    """
    try:
        content = json.loads(line)
    except ValueError:
        raise ValueError("a line that is no JSON") from None
    return parse_osd(content) if isinstance(content, dict) and "data" in content else parse_plain(line)


def _lens(said: PlainLens) -> Lens:
    if said.fx is not None:
        return Lens(
            said.width, said.height, said.fx, said.fy or said.fx,
            said.width / 2 if said.cx is None else said.cx, said.height / 2 if said.cy is None else said.cy,
        )  # fmt: skip
    if said.fov is None:
        raise ValueError("lens: neither fov nor fx")
    return Lens.from_field_of_view(said.width, said.height, said.fov)
