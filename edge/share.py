"""Where models, demo footage and examples lie: beside the packages in a checkout, under `share/lookout` installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from calibration.errors import LookoutError

_PACKAGE = Path(__file__).resolve().parent
_DEEPEST = 5


def share_folder(package: Path = _PACKAGE) -> Path:
    """The folder that holds `models/`, `datasets/` and `examples/`.

    A checkout wins. Otherwise the nearest `share/lookout` above the installed package: that is where pip puts
    data in a virtual environment, a system or user install (`lib/python3.x/site-packages` → three levels up)
    and with `--target` (beside the package).

    Args:
        package: the folder of the package `edge`.

    Raises:
        LookoutError: neither is there; the text lists where it looked.
    """
    looked = []
    for folder in _candidates(package):
        if (folder / "models").is_dir() and (folder / "datasets").is_dir():
            return folder
        looked.append(str(folder))
    raise LookoutError(
        "models and demo footage are missing: no folder with models/ and datasets/ at "
        + ", ".join(looked)
        + "; install the wheel of lookout-agent again, or work in a checkout"
    )


def _candidates(package: Path) -> Iterator[Path]:
    above = package.parent
    # The project file tells a checkout from a site-packages where others' `models` and `datasets` lie.
    if (above / "pyproject.toml").is_file():
        yield above
    for parent in package.parents[:_DEEPEST]:
        yield parent / "share" / "lookout"
