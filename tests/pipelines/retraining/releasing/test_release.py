from __future__ import annotations

from pathlib import Path

import pytest

from calibration.errors import ModelError
from pipelines.detect.card import Card, parse_card
from pipelines.retraining.releasing.release import next_version, refuse_version
from tests.pipelines.retraining import squares


@pytest.fixture
def card(tmp_path: Path) -> Card:
    folder = squares.model_folder(tmp_path / "squares", b"weights", version="1.4.2")
    return parse_card((folder / "card.yaml").read_text(), "card.yaml")


def test_versions_count_up_by_what_changed(card: Card) -> None:
    assert next_version(card, None, same_weights=False) == "1.0.0"
    assert next_version(card, card, same_weights=True) == "1.4.3"
    assert next_version(card, card, same_weights=False) == "1.5.0"
    other = card.classes[0].model_copy(update={"means": "none"})
    assert next_version(card.model_copy(update={"classes": (other,)}), card, same_weights=False) == "2.0.0"


def test_another_threshold_is_a_patch(card: Card) -> None:
    assert next_version(card.with_thresholds({"fire": 0.9}), card, same_weights=True) == "1.4.3"


@pytest.mark.parametrize("version", ["1.4.2", "1.4.1", "0.9.9", "1.5", "v2.0.0", "next"])
def test_a_version_must_rise(version: str, card: Card) -> None:
    with pytest.raises(ModelError, match=f"version '?{version}'?: "):
        refuse_version(version, card)


def test_a_higher_version_is_free(card: Card) -> None:
    refuse_version("1.4.3", card)
    refuse_version("2.0.0", card)
    refuse_version("0.0.1", None)
