"""From libav's errors to ours, in words that an installer can act on."""

from __future__ import annotations

import builtins

import av.error

from calibration.errors import SourceError, SourceGone, SourceUnusable
from edge.address import without_secrets

_REFUSED = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)
_MISSING_PART = (av.error.ProtocolNotFoundError, av.error.DemuxerNotFoundError, av.error.DecoderNotFoundError)


def network_fault(name: str, url: str, error: av.error.FFmpegError | ValueError, doing: str) -> SourceError:
    """What went wrong with a source that may come back.

    Args:
        name: of the source.
        url: its address; a password in it is not shown.
        error: libav's.
        doing: what was tried, such as `connecting`.
    """
    head = f"source {name}: {without_secrets(url)}"
    if isinstance(error, _REFUSED):
        # Trying again with the same password can not help, and locks the account of many cameras.
        return SourceUnusable(f"{head}: the camera refused the user or password ({_text(error)})")
    if isinstance(error, av.error.HTTPNotFoundError):
        return SourceGone(f"{head}: the server knows no such stream (404 not found)")
    if isinstance(error, _MISSING_PART):
        return SourceUnusable(f"{head}: {_text(error)}; an address begins with rtsp://, rtmp:// or http(s)://")
    if isinstance(error, av.error.ExitError | builtins.TimeoutError):
        return silent(name, url, doing)
    if isinstance(error, av.error.FFmpegError):
        return SourceGone(f"{head}: {_text(error)} while {doing}")
    return SourceUnusable(f"{head}: the address is malformed ({error})")


def silent(name: str, url: str, doing: str) -> SourceGone:
    """Nothing came within the timeout."""
    return SourceGone(f"source {name}: {without_secrets(url)}: nothing was heard while {doing}, the connection is left")


def file_fault(name: str, url: str, error: av.error.FFmpegError) -> SourceUnusable:
    """What went wrong with a file at its opening."""
    head = f"source {name}: {url}"
    if isinstance(error, builtins.FileNotFoundError):
        return SourceUnusable(f"{head}: there is no such file")
    if isinstance(error, builtins.PermissionError):
        return SourceUnusable(f"{head}: may not be read (permission denied)")
    if isinstance(error, av.error.DecoderNotFoundError):
        return SourceUnusable(f"{head}: its codec is unknown")
    return SourceUnusable(f"{head}: is not a video, or its beginning is damaged ({_text(error)})")


def _text(error: av.error.FFmpegError) -> str:
    return (error.strerror or type(error).__name__).lower()
