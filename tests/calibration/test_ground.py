"""Where a pixel lies on the ground, against formulas written differently, and its error against ten thousand draws."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from calibration.errors import NoGround
from calibration.ground import GroundPoint, between, horizon, locate, moved, pixel_of
from calibration.lens import Lens
from calibration.pose import Above, Accuracy, Attitude, Pose, PoseClock
from calibration.terrain import Terrain

LENS = Lens.from_field_of_view(1920, 1080, 70.0)
HOME = (22.55, 114.05)
CENTRE = (960.0, 540.0)


def pose(
    yaw: float = 0.0, pitch: float = -30.0, roll: float = 0.0, height: float | None = 100.0, **more: object
) -> Pose:
    said = {
        "time_s": 0.0, "clock": PoseClock.MEDIA, "latitude_deg": HOME[0], "longitude_deg": HOME[1],
        "height_m": height, "attitude": Attitude(yaw, pitch, roll), "lens": LENS, **more,
    }  # fmt: skip
    return Pose(**said)  # type: ignore[arg-type]


def offset(point: GroundPoint) -> tuple[float, float]:
    return between(HOME, (point.latitude_deg, point.longitude_deg))


@pytest.mark.parametrize("pitch", [-20.0, -30.0, -45.0, -80.0, -90.0])
@pytest.mark.parametrize(("yaw", "toward"), [(0, (1, 0)), (90, (0, 1)), (180, (-1, 0)), (270, (0, -1))])
def test_the_centre_lies_where_the_camera_looks(pitch: float, yaw: float, toward: tuple[int, int]) -> None:
    point = locate(pose(yaw, pitch), CENTRE)
    away = 100 / math.tan(math.radians(-pitch)) if pitch > -90 else 0.0
    assert offset(point) == pytest.approx((toward[0] * away, toward[1] * away), abs=0.01)
    assert point.distance_m == pytest.approx(100 / math.sin(math.radians(-pitch)), rel=1e-6)


def test_right_is_right_and_down_is_near() -> None:
    ahead, right, down = (offset(locate(pose(), pixel)) for pixel in (CENTRE, (1400.0, 540.0), (960.0, 900.0)))
    assert right[1] > 10
    assert right[0] == pytest.approx(ahead[0], abs=1e-6)
    assert down[0] < ahead[0]
    # Rolled clockwise, what is right in the picture lies lower in the world, and so nearer.
    rolled = offset(locate(pose(roll=20.0), (1400.0, 540.0)))
    assert rolled[0] < right[0]


def test_distortion_is_taken_out() -> None:
    bent = replace(LENS, distortion=(-0.2, 0.05, 0.001, -0.001, 0.0))
    straight, curved = (offset(locate(pose(lens=lens), (1800.0, 1000.0))) for lens in (LENS, bent))
    assert math.dist(straight, curved) > 5
    assert offset(locate(pose(lens=bent), CENTRE)) == pytest.approx(offset(locate(pose(), CENTRE)), abs=1e-6)


def test_moved_and_between_are_inverse_and_known() -> None:
    for latitude in (-60.0, 0.0, 22.55, 55.0):
        for north, east in ((0.0, 0.0), (1000.0, -2000.0), (-500.0, 300.0)):
            assert between((latitude, 179.999), moved(latitude, 179.999, north, east)) == pytest.approx(
                (north, east), abs=1e-3
            )
    # One minute of latitude: 1842.9 m at the equator, 1861.6 m at the poles.
    assert between((0.0, 0.0), (1 / 60, 0.0))[0] == pytest.approx(1842.9, abs=0.2)
    assert between((85.0, 0.0), (85.0 + 1 / 60, 0.0))[0] == pytest.approx(1861.6, abs=0.3)


@pytest.mark.parametrize(
    ("pitch", "pixel"),
    [(-30.0, CENTRE), (-30.0, (300.0, 800.0)), (-60.0, (1700.0, 300.0)), (-88.0, CENTRE), (-20.0, CENTRE)],
)
@pytest.mark.parametrize("attitude_deg", [0.5, 1.0, 2.0])
def test_the_ellipse_holds_what_it_says(pitch: float, pixel: tuple[float, float], attitude_deg: float) -> None:
    accuracy = Accuracy(horizontal_m=2.0, height_m=3.0, attitude_deg=attitude_deg)
    believed = pose(40.0, pitch, 2.0, accuracy=accuracy)
    found = locate(believed, pixel, pixel_error=(4.0, 4.0))
    rng = np.random.default_rng(5)
    north, east = [], []
    for _ in range(2000):
        true = replace(
            believed,
            attitude=_nudged(believed.attitude, rng.normal(0, attitude_deg, 3)),
            height_m=100.0 + rng.normal(0, 3.0),
        )
        shifted = (pixel[0] + rng.normal(0, 4.0), pixel[1] + rng.normal(0, 4.0))
        try:
            here = offset(locate(replace(true, accuracy=replace(accuracy, attitude_deg=0.01)), shifted))
        except NoGround:
            continue
        north.append(here[0] + rng.normal(0, 2.0))
        east.append(here[1] + rng.normal(0, 2.0))
    centre = np.array(offset(found))
    away = np.stack([north, east], 1) - centre
    inverse = np.linalg.inv(np.array(found.covariance))
    inside = (np.einsum("ni,ij,nj->n", away, inverse, away) <= 1.515**2).mean()
    assert len(north) > 1950
    assert 0.62 < inside < 0.74
    long, short, bearing = found.ellipse
    assert long >= short > 0
    assert 0 <= bearing < 180


def _nudged(attitude: Attitude | None, by: np.ndarray) -> Attitude:
    assert attitude is not None
    return Attitude(attitude.yaw_deg + by[0], max(-90.0, attitude.pitch_deg + by[1]), attitude.roll_deg + by[2])


def test_the_error_of_the_pitch_is_the_known_one() -> None:
    accuracy = Accuracy(horizontal_m=0.001, height_m=0.001, attitude_deg=1.0)
    long, _, bearing = locate(pose(accuracy=accuracy), CENTRE, pixel_error=(0.0, 0.0)).ellipse
    assert long / 1.515 == pytest.approx(100 / math.sin(math.radians(30)) ** 2 * math.radians(1), rel=0.01)  # 7 m
    assert min(bearing, 180 - bearing) < 1  # away from the camera, which looks north


def test_above_the_horizon_nothing_is_told() -> None:
    with pytest.raises(NoGround, match=r"-?\d.*below the horizon, which must be 3.0°"):
        locate(pose(pitch=-2.0), CENTRE)
    with pytest.raises(NoGround, match="below the horizon"):
        locate(pose(pitch=10.0), CENTRE)
    with pytest.raises(NoGround, match="below the horizon"):
        locate(pose(pitch=-20.0), (960.0, 20.0))
    assert locate(pose(pitch=-2.0, accuracy=Accuracy(attitude_deg=0.2)), CENTRE).distance_m == pytest.approx(
        2865, abs=5
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"attitude": None}, "not known: attitude of the camera"),
        ({"lens": None}, "not known: lens"),
        ({"latitude_deg": None, "longitude_deg": None}, "not known: position"),
        ({"height_m": None}, "height above the ground"),
        ({"height_m": -1.0}, "the camera is on the ground"),
    ],
)
def test_what_is_not_known_is_not_made_up(change: dict[str, object], words: str) -> None:
    with pytest.raises(NoGround, match=words):
        locate(replace(pose(), **change), CENTRE)  # type: ignore[arg-type]


def test_a_laser_knows_better_but_only_where_it_points() -> None:
    seen = pose(range_m=150.0)
    assert locate(seen, CENTRE).distance_m == pytest.approx(150.0)
    assert locate(seen, CENTRE).ellipse[0] < locate(pose(), CENTRE).ellipse[0]
    assert locate(seen, (300.0, 540.0)).distance_m == pytest.approx(locate(pose(), (300.0, 540.0)).distance_m)


def grid(rise: float, spacing: float = 0.0002, size: int = 60) -> Terrain:
    """Rises by so many metres for each metre north of home."""
    rows = np.arange(size) * spacing * 111_320.0
    south = HOME[0] - size / 2 * spacing
    heights = np.tile(((rows + (south - HOME[0]) * 111_320.0) * rise)[:, None], (1, size))
    return Terrain(south, HOME[1] - size / 2 * spacing, (spacing, spacing), heights)


@pytest.mark.parametrize("rise", [0.0, 0.2, -0.2])
def test_a_slope(rise: float) -> None:
    point = locate(pose(altitude_m=100.0, height_m=None), CENTRE, terrain=grid(rise))
    # 100 - x·tan(30°) = rise·x
    assert offset(point)[0] == pytest.approx(100 / (math.tan(math.radians(30)) + rise), rel=0.005)


def test_a_terrain_that_ends_and_one_above_the_camera() -> None:
    with pytest.raises(NoGround, match="the terrain ends before"):
        locate(pose(pitch=-4.0, altitude_m=100.0), CENTRE, terrain=grid(0.0, size=20))
    with pytest.raises(NoGround, match="below the terrain"):
        locate(pose(altitude_m=-5.0), CENTRE, terrain=grid(0.0))
    with pytest.raises(NoGround, match="altitude above the terrain's zero"):
        locate(pose(), CENTRE, terrain=grid(0.0))
    with pytest.raises(ValueError, match="2 × 2"):
        Terrain(0, 0, (1, 1), np.zeros((1, 5)))


@pytest.mark.parametrize("pitch", [-90.0, -45.0, -20.0])
def test_a_pixel_and_its_place_are_one(pitch: float) -> None:
    bent = Lens(1280, 720, 900.0, 900.0, 640.0, 360.0, (-0.1, 0.02, 0.001, -0.001, 0.0))
    where = pose(30.0, pitch, 5.0, lens=bent)
    for pixel in ((640.0, 360.0), (200.0, 600.0), (1100.0, 500.0)):
        point = locate(where, pixel)
        assert pixel_of(where, point.latitude_deg, point.longitude_deg) == pytest.approx(pixel, abs=0.3)


def test_a_place_behind_or_for_a_pose_that_lacks_something_has_no_pixel() -> None:
    where = pose(pitch=-20.0)
    assert pixel_of(where, *moved(*HOME, -500.0, 0.0)) is None
    assert pixel_of(replace(where, lens=None), *HOME) is None
    assert pixel_of(replace(where, height_m=None), *HOME) is None


def test_the_horizon() -> None:
    assert horizon(pose(pitch=0.0)) == pytest.approx(0.5)
    below = horizon(pose(pitch=-20.0))
    assert below is not None
    assert below < 0.1
    assert horizon(pose(pitch=-90.0)) is None
    assert horizon(replace(pose(), attitude=None)) is None


def test_a_terrain_gives_take_off_its_height_whatever_the_datum() -> None:
    slope = grid(0.2)
    home = (slope.south_deg + 0.004, slope.west_deg + 0.005)
    above = slope.raise_above(pose(height=50.0, height_above=Above.TAKEOFF, altitude_m=777.0), home)
    assert above.altitude_m == pytest.approx(slope.height(*home) + 50.0)
    point = locate(above, (960.0, 700.0), terrain=slope)
    assert pixel_of(above, point.latitude_deg, point.longitude_deg, slope) == pytest.approx((960.0, 700.0), abs=1.0)
    untouched = pose(height=50.0, altitude_m=777.0)
    assert slope.raise_above(untouched, home) == untouched
    assert slope.raise_above(pose(height_above=Above.TAKEOFF), (0.0, 0.0)).altitude_m is None
