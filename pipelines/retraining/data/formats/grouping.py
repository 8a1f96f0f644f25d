"""Which pictures were taken together: a split must not cut through a clip, a camera or a day."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePath

from calibration.errors import DatasetError

Grouping = Callable[[PurePath], str | None]
"""From a picture's path below the root to its group; None where it can not tell."""

# Folders that say how a data set is laid out, not where a picture was taken.
_LAYOUT = {
    "images", "labels", "train", "val", "valid", "test", "data", "pictures", "jpegimages", "obj_train_data", "default"
}  # fmt: skip
# Still cameras number every picture they take: such a prefix says nothing.
_STILLS = re.compile(r"(img|image|dsc[fn]?|dscn?|pxl|photo|picture|pic|p)", re.IGNORECASE)
_ROBOFLOW = re.compile(r"(_(jpe?g|png|bmp))?\.rf\.[0-9a-f]+$", re.IGNORECASE)
_NUMBERED = re.compile(r"(?P<prefix>.*?[^\W_].*?)[_\-. ]+(?:frame|f|t)?[_\-]?\d{1,8}(?:\.\d+)?s?$", re.IGNORECASE)


def by_clip(path: PurePath) -> str:
    """The name without its frame number or time, behind its folders: `metu_clip03_000069.jpg` is of `metu_clip03`.

    A name without a number, and one numbered by a still camera (`IMG_0412`), is a group of its own.
    """
    stem = _ROBOFLOW.sub("", path.stem)
    numbered = _NUMBERED.fullmatch(stem)
    prefix = numbered["prefix"] if numbered and not _STILLS.fullmatch(numbered["prefix"]) else stem
    return "/".join([*(part for part in path.parent.parts if part.lower() not in _LAYOUT), prefix])


def by_folder(path: PurePath) -> str:
    """The folder it lies in, below the root."""
    return path.parent.as_posix()


def by_name(path: PurePath) -> str:
    """Every picture by itself."""
    return path.with_suffix("").as_posix()


def grouping(rule: str) -> Grouping:
    """The rule `clip`, `folder`, `name`, or a regular expression whose first group (or whole match) is the group.

    Raises:
        DatasetError: it is neither.
    """
    named: dict[str, Grouping] = {"clip": by_clip, "folder": by_folder, "name": by_name}
    if rule in named:
        return named[rule]
    try:
        pattern = re.compile(rule)
    except re.error as error:
        raise DatasetError(
            f"group: {rule!r} is no regular expression ({error}); allowed are {', '.join(named)} or one that is"
        ) from error

    def by_pattern(path: PurePath) -> str | None:
        match = pattern.search(path.as_posix())
        return None if match is None else (match[1] if pattern.groups else match[0]) or None

    return by_pattern
