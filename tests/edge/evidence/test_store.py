"""Proof is whole or not there, hashed, and never larger than its limit."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.errors import EvidenceError
from edge.clock import ManualClock
from edge.evidence.store import EvidenceStore
from edge.sources import Pace, open_source
from pipelines.events import Phase
from tests.edge.evidence.events import make_event, make_frame
from tests.edge.sources.footage import make_clip

PLENTY = 10**8


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def incidents(root: Path) -> set[str]:
    return {path.name for path in root.glob("*/*") if any(path.iterdir())}


def on_disk(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def put(store: EvidenceStore, incident: str, sequence: int = 1) -> int:
    """Pictures of an incident; returns their bytes."""
    phase = Phase.OPEN if sequence == 1 else Phase.UPDATE
    files = store.pictures(make_event(incident=incident, sequence=sequence, phase=phase), make_frame())
    return sum(file.size for file in files)


@pytest.mark.parametrize(
    ("phase", "sequence", "names"),
    [
        (Phase.OPEN, 1, ["open-full.jpg", "open-annotated.jpg"]),
        (Phase.UPDATE, 3, ["update-3-full.jpg", "update-3-annotated.jpg"]),
        (Phase.CLEARED, 4, ["cleared-4-full.jpg", "cleared-4-annotated.jpg"]),
    ],
)
def test_pictures(tmp_path: Path, phase: Phase, sequence: int, names: list[str]) -> None:
    store = EvidenceStore(tmp_path, PLENTY)
    event = make_event(phase=phase, sequence=sequence)
    files = store.pictures(event, make_frame(grey=200))
    assert [file.name for file in files] == names
    for file in files:
        content = file.path.read_bytes()
        assert file.path == tmp_path / "2026-01-31" / event.incident / file.name
        assert (file.incident, file.media_type, file.size) == (event.incident, "image/jpeg", len(content))
        assert file.sha256 == hashlib.sha256(content).hexdigest()
    pictures = [cv2.imread(str(file.path)) for file in files]
    assert round(float(pictures[0].mean())) == 200
    assert pictures[0].shape == (240, 320, 3)
    assert store.size == on_disk(tmp_path)
    assert not list(tmp_path.rglob("*.part"))


def test_a_picture_from_before(tmp_path: Path) -> None:
    store, event = EvidenceStore(tmp_path, PLENTY), make_event()
    store.pictures(event, make_frame(grey=200))
    file = store.before(event, make_frame(grey=50))
    assert (file.name, file.size) == ("open-before.jpg", file.path.stat().st_size)
    assert round(float(cv2.imread(str(file.path)).mean())) == 50
    assert store.size == on_disk(tmp_path)


def test_clip(tmp_path: Path) -> None:
    source = open_source("gate", str(make_clip(tmp_path / "a.mp4")), pace=Pace.FAST)
    list(source.frames())
    window = source.ring.window(0.5, 1.5)
    assert window is not None
    store = EvidenceStore(tmp_path / "evidence", PLENTY)
    file = store.clip("incident-1", "clip.mp4", window)
    assert file.media_type == "video/mp4"
    assert file.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()
    assert cv2.VideoCapture(str(file.path)).read()[0]


def test_an_incident_stays_in_its_first_folder(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path, PLENTY)
    store.pictures(make_event(), make_frame())
    later = make_event(phase=Phase.UPDATE, sequence=2, captured_s=make_event().captured_s + 86_400)
    store.pictures(later, make_frame())
    EvidenceStore(tmp_path, PLENTY).pictures(make_event(phase=Phase.CLEARED, sequence=3, captured_s=2e9), make_frame())
    assert len(list(tmp_path.glob("*/*"))) == 1
    assert len(list(tmp_path.glob("*/*/*.jpg"))) == 6


def test_resolved_first_leaves_first(tmp_path: Path, clock: ManualClock) -> None:
    size = put(EvidenceStore(tmp_path / "trial", PLENTY), "x")
    store = EvidenceStore(tmp_path / "real", 4 * size + 10, clock)
    for name in ("a", "b", "c", "d"):
        put(store, name)
        clock.advance(1)
    for name in ("c", "b"):  # resolved in another order than opened
        store.resolve(name)
        clock.advance(1)
    left = []
    for name in ("e", "f", "g"):
        put(store, name)
        clock.advance(1)
        left.append(incidents(tmp_path / "real"))
        assert on_disk(tmp_path / "real") <= store.budget_bytes
    assert left[0] == {"a", "b", "d", "e"}  # c was resolved first
    assert left[1] == {"a", "d", "e", "f"}  # then b
    assert left[2] == {"d", "e", "f", "g"}  # nothing resolved is left: the oldest open one


def test_what_waits_to_be_sent_leaves_last(tmp_path: Path, clock: ManualClock) -> None:
    size = put(EvidenceStore(tmp_path / "trial", PLENTY), "x")
    root, wanted = tmp_path / "real", set[Path]()
    store = EvidenceStore(root, 3 * size + 10, clock, wanted=lambda: wanted)
    kept = store.pictures(make_event(incident="a"), make_frame())[0].path
    wanted.add(kept)
    for name in ("b", "c"):
        put(store, name)
    store.resolve("a")
    clock.advance(1)
    put(store, "d")
    # Of the one that was resolved first its other file leaves; then an open incident goes before what is wanted.
    assert [path.name for path in root.glob("*/a/*.jpg")] == [kept.name]
    assert incidents(root) == {"a", "c", "d"}
    assert store.size == on_disk(root) <= store.budget_bytes
    # The limit holds all the same: with nothing else left, what is wanted goes too, by the usual order.
    wanted |= set(root.glob("*/*/*.jpg"))
    put(store, "e")
    assert incidents(root) == {"c", "d", "e"}
    # What has been sent is as any other.
    wanted.clear()
    store.resolve("d")
    put(store, "f")
    assert incidents(root) == {"c", "e", "f"}


def test_a_spared_file_is_known_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    store = EvidenceStore(tmp_path, PLENTY, clock)
    files = [store.pictures(make_event(incident=name), make_frame()) for name in ("a", "b")]
    store.resolve("a")
    wanted = {files[0][0].path}
    smaller = EvidenceStore(tmp_path, files[0][0].size + 10, clock, wanted=lambda: wanted)
    assert set(tmp_path.rglob("*.jpg")) == wanted
    assert smaller.size == files[0][0].size


def test_evidence_cleared_by_hand_is_given_up(tmp_path: Path, clock: ManualClock) -> None:
    size = put(EvidenceStore(tmp_path / "trial", PLENTY), "x")
    store = EvidenceStore(tmp_path / "real", 2 * size + 10, clock)
    put(store, "a")
    shutil.rmtree(tmp_path / "real" / "2026-01-31")
    for name in ("b", "c", "d"):
        put(store, name)
    assert incidents(tmp_path / "real") == {"c", "d"}
    assert store.size == on_disk(tmp_path / "real")


def test_marks_survive_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    size = put(EvidenceStore(tmp_path, PLENTY, clock), "a")
    store = EvidenceStore(tmp_path, PLENTY, clock)
    put(store, "b")
    put(store, "c")
    store.resolve("c")
    clock.advance(5)
    store.resolve("b")
    again = EvidenceStore(tmp_path, 3 * size + 10, clock)
    assert again.size == 3 * size
    put(again, "d")
    assert incidents(tmp_path) == {"a", "b", "d"}
    put(again, "e")
    assert incidents(tmp_path) == {"a", "d", "e"}


def test_a_reopened_incident_is_kept(tmp_path: Path, clock: ManualClock) -> None:
    store = EvidenceStore(tmp_path, PLENTY, clock)
    size = put(store, "a")
    put(store, "b")
    for name in ("a", "b"):
        store.resolve(name)
        clock.advance(1)
    store.reopen("a")
    put(EvidenceStore(tmp_path, 2 * size + 10, clock), "c")
    assert incidents(tmp_path) == {"a", "c"}


def test_a_smaller_limit_holds_from_the_start(tmp_path: Path, clock: ManualClock) -> None:
    store = EvidenceStore(tmp_path, PLENTY, clock)
    sizes = [put(store, name) for name in ("a", "b", "c")]
    EvidenceStore(tmp_path, sum(sizes[1:]), clock)
    assert on_disk(tmp_path) <= sum(sizes[1:])


def test_what_does_not_fit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path, 3000)
    noise = np.random.default_rng(1).integers(0, 255, (240, 320), np.uint8)
    frame = make_frame()
    object.__setattr__(frame, "y", noise)
    with pytest.raises(EvidenceError, match=r"bytes do not fit, the limit of 3000 bytes under"):
        store.pictures(make_event(), frame)
    assert on_disk(tmp_path) == 0


def test_a_replaced_file_counts_once(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path, PLENTY)
    put(store, "a")
    put(store, "a")
    assert store.size == on_disk(tmp_path)


def test_unfinished_files_are_cleared_away_at_the_start(tmp_path: Path) -> None:
    put(EvidenceStore(tmp_path, PLENTY), "a")
    folder = next(tmp_path.glob("*/a"))
    (folder / "clip.mp4.part").write_bytes(b"half")
    store = EvidenceStore(tmp_path, PLENTY)
    assert not list(tmp_path.rglob("*.part"))
    assert store.size == on_disk(tmp_path)


@pytest.mark.parametrize("name", ["../a", "a/b", "", ".", "..", ".resolved", "a.part"])
def test_names_stay_inside(tmp_path: Path, name: str) -> None:
    with pytest.raises(EvidenceError, match="is no file name"):
        EvidenceStore(tmp_path / "root", PLENTY).pictures(make_event(incident=name), make_frame())
    assert not on_disk(tmp_path)


def test_resolving_what_is_not_there(tmp_path: Path) -> None:
    EvidenceStore(tmp_path, PLENTY).resolve("unknown")


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = EvidenceStore(tmp_path, PLENTY)

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EvidenceError, match=r"evidence .*open-full\.jpg: the disk is full"):
        store.pictures(make_event(), make_frame())
    assert on_disk(tmp_path) == 0


def test_an_alarms_pictures_do_not_wait_for_a_clip_on_its_way_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, slow, written, flush = EvidenceStore(tmp_path, PLENTY), threading.Event(), threading.Event(), os.fsync

    def fsync(descriptor: int) -> None:
        if threading.current_thread() is clip:
            written.set()
            assert slow.wait(10)
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    clip = threading.Thread(target=put, args=(store, "a"))
    clip.start()
    assert written.wait(10)
    put(store, "b")
    assert incidents(tmp_path) >= {"b"}
    slow.set()
    clip.join(10)
    assert store.size == on_disk(tmp_path)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file")
    with pytest.raises(EvidenceError, match=r"evidence .*root: File exists"):
        EvidenceStore(tmp_path / "root", PLENTY)


def test_several_threads(tmp_path: Path) -> None:
    size = put(EvidenceStore(tmp_path / "trial", PLENTY), "x")
    store = EvidenceStore(tmp_path / "real", 8 * size)
    failures: list[EvidenceError] = []

    def work(name: str) -> None:
        try:
            for number in range(8):
                put(store, f"{name}{number}")
                store.resolve(f"{name}{number}")
        except EvidenceError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert store.size == on_disk(tmp_path / "real") <= store.budget_bytes
