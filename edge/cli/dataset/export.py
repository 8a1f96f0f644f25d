"""`lookout dataset export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calibration.errors import DatasetError
from edge.cli.dataset._options import Format, folder_of


def export(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME_OR_DIR", help="A data set below datasets/, or its folder.", show_default=False),
    ],
    form: Annotated[Format, typer.Option("--format", help="To write.", show_default=False)],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new or empty folder.", show_default=False)],
    split: Annotated[
        str | None, typer.Option(metavar="SPLIT", help="Only the pictures of this split; all if left out.")
    ] = None,
    link: Annotated[bool, typer.Option("--link", help="Link to the pictures instead of copying them.")] = False,
) -> None:
    """Write a data set in the format of a labelling tool, pictures included; prints the folder.

    Boxes, classes and splits stay what they are; yolo and coco keep keypoints too, the others refuse them.
    Groups have no place in these formats: importing again finds them by the names of the pictures.

    Example: `lookout dataset export yard --format yolo --out yard-yolo --link`
    """
    from pipelines.retraining.data.dataset import load_dataset
    from pipelines.retraining.data.formats.table import write

    dataset = load_dataset(folder_of(name))
    if split is not None:
        if split not in dataset.splits:
            raise DatasetError(f"{name}: has no split {split!r}; it has {', '.join(dataset.splits) or 'none'}")
        dataset = dataset.of_split(split)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(f"{out}: is there already, and not an empty folder; nothing was written")
    write(form.value, dataset, out, link=link)
    typer.echo(out)
