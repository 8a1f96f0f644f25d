"""Kept pictures on a real disk: whole or not at all, within the limit, whatever ends the process."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.errors import EvidenceError
from edge.clock import ManualClock
from edge.harvest import HarvestStore, store
from pipelines.frame import Frame
from pipelines.harvest import KeptPicture, Why
from tests.conftest import ROOT
from tests.pipelines.builders import a_frame
from tests.pipelines.harvest.builders import a_claim, a_find

PLENTY = 10**9
WEEK_S = 7 * 86_400


@pytest.fixture
def noise() -> Frame:
    """A frame whose JPEG has some tens of kilobytes."""
    return a_frame(np.random.default_rng(1).integers(0, 255, (180, 320)).astype(np.uint8))


def files(data: Path) -> list[Path]:
    return sorted(path for path in (data / "harvest").rglob("*") if path.is_file())


def keys(data: Path) -> set[str]:
    return {path.stem for path in files(data)}


def bytes_in(data: Path) -> int:
    return sum(path.stat().st_size for path in files(data))


def judge(data: Path, *incidents: str, verdict: str = "false_alarm") -> None:
    with (data / "verdicts.jsonl").open("a") as file:
        for incident in incidents:
            file.write(json.dumps({"incident": incident, "verdict": verdict, "time": "2026-11-22T03:04:05Z"}) + "\n")


def test_a_picture_and_its_notes(tmp_path: Path, noise: Frame) -> None:
    kept = HarvestStore(tmp_path, PLENTY, clock=ManualClock(now=5.0)).keep(a_find("f1"), noise)
    picture, notes = (tmp_path / "harvest" / "2026-01-01" / name for name in ("f1.jpg", "f1.json"))
    assert files(tmp_path) == [picture, notes]
    assert KeptPicture.model_validate_json(notes.read_bytes()) == kept
    assert (kept.kept_s, kept.sha256) == (5.0, hashlib.sha256(picture.read_bytes()).hexdigest())
    shown = cv2.imread(str(picture))
    assert shown is not None
    assert shown.shape == (180, 320, 3)
    # Full size and good enough to train on: nothing is drawn in, little is lost even of noise.
    assert np.abs(shown.astype(int) - noise.bgr()).mean() < 8


def test_restart_knows_what_is_there_and_removes_what_is_half_done(tmp_path: Path, noise: Frame) -> None:
    first = HarvestStore(tmp_path, PLENTY)
    for key in ("f1", "f2", "f3", "f4", "f5"):
        first.keep(a_find(key), noise)
    day = tmp_path / "harvest" / "2026-01-01"
    (day / "f2.json").unlink()  # killed between the two
    (day / "f3.jpg").unlink()
    (day / "f4.json").write_text('{"format": "lookout-harvest-1", "id": "f4"')
    (day / "f6.jpg.part").write_bytes(b"half a picture")
    second = HarvestStore(tmp_path, PLENTY)
    assert keys(tmp_path) == {"f1", "f5"}
    assert [find.id for find in second.finds] == ["f1", "f5"]
    assert second.size == bytes_in(tmp_path)
    assert second.counts == {"uncertain": 2}


def test_the_limit_holds_for_real_bytes(tmp_path: Path, noise: Frame) -> None:
    one = HarvestStore(tmp_path / "one", PLENTY)
    one.keep(a_find("f1"), noise)
    limit = 5 * one.size + 100
    kept = HarvestStore(tmp_path / "many", limit)
    for number in range(30):
        kept.keep(a_find(f"f{number:02}"), noise)
        assert bytes_in(tmp_path / "many") == kept.size <= limit
    assert len(keys(tmp_path / "many")) in {4, 5}
    # A smaller limit at the next start holds from the start.
    HarvestStore(tmp_path / "many", 3 * one.size)
    assert bytes_in(tmp_path / "many") <= 3 * one.size


def test_what_is_worth_least_goes_first_and_what_is_judged_never(tmp_path: Path, noise: Frame) -> None:
    clock = ManualClock()
    full = HarvestStore(tmp_path, PLENTY, clock=clock)
    full.keep(a_find("judged", Why.INCIDENT, claims=[a_claim("i1").model_dump()], score=0.2), noise)
    clock.advance(WEEK_S)
    full.keep(a_find("incident", Why.INCIDENT, claims=[a_claim("i2").model_dump()]), noise)
    full.keep(a_find("old"), noise)
    clock.advance(WEEK_S)
    full.keep(a_find("doubtful", score=0.9), noise)
    full.keep(a_find("clear", score=0.4), noise)
    judge(tmp_path, "i1")
    gone = []
    size = full.size // 5
    for left in (4, 3, 2, 1):
        before = keys(tmp_path)
        HarvestStore(tmp_path, left * size + size // 2, clock=clock)
        gone += sorted(before - keys(tmp_path))
    assert gone == ["old", "clear", "doubtful", "incident"]
    HarvestStore(tmp_path, 1, clock=clock)
    assert keys(tmp_path) == {"judged"}


def test_verdicts_that_come_while_it_runs_protect_their_pictures(
    tmp_path: Path, noise: Frame, caplog: pytest.LogCaptureFixture
) -> None:
    one = HarvestStore(tmp_path / "one", PLENTY)
    one.keep(a_find("f1"), noise)
    kept = HarvestStore(tmp_path, int(2.5 * one.size), clock=ManualClock())
    kept.keep(a_find("a", Why.INCIDENT, claims=[a_claim("i1").model_dump()], score=0.1), noise)
    judge(tmp_path, "i1", verdict="true_alarm")
    judge(tmp_path, "i1x", verdict="perhaps")
    for number in range(4):
        kept.keep(a_find(f"f{number}"), noise)
        assert "a" in keys(tmp_path)
    assert [r.__dict__["note"] for r in caplog.records if r.message == "verdict not used"] == [
        "line 2: unknown verdict 'perhaps', allowed: false_alarm, true_alarm"
    ]


def test_full_of_what_is_judged_it_says_so_until_somebody_takes_some(tmp_path: Path, noise: Frame) -> None:
    kept = HarvestStore(tmp_path, PLENTY)
    for number in range(3):
        kept.keep(a_find(f"f{number}", Why.INCIDENT, claims=[a_claim(f"i{number}").model_dump()]), noise)
    judge(tmp_path, "i0", "i1", "i2")
    kept = HarvestStore(tmp_path, kept.size)
    with pytest.raises(EvidenceError, match=r"do not fit .* judged; take it with `lookout dataset harvest --remove`"):
        kept.keep(a_find("new"), noise)
    assert keys(tmp_path) == {"f0", "f1", "f2"}
    for path in files(tmp_path):
        path.unlink()
    kept.keep(a_find("new"), noise)
    assert keys(tmp_path) == {"new"}
    assert kept.size == bytes_in(tmp_path)


def test_the_disk_is_the_outboxs_first(tmp_path: Path, noise: Frame, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = HarvestStore(tmp_path, PLENTY)
    kept.keep(a_find("f1"), noise)
    monkeypatch.setattr(store, "LEAVE_FREE_BYTES", 10**18)
    with pytest.raises(EvidenceError, match="do not fit"):
        kept.keep(a_find("f2"), noise)
    assert keys(tmp_path) == set()


def test_a_full_disk_is_one_error_and_leaves_nothing_half(
    tmp_path: Path, noise: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = HarvestStore(tmp_path, PLENTY)

    def full(file: int) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(EvidenceError, match="the disk is full"):
            kept.keep(a_find("f1"), noise)
    assert files(tmp_path) == []
    kept.keep(a_find("f1"), noise)


KEEPS_FOR_EVER = """
import sys
from itertools import count
from pathlib import Path
import numpy as np
from edge.harvest import HarvestStore
from tests.pipelines.builders import a_frame
from tests.pipelines.harvest.builders import a_find
store = HarvestStore(Path(sys.argv[1]), int(sys.argv[2]))
frame = a_frame(np.random.default_rng(1).integers(0, 255, (180, 320)).astype(np.uint8))
for number in count():
    store.keep(a_find(f"{sys.argv[3]}-{number}"), frame)
    print(number, flush=True)
"""


def test_killed_again_and_again_it_keeps_its_limit_and_every_picture_whole(tmp_path: Path) -> None:
    limit = 600_000
    for turn in range(4):
        command = [sys.executable, "-c", KEEPS_FOR_EVER, str(tmp_path), str(limit), f"turn{turn}"]
        keeping = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        assert keeping.stdout is not None
        for _ in range(6):
            assert keeping.stdout.readline(), f"turn {turn} ended by itself"
        time.sleep(0.003 * turn)
        keeping.send_signal(signal.SIGKILL)
        keeping.wait()
        keeping.stdout.close()
        assert bytes_in(tmp_path) <= limit + 100_000  # and one that was being written
        kept = HarvestStore(tmp_path, limit)
        assert bytes_in(tmp_path) == kept.size <= limit
        for find in kept.finds:
            picture = tmp_path / "harvest" / "2026-01-01" / f"{find.id}.jpg"
            assert hashlib.sha256(picture.read_bytes()).hexdigest() == find.sha256
    assert len(keys(tmp_path)) >= 5
