"""What every rule has in common: its settings, its verb, and the hours it works."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated, ClassVar, Protocol, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipelines.events import Mode
from pipelines.hazards import Hazard, HazardKind
from pipelines.scene import Scene

Severity = Annotated[int, Field(ge=1, le=4)]


def _known_zone(tz: str) -> str:
    try:
        ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"unknown time zone {tz!r}, expected an IANA name such as Asia/Shanghai") from error
    return tz


TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""The IANA name of one."""


class Settings(BaseModel):
    """Something a person may write: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Hours(Settings):
    """When in the day a rule or a source works. `start` after `end` means over midnight."""

    start: time = Field(description="first minute, HH:MM")
    end: time = Field(description="first minute after, HH:MM")
    days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = Field(
        default=(1, 2, 3, 4, 5, 6, 7), description="ISO weekdays on which it starts, 1 = Monday"
    )
    tz: TimeZone = Field(default="Asia/Shanghai", description="IANA time zone")

    def include(self, utc_s: float) -> bool:
        """Is this moment (UTC seconds since the epoch) inside?"""
        local = datetime.fromtimestamp(utc_s, UTC).astimezone(ZoneInfo(self.tz))
        now = local.time()
        if self.start <= self.end:
            return local.isoweekday() in self.days and self.start <= now < self.end
        yesterday = (local.isoweekday() - 2) % 7 + 1
        return (local.isoweekday() in self.days and now >= self.start) or (yesterday in self.days and now < self.end)


class Escalation(Settings):
    """A hazard that lasts becomes more severe."""

    after_s: float = Field(gt=0, description="seconds since the alarm")
    severity: Severity = Field(description="severity from then on")


class RuleSettings(Settings):
    """The part of a rule's settings that is the same for all rules."""

    kind: ClassVar[HazardKind]
    zoned: ClassVar[bool] = False

    name: str = Field(
        default="", max_length=64, description="unique within the source; made from rule and zone if empty"
    )
    model: str | None = Field(default=None, description="the model that serves it, where several can")
    zone: str | None = Field(default=None, description="the zone it watches; the whole view where the rule allows that")
    severity: Severity = Field(default=2, description="1 notice, 2 warning, 3 severe, 4 life in danger")
    escalate: tuple[Escalation, ...] = Field(default=(), description="rising severity while it lasts")
    mode: Mode = Field(default=Mode.ALARM, description="observe: recorded and reported as observed, never alarmed")
    hours: Hours | None = Field(default=None, description="when it works; always if left out")
    clear_after_s: float = Field(default=10.0, ge=0, description="how long it must be gone before it is cleared")

    @property
    def needs(self) -> frozenset[str]:
        """What a model must see to serve the rule, as on its card; any one is enough, none means any model."""
        return frozenset()

    @property
    def title(self) -> str:
        """The name given, or `rule` or `rule:zone`."""
        return self.name or (f"{self.kind}:{self.zone}" if self.zone else str(self.kind))

    @property
    def confirm_s(self) -> float:
        """How long it may take, at most, to confirm a hazard that is in view from the first look on."""
        return 0.0

    @property
    def unseen_s(self) -> float:
        """How long the view may go without a picture while no model sees what the rule is about; 0: no time at all."""
        return 4.0

    @model_validator(mode="after")
    def _has_zone(self) -> Self:
        if self.zoned and self.zone is None:
            raise ValueError(f"rule {self.kind} needs a zone: name one of the source's zones")
        return self


class Rule(Protocol):
    """A rule turns what was seen into hazards, one view at a time."""

    def judge(self, scene: Scene) -> tuple[Hazard, ...]:
        """The hazards that hold now and have been confirmed."""
        ...

    @property
    def pending(self) -> bool:
        """It has seen signs that it wants to confirm or follow soon: look again before long."""
        ...

    def reset(self) -> None:
        """Forget everything."""
        ...
