"""MAVLink by pymavlink's own packer: a telemetry log as a ground station writes it, and messages over real UDP."""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from calibration.errors import SourceUnusable
from calibration.pose import Pose
from edge.sources.telemetry import Hints, read_telemetry
from edge.sources.telemetry.mavlink import Autopilot

os.environ["MAVLINK20"] = "1"
mavutil = pytest.importorskip("pymavlink.mavutil", reason="needs the extra `drones`")
mavlink = mavutil.mavlink

SIZE = (1280, 720)
BEGAN_S = 1_790_000_000.0


def quaternion(yaw: float, pitch: float) -> list[float]:
    y, p = math.radians(yaw) / 2, math.radians(pitch) / 2
    return [math.cos(y) * math.cos(p), -math.sin(y) * math.sin(p), math.cos(y) * math.sin(p), math.sin(y) * math.cos(p)]


def position(lat: float = 22.5, **more: Any) -> Any:
    said = {"hdg": 9000, "relative_alt": 80_000, **more}
    return mavlink.MAVLink_global_position_int_message(
        1000, round(lat * 1e7), round(114.0 * 1e7), 150_000, said["relative_alt"], 0, 0, 0, said["hdg"]
    )


def gimbal(yaw: float, pitch: float, flags: int) -> Any:
    return mavlink.MAVLink_gimbal_device_attitude_status_message(
        0, 0, 1000, flags, quaternion(yaw, pitch), 0.0, 0.0, 0.0, 0
    )


def heading(degrees: float) -> Any:
    return mavlink.MAVLink_attitude_message(1000, 0.0, 0.0, math.radians(degrees), 0.0, 0.0, 0.0)


def log(path: Path, *messages: tuple[float, Any]) -> Path:
    packer = mavlink.MAVLink(None, srcSystem=1, srcComponent=1)
    with path.open("wb") as file:
        for at_s, message in messages:
            file.write(struct.pack(">Q", int((BEGAN_S + at_s) * 1e6)) + message.pack(packer))
    return path


def test_a_log_of_a_flight(tmp_path: Path) -> None:
    fov = SimpleNamespace(hfov=70.0)
    path = log(
        tmp_path / "flight.tlog",
        (0.0, position()),
        (0.1, heading(90.0)),
        (0.2, gimbal(20.0, -40.0, 32)),  # against the vehicle
        (0.3, position(22.501)),
        (0.4, gimbal(200.0, -50.0, 64)),  # against north
        (0.5, position(22.502)),
        (3.0, position(22.503)),  # the gimbal has been silent for long
    )
    first, second, third, last = read_telemetry(path, Hints(size=SIZE)).poses
    assert (first.time_s, first.latitude_deg, first.height_m) == (BEGAN_S, 22.5, 80.0)
    assert first.attitude is None
    assert second.attitude is not None
    assert (second.attitude.yaw_deg, second.attitude.pitch_deg) == pytest.approx((110.0, -40.0), abs=1e-3)
    assert third.attitude is not None
    assert (third.attitude.yaw_deg, third.attitude.pitch_deg) == pytest.approx((200.0, -50.0), abs=1e-3)
    assert last.attitude is None
    autopilot = Autopilot(SIZE)
    autopilot.hear("CAMERA_FOV_STATUS", fov, 0.0)
    assert autopilot.hear("GLOBAL_POSITION_INT", position(), 0.1).lens is not None  # type: ignore[union-attr]


def test_before_a_fix_and_without_a_gimbal(tmp_path: Path) -> None:
    autopilot = Autopilot(None)
    lost = autopilot.hear("GLOBAL_POSITION_INT", SimpleNamespace(lat=0, lon=0, alt=0, relative_alt=0, hdg=65535), 1.0)
    assert isinstance(lost, Pose)
    assert lost.latitude_deg is None
    assert autopilot.hear("GIMBAL_DEVICE_ATTITUDE_STATUS", gimbal(0.0, -30.0, 32), 1.0) is None
    pose = autopilot.hear("GLOBAL_POSITION_INT", position(hdg=65535), 1.1)
    assert pose is not None
    assert pose.attitude is None, "nobody knows the vehicle's heading"
    with pytest.raises(ValueError, match="length 1"):
        autopilot.hear("GIMBAL_DEVICE_ATTITUDE_STATUS", SimpleNamespace(q=[0, 0, 0, 0], flags=64), 1.0)


def test_what_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(SourceUnusable, match="no position in it"):
        read_telemetry(log(tmp_path / "a.tlog", (0.0, heading(1.0))), Hints())
    with pytest.raises(SourceUnusable, match="can not be read: No such file"):
        read_telemetry(tmp_path / "missing.tlog", Hints())
    (tmp_path / "junk.tlog").write_bytes(bytes(range(256)) * 20)
    with pytest.raises(SourceUnusable, match="no position in it"):
        read_telemetry(tmp_path / "junk.tlog", Hints())


def test_over_udp() -> None:
    ears = mavutil.mavlink_connection("udpin:127.0.0.1:0")
    port = ears.port.getsockname()[1]
    mouth = mavutil.mavlink_connection(f"udpout:127.0.0.1:{port}", source_system=1)
    autopilot = Autopilot(SIZE)
    for message in (heading(90.0), gimbal(0.0, -30.0, 32), position()):
        mouth.mav.send(message)
    poses = []
    for _ in range(3):
        said = ears.recv_match(blocking=True, timeout=5)
        assert said is not None
        poses.append(autopilot.hear(said.get_type(), said, said._timestamp))
    assert [pose is None for pose in poses] == [True, True, False]
    assert poses[-1] is not None
    assert poses[-1].attitude is not None
    assert poses[-1].attitude.yaw_deg == pytest.approx(90.0, abs=1e-3)
    ears.close()
    mouth.close()
