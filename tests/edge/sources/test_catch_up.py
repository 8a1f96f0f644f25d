"""A reader that falls behind leaves out up to a keyframe; one that was only held up does not."""

from __future__ import annotations

import pytest

from edge.sources.catch_up import CatchUp, Step

D, S, SLIP = Step.DECODE, Step.SKIP, Step.SLIP


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        # (lag, now, keyframe)
        ([(0.0, 0.0, True), (0.9, 1.0, False)], [D, D]),
        ([(1.5, 0.0, False), (1.2, 0.3, False), (0.8, 0.4, False)], [D, D, D]),  # a burst, soon decoded
        ([(1.5, 0.0, False), (1.6, 0.6, False), (0.0, 0.7, False), (0.0, 0.8, True)], [D, S, S, D]),  # too slow
        ([(1.5, 0.0, False), (1.6, 0.6, True), (1.6, 0.7, True), (0.5, 0.8, True)], [D, S, S, D]),  # keyframes late too
        ([(9.0, 0.0, True), (9.0, 0.6, False), (9.0, 3.7, False), (9.0, 3.8, True), (0.0, 3.9, False)],
         [D, S, S, SLIP, D]),  # the stamps jumped
        ([(1.5, 0.0, False), (0.5, 0.3, False), (1.5, 0.6, False), (1.5, 0.9, False)], [D, D, D, D]),  # grace anew
    ],
)  # fmt: skip
def test_steps(packets: list[tuple[float, float, bool]], expected: list[Step]) -> None:
    catch_up = CatchUp(limit_s=1.0, grace_s=0.5, patience_s=3.0)
    assert [catch_up.step(*packet) for packet in packets] == expected
