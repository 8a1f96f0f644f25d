from __future__ import annotations

import pytest

from edge.config.variables import fill

ENV = {"NAME": "value", "EMPTY": "", "DOLLAR": "a${NAME}b"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("plain", "plain"),
        ("${NAME}", "value"),
        ("rtsp://u:${NAME}@h/${NAME}", "rtsp://u:value@h/value"),
        ("${EMPTY}", ""),  # set to nothing is set
        ("${MISSING:-default}", "default"),
        ("${EMPTY:-default}", "default"),  # as in a shell
        ("${NAME:-default}", "value"),
        ("${MISSING:-}", ""),
        ("$${NAME}", "${NAME}"),  # escaped
        ("$NAME costs 5$", "$NAME costs 5$"),  # no braces, no variable
        ("${DOLLAR}", "a${NAME}b"),  # what comes in is not looked at again
    ],
)
def test_fill(written: str, expected: str) -> None:
    assert fill(written, ENV) == (expected, [])


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("${MISSING}", "no variable MISSING"),
        ("${MISSING}", "${MISSING:-default}"),  # the way out
        ("${}", "found '${}'"),
        ("${1A}", "found '${1A}'"),
        ("${NAME", "found '${NAME'"),  # never closed
        ("${NAME-x}", "found '${NAME-x}'"),  # a shell's other form
    ],
)
def test_faults(written: str, said: str) -> None:
    _, faults = fill(written, ENV)
    assert len(faults) == 1
    assert said in faults[0]


def test_every_missing_variable_is_named() -> None:
    _, faults = fill("${A}:${B}", {})
    assert [name in fault for name, fault in zip("AB", faults, strict=True)] == [True, True]
