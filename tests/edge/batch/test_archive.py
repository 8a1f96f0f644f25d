"""An archive of forty recordings: plainly, by Ray with a worker killed, stopped and resumed; always the same result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import pytest

from edge.batch.job import Settings, recordings
from edge.config.drill import DrillSettings
from edge.sources.drill import Drill
from pipelines.frame import from_bgr
from tests.conftest import ROOT

CLIPS = 40
FPS = 5


def write_clip(path: Path, seed: int, fire: bool) -> None:
    """Four seconds of the yard, in every second one of them with a drill's fire."""
    with av.open(str(ROOT / "datasets" / "demo" / "yard.mp4")) as yard:
        still = next(yard.decode(video=0)).to_ndarray(format="bgr24")
    item = {"kind": "fire", "at": [0.3 + 0.01 * seed, 0.9], "size": 0.3, "grow_s": 0.5, "seed": seed, "start_s": 0}
    drill = Drill(DrillSettings.model_validate({"items": [item]})) if fire else None
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = still.shape[1], still.shape[0], "yuv420p"
        for number in range(4 * FPS):
            frame = from_bgr(still, time_s=number / FPS)
            picture = (drill.render(frame) if drill is not None else frame).bgr()
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    for number in range(4):
        write_clip(folder / f"made-{number}.mp4", number, fire=number % 2 == 0)
    for number in range(CLIPS - 4):
        made = folder / f"made-{number % 4}.mp4"
        copy = folder / f"week-{number % 3}" / f"{number:02}.mp4"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(made.read_bytes())
    assert len(recordings(folder)) == CLIPS
    return folder


def command(archive: Path, out: Path, *more: str) -> list[str]:
    words = [sys.executable, "-m", "edge.cli", "inspect", str(archive), "--rules", "fire,smoke", "--out", str(out)]
    return [*words, *more]


def run(archive: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command(archive, out, *more), capture_output=True, text=True, timeout=240, env=env, check=False
    )


@pytest.fixture(scope="module")
def plain(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plain")
    done = run(archive, out)
    assert done.returncode == 0, done.stderr
    return out


def records(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def test_every_recording_has_its_summary_and_the_fires_are_found(archive: Path, plain: Path) -> None:
    found = records(plain)
    summaries = [record for record in found if record["type"] == "summary"]
    assert [record["clip"] for record in summaries] == recordings(archive)
    fires = {record["clip"] for record in found if record.get("phase") == "open"}
    assert len(fires) == CLIPS // 2
    assert all(record["incident"].startswith(f"{record['clip']}#") for record in found if record["type"] == "event")


def test_parquet_has_the_same(plain: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra `batch`")
    rows = parquet.read_table(plain / "results.parquet").to_pylist()
    assert [{key: value for key, value in row.items() if value is not None} for row in rows] == [
        {key: value for key, value in record.items() if value is not None} for record in records(plain)
    ]


def workers() -> list[int]:
    """Ray's processes that inspect now."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::inspect_recording"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_two_workers_one_of_them_killed_come_to_the_same(archive: Path, plain: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the extra `batch`")
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    going = subprocess.Popen(
        command(archive, tmp_path, "--engine", "ray", "--workers", "2"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not (len(list((tmp_path / "done").glob("*"))) >= 5 and workers()) and time.monotonic() < deadline:
            assert going.poll() is None, going.communicate()
            time.sleep(0.05)
        (victim, *_) = workers()
        os.kill(victim, signal.SIGKILL)
        _, said = going.communicate(timeout=180)
    finally:
        going.kill()
    assert going.returncode == 0, said
    assert records(tmp_path) == records(plain)


def test_killed_and_started_again_it_goes_on_where_it_was(archive: Path, plain: Path, tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    going = subprocess.Popen(command(archive, tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "done").glob("*.jsonl"))) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    going.send_signal(signal.SIGKILL)
    going.wait()
    done = run(archive, tmp_path)
    assert done.returncode == 0, done.stderr
    kept = int(done.stderr.split(" of ")[0].split()[-1])
    assert 6 <= kept < CLIPS
    assert records(tmp_path) == records(plain)
    again = run(archive, tmp_path)
    assert f"{CLIPS} of {CLIPS} recordings are done already" in again.stderr


def test_what_can_not_be_read_is_said_and_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    write_clip(folder / "good.mp4", 1, fire=False)
    (folder / "bad.mp4").write_bytes(b"no film")
    done = run(folder, tmp_path / "out")
    assert done.returncode == 2
    assert "lookout: bad.mp4: " in done.stderr
    kinds = {record["clip"]: record["type"] for record in records(tmp_path / "out")}
    assert kinds == {"good.mp4": "summary", "bad.mp4": "summary"}
    assert [r["type"] for r in records(tmp_path / "out") if r["clip"] == "bad.mp4"] == ["unreadable", "summary"]
    write_clip(folder / "bad.mp4", 1, fire=False)  # it had not been copied to its end
    done = run(folder, tmp_path / "out")
    assert (done.returncode, "1 of 2 recordings are done already" in done.stderr) == (0, True)


@pytest.mark.parametrize(
    ("more", "words"),
    [(["--engine", "spark"], "--engine spark: allowed: plain, ray"), (["--rules", "fire"], "results of other rules")],
)
def test_what_can_not_be_done(archive: Path, plain: Path, more: list[str], words: str) -> None:
    done = run(archive, plain, *more)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_folder_without_recordings(tmp_path: Path) -> None:
    done = run(tmp_path, tmp_path / "out")
    assert done.returncode == 2
    assert "holds no recordings" in done.stderr
    assert Settings().digest != Settings(rules=("fire",)).digest


def test_an_engine_alone_goes_through_a_folder(tmp_path: Path) -> None:
    write_clip(tmp_path / "archive" / "one.mp4", 1, fire=False)
    line = [sys.executable, "-m", "edge.cli", "inspect", "archive", "--engine", "plain", "--rules", "fire"]
    done = subprocess.run(
        line, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [record["clip"] for record in records(tmp_path / "results")] == ["one.mp4"]
