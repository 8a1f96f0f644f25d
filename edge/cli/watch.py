"""`lookout watch`."""

from __future__ import annotations

import json as json_format
import queue
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from calibration.errors import ConfigError, EvidenceError
from edge.config import load_site
from edge.config.broker import BrokerSettings, TlsSettings
from edge.delivery.display import line
from edge.delivery.subscriber import (
    Received,
    ReceivedCoverage,
    ReceivedEvent,
    ReceivedEvidence,
    ReceivedNotice,
    ReceivedStatus,
    Subscriber,
)


class Language(StrEnum):
    """Of the hazards' names."""

    ZH = "zh"
    EN = "en"


def watch(  # noqa: PLR0913, PLR0917 - one argument an option
    file: Annotated[
        Path | None, typer.Argument(metavar="[SITE.yaml]", help="Take broker, site and language from here.")
    ] = None,
    host: Annotated[str, typer.Option(help="The broker, where no site file is given.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Its port; 1883, or 8883 with --ca.")] = None,
    ca: Annotated[Path | None, typer.Option(metavar="FILE", help="Use TLS and trust this authority (PEM).")] = None,
    username: Annotated[str | None, typer.Option(help="User name at the broker.")] = None,
    password: Annotated[
        str | None, typer.Option(envvar="LOOKOUT_MQTT_PASSWORD", help="Its password.", show_default=False)
    ] = None,
    site: Annotated[str, typer.Option(help="Name of the site; + is every one.")] = "+",
    agent: Annotated[str, typer.Option(help="Name of the agent; + is every one.")] = "+",
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Save pictures and clips whose digest is right to DIR/INCIDENT/.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Leave after this many events.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="Leave after this long.")] = None,
    lang: Annotated[Language | None, typer.Option(help="Language of the hazards' names.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a message, and nothing else.")] = False,
) -> None:
    """Subscribe to the events of a site and show them as they arrive, until Ctrl-C.

    Every picture is compared with the digest in its event.

    Example: `lookout watch --host broker.example --save pictures/`
    """
    if file is not None:
        loaded = load_site(file)
        settings, site, agent = loaded.broker, loaded.site.name, loaded.agent.name
        lang = lang or Language(loaded.agent.lang)
    else:
        settings = _settings(host, port, ca, username, password)
    arrived: queue.SimpleQueue[Received] = queue.SimpleQueue()
    show = _Show(save, lang or Language.EN, json)
    subscriber = Subscriber(settings, arrived.put, site=site, agent=agent)
    try:
        subscriber.start()
        show.say(f"listening at {settings.address} to {settings.prefix}/{site}/{agent}, Ctrl-C ends")
        _follow(arrived, show, count, seconds)
    except KeyboardInterrupt:
        show.say("")
    finally:
        subscriber.stop()


def _settings(
    host: str, port: int | None, ca: Path | None, username: str | None, password: str | None
) -> BrokerSettings:
    given: dict[str, Any] = {"host": host, "port": port, "tls": TlsSettings(ca=ca) if ca else None}
    if username is not None:
        given |= {"username": username, "password": password}
    try:
        return BrokerSettings.model_validate(given)
    except ValidationError as error:
        raise ConfigError([f"--{fault['loc'][0]}: {fault['msg']}" for fault in error.errors()]) from error


def _follow(arrived: queue.SimpleQueue[Received], show: _Show, count: int | None, seconds: float | None) -> None:
    deadline = None if seconds is None else time.monotonic() + seconds
    events = 0
    while count is None or events < count:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return
        try:
            received = arrived.get(timeout=0.5 if left is None else min(left, 0.5))
        except queue.Empty:
            continue
        events += isinstance(received, ReceivedEvent) and not received.repeated
        show.message(received)


class _Show:
    """Puts messages where they belong: lines for people or JSON on standard output, remarks on standard error."""

    def __init__(self, save: Path | None, lang: Language, json: bool) -> None:
        self._save = save
        self._lang = lang.value
        self._json = json
        self._out = Console(soft_wrap=True, highlight=False)
        self._err = Console(stderr=True, soft_wrap=True, highlight=False)

    def say(self, text: str) -> None:
        self._err.print(text, style="dim")

    def message(self, received: Received) -> None:
        saved = self._saved(received) if isinstance(received, ReceivedEvidence) else None
        if self._json:
            typer.echo(json_format.dumps(_plain(received, saved), ensure_ascii=False))
        else:
            self._out.print(line(received, self._lang, saved))

    def _saved(self, evidence: ReceivedEvidence) -> Path | None:
        if self._save is None or not evidence.verified:
            return None
        try:
            return evidence.save(self._save)
        except (EvidenceError, OSError) as error:
            self.say(str(error))
            return None


def _plain(received: Received, saved: Path | None) -> dict[str, Any]:
    if isinstance(received, ReceivedEvent):
        event = received.event.model_dump(mode="json", exclude_none=True)
        return {
            "type": "event",
            "delivery_s": round(received.delivery_s, 4),
            "repeated": received.repeated,
            "event": event,
        }
    if isinstance(received, ReceivedCoverage):
        fault = received.event.model_dump(mode="json", exclude_none=True)
        return {"type": "coverage", "repeated": received.repeated, "event": fault}
    if isinstance(received, ReceivedNotice):
        notice = received.event.model_dump(mode="json", exclude_none=True)
        return {"type": "notice", "repeated": received.repeated, "event": notice}
    if isinstance(received, ReceivedEvidence):
        return {
            "type": "evidence",
            "incident": received.incident,
            "name": received.name,
            "bytes": len(received.content),
            "verified": received.verified,
            "path": str(saved) if saved else None,
        }
    if isinstance(received, ReceivedStatus):
        status = received.status.model_dump(mode="json", exclude_none=True)
        return {"type": "status", "agent": received.agent, "retained": received.retained, "status": status}
    return {"type": "unreadable", "topic": received.topic, "reason": received.reason}
