"""What a site file says about one source: where its pictures come from, its zones and its rules."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from calibration.polygon import Polygon
from calibration.zones import Zone
from edge.address import without_secrets
from edge.config.drill import DrillSettings
from edge.config.telemetry import TelemetrySettings
from edge.delivery.place import Place
from pipelines.events import Mode
from pipelines.hazards import HazardKind
from pipelines.rules import AnyRuleSettings
from pipelines.rules.base import Hours, Settings


def _name(text: str) -> str:
    if not text.isprintable() or "/" in text or text != text.strip():
        raise ValueError(f"found {text!r}, allowed: letters, digits, signs and spaces inside, without /")
    return text


Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_name)]
"""A name for people: Chinese is welcome."""

_MOVING = (HazardKind.FIRE, HazardKind.SMOKE)

Share = Annotated[float, Field(allow_inf_nan=False)]


def is_relative(url: str) -> bool:
    """Is it a path that counts from the site file's folder?"""
    return "://" not in url and not url.startswith("/")


class ZoneSettings(Settings):
    """A named place in the picture."""

    name: Name = Field(description="unique within the source; rules refer to it")
    polygon: tuple[tuple[Share, Share], ...] = Field(
        description="corners [x, y] in order, 0–1 of the picture's width and height, at least three"
    )

    @field_validator("polygon")
    @classmethod
    def _simple(cls, points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        outside = [p for p in points if not (0 <= p[0] <= 1 and 0 <= p[1] <= 1)]
        if outside:
            pixels = all(v >= 0 for p in points for v in p) and max(max(p) for p in outside) > 2
            hint = "; pixels, perhaps: divide x by the picture's width and y by its height" if pixels else ""
            shown = ", ".join(f"[{x:g}, {y:g}]" for x, y in outside[:4])
            raise ValueError(f"points are shares of the picture from 0 to 1, found {shown}{hint}")
        crossing = _crossing(points)
        if crossing:
            one, other = crossing
            raise ValueError(
                f"its edges cross, found edge {one + 1} (from [{points[one][0]:g}, {points[one][1]:g}]) and edge "
                f"{other + 1} (from [{points[other][0]:g}, {points[other][1]:g}]): give the corners in order around it"
            )
        Polygon.of(points)
        return points

    def zone(self) -> Zone:
        """The value that the rules work with."""
        return Zone(self.name, Polygon.of(self.polygon))


class SourceSettings(Settings):
    """A camera, a recording or a folder of pictures."""

    name: Name = Field(description="unique within the site; stands in every event")
    url: str = Field(
        min_length=1,
        repr=False,
        description="`rtsp://user:${PASSWORD}@host/path`, `/dev/video0`, a video file or a folder of pictures",
    )
    sub_url: str | None = Field(
        default=None,
        min_length=1,
        repr=False,
        description="the same view in a small picture: while nothing stirs it watches for changes, and the main "
        "stream is hardly decoded; evidence and inspections are of the main stream",
    )
    pace: Literal["live", "fast"] = Field(
        default="live", description="files and folders: at their own speed, or as fast as the machine can"
    )
    loop: bool = Field(default=False, description="files and folders: begin again at the end")
    fps: float = Field(default=1.0, gt=0, le=60, description="a folder of pictures: pictures a second")
    transport: Literal["tcp", "udp"] = Field(default="tcp", description="RTSP: tcp loses nothing on a bad network")
    max_gap_s: float = Field(
        default=10.0, gt=0, le=3600, description="the whole view is inspected at least this often, whatever happens"
    )
    analysis_fps: float = Field(default=5.0, gt=0, le=60, description="frames a second that the prefilter looks at")
    interval_s: float = Field(default=0.4, ge=0, le=60, description="shortest time between two inspections")
    decode: Literal["auto", "all"] = Field(
        default="auto", description="auto: while nothing stirs keyframes only, where the rules' timing allows it"
    )
    mode: Mode = Field(default=Mode.ALARM, description="observe: recorded and reported as observed, never alarmed")
    hours: Hours | None = Field(default=None, description="when it works; always if left out")
    telemetry: TelemetrySettings | None = Field(
        default=None,
        description="of a camera that moves: where its poses come from; hazards then have a position on the ground",
    )
    place: Place = Field(default=Place(), description="where it stands; copied into its events")
    drill: DrillSettings | None = Field(default=None, description="test fire, smoke or obstacles drawn onto its frames")
    zones: tuple[ZoneSettings, ...] = Field(default=(), description="named places that rules refer to")
    rules: tuple[AnyRuleSettings, ...] = Field(min_length=1, description="what to look for")

    @model_validator(mode="after")
    def _moves(self) -> Self:
        """A zone of the picture is no place in the world, and what stands still in it does not stand still."""
        if self.telemetry is None:
            return self
        if self.zones or self.sub_url is not None:
            raise ValueError("telemetry: a camera that moves has neither zones nor a sub_url")
        others = sorted({str(rule.kind) for rule in self.rules} - set(_MOVING))
        if others:
            raise ValueError(f"telemetry: a camera that moves is watched for {' and '.join(_MOVING)}, "
                             f"found {', '.join(others)}")  # fmt: skip
        return self

    @property
    def address(self) -> str:
        """The url for people and logs, without user and password."""
        return without_secrets(self.url)

    def zone_map(self) -> Mapping[str, Zone]:
        """The zones by name."""
        return {zone.name: zone.zone() for zone in self.zones}


def _crossing(points: tuple[tuple[float, float], ...]) -> tuple[int, int] | None:
    """Two edges of the closed line that cross or touch where they must not, by their first corners."""
    count = len(points)
    for i, j in combinations(range(count), 2):
        neighbours = j - i == 1 or (i == 0 and j == count - 1)
        if not neighbours and _meet(points[i], points[(i + 1) % count], points[j], points[(j + 1) % count]):
            return i, j
    return None


def _meet(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]) -> bool:
    def side(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
