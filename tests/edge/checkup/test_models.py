from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.checkup import check_models
from edge.cli.keys._files import write_pair
from edge.config import Site
from edge.model_store import ModelStore
from tests.edge.config.builders import site
from tests.edge.onnx_file import onnx_file
from tests.edge.test_model_store import write


def tried(folder: Path, **inference: Any) -> list[tuple[str, bool, str]]:
    names = sorted(path.name for path in folder.iterdir())
    settings = Site.model_validate(site(models=[{"name": n} for n in names], agent={"inference": inference}))
    return [(r.name, r.ok, r.text) for r in check_models(settings, ModelStore([folder]))]


def test_models_are_loaded_and_say_what_they_serve(tmp_path: Path) -> None:
    write(tmp_path, "first")
    write(tmp_path, "second")
    (name, ok, text), (_, also_ok, idle) = tried(tmp_path)
    assert (name, ok, also_ok) == ("first", True, True)
    assert text.startswith("first 2, 64×64, sha256 ")
    assert text.endswith(
        "…, unsigned; runs model.onnx with 1 thread on cpu (a self-test at the next start will choose); serves fire"
    )
    assert idle.endswith("; serves no rule")


def test_each_fault_is_told_beside_the_models_that_are_right(tmp_path: Path) -> None:
    (write(tmp_path, "digest") / "model.onnx").write_bytes(b"other")
    write(tmp_path, "shape", weights=onnx_file(output_shape=(1, 9, 8)))  # five classes, the card has two
    swapped = onnx_file(metadata={"names": "{0: 'smoke', 1: 'fire'}"})
    write(tmp_path, "swapped", weights=swapped)  # it would call every fire smoke
    write(tmp_path, "words", weights=b"no ONNX at all")
    write(tmp_path, "x-right")
    found = {name: (ok, text) for name, ok, text in tried(tmp_path)}
    assert [ok for ok, _ in found.values()] == [False, False, False, False, True]
    assert "expected sha256" in found["digest"][1]
    assert "the card says output (1, 6, anchors)" in found["shape"][1]
    assert "the card says fire, smoke; the weights say smoke, fire" in found["swapped"][1]
    assert "onnxruntime can not load" in found["words"][1]


def test_an_execution_provider_that_is_not_here(tmp_path: Path) -> None:
    write(tmp_path, "tiny")
    ((_, ok, text),) = tried(tmp_path, providers=["coreml", "cpu"])
    assert not ok
    assert "coreml is not in this onnxruntime, which has cpu" in text


def test_a_site_that_wants_signatures(tmp_path: Path) -> None:
    models = tmp_path / "models"
    write(models, "tiny")

    def told(**parts: Any) -> tuple[str, bool, str]:
        settings = Site.model_validate(site(models=[{"name": "tiny"}], require_signed=True, **parts))
        ((name, ok, text),) = [(r.name, r.ok, r.text) for r in check_models(settings, ModelStore([models]))]
        return name, ok, text

    public = write_pair(tmp_path / "ours.pem", Ed25519PrivateKey.generate())
    assert told(trusted_keys=[str(public)])[:2] == ("tiny", False)
    assert "is not signed" in told(trusted_keys=[str(public)])[2]
    name, ok, text = told(trusted_keys=[str(tmp_path / "lost.pub")])
    assert (name, ok) == ("trusted_keys", False)
    assert "lost.pub: can not be read" in text
