"""From data sets to the trainer's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import load_dataset
from pipelines.retraining.training.recipe import Recipe, load_recipe
from pipelines.retraining.training.staging import Staged, gather, stage_data


def draw(folder: Path, name: str, boxes: Sequence[tuple[int, float, float, float, float]], seed: int) -> None:
    """A picture like no other, and its labels."""
    rng = np.random.default_rng(seed)
    image = cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (64, 48), interpolation=cv2.INTER_CUBIC)
    (folder / "images" / "train").mkdir(parents=True, exist_ok=True)
    (folder / "labels" / "train").mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / "images" / "train" / f"{name}.png"), image)
    lines = "".join(f"{c} {x} {y} {w} {h}\n" for c, x, y, w, h in boxes)
    (folder / "labels" / "train" / f"{name}.txt").write_text(lines)


@pytest.fixture
def fires(tmp_path: Path) -> Path:
    """Four clips of five pictures: fire in the first three of each, nothing in the others."""
    folder = tmp_path / "fires"
    for clip in range(4):
        for place in range(5):
            boxes = [(0, 0.5, 0.5, 0.25, 0.5)] if place < 3 else []
            draw(folder, f"clip{clip}_{place:04d}", boxes, seed=100 * clip + place)
    (folder / "data.yaml").write_text("path: .\ntrain: images/train\nnames: {0: flame, 1: lamp}\n")
    return folder


def recipe(tmp_path: Path, data: list[dict[str, object]], **changes: object) -> Recipe:
    said = {
        "name": "tiny",
        "base": "yolo11n.yaml",
        "classes": ["fire"],
        "data": data,
        "stages": [{"size": 64, "epochs": 1, "rate": 0.001}],
        "card": {"size": 64, "means": {"fire": "fire"}, "licence": "CC0", "training_data": "drawn"},
        **changes,
    }
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(said))
    return load_recipe(path)


def test_classes_are_renamed_and_labels_written_as_shares(tmp_path: Path, fires: Path) -> None:
    staged = stage_data(recipe(tmp_path, [{"data": "fires", "rename": {"flame": "fire"}}]), tmp_path / "out")
    assert staged.boxes == {"fire": staged.pictures["train"] - staged.empty["train"]}
    label = next(path for path in (tmp_path / "out" / "labels" / "train").iterdir() if path.read_text())
    assert label.read_text() == "0 0.5 0.5 0.25 0.5\n"
    assert (tmp_path / "out" / "images" / "train" / label.name).with_suffix(".png").resolve().is_file()


def test_whole_clips_are_held_out_and_stay_out_as_data_is_added(tmp_path: Path, fires: Path) -> None:
    def held(out: str) -> set[str]:
        made = recipe(tmp_path, [{"data": "fires", "rename": {"flame": "fire"}}], hold_share=0.5, seed=3)
        stage_data(made, tmp_path / out)
        clips = {
            split: {path.name.split("_")[1] for path in (tmp_path / out / "images" / split).iterdir()}
            for split in ("train", "hold")
        }
        assert not clips["train"] & clips["hold"], "no clip is cut"
        return clips["hold"]

    before = held("first")
    assert before, "the seed holds something out"
    for place in range(5):
        draw(fires, f"clip9_{place:04d}", [(0, 0.5, 0.5, 0.2, 0.2)], seed=900 + place)
    assert held("second") - {"clip9"} == before


def test_negatives_lose_their_boxes_and_keep_to_their_share(tmp_path: Path, fires: Path) -> None:
    for place in range(10):
        draw(tmp_path / "sites", f"site{place}_0000", [(0, 0.5, 0.5, 0.2, 0.2)], seed=2000 + place)
    (tmp_path / "sites" / "data.yaml").write_text("path: .\ntrain: images/train\nnames: {0: vest}\n")
    data: list[dict[str, object]] = [
        {"data": "fires", "rename": {"flame": "fire"}},
        {"data": "sites", "role": "negatives", "most": 6},
    ]
    pictures = gather(recipe(tmp_path, data))
    assert sum(picture.group.startswith("sites") for picture in pictures) == 6
    assert all(len(picture.labels) == 0 for picture in pictures if picture.group.startswith("sites"))
    staged = stage_data(recipe(tmp_path, data, negatives_share=0.25, hold_share=0), tmp_path / "out")
    assert staged.pictures["train"] == 16
    assert staged.empty["train"] == 4


def test_at_most_so_many_of_a_clip(tmp_path: Path, fires: Path) -> None:
    made = recipe(tmp_path, [{"data": "fires", "rename": {"flame": "fire"}, "a_group": 2}])
    names = sorted(picture.path.stem for picture in gather(made))
    assert names == [f"clip{clip}_{place:04d}" for clip in range(4) for place in (0, 4)], "spread over time"


def test_what_leaks_into_the_proof_is_refused_or_withheld(tmp_path: Path, fires: Path) -> None:
    """A mirrored, paler copy of one training picture among those that the model is measured on takes its clip out."""
    (fires / "images" / "val").mkdir()
    copy = cv2.imread(str(fires / "images" / "train" / "clip1_0002.png"))
    assert copy is not None
    cv2.imwrite(str(fires / "images" / "val" / "other.png"), (copy[:, ::-1] * 0.9).astype(np.uint8))
    data: list[dict[str, object]] = [{"data": "fires", "rename": {"flame": "fire"}}]
    with pytest.raises(DatasetError, match=r"5 training pictures .*clip1_0000\.png.*leaks: withhold"):
        stage_data(recipe(tmp_path, data, proof={"data": "fires"}), tmp_path / "out")
    staged = stage_data(recipe(tmp_path, data, proof={"data": "fires"}, leaks="withhold"), tmp_path / "out")
    assert staged.withheld == 5
    names = {path.name for split in ("train", "hold") for path in (tmp_path / "out" / "images" / split).iterdir()}
    assert not [name for name in names if "clip1" in name]


def test_despeckled_pictures_are_copies_and_the_others_links(tmp_path: Path, fires: Path) -> None:
    noisy = fires / "images" / "train" / "clip0_0000.png"
    image = cv2.imread(str(noisy))
    assert image is not None
    image[5:45:6, 5:60:6] = 255
    cv2.imwrite(str(noisy), image)
    wanted = recipe(tmp_path, [{"data": "fires", "rename": {"flame": "fire"}}], despeckle=True, hold_share=0)
    stage_data(wanted, tmp_path / "out")
    placed = sorted((tmp_path / "out" / "images" / "train").iterdir())
    assert [path.name.partition("_")[2] for path in placed if not path.is_symlink()] == ["clip0_0000.png"]


def test_close_ups_stand_among_the_training_pictures_only(tmp_path: Path, fires: Path) -> None:
    for path in (fires / "images" / "train").iterdir():
        image = cv2.imread(str(path))
        assert image is not None
        cv2.imwrite(str(path), cv2.resize(image, None, fx=6, fy=6))
    near = {"about": ["fire"], "share": 1.0}
    data = [{"data": "fires", "rename": {"flame": "fire"}}]
    wanted = recipe(tmp_path, data, close_ups=near, hold_share=0.3)
    staged = stage_data(wanted, tmp_path / "out")
    images = {split: [p.stem for p in (tmp_path / "out" / "images" / split).iterdir()] for split in ("train", "hold")}
    labels = {p.stem for p in (tmp_path / "out" / "labels" / "train").iterdir()}
    close = [stem for stem in images["train"] if stem.endswith("_near")]
    assert close
    assert set(images["train"]) == labels
    assert not [stem for stem in images["hold"] if stem.endswith("_near")]
    assert staged.pictures["train"] == len(images["train"])


def test_a_class_without_a_box_is_refused(tmp_path: Path, fires: Path) -> None:
    with pytest.raises(DatasetError, match="no box of fire in the training pictures"):
        stage_data(recipe(tmp_path, [{"data": "fires"}]), tmp_path / "out")


def test_a_class_kept_from_the_base_needs_no_box(tmp_path: Path, fires: Path) -> None:
    staged = stage_data(recipe(tmp_path, [{"data": "fires"}], kept=["fire"], base="base.pt"), tmp_path / "out")
    assert staged.boxes == {"fire": 0}


def test_a_missing_split_is_named(tmp_path: Path, fires: Path) -> None:
    with pytest.raises(DatasetError, match="test"):
        gather(recipe(tmp_path, [{"data": "fires", "split": "test"}]))


def test_the_folder_says_how_to_mirror_a_pose(tmp_path: Path, fires: Path) -> None:
    points = " ".join("0.5 0.5 2" for _ in range(17))
    for path in (fires / "labels" / "train").iterdir():
        path.write_text("".join(f"{line} {points}\n" for line in path.read_text().splitlines()))
    (fires / "data.yaml").write_text("path: .\ntrain: images/train\nkpt_shape: [17, 3]\nnames: {0: person}\n")
    card = {"size": 64, "means": {"person": "person"}, "licence": "CC0", "training_data": "drawn"}
    made = recipe(tmp_path, [{"data": "fires"}], task="pose", classes=["person"], card=card)
    staged = stage_data(made, tmp_path / "out")
    said = yaml.safe_load(staged.data.read_text())
    assert said["kpt_shape"] == [17, 3]
    assert said["flip_idx"][5] == 6, "the left shoulder becomes the right one"
    assert said["kpt_names"][0][5] == "left_shoulder"
    label = next(path for path in (tmp_path / "out" / "labels" / "train").iterdir() if path.read_text())
    assert len(label.read_text().split("\n")[0].split()) == 5 + 17 * 3


def test_what_stands_ready_is_known_with_its_groups(tmp_path: Path, fires: Path) -> None:
    made = recipe(tmp_path, [{"data": "fires", "rename": {"flame": "fire"}}], hold_share=0.5, seed=3)
    assert Staged.read(tmp_path / "out") is None
    staged = stage_data(made, tmp_path / "out")
    assert Staged.read(tmp_path / "out") == staged
    held = load_dataset(tmp_path / "out").of_split("hold")
    assert {picture.group for picture in held.pictures} < {f"fires/train/clip{clip}" for clip in range(4)}
    assert len(held.pictures) == staged.pictures["hold"]
    (fires / "images" / "train" / "clip0_0000.png").unlink()
    assert Staged.read(tmp_path / "out") == staged, "an interrupted training goes on with what it had"
