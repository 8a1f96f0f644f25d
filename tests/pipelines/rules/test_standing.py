from __future__ import annotations

import numpy as np
import pytest

from pipelines.rules.standing import Standing

BOX = (0.4, 0.4, 0.6, 0.8)


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def stood(seen: list[np.ndarray], enough_s: float = 10.0) -> bool:
    standing = Standing(enough_s)
    for i, found in enumerate(seen):
        standing.update(found, np.full(len(found), 0.9, np.float32), float(i), 1.0 if i else 0.0)
    return bool(list(standing.lasting()))


@pytest.mark.parametrize(
    ("seen", "lasting"),
    [
        ([boxes(BOX)] * 11, True),
        ([boxes(BOX)] * 10, False),  # one look short of 10 s
        ([boxes(BOX)] * 6 + [boxes()] + [boxes(BOX)] * 9, True),  # a blink costs three looks
        ([boxes(BOX), boxes()] * 20, False),  # there only half of the time
        ([boxes((0.4 + 0.02 * (i % 2), 0.4, 0.6, 0.8)) for i in range(12)], True),  # it sways
        ([boxes((0.04 * i, 0.4, 0.2 + 0.04 * i, 0.8)) for i in range(20)], False),  # it creeps away
        ([boxes((0.0, 0.0, 0.1, 0.1), BOX)] * 11, True),  # beside another
    ],
)
def test_standing(seen: list[np.ndarray], lasting: bool) -> None:
    assert stood(seen) == lasting
