"""What can be chosen for a model, and which of two is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LESS_WORK = 0.95
"""Other weights are taken where they need at most this share of the time: less is noise."""

FASTER = 0.75
"""More threads are taken where an answer comes after at most this share of the time …"""

MORE_WORK = 1.25
"""… and costs all cores together no more than this: the cores belong to decoding as well."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to run a model.

    Attributes:
        weights: file name in the model's folder.
        sha256: of that file, as the card says it.
        threads: inside one run.
    """

    weights: str
    sha256: str
    threads: int

    def __str__(self) -> str:
        return f"{self.weights} with {self.threads} thread{'s' * (self.threads != 1)}"


@dataclass(frozen=True, slots=True)
class Timing:
    """What one look costs.

    Attributes:
        wall_ms: until the answer is there.
        cpu_ms: of all cores together.
    """

    wall_ms: float
    cpu_ms: float

    def __str__(self) -> str:
        return f"{self.wall_ms:.1f} ms, {self.cpu_ms:.1f} ms of processor time"


@dataclass(frozen=True, slots=True)
class Chosen:
    """How a model is run.

    Attributes:
        setting: weights and threads.
        provider: friendly name of the execution provider that runs it.
        why: in words.
    """

    setting: Setting
    provider: str
    why: str

    def record(self) -> dict[str, Any]:
        """For the status."""
        return {
            "weights": self.setting.weights, "threads": self.setting.threads, "provider": self.provider,
            "why": self.why,
        }  # fmt: skip

    def __str__(self) -> str:
        return f"{self.setting} on {self.provider} ({self.why})"


def is_worth_more_threads(few: Timing, many: Timing) -> bool:
    """Are more threads worth the cores that they take?

    Args:
        few: what a look costs with the threads chosen so far.
        many: what it costs with more of them.
    """
    return many.wall_ms <= FASTER * few.wall_ms and many.cpu_ms <= MORE_WORK * few.cpu_ms


def is_worth_other_weights(own: Timing, other: Timing, *, on_cpu: bool) -> bool:
    """Are other weights less work?

    Args:
        own: what a look costs with those chosen so far.
        other: what it costs with the others.
        on_cpu: the processor does the work. Its time is then the better measure, since other programs do not change
            it; of a graphics card it says nothing.
    """
    if on_cpu:
        return other.cpu_ms <= LESS_WORK * own.cpu_ms
    return other.wall_ms <= LESS_WORK * own.wall_ms
