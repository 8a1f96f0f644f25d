"""The MQTT broker of a run: mosquitto where it is installed, else the one that the demo uses."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from calibration.errors import DeliveryError
from edge.config.broker import BrokerSettings
from edge.delivery.broker import EmbeddedBroker

_HOST = "127.0.0.1"
_START_S = 5.0
_ROOTS_PATH = ("/usr/sbin", "/usr/local/sbin")


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[tuple[BrokerSettings, str]]:
    """A broker on loopback and its name.

    Raises:
        DeliveryError: it does not start.
    """
    program = shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), *_ROOTS_PATH]))
    if program is None:
        with EmbeddedBroker() as embedded:
            yield embedded.settings, "embedded"
        return
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port = int(probe.getsockname()[1])
    config = folder / "mosquitto.conf"
    config.write_text(
        f"user {getpass.getuser()}\nlistener {port} {_HOST}\nallow_anonymous true\npersistence false\nlog_type error\n"
    )
    process = subprocess.Popen([program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield BrokerSettings(host=_HOST, port=port), "mosquitto"
    finally:
        process.terminate()
        process.wait(_START_S)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    late_s = time.monotonic() + _START_S
    while time.monotonic() < late_s and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((_HOST, port), 0.2):
            return
        time.sleep(0.02)
    raise DeliveryError(f"benchmark: mosquitto does not listen on {_HOST}:{port} within {_START_S:g} s")
