"""Which model runs after a restart, and which does not any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.updates.installed import Updates

OWN = "a" * 64


def updated(data: Path, command: str = "c1") -> Path:
    updates = Updates(data)
    folder = updates.place("tiny", "b" * 64)
    folder.mkdir(parents=True)
    updates.install("tiny", folder, OWN, command)
    return folder


def test_nothing_is_written_where_nothing_was_updated(tmp_path: Path) -> None:
    updates = Updates(tmp_path)
    updates.starting()
    assert updates.folder("tiny", OWN) is None
    assert not list(tmp_path.iterdir())


def test_an_update_is_used_after_a_restart(tmp_path: Path) -> None:
    folder = updated(tmp_path)
    again = Updates(tmp_path)
    assert again.folder("tiny", OWN) == folder
    assert again.unproven == ("tiny",)
    again.prove("tiny")
    assert Updates(tmp_path).unproven == ()


def test_one_that_never_runs_for_long_is_taken_back_and_its_command_remembered(tmp_path: Path) -> None:
    folder = updated(tmp_path)
    for _ in range(2):
        starts = Updates(tmp_path)
        starts.starting()
        assert starts.folder("tiny", OWN) == folder
    last = Updates(tmp_path)
    last.starting()
    assert last.folder("tiny", OWN) is None
    assert last.taken_back("c1") == "the agent has started 2 times and never ran for long"
    assert Updates(tmp_path).taken_back("c1") is not None
    assert last.taken_back("c2") is None


def test_a_proven_one_stays_however_often_the_agent_starts(tmp_path: Path) -> None:
    updated(tmp_path)
    Updates(tmp_path).prove("tiny")
    for _ in range(5):
        starts = Updates(tmp_path)
        starts.starting()
    assert starts.folder("tiny", OWN) is not None


def test_another_model_in_the_site_file_ends_the_update(tmp_path: Path) -> None:
    updated(tmp_path)
    assert Updates(tmp_path).folder("tiny", "c" * 64) is None
    assert Updates(tmp_path).current("tiny") is None


def test_what_is_not_used_any_more_goes_once_the_new_one_is_proven(tmp_path: Path) -> None:
    old = updated(tmp_path)
    updates = Updates(tmp_path)
    updates.prove("tiny")
    new = updates.place("tiny", "d" * 64)
    new.mkdir()
    updates.install("tiny", new, OWN, "c2")
    assert old.is_dir()  # until then the old one may be wanted back
    updates.prove("tiny")
    assert (old.is_dir(), new.is_dir()) == (False, True)


def test_an_earlier_update_is_put_back(tmp_path: Path) -> None:
    old = updated(tmp_path)
    updates = Updates(tmp_path)
    earlier = updates.current("tiny")
    updates.install("tiny", updates.place("tiny", "d" * 64), OWN, "c2")
    updates.put_back("tiny", earlier, "it failed")
    assert Updates(tmp_path).folder("tiny", OWN) == old
    assert updates.taken_back("c2") == "it failed"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"updates": {"tiny": {"folder": 3, "more": 1}}}', "null"])
def test_a_damaged_file_means_the_sites_own(tmp_path: Path, content: str) -> None:
    updated(tmp_path)
    (tmp_path / "models" / "updates.json").write_text(content)
    assert Updates(tmp_path).folder("tiny", OWN) is None


def test_a_disk_that_takes_nothing_leaves_all_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = updated(tmp_path)
    updates = Updates(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge.updates.installed.write_whole", full)
    with pytest.raises(OSError, match="No space"):
        updates.install("tiny", updates.place("tiny", "d" * 64), OWN, "c2")
    assert updates.folder("tiny", OWN) == old
