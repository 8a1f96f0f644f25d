"""Rules of the house that no linter knows."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

LARGEST_FILE = 13_000_000
LONGEST_MODULE = 400
COMMON_PLACES = {"/", "/home", "/opt", "/srv", "/tmp", "/usr", "/var/tmp"}
LIGHT_IMPORTS = """
import pkgutil, sys
import calibration, edge, pipelines
for package in (calibration, pipelines, edge):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.startswith("pipelines.retraining") and not module.name.endswith("__main__"):
            __import__(module.name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.fixture(scope="session")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("needs a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := root / name).is_file()]


@pytest.fixture(scope="session")
def lock(root: Path) -> dict[str, Version]:
    pinned = {}
    for line in (root / "requirements.lock").read_text().splitlines():
        if line and not line.startswith("#"):
            # A name and one exact version: no address, no digest, no place of this machine.
            match = re.fullmatch(r"([\w.-]+)==([\w.+!-]+)", line)
            assert match, f"requirements.lock: {line!r}"
            pinned[_canonical(match[1])] = Version(match[2])
    return pinned


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_holds_every_dependency(project: dict[str, Any], lock: dict[str, Version]) -> None:
    about = project["project"]
    extras = about["optional-dependencies"]
    # `dev` takes in `models` and `outputs` by the project's own name.
    asked = [
        *about["dependencies"],
        *extras["models"],
        *extras["outputs"],
        *extras["dev"],
        *project["build-system"]["requires"],
    ]
    for wanted in map(Requirement, asked):
        text = str(wanted)
        if wanted.name == about["name"]:
            assert wanted.extras == {"batch", "drones", "models", "outputs", "robots"}
            continue
        found = lock.get(_canonical(wanted.name))
        assert found is not None, f"{text}: not in requirements.lock; run `make lock`"
        assert found in wanted.specifier, f"{text}: requirements.lock has {found}; run `make lock`"


@pytest.mark.parametrize("name", ["torch", "torchvision", "ultralytics"])
def test_the_lock_is_without_training(lock: dict[str, Version], name: str) -> None:
    assert name not in lock


def test_the_agent_loads_no_training_code(root: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LIGHT_IMPORTS], cwd=root, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    loaded = set(result.stdout.split())
    assert {"edge", "pipelines", "cv2"} <= loaded
    assert not loaded & {"torch", "torchvision", "ultralytics", "onnx", "matplotlib", "pandas"}


def test_import_contracts(root: Path) -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_no_place_of_this_machine(root: Path, tracked: list[Path]) -> None:
    own = {str(place) for place in (root, root.parent, Path.home(), Path(sys.prefix))} - COMMON_PLACES
    places = re.compile("|".join([r"/(?:home|Users)/[a-z]\w*/", "file:///", *(re.escape(f"{p}/") for p in own)]))
    faults = []
    for path in tracked:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if path != Path(__file__):
            faults += [f"{path.relative_to(root)}: {match[0]}" for match in places.finditer(text)]
    assert not faults


def test_no_large_file(tracked: list[Path]) -> None:
    assert not [path for path in tracked if path.stat().st_size > LARGEST_FILE]


def test_modules_stay_short(root: Path, tracked: list[Path]) -> None:
    lengths = {path: path.read_text().count("\n") for path in tracked if path.suffix == ".py"}
    assert not {str(path.relative_to(root)): n for path, n in lengths.items() if n > LONGEST_MODULE}


def test_models_and_data_hold_no_python(root: Path, tracked: list[Path]) -> None:
    content = (root / "models", root / "datasets")
    assert not [path for path in tracked if path.suffix == ".py" and any(c in path.parents for c in content)]


def test_cards_know_their_weights(root: Path) -> None:
    cards = sorted((root / "models").glob("*/card.yaml"))
    assert cards, "models/ holds no card"
    for path in cards:
        card = yaml.safe_load(path.read_text())
        weights = path.parent / card.get("weights", "model.onnx")
        assert hashlib.sha256(weights.read_bytes()).hexdigest() == card["sha256"], path
        assert card["name"] == path.parent.name, path


def test_every_data_set_says_where_it_is_from(root: Path) -> None:
    folders = [folder for folder in (root / "datasets").iterdir() if folder.is_dir()]
    assert folders
    for folder in folders:
        pages = [page for page in folder.iterdir() if page.suffix in {".md", ".yaml"}]
        assert any("licen" in page.read_text().lower() for page in pages), f"{folder.name}: no licence named"


def test_tests_mirror_the_packages(root: Path) -> None:
    for test in (root / "tests").rglob("test_*.py"):
        folder = test.relative_to(root / "tests").parent
        assert (root / folder).is_dir(), f"{test}: no folder {folder}/ to mirror"


def test_every_decision_has_its_parts(root: Path) -> None:
    records = sorted((root / "docs" / "decisions").glob("*.md"))
    assert records
    numbers = [record.name[:4] for record in records]
    assert len(set(numbers)) == len(numbers), f"a number is used twice: {numbers}"
    for record in records:
        text = record.read_text()
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", record.name), record.name
        assert text.startswith("# "), record.name
        assert all(f"## {part}" in text for part in ("Context", "Decision", "Consequences")), record.name


def test_the_changelog_names_this_version(root: Path) -> None:
    from edge.version import __version__

    assert f"## [{__version__}]" in (root / "CHANGELOG.md").read_text()
