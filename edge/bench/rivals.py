"""Runs loops A, B and C, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import edge
from calibration.errors import LookoutError
from edge.bench.feed import Raised

_LAST_LINES = 3


@dataclass(frozen=True, slots=True)
class Run:
    """What a loop is given.

    Attributes:
        cameras: names of the site's sources.
        seconds: of each camera.
        paced: as they would come from live cameras; else as fast as it goes, which costs a loop that does not ask
            for the time the same.
    """

    cameras: tuple[str, ...]
    seconds: float
    paced: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """What it came to.

    Attributes:
        cpu_s: processor seconds.
        wall_s: time it took.
        media_s: seconds of all cameras together that were played.
        looks: pictures at which a model looked.
        model_runs: parts of pictures that it was given.
        late_s: paced, the most that a picture was behind its time once the loop had done with it.
        raised: alarms.
    """

    cpu_s: float
    wall_s: float
    media_s: float
    looks: int
    model_runs: int
    late_s: float
    raised: tuple[Raised, ...]

    @property
    def share(self) -> float:
        """Processor time for each second of a camera, in cores."""
        return self.cpu_s / self.media_s


def run_loop(
    kind: str, site: Path, runs: Sequence[Run], models: Path | None = None, limit_s: float = 600.0
) -> list[Ran]:
    """Have a loop play cameras of a site.

    Args:
        kind: `A`, `B`, `C` or `R`.
        site: the site file.
        runs: one after another, in one process.
        models: a folder of models before the installed ones.
        limit_s: it is ended after so long.

    Raises:
        LookoutError: the loop can not run, and why.
    """
    job = {"task": "loop", "loop": kind, "site": str(site), "runs": [asdict(run) for run in runs]}
    told = work(job | {"models": None if models is None else str(models)}, limit_s)
    return [Ran(**{**one, "raised": tuple(Raised(**r) for r in one["raised"])}) for one in told["runs"]]


def work(job: Mapping[str, Any], limit_s: float) -> dict[str, Any]:
    """Have a worker do a job; what it printed.

    Raises:
        LookoutError: it failed, or did not end in time.
    """
    # The same code as here, also in a checkout that was not installed.
    here = str(Path(edge.__file__).resolve().parents[1])
    paths = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "edge.bench.worker"],
            input=json.dumps(dict(job)),
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
            env=os.environ | {"PYTHONPATH": paths},
        )
    except subprocess.TimeoutExpired as error:
        raise LookoutError(f"not done within {limit_s:g} s") from error
    if done.returncode != 0:
        words = " / ".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
        raise LookoutError(f"its process ended with code {done.returncode}: {words}")
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    if "fault" in told:
        raise LookoutError(str(told["fault"]))
    return told
