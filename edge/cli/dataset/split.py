"""`lookout dataset split`."""

from __future__ import annotations

import json as json_format
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from calibration.errors import DatasetError
from edge.cli.dataset._leaks import leak_record, opened, parts_among, show_leaks
from edge.cli.dataset._options import contents, folder_of

if TYPE_CHECKING:
    from pipelines.retraining.data.split import Dealt


def split(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME_OR_DIR", help="A data set below datasets/, or its folder.", show_default=False),
    ],
    share: Annotated[
        str,
        typer.Option(
            metavar="SPLIT=SHARE,…", help="The splits that take pictures, and how many; together 1. Others are closed."
        ),
    ] = "train=0.8,val=0.2",
    seed: Annotated[int, typer.Option(help="Another one gives another split.")] = 0,
    again: Annotated[
        str, typer.Option(metavar="SPLIT,…", help="Deal the pictures of these splits anew; all others stay.")
    ] = "",
    withhold: Annotated[
        bool,
        typer.Option(
            "--withhold",
            help="Take pictures that leak out of use: of a group in two splits, the smaller one keeps its.",
        ),
    ] = False,
    parts: Annotated[
        bool,
        typer.Option(
            "--parts", help="Look for parts of pictures, too, as in mosaics: minutes for a thousand pictures."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Deal the pictures of a data set to splits, and write them into its manifest.

    Groups are never cut: clips (cameras, days), and near-duplicates, mirrored ones too. Classes and pictures without
    a box are shared out as evenly as groups allow. What has a split keeps it when data is added, and draws what belongs
    to it. New pictures that belong to a closed split go to the split `withheld`, which nothing uses.
    Exit code 1, and nothing is written, if splits that were there before leak.

    Example: `lookout dataset split yard --share train=0.85,hold=0.15 --again train`
    """
    from pipelines.retraining.data.dataset import load_dataset, root_of, save_dataset
    from pipelines.retraining.data.duplicates import near_pairs
    from pipelines.retraining.data.leakage import used_in
    from pipelines.retraining.data.split import split_dataset

    folder = folder_of(name)
    shares = _shares(share)
    dataset = load_dataset(folder)
    chosen = [word.strip() for word in again.split(",") if word.strip()]
    unknown = sorted(set(chosen) - set(dataset.splits))
    if unknown:
        there = ", ".join(dataset.splits) or "none"
        raise DatasetError(f"--again: {name} has no split {', '.join(unknown)}; it has {there}")
    people = Console(stderr=True)
    pairs = near_pairs(opened(dataset.pictures, people))
    found = parts_among(dataset.pictures, [used_in(picture) for picture in dataset.pictures], people) if parts else None
    dealt = split_dataset(dataset, shares, pairs, parts=found, seed=seed, again=chosen, withhold=withhold)
    if not dealt.leaks:
        save_dataset(dealt.dataset, folder, root_of(folder))
    if json:
        typer.echo(json_format.dumps(_record(dealt), ensure_ascii=False, indent=2))
    else:
        _show(dealt, Console())
    if dealt.leaks:
        raise typer.Exit(1)


def _shares(told: str) -> dict[str, float]:
    shares = {}
    for pair in told.split(","):
        name, _, number = pair.partition("=")
        try:
            shares[name.strip()] = float(number)
        except ValueError:
            raise DatasetError(f"--share: found {pair!r}, allowed is SPLIT=SHARE, as in train=0.8,val=0.2") from None
    return shares


def _by_split(dealt: Dealt) -> dict[str, dict[str, Any]]:
    return {split: contents(dealt.dataset.of_split(split)) for split in dealt.dataset.splits}


def _record(dealt: Dealt) -> dict[str, object]:
    return {
        "name": dealt.dataset.name,
        "written": not dealt.leaks,
        "splits": {
            split: {key: found[key] for key in ("pictures", "negatives", "groups", "boxes")}
            for split, found in _by_split(dealt).items()
        },
        "withheld": [str(picture.path) for picture in dealt.withheld],
        "leaks": [leak_record(leak) for leak in dealt.leaks],
    }


def _show(dealt: Dealt, console: Console) -> None:
    if dealt.leaks:
        show_leaks(dealt.leaks, console)
        text = "Nothing was written. --withhold takes the leaking pictures out of use, --again deals splits anew."
        console.print(text, highlight=False, soft_wrap=True)
        return
    for split, found in _by_split(dealt).items():
        boxes = ", ".join(f"{name} {count}" for name, count in found["boxes"].items())
        console.print(
            f"{split}: {found['pictures']} pictures ({found['negatives']} without a box) in {found['groups']} groups; "
            f"boxes: {boxes}",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
    if dealt.withheld:
        text = f"{len(dealt.withheld)} pictures withheld now: they belong to groups of splits that they must not join."
        console.print(text, highlight=False, soft_wrap=True)
