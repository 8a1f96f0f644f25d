"""How to reach the platform's MQTT broker."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

PLAIN_PORT = 1883
TLS_PORT = 8883


class TlsSettings(BaseModel):
    """TLS towards the broker. The broker's certificate is always verified unless `verify` says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    ca: Path | None = None
    """PEM file of the authorities to trust; the system's own when left out."""
    cert: Path | None = None
    """PEM file of the agent's own certificate, where the broker asks for one."""
    key: Path | None = None
    """PEM file of its private key."""
    verify: bool = True
    """`false` accepts any certificate: for a laboratory, never for a site."""

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if self.cert is None and self.key is not None:
            raise ValueError("key without cert: a client certificate needs both")
        return self


class Fallback(BaseModel):
    """Another broker, where the first can not be reached; what is left out is as with the first."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    host: str = Field(min_length=1)
    """Name or address."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """TCP port; 1883, or 8883 with TLS, when left out."""
    tls: TlsSettings | None = None
    """TLS; as with the first broker when left out."""
    username: str | None = Field(default=None, min_length=1)
    """User name; as with the first broker when left out."""
    password: SecretStr | None = None
    """Password; as with the first broker when left out."""


class BrokerSettings(BaseModel):
    """The MQTT broker that receives the events."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    host: str = Field(default="127.0.0.1", min_length=1)
    """Name or address."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """TCP port; 1883, or 8883 with TLS, when left out."""
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    """Version of MQTT. `auto` speaks 5, and 3.1.1 to a broker that refuses 5 as an unsupported version."""
    tls: TlsSettings | None = None
    """TLS; plain TCP when left out. `tls: {}` trusts the system's authorities."""
    username: str | None = Field(default=None, min_length=1)
    """User name."""
    password: SecretStr | None = None
    """Password; write `${LOOKOUT_MQTT_PASSWORD}` to take it from the environment."""
    client_id: str | None = Field(default=None, min_length=1, max_length=128)
    """MQTT client id; `lookout-SITE-AGENT` when left out. Must be unique at the broker."""
    prefix: str = Field(default="lookout/v1", pattern=r"^[^/+#$\x00-\x1f][^+#\x00-\x1f]*[^/+#\x00-\x1f]$")
    """What every topic begins with."""
    keepalive_s: int = Field(default=30, ge=5, le=3600)
    """A connection without traffic is tried after this long, and left after as long again."""
    connect_timeout_s: float = Field(default=5.0, ge=0.2, le=60)
    """How long connecting, TLS and the broker's answer may take, each."""
    silence_s: float = Field(default=15.0, ge=0.5, le=600)
    """A broker that owes an acknowledgement and neither says nor takes anything for this long is left."""
    backoff_max_s: float = Field(default=30.0, ge=0.1, le=3600)
    """Longest wait between two attempts to connect."""
    confirm: Literal["broker", "platform"] = "broker"
    """When an event has arrived: the broker has it, or the platform has answered on `ack`."""
    confirm_within_s: float = Field(default=60.0, ge=1, le=3600)
    """With `confirm: platform`, an event without an answer is sent again after so long, then after twice as long,
    up to an hour."""
    window: int = Field(default=20, ge=1, le=1000)
    """How many messages may be under way without their acknowledgement."""

    will_delay_s: int = Field(default=2, ge=0, le=3600)
    """A connection that breaks and is back within so long is not told as `offline` (MQTT 5)."""
    session_s: int = Field(default=3600, ge=0, le=604_800)
    """How long the broker keeps commands and answers for an agent that is away (MQTT 5)."""
    part_kb: int | None = Field(default=None, ge=16, le=262_144)
    """Pictures and clips above so many kilobytes go in parts, each acknowledged by itself; whole when left out."""
    evidence_expires_s: int | None = Field(default=None, ge=60, le=2_592_000)
    """How long a broker keeps a picture or clip for a platform that is away (MQTT 5); event texts never expire."""
    fallbacks: tuple[Fallback, ...] = ()
    """Other brokers, in order, while the first can not be reached."""

    @field_validator("protocol", mode="before")
    @classmethod
    def _bare_number(cls, found: object) -> object:
        # `protocol: 5` is a number to YAML and a version to people.
        return str(found) if type(found) is int else found

    @model_validator(mode="after")
    def _user(self) -> Self:
        if self.password is not None and self.username is None:
            raise ValueError("password without username: MQTT 3.1.1 does not allow it")
        return self

    @property
    def effective_port(self) -> int:
        """The port to connect to."""
        return self.port or (TLS_PORT if self.tls else PLAIN_PORT)

    def instead(self, other: Fallback) -> BrokerSettings:
        """The settings for another broker, as a fallback says."""
        given = {name: getattr(other, name) for name in ("tls", "username", "password")}
        changed = {name: value for name, value in given.items() if value is not None}
        return self.model_copy(update={"host": other.host, "port": other.port, "fallbacks": (), **changed})

    @property
    def part_bytes(self) -> int | None:
        """The largest part of a file, bytes; None where files go whole."""
        return None if self.part_kb is None else self.part_kb * 1024

    @property
    def confirm_s(self) -> float | None:
        """What the outbox is told: how long an answer of the platform may take; None where none is waited for."""
        return self.confirm_within_s if self.confirm == "platform" else None

    @property
    def address(self) -> str:
        """Host and port for people and logs; never holds a secret."""
        return f"{self.host}:{self.effective_port}"
