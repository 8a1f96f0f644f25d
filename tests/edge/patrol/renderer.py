"""Renders what a drone's camera would see of a plane with a real picture on it, and things that stand there.

Everything is drawn by `cv2.projectPoints` and a homography from the same true pose; the code under test has formulas of
its own, so that one error can not hide in both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SKY = (235, 206, 170)
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Camera:
    """The true state of a camera.

    Attributes:
        north_m, east_m, height_m: above a point on the ground.
        yaw_deg, pitch_deg, roll_deg: heading, above the horizon, clockwise from behind.
        width, height: of the picture.
        fov_deg: horizontal.
    """

    north_m: float
    east_m: float
    height_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0
    width: int = 1280
    height: int = 720
    fov_deg: float = 70.0

    @property
    def matrix(self) -> NDArray[np.float64]:
        focal = self.width / 2 / math.tan(math.radians(self.fov_deg / 2))
        return np.array([[focal, 0, self.width / 2], [0, focal, self.height / 2], [0, 0, 1.0]])

    @property
    def axes(self) -> NDArray[np.float64]:
        """`(3, 3)`: right, down and forward of the picture, each in north, east, down."""
        yaw, pitch, roll = (math.radians(a) for a in (self.yaw_deg, self.pitch_deg, self.roll_deg))
        forward = np.array([math.cos(pitch) * math.cos(yaw), math.cos(pitch) * math.sin(yaw), -math.sin(pitch)])
        level = np.array([-math.sin(yaw), math.cos(yaw), 0.0])
        below = np.cross(forward, level)
        right = math.cos(roll) * level + math.sin(roll) * below
        return np.stack([right, np.cross(forward, right), forward])

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """`(n, 3)` metres north, east, down `-> (n, 2)` pixels."""
        turn, _ = cv2.Rodrigues(self.axes)
        shift = -self.axes @ np.array([self.north_m, self.east_m, -self.height_m])
        pixels, _ = cv2.projectPoints(np.asarray(points, np.float64).reshape(-1, 1, 3), turn, shift, self.matrix, None)
        return np.asarray(pixels.reshape(-1, 2), np.float64)

    def in_front(self, point: NDArray[np.float64]) -> bool:
        """It is not behind the camera."""
        return float(self.axes[2] @ (point - [self.north_m, self.east_m, -self.height_m])) > 0.5


@dataclass(frozen=True)
class Thing:
    """A picture that stands on the ground and faces the camera.

    Attributes:
        north_m, east_m: where its foot is.
        tall_m: how tall it is.
        picture: `(h, w, 4)` BGRA.
    """

    north_m: float
    east_m: float
    tall_m: float
    picture: Picture


@dataclass(frozen=True)
class Ground:
    """A picture on the plane.

    Attributes:
        picture: `(h, w, 3)` BGR, its first row in the north.
        side_m: how many metres its width is on the ground; it is centred on north 0, east 0.
    """

    picture: Picture
    side_m: float

    def render(self, camera: Camera, things: Sequence[Thing] = ()) -> Picture:
        """What the camera sees."""
        tall, wide = self.picture.shape[:2]
        scale = self.side_m / wide
        corners = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float64)
        # A homography from ground to picture, by its three columns: K R [north axis, east axis, offset].
        axes, eye = camera.axes, np.array([camera.north_m, camera.east_m, -camera.height_m])
        flat = camera.matrix @ np.stack([axes[:, 0], axes[:, 1], -axes @ eye], axis=1)
        middle = corners.mean(axis=0)
        to_ground = np.array([[0, -scale, scale * middle[1]], [scale, 0, -scale * middle[0]], [0, 0, 1.0]])
        size = (camera.width, camera.height)
        seen = cv2.warpPerspective(
            self.picture, flat @ to_ground, size, flags=cv2.INTER_AREA, borderValue=(90, 110, 100)
        )
        rows, columns = np.mgrid[0 : camera.height, 0 : camera.width]
        rays = np.linalg.inv(camera.matrix) @ np.stack([columns.ravel(), rows.ravel(), np.ones(rows.size)])
        above = (axes.T @ rays)[2].reshape(rows.shape) <= 0
        picture = np.where(above[..., None], np.array(SKY, np.uint8), np.asarray(seen, np.uint8)).astype(np.uint8)
        for thing in sorted(things, key=lambda t: -math.hypot(t.north_m - camera.north_m, t.east_m - camera.east_m)):
            _stand(picture, camera, thing)
        return picture


def _stand(picture: Picture, camera: Camera, thing: Thing) -> None:
    foot = np.array([thing.north_m, thing.east_m, 0.0])
    if not camera.in_front(foot):
        return
    (x, y), (_, top) = camera.project(np.stack([foot, foot - [0, 0, thing.tall_m]]))
    away = math.dist(foot, [camera.north_m, camera.east_m, -camera.height_m])
    tall = max(abs(y - top), thing.tall_m * camera.matrix[0, 0] / away * 0.5)
    wide = tall * thing.picture.shape[1] / thing.picture.shape[0]
    if tall < 2 or wide < 2 or tall > 2 * camera.height:
        return
    sprite = cv2.resize(thing.picture, (round(wide), round(tall)), interpolation=cv2.INTER_AREA)
    left, upper = round(x - wide / 2), round(y - tall)
    x1, y1 = max(0, left), max(0, upper)
    x2, y2 = min(camera.width, left + sprite.shape[1]), min(camera.height, upper + sprite.shape[0])
    if x1 >= x2 or y1 >= y2:
        return
    part = sprite[y1 - upper : y2 - upper, x1 - left : x2 - left].astype(np.float32)
    alpha = part[..., 3:] / 255
    picture[y1:y2, x1:x2] = (part[..., :3] * alpha + picture[y1:y2, x1:x2] * (1 - alpha)).astype(np.uint8)
