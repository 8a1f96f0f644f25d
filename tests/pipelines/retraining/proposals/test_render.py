from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.errors import DatasetError
from calibration.skeleton import COCO_KEYPOINTS
from pipelines.retraining.data.dataset import load_dataset
from pipelines.retraining.data.formats import yolo
from pipelines.retraining.proposals.derive import Derived, Image, Plan
from pipelines.retraining.proposals.render import write_set
from pipelines.retraining.proposals.turn import turned
from tests.pipelines.retraining.drawn import scene
from tests.pipelines.retraining.proposed import derived, standing


def source(folder: Path, name: str, seed: int = 1) -> str:
    """Draw a source picture of 200 × 160; its digest."""
    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / name), scene(seed, 200, 160))
    return hashlib.sha256((folder / name).read_bytes()).hexdigest()


def footage(path: Path, numbers: frozenset[int]) -> Iterator[tuple[int, Image]]:
    """A film of ten even frames, each as bright as its number."""
    assert path.name == "film.mp4"
    yield from ((i, np.full((160, 200, 3), 10 * i, np.uint8)) for i in range(10) if i in numbers)


def plan(*pictures: Derived) -> Plan:
    return Plan(
        name="drawn", classes=("person",), keypoints=COCO_KEYPOINTS, licence="CC0-1.0", source="drawn", teacher="none",
        pictures=pictures,
    )  # fmt: skip


def test_a_set_is_made_and_read_again(tmp_path: Path) -> None:
    one = standing("one", sha256=source(tmp_path / "a", "one.png"), grey=[(0, 0, 20, 20)])
    film = tmp_path / "b" / "film.mp4"
    film.parent.mkdir()
    film.write_bytes(b"film")
    frame = derived("film_7", source="film.mp4", frame=7, sha256=hashlib.sha256(b"film").hexdigest(), split="val")
    pictures = (one, *turned([one], 3, 1), frame)
    made = write_set(plan(*pictures), [tmp_path / "a", tmp_path / "b"], tmp_path / "out", footage)
    assert [len(picture.labels) for picture in made.pictures] == [1, 1, 1, 1, 0]
    again = load_dataset(tmp_path / "out")
    assert [picture.sha256 for picture in again.pictures] == [picture.sha256 for picture in made.pictures]
    imported = yolo.read(tmp_path / "out")
    assert imported.faults == ()
    assert imported.dataset.keypoints == COCO_KEYPOINTS
    shown = cv2.imread(str(tmp_path / "out/images/val/film_7.jpg"))
    assert shown is not None
    assert abs(float(shown.mean()) - 70) < 1.5
    first = cv2.imread(str(tmp_path / "out/images/train/one.jpg"))
    assert first is not None
    assert abs(float(first[2:18, 2:18].mean()) - 114) < 4


def test_made_twice_it_is_the_same(tmp_path: Path) -> None:
    one = standing("one", sha256=source(tmp_path, "one.png"))
    sets = [write_set(plan(*turned([one], 2, 1)), [tmp_path], tmp_path / out, footage) for out in ("x", "y")]
    assert [p.sha256 for p in sets[0].pictures] == [p.sha256 for p in sets[1].pictures]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"source": "gone.png"}, r"gone\.png: is in none of "),
        ({"sha256": "0" * 64}, r"one\.png: sha256 is [0-9a-f]{12}…, the plan was made with 000000000000…"),
        ({"size": (100, 100)}, r"one\.png: gives 200×160 px, the plan says \(100, 100\)"),
        ({"source": "film.mp4", "frame": 12}, r"film\.mp4: has no frames \[12\]"),
    ],
)
def test_what_can_not_be_made_is_named(tmp_path: Path, fields: dict[str, object], said: str) -> None:
    digest = source(tmp_path, "one.png")
    (tmp_path / "film.mp4").write_bytes((tmp_path / "one.png").read_bytes())
    with pytest.raises(DatasetError, match=said):
        write_set(plan(derived("one", **{"sha256": digest} | fields)), [tmp_path], tmp_path / "out", footage)
    assert not (tmp_path / "out/index.jsonl").exists()


def test_a_source_that_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(b"nothing")
    one = derived("one", sha256=hashlib.sha256(b"nothing").hexdigest())
    with pytest.raises(DatasetError, match="is no picture"):
        write_set(plan(one), [tmp_path], tmp_path / "out", footage)
