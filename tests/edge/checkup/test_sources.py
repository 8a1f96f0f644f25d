from __future__ import annotations

import time
from pathlib import Path

from edge.checkup import look_at_all
from edge.config import SourceSettings


def settings(name: str, url: str | Path) -> SourceSettings:
    zone = {"name": "door", "polygon": [[0, 0], [1, 0], [1, 1]]}
    return SourceSettings.model_validate({"name": name, "url": str(url), "rules": [{"rule": "fire"}], "zones": [zone]})


def test_each_source_is_looked_at(picture: Path, tmp_path: Path, closed_port: int) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no video at all")
    looks = look_at_all(
        [
            settings("still", picture),
            settings("notes", text),
            settings("missing", tmp_path / "nowhere.mp4"),
            settings("camera", f"rtsp://admin:s3cret@127.0.0.1:{closed_port}/1"),
        ],
        10,
    )
    results = [look.result for look in looks]
    assert [(r.name, r.ok) for r in results] == [
        ("still", True),
        ("notes", False),
        ("missing", False),
        ("camera", False),
    ]
    assert results[0].text.startswith("320×240 after ")
    assert results[0].text.endswith("zones: door")
    assert "not a video" in results[1].text
    assert "no such file" in results[2].text
    assert "refused" in results[3].text
    assert "s3cret" not in results[3].text


def test_silent_cameras_are_waited_for_together(picture: Path, silent_port: int) -> None:
    silent = [settings(f"camera {i}", f"rtsp://127.0.0.1:{silent_port}/{i}") for i in range(8)]
    began = time.monotonic()
    looks = look_at_all([*silent, settings("still", picture)], 1.0)
    assert time.monotonic() - began < 4  # one after the other it would be 8
    assert [look.result.ok for look in looks] == [False] * 8 + [True]
    assert all("no picture within 1 s" in look.fault for look in looks[:-1])


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (look,) = look_at_all([settings("empty", tmp_path / "empty")], 5)
    assert not look.result.ok
    assert "empty" in look.result.text
