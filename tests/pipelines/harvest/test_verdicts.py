"""Reading what people said of incidents, whatever stands in the file."""

from __future__ import annotations

import pytest

from pipelines.harvest import Verdict, parse_verdicts

AT = '"time": "2026-11-22T03:04:05Z"'
FALSE, TRUE = Verdict.FALSE_ALARM, Verdict.TRUE_ALARM


@pytest.mark.parametrize(
    ("text", "of", "notes"),
    [
        pytest.param("", {}, [], id="empty"),
        pytest.param(f'{{"incident": "a", "verdict": "false_alarm", {AT}}}\n', {"a": FALSE}, [], id="one"),
        pytest.param(
            f'{{"incident": "a", "verdict": "true_alarm", {AT}, "by": "duty officer"}}\n', {"a": TRUE}, [],
            id="keys of a newer writer",
        ),
        pytest.param(
            f'{{"incident": "a", "verdict": "false_alarm", {AT}}}\n'
            f'{{"incident": "a", "verdict": "true_alarm", {AT}}}\n', {"a": TRUE}, [], id="the last counts",
        ),
        pytest.param(
            f'{{"incident": "a", "verdict": "false_alarm", {AT}}}\n{{"incident": "b", "verd', {"a": FALSE},
            ["line 2: has no end yet"], id="torn",
        ),
        pytest.param(f'{{"incident": "a", "verdict": "false_alarm", {AT}}}', {"a": FALSE}, [], id="whole, no line end"),
        pytest.param(
            f'{{"incident": "a", "verdict": "cannot_verify", {AT}}}\n', {},
            ["line 1: unknown verdict 'cannot_verify', allowed: false_alarm, true_alarm"], id="unknown verdict",
        ),
        pytest.param(
            f'{{"incident": "a", "verdict": "true_alarm", {AT}}}\n{{"incident": "a", "verdict": "undecided", {AT}}}\n',
            {}, ["line 2: unknown verdict 'undecided'"], id="taken back",
        ),
        pytest.param(
            f'garbage\n\n[1]\n{{"incident": "a", "verdict": "false_alarm", {AT}}}\n', {"a": FALSE},
            ["line 1: Invalid JSON", "line 3: "], id="garbage before a good line",
        ),
        pytest.param('{"incident": "a", "verdict": "false_alarm"}\n', {}, ["line 1: time: Field"], id="no time"),
    ],
)  # fmt: skip
def test_reading(text: str, of: dict[str, Verdict], notes: list[str]) -> None:
    read = parse_verdicts(text)
    assert read.of == of
    assert len(read.notes) == len(notes)
    assert all(found.startswith(expected) for found, expected in zip(read.notes, notes, strict=True)), read.notes
