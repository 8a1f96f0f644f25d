from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.cli import app
from edge.cli.dataset._footage import footage_of, frames_of
from pipelines.retraining.proposals.derive import Plan, load_plan, save_plan
from tests.pipelines.retraining.proposed import derived


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["dataset", "render", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def clip(root: Path) -> Path:
    """The first film that ships with the agent."""
    return next(iter(sorted((root / "datasets" / "demo").rglob("*.mp4"))))


def test_frames_come_by_their_numbers(clip: Path) -> None:
    every = dict(frames_of(clip, frozenset(range(6))))
    assert list(every) == [0, 1, 2, 3, 4, 5]
    some = dict(frames_of(clip, frozenset({1, 4})))
    assert list(some) == [1, 4]
    assert all(np.array_equal(some[number], every[number]) for number in some)
    assert footage_of(f"{clip}:1-9:4").numbers == (1, 5, 9)


def test_a_set_of_frames(clip: Path, tmp_path: Path) -> None:
    image = dict(frames_of(clip, frozenset({2})))[2]
    digest = hashlib.sha256(clip.read_bytes()).hexdigest()
    size = (image.shape[1], image.shape[0])
    frame = derived("film_2", source=clip.name, frame=2, sha256=digest, size=size, boxes=[(0, 1, 2, 30, 40)])
    plan = Plan(name="film", classes=("person",), licence="CC0-1.0", source="x", teacher="none", pictures=(frame,))
    save_plan(plan, tmp_path)
    out = tmp_path / "out"
    code, said, err = run(str(tmp_path), "--root", str(tmp_path), "--root", str(clip.parent), "--out", str(out))
    assert code == 0, err
    assert said == f"{out}: pictures: 1 (train 1); boxes: person 1\n"
    assert (out / "labels/train/film_2.txt").read_text().startswith("0 ")
    code, said, _ = run(str(tmp_path), "--root", str(clip.parent), "--out", str(out), "--json")
    assert json.loads(said)["splits"] == {"train": 1}
    code, said, err = run(str(tmp_path), "--root", str(tmp_path), "--out", str(out))
    assert (code, said) == (2, "")
    assert "is in none of" in err


@pytest.mark.parametrize("name", ["people-vehicles", "people-pose"])
def test_the_committed_plans_are_whole(root: Path, name: str) -> None:
    plan = load_plan(root / "datasets" / name)
    splits: dict[str, set[str]] = {}
    for picture in plan.pictures:
        splits.setdefault(picture.group, set()).add(picture.split)
        labels = picture.labels(len(plan.keypoints))
        assert (labels.xyxy >= 0).all()
        assert (labels.xyxy <= np.array([*picture.size, *picture.size])).all()
        assert set(labels.class_id.tolist()) <= set(range(len(plan.classes)))
    assert not [group for group, found in splits.items() if len(found) > 1]
    assert len({picture.name for picture in plan.pictures}) == len(plan.pictures)
    assert all("clips/" not in picture.source for picture in plan.pictures)  # what later tests judge by


def test_the_committed_plans_know_their_sources(root: Path, shared: Path) -> None:
    for name in ("people-vehicles", "people-pose"):
        for picture in load_plan(root / "datasets" / name).pictures[::97]:
            if picture.frame is None:
                content = (shared / "data" / picture.source).read_bytes()
                assert hashlib.sha256(content).hexdigest() == picture.sha256
                assert (picture.split == "val") == ("/val/" in picture.source)
