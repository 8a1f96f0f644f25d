"""The data folder: one agent at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from calibration.errors import ConfigError
from edge.agent.folder import DataFolder, read_json, write_whole


def test_a_second_agent_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "data"), pytest.raises(ConfigError, match=f"process {os.getpid()}"):
        DataFolder(tmp_path / "data")


def test_the_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from edge.agent.folder import DataFolder;"
        "folder = DataFolder(Path(sys.argv[1])); print('locked', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(ConfigError, match=f"process {holder.pid}"):
            DataFolder(tmp_path)
        holder.kill()
        holder.wait()
    DataFolder(tmp_path).release()


def test_a_released_folder_can_be_taken_again(tmp_path: Path) -> None:
    DataFolder(tmp_path).release()
    DataFolder(tmp_path).release()


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match=r"file/data: can not be written"):
        DataFolder(tmp_path / "file" / "data")


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_whole(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "status.json"
    for content in ('{"a": 1}', '{"b": 2}'):
        write_whole(path, content, durable=durable)
    assert read_json(path) == {"b": 2}
    assert [p.name for p in tmp_path.iterdir()] == ["status.json"]


@pytest.mark.parametrize("content", [None, "", "{", "\x00\x00"])
def test_missing_and_damaged_json_is_none(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content)
    assert read_json(path) is None
