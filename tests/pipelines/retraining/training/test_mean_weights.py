"""The mean of several trainings' weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.errors import ModelError
from pipelines.retraining.training.mean_weights import write_mean

torch = pytest.importorskip("torch", reason="needs the extra `train`")


def checkpoint(path: Path, value: float, *, wide: int = 3, averaged: float | None = None) -> str:
    def network(filled: float) -> object:
        net = torch.nn.Sequential(torch.nn.Linear(wide, 2), torch.nn.BatchNorm1d(2))
        for parameter in net.parameters():
            torch.nn.init.constant_(parameter, filled)
        return net.half()

    ema = None if averaged is None else network(averaged)
    torch.save({"epoch": 3, "model": network(value), "ema": ema}, path)
    return str(path)


def test_it_is_the_mean_of_what_was_kept(tmp_path: Path) -> None:
    one = checkpoint(tmp_path / "one.pt", 1.0)
    other = checkpoint(tmp_path / "other.pt", 9.0, averaged=2.0)  # its running mean is what it kept
    written = torch.load(write_mean([one, other], tmp_path / "out" / "mean.pt"), weights_only=False)
    assert written["ema"] is None
    assert {float(v) for p in written["model"].parameters() for v in p.detach().flatten()} == {1.5}
    assert written["model"].state_dict()["1.num_batches_tracked"].dtype == torch.int64


def test_another_network_is_refused_and_named(tmp_path: Path) -> None:
    one, other = checkpoint(tmp_path / "one.pt", 1.0), checkpoint(tmp_path / "other.pt", 1.0, wide=4)
    with pytest.raises(ModelError, match=r"other\.pt: is of another network than .*one\.pt"):
        write_mean([one, other], tmp_path / "mean.pt")


def test_of_a_base_only_the_classes_meant_are_taken_by_their_names(tmp_path: Path) -> None:
    tasks = pytest.importorskip("ultralytics.nn.tasks", reason="needs the extra `train`")

    def detector(path: Path, *names: str) -> object:
        model = tasks.DetectionModel("yolo11n.yaml", nc=len(names), verbose=False)
        model.names = dict(enumerate(names))
        for layer in model.model[-1].cv3:
            for row, name in enumerate(names):
                torch.nn.init.constant_(layer[-1].weight[row], float(len(name)))
        torch.save({"model": model.half(), "ema": None}, path)
        return model

    detector(tmp_path / "base.pt", "person", "sack", "bag")
    detector(tmp_path / "pupil.pt", "bag", "person")
    written = write_mean([str(tmp_path / "base.pt"), str(tmp_path / "pupil.pt")], tmp_path / "mean.pt")
    mean = torch.load(written, weights_only=False)["model"]
    assert mean.names == {0: "bag", 1: "person"}
    rows = mean.model[-1].cv3[0][-1].weight.detach()
    assert [float(row.mean()) for row in rows] == [3.0, 6.0]
