"""Rounds in ROS 2 bags: pictures of a camera by the waypoint that a topic names. Needs the extra `robots`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from calibration.errors import SourceUnusable
from edge.patrol.intake import EVERY_S, PICTURES, BadPicture, Round

_IMAGES = ("sensor_msgs/msg/CompressedImage", "sensor_msgs/msg/Image")
_NAMES = ("std_msgs/msg/String",)
_BGR = {"bgr8": None, "rgb8": cv2.COLOR_RGB2BGR, "mono8": cv2.COLOR_GRAY2BGR,
        "bgra8": cv2.COLOR_BGRA2BGR, "rgba8": cv2.COLOR_RGBA2BGR}  # fmt: skip


def extract(bag: Path, kept: Round, images: str | None = None, waypoints: str | None = None) -> None:
    """Keep up to three pictures of each stop, a second apart.

    Args:
        bag: folder of a bag (SQLite or MCAP).
        kept: where they go.
        images: the camera's topic; the only one with pictures if None.
        waypoints: the topic that names the waypoint (`std_msgs/String`; empty between two); the only one if None.

    Raises:
        SourceUnusable: it is no bag, lacks a topic, or rosbags is missing.
    """
    try:
        from rosbags.highlevel import AnyReader, AnyReaderError
        from rosbags.typesys import Stores, get_typestore
    except ImportError as error:
        raise SourceUnusable("ROS 2 bags need rosbags: pip install 'lookout-agent[robots]'") from error
    try:
        with AnyReader([bag], default_typestore=get_typestore(Stores.ROS2_HUMBLE)) as reader:
            pictures = _one(bag, reader.connections, images, _IMAGES, "pictures")
            names = _one(bag, reader.connections, waypoints, _NAMES, "names of waypoints")
            _walk(reader, pictures, names, kept)
    except (AnyReaderError, OSError, ValueError, KeyError) as error:
        raise SourceUnusable(f"{bag}: can not be read as a bag: {error}") from error


def _walk(reader: Any, pictures: str, names: str, kept: Round) -> None:
    waypoint, here, taken_s = "", 0, float("-inf")
    wanted = [each for each in reader.connections if each.topic in (pictures, names)]
    for connection, stamp_ns, raw in reader.messages(connections=wanted):
        message, at_s = reader.deserialize(raw, connection.msgtype), stamp_ns / 1e9
        if connection.topic == names:
            if message.data != waypoint:
                waypoint, here = message.data, 0
            continue
        if not waypoint or here >= PICTURES or at_s - taken_s < EVERY_S:
            continue
        here, taken_s = here + 1, at_s
        content = _jpeg(message)
        if content is not None:
            with suppress(BadPicture):  # counted
                kept.take(waypoint, content)


def _jpeg(message: Any) -> bytes | None:
    """The picture of a message; None where its encoding is not known."""
    if hasattr(message, "format"):
        return bytes(message.data)
    channels = 1 if message.encoding == "mono8" else 4 if message.encoding.endswith("a8") else 3
    if message.encoding not in _BGR or message.step < message.width * channels:
        return None
    rows = np.asarray(message.data, np.uint8).reshape(message.height, message.step)
    picture = rows[:, : message.width * channels].reshape(message.height, message.width, channels)
    turn = _BGR[message.encoding]
    return cv2.imencode(".jpg", picture if turn is None else cv2.cvtColor(picture, turn))[1].tobytes()


def _one(bag: Path, connections: Any, asked: str | None, kinds: tuple[str, ...], what: str) -> str:
    there = sorted({each.topic for each in connections if each.msgtype in kinds})
    if asked is None and len(there) == 1:
        return str(there[0])
    if asked in there:
        return str(asked)
    found = ", ".join(there) or "none"
    raise SourceUnusable(f"{bag}: which topic has the {what}? of {' or '.join(kinds)} it has: {found}")
