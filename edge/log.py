"""Structured logs on standard error: text for people, JSON lines for machines (`LOOKOUT_LOG=json`).

A module logs a short constant sentence and hands what varies in `extra`:

    logging.getLogger(__name__).warning("source lost", extra={"source": "gate-3", "retry_s": 4.0})

which reads `2026-01-31T08:15:02.118Z WARNING edge.sources source lost source=gate-3 retry_s=4.0`.
A user name, password or token inside an address never gets through.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import TextIO

from edge.address import without_secrets

_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_PLAIN = re.compile(r"[\w.:/+%-]+")


class Level(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sentence(record: logging.LogRecord) -> str:
    return without_secrets(record.getMessage())


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {key: _shown(value) for key, value in vars(record).items() if key not in _KNOWN}


def _shown(value: object) -> object:
    """Numbers as they are, all else as text without secrets."""
    return value if value is None or isinstance(value, bool | int | float) else without_secrets(str(value))


class TextFormatter(logging.Formatter):
    """One line a record: time, level, module, sentence, then `key=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line; a traceback follows on lines of its own."""
        pairs = (f"{key}={_value(value)}" for key, value in _extras(record).items())
        line = " ".join([_moment(record), record.levelname, record.name, _sentence(record), *pairs])
        if record.exc_info:
            line = f"{line}\n{without_secrets(self.formatException(record.exc_info))}"
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a record: `time`, `level`, `logger`, `message`, the extras, `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        fields: dict[str, object] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _sentence(record),
            **_extras(record),
        }
        if record.exc_info:
            fields["exception"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False)


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def configure(level: Level = Level.INFO, stream: TextIO | None = None) -> None:
    """Send every record of at least `level` to `stream`, standard error unless told otherwise.

    The format is JSON lines when the environment says `LOOKOUT_LOG=json`, text otherwise. A second call
    replaces what the first one set up.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if os.environ.get("LOOKOUT_LOG") == "json" else TextFormatter())
    root = logging.getLogger()
    for old in [old for old in root.handlers if getattr(old, "of_lookout", False)]:
        root.removeHandler(old)
    handler.of_lookout = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(level.upper())
    for noisy in ("amqtt", "transitions"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
