"""Positions of two hundred rendered incidents with noisy telemetry: are they where they are said to be?

Synthetic: a plane with a real picture on it, discs of a colour that does not occur there, true poses known; the disc is
found by its colour, so that no model's faults are measured here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.ground import between, locate, moved
from calibration.lens import Lens
from calibration.pose import Accuracy, Attitude, Pose, PoseClock
from pipelines.places import Places, Sighting
from tests.conftest import LONG, ROOT
from tests.edge.patrol.renderer import Camera, Ground, Thing

HOME = (22.55, 114.05)
ACCURACY = Accuracy(horizontal_m=2.0, height_m=3.0, attitude_deg=1.0)


@pytest.fixture(scope="module")
def ground() -> Ground:
    """A frame of the bundled clip, mirrored so that it has no seams."""
    with av.open(str(ROOT / "datasets" / "demo" / "yard.mp4")) as clip:
        picture = next(clip.decode(video=0)).to_ndarray(format="bgr24")
    row = np.hstack([picture, picture[:, ::-1]])
    return Ground(np.vstack([row, row[::-1]]), 800.0)


def disc() -> NDArray[np.uint8]:
    picture = np.zeros((64, 64, 4), np.uint8)
    cv2.circle(picture, (32, 32), 31, (255, 0, 255, 255), -1)
    return picture


def foot(picture: NDArray[np.uint8]) -> tuple[float, float] | None:
    """Where the disc stands, as a detector's box has it: the middle of its lower edge."""
    blue, green, red = (picture[..., i].astype(int) for i in range(3))
    rows, columns = np.nonzero((blue > 150) & (red > 150) & (green < 100))
    if len(rows) < 6 or rows.max() >= picture.shape[0] - 1:
        return None
    return (columns.min() + columns.max() + 1) / 2, float(rows.max() + 1)


def noisy(camera: Camera, rng: np.random.Generator, time_s: float = 0.0) -> Pose:
    """What its telemetry says."""
    n, e = rng.normal(0, ACCURACY.horizontal_m, 2)
    latitude, longitude = moved(*HOME, camera.north_m + n, camera.east_m + e)
    yaw, pitch, roll = rng.normal(0, ACCURACY.attitude_deg, 3)
    return Pose(
        time_s, PoseClock.MEDIA, latitude, longitude,
        height_m=camera.height_m + rng.normal(0, ACCURACY.height_m),
        attitude=Attitude(camera.yaw_deg + yaw, max(-90.0, camera.pitch_deg + pitch), camera.roll_deg + roll),
        lens=Lens.from_field_of_view(camera.width, camera.height, camera.fov_deg), accuracy=ACCURACY,
    )  # fmt: skip


def incidents(
    ground: Ground, rng: np.random.Generator, count: int, **fixed: float
) -> Iterator[tuple[Camera, Thing, tuple[float, float]]]:
    """Cameras that look at something, near the middle of the picture or far from it, and where it stands in it."""
    while count:
        height = fixed.get("height", rng.uniform(50, 120))
        camera = Camera(
            *rng.uniform(-80, 80, 2),
            height,
            rng.uniform(0, 360),
            fixed.get("pitch", rng.uniform(-75, -25)),
            rng.normal(0, 2),
        )
        away = height / math.tan(math.radians(-camera.pitch_deg)) * rng.uniform(0.8, 1.2)
        aside = math.radians(camera.yaw_deg + rng.uniform(-20, 20))
        thing = Thing(camera.north_m + away * math.cos(aside), camera.east_m + away * math.sin(aside), 4.0, disc())
        pixel = foot(ground.render(camera, [thing]))
        if pixel is not None:
            count -= 1
            yield camera, thing, pixel


def test_the_renderer_agrees_with_itself(ground: Ground) -> None:
    camera = Camera(10.0, -20.0, 60.0, 30.0, -45.0, 3.0)
    there = (10 + 60 * math.cos(math.radians(30)), -20 + 60 * math.sin(math.radians(30)), 0.0)
    assert camera.project(np.array([there])) == pytest.approx(np.array([[640.0, 360.0]]), abs=1e-6)
    picture = ground.render(Camera(0, 0, 60, 0, 5.0))
    assert (picture[0] == picture[0, 0]).all(), "above the horizon is sky"
    assert picture[-1].std() > 5, "below is ground"


def test_the_truth_lies_in_the_ellipse_as_often_as_it_says(ground: Ground) -> None:
    rng = np.random.default_rng(11)
    inside, errors = 0, []
    for camera, thing, pixel in incidents(ground, rng, 200):
        point = locate(noisy(camera, rng), pixel, pixel_error=(1.0, 1.0))
        away = np.array(between(moved(*HOME, thing.north_m, thing.east_m), (point.latitude_deg, point.longitude_deg)))
        inside += float(away @ np.linalg.solve(np.array(point.covariance), away)) <= 1.515**2
        errors.append(float(np.hypot(*away)))
    worst, middle = np.percentile(errors, 95), np.median(errors)
    print(f"\nin the 68 % ellipse: {inside / 2:.1f} % of 200; error: median {middle:.1f} m, 95 % {worst:.1f} m")
    assert 120 <= inside <= 152


def test_the_error_at_a_hundred_metres(ground: Ground) -> None:
    rng = np.random.default_rng(12)
    errors = []
    for camera, thing, pixel in incidents(ground, rng, 100, height=100.0, pitch=-30.0):
        point = locate(noisy(camera, rng), pixel, pixel_error=(1.0, 1.0))
        truth = moved(*HOME, thing.north_m, thing.east_m)
        errors.append(math.hypot(*between(truth, (point.latitude_deg, point.longitude_deg))))
    print(f"\n100 m, -30°, 1°: median {np.median(errors):.1f} m of 100")
    assert np.median(errors) <= 10.0


@LONG
def test_one_fire_is_one_place_over_a_pass(ground: Ground) -> None:
    rng = np.random.default_rng(13)
    for _ in range(3):
        places = Places()
        north, east = rng.uniform(-20, 20, 2)
        things = [Thing(north, east, 4.0, disc()), Thing(north + 130.0, east + 30.0, 4.0, disc())]
        for step in range(40):
            camera = Camera(-150 + 6.0 * step, rng.normal(0, 1), 80.0, rng.normal(0, 2), -40.0)
            for thing in things:  # drawn one by one, as a detector's boxes come
                pixel = foot(ground.render(camera, [thing]))
                if pixel is None:
                    continue
                pose = noisy(camera, rng, float(step))
                assert pose.attitude is not None
                point = locate(pose, pixel, pixel_error=(1.0, 1.0))
                places.add(Sighting("fire", point, 0.5, float(step), (0, 0, 1, 1)))
        found = places.believed
        assert len(found) == 2
        for place, thing in zip(found, things, strict=True):
            truth = moved(*HOME, thing.north_m, thing.east_m)
            assert math.hypot(*between(truth, (place.latitude_deg, place.longitude_deg))) < 10
