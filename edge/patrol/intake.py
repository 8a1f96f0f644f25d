"""Takes in a round as it is walked: pictures by their waypoint, over HTTP, over MQTT, or of a camera by its poses."""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from calibration.errors import SourceError
from edge.sources import open_source
from pipelines.frame import Frame

MOST_BYTES = 30_000_000
_LONGEST_NAME = 64
_FORBIDDEN = frozenset('/\\:*?"<>|')
EVERY_S = 1.0
PICTURES = 3  # of one stop from a camera that films all the time


class BadPicture(ValueError):
    """What was handed in is no picture of a waypoint; the text says why."""


@dataclass(slots=True)
class Round:
    """A folder that fills: `WAYPOINT/001.jpg` and, where there is one, the pose beside it as `001.json`.

    Attributes:
        folder: made with the first picture.
        taken: pictures by waypoint.
        refused: what was no picture, by reason.
    """

    folder: Path
    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, waypoint: str, content: bytes, pose: dict[str, Any] | None = None) -> Path:
        """Keep a picture.

        Args:
            waypoint: its name.
            content: JPEG, PNG or whatever OpenCV reads.
            pose: where the robot was, as it says it.

        Raises:
            BadPicture: the name can not be one, or the content is no picture.
        """
        try:
            name, picture = waypoint_name(waypoint), _decoded(content)
        except BadPicture as error:
            self.refused[str(error)] += 1
            raise
        with self._lock:
            self.taken[name] += 1
            folder = self.folder / name
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{self.taken[name]:03}.jpg"
            if content[:2] == b"\xff\xd8":
                path.write_bytes(content)
            else:
                cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
            if pose is not None:
                path.with_suffix(".json").write_text(json.dumps(pose), encoding="utf-8")
            return path

    def take_message(self, payload: bytes, waypoint: str | None = None) -> Path:
        """Keep what came in one message: a picture as it is, or JSON with `waypoint`, `picture` (base64) and `pose`.

        Raises:
            BadPicture: it is neither.
        """
        if payload.lstrip()[:1] != b"{":
            return self.take(waypoint or "", payload)
        try:
            said = json.loads(payload)
            content = base64.b64decode(said["picture"], validate=True)
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            self.refused["JSON without a picture in base64"] += 1
            raise BadPicture("JSON without a picture in base64") from error
        pose = said.get("pose")
        named = said.get("waypoint") or waypoint
        return self.take(str(named or ""), content, pose if isinstance(pose, dict) else None)


def waypoint_name(text: str) -> str:
    """A name that can be a folder's.

    Raises:
        BadPicture: it can not.
    """
    name = text.strip()
    wrong = not name.isprintable() or set(name) & _FORBIDDEN or name.startswith(".")
    if not name or len(name) > _LONGEST_NAME or wrong:
        raise BadPicture(f"waypoint {text[:80]!r}: allowed are up to {_LONGEST_NAME} letters, digits, signs and spaces")
    return name


class AtWaypoints:
    """Takes pictures of a camera that films all the time, while the robot says that it is at a waypoint.

    Args:
        url: of the camera.
        kept: where they go.
        told: called with each picture that was kept.
    """

    def __init__(self, url: str, kept: Round, told: Callable[[str], None] = lambda _: None) -> None:
        self._url = url
        self._kept = kept
        self._told = told
        self._newest: Frame | None = None
        self._at: tuple[str, dict[str, Any] | None] | None = None
        self._here = 0
        self._taken_s = float("-inf")
        self.error: str | None = None

    def film(self, stop: threading.Event) -> None:
        """Read the camera until `stop` is set, whatever becomes of the connection."""
        while not stop.is_set():
            try:
                source = open_source("robot", self._url, keep_s=0.0)
                for frame in source.frames():
                    self.error = None
                    if stop.is_set():
                        source.close()
                        return
                    self._look(frame)
            except SourceError as error:
                self.error = str(error)
            stop.wait(1.0)

    def pose(self, payload: bytes) -> None:
        """The robot says where it is; a pose without a `waypoint` is one on the way.

        Raises:
            BadPicture: it is no JSON.
        """
        try:
            said = json.loads(payload)
            named = said.get("waypoint")
        except (ValueError, AttributeError):
            self._kept.refused["a pose that is no JSON object"] += 1
            raise BadPicture("a pose that is no JSON object") from None
        at = (str(named), said) if named else None
        if at is None or self._at is None or at[0] != self._at[0]:
            self._here = 0
        self._at = at

    def _look(self, frame: Frame) -> None:
        at = self._at
        if at is None or self._here >= PICTURES or frame.time_s - self._taken_s < EVERY_S:
            return
        self._taken_s = frame.time_s
        self._here += 1
        try:
            self._kept.take(at[0], cv2.imencode(".jpg", frame.bgr())[1].tobytes(), at[1])
        except BadPicture:
            return
        self._told(at[0])


def _decoded(content: bytes) -> np.ndarray[Any, Any]:
    if not content or len(content) > MOST_BYTES:
        raise BadPicture(f"a picture has up to {MOST_BYTES // 10**6} MB, found {len(content)} bytes")
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise BadPicture("no picture that can be read")
    return picture


def wait(stop: threading.Event, idle: Callable[[], float], patience_s: float | None) -> None:
    """Until `stop` is set, or nothing has come for so long."""
    while not stop.wait(0.2):
        if patience_s is not None and time.monotonic() - idle() > patience_s:
            return
