"""Logs read as lines, as JSON, and never carry a password."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from edge import log

RTSP = "rtsp://viewer:s3cret@10.0.0.7/main"


@pytest.fixture(autouse=True)
def root_logger_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    root.setLevel(level)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> io.StringIO:
    monkeypatch.setenv("LOOKOUT_LOG", request.param)
    stream = io.StringIO()
    log.configure(log.Level.INFO, stream)
    return stream


@pytest.mark.parametrize("written", ["text"], indirect=True)
def test_text(written: io.StringIO) -> None:
    logging.getLogger("edge.sources").warning(
        "source lost", extra={"source": "gate-3", "retry_s": 4.0, "reason": "no answer"}
    )
    line = written.getvalue()
    assert line.endswith('Z WARNING edge.sources source lost source=gate-3 retry_s=4.0 reason="no answer"\n')


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_json(written: io.StringIO) -> None:
    logging.getLogger("edge.sources").warning("source lost", extra={"source": "东门", "retry_s": 4.0})
    fields = json.loads(written.getvalue())
    assert fields.pop("time").endswith("Z")
    assert fields == {
        "level": "warning",
        "logger": "edge.sources",
        "message": "source lost",
        "source": "东门",
        "retry_s": 4.0,
    }


@pytest.mark.parametrize("written", ["text", "json"], indirect=True)
def test_credentials_never_get_through(written: io.StringIO) -> None:
    logger = logging.getLogger("edge.sources")
    logger.info("opening %s", RTSP)
    logger.info("opening", extra={"address": RTSP})
    logger.info("opening", extra={"address": "http://10.0.0.7/a?password=s3/cret", "also": [RTSP]})
    try:
        raise ConnectionError(f"refused by {RTSP}")
    except ConnectionError:
        logger.exception("failed")
    assert not any(secret in written.getvalue() for secret in ("s3cret", "s3/", "/cret"))
    assert "viewer" not in written.getvalue()
    assert "10.0.0.7" in written.getvalue()


@pytest.mark.parametrize("written", ["text"], indirect=True)
def test_levels_and_a_second_call(written: io.StringIO) -> None:
    logger = logging.getLogger("edge.agent")
    logger.debug("too fine")
    logger.info("first")
    second = io.StringIO()
    log.configure(log.Level.ERROR, second)
    logger.warning("too fine now")
    logger.error("second")
    assert [line.split()[-1] for line in written.getvalue().splitlines()] == ["first"]
    assert [line.split()[-1] for line in second.getvalue().splitlines()] == ["second"]
