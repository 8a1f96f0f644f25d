"""What the log says at the start: who watches what, with what."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.config import Site

log = logging.getLogger(__name__)


def announce(site: Site, data: Path, topics: str, models: Sequence[Mapping[str, Any]], waiting: int) -> None:
    """Log it.

    Args:
        site: what is watched.
        data: the data folder.
        topics: what all topics of this agent begin with.
        models: name and version of each.
        waiting: events that wait to be delivered.
    """
    log.info(
        "lookout starts",
        extra={
            "site": site.site.name, "agent": site.agent.name, "data": str(data),
            "broker": site.broker.address, "topics": topics,
            "models": ", ".join(f"{m['name']} {m['version']}" for m in models), "waiting": waiting,
        },
    )  # fmt: skip
    for source in site.sources:
        log.info(
            "source",
            extra={
                "source": source.name, "address": source.address, "mode": str(source.mode),
                "rules": ", ".join(rule.title for rule in source.rules), "drill": source.drill is not None,
            },
        )  # fmt: skip
