"""One file to one address, by HTTP PUT."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Callable, Iterator
from ssl import SSLContext
from urllib.parse import urlsplit

from calibration.errors import DeliveryError
from edge.address import shown
from edge.evidence.files import EvidenceFile

_PIECE_BYTES = 64 * 1024
_TAKEN = range(200, 300)
_LATER = {408, 425, 429}


class UploadRefused(DeliveryError):
    """The server does not want this file; sending it again soon is of no use."""


def put(
    url: str,
    file: EvidenceFile,
    *,
    headers: dict[str, str],
    tls: SSLContext | None,
    timeout_s: float,
    beat: Callable[[], None],
) -> None:
    """Send a file; the server has it when this returns.

    The digest goes along as `Content-Digest` (RFC 9530), so that a server can tell whether all of it came.

    Args:
        url: `http://` or `https://`.
        file: what is sent.
        headers: more of them.
        tls: for `https://`.
        timeout_s: how long the server may say and take nothing.
        beat: called for each piece.

    Raises:
        UploadRefused: the server answers that it does not take it.
        DeliveryError: it can not be reached, or breaks off.
        FileNotFoundError: the file is gone.
    """
    parts = urlsplit(url)
    where = shown(url)
    digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
    with file.path.open("rb") as content:
        said = {
            "Content-Type": file.media_type, "Content-Length": str(file.path.stat().st_size),
            "Content-Digest": f"sha-256=:{digest}:", **headers,
        }  # fmt: skip
        line = _connection(parts.scheme, parts.hostname or "", parts.port, tls, timeout_s)
        try:
            target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            line.request("PUT", target, body=_pieces(content.read, beat), headers=said, encode_chunked=False)
            answer = line.getresponse()
            answer.read(_PIECE_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryError(f"upload to {where}: {error or type(error).__name__}") from error
        finally:
            line.close()
    if answer.status in _TAKEN:
        return
    sentence = f"upload to {where}: the server answers {answer.status} {answer.reason}"
    if 300 <= answer.status < 500 and answer.status not in _LATER:
        raise UploadRefused(sentence)
    raise DeliveryError(sentence)


def _connection(
    scheme: str, host: str, port: int | None, tls: SSLContext | None, timeout_s: float
) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=tls)
    return http.client.HTTPConnection(host, port, timeout=timeout_s)


def _pieces(read: Callable[[int], bytes], beat: Callable[[], None]) -> Iterator[bytes]:
    while piece := read(_PIECE_BYTES):
        beat()
        yield piece
