"""The commands `lookout keys …`."""

from __future__ import annotations
