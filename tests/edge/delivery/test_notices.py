"""What has to be done is an event, told once, and cleared when it has been done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from calibration.errors import DeliveryError
from edge.agent.resume import left_active
from edge.clock import AgentClock, ManualClock
from edge.config.broker import TlsSettings
from edge.delivery.chain import check_chain
from edge.delivery.contract import is_coverage
from edge.delivery.display import line
from edge.delivery.entries import Kind
from edge.delivery.expiry import Expiry, Papers
from edge.delivery.notices import NoticeEvent, Notices, is_notice
from edge.delivery.outbox import Outbox
from edge.delivery.schema import json_schema
from edge.delivery.subscriber import ReceivedNotice
from edge.report.gather import gather
from tests.edge.delivery.builders import CAPTURED_S, TOPICS

ENDS = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
CERT = "broker.tls.cert: /etc/lookout/agent.pem"


def expiry(what: str = CERT, days: int = 12) -> Expiry:
    return Expiry(what, ENDS, days, days < 0)


@pytest.fixture
def make(outbox: Outbox) -> Callable[..., Notices]:
    ids = iter(f"id{k}" for k in range(100))
    return lambda lang="en": Notices(outbox, TOPICS, lang, ids.__next__, lambda: CAPTURED_S)


def told(outbox: Outbox) -> list[Any]:
    payloads = [entry.payload or b"" for entry in outbox.waiting() if entry.kind is Kind.EVENT]
    assert all(is_notice(payload) and not is_coverage(payload) for payload in payloads)
    return sorted((NoticeEvent.model_validate_json(each) for each in payloads), key=lambda event: event.data.number)


def test_it_is_told_once_and_cleared_when_it_is_renewed(outbox: Outbox, make: Callable[..., Notices]) -> None:
    notices = make()
    for days in (12, 12, 11):
        notices.tell([expiry(days=days)])
    (event,) = told(outbox)
    assert (event.type, event.source) == ("city.lookout.agent.open", "/lookout/plant-1/edge-1")
    assert (event.data.subject, event.data.severity) == (CERT, 2)
    assert event.data.message == (f"Certificate has to be renewed: {CERT} expires in 12 days, on 2026-12-01 12:00 UTC")
    assert list(outbox.active()) == [event.data.incident]
    notices.tell([])
    assert [each.data.phase for each in told(outbox)] == ["open", "cleared"]
    assert told(outbox)[1].data.message == f"Certificate renewed: {CERT}"
    assert outbox.active() == {}


def test_it_grows_severe_when_it_is_too_late(outbox: Outbox, make: Callable[..., Notices]) -> None:
    notices = make("zh")
    notices.tell([expiry(days=0)])
    notices.tell([expiry(days=-1)])
    assert [(each.data.phase, each.data.severity) for each in told(outbox)] == [("open", 2), ("update", 3)]
    assert told(outbox)[1].data.message.startswith("证书需要更新：")


def test_a_restart_goes_on(outbox: Outbox, make: Callable[..., Notices]) -> None:
    make().tell([expiry(), expiry("the broker's certificate")])
    make().tell([expiry()])
    events = told(outbox)
    assert [(each.data.subject[:10], each.data.phase, each.data.sequence) for each in events] == [
        (CERT[:10], "open", 1), ("the broker", "open", 1), ("the broker", "cleared", 2),
    ]  # fmt: skip
    assert events[2].data.incident == events[1].data.incident


def test_it_is_no_hazard_and_no_part_of_a_shift(
    outbox: Outbox, make: Callable[..., Notices], caplog: pytest.LogCaptureFixture
) -> None:
    make().tell([expiry()])
    assert left_active(outbox, AgentClock()) == ()
    assert caplog.text == ""
    payloads = [entry.payload or b"" for entry in outbox.waiting() if entry.kind is Kind.EVENT]
    shift = gather(payloads, {}, {}, CAPTURED_S - 60, CAPTURED_S + 60)
    assert (shift.cases, shift.unreadable) == ((), 0)


def test_it_keeps_the_schema(outbox: Outbox, make: Callable[..., Notices]) -> None:
    schema = json_schema()
    make().tell([expiry()])
    rooted = {"$schema": schema["$schema"], "$ref": "#/$defs/NoticeEvent", "$defs": schema["$defs"]}
    Draft202012Validator(rooted).validate(told(outbox)[0].model_dump(mode="json", exclude_none=True))


class Shown:
    """A connection that has been shown a certificate."""

    def __init__(self, certificate: bytes | None) -> None:
        self.peer_certificate = certificate


def test_what_can_not_be_told_is_told_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = ManualClock(), 0
    monkeypatch.setattr("edge.delivery.expiry.time.monotonic", clock.monotonic)

    def tell(_: tuple[Expiry, ...]) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise DeliveryError("the disk is full")

    papers = Papers()
    papers.tell = tell
    for later_s, calls in ((0.0, 1), (30.0, 1), (31.0, 2), (3600.0, 2), (5.1 * 3600, 3)):
        clock.advance(later_s)
        papers.look(TlsSettings(ca=tmp_path / "no.pem"), None, CAPTURED_S)
        assert asked == calls


def test_without_a_connection_what_the_broker_showed_still_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(timedelta(days=5))
    papers = Papers()
    for link in (Shown(certificate), None, Shown(None)):
        papers.anew()
        papers.look(TlsSettings(), link, datetime.now(UTC).timestamp())
        assert [each.what for each in papers.expiring] == ["the broker's certificate"]
    papers.anew()
    papers.look(TlsSettings(), Shown(self_signed(timedelta(days=400))), datetime.now(UTC).timestamp())
    assert papers.expiring == ()


def self_signed(lasts: timedelta) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + lasts)
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_the_line_for_people(outbox: Outbox, make: Callable[..., Notices]) -> None:
    make().tell([expiry()])
    said = line(ReceivedNotice(told(outbox)[0], repeated=True)).plain
    assert f"open    Certificate has to be renewed  {CERT} expires in 12 days" in said
    assert said.endswith("[repeated]")
    assert "证书需要更新" in line(ReceivedNotice(told(outbox)[0], repeated=False), "zh").plain


def test_the_chain_goes_over_it(outbox: Outbox, make: Callable[..., Notices]) -> None:
    notices = make()
    notices.tell([expiry()])
    notices.tell([])
    payloads = [entry.payload or b"" for entry in outbox.waiting() if entry.kind is Kind.EVENT]
    found = check_chain(payloads)
    assert (found.events, found.faults) == (2, ())
