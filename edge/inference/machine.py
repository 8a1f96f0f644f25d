"""Which machine this is, as far as the speed of a model depends on it."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import onnxruntime
from pydantic import BaseModel, ConfigDict

_NAMES = ("model name", "Hardware", "Model")  # x86; ARM, as its kernels have it


class Machine(BaseModel):
    """What a measurement holds for: with anything of it changed, it is worth nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpu: str
    cores: int
    onnxruntime: str


def this_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> Machine:
    """The machine that runs this; cores are those that the process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(cpu=_cpu(cpuinfo), cores=cores, onnxruntime=onnxruntime.__version__)


def _cpu(cpuinfo: Path) -> str:
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    named = next((said[name] for name in _NAMES if said.get(name)), platform.processor() or "unknown")
    return f"{platform.machine()} {named}"
