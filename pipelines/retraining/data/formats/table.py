"""The formats by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset
from pipelines.retraining.data.formats import coco, cvat, label_studio, voc, yolo
from pipelines.retraining.data.formats.export import Export, Sheet
from pipelines.retraining.data.formats.intake import Imported, Intake, take_in

Parse = Callable[[Path, Path | None], Export]

_PARSERS: dict[str, Parse] = {
    "yolo": yolo.parse,
    "coco": coco.parse,
    "voc": voc.parse,
    "label-studio": label_studio.parse,
    "cvat": cvat.parse,
}
_WRITERS = {
    "yolo": yolo.write,
    "coco": coco.write,
    "voc": voc.write,
    "label-studio": label_studio.write,
    "cvat": cvat.write,
}


def read(
    form: str,
    src: Path,
    pictures: Path | None,
    intake: Intake,
    progress: Callable[[Sequence[Sheet]], Iterable[Sheet]] = iter,
) -> Imported:
    """The data set that a labelling tool exported to `src`.

    Args:
        form: name of the format, one of `NAMES`.
        src: the export: a file or a folder.
        pictures: the folder of the pictures, None where they lie with the export.
        intake: how it becomes a data set.
        progress: wraps the sheets, to show how far it is.

    Raises:
        DatasetError: nothing there can be read as this format.
    """
    if not src.exists():
        raise DatasetError(f"{src}: is not there")
    if src.suffix.lower() == ".zip":
        raise DatasetError(f"{src}: is an archive; unpack it where its pictures are to stay, and name that folder")
    if pictures is not None and not pictures.is_dir():
        raise DatasetError(f"{pictures}: is not a folder of pictures")
    return take_in(_PARSERS[form](src, pictures), intake, progress)


def write(form: str, dataset: Dataset, dst: Path, *, link: bool) -> None:
    """Write `dataset` to folder `dst` in the format `form`, pictures copied or linked to.

    Raises:
        DatasetError: the format can not hold it, a picture is gone, or the folder can not be written.
    """
    _WRITERS[form](dataset, dst, link=link)
