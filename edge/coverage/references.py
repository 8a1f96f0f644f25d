"""What each view looks like when all is well, over restarts: `coverage/NAME.npz` in the data folder."""

from __future__ import annotations

import io
import logging
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.coverage import Reference
from pipelines.coverage.picture import GRID, Picture

log = logging.getLogger(__name__)

FOLDER = "coverage"
# All that numpy and zip let through of a file that was cut short or overwritten.
_DAMAGE = (OSError, ValueError, TypeError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
_PARTS = ("coarse", "fine", "points", "features", "coloured", "light")


class References:
    """Keeps the references of the views; taking a file away makes the running agent learn that view anew.

    Args:
        data: the agent's data folder.
    """

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER

    def path(self, source: str) -> Path:
        """Where that of a source is."""
        return self._folder / f"{source}.npz"

    def load(self, source: str) -> Reference:
        """What was learnt of a view; an empty one where nothing was, or the file is damaged."""
        try:
            with np.load(io.BytesIO(self.path(source).read_bytes())) as kept:
                return Reference(_read(kept, "day"), _read(kept, "night"), float(kept["restless"]))
        except FileNotFoundError:
            return Reference()
        except _DAMAGE as error:
            log.warning("reference of a view is damaged, learnt anew", extra={"source": source, "reason": str(error)})
            return Reference()

    def save(self, source: str, reference: Reference) -> None:
        """Remember it.

        Raises:
            OSError: it can not be written.
        """
        arrays: dict[str, NDArray[Any]] = {"restless": np.array(reference.restless)}
        for kind, picture in (("day", reference.day), ("night", reference.night)):
            if picture is not None:
                arrays |= {f"{kind}_{part}": np.asarray(getattr(picture, part)) for part in _PARTS}
        content = io.BytesIO()
        np.savez_compressed(content, allow_pickle=False, **arrays)
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self.path(source).with_suffix(".new")
        fresh.write_bytes(content.getvalue())
        fresh.replace(self.path(source))


def _read(kept: np.lib.npyio.NpzFile, kind: str) -> Picture | None:
    if f"{kind}_coarse" not in kept:
        return None
    coarse, fine, points, features, coloured, light = (kept[f"{kind}_{part}"] for part in _PARTS)
    fit = points.shape == (len(features), 2) and features.shape[1:] == (32,)
    if coarse.shape != GRID or fine.shape != GRID or not fit:
        raise ValueError(f"{kind}: the parts do not fit each other")
    return Picture(coarse, fine, points, features, bool(coloured), float(light))
