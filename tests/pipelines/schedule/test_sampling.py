"""A share of the dropped views is drawn, and what they show is counted."""

from __future__ import annotations

import pytest

from pipelines.schedule import Sampler, Samples


def test_about_the_share_asked_for_is_drawn_and_the_same_again() -> None:
    one, again, other = Sampler(0.05, "gate"), Sampler(0.05, "gate"), Sampler(0.05, "yard")
    drawn = [one.draws() for _ in range(4000)]
    assert 120 < sum(drawn) < 290
    assert drawn == [again.draws() for _ in range(4000)]
    assert drawn != [other.draws() for _ in range(4000)]
    assert not any(Sampler(0.0, "gate").draws() for _ in range(100))


def test_nothing_is_known_of_no_look() -> None:
    assert Samples().miss_rate_at_most is None


@pytest.mark.parametrize(("looks", "missed", "at_most"), [(300, 0, 0.01), (3, 0, 1.0), (100, 1, 0.0474), (2, 2, 1.0)])
def test_the_bound_is_what_so_many_looks_allow(looks: int, missed: int, at_most: float) -> None:
    sampler = Sampler(0.0, "gate")
    for number in range(looks):
        sampler.count(found=number < missed)
    assert sampler.samples == Samples(looks, missed)
    assert sampler.samples.miss_rate_at_most == pytest.approx(at_most, rel=0.01)
