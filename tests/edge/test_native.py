"""A missing system library is named with its remedy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge import cli, native

LIBGL = "libGL.so.1: cannot open shared object file: No such file or directory"


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        (LIBGL, "apt-get install libgl1 libglib2.0-0"),  # what OpenCV's wheel says on a bare server
        (LIBGL, "opencv-python-headless"),  # without root
        (LIBGL.replace("libGL.so.1", "libgthread-2.0.so.0"), "libglib2.0-0"),  # and what it says next
        (LIBGL.replace("libGL.so.1", "libgomp.so.1"), "apt-get install libgomp1"),
        (LIBGL.replace("libGL.so.1", "libodd-x.so.3"), "lacks the system library libodd-x.so.3"),  # one nobody foresaw
    ],
)
def test_remedy(text: str, remedy: str) -> None:
    message = native.explain(ImportError(text))
    assert message is not None
    assert remedy in message


def test_other_import_errors_are_not_ours() -> None:
    assert native.explain(ImportError("No module named 'nonsense'")) is None


def test_a_command_names_it_instead_of_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise ImportError(LIBGL)

    monkeypatch.setattr(cli, "import_module", broken)
    result = CliRunner().invoke(cli.app, ["models"])
    assert result.exit_code == 2
    assert "apt-get install libgl1" in result.stderr
    assert result.stdout == ""


def test_the_makefile_s_check(tmp_path: Path, root: Path) -> None:
    # A cv2 that fails like the real one does where libGL is missing, found before the real one.
    (tmp_path / "cv2.py").write_text(f"raise ImportError({LIBGL!r})\n")
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(root)!r}]; from edge.native import main; sys.exit(main())"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("lookout: this machine lacks the system library libGL.so.1")
    assert "Traceback" not in result.stderr


def test_this_machine_has_them_all() -> None:
    assert native.main() == 0
