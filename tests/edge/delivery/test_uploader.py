"""Evidence by HTTP PUT, to real servers that take it, refuse it, break off, or say nothing."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from calibration.errors import CommandFailed, CommandRefused
from edge.config.broker import TlsSettings
from edge.config.upload import UploadSettings
from edge.delivery.dispatch import Dispatch
from edge.delivery.entries import Kind
from edge.delivery.outbox import Outbox
from edge.delivery.uploader import Uploader, give_up_uploads
from tests.edge.delivery.builders import TOPICS, make_event, make_evidence
from tests.edge.delivery.conftest import settings_for, wait_for
from tests.edge.delivery.mosquitto import Mosquitto
from tests.edge.delivery.test_tls import Papers, papers

__all__ = ["papers"]  # fixture


class Store(http.server.ThreadingHTTPServer):
    """Takes files, unless `answers` says otherwise for the next ones."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.answers: list[int | None] = []
        self.asked = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}" + "/{site}/{agent}/{incident}/{name}?sig=hush"

    def handle_error(self, *_: object) -> None:
        """Broken connections are what some tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Store

    def do_PUT(self) -> None:
        self.server.asked += 1
        answer = self.server.answers.pop(0) if self.server.answers else 201
        if answer is None:  # break off in the middle
            self.rfile.read(10)
            self.connection.close()
            return
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if answer == 201:
            self.server.files[self.path] = content
            self.server.headers[self.path] = dict(self.headers)
        self.send_response(answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def store() -> Iterator[Store]:
    with Store() as store:
        yield store
        store.shutdown()


@pytest.fixture
def run_uploader(outbox: Outbox) -> Iterator[Callable[[UploadSettings], Uploader]]:
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(settings: UploadSettings) -> Uploader:
        uploader = Uploader(settings, outbox)
        threads.append(threading.Thread(target=uploader.run, args=(stop, lambda: None)))
        threads[-1].start()
        return uploader

    yield start
    stop.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def settings(url: str | None, **more: object) -> UploadSettings:
    return UploadSettings.model_validate({"url": url, **more})


def dispatch(outbox: Outbox, upload: UploadSettings) -> Dispatch:
    return Dispatch(
        outbox, TOPICS, upload=lambda i, n: upload.address(TOPICS.site, TOPICS.agent, i, n), part_bytes=16384
    )


def deliver_events(outbox: Outbox) -> None:
    """What the uplink does."""
    while entries := outbox.next_entries(10):
        assert all(entry.kind is not Kind.EVIDENCE for entry in entries), "what has an address does not go over MQTT"
        outbox.done(entries)


def test_a_file_goes_to_its_address_after_its_event(
    outbox: Outbox, store: Store, run_uploader: Callable[..., Uploader], tmp_path: Path
) -> None:
    upload = settings(store.url, token="secret")
    content = b"\xff\xd8" + bytes(range(256)) * 4000
    picture = make_evidence(tmp_path, content=content)
    dispatch(outbox, upload).send(make_event(), evidence=[picture])
    uploader = run_uploader(upload)
    time.sleep(0.6)
    assert store.files == {}, "the event goes first"
    deliver_events(outbox)
    wait_for(lambda: outbox.count() == 0, "the upload")
    ((path, taken),) = store.files.items()
    assert path == f"/{TOPICS.site}/{TOPICS.agent}/{picture.incident}/{picture.name}?sig=hush"
    assert taken == content
    headers = store.headers[path]
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Content-Type"] == picture.media_type
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert headers["Content-Digest"] == f"sha-256=:{digest}:"
    assert (uploader.error, uploader.sent) == (None, 1)


def test_the_event_says_where(outbox: Outbox, store: Store, tmp_path: Path) -> None:
    picture = make_evidence(tmp_path, content=bytes(100_000))
    dispatch(outbox, settings(store.url)).send(make_event(), evidence=[picture])
    event = next(entry for entry in outbox.waiting() if entry.kind is Kind.EVENT)
    (said,) = json.loads(event.payload or b"")["data"]["evidence"]
    assert said["url"].startswith(f"http://127.0.0.1:{store.server_port}/{TOPICS.site}/")
    assert "hush" not in said["url"]
    assert "topic" not in said
    assert "parts" not in said
    assert len([entry for entry in outbox.waiting() if entry.kind is Kind.EVIDENCE]) == 1


def test_a_server_in_trouble_is_asked_again_and_nothing_is_lost(
    outbox: Outbox, store: Store, run_uploader: Callable[..., Uploader], tmp_path: Path
) -> None:
    store.answers = [503, None, 429]
    upload = settings(store.url)
    dispatch(outbox, upload).send(make_event(), evidence=[make_evidence(tmp_path, content=bytes(300_000))])
    deliver_events(outbox)
    uploader = run_uploader(upload)
    wait_for(lambda: uploader.error is not None, "that it is said")
    assert "hush" not in str(uploader.error)
    wait_for(lambda: outbox.count() == 0, "the upload", 20)
    assert store.asked == 4
    assert uploader.error is None


def test_a_file_that_is_refused_does_not_hold_up_the_next(
    outbox: Outbox, store: Store, run_uploader: Callable[..., Uploader], tmp_path: Path
) -> None:
    store.answers = [403]
    upload = settings(store.url)
    sender = dispatch(outbox, upload)
    sender.send(make_event(), evidence=[make_evidence(tmp_path, name="a.jpg"), make_evidence(tmp_path, name="b.jpg")])
    deliver_events(outbox)
    uploader = run_uploader(upload)
    wait_for(lambda: len(store.files) == 1, "the other")
    assert next(iter(store.files)).partition("?")[0].endswith("/b.jpg")
    assert "403" in str(uploader.error)
    assert outbox.count() == 1
    wait_for(lambda: outbox.count() == 0, "the second attempt", 20)
    assert uploader.error is None


def test_without_a_server_nothing_waits_for_one(outbox: Outbox, store: Store, tmp_path: Path) -> None:
    dispatch(outbox, settings(store.url)).send(make_event(), evidence=[make_evidence(tmp_path)])
    deliver_events(outbox)
    assert outbox.count() == 1
    give_up_uploads(outbox)
    assert outbox.count() == 0


def test_a_file_that_is_gone_is_skipped(
    outbox: Outbox, store: Store, run_uploader: Callable[..., Uploader], tmp_path: Path
) -> None:
    upload = settings(store.url)
    picture = make_evidence(tmp_path)
    dispatch(outbox, upload).send(make_event(), evidence=[picture])
    deliver_events(outbox)
    picture.path.unlink()
    run_uploader(upload)
    wait_for(lambda: outbox.count() == 0, "that it is skipped")
    assert store.files == {}


def test_a_server_that_can_not_be_reached_holds_up_no_alarm(
    outbox: Outbox,
    mosquitto: Mosquitto,
    run_uploader: Callable[..., Uploader],
    run_uplink: Callable[..., object],
    tmp_path: Path,
) -> None:
    upload = settings("http://127.0.0.1:1/{incident}/{name}")
    dispatch(outbox, upload).send(make_event(), evidence=[make_evidence(tmp_path)])
    uploader = run_uploader(upload)
    run_uplink(settings_for(mosquitto.port))
    wait_for(lambda: outbox.count() == 1, "the event")
    wait_for(lambda: uploader.error is not None and "127.0.0.1:1" in uploader.error, "that it is said")


def test_a_platform_has_a_file_put_where_it_wants_it(
    outbox: Outbox, store: Store, papers: Papers, run_uploader: Callable[..., Uploader], tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers.path("broker.pem"), papers.path("broker.key"))
    store.socket = context.wrap_socket(store.socket, server_side=True)
    address = f"127.0.0.1:{store.server_port}"
    uploader = run_uploader(settings(None, hosts=[address], tls=TlsSettings(ca=papers.path("ours.pem"))))
    picture = make_evidence(tmp_path)
    store.answers = [503]
    assert uploader.ask(picture, f"https://{address}/x?sig=1").result(20) == {
        "bytes": picture.size, "sha256": picture.sha256,
    }  # fmt: skip
    assert list(store.files) == ["/x?sig=1"]
    assert "Authorization" not in store.headers["/x?sig=1"]
    store.answers = [403]
    with pytest.raises(CommandFailed, match="the server answers 403"):
        uploader.ask(picture, f"https://{address}/y?sig=hush").result(20)
    for url in (f"http://{address}/x", "https://127.0.0.1/x", "https://elsewhere.example/x", "https://[bad/x", "x"):
        with pytest.raises(CommandRefused, match="is not allowed; https:// to a host of: 127"):
            uploader.ask(picture, url)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "neither `url` nor `hosts`"),
        ({"url": "ftp://x/{incident}/{name}"}, "pattern"),
        ({"url": "https://x/{name}"}, "{incident} nowhere in it"),
        ({"hosts": ["x"], "token": "t"}, "token without url"),
        ({"url": "https://me:hush@x/{incident}/{name}"}, "use `token`"),
        ({"url": "https://x/{incident}/{name}?of={agent}"}, "before the ? alone".replace("?", "[?]")),
    ],
)
def test_settings_that_can_not_work(said: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words.replace("{", "[{]")):
        UploadSettings.model_validate(said)


def test_names_do_not_lead_elsewhere() -> None:
    upload = settings("https://files.example/{site}/{agent}/{incident}/{name}")
    assert upload.address("s", "a", "../../x", "b?c#d.jpg") == "https://files.example/s/a/..%2F..%2Fx/b%3Fc%23d.jpg"
