"""Packages over real HTTP: what is not what it should be leaves nothing behind, and nothing leads out of the folder."""

from __future__ import annotations

import hashlib
import http.server
import io
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from calibration.errors import ModelError
from edge.updates.package import MOST_BYTES, fetch, unpack, until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Serves a folder; its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}", folder
        served.shutdown()
        thread.join()


def tar(path: Path, *members: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w") as file:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path


def always() -> bool:
    return True


def test_a_package_comes_whole(server: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = server
    content = bytes(range(256)) * 1000
    (folder / "m.tar").write_bytes(content)
    fetch(f"{url}/m.tar", hashlib.sha256(content).hexdigest(), tmp_path / "got", always)
    assert (tmp_path / "got").read_bytes() == content


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda url: (f"{url}/m.tar?token=secret", "0" * 64), "has the digest .*, announced was 0000"),
        (lambda url: (f"{url}/other.tar", "0" * 64), "can not be fetched: HTTP Error 404"),
        (lambda _: ("file" + "://" + "/etc/passwd", "0" * 64), r"fetched by https:// or http:// only"),
        (lambda _: ("http://127.0.0.1:1/m.tar", "0" * 64), "can not be fetched: .*refused"),
        (lambda _: ("http://user:secret@[broken/m.tar", "0" * 64), "no address"),
    ],
)
def test_what_can_not_be_had_is_named_without_secrets(
    server: tuple[str, Path], tmp_path: Path, make: Callable[[str], tuple[str, str]], words: str
) -> None:
    url, folder = server
    (folder / "m.tar").write_bytes(b"something")
    address, digest = make(url)
    with pytest.raises(ModelError, match=words) as caught:
        fetch(address, digest, tmp_path / "got", always)
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "got").exists()


def test_it_is_given_up_when_the_agent_ends(server: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = server
    (folder / "m.tar").write_bytes(b"x" * 10_000_000)
    with pytest.raises(ModelError, match="given up"):
        fetch(f"{url}/m.tar", "0" * 64, tmp_path / "got", lambda: False)
    assert not (tmp_path / "got").exists()
    assert until(lambda: False, 60.0)()
    assert not until(lambda: True, 60.0)()
    assert not until(lambda: False, -1.0)()


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.updates.package._SILENCE_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ModelError, match="timed out"):
        fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/m.tar", "0" * 64, tmp_path / "got", always)


@pytest.mark.parametrize("prefix", ["", "fire-smoke/", "./", "../../out/", "/tmp/"])
def test_files_land_in_the_folder_wherever_the_package_wants_them(tmp_path: Path, prefix: str) -> None:
    package = tar(tmp_path / "p.tar", (f"{prefix}card.yaml", b"card"), (f"{prefix}model.onnx", b"weights"))
    unpack(package, tmp_path / "models" / "m")
    assert {path.name for path in (tmp_path / "models" / "m").iterdir()} == {"card.yaml", "model.onnx"}
    assert {path.name for path in tmp_path.iterdir()} == {"p.tar", "models"}


def test_links_and_strange_files_are_left_out(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "p.tar", "w") as file:
        for name, kind in (
            ("card.yaml.sig", tarfile.SYMTYPE),
            ("model.onnx", tarfile.LNKTYPE),
            ("x.onnx", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            file.addfile(info)
        for name in ("card.yaml", "run.sh", ".hidden.yaml"):
            file.addfile(tarfile.TarInfo(name), io.BytesIO())
    unpack(tmp_path / "p.tar", tmp_path / "m")
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["card.yaml"]


@pytest.mark.parametrize("content", [b"", b"no tar file", b"\x1f\x8b\x08broken"])
def test_what_is_no_package_leaves_no_folder(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.tar").write_bytes(content)
    with pytest.raises(ModelError, match=r"p\.tar: (can not be unpacked|holds no card\.yaml)"):
        unpack(tmp_path / "p.tar", tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_name_twice_and_a_bomb_are_refused(tmp_path: Path) -> None:
    tar(tmp_path / "twice.tar", ("a/card.yaml", b"1"), ("b/card.yaml", b"2"))
    with pytest.raises(ModelError, match="can not be unpacked"):
        unpack(tmp_path / "twice.tar", tmp_path / "m")
    bomb = tarfile.TarInfo("model.onnx")
    bomb.size = MOST_BYTES + 1
    (tmp_path / "bomb.tar").write_bytes(bomb.tobuf())
    with pytest.raises(ModelError, match="more than"):
        unpack(tmp_path / "bomb.tar", tmp_path / "m")
    assert not (tmp_path / "m").exists()
