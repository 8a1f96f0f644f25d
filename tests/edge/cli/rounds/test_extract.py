"""A ROS 2 bag that rosbags itself has written: two stops, a way between them, both kinds of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from edge.cli import app

rosbags = pytest.importorskip("rosbags", reason="needs the extra `robots`")


def write(path: Path, *, compressed: bool, names: bool = True) -> Path:
    """Ten pictures a second for twelve seconds; at `gate` from the third one on, at `tank` in the ninth."""
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    types = get_typestore(Stores.ROS2_HUMBLE)
    kinds: dict[str, Any] = types.types
    kind = "sensor_msgs/msg/CompressedImage" if compressed else "sensor_msgs/msg/Image"
    with Writer(path, version=9, storage_plugin=StoragePlugin.SQLITE3) as bag:
        camera = bag.add_connection("/camera", kind, typestore=types)
        where = bag.add_connection("/waypoint", "std_msgs/msg/String", typestore=types) if names else None
        for tick in range(120):
            stamp = 1_790_000_000_000_000_000 + tick * 100_000_000
            said = {20: "gate", 60: "", 80: "tank", 90: ""}.get(tick)
            if said is not None and where is not None:
                message = kinds["std_msgs/msg/String"](data=said)
                bag.write(where, stamp, types.serialize_cdr(message, "std_msgs/msg/String"))
            header = kinds["std_msgs/msg/Header"](
                stamp=kinds["builtin_interfaces/msg/Time"](sec=stamp // 10**9, nanosec=stamp % 10**9), frame_id="head"
            )
            picture = np.full((48, 64, 3), (200, 100, tick * 2), np.uint8)
            if compressed:
                message = kinds[kind](header=header, format="jpeg", data=cv2.imencode(".jpg", picture)[1].ravel())
            else:
                rgb = np.ascontiguousarray(picture[..., ::-1])
                message = kinds[kind](
                    header=header, height=48, width=64, encoding="rgb8", is_bigendian=0, step=192, data=rgb.ravel()
                )
            bag.write(camera, stamp, types.serialize_cdr(message, kind))
    return path


def extract(*words: object) -> Result:
    return CliRunner().invoke(app, ["rounds", "extract", *map(str, words)])


@pytest.mark.parametrize("compressed", [True, False])
def test_the_stops_of_a_bag(tmp_path: Path, compressed: bool) -> None:
    bag = write(tmp_path / "night", compressed=compressed)
    done = extract(bag, tmp_path / "round")
    assert done.exit_code == 0, done.output
    assert "4 pictures of 2 waypoints" in done.stdout
    found = {path.parent.name: [] for path in sorted((tmp_path / "round").rglob("*.jpg"))}  # type: ignore[var-annotated]
    for path in sorted((tmp_path / "round").rglob("*.jpg")):
        blue, _, red = cv2.imread(str(path))[24, 32]
        assert abs(int(blue) - 200) < 6
        found[path.parent.name].append(round(red / 20))
    assert found == {"gate": [2, 3, 4], "tank": [8]}, "a second apart, three at most"


def test_what_is_no_round(tmp_path: Path) -> None:
    done = extract(write(tmp_path / "nameless", compressed=True, names=False), tmp_path / "round")
    assert done.exit_code == 2
    assert "which topic has the names of waypoints? of std_msgs/msg/String it has: none" in done.stderr
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "metadata.yaml").write_text("junk")
    for path in (tmp_path / "junk", tmp_path / "nothing"):
        done = extract(path, tmp_path / "round")
        assert done.exit_code == 2
        assert str(path) in done.stderr
    done = extract(tmp_path / "nameless", tmp_path / "round", "--images", "/rear")
    assert "which topic has the pictures? " in done.stderr
    assert "/camera" in done.stderr
