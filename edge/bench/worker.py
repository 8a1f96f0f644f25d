"""`python -m edge.bench.worker`: one loop in a process of its own, so that its processor time is its alone.

A job as JSON on standard input, the outcome as one line of JSON at the end of standard output.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from calibration.errors import LookoutError
from edge.agent.lineup import line_up
from edge.bench.feed import Feed
from edge.bench.loops import Rivals
from edge.bench.scenes import FPS
from edge.bench.steps import steps
from edge.config import load_site
from edge.footprint import keep_small
from edge.model_store import ModelStore

_HEAD_START_S = 0.3


def outcome(job: dict[str, Any]) -> dict[str, Any]:
    """Do a job: play a loop, or measure single steps (see `steps`)."""
    if job["task"] == "steps":
        models = Path(job["models"]) if job["models"] else None
        return steps(Path(job["clip"]), job["model"], models, job["frames"], job["repeats"])
    return loop(job)


def loop(job: dict[str, Any]) -> dict[str, Any]:
    """Play cameras into a loop.

    Args:
        job: `loop`, `site` (a file), `models` (a folder or None) and `runs`: for each `cameras` (names of the site's
            sources), `seconds` and `paced`.

    Returns:
        `runs`: for each `cpu_s`, `wall_s`, `media_s`, `looks`, `model_runs`, `late_s` and `raised`.
    """
    store = ModelStore.installed(Path(job["models"]) if job.get("models") else None)
    site = load_site(Path(job["site"]), store=store)
    plans = line_up(site, store).plans
    paths = {source.name: Path(source.url) for source in site.sources}
    rivals = Rivals(job["loop"], store)
    return {"runs": [_run(run, rivals, plans, paths) for run in job["runs"]]}


def _run(run: dict[str, Any], rivals: Rivals, plans: Any, paths: dict[str, Path]) -> dict[str, Any]:
    loops = {name: rivals.loop(plans[name]) for name in run["cameras"]}
    began_s, cpu_s = time.monotonic(), time.process_time()
    origin_s = began_s + _HEAD_START_S if run["paced"] else None
    feeds = [Feed(name, paths[name], loop, run["seconds"], origin_s) for name, loop in loops.items()]
    stop = threading.Event()
    threads = [threading.Thread(target=feed.run, args=(stop,), name=f"camera {i}") for i, feed in enumerate(feeds)]
    for thread in threads:
        thread.start()
    # Who can not keep up is not waited for: that it could not is what there was to learn.
    until_s = began_s + run["seconds"] + 1.0 if run["paced"] else float("inf")
    for thread in threads:
        thread.join(None if not run["paced"] else max(0.0, until_s - time.monotonic()))
    cpu_s, wall_s = time.process_time() - cpu_s, time.monotonic() - began_s
    stop.set()
    for thread in threads:
        thread.join()
    errors = [feed.error for feed in feeds if feed.error is not None]
    if errors:
        raise errors[0]
    return {
        "cpu_s": cpu_s,
        "wall_s": wall_s,
        "media_s": sum(feed.pictures for feed in feeds) / FPS,
        "looks": sum(loop.looks for loop in loops.values()),
        "model_runs": sum(loop.runs for loop in loops.values()),
        "late_s": max(feed.late_s for feed in feeds),
        "raised": [asdict(one) for feed in feeds for one in feed.raised],
    }


def main() -> None:
    """Read the job, do it, print what came of it."""
    keep_small()
    job = json.load(sys.stdin)
    # Libraries write to standard output as they like: what they write goes to standard error.
    result = os.dup(1)
    os.dup2(2, 1)
    try:
        told = outcome(job)
    except LookoutError as error:
        told = {"fault": str(error)}
    with os.fdopen(result, "w") as out:
        out.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
