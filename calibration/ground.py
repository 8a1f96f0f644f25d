"""From a pixel to a place on the ground, with how far it may be off."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import NoGround
from calibration.lens import Lens
from calibration.pose import Attitude, Pose
from calibration.terrain import Terrain

SHARE_68 = 1.515
"""Standard deviations that hold 68.27 % in two dimensions: sqrt(-2 ln(1 - 0.6827))."""

SAME = 9.21
"""Squared Mahalanobis distance up to which two points may be one place: 99 % in two dimensions."""

SIGMAS_BELOW = 3.0
"""A ray has to point below the horizon by so many standard deviations of the attitude: above that, first order is no
measure of the error, and the ray may as well meet no ground at all."""

_RANGE_M = 1.0  # standard deviation of a laser's distance
_CENTRE = 0.05  # a laser's distance is that of pixels within this share of the width around the centre
_FARTHEST_M = 10_000.0
_STEEP_DEG = 80.0
_FORWARD_RIGHT_DOWN = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
"""From the camera's axes (right, down, forward) to those of a body."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroundPoint:
    """A place on the ground.

    Attributes:
        latitude_deg, longitude_deg: WGS 84.
        covariance: north and east, m²: `((nn, ne), (ne, ee))`.
        distance_m: from the camera, along the ray.
    """

    latitude_deg: float
    longitude_deg: float
    covariance: tuple[tuple[float, float], tuple[float, float]]
    distance_m: float

    def apart(self, other: GroundPoint) -> float:
        """Squared Mahalanobis distance to another point, each with its own error."""
        offset = np.array(between((self.latitude_deg, self.longitude_deg), (other.latitude_deg, other.longitude_deg)))
        return float(offset @ np.linalg.solve(np.array(self.covariance) + np.array(other.covariance), offset))

    def may_be(self, other: GroundPoint) -> bool:
        """The two may be one place."""
        return self.apart(other) <= SAME

    @property
    def ellipse(self) -> tuple[float, float, float]:
        """In which it lies with 68 %: half of the long and the short axis, m, and the long one's bearing, degrees."""
        values, vectors = np.linalg.eigh(np.array(self.covariance))
        long = vectors[:, 1]
        bearing = math.degrees(math.atan2(long[1], long[0])) % 180.0
        return SHARE_68 * math.sqrt(max(values[1], 0.0)), SHARE_68 * math.sqrt(max(values[0], 0.0)), bearing


def rotation(attitude: Attitude) -> Matrix:
    """`(3, 3)`, from forward, right, down to north, east, down: Rz(yaw) Ry(pitch) Rx(roll)."""
    yaw, pitch, roll = (math.radians(a) for a in (attitude.yaw_deg, attitude.pitch_deg, attitude.roll_deg))
    return _rotation(yaw, pitch, roll)


def ray(lens: Lens, pixel: tuple[float, float], attitude: Attitude) -> NDArray[np.float64]:
    """`(3,)`, the direction of a pixel, of length 1: north, east, down."""
    found: NDArray[np.float64] = rotation(attitude) @ _body_ray(lens, pixel)
    return found


def locate(
    pose: Pose,
    pixel: tuple[float, float],
    *,
    pixel_error: tuple[float, float] = (2.0, 2.0),
    terrain: Terrain | None = None,
) -> GroundPoint:
    """Where the ray of a pixel meets the ground: a plane below the camera, or a terrain.

    The error is propagated at first order, by central differences, from attitude, height, position, pixel and terrain,
    each taken to be independent: on a plane, about `h / sin²θ` for each radian of the pitch, `θ` below the horizon.

    Args:
        pose: of the camera; its lens holds for the picture that `pixel` is in.
        pixel: from the left and the top of the picture.
        pixel_error: standard deviations of it, pixels.
        terrain: the ground; the pose's altitude must count from the same zero as its heights.

    Raises:
        NoGround: the pose lacks what is needed, or the ray meets no ground that can be told; the text says which.
    """
    lens, attitude, latitude, longitude = _needed(pose)
    centre = abs(pixel[0] - lens.cx) < _CENTRE * lens.width and abs(pixel[1] - lens.cy) < _CENTRE * lens.width
    laser = pose.range_m if pose.range_m and centre else None
    sigma = math.radians(pose.accuracy.attitude_deg)
    if laser is None:
        below = math.asin(min(1.0, max(-1.0, float(ray(lens, pixel, attitude)[2]))))
        if below < SIGMAS_BELOW * sigma:
            raise NoGround(
                f"the ray points {math.degrees(below):.1f}° below the horizon, which must be "
                f"{math.degrees(SIGMAS_BELOW * sigma):.1f}° for an attitude known to {pose.accuracy.attitude_deg:g}°"
            )
    meet = _meeting(pose, lens, laser, terrain, latitude, longitude)
    angles = [math.radians(a) for a in (attitude.yaw_deg, attitude.pitch_deg, attitude.roll_deg)]
    base = np.array([*angles, 0.0, *pixel])
    offset = meet(base)
    distance = float(np.linalg.norm(offset))
    if not distance < _FARTHEST_M:
        raise NoGround(f"the ray meets the ground {distance:,.0f} m away, allowed: {_FARTHEST_M:,.0f} m")
    height_m = (
        _RANGE_M if laser is not None else math.hypot(pose.accuracy.height_m, terrain.error_m if terrain else 0.0)
    )
    errors = np.array([sigma, sigma, sigma, height_m, *pixel_error])
    covariance = np.eye(2) * pose.accuracy.horizontal_m**2
    for index, error in enumerate(errors):
        step = np.zeros(6)
        step[index] = error
        change = (meet(base + step)[:2] - meet(base - step)[:2]) / 2
        covariance += np.outer(change, change)
    north, east = moved(latitude, longitude, float(offset[0]), float(offset[1]))
    (nn, ne), (_, ee) = covariance.tolist()
    return GroundPoint(north, east, ((nn, ne), (ne, ee)), distance)


def pixel_of(
    pose: Pose, latitude_deg: float, longitude_deg: float, terrain: Terrain | None = None
) -> tuple[float, float] | None:
    """Where a place on the ground is in the picture, from its left and top, pixels; the inverse of `locate`.

    It may lie outside of the picture; None where it lies behind the camera, or the pose lacks what is needed.
    """
    if pose.lens is None or pose.attitude is None or pose.latitude_deg is None or pose.longitude_deg is None:
        return None
    down = _above(pose, latitude_deg, longitude_deg, terrain)
    if down is None or down <= 0:
        return None
    north, east = between((pose.latitude_deg, pose.longitude_deg), (latitude_deg, longitude_deg))
    seen = _FORWARD_RIGHT_DOWN.T @ rotation(pose.attitude).T @ np.array([north, east, down])
    if seen[2] <= 0.1:
        return None
    coefficients = np.array(pose.lens.distortion, np.float64) if pose.lens.distortion else None
    pixel, _ = cv2.projectPoints(seen.reshape(1, 1, 3), np.zeros(3), np.zeros(3), pose.lens.matrix, coefficients)
    x, y = pixel.ravel().tolist()
    return x, y


def _above(pose: Pose, latitude_deg: float, longitude_deg: float, terrain: Terrain | None) -> float | None:
    """How far the camera is above a place, m."""
    if terrain is None:
        return pose.height_m
    try:
        return None if pose.altitude_m is None else pose.altitude_m - terrain.height(latitude_deg, longitude_deg)
    except NoGround:
        return None


def horizon(pose: Pose) -> float | None:
    """The row of the horizon in the middle of the picture, in 0–1 of its height, also outside; None: not known."""
    if pose.lens is None or pose.attitude is None or abs(pose.attitude.pitch_deg) > _STEEP_DEG:
        return None
    lens = pose.lens
    return (lens.cy + lens.fy * math.tan(math.radians(pose.attitude.pitch_deg))) / lens.height


def moved(latitude_deg: float, longitude_deg: float, north_m: float, east_m: float) -> tuple[float, float]:
    """The place so many metres away; good to 1 m within 5 km, below 80° of latitude.

    By the radii of curvature of WGS 84 (NIMA TR 8350.2, section 4): in the meridian, and in the prime vertical.
    """
    meridian, vertical = _radii(latitude_deg)
    latitude = latitude_deg + math.degrees(north_m / meridian)
    return latitude, longitude_deg + math.degrees(east_m / (vertical * math.cos(math.radians(latitude_deg))))


def between(first: tuple[float, float], second: tuple[float, float]) -> tuple[float, float]:
    """Metres north and east from one place (latitude, longitude) to another; the inverse of `moved`."""
    meridian, vertical = _radii(first[0])
    north = math.radians(second[0] - first[0]) * meridian
    turn = (second[1] - first[1] + 180.0) % 360.0 - 180.0
    return north, math.radians(turn) * vertical * math.cos(math.radians(first[0]))


def _needed(pose: Pose) -> tuple[Lens, Attitude, float, float]:
    lacks = [
        name
        for name, part in (
            ("attitude of the camera", pose.attitude),
            ("lens", pose.lens),
            ("position", pose.latitude_deg),
            ("height above the ground", pose.height_m if pose.altitude_m is None else pose.altitude_m),
        )
        if part is None
    ]
    if lacks or pose.lens is None or pose.attitude is None or pose.latitude_deg is None or pose.longitude_deg is None:
        raise NoGround(f"not known: {', '.join(lacks)}")
    return pose.lens, pose.attitude, pose.latitude_deg, pose.longitude_deg


def _meeting(
    pose: Pose, lens: Lens, laser: float | None, terrain: Terrain | None, latitude: float, longitude: float
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Gives north, east, down of where the ray of (yaw, pitch, roll, height added, u, v) ends."""

    def meet(state: NDArray[np.float64]) -> NDArray[np.float64]:
        yaw, pitch, roll, more, u, v = (float(value) for value in state)
        direction = _rotation(yaw, pitch, roll) @ _body_ray(lens, (u, v))
        if laser is not None:
            return np.asarray(direction * (laser + more), np.float64)
        if direction[2] <= 0:
            raise NoGround("the ray does not point below the horizon")
        if terrain is not None:
            if pose.altitude_m is None:
                raise NoGround("not known: altitude above the terrain's zero")
            along = terrain.meet((latitude, longitude), pose.altitude_m + more, direction, _FARTHEST_M)
        elif pose.height_m is None:
            raise NoGround("not known: height above the ground")
        else:
            along = (pose.height_m + more) / direction[2]
        return np.asarray(direction * along, np.float64)

    if laser is None and terrain is None and (pose.height_m is None or pose.height_m <= 0):
        raise NoGround("not known: height above the ground" if pose.height_m is None else "the camera is on the ground")
    return meet


def _body_ray(lens: Lens, pixel: tuple[float, float]) -> NDArray[np.float64]:
    points = np.array([[pixel]], np.float64)
    coefficients = np.array(lens.distortion, np.float64) if lens.distortion else None
    x, y = cv2.undistortPoints(points, lens.matrix, coefficients)[0, 0]
    direction = _FORWARD_RIGHT_DOWN @ np.array([x, y, 1.0])
    return np.asarray(direction / np.linalg.norm(direction), np.float64)


def _rotation(yaw: float, pitch: float, roll: float) -> Matrix:
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (math.cos, math.sin))
    about_down = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    about_right = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_forward = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    return np.asarray(about_down @ about_right @ about_forward, np.float64)


def _radii(latitude_deg: float) -> tuple[float, float]:
    """Of the meridian and of the prime vertical, m."""
    axis, squared = 6_378_137.0, 6.694_379_990_14e-3
    shrink = 1 - squared * math.sin(math.radians(latitude_deg)) ** 2
    return axis * (1 - squared) / shrink**1.5, axis / math.sqrt(shrink)
