"""The wheel carries the whole program: an empty environment and an empty folder are enough."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from edge.version import __version__

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# Python loads it at every start, also of processes that the demo starts: it notes whom they contact.
WITNESS = """
import os, sys
log = os.open({path!r}, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
def note(event, args):
    if event in ("socket.connect", "socket.sendto"):
        os.write(log, f"{{args[1]}}\\n".encode())
    elif event == "socket.getaddrinfo":
        os.write(log, f"{{args[0]}}\\n".encode())
sys.addaudithook(note)
"""

SHARE = f"lookout_agent-{__version__}.data/data/share/lookout"


def run(command: list[str | Path], folder: Path, *, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
    """Run without anything of the developer's environment that could lend a module."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    result = subprocess.run(
        command, cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=timeout_s
    )
    assert result.returncode == 0, f"{command}: exit {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


@pytest.fixture(scope="module")
def dist(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source archive, and the wheel built from it: what is missing in the one can not be in the other."""
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, root], folder)
    return folder


@pytest.fixture(scope="module")
def installed(root: Path, dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an empty virtual environment into which only the wheel went."""
    folder = tmp_path_factory.mktemp("empty")
    run([sys.executable, "-m", "venv", folder / "venv"], folder)
    python = folder / "venv" / "bin" / "python"
    wheel = next(dist.glob("*.whl"))
    pip = [python, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]
    run([*pip, "--constraint", root / "requirements.lock", wheel], folder)
    return python.parent


def test_contents_of_the_wheel(dist: Path) -> None:
    names = zipfile.ZipFile(next(dist.glob("*.whl"))).namelist()
    assert {name.partition("/")[0] for name in names} == {
        "calibration",
        "pipelines",
        "edge",
        f"lookout_agent-{__version__}.data",
        f"lookout_agent-{__version__}.dist-info",
    }
    assert f"lookout_agent-{__version__}.dist-info/licenses/LICENSE" in names
    for model in ("fire-smoke", "ppe"):
        assert {f"{SHARE}/models/{model}/card.yaml", f"{SHARE}/models/{model}/model.onnx"} <= set(names)
    assert any(name.startswith(f"{SHARE}/datasets/demo/") and name.endswith(".mp4") for name in names)
    assert any(name.startswith(f"{SHARE}/examples/") for name in names)


def test_contents_of_the_source_archive(dist: Path) -> None:
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "edge/version.py"} <= names
    assert not [name for name in names if name.startswith(("tests/", ".venv/", "lookout-data/"))]


def test_version_and_models_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    assert run([installed / "lookout", "--version"], tmp_path).stdout == f"lookout {__version__}\n"
    listed = run([installed / "lookout", "models"], tmp_path).stdout
    assert "fire-smoke" in listed
    assert "ppe" in listed


def test_neither_torch_nor_ultralytics_came_along(installed: Path, tmp_path: Path) -> None:
    packages = run([installed / "python", "-m", "pip", "list", "--format=freeze"], tmp_path).stdout.lower()
    assert "lookout-agent==" in packages
    assert not [line for line in packages.splitlines() if line.startswith(("torch", "ultralytics", "pytest"))]


def test_demo_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    contacts = tmp_path / "contacts.txt"
    [packages] = installed.parent.glob("lib/python3*/site-packages")
    (packages / "sitecustomize.py").write_text(WITNESS.format(path=str(contacts)))
    empty = tmp_path / "empty"
    empty.mkdir()
    # Exit 0 says that every expected hazard arrived over MQTT and nothing else did.
    shown = run([installed / "lookout", "demo"], empty, timeout_s=120).stdout
    assert all(hazard in shown for hazard in ("restricted_zone", "blocked_exit", "smoke", "fire")), shown
    assert not list(empty.iterdir()), "the demo leaves nothing where it is called"
    hosts = set(contacts.read_text().splitlines())
    assert hosts
    assert all(re.match(r"(\('(127\.0\.0\.1|::1)', \d+|127\.0\.0\.1$)", host) for host in hosts), hosts
