"""Training: what it keeps on disk, and, where torch is, a real one that is killed and resumed."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration.errors import ConfigError, ModelError
from pipelines.retraining.training.curves import draw_curves, read_results
from pipelines.retraining.training.recipe import Recipe, load_recipe
from pipelines.retraining.training.train import STATE, train

ROOT = Path(__file__).resolve().parents[4]
TINY = ROOT / "datasets" / "tiny" / "recipe.yaml"


def test_a_folder_of_another_recipe_is_refused(tmp_path: Path) -> None:
    (tmp_path / STATE).write_text(json.dumps({"recipe": "0" * 64, "done": [], "hours": 1.0}))
    with pytest.raises(ConfigError, match=r"holds a training by another recipe \(000000000000, this one is"):
        train(load_recipe(TINY), tmp_path)


def test_curves_join_the_stages(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("epoch,train/box_loss,metrics/mAP50(B)\n1,2.0,0.1\n2,1.9,0.15\n2,1.5,0.2\n")
    second.write_text("epoch,train/box_loss,metrics/mAP50(B)\n1,1.2,0.25\n")
    assert read_results([first, second, tmp_path / "none.csv"])["metrics/mAP50(B)"] == [0.1, 0.2, 0.25]
    draw_curves([first, second], tmp_path / "plots" / "curves.png")
    assert (tmp_path / "plots" / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.train
def test_a_killed_training_goes_on_with_the_epoch_that_was_interrupted(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra `train`")
    pytest.importorskip("ultralytics", reason="needs the extra `train`")
    command = [sys.executable, "-m", "edge.cli", "train", str(TINY), "--out", str(tmp_path)]
    results = tmp_path / "stage-0" / "results.csv"
    with subprocess.Popen(command, cwd=ROOT) as process:
        wait_for(lambda: len(rows(results)) >= 2, process)
        process.send_signal(signal.SIGKILL)
    before = read_results([results])
    subprocess.run(command, cwd=ROOT, check=True, timeout=900)
    after = read_results([results])
    epochs = load_recipe(TINY).stages[0].epochs
    assert after["epoch"] == list(range(1, epochs + 1)), "each epoch once"
    assert after["train/box_loss"][0] == before["train/box_loss"][0], "what was kept was not done again"
    card = tmp_path / "candidate" / "tiny-fire" / "card.yaml"
    assert card.is_file()
    state = json.loads((tmp_path / STATE).read_text())
    assert state["done"] == ["stage-0/weights/best.pt"]
    assert state["hours"] > 0


@pytest.mark.train
def test_stages_follow_each_other_in_a_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ultralytics puts a relative folder somewhere else, where the next stage looked for its weights in vain."""
    pytest.importorskip("torch", reason="needs the extra `train`")
    pytest.importorskip("ultralytics", reason="needs the extra `train`")
    read = load_recipe(TINY)
    stages = tuple(read.stages[0].model_copy(update={"epochs": 1, "size": size}) for size in (64, 96))
    short = read.model_copy(update={"stages": stages, "proof": None, "keep": "last"})
    monkeypatch.chdir(tmp_path)
    trained = train(short, Path("runs/here"))
    assert trained.weights == tmp_path / "runs" / "here" / "stage-1" / "weights" / "last.pt"
    assert trained.weights.is_file()
    assert [len(rows(results)) for results in trained.results] == [1, 1]


@pytest.mark.train
def test_a_budget_shortens_the_training(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra `train`")
    pytest.importorskip("ultralytics", reason="needs the extra `train`")
    read = load_recipe(TINY)
    stage = read.stages[0].model_copy(update={"epochs": 500})
    long = read.model_copy(update={"stages": (stage,), "proof": None})
    seen: list[int] = []
    began = time.monotonic()
    trained = train(long, tmp_path, hours=30 / 3600, tell=lambda step: seen.append(step.epochs))
    assert seen[0] == 500
    assert seen[-1] < 500, "fewer epochs were planned once it was known how long one takes"
    assert time.monotonic() - began < 120
    rates = np.array(read_results(trained.results)["lr/pg0"])
    assert rates[-1] < 0.1 * rates.max(), "the rate has fallen to its end all the same"


@pytest.mark.train
def test_a_class_without_a_picture_is_kept_as_the_base_sees_it(tmp_path: Path) -> None:
    """By its name: in the base it has another number, and the head's hidden layers another width."""
    torch = pytest.importorskip("torch", reason="needs the extra `train`")
    base = a_base(*(f"thing {number}" for number in range(79)), "lamp")
    for layer in base.model[-1].cv3:
        torch.nn.init.constant_(layer[-1].bias[79:], float(np.log(0.3 / 0.7)))  # it sees lamps everywhere, at 0.3
    torch.save({"epoch": -1, "model": base, "ema": None, "train_args": {}}, tmp_path / "base.pt")
    trained = train(keeping("lamp", tmp_path, epochs=6, rate=0.004), tmp_path / "run")
    pupil = torch.load(trained.weights, weights_only=False)["model"].float().eval()
    grey = torch.full((1, 3, 96, 96), 0.45)
    assert list(pupil.names.values()) == ["fire", "smoke", "lamp"]
    with torch.no_grad():
        scores = pupil(grey)[0][0, 4:].mean(dim=1)
    assert float(scores[2]) == pytest.approx(0.3, abs=0.08)
    assert float(scores[:2].max()) < 0.1


@pytest.mark.train
def test_what_the_base_does_not_know_it_can_not_keep(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra `train`")
    base = a_base("lamp")
    torch.save({"epoch": -1, "model": base, "ema": None, "train_args": {}}, tmp_path / "base.pt")
    with pytest.raises(ModelError, match=r"base\.pt: knows no bag, which the recipe keeps from it"):
        train(keeping("bag", tmp_path, epochs=1, rate=0.001), tmp_path / "run")


def a_base(*names: str) -> Any:
    tasks = pytest.importorskip("ultralytics.nn.tasks", reason="needs the extra `train`")
    base = tasks.DetectionModel("yolo11n.yaml", nc=len(names), verbose=False)
    base.names = dict(enumerate(names))
    return base


def keeping(name: str, folder: Path, epochs: int, rate: float) -> Recipe:
    """From `base.pt`, with a class more that no picture shows."""
    read = load_recipe(TINY)
    stage = read.stages[0].model_copy(update={"epochs": epochs, "rate": rate})
    changed = {"base": str(folder / "base.pt"), "classes": (*read.classes, name), "kept": (name,), "stages": (stage,)}
    return read.model_copy(update={**changed, "proof": None, "keep": "last"})


def rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def wait_for(done, process, seconds: float = 600) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not done():
        assert process.poll() is None, "the training has ended by itself"
        assert time.monotonic() < end
        time.sleep(0.2)
