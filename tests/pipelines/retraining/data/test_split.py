from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Dataset, Labels, Picture
from pipelines.retraining.data.duplicates import Pairs
from pipelines.retraining.data.leakage import WITHHELD, LeakKind
from pipelines.retraining.data.split import Dealt, split_dataset
from tests.pipelines.retraining import drawn

SHARES = {"train": 0.8, "val": 0.2}


def _pictures(sizes: Sequence[int], classes: Sequence[Sequence[int]], split: str | None = None) -> list[Picture]:
    """Groups of these sizes, whose pictures show these classes; no files behind them."""
    return [
        Picture(
            Path(f"{group}-{number}.jpg"), f"{group:032x}{number:032x}", 100, 100, f"clip{group}", split,
            Labels(np.tile(np.float32([[0, 0, 9, 9]]), (len(shown), 1)), np.array(shown, np.int64)),
        )
        for group, (size, shown) in enumerate(zip(sizes, classes, strict=True))
        for number in range(size)
    ]  # fmt: skip


def _near(*pairs: tuple[int, int]) -> Pairs:
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    return Pairs(first, second, np.full(len(pairs), 9))


def _deal(
    pictures: Sequence[Picture], shares: Mapping[str, float] = SHARES, pairs: Pairs | None = None, **how
) -> Dealt:
    return split_dataset(drawn.dataset(pictures), shares, pairs or _near(), **how)


def _splits(dataset: Dataset) -> list[str | None]:
    return [picture.split for picture in dataset.pictures]


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=40),
    seed=st.integers(0, 5),
    data=st.data(),
)
def test_groups_are_never_cut_and_the_order_has_no_influence(sizes: list[int], seed: int, data: st.DataObject) -> None:
    classes = [data.draw(st.lists(st.integers(0, 1), max_size=2)) for _ in sizes]
    pictures = _pictures(sizes, classes)
    where = defaultdict(set)
    for picture in _deal(pictures, seed=seed).dataset.pictures:
        where[picture.group].add(picture.split)
    assert all(len(splits) == 1 for splits in where.values())
    assert set().union(*where.values()) <= set(SHARES)
    shuffled = data.draw(st.permutations(pictures))
    again = {picture.group: picture.split for picture in _deal(shuffled, seed=seed).dataset.pictures}
    assert again == {group: next(iter(splits)) for group, splits in where.items()}


def test_the_shares_hold_for_pictures_negatives_and_each_class() -> None:
    rng = np.random.default_rng(4)
    sizes = rng.integers(1, 12, 150).tolist()
    # fire in many groups, smoke in few, a third empty
    classes = [[[0], [0], [0, 1], [], []][i] for i in rng.integers(0, 5, 150)]
    dealt = _deal(_pictures(sizes, classes)).dataset
    shown = Counter()
    for picture in dealt.pictures:
        names = [str(number) for number in set(picture.labels.class_id.tolist())] or ["empty"]
        shown.update((name, picture.split) for name in ["all", *names])
    for name in ("all", "empty", "0", "1"):
        share = shown[name, "val"] / (shown[name, "val"] + shown[name, "train"])
        assert share == pytest.approx(0.2, abs=0.02), name


def test_another_seed_is_another_deal_and_one_seed_the_same() -> None:
    pictures = _pictures([3] * 60, [[0]] * 60)
    deals = [_splits(_deal(pictures, seed=seed).dataset) for seed in (0, 0, 1)]
    assert deals[0] == deals[1]
    assert deals[0] != deals[2]


def test_what_has_a_split_keeps_it_when_data_is_added() -> None:
    old = _deal(_pictures([4] * 50, [[0]] * 50)).dataset.pictures
    new = [
        replace(picture, group=f"new-{picture.group}", sha256="f" + picture.sha256[1:])
        for picture in _pictures([4] * 50, [[0]] * 50)
    ]
    dealt = _deal([*new, *old], seed=7).dataset.pictures
    assert [picture.split for picture in dealt[200:]] == [picture.split for picture in old]
    assert Counter(_splits(drawn.dataset(dealt)))["val"] == pytest.approx(80, abs=4)


def test_a_new_picture_follows_its_group_or_its_near_duplicate() -> None:
    old = _pictures([1, 1], [[0], [0]])
    old = [replace(old[0], split="val"), replace(old[1], split="train")]
    new = [
        replace(old[0], split=None, sha256="a" * 64),
        replace(old[1], split=None, group="elsewhere", sha256="b" * 64),
    ]
    dealt = _deal([*old, *new], pairs=_near((1, 3)))
    assert _splits(dealt.dataset) == ["val", "train", "val", "train"]


def test_a_new_picture_of_a_closed_splits_group_is_withheld() -> None:
    closed = replace(_pictures([1], [[0]])[0], split="val")
    new = [replace(picture, group=picture.sha256) for picture in _pictures([0, 40], [[0], [0]])]
    pictures = [closed, *new]
    dealt = _deal(pictures, {"fit": 0.75, "hold": 0.25}, _near((0, 1)))
    assert _splits(dealt.dataset)[:2] == ["val", WITHHELD]
    assert Counter(_splits(dealt.dataset)[2:]) == {"fit": 29, "hold": 10}
    assert [picture.path for picture in dealt.withheld] == [pictures[1].path]
    assert not dealt.leaks


@pytest.mark.parametrize(
    ("withhold", "splits", "leaks"),
    [
        (False, ["train", "train", "val", "withheld", "train"], 1),
        (True, ["withheld", "withheld", "val", "withheld", "train"], 0),
    ],
)
def test_a_group_in_two_splits_is_listed_or_its_larger_part_withheld(
    withhold: bool, splits: list[str], leaks: int
) -> None:
    """Two near-duplicates of train, one of which looks like one of val, and a new one; another of train is apart."""
    before = ["train", "train", "val", None, "train"]
    pictures = [
        replace(picture, split=split) for picture, split in zip(_pictures([1] * 5, [[0]] * 5), before, strict=True)
    ]
    dealt = _deal(pictures, pairs=_near((0, 1), (1, 2), (2, 3)), withhold=withhold)
    assert _splits(dealt.dataset) == splits
    assert [leak.kind for leak in dealt.leaks] == [LeakKind.NEAR] * leaks
    assert len(dealt.withheld) == splits.count(WITHHELD)
    # Once more changes nothing: what is withheld stays out.
    once_more = split_dataset(dealt.dataset, SHARES, _near((0, 1), (1, 2), (2, 3)))
    assert _splits(once_more.dataset) == splits
    assert not once_more.withheld


def test_a_split_is_dealt_again_and_the_others_stay() -> None:
    train, val = _pictures([2] * 40, [[0]] * 40, "train")[:60], _pictures([2] * 40, [[0]] * 40, "val")[60:]
    dealt = _deal([*train, *val], {"train": 0.75, "hold": 0.25}, again=["train"])
    splits = _splits(dealt.dataset)
    assert splits[60:] == ["val"] * 20
    assert Counter(splits[:60])["hold"] == pytest.approx(15, abs=2)
    assert set(_splits(_deal(train, again=["train"], shares={"all": 1.0}).dataset)) == {"all"}


@pytest.mark.parametrize(
    ("shares", "text"),
    [
        ({"train": 0.8}, "train=0.8 add up to 0.8, expected 1"),
        ({}, "none add up to 0, expected 1"),
        ({"train": 0.5, "val": 0.6}, "add up to 1.1"),
        ({"train": 1.2, "val": -0.2}, "share train=1.2: allowed is more than 0"),
        ({"train": 1.0, "val": 0.0}, "share val=0: allowed is more than 0"),
        ({"../train": 1.0}, "a split's name is letters"),
        ({"withheld": 1.0}, "a split's name is .* not withheld"),
    ],
)
def test_wrong_shares_are_refused(shares: dict[str, float], text: str) -> None:
    with pytest.raises(DatasetError, match=text):
        _deal(_pictures([1], [[0]]), shares)


def test_an_empty_set_is_split_into_nothing() -> None:
    assert _deal([]).dataset.pictures == ()
