"""Addresses as they may be shown to people: without user, password or token."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Up to the last @: passwords hold slashes and question marks that nobody encoded.
_USER = re.compile(r"(?<=://)\S*@")
# Cameras want it in the path too (`/user=admin_password=…_channel=1`). A slash may belong to the password:
# rather too much is blotted out than its second half shown.
_PASSWORD = re.compile(r"(?i)(?<![a-z])(password|passwd|pass|pwd|token|secret|key)=[^&\s]*")


def without_secrets(text: str) -> str:
    """The same text, with what nobody else may know blotted out of the addresses in it."""
    return _PASSWORD.sub(r"\1=***", _USER.sub("***@", text))


def shown(url: str) -> str:
    """An address without what may be a secret in it: user, password, query."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
