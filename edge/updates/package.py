"""A model that comes over the network: one tar file of a model's folder, known by its digest."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

from calibration.errors import ModelError
from edge.address import shown
from edge.model_store import CARD

MOST_BYTES = 256 * 1024**2
"""A package that is larger is not fetched, and one that unpacks to more is not unpacked."""

_SILENCE_S = 30.0
_PIECE_BYTES = 64 * 1024
_FILES = (CARD, f"{CARD}.sig")
_SUFFIXES = (".onnx", ".json", ".md", ".yaml")


def fetch(url: str, sha256: str, path: Path, go_on: Callable[[], bool], most_bytes: int = MOST_BYTES) -> None:
    """Bring a package, or another file, to `path`.

    Args:
        url: `https://` or `http://`; what counts is the digest.
        sha256: of the package, hex.
        path: written; nothing is left there if it fails.
        go_on: called for each piece; False gives up.
        most_bytes: one that is larger is not fetched.

    Raises:
        ModelError: it can not be fetched, or is not what it should be; the text says which.
    """
    try:
        scheme = urlsplit(url).scheme
    except ValueError as error:
        raise ModelError("package: its url is no address") from error
    if scheme not in ("https", "http"):
        raise ModelError(f"package {shown(url)}: fetched by https:// or http:// only")
    try:
        with urlopen(url, timeout=_SILENCE_S) as answer, path.open("wb") as file:  # noqa: S310 - the scheme was checked
            digest = _copy(answer, file, go_on, most_bytes)
    except HTTPError as error:
        error.close()
        raise ModelError(f"package {shown(url)}: can not be fetched: {error}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        path.unlink(missing_ok=True)
        raise ModelError(f"package {shown(url)}: can not be fetched: {error}") from error
    if digest != sha256:
        path.unlink(missing_ok=True)
        raise ModelError(f"package {shown(url)}: has the digest {digest}, announced was {sha256}")


def _copy(answer: IO[bytes], file: IO[bytes], go_on: Callable[[], bool], most_bytes: int) -> str:
    """The digest of what was copied."""
    digest, size = hashlib.sha256(), 0
    while piece := answer.read(_PIECE_BYTES):
        if not go_on():
            raise ValueError("given up, it takes too long or the agent ends")
        size += len(piece)
        if size > most_bytes:
            raise ValueError(f"it is larger than {most_bytes:,} bytes")
        digest.update(piece)
        file.write(piece)
    return digest.hexdigest()


def unpack(package: Path, folder: Path) -> None:
    """Make a model's folder of a package: card, signature and weights, side by side or in one folder.

    Args:
        package: a tar file, also compressed.
        folder: made; whatever was there goes.

    Raises:
        ModelError: it is no tar file, or holds no model.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with tarfile.open(package) as tar:
            _take(tar, folder)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ModelError(f"package {package.name}: can not be unpacked: {error}") from error
    if not (folder / CARD).is_file():
        shutil.rmtree(folder, ignore_errors=True)
        raise ModelError(f"package {package.name}: holds no {CARD}")


def _take(tar: tarfile.TarFile, folder: Path) -> None:
    """Plain files alone, each under its last name: nothing that a name in the package says leads out of `folder`."""
    left = MOST_BYTES
    for member in tar:
        name = Path(member.name).name
        content = tar.extractfile(member) if member.isreg() else None
        if content is None or not (name in _FILES or name.endswith(_SUFFIXES)) or name.startswith("."):
            continue
        left -= member.size
        if left < 0:
            raise ValueError(f"it holds more than {MOST_BYTES:,} bytes")
        with (folder / name).open("xb") as file:
            shutil.copyfileobj(content, file)


def until(stopped: Callable[[], bool], longest_s: float) -> Callable[[], bool]:
    """For `fetch`: go on until somebody stops it, and no longer than this."""
    deadline = time.monotonic() + longest_s
    return lambda: not stopped() and time.monotonic() < deadline
