"""The file that a label file means: tools write names as they were on another machine."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path, PurePosixPath

from pipelines.retraining.data.formats.export import Sheet, pictures_below
from pipelines.retraining.data.formats.faults import Fault


class Pictures:
    """The picture files below a folder, found by as much of a path as agrees.

    Args:
        folder: searched with all its folders, once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = pictures_below(folder)
        self._by_name: defaultdict[str, list[Path]] = defaultdict(list)
        for path in self.paths:
            self._by_name[path.name.casefold()].append(path)
            self._by_name[path.stem.casefold()].append(path)

    def find(self, name: str) -> Path | None:
        """The file whose path ends most like `name`, None if there is none, or a tie.

        A name without a suffix, or with another one (the pictures were converted since), is found by its stem.
        """
        wanted = _posix(name)
        for key in (wanted.name.casefold(), wanted.stem.casefold()):
            agree = {path: _agreeing(path, wanted) for path in self._by_name.get(key, ())}
            best = [path for path, count in agree.items() if count == max(agree.values())]
            if best:
                return best[0] if len(best) == 1 else None
        return None

    def missing(self, name: str) -> Path:
        """Where a picture that was not found would be: for the list of faults."""
        return self.folder / _posix(name).as_posix().lstrip("/")

    def without_labels(self, sheets: list[Sheet], source: str) -> list[Fault]:
        """A fault for each picture that no sheet is about."""
        used = {sheet.path for sheet in sheets}
        return [
            Fault(
                what="picture without labels",
                picture=path.relative_to(self.folder).as_posix(),
                place=source,
                found="nothing about this picture",
                allowed="an entry, without boxes for a negative",
                outcome="picture left out",
            )
            for path in self.paths
            if path not in used
        ]


def _posix(name: str) -> PurePosixPath:
    """Also of a path from Windows."""
    return PurePosixPath(name.replace("\\", "/"))


def _agreeing(path: Path, wanted: PurePosixPath) -> int:
    """How many folders above the file are the same, from the file upwards."""
    count = 0
    for mine, theirs in zip(reversed(path.parts[:-1]), reversed(wanted.parts[:-1]), strict=False):
        if mine.casefold() != theirs.casefold():
            break
        count += 1
    return count
