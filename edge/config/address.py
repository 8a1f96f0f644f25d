"""Addresses as they may be shown to people: without user, password or token."""

from __future__ import annotations

import re

# Up to the last @: passwords hold slashes and question marks that nobody encoded.
_USER = re.compile(r"(?<=://)\S*@")
_PASSWORD = re.compile(r"(?i)\b(password|passwd|pass|pwd|token|secret|key)=[^&/?#\s]*")


def without_secrets(url: str) -> str:
    """The same address, with what nobody else may know blotted out."""
    return _PASSWORD.sub(r"\1=***", _USER.sub("***@", url))
