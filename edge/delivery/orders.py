"""What a platform may ask of an agent: the payloads of `cmd/{name}/{id}`, and of the state that answers each."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, model_validator

from edge.delivery.contract import Payload, Utc
from pipelines.hazards import HazardKind

Id = Annotated[str, Field(min_length=1, max_length=100)]
Words = Annotated[str, Field(min_length=1, max_length=1000)]


class Order(Payload):
    """What every command says."""

    status: Literal["init"] = "init"
    """A command is asked for with `init`; how far it is stands on its state topic."""
    time: Utc
    """When it was given: one that is too old is refused, and so is one from the future."""
    by: Words | None = None
    """Who asks."""
    expires: Utc | None = None
    """Not to be obeyed after this; each command has a life of its own beside it."""


class Acknowledge(Order):
    """Somebody takes care of an incident."""

    incident: Id
    """Which."""
    note: Words | None = None
    """In their words."""
    responsible: Words | None = None
    """Who has to rectify it."""
    deadline: Utc | None = None
    """By when."""


class Rectified(Order):
    """The hazard is said to be gone; the agent looks whether it is."""

    incident: Id
    """Which."""
    note: Words | None = None
    """In their words."""


class FalseAlarm(Order):
    """There was no hazard."""

    incident: Id
    """Which."""
    note: Words | None = None
    """In their words."""


class Mute(Order):
    """Hazards of a source or a kind are recorded and alarm nobody, until a time."""

    until: Utc
    """When it ends."""
    source: Id | None = None
    """Which source; all when left out."""
    hazard: HazardKind | None = None
    """Which kind; all when left out."""
    zone: Id | None = None
    """Which zone of the source; all when left out."""


class Snapshot(Order):
    """A picture of a source as it is now, as evidence."""

    source: Id
    """Which."""


class Clip(Order):
    """The last seconds of a source, as evidence."""

    source: Id
    """Which."""
    seconds: Annotated[float, Field(gt=0, le=120)] = 10.0
    """How many, as far as they are kept."""


class Rules(Order):
    """Rules are switched, until a time."""

    until: Utc
    """When they are as in the site file again."""
    to: Literal["off", "observe"]
    """`off`: not judged at all; `observe`: recorded, nobody is alarmed."""
    source: Id | None = None
    """Which source; all when left out."""
    rule: Id | None = None
    """Which rule, by its name in the site file; all when left out."""
    hazard: HazardKind | None = None
    """Rules of which kind; all when left out."""


class Reload(Order):
    """Read the site file again, or fetch another and put it in its place."""

    url: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    """Where another site file is, by https:// or http://; obeyed only where the site asks for signed commands."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Digest of that file, hex."""

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.url is None) != (self.sha256 is None):
            raise ValueError("url and sha256 go together")
        return self


class Resend(Order):
    """Send events again, from the journal."""

    since: Annotated[int, Field(ge=1)]
    """From this number on."""
    until: Annotated[int, Field(ge=1)] | None = None
    """Up to this number; to the newest when left out."""


class UpdateModel(Order):
    """Use another model, if a trusted key signed it, it serves the same rules, and is no worse on stored pictures."""

    name: Id
    """Which model of the site."""
    url: Annotated[str, Field(min_length=1, max_length=2000)]
    """Where the package is, by https:// or http://."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Digest of the package, hex."""
    allow_older: bool = False
    """Also a version below the one in use."""
    allow_slower: bool = False
    """Also one that is markedly slower than the one in use."""
    allow_fewer: bool = False
    """Also one that sees nothing in most of the pictures in which the one in use does."""


class Upload(Order):
    """A picture or clip of an incident is put to an address."""

    incident: Id
    """Which incident; for what was asked for by `snapshot` or `clip`, as its topic says."""
    name: Id
    """Which file of it."""
    url: Annotated[str, Field(min_length=1, max_length=4000)]
    """Where to, by HTTP PUT; a host that the site allows, by https:// alone."""


class SignedOrder(Payload):
    """A command with a signature, where the site asks for one."""

    command: Annotated[str, Field(max_length=100_000)]
    """The command, as JSON text."""
    signature: Annotated[str, Field(max_length=1000)]
    """`ed25519 KEY-ID BASE64` over the UTF-8 bytes of the topic, a line feed, and `command`."""


class OrderState(Payload):
    """How far a command is: the payload of `cmd/{name}/{id}/state`, retained."""

    status: Literal["executing", "successful", "failed", "refused"]
    """`refused`: nothing was tried, `reason` says why; `failed`: it was tried."""
    time: Utc
    """The agent's clock."""
    reason: str | None = None
    """Why not."""
    result: dict[str, JsonValue] | None = None
    """What came of it."""


ORDERS: dict[str, type[Order]] = {
    "acknowledge": Acknowledge,
    "rectified": Rectified,
    "false_alarm": FalseAlarm,
    "mute": Mute,
    "snapshot": Snapshot,
    "clip": Clip,
    "rules": Rules,
    "reload": Reload,
    "resend": Resend,
    "upload": Upload,
    "update_model": UpdateModel,
}
"""Every command by its name."""

_DAY_S = 86_400.0
LIFE_S: dict[str, float] = {
    "acknowledge": 30 * _DAY_S,
    "rectified": 30 * _DAY_S,
    "false_alarm": 30 * _DAY_S,
    "mute": _DAY_S,
    "rules": _DAY_S,
    "update_model": _DAY_S,
    "resend": _DAY_S,
    "snapshot": 600.0,
    "clip": 600.0,
    "reload": 600.0,
    "upload": 3600.0,
}
"""How old a command may be, seconds: what people did while the line was down counts, a picture asked for does not."""

SCHEMAS: tuple[type[Payload], ...] = (*ORDERS.values(), SignedOrder, OrderState)

TOPICS: dict[str, dict[str, Any]] = {
    "lookout/v1/{site}/{agent}/cmd/{name}/{id}": {
        "qos": 1, "retain": True, "from": "platform",
        "payload": {name: f"#/$defs/{order.__name__}" for name, order in ORDERS.items()},
    },
    "lookout/v1/{site}/{agent}/cmd/{name}/{id}/state": {"qos": 1, "retain": True, "payload": "#/$defs/OrderState"},
}  # fmt: skip
"""For the table of topics."""
