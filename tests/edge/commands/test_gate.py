"""Every way to be no command has its own answer, and none changes anything."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibration.errors import CommandRefused
from edge.commands.gate import Gate
from edge.delivery.contract import rfc3339, utc
from edge.delivery.orders import LIFE_S, ORDERS, Resend
from pipelines.detect.signature import key_id, sign

NOW_S = 1_795_306_078.0
TOPIC = "lookout/v1/plant/edge/cmd/resend/1"


def stamp(ago_s: float = 0.0) -> str:
    return rfc3339(utc(NOW_S - ago_s))


def order(**said: Any) -> bytes:
    return json.dumps({"status": "init", "time": stamp(), **said}).encode()


def gate(*accept: str, **more: Any) -> Gate:
    return Gate(accept or tuple(ORDERS), more.get("keys"), lambda: NOW_S)


def admit(payload: bytes, name: str = "resend", by: Gate | None = None) -> Any:
    return (by or gate()).admit(TOPIC, name, "1", payload)


def test_a_command_is_let_in() -> None:
    command = admit(order(since=5, by="platform"))
    assert (command.key, command.order.since, command.order.by) == ("resend/1", 5, "platform")
    assert isinstance(command.order, Resend)


@pytest.mark.parametrize(
    ("payload", "name", "said"),
    [
        (order(since=1), "reboot", "command 'reboot' is unknown, allowed: acknowledge, rectified"),
        (b"{", "resend", "resend: payload: Invalid JSON"),
        (b"[]", "resend", "resend: payload: Input should be an object"),
        (order(), "resend", "resend: since: Field required"),
        (order(since=0), "resend", "resend: since: Input should be greater than or equal to 1"),
        (order(since=1, colour="red"), "resend", "resend: colour: Extra inputs are not permitted"),
        (order(since=1, status="done"), "resend", "resend: status: Input should be 'init'"),
        (json.dumps({"since": 1}).encode(), "resend", "resend: time: Field required"),
        (order(since=1, time="yesterday"), "resend", "resend: time: "),
        (order(since=1, time=stamp(2 * 86_400)), "resend", "stale: given at 2026-11-20T"),
        (order(since=1, time=stamp(-600)), "resend", "which is yet to come"),
        (order(since=1, expires=stamp(1)), "resend", "stale: it was to expire at"),
        (order(until=stamp(1)), "mute", "until: .* has passed"),
        (order(source="gate", seconds=1e9), "clip", "clip: seconds: Input should be less than or equal to 120"),
        (b" " * 200_000, "resend", "the payload has 200,000 bytes, allowed: 131,072"),
        (b"\xff\xfe", "resend", "resend: payload: "),
    ],
)
def test_refused(payload: bytes, name: str, said: str) -> None:
    with pytest.raises(CommandRefused, match=said):
        admit(payload, name)


def test_a_site_accepts_what_it_says() -> None:
    with pytest.raises(CommandRefused, match="'resend' is not accepted by this site, accepted: snapshot"):
        admit(order(since=1), by=gate("snapshot"))


@pytest.mark.parametrize("name", ORDERS)
def test_each_has_a_life_of_its_own(name: str) -> None:
    assert LIFE_S[name] > 0


def signed(key: Ed25519PrivateKey, payload: bytes, topic: str = TOPIC) -> bytes:
    signature = sign(topic.encode() + b"\n" + payload, key).decode()
    return json.dumps({"command": payload.decode(), "signature": signature}).encode()


def test_only_who_may_command_is_obeyed_where_the_site_says_so() -> None:
    key, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    strict = gate(keys={key_id(key.public_key()): key.public_key()})
    payload = order(since=1)
    assert admit(signed(key, payload), by=strict).order.since == 1
    for wrong, said in (
        (payload, "not signed, and this site obeys signed commands only"),
        (signed(stranger, payload), "signature"),
        (signed(key, payload, TOPIC.replace("edge", "other")), "signature"),  # said to another agent, and played here
        (signed(key, payload).replace(b"since", b"SINCE"), "signature"),
        (json.dumps({"command": payload.decode(), "signature": "ed25519 x " + base64.b64encode(b"y" * 64).decode()}
                    ).encode(), "signature"),
    ):  # fmt: skip
        with pytest.raises(CommandRefused, match=said):
            admit(wrong, by=strict)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
fields = st.dictionaries(
    st.sampled_from(
        ["time", "status", "by", "expires", "incident", "until", "since", "source", "seconds", "url", "to", "x"]
    ),
    json_values | st.just(stamp()),
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([*ORDERS, "nothing"]),
    st.binary(max_size=300) | fields.map(lambda said: json.dumps(said).encode()),
)
def test_whatever_comes_is_a_command_or_refused(name: str, payload: bytes) -> None:
    with contextlib.suppress(CommandRefused):  # and no other error
        assert type(admit(payload, name).order) is ORDERS[name]
