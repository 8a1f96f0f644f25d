from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.errors import DatasetError
from pipelines.retraining.data.duplicates import (
    BITS,
    NEAR,
    decode,
    distances,
    hash_image,
    hash_pictures,
    near_pairs,
)
from tests.pipelines.retraining import drawn
from tests.pipelines.retraining.hash_table import COPIES, measure, table


def _grey(seed: int) -> NDArray[np.uint8]:
    return cv2.cvtColor(drawn.scene(seed), cv2.COLOR_BGR2GRAY)


def _random_hashes(count: int, seed: int = 0) -> NDArray[np.uint64]:
    hashes = np.random.default_rng(seed).integers(0, 2**63, (count, 2)).astype(np.uint64) << np.uint64(1)
    hashes[:, 1] >>= np.uint64(64 - 55)
    return hashes


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_near_to_its_picture(name: str) -> None:
    rng = np.random.default_rng(1)
    images = [_grey(seed) for seed in range(40)]
    plain = np.array([hash_image(image) for image in images])
    copies = np.array([hash_image(COPIES[name](image, rng)) for image in images])
    found = np.diag(distances(copies, plain)) <= NEAR
    assert found.mean() >= 0.8, f"{name}: {found.mean():.2f} found"


def test_different_pictures_are_not_near() -> None:
    hashes = np.array([hash_image(_grey(seed)) for seed in range(60)])
    apart = distances(hashes, hashes)[np.triu_indices(60, 1)]
    assert apart.min() > NEAR
    # A mirrored picture differs in the odd frequencies only: of 119 bits, unlike pictures differ in a bit under half.
    assert 40 < np.median(apart) < BITS / 2


def test_a_mirrored_picture_has_the_same_hash_but_for_the_odd_frequencies() -> None:
    plain, mirrored = (hash_image(image) for image in (_grey(3), np.ascontiguousarray(_grey(3)[:, ::-1])))
    assert int(np.bitwise_count(plain[0] ^ mirrored[0])) <= 2
    assert int(np.bitwise_count(plain[1] ^ mirrored[1])) >= 53
    assert distances(plain[None], mirrored[None])[0, 0] <= 4


@pytest.mark.parametrize(
    "count",
    [
        0,
        1,
        2,
        700,  # several blocks of rows
    ],
)
def test_the_search_finds_what_a_search_by_hand_finds(count: int) -> None:
    hashes = _random_hashes(count)
    for place in range(0, count - 7, 5):  # near ones, seven places on: 0 to 63 bits flipped
        hashes[place + 7] = hashes[place] ^ np.array([(1 << (place % 64)) - 1, 0], np.uint64)
    limit = 20
    by_hand = {
        (i, j): int(d)
        for i in range(count)
        for j, d in enumerate(distances(hashes[i : i + 1], hashes)[0])
        if j > i and d <= limit
    }
    pairs = near_pairs(hashes, limit)
    found = zip(pairs.first.tolist(), pairs.second.tolist(), pairs.distance.tolist(), strict=True)
    assert {(i, j): d for i, j, d in found} == by_hand
    assert len(pairs) == len(by_hand)
    assert count < 700 or len(pairs) > 20


def test_pictures_are_read_from_their_files_large_ones_reduced(tmp_path: Path) -> None:
    large = cv2.resize(drawn.scene(5), (2304, 1728), interpolation=cv2.INTER_LINEAR)
    pictures = [drawn.picture(tmp_path, "small", 5), drawn.picture(tmp_path, "large", large)]
    pictures.append(drawn.picture(tmp_path, "other", 6))
    apart = distances(*(2 * [hash_pictures(pictures)]))
    assert apart[0, 1] <= 6
    assert apart[0, 2] > NEAR


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "can not be read: No such file"),
        (b"", "0 bytes that are no picture"),
        (b"not a picture", "13 bytes that are no picture"),
    ],
)
def test_a_picture_that_can_not_be_read_is_named(tmp_path: Path, content: bytes | None, text: str) -> None:
    picture = drawn.picture(tmp_path, "gone", 1)
    if content is None:
        picture.path.unlink()
    else:
        picture.path.write_bytes(content)
    with pytest.raises(DatasetError, match=rf"gone\.png: {text}"):
        hash_pictures([picture])
    with pytest.raises(DatasetError):
        decode(picture, cv2.IMREAD_COLOR)


def test_on_real_pictures_copies_are_found_and_others_are_not(shared: Path) -> None:
    """A part of the table in the module's docstring; `pytest -s` prints it."""
    paths = sorted((shared / "data" / "fire-smoke" / "images" / "val").glob("*.jpg"))[::2]
    measured = measure(paths, copied=60)
    print(f"\n{len(paths)} pictures, {measured.different.size} pairs of different ones\n{table(measured)}")
    assert (measured.different <= NEAR).sum() <= 1
    for name, found in measured.copies.items():
        assert (found <= NEAR).mean() >= (0.8 if name == "crop 5 %" else 0.9), name
