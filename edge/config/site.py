"""What one site file says: the site, its agent, its broker, its models and its sources."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, field_validator, model_validator

from edge.config.broker import BrokerSettings
from edge.config.outputs import AnyOutput
from edge.config.source import SourceSettings
from edge.config.upload import UploadSettings
from pipelines.hazards import HazardKind
from pipelines.rules.base import Settings

TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""A level of an MQTT topic: letters, digits, - and _, nothing that a broker or a URL would read otherwise."""

Confidence = Annotated[float, Field(gt=0, lt=1)]


Threads = Annotated[int, Field(ge=1, le=64)]

Provider = Literal["auto", "cpu", "openvino", "cuda", "tensorrt", "coreml"]


class SiteIdentity(Settings):
    """Which site this is."""

    name: TopicName = Field(description="part of every topic: letters, digits, - and _")
    title: str = Field(default="", max_length=200, description="its name for people, in any language")


class EvidenceSettings(Settings):
    """Pictures and clips kept as proof."""

    budget_mb: int = Field(default=2000, ge=10, description="most disk space; the oldest resolved goes first")
    before_s: float = Field(default=5.0, ge=0, le=60, description="seconds of the clip before the alarm")
    after_s: float = Field(default=5.0, ge=0, le=60, description="seconds of the clip after the alarm")
    jpeg_quality: int = Field(default=90, ge=30, le=100, description="quality of the pictures")
    privacy: Literal["none", "blur_people_outside_hazard"] = Field(
        default="none",
        description="`blur_people_outside_hazard`: people in pictures and clips are made unrecognisable, but for those "
        "whom the hazard is about; needs a model that sees people",
    )


class HarvestSettings(Settings):
    """Pictures kept for training."""

    budget_mb: int = Field(default=500, ge=0, description="most disk space; what is worth least goes first; 0: off")
    every_s: float = Field(default=60.0, ge=0, description="shortest time between two pictures of a kind and source")
    jpeg_quality: int = Field(default=90, ge=30, le=100, description="quality of the pictures")


class InferenceSettings(Settings):
    """How the models are run."""

    threads: Threads | Literal["auto"] = Field(
        default="auto", description="processor cores for one model; auto: what a self-test at the first start finds"
    )
    providers: tuple[Provider, ...] = Field(
        default=("auto",), min_length=1, description="execution providers by preference; auto: the best installed"
    )

    @field_validator("threads", mode="wrap")
    @classmethod
    def _said_once(cls, value: object, check: ValidatorFunctionWrapHandler) -> object:
        """A number or a word: pydantic would tell what is wrong with it as either."""
        try:
            return check(value)
        except ValidationError:
            raise ValueError("allowed: auto, or a whole number, 1 to 64") from None


CommandName = Literal[
    "acknowledge",
    "rectified",
    "false_alarm",
    "mute",
    "snapshot",
    "clip",
    "rules",
    "reload",
    "resend",
    "update_model",
    "upload",
]  # fmt: skip


class CommandSettings(Settings):
    """What the platform may ask of this agent."""

    accept: tuple[CommandName, ...] = Field(
        default=("acknowledge", "rectified", "false_alarm", "mute", "snapshot", "clip", "rules", "resend"),
        description="the commands that are obeyed; all others are refused",
    )
    require_signed: bool = Field(default=False, description="obey only commands that a trusted key has signed")
    trusted_keys: tuple[Path, ...] = Field(default=(), description="public keys (PEM) of who may command")

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.require_signed and not self.trusted_keys:
            raise ValueError("require_signed without trusted_keys: nobody could command")
        return self


class AgentSettings(Settings):
    """The program on this machine."""

    name: TopicName = Field(default="agent", description="part of every topic, unique within the site")
    data: Path = Field(default=Path("lookout-data"), description="folder for the outbox and the evidence")
    lang: Literal["zh", "en"] = Field(default="zh", description="language of titles, reports and pictures")
    evidence: EvidenceSettings = Field(default=EvidenceSettings(), description="pictures and clips")
    harvest: HarvestSettings = Field(default=HarvestSettings(), description="pictures kept for training")
    inference: InferenceSettings = Field(default=InferenceSettings(), description="how the models are run")
    metrics: str | None = Field(
        default=None,
        pattern=r"^[^:/\s]+:\d{1,5}$",
        description="HOST:PORT on which /metrics (Prometheus) and /healthz are answered; nowhere if left out",
    )
    status_every_s: float = Field(default=30.0, ge=1, le=3600, description="how often the status is published")


class ModelUse(Settings):
    """A model that this site uses."""

    name: str | None = Field(default=None, min_length=1, description="folder name among the installed models")
    path: Path | None = Field(default=None, description="a model folder elsewhere, instead of a name")
    rules: tuple[HazardKind, ...] | None = Field(
        default=None, description="the rules it serves; every rule that it can if left out"
    )
    thresholds: dict[str, Confidence] = Field(
        default={}, description="confidence from which a class counts here, by class name, instead of the card's"
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.name is None) == (self.path is None):
            raise ValueError("a model is given by `name` or by `path`, by one of them")
        return self

    @property
    def title(self) -> str:
        """What rules call it: its name, or the last part of its path."""
        return self.name if self.name is not None else Path(str(self.path)).name

    @property
    def where(self) -> str | Path:
        """What a model store is asked for."""
        return self.path if self.path is not None else str(self.name)


class Site(Settings):
    """A whole site file."""

    site: SiteIdentity = Field(description="which site this is")
    agent: AgentSettings = Field(default=AgentSettings(), description="the program on this machine")
    broker: BrokerSettings = Field(description="the MQTT broker that receives the events")
    models: tuple[ModelUse, ...] = Field(min_length=1, description="the models it uses")
    handling: Literal["none", "required"] = Field(
        default="none",
        description="required: an incident stays open until the platform has dealt with it, none: until it clears",
    )
    commands: CommandSettings = Field(default=CommandSettings(), description="what the platform may ask for")
    upload: UploadSettings | None = Field(
        default=None, description="pictures and clips by HTTP PUT; over MQTT where it is left out"
    )
    require_signed: bool = Field(default=False, description="refuse a model that no trusted key has signed")
    trusted_keys: tuple[Path, ...] = Field(
        default=(), description="public keys (PEM) trusted besides the one that came with the program"
    )
    outputs: tuple[AnyOutput, ...] = Field(default=(), description="who else hears of severe hazards: sirens, webhooks")
    sources: tuple[SourceSettings, ...] = Field(min_length=1, description="cameras and recordings")
