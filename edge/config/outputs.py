"""What a site file may say about local outputs: who else hears of a severe hazard, platform or not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from pipelines.hazards import HazardKind
from pipelines.rules.base import Settings

OutputName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class Output(Settings):
    """What every output has in common."""

    name: OutputName = Field(description="what it is called in the status, the log and on the command line")
    severity: int = Field(default=3, ge=1, le=4, description="hazards below this severity do not drive it")
    hazards: tuple[HazardKind, ...] | None = Field(default=None, description="only these kinds; all if left out")
    sources: tuple[str, ...] | None = Field(default=None, description="only these sources; all if left out")
    drills: bool = Field(default=False, description="drills drive it too")
    timeout_s: float = Field(default=5.0, ge=0.2, le=60, description="how long one attempt may take")
    patience_s: float = Field(default=60.0, ge=0, le=3600, description="how long a failed attempt is tried again")


class Webhook(Output):
    """An HTTP POST of a small JSON object."""

    kind: Literal["webhook"] = "webhook"
    url: str = Field(pattern=r"^https?://", description="where it is posted to")
    secret: SecretStr | None = Field(
        default=None, description="signs the body: header X-Lookout-Signature, sha256= and the HMAC in hex"
    )


class MqttOutput(Output):
    """A message on a topic of another broker, or of the same."""

    kind: Literal["mqtt"] = "mqtt"
    host: str = Field(min_length=1, description="name or address of the broker")
    port: int = Field(default=1883, ge=1, le=65535, description="TCP port")
    topic: str = Field(pattern=r"^[^#+\x00]+$", description="where it is published, QoS 1")
    retain: bool = Field(default=False, description="the broker keeps the last one")
    username: str | None = Field(default=None, min_length=1, description="user name")
    password: SecretStr | None = Field(default=None, description="password")


class ModbusCoil(Output):
    """A relay that is on while a hazard lasts: a siren, a strobe. Needs the extra `outputs`."""

    kind: Literal["modbus"] = "modbus"
    host: str = Field(min_length=1, description="name or address of the Modbus TCP device")
    port: int = Field(default=502, ge=1, le=65535, description="TCP port")
    unit: int = Field(default=1, ge=0, le=247, description="device id")
    coil: int = Field(ge=0, le=65535, description="address of the coil, from 0")
    longest_s: float = Field(default=300.0, gt=0, le=86400, description="off again after so long, whatever lasts")
    keep_on_stop: bool = Field(default=False, description="stays on when the agent is stopped while a hazard lasts")


class CommandOutput(Output):
    """A program, such as one that speaks. No shell is between."""

    kind: Literal["command"] = "command"
    run: tuple[str, ...] = Field(
        min_length=1, description="program and arguments; {message}, {hazard}, {source}, {severity} are filled in"
    )
    folder: Path | None = Field(default=None, description="where it runs")


AnyOutput = Annotated[Webhook | MqttOutput | ModbusCoil | CommandOutput, Field(discriminator="kind")]
