from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.edge.delivery.mosquitto import Mosquitto, find

USER, PASSWORD = "lookout", "hunter2"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture of 320×240, grey."""
    path = tmp_path / "view.png"
    cv2.imwrite(str(path), np.full((240, 320, 3), 128, np.uint8))
    return path


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.fixture
def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def locked_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that asks for user and password."""
    passwords = tmp_path / "passwords"
    subprocess.run(
        [find("mosquitto_passwd"), "-b", "-c", str(passwords), USER, PASSWORD], check=True, capture_output=True
    )
    passwords.chmod(0o644)
    with Mosquitto(tmp_path / "broker", f"password_file {passwords}", anonymous=False) as broker:
        yield broker
