"""Recipes: what they may say, and how they say what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from calibration.errors import ConfigError
from pipelines.retraining.training.recipe import digest, load_recipe

RECIPES = [
    *(path for path in sorted(Path("models").glob("*/*.yaml")) if path.name not in {"card.yaml", "clips.yaml"}),
    Path("datasets/tiny/recipe.yaml"),
]

GOOD = {
    "name": "tiny",
    "base": "../start.pt",
    "classes": ["fire"],
    "data": [{"data": "../pictures"}],
    "stages": [{"size": 64, "epochs": 1, "rate": 0.001}],
    "card": {"size": 64, "means": {"fire": "fire"}, "licence": "CC0", "training_data": "drawn"},
}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **changes}))
    return path


@pytest.mark.parametrize("path", RECIPES, ids=str)
def test_the_recipes_of_the_house_can_be_read(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.proof is not None, "each model of ours says what it is measured on"


def test_paths_count_from_the_recipe_and_an_architecture_is_none(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path))
    assert recipe.data[0].data == tmp_path.parent / "pictures"
    assert recipe.base == str(tmp_path.parent / "start.pt")
    assert load_recipe(written(tmp_path, base="yolo11n.yaml")).base == "yolo11n.yaml"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"stages": []}, "stages"),
        ({"stages": [{"size": 100, "epochs": 1, "rate": 0.1}]}, r"stages\.0\.size.*multiple of 32.*found 100"),
        ({"epochs": 3}, r"epochs: Extra inputs are not permitted, found 3"),
        ({"activation": "gelu"}, r"activation: .*'silu' or 'relu'.*found 'gelu'"),
        ({"classes": ["fire", "smoke"]}, r"card.means names \['fire'\], classes are \['fire', 'smoke'\]"),
        ({"name": "Not A Name"}, "name"),
        ({"kept": ["smoke"]}, r"kept names \['smoke'\], classes are \['fire'\]"),
        ({"kept": ["fire"], "base": "yolo11n.yaml"}, r"kept: .*found, yolo11n\.yaml; allowed: weights \(\.pt\)"),
        ({"close_ups": {"about": ["smoke"]}}, r"close_ups.about names \['smoke'\], classes are \['fire'\]"),
    ],
)
def test_a_fault_names_its_place(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as raised:
        load_recipe(written(tmp_path, **changes))
    assert "recipe.yaml" in str(raised.value)


def test_what_is_no_file_or_no_yaml_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can not be read"):
        load_recipe(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_recipe(tmp_path / "bad.yaml")


def test_the_digest_follows_what_is_trained_and_not_where_it_lies(tmp_path: Path) -> None:
    here, there = tmp_path / "a", tmp_path / "b" / "c"
    here.mkdir()
    there.mkdir(parents=True)
    first = digest(load_recipe(written(here)))
    assert digest(load_recipe(written(there))) == first
    assert digest(load_recipe(written(there, seed=2))) != first
    assert digest(load_recipe(written(there, kept=["fire"]))) != first


def test_a_mean_of_weights_needs_no_stage_and_a_training_does(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, stages=[], averaged_with=["../other.pt"]))
    assert recipe.averaged_with == (str(tmp_path.parent / "other.pt"),)
    with pytest.raises(ConfigError, match="stages: found none, allowed only with averaged_with"):
        load_recipe(written(tmp_path, stages=[]))
