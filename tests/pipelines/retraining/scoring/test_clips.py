from __future__ import annotations

from pathlib import Path

import pytest

from calibration.errors import DatasetError
from pipelines.hazards import HazardKind
from pipelines.retraining.scoring.clips import read_clips


def written(folder: Path, text: str) -> Path:
    for name in ("yard.mp4", "gate.mkv"):
        (folder / name).write_bytes(b"")
    (folder / "clips.yaml").write_text(text)
    return folder / "clips.yaml"


def test_only_hazards_are_events(tmp_path: Path) -> None:
    text = "yard: {fire: [[0, 7.1], [9, 12]], licence: CC0, persons: one}\ngate.mkv:\n"
    yard, gate = read_clips(written(tmp_path, text))
    assert (yard.path, yard.name) == (tmp_path / "yard.mp4", "yard")
    assert yard.events == {HazardKind.FIRE: ((0.0, 7.1), (9.0, 12.0))}
    assert (gate.path, gate.events) == (tmp_path / "gate.mkv", {})


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    (tmp_path / "yard").mkdir()  # not this one: the video comes first
    (tmp_path / "roof").mkdir()
    clips = read_clips(written(tmp_path, "yard: {}\nroof: {}\n"))
    assert [clip.path.name for clip in clips] == ["yard.mp4", "roof"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("house: {fire: [[0, 1]]}", "house: no such clip in"),
        ("yard: {fire: [[5, 2]]}", r"yard\.fire: found \[\[5, 2\]\], expected a list of \[start, end\] in seconds"),
        ("yard: {smoke: always}", r"yard\.smoke: found 'always'"),
        ("yard: fire", "yard: found 'fire', expected {hazard"),
        ("- yard", "expected clips by name, found list"),
        ("", "expected clips by name, found NoneType"),
        ("yard: {", "is not YAML"),
        ("house: {}\nyard: {fire: 3}", "2 faults"),
    ],
)
def test_faults_are_named(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=words):
        read_clips(written(tmp_path, text))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="can not be read"):
        read_clips(tmp_path / "clips.yaml")
