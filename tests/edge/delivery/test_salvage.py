from __future__ import annotations

from pathlib import Path

import pytest

from edge.delivery.outbox import Outbox
from tests.edge.delivery.builders import put

NOW_S = 1795306078.0
STAMP = "20261122T000758Z"


def fill(path: Path, events: int) -> None:
    with Outbox(path, now=lambda: NOW_S) as outbox:
        for sequence in range(1, events + 1):
            put(outbox, "a", sequence, state=False)


def kept(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir() if "damaged" in found.name and found.suffix == ".sqlite")


@pytest.mark.parametrize(
    "content",
    [
        b"x" * 5000,  # something else altogether
        b"SQLite format 3\x00" + b"\xff" * 5000,  # begins well
        b"SQLite format 3\x00",  # cut off
    ],
)
def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(content)
    with Outbox(path, now=lambda: NOW_S) as outbox:
        assert "damaged" in outbox.notes[0]
        assert f"outbox.damaged-{STAMP}.sqlite" in outbox.notes[0]
        # Nobody knows which numbers were given: the new ones begin where none can have been.
        assert put(outbox, "b") == int(NOW_S) + 1
    assert kept(tmp_path) == [f"outbox.damaged-{STAMP}.sqlite"]
    assert (tmp_path / kept(tmp_path)[0]).read_bytes() == content


def test_what_can_be_read_is_carried_over(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    fill(path, 400)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xaa" * 4096
    path.write_bytes(content)
    with Outbox(path, now=lambda: NOW_S) as outbox:
        assert "carried over" in outbox.notes[0]
        numbers = {entry.number for entry in outbox.waiting()}
        assert len(numbers) > 200  # one page of many was lost
        assert 1 in numbers
        assert 400 in numbers  # from both sides of the damage
        assert outbox.next_entries(1)[0].sequence == min(entry.sequence for entry in outbox.waiting())
        assert put(outbox, "b") > 400
    assert len(kept(tmp_path)) == 1


def test_a_sound_outbox_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    fill(path, 3)
    with Outbox(path) as outbox:
        assert outbox.notes == ()
        assert outbox.count() == 6
    assert kept(tmp_path) == []


def test_two_damages_in_one_second_keep_both(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    for _ in range(2):
        path.write_bytes(b"x" * 5000)
        Outbox(path, now=lambda: NOW_S).close()
    assert kept(tmp_path) == [f"outbox.damaged-{STAMP}-2.sqlite", f"outbox.damaged-{STAMP}.sqlite"]
