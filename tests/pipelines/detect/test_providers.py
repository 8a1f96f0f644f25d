from __future__ import annotations

import onnxruntime
import pytest

from calibration.errors import ModelError
from pipelines.detect.providers import PROVIDERS, friendly_name, resolve_providers

CPU = PROVIDERS["cpu"]


def has(*names: str) -> list[str]:
    return [PROVIDERS[name] for name in names]


@pytest.mark.parametrize(
    ("wanted", "installed", "asked"),
    [
        (["auto"], ["cpu"], ["cpu"]),
        (["auto"], ["openvino", "cpu"], ["openvino", "cpu"]),
        (["auto"], ["tensorrt", "cuda", "cpu"], ["cuda", "cpu"]),  # TensorRT only for those who ask
        (["tensorrt", "cuda"], ["tensorrt", "cuda", "cpu"], ["tensorrt", "cuda", "cpu"]),
        (["tensorrt", "auto"], ["tensorrt", "cuda", "cpu"], ["tensorrt", "cuda", "cpu"]),
        (["cpu"], ["cuda", "cpu"], ["cpu"]),
    ],
)
def test_what_is_asked_for(wanted: list[str], installed: list[str], asked: list[str]) -> None:
    assert resolve_providers(wanted, has(*installed)) == tuple(has(*asked))


def test_what_this_onnxruntime_has_is_enough_for_auto() -> None:
    assert CPU in resolve_providers(["auto"], onnxruntime.get_available_providers())


def test_a_missing_one_is_named_with_what_there_is_and_what_would_help() -> None:
    with pytest.raises(ModelError) as caught:
        resolve_providers(["cuda", "cpu"], ["AzureExecutionProvider", CPU])
    assert str(caught.value) == (
        "agent.inference.providers: cuda is not in this onnxruntime, which has cpu "
        "(cuda needs the build onnxruntime-gpu)"
    )


def test_an_unknown_one_is_named_with_what_is_allowed() -> None:
    with pytest.raises(ModelError, match=r"unknown execution provider abacus, allowed: auto, cpu, openvino"):
        resolve_providers(["abacus"], [CPU])


def test_names_for_people() -> None:
    assert friendly_name("CoreMLExecutionProvider") == "coreml"
    assert friendly_name("AzureExecutionProvider") == "AzureExecutionProvider"
