"""TLS to a real mosquitto, with an authority made for the test."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from calibration.errors import DeliveryError
from edge.config.broker import BrokerSettings, TlsSettings
from edge.delivery.expiry import expiring
from edge.delivery.notices import Notices
from edge.delivery.outbox import Outbox
from edge.delivery.tls import tls_context
from tests.edge.delivery.builders import TOPICS, put
from tests.edge.delivery.conftest import Running, settings_for, wait_for
from tests.edge.delivery.mosquitto import Mosquitto, find

Start = Callable[[BrokerSettings], Running]


@dataclass(frozen=True)
class Papers:
    """An authority, and what it signed."""

    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / name

    def authority(self, name: str) -> None:
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip

    def signed(self, name: str, authority: str, host: str) -> None:
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
        )  # fmt: skip
        self.path("names").write_text(f"subjectAltName={host}\n")
        self._openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-days", "2", "-out", f"{name}.pem", "-extfile", "names",
        )  # fmt: skip

    def expired(self, name: str, authority: str) -> None:
        """Let it have ended an hour ago; openssl itself does not sign into the past."""
        old = x509.load_pem_x509_certificate(self.path(f"{name}.pem").read_bytes())
        by = x509.load_pem_x509_certificate(self.path(f"{authority}.pem").read_bytes())
        key = serialization.load_pem_private_key(self.path(f"{authority}.key").read_bytes(), None)
        now = datetime.now(UTC)
        made = x509.CertificateBuilder(
            by.subject,
            old.subject,
            old.public_key(),
            old.serial_number,
            now - timedelta(days=2),
            now - timedelta(hours=1),
            list(old.extensions),
        ).sign(key, hashes.SHA256())  # type: ignore[arg-type]
        self.path(f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def _openssl(self, *arguments: str) -> None:
        subprocess.run([find("openssl"), *arguments], cwd=self.folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    made = Papers(tmp_path_factory.mktemp("papers"))
    for authority in ("ours", "stranger"):
        made.authority(authority)
    made.signed("broker", "ours", "IP:127.0.0.1")
    made.signed("elsewhere", "ours", "DNS:elsewhere.example")
    made.signed("agent", "ours", "DNS:edge-1")
    return made


def secure(folder: Path, papers: Papers, certificate: str = "broker", *lines: str) -> Mosquitto:
    return Mosquitto(
        folder / "mosquitto",
        f"cafile {papers.path('ours.pem')}",
        f"certfile {papers.path(f'{certificate}.pem')}",
        f"keyfile {papers.path(f'{certificate}.key')}",
        *lines,
    )


def test_a_trusted_broker_gets_the_events(tmp_path: Path, papers: Papers, outbox: Outbox, run_uplink: Start) -> None:
    put(outbox, "a")
    with secure(tmp_path, papers) as broker:
        run_uplink(settings_for(broker.port, tls={"ca": papers.path("ours.pem")}))
        wait_for(lambda: outbox.count() == 0, "delivery")


def test_a_large_picture_goes_through_tls(tmp_path: Path, papers: Papers, outbox: Outbox, run_uplink: Start) -> None:
    from tests.edge.delivery.builders import make_evidence

    put(outbox, "a", evidence=[make_evidence(tmp_path, content=bytes(range(256)) * 12_000)])
    with secure(tmp_path, papers) as broker:
        run_uplink(settings_for(broker.port, tls={"ca": papers.path("ours.pem")}))
        wait_for(lambda: outbox.count() == 0, "delivery")


@pytest.mark.parametrize(
    ("certificate", "trusted", "said"),
    [
        ("broker", "stranger.pem", "certificate is not to be trusted"),  # signed by somebody else
        ("broker", None, "certificate is not to be trusted"),  # the system's authorities do not know it
        ("elsewhere", "ours.pem", "certificate is not to be trusted"),  # another machine's
    ],
)
def test_a_broker_that_is_not_to_be_trusted_gets_nothing(
    tmp_path: Path, papers: Papers, outbox: Outbox, run_uplink: Start, certificate: str, trusted: str | None, said: str
) -> None:
    put(outbox, "a")
    with secure(tmp_path, papers, certificate) as broker:
        running = run_uplink(settings_for(broker.port, tls={"ca": papers.path(trusted) if trusted else None}))
        wait_for(lambda: running.uplink.last_error, "trouble")
        assert said in str(running.uplink.last_error)
        running.stop()
        assert "New client connected" not in broker.log()
    assert outbox.count() == 1


def test_verification_can_be_switched_off(tmp_path: Path, papers: Papers, outbox: Outbox, run_uplink: Start) -> None:
    put(outbox, "a")
    with secure(tmp_path, papers, "elsewhere") as broker:
        run_uplink(settings_for(broker.port, tls={"verify": False}))
        wait_for(lambda: outbox.count() == 0, "delivery")


@pytest.mark.parametrize("shown", [True, False], ids=["with certificate", "without"])
def test_a_broker_that_wants_to_know_who_we_are(
    tmp_path: Path, papers: Papers, outbox: Outbox, run_uplink: Start, shown: bool
) -> None:
    own = {"cert": papers.path("agent.pem"), "key": papers.path("agent.key")} if shown else {}
    put(outbox, "a")
    with secure(tmp_path, papers, "broker", "require_certificate true") as broker:
        running = run_uplink(settings_for(broker.port, tls={"ca": papers.path("ours.pem"), **own}))
        if shown:
            wait_for(lambda: outbox.count() == 0, "delivery")
        else:
            wait_for(lambda: running.uplink.last_error, "trouble")
            running.stop()
            assert outbox.count() == 1


def test_a_plain_broker_behind_a_tls_address_is_named(mosquitto: Mosquitto, run_uplink: Start) -> None:
    running = run_uplink(settings_for(mosquitto.port, tls={}))
    wait_for(lambda: running.uplink.last_error, "trouble")
    assert f"127.0.0.1:{mosquitto.port}" in str(running.uplink.last_error)


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        (TlsSettings(ca=Path("/nowhere/ca.pem")), "broker.tls.ca: /nowhere/ca.pem can not be read"),
        (TlsSettings(cert=Path("/nowhere/agent.pem")), "broker.tls.cert"),
    ],
)
def test_missing_files_are_named(tls: TlsSettings, said: str) -> None:
    with pytest.raises(DeliveryError, match=said):
        tls_context(tls)


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("not a certificate")
    with pytest.raises(DeliveryError, match="can not be used"):
        tls_context(TlsSettings(ca=wrong))


def test_papers_that_expire_soon_are_named(tmp_path: Path, papers: Papers, outbox: Outbox, run_uplink: Start) -> None:
    """All of these are made for two days."""
    with secure(tmp_path, papers) as broker:
        files = {"ca": "ours.pem", "cert": "agent.pem", "key": "agent.key"}
        tls = {name: papers.path(file) for name, file in files.items()}
        running = run_uplink(settings_for(broker.port, tls=tls))
        wait_for(lambda: len(running.uplink.papers.expiring) == 3, "three warnings")
        ids = iter("abc")
        running.uplink.papers.tell = Notices(outbox, TOPICS, "en", ids.__next__, time.time).tell
        running.uplink.papers.anew()
        wait_for(lambda: len(outbox.active()) == 3 and outbox.count() == 0, "three events")
    authority, own, broker_s = map(str, running.uplink.papers.expiring)
    assert authority.startswith(f"broker.tls.ca: {papers.path('ours.pem')} expires in 1 days, on ")
    assert own.startswith("broker.tls.cert: ")
    assert broker_s.startswith("the broker's certificate expires in 1 days, on ")


def test_papers_are_named_by_their_time(papers: Papers) -> None:
    tls = TlsSettings(ca=papers.path("ours.pem"))
    now_s = time.time()
    assert expiring(tls, None, now_s - 60 * 86_400) == ()
    assert "expired on" in str(expiring(tls, None, now_s + 3 * 86_400)[0])
    assert expiring(TlsSettings(ca=papers.path("missing.pem")), None, now_s) == ()


def test_a_broker_whose_certificate_has_expired_gets_nothing_until_it_is_renewed(
    tmp_path: Path, papers: Papers, outbox: Outbox, run_uplink: Start
) -> None:
    put(outbox, "a")
    papers.signed("aged", "ours", "IP:127.0.0.1")
    papers.expired("aged", "ours")
    with secure(tmp_path, papers, "aged") as broker:
        running = run_uplink(settings_for(broker.port, tls={"ca": papers.path("ours.pem")}, backoff_max_s=0.2))
        wait_for(lambda: "certificate has expired" in str(running.uplink.last_error), "the reason")
        assert outbox.count() == 1
        broker.stop()
        papers.signed("aged", "ours", "IP:127.0.0.1")
        broker.start()
        wait_for(lambda: outbox.count() == 0, "delivery")


def test_an_agent_whose_own_certificate_has_expired_says_which_and_takes_its_renewal(
    tmp_path: Path, papers: Papers, outbox: Outbox, run_uplink: Start
) -> None:
    put(outbox, "a")
    papers.signed("tired", "ours", "DNS:edge-1")
    papers.expired("tired", "ours")
    files = {"ca": "ours.pem", "cert": "tired.pem", "key": "tired.key"}
    tls = {name: papers.path(file) for name, file in files.items()}
    with secure(tmp_path, papers, "broker", "require_certificate true") as broker:
        running = run_uplink(settings_for(broker.port, tls=tls, backoff_max_s=0.2))
        wait_for(lambda: "tired.pem expired on" in " ".join(map(str, running.uplink.papers.expiring)), "the file")
        assert outbox.count() == 1
        papers.signed("tired", "ours", "DNS:edge-1")
        wait_for(lambda: outbox.count() == 0, "delivery")


def test_a_bundle_is_good_while_one_of_its_authorities_is(papers: Papers) -> None:
    both = papers.path("both.pem")
    papers.authority("aged-authority")
    papers.expired("aged-authority", "ours")
    both.write_bytes(papers.path("aged-authority.pem").read_bytes() + papers.path("ours.pem").read_bytes())
    now_s = time.time()
    assert "expires in 1 days" in str(expiring(TlsSettings(ca=both), None, now_s)[0])
    assert len(expiring(TlsSettings(ca=both), b"no certificate", now_s)) == 1
