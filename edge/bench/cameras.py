"""The cameras of one run, and the site file that says so: the same for Lookout and for the other loops."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from edge.bench.clips import Clip, Library
from edge.bench.scenes import LAWN, Scene
from edge.config.broker import BrokerSettings
from pipelines.hazards import HazardKind

BUSY_EVERY = 3
"""Of so many cameras one has people in it 30 % of the time: at any moment every tenth camera is active."""

MAX_GAP_S = 10.0


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera of a run."""

    name: str
    clip: Clip


def quiet(library: Library, count: int) -> list[Camera]:
    """Cameras that see an empty yard."""
    return [Camera(f"quiet-{i:03}", library.quiet(i)) for i in range(count)]


def busy(library: Library, count: int) -> list[Camera]:
    """Cameras that see people 30 % of the time; not all at the same time."""
    # Steps of 3 through 10 phases reach all of them.
    return [Camera(f"busy-{i:03}", library.busy(3 * i)) for i in range(count)]


def active10(library: Library, count: int) -> list[Camera]:
    """Cameras of which, at any moment, every tenth is active on average; so are the first few of them."""
    stirs = [i % BUSY_EVERY == 1 for i in range(count)]
    calm, lively = iter(quiet(library, stirs.count(False))), iter(busy(library, stirs.count(True)))
    return [next(lively if one else calm) for one in stirs]


def with_hazards(
    cameras: Sequence[Camera],
    library: Library,
    scenes: Sequence[tuple[Scene, float]],
    *,
    seed: int,
    tail_s: float,
    substream: bool = False,
) -> list[Camera]:
    """The same cameras, hazards on some of them, drawn at random; each happens once in a run.

    Args:
        cameras: of the run.
        library: makes their clips.
        scenes: what happens, and after how much quiet.
        seed: the same seed draws the same cameras.
        tail_s: quiet after the last hazard; whoever saw one before it sees quiet until then.
        substream: they are looked at on their sub-streams.
    """
    drawn = random.Random(seed).sample(range(len(cameras)), min(len(cameras), len(scenes)))  # noqa: S311 - no secret
    changed = list(cameras)
    # Clips begin again at their end: all end together, or the first hazard would happen again beside the last.
    end_s = max((lead_s + scene.length_s for scene, lead_s in scenes), default=0.0) + tail_s
    for at, (scene, lead_s) in zip(drawn, scenes, strict=False):
        after_s = end_s - lead_s - scene.length_s
        changed[at] = Camera(f"hazard-{at:03}", library.hazard(scene, at, lead_s, after_s, substream=substream))
    return changed


def site_document(
    cameras: Sequence[Camera],
    broker: BrokerSettings,
    data: Path,
    *,
    substream: bool = False,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A site with these cameras.

    Args:
        cameras: what it watches.
        broker: where events go.
        data: the agent's folder.
        substream: the sub-stream is all they have, as for the other loops.
        changes: settings of every source.
    """
    zoned = any(HazardKind.RESTRICTED_ZONE in camera.clip.onsets for camera in cameras)
    return {
        "site": {"name": "bench"},
        "agent": {"name": "bench", "lang": "en", "data": str(data), "status_every_s": 2, "harvest": {"budget_mb": 0}},
        "broker": {"host": broker.host, "port": broker.effective_port, "protocol": broker.protocol},
        "models": [{"name": "fire-smoke"}, *([{"name": "people-vehicles"}] if zoned else [])],
        "sources": [_source(camera, substream) | dict(changes or {}) for camera in cameras],
    }


def write_site(path: Path, document: Mapping[str, Any]) -> Path:
    """Write a site file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(document), allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def sub_only(cameras: Sequence[Camera]) -> list[Camera]:
    """The same cameras with their sub-stream alone: what another loop would be given."""
    return [replace(camera, clip=replace(camera.clip, main=camera.clip.sub)) for camera in cameras]


def _source(camera: Camera, substream: bool) -> dict[str, Any]:
    main, sub = (str(path.absolute()) for path in (camera.clip.main, camera.clip.sub))
    urls = {"url": main}
    if substream:
        urls = {"url": sub}
    source: dict[str, Any] = {"name": camera.name, **urls, "loop": True, "max_gap_s": MAX_GAP_S}
    if HazardKind.RESTRICTED_ZONE in camera.clip.onsets:
        source["zones"] = [{"name": "lawn", "polygon": [list(point) for point in LAWN]}]
        source["rules"] = [{"rule": "restricted_zone", "zone": "lawn", "dwell_s": 1}]
    else:
        source["rules"] = [{"rule": "fire"}, {"rule": "smoke"}]
    return source
