"""Noise that a public set carries is taken out; pictures without it are left alone."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from pipelines.retraining.training.despeckle import despeckle, write_despeckled


def scene(seed: int = 3) -> npt.NDArray[np.uint8]:
    """Soft ground with a hard-edged box, a bright line and a little sensor noise."""
    rng = np.random.default_rng(seed)
    image = cv2.resize(rng.integers(60, 190, (6, 8, 3), np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC)
    cv2.rectangle(image, (40, 40), (120, 160), (20, 30, 200), -1)
    cv2.line(image, (10, 200), (310, 170), (240, 240, 240), 3)
    return np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def peppered(image: npt.NDArray[np.uint8], share: float, seed: int = 5) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    specks = rng.random(image.shape[:2]) < share
    out = image.copy()
    out[specks] = rng.choice(np.array([0, 255], np.uint8), (int(specks.sum()), 1))
    return out


def test_specks_go_and_the_picture_stays() -> None:
    clean = scene()
    noisy = peppered(clean, 0.02)
    calm, share = despeckle(noisy)
    far = np.abs(noisy.astype(int) - clean).max(axis=2) > 40
    assert np.abs(calm.astype(int) - clean).max(axis=2)[far].mean() < 20
    assert (np.abs(calm.astype(int) - clean).max(axis=2) > 40).sum() < far.sum() / 10
    assert 0.015 < share < 0.03


def test_edges_lines_and_sensor_noise_are_no_specks() -> None:
    clean = scene()
    calm, share = despeckle(clean)
    assert share < 0.002
    assert np.array_equal(calm[60:140, 60:100], clean[60:140, 60:100])


def test_a_picture_without_specks_is_not_written(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "clean.png"), scene())
    assert not write_despeckled(tmp_path / "clean.png", tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def test_a_noisy_picture_is_written_clean(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "noisy.png"), peppered(scene(), 0.02))
    assert write_despeckled(tmp_path / "noisy.png", tmp_path / "out.png")
    written = cv2.imread(str(tmp_path / "out.png"))
    assert written is not None
    assert despeckle(np.asarray(written, np.uint8))[1] < 0.005


def test_no_picture_is_left_to_whoever_reads_it(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    assert not write_despeckled(tmp_path / "broken.jpg", tmp_path / "out.jpg")
