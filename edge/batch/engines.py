"""Who does the work: this process, or the processes of Ray, on one machine or on a cluster."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from calibration.errors import ConfigError
from edge.batch.job import Settings, inspect_recording
from edge.replay import Record

Engine = Literal["plain", "ray"]
_RETRIES = 3
_WAITING_EACH = 2
"""Jobs that lie ready for each worker: enough to keep it busy, few enough that a worker that is lost loses little."""


def plain(settings: Settings, folder: str, clips: Sequence[str]) -> Iterator[tuple[str, list[Record]]]:
    """One after the other, in this process."""
    for clip in clips:
        yield clip, inspect_recording(settings, folder, clip)


def spread(
    settings: Settings, folder: str, clips: Sequence[str], *, workers: int | None, address: str | None
) -> Iterator[tuple[str, list[Record]]]:
    """By Ray, in the order in which they are done. A recording whose worker is lost is given to another one.

    Args:
        settings: what to inspect for.
        folder: the archive; on a cluster every machine must have it there.
        clips: recordings, by their path in the folder.
        workers: how many at a time; a core each, all of them if None.
        address: of a cluster; this machine if None.

    Raises:
        ConfigError: Ray is missing, or the cluster can not be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing of ours goes to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise ConfigError(["--engine ray needs Ray: pip install 'lookout-agent[batch]'"]) from error
    try:
        ray.init(
            address=address, num_cpus=workers if address is None else None, include_dashboard=False,
            log_to_driver=False, logging_level=logging.ERROR, configure_logging=False,
        )  # fmt: skip
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ConfigError([f"--address {address}: {error}"]) from error
    try:
        yield from _spread(ray, settings, folder, clips)
    finally:
        ray.shutdown()


def _spread(ray: Any, settings: Settings, folder: str, clips: Sequence[str]) -> Iterator[tuple[str, list[Record]]]:
    job = ray.remote(max_retries=_RETRIES, num_cpus=1)(inspect_recording)
    at_once = max(1, int(ray.cluster_resources().get("CPU", 1))) * _WAITING_EACH
    waiting, running = list(reversed(clips)), dict[Any, str]()
    while waiting or running:
        while waiting and len(running) < at_once:
            clip = waiting.pop()
            running[job.remote(settings, folder, clip)] = clip
        (done,), _ = ray.wait(list(running), num_returns=1)
        clip = running.pop(done)
        try:
            yield clip, ray.get(done)
        except ray.exceptions.RayError as error:
            # A recording that ends every worker that is given it must not end the others.
            reason = str(error).strip().splitlines()[-1]
            yield clip, [{"type": "failed", "clip": clip, "reason": f"after {_RETRIES + 1} attempts: {reason}"}]
