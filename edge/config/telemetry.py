"""How a camera that moves knows where it is, and what its telemetry does not say."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from calibration.lens import Lens
from calibration.pose import Accuracy
from edge.config.broker import PLAIN_PORT, TLS_PORT, TlsSettings
from edge.sources.telemetry.flight import Hints
from pipelines.rules.base import Settings

SCHEMES = ("mqtt", "mqtts", "udp", "serial", "http")


class LensSettings(Settings):
    """A lens as `lookout calibrate camera` has measured it."""

    width: int = Field(ge=16, le=20_000, description="of the pictures it was measured on, pixels")
    height: int = Field(ge=16, le=20_000, description="of the pictures it was measured on, pixels")
    fx: float = Field(gt=0, description="focal length across, pixels")
    fy: float = Field(gt=0, description="focal length down, pixels")
    cx: float = Field(description="principal point from the left, pixels")
    cy: float = Field(description="principal point from the top, pixels")
    distortion: tuple[float, ...] = Field(default=(), description="k1, k2, p1, p2, k3 of OpenCV; none if left out")

    @model_validator(mode="after")
    def _a_lens(self) -> Self:
        self.lens()
        return self

    def lens(self) -> Lens:
        """The value."""
        return Lens(self.width, self.height, self.fx, self.fy, self.cx, self.cy, self.distortion)


class CameraHints(Settings):
    """What the telemetry does not say of the camera."""

    fov_deg: float | None = Field(default=None, gt=0, lt=180, description="horizontal field of view")
    lens: LensSettings | None = Field(
        default=None, description="as `lookout calibrate camera` prints it, instead of a field of view"
    )
    pitch_deg: float | None = Field(default=None, ge=-90, le=90, description="above the horizon; -90 is straight down")
    yaw_deg: float | None = Field(default=None, description="heading, clockwise from true north")

    @model_validator(mode="after")
    def _one_lens(self) -> Self:
        if self.fov_deg is not None and self.lens is not None:
            raise ValueError("fov_deg and lens: the lens says it all, leave fov_deg out")
        return self

    def seen_at(self, width: int, height: int) -> Lens | None:
        """Its lens for pictures of this size."""
        if self.lens is not None:
            return self.lens.lens().sized(width, height)
        return Lens.from_field_of_view(width, height, self.fov_deg) if self.fov_deg is not None else None


class AccuracyHints(Settings):
    """How far the telemetry may be off: one standard deviation of each."""

    horizontal_m: float = Field(default=3.0, gt=0, description="of the position, north and east each")
    height_m: float = Field(default=8.0, gt=0, description="of the height above the ground")
    attitude_deg: float = Field(default=1.5, gt=0, description="of each angle of the camera")


class TerrainSettings(Settings):
    """The ground as a grid of heights, where it is not flat."""

    file: Path = Field(description="an ESRI grid (`.asc`, in degrees) or a tile of SRTM (`.hgt`)")
    error_m: float = Field(default=3.0, gt=0, description="one standard deviation of a height")
    takeoff: tuple[float, float] | None = Field(
        default=None,
        description="latitude and longitude at which heights above take-off begin; those of the first pose if left out",
    )


class PoseHints(Settings):
    """What telemetry does not say."""

    camera: CameraHints = Field(default=CameraHints(), description="what the telemetry does not say of it")
    height_m: float | None = Field(default=None, gt=0, description="above the ground, where the telemetry says none")
    accuracy: AccuracyHints | None = Field(
        default=None, description="how far the telemetry may be off; what is usual for its kind if left out"
    )
    terrain: TerrainSettings | None = Field(default=None, description="the ground; flat if left out")

    def hints(self, width: int, height: int) -> Hints:
        """For pictures of this size."""
        said, size = self.accuracy, (width, height)
        errors = Accuracy(said.horizontal_m, said.height_m, said.attitude_deg) if said is not None else None
        lens = self.camera.seen_at(*size)
        return Hints(size, lens, self.camera.pitch_deg, self.camera.yaw_deg, self.height_m, errors)


class TelemetrySettings(PoseHints):
    """Where the poses of a moving camera come from while it moves."""

    url: str = Field(
        min_length=1,
        repr=False,
        description="`mqtt://user:${PASSWORD}@host/topic`, `mqtts://…`, `udp://0.0.0.0:14550` or "
        "`serial:///dev/ttyACM0?baud=57600` (MAVLink), `http://0.0.0.0:8090/` (poses are posted there)",
    )
    tls: TlsSettings | None = Field(default=None, description="of `mqtts://`; the system's authorities if left out")
    token: SecretStr | None = Field(default=None, description="of `http://`: who posts has to send it as a bearer")
    offset_s: float | None = Field(
        default=None, ge=-30, le=30, description="added to a picture's time to get that of its pose: less than 0 for a "
        "picture that comes late; found from a turn if left out, 0 before"
    )  # fmt: skip

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        parts = _split(url)
        if parts.scheme not in SCHEMES:
            raise ValueError(f"{parts.scheme or 'a path'} is no way for telemetry to come, allowed: "
                             f"{', '.join(f'{scheme}://' for scheme in SCHEMES)}")  # fmt: skip
        if parts.scheme == "serial" and not parts.path.strip("/"):
            raise ValueError("serial:// without a device, expected such as serial:///dev/ttyACM0?baud=57600")
        if parts.scheme != "serial" and not parts.hostname:
            raise ValueError(f"{parts.scheme}:// without a host")
        if parts.scheme in ("udp", "http") and parts.port is None:
            raise ValueError(f"{parts.scheme}:// without a port")
        if parts.scheme in ("mqtt", "mqtts") and not parts.path.strip("/"):
            raise ValueError(f"{parts.scheme}:// without a topic, expected such as {parts.scheme}://host/drone/pose")
        return url

    @property
    def parts(self) -> SplitResult:
        """Of the address."""
        return _split(self.url)

    @property
    def port(self) -> int:
        """The one that is written, or the usual one."""
        return self.parts.port or (TLS_PORT if self.parts.scheme == "mqtts" else PLAIN_PORT)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"is no address: {error}") from None
    return parts
