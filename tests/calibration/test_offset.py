from __future__ import annotations

import numpy as np
import pytest

from calibration.errors import NoOffset
from calibration.offset import Rate, find_offset, turn_rates
from calibration.pose import Attitude, Pose, PoseClock


def yaw(time_s: float) -> float:
    """Straight on, a turn to the right of 90° about the 20th second, a smaller one back about the 34th."""
    return float(90 / (1 + np.exp(-(time_s - 20) * 1.5)) - 40 / (1 + np.exp(-(time_s - 34) * 2.0)))


def poses(*, every_s: float = 0.2, pitch: float = -30.0, off_s: float = 0.0, noise: float = 0.3) -> list[Pose]:
    rng = np.random.default_rng(4)
    return [
        Pose(t + off_s, PoseClock.UTC, attitude=Attitude(350 + yaw(t) + rng.normal(0, noise), pitch))
        for t in np.arange(0, 45, every_s).tolist()
    ]


def pictures(last_s: float = 45.0, *, every_s: float = 0.2, noise: float = 0.01) -> list[Rate]:
    """Widths a second, as a lens of 70° shows it; it flies on meanwhile, which shifts the picture too."""
    rng = np.random.default_rng(5)
    times_s = np.arange(0, last_s, every_s)
    return [
        (t, (yaw(t + every_s) - yaw(t)) / every_s / 70 + 0.02 * np.sin(t / 9) + rng.normal(0, noise))
        for t in times_s.tolist()
    ]


@pytest.mark.parametrize("off_s", [0.0, 2.3, -7.65, 28.0])
@pytest.mark.parametrize("pitch", [-10.0, -45.0])
def test_a_turn_tells_how_far_the_clocks_are_apart(off_s: float, pitch: float) -> None:
    found = find_offset(pictures(), turn_rates(poses(off_s=off_s, pitch=pitch)))
    assert found.seconds == pytest.approx(off_s, abs=0.25)
    assert found.alike > 0.8


def test_straight_down_it_is_a_roll_of_the_picture_and_tells_nothing() -> None:
    with pytest.raises(NoOffset, match="no turn of 3° a second"):
        find_offset(pictures(), turn_rates(poses(pitch=-90.0, noise=0.0)))


def test_a_flight_without_a_turn_or_with_two_alike_tells_nothing() -> None:
    straight = [Pose(t / 5, PoseClock.UTC, attitude=Attitude(10.0, -30.0)) for t in range(200)]
    with pytest.raises(NoOffset, match="no turn"):
        find_offset(pictures(), turn_rates(straight))
    twice = [(t / 5, 30.0 if t % 50 < 10 else 0.0) for t in range(400)]
    with pytest.raises(NoOffset, match="more than one offset fits"):
        find_offset(twice, twice)
    still = [(t, 0.01 * (k % 3)) for k, (t, _) in enumerate(pictures())]
    with pytest.raises(NoOffset, match="at no offset"):
        find_offset(still, turn_rates(poses()))


def test_too_little_tells_nothing() -> None:
    with pytest.raises(NoOffset, match="the pictures tell of less than 10 s"):
        find_offset(pictures(5.0), turn_rates(poses()))
    with pytest.raises(NoOffset, match="the telemetry tell of less than 10 s"):
        find_offset(pictures(), turn_rates(poses()[:20]))
    assert turn_rates([Pose(1.0, PoseClock.UTC), Pose(2.0, PoseClock.UTC)]) == []
