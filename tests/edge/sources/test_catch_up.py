"""A reader that falls behind leaves out up to a keyframe; one that was only held up does not."""

from __future__ import annotations

import pytest

from edge.sources.catch_up import CatchUp, Step

D, S, SLIP = Step.DECODE, Step.SKIP, Step.SLIP


def test_a_reader_that_waits_for_its_packets_is_not_behind() -> None:
    catch_up = CatchUp(limit_s=0.3, grace_s=0.5, patience_s=3.0)
    assert {catch_up.step(0.8, 0.1 * i, False, waited=True) for i in range(30)} == {D}
    assert catch_up.step(0.8, 3.0, False, waited=True) is SLIP  # the network has become slower for good


def test_one_that_skips_goes_on_with_a_keyframe_that_it_waited_for() -> None:
    catch_up = CatchUp(limit_s=0.3, grace_s=0.5, patience_s=3.0)
    steps = [catch_up.step(0.8, 0.1 * i, False) for i in range(8)]
    assert steps == [D] * 5 + [S] * 3
    assert catch_up.step(0.5, 0.9, False, waited=True) is S
    assert catch_up.step(0.5, 1.0, True, waited=True) is D


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
