"""What a patrol is for, and what its footage does not say of itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError

from calibration.errors import ConfigError
from edge.config.broker import BrokerSettings
from edge.config.document import Document
from edge.config.faults import refusal
from edge.config.load import anchored
from edge.config.messages import faults_of
from edge.config.site import TopicName
from edge.config.source import is_relative
from edge.config.syntax import BadFile, decode
from edge.config.telemetry import AccuracyHints, PoseHints, TelemetrySettings
from pipelines.rules.base import Settings, TimeZone


class Waypoint(Settings):
    """A place that the patrol was to look at."""

    name: str = Field(min_length=1, description="what it is called")
    latitude: float = Field(ge=-90, le=90, description="degrees, WGS 84")
    longitude: float = Field(ge=-180, le=180, description="degrees, WGS 84")


class DeliverySettings(Settings):
    """Where the events of a patrol or a round go."""

    site: TopicName = Field(default="patrol", description="part of every topic")
    agent: TopicName = Field(default="ground-station", description="part of every topic, unique within the site")
    broker: BrokerSettings = Field(description="the MQTT broker that receives the events")
    data: Path = Field(default=Path("lookout-data"), description="folder for the outbox and the evidence")


class LiveSettings(DeliverySettings):
    """Where pictures and poses come from while the patrol is under way, and where its events go."""

    url: str = Field(
        min_length=1,
        repr=False,
        description="of the camera, as in a site file; `rtmp://0.0.0.0:1935/live/drone` waits for a drone to send",
    )
    telemetry: TelemetrySettings = Field(description="where its poses come from")


class Mission(PoseHints):
    """A whole mission file; all of it may be left out."""

    name: str = Field(default="patrol", min_length=1, description="for the report")
    lang: Literal["zh", "en"] = Field(default="zh", description="language of the report")
    hazards: tuple[Literal["fire", "smoke"], ...] = Field(
        default=("fire", "smoke"), min_length=1, description="what is looked for"
    )
    model: str | None = Field(
        default=None, description="an installed model; the first that sees the hazards if left out"
    )
    every_s: float = Field(default=1.0, gt=0, le=60, description="time between two looks")
    offset_s: float | None = Field(
        default=None,
        description="added to a frame's time to get that of its telemetry; found from a turn if left out, else 0",
    )
    tz: TimeZone | None = Field(
        default=None,
        description="IANA time zone of the drone's clock, and of the times in the report; as they are told if left out",
    )
    accuracy: AccuracyHints = Field(default=AccuracyHints(), description="how far the telemetry may be off")
    live: LiveSettings | None = Field(default=None, description="of a patrol that is watched while it is under way")
    deliver: DeliverySettings | None = Field(default=None, description="of a robot's round: where its events go")
    waypoints: tuple[Waypoint, ...] = Field(default=(), description="what was to be looked at")

    def local(self, moment: datetime) -> datetime:
        """A moment in the mission's time zone; one of an unknown zone is of the mission's, if that has one."""
        if self.tz is None:
            return moment
        zone = ZoneInfo(self.tz)
        return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def load_mission(path: Path, env: Mapping[str, str] = os.environ) -> Mission:
    """Read and check a mission file; relative paths in it count from its folder.

    Raises:
        ConfigError: it can not be read, or is wrong: all faults at once.
    """
    try:
        document = Document(decode(path.read_bytes()), env)
    except OSError as error:
        raise ConfigError([f"can not be read: {error.strerror}"], str(path)) from error
    except BadFile as error:
        raise refusal([error.fault], str(path)) from error
    try:
        mission, faults = Mission.model_validate(document.value or {}), document.faults
    except ValidationError as error:
        known = {fault.path for fault in document.faults}
        found = [fault for fault in faults_of(error, document, Mission) if fault.path not in known]
        raise refusal(document.faults + found, str(path)) from None
    if faults:
        raise refusal(faults, str(path))
    folder = path.absolute().parent
    whole: Mission = anchored(mission, folder)
    if whole.live is not None and is_relative(whole.live.url):
        live = whole.live.model_copy(update={"url": str(folder / whole.live.url)})
        return whole.model_copy(update={"live": live})
    return whole
