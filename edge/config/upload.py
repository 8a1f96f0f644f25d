"""Where pictures and clips go instead of over MQTT."""

from __future__ import annotations

from typing import Self
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from edge.config.broker import TlsSettings
from pipelines.rules.base import Settings

_FILLED = ("{site}", "{agent}", "{incident}", "{name}")


class UploadSettings(Settings):
    """Pictures and clips by HTTP PUT."""

    url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="where each is put, instead of over MQTT; {site}, {agent}, {incident} and {name} are filled in",
    )
    token: SecretStr | None = Field(default=None, description="sent to `url` as `Authorization: Bearer`")
    hosts: tuple[str, ...] = Field(
        default=(), description="to which the command `upload` may send files: host, or host:port; https alone"
    )
    tls: TlsSettings = Field(default=TlsSettings(), description="TLS towards these servers")
    timeout_s: float = Field(default=30.0, ge=1, le=600, description="how long a server may say and take nothing")

    @field_validator("url")
    @classmethod
    def _tells_files_apart(cls, url: str | None) -> str | None:
        if url is None:
            return None
        missing = [mark for mark in ("{incident}", "{name}") if mark not in url.partition("?")[0]]
        if missing:
            raise ValueError(f"found {' and '.join(missing)} nowhere in it: files would replace each other")
        base, _, query = url.partition("?")
        if any(mark in query for mark in _FILLED):
            raise ValueError("names are filled in before the ? alone")
        if urlsplit(base).username is not None:
            raise ValueError("holds a user name: use `token`")
        return url

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.url is None and not self.hosts:
            raise ValueError("neither `url` nor `hosts`: nothing would be uploaded")
        if self.token is not None and self.url is None:
            raise ValueError("token without url: there is nobody to send it to")
        return self

    def address(self, site: str, agent: str, incident: str, name: str) -> str | None:
        """Where a file is put, without what follows a `?` and may be secret; None where files go over MQTT."""
        if self.url is None:
            return None
        url = self.url.partition("?")[0]
        for mark, value in zip(_FILLED, (site, agent, incident, name), strict=True):
            url = url.replace(mark, quote(value, safe=""))
        return url

    @property
    def query(self) -> str:
        """What follows the `?`, with it; empty where there is none."""
        return "".join((self.url or "").partition("?")[1:])

    def allows(self, url: str) -> bool:
        """The platform may have a file put there."""
        try:
            parts = urlsplit(url)
            named = {parts.hostname, f"{parts.hostname}:{parts.port or 443}"}
        except ValueError:
            return False
        return parts.scheme == "https" and bool(named & set(self.hosts))
