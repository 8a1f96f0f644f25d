"""Execution providers of ONNX Runtime, by the names that people use."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.errors import ModelError

AUTO = "auto"

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}

# TensorRT is not among them: it compiles each model for minutes at the first start, so it is for those who ask for it.
_BEST_FIRST = ("cuda", "openvino", "coreml", "cpu")

_BUILDS = {
    "openvino": "the build onnxruntime-openvino",
    "cuda": "the build onnxruntime-gpu",
    "tensorrt": "the build onnxruntime-gpu",
    "coreml": "onnxruntime on macOS",
}


def resolve_providers(wanted: Sequence[str], installed: Sequence[str]) -> tuple[str, ...]:
    """What to ask ONNX Runtime for.

    Args:
        wanted: friendly names by preference; `auto` stands for the best that is installed. CPU follows in any case,
            for the parts of a model that the others do not know.
        installed: ONNX Runtime's own names, as `get_available_providers` gives them.

    Returns:
        ONNX Runtime's names, each once.

    Raises:
        ModelError: one that is wanted by name is unknown or not installed.
    """
    unknown = [name for name in wanted if name != AUTO and name not in PROVIDERS]
    if unknown:
        raise ModelError(
            f"agent.inference.providers: unknown execution provider {', '.join(unknown)}, "
            f"allowed: {AUTO}, {', '.join(PROVIDERS)}"
        )
    missing = [name for name in wanted if name != AUTO and PROVIDERS[name] not in installed]
    if missing:
        has = [name for name, full in PROVIDERS.items() if full in installed]
        needs = "; ".join(f"{name} needs {_BUILDS.get(name, 'onnxruntime')}" for name in missing)
        raise ModelError(
            f"agent.inference.providers: {', '.join(missing)} is not in this onnxruntime, "
            f"which has {', '.join(has)} ({needs})"
        )
    found: list[str] = []
    for name in (*wanted, "cpu"):
        best = next((b for b in _BEST_FIRST if PROVIDERS[b] in installed), "cpu") if name == AUTO else name
        found.append(PROVIDERS[best])
    return tuple(dict.fromkeys(found))


def friendly_name(provider: str) -> str:
    """What people call one of ONNX Runtime's providers."""
    return next((name for name, full in PROVIDERS.items() if full == provider), provider)
