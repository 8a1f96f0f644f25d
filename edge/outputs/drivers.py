"""How each kind of output is driven: one attempt, within its time, or an error that says why not."""

from __future__ import annotations

import hashlib
import hmac
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable

from calibration.errors import OutputError
from edge.config.outputs import AnyOutput, CommandOutput, ModbusCoil, MqttOutput, Webhook
from edge.outputs.notice import Notice
from edge.version import __version__

Drive = Callable[[Notice], None]
"""Raises `OutputError`."""


def driver(settings: AnyOutput) -> Drive:
    """How this output is driven.

    Raises:
        OutputError: what it needs is not installed.
    """
    match settings:
        case Webhook():
            return lambda notice: _post(settings, notice)
        case MqttOutput():
            return lambda notice: _publish(settings, notice)
        case ModbusCoil():
            _modbus()
            return lambda notice: _switch(settings, on=notice.lasts)
        case CommandOutput():
            return lambda notice: _run(settings, notice)


def _post(settings: Webhook, notice: Notice) -> None:
    body = notice.to_json()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": f"lookout/{__version__}"}
    if settings.secret is not None:
        digest = hmac.new(settings.secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
        headers["X-Lookout-Signature"] = f"sha256={digest}"
    request = urllib.request.Request(settings.url, body, headers, method="POST")  # noqa: S310 - the site file's pattern
    try:
        with urllib.request.urlopen(request, timeout=settings.timeout_s) as answer:  # noqa: S310
            answer.read(1024)
    except urllib.error.HTTPError as error:
        raise OutputError(f"the server answered {error.code} {error.reason}") from error
    except (OSError, ValueError) as error:
        raise OutputError(f"can not be reached: {getattr(error, 'reason', error)}") from error


def _publish(settings: MqttOutput, notice: Notice) -> None:
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect_timeout = settings.timeout_s
    if settings.username is not None:
        password = settings.password
        client.username_pw_set(settings.username, password.get_secret_value() if password else None)
    try:
        client.connect(settings.host, settings.port)
        client.loop_start()
        sent = client.publish(settings.topic, notice.to_json(), qos=1, retain=settings.retain)
        sent.wait_for_publish(settings.timeout_s)
        if not sent.is_published():
            raise OutputError(f"broker {settings.host}:{settings.port} did not take it in {settings.timeout_s:g} s")
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(f"broker {settings.host}:{settings.port} can not be reached: {error}") from error
    finally:
        client.disconnect()
        client.loop_stop()


def _modbus() -> type:
    try:
        from pymodbus.client import ModbusTcpClient
    except ImportError as error:
        raise OutputError("a Modbus coil needs pymodbus: pip install 'lookout-agent[outputs]'") from error
    return ModbusTcpClient


def _switch(settings: ModbusCoil, *, on: bool) -> None:
    from pymodbus.exceptions import ModbusException

    client = _modbus()(settings.host, port=settings.port, timeout=settings.timeout_s, retries=0)
    where = f"Modbus device {settings.host}:{settings.port}, unit {settings.unit}, coil {settings.coil}"
    try:
        if not client.connect():
            raise OutputError(f"{where}: can not be reached")
        answer = client.write_coil(settings.coil, on, device_id=settings.unit)
        if answer.isError():
            raise OutputError(f"{where}: refused: {answer}")
    except (ModbusException, OSError) as error:
        raise OutputError(f"{where}: {error}") from error
    finally:
        client.close()


def _run(settings: CommandOutput, notice: Notice) -> None:
    filled = {
        "message": notice.message, "hazard": notice.hazard, "source": notice.source, "severity": str(notice.severity)
    }  # fmt: skip
    words = [_fill(word, filled) for word in settings.run]
    try:
        done = subprocess.run(
            words, timeout=settings.timeout_s, capture_output=True, cwd=settings.folder, stdin=subprocess.DEVNULL,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise OutputError(f"{words[0]}: killed after {settings.timeout_s:g} s") from error
    except OSError as error:
        raise OutputError(f"{words[0]}: can not be run: {error.strerror}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise OutputError(f"{words[0]}: ended with {done.returncode}{': ' + said[-1][:200] if said else ''}")


def _fill(word: str, filled: dict[str, str]) -> str:
    """In one pass: a name in what is filled in stays as it is."""
    return re.sub(r"\{(\w+)\}", lambda found: filled.get(found[1], found[0]), word)
