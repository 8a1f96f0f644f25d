"""What `check` and `split` have in common: opening the pictures with a bar, telling of leaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import track

if TYPE_CHECKING:
    from pipelines.retraining.data.dataset import Picture
    from pipelines.retraining.data.duplicates import Hashes, Pairs
    from pipelines.retraining.data.leakage import Leak

_SHOWN = 10


def opened(pictures: Sequence[Picture], people: Console) -> Hashes:
    """The hash of each picture, `(n, 2)`, with a bar where somebody is watching."""
    from pipelines.retraining.data.duplicates import hash_pictures

    def progress(pictures: Sequence[Picture]) -> Iterable[Picture]:
        return track(pictures, "Opening the pictures", console=people, transient=True, disable=not people.is_terminal)

    return hash_pictures(pictures, progress)


def parts_among(pictures: Sequence[Picture], splits: Sequence[str | None], people: Console) -> Pairs:
    """Pictures of two splits that show a part of each other, with a bar where somebody is watching."""
    from pipelines.retraining.data.parts import part_pairs

    def progress(places: Sequence[int]) -> Iterable[int]:
        return track(places, "Looking for parts", console=people, transient=True, disable=not people.is_terminal)

    return part_pairs(pictures, splits, progress)


def leak_record(leak: Leak) -> dict[str, Any]:
    """One leak as JSON."""
    return {
        "kind": str(leak.kind),
        "distance": leak.distance,
        "first": {"split": leak.first.split, "path": str(leak.first.path)},
        "second": {"split": leak.second.split, "path": str(leak.second.path)},
    }


def show_leaks(leaks: Sequence[Leak], console: Console) -> None:
    """How many of each kind, and the first few."""
    kinds: dict[str, int] = {}
    for leak in leaks:
        kinds[str(leak.kind)] = kinds.get(str(leak.kind), 0) + 1
    told = ", ".join(f"{count} × {kind}" for kind, count in kinds.items())
    console.print(f"[red]{len(leaks)} leak{'s' * (len(leaks) != 1)} between splits: {told}", highlight=False)
    for leak in leaks[:_SHOWN]:
        console.print(f"  {leak}", markup=False, highlight=False, soft_wrap=True)
    if len(leaks) > _SHOWN:
        console.print(f"  … and {len(leaks) - _SHOWN} more; --json lists all", highlight=False)
