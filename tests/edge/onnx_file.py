"""Writes tiny ONNX files by hand, so that tests need no exporter."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence


def onnx_file(
    input_shape: tuple[int, ...] = (1, 3, 64, 64),
    output_shape: tuple[int, ...] = (1, 6, 8),
    metadata: Mapping[str, str] | None = None,
    answer: Sequence[float] | None = None,
) -> bytes:
    """A model that takes a picture and always answers the same: zeros, if left out.

    Args:
        input_shape: of its float32 input `images`.
        output_shape: of its float32 output `output0`.
        metadata: what an exporter would have written into it.
        answer: the output's numbers, row by row.
    """
    floats = 1
    count = 1
    for size in output_shape:
        count *= size
    tensor = (
        b"".join(_number(1, size) for size in output_shape)
        + _number(2, floats)
        + _bytes(9, struct.pack(f"<{count}f", *(answer or [0.0] * count)))
    )
    # Constant -> output0; the input is declared and not used, as ONNX allows.
    value = _bytes(1, b"value") + _bytes(5, tensor) + _number(20, 4)
    node = _bytes(2, b"output0") + _bytes(4, b"Constant") + _bytes(5, value)
    graph = (
        _bytes(1, node)
        + _bytes(2, b"tiny")
        + _bytes(11, _value_info("images", floats, input_shape))
        + _bytes(12, _value_info("output0", floats, output_shape))
    )
    model = _number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, 17))
    for key, text in (metadata or {}).items():
        model += _bytes(14, _bytes(1, key.encode()) + _bytes(2, text.encode()))
    return model


def _value_info(name: str, kind: int, shape: tuple[int, ...]) -> bytes:
    sizes = b"".join(_bytes(1, _number(1, size)) for size in shape)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, sizes)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
