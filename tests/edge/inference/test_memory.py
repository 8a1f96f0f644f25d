from __future__ import annotations

import logging
from pathlib import Path

import pytest

from edge.inference.machine import Machine, this_machine
from edge.inference.memory import Entry, Key, Memory

FLOAT, INT8 = "a" * 64, "b" * 64
MACHINE = Machine(cpu="x86_64 Some CPU", cores=4, onnxruntime="1.31.1")
KEY = Key(offered=(INT8, FLOAT), machine=MACHINE, provider="cpu", threads=None)
ENTRY = Entry(key=KEY, weights="model.onnx", sha256=FLOAT, threads=2, why="it was faster")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inference.json"


def test_what_is_kept_is_recalled_by_the_next_process(path: Path) -> None:
    assert Memory(path).recall(KEY) is None
    Memory(path).keep(ENTRY)
    assert Memory(path).recall(KEY) == ENTRY


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"machine": MACHINE.model_copy(update={"cpu": "another"})}, "cpu: x86_64 Some CPU → another"),
        ({"machine": MACHINE.model_copy(update={"cores": 2})}, "cores: 4 → 2"),
        ({"machine": MACHINE.model_copy(update={"onnxruntime": "1.32.0"})}, "onnxruntime: 1.31.1 → 1.32.0"),
        ({"provider": "openvino"}, "provider: cpu → openvino"),
        ({"threads": 3}, "threads: None → 3"),
    ],
)
def test_under_other_circumstances_it_is_measured_anew(
    path: Path, caplog: pytest.LogCaptureFixture, change: dict[str, object], said: str
) -> None:
    Memory(path).keep(ENTRY)
    other = KEY.model_copy(update=change)
    with caplog.at_level(logging.INFO):
        assert Memory(path).recall(other) is None
    assert caplog.records[-1].__dict__["changed"] == said
    # What is found now takes the place of what was known.
    Memory(path).keep(ENTRY.model_copy(update={"key": other}))
    assert Memory(path).recall(other) is not None
    assert Memory(path).recall(KEY) is None


def test_other_weights_are_another_matter(path: Path) -> None:
    memory = Memory(path)
    memory.keep(ENTRY)
    assert memory.recall(KEY.model_copy(update={"offered": ("c" * 64, FLOAT)})) is None
    alone = ENTRY.model_copy(update={"key": KEY.model_copy(update={"offered": (FLOAT,)}), "threads": 1})
    memory.keep(alone)
    assert Memory(path).recall(alone.key) == alone
    assert Memory(path).recall(KEY) == ENTRY


def test_weights_that_the_card_does_not_offer_are_never_recalled(path: Path) -> None:
    Memory(path).keep(ENTRY.model_copy(update={"sha256": "d" * 64}))
    assert Memory(path).recall(KEY) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"entries": 7}', b"\xff\xfe", b'{"entries": [{"threads": 0}]}']
)
def test_a_damaged_file_is_told_and_measured_anew(path: Path, caplog: pytest.LogCaptureFixture, content: bytes) -> None:
    path.write_bytes(content)
    memory = Memory(path)
    assert memory.recall(KEY) is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.__dict__["file"] == str(path)
    assert "damaged" in record.__dict__["reason"]
    memory.keep(ENTRY)
    assert Memory(path).recall(KEY) == ENTRY


def test_a_folder_that_can_not_be_written_is_no_reason_to_stop(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    memory = Memory(tmp_path / "missing" / "inference.json")
    memory.keep(ENTRY)
    assert memory.recall(KEY) == ENTRY
    assert "not kept" in caplog.text


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("processor\t: 0\nmodel name\t: AMD EPYC 9\nflags\t: a b\n", "AMD EPYC 9"),
        ("processor\t: 0\nFeatures\t: fp\nHardware\t: BCM2835\nModel\t\t: Raspberry Pi 5\n", "BCM2835"),
    ],
)
def test_the_name_of_the_processor(tmp_path: Path, text: str, named: str) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(text)
    assert this_machine(cpuinfo).cpu.endswith(f" {named}")


def test_a_machine_that_does_not_say_its_processor(tmp_path: Path) -> None:
    machine = this_machine(tmp_path / "none")
    assert machine.cpu
    assert machine.cores >= 1
