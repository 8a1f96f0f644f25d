"""Models, footage and examples are found wherever the program was put."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.errors import LookoutError
from edge.share import share_folder

SITE = "lib/python3.11/site-packages"


def content(folder: Path) -> Path:
    for name in ("models", "datasets", "examples"):
        (folder / name).mkdir(parents=True)
    return folder


def package(above: Path) -> Path:
    (above / "edge").mkdir(parents=True)
    return above / "edge"


def test_this_checkout(root: Path) -> None:
    assert share_folder() == root


@pytest.mark.parametrize(
    ("above", "share"),
    [
        (f"venv/{SITE}", "venv/share/lookout"),  # a virtual environment: sys.prefix
        (f"home/.local/{SITE}", "home/.local/share/lookout"),  # pip install --user
        ("usr/local/lib/python3.11/dist-packages", "usr/local/share/lookout"),  # Debian's system Python
        ("usr/lib64/python3.11/site-packages", "usr/share/lookout"),  # Fedora keeps binaries in lib64
        ("target", "target/share/lookout"),  # pip install --target
        ("venv/Lib/site-packages", "venv/share/lookout"),  # Windows
    ],
)
def test_installed(tmp_path: Path, above: str, share: str) -> None:
    expected = content(tmp_path / share)
    assert share_folder(package(tmp_path / above)) == expected


def test_packages_of_others_are_not_a_checkout(tmp_path: Path) -> None:
    # `datasets` (of Hugging Face) and a stray `models` beside the package, as model engineers have them.
    installed = package(tmp_path / "venv" / SITE)
    content(installed.parent)
    expected = content(tmp_path / "venv/share/lookout")
    assert share_folder(installed) == expected


def test_a_checkout_wins_over_a_share_folder(tmp_path: Path) -> None:
    checkout = content(tmp_path / "checkout")
    (checkout / "pyproject.toml").touch()
    content(checkout / "share/lookout")
    assert share_folder(package(checkout)) == checkout


def test_nothing_there_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(LookoutError, match=r"no folder with models/ and datasets/") as caught:
        share_folder(package(tmp_path / "venv" / SITE))
    assert str(tmp_path / "venv/share/lookout") in str(caught.value)
