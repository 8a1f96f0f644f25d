"""A lens from pictures of a board of squares: a checkerboard, or one with markers in it (ChArUco)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.errors import NoLens
from calibration.lens import Lens

LEAST_VIEWS = 5
_LEAST_CORNERS = 6
_LEAST_TILT_DEG = 25.0
_GRID = 8  # cells each way, to tell how much of the picture corners were seen in
DICTIONARY = "4X4_250"

Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Board:
    """What is photographed.

    Attributes:
        columns, rows: of squares. A checkerboard of 10 x 7 squares has 9 x 6 inner corners.
        square_mm: side of one; the lens does not depend on it.
        marker: side of a marker as a share of a square's; None for a checkerboard without markers.
    """

    columns: int
    rows: int
    square_mm: float = 25.0
    marker: float | None = None

    def __post_init__(self) -> None:
        if min(self.columns, self.rows) < 4 or max(self.columns, self.rows) > 30:
            raise ValueError(f"a board has 4 to 30 squares each way, found {self.columns} x {self.rows}")
        if self.marker is None and self.columns % 2 == self.rows % 2:
            raise ValueError(
                f"a checkerboard of {self.columns} x {self.rows} squares looks the same upside down: "
                "one of them has to be odd and the other even, or take one with markers"
            )

    def draw(self, square_px: int = 100) -> Gray:
        """The board, for printing: as many pixels a square, and half a square of white around it."""
        size = (self.columns * square_px, self.rows * square_px)
        if self.marker is not None:
            inner = np.asarray(self._charuco().generateImage(size), np.uint8)
        else:
            rows, columns = np.indices((self.rows, self.columns))
            squares = np.where((rows + columns) % 2 == 0, 0, 255).astype(np.uint8)
            inner = np.kron(squares, np.ones((square_px, square_px), np.uint8))
        return np.asarray(np.pad(inner, square_px // 2, constant_values=255), np.uint8)

    def find(self, picture: Gray) -> View | None:
        """The corners in a picture; None where the board is not seen well enough.

        Args:
            picture: `(h, w)`.
        """
        return self._find_charuco(picture) if self.marker is not None else self._find_plain(picture)

    def _find_plain(self, picture: Gray) -> View | None:
        inner = (self.columns - 1, self.rows - 1)
        flags = cv2.CALIB_CB_EXHAUSTIVE | cv2.CALIB_CB_ACCURACY | cv2.CALIB_CB_NORMALIZE_IMAGE
        found, corners = cv2.findChessboardCornersSB(picture, inner, flags=flags)
        if not found:
            return None
        across, down = np.meshgrid(np.arange(inner[0]), np.arange(inner[1]))
        on_board = np.stack([across.ravel(), down.ravel(), np.zeros(across.size)], axis=1) * self.square_mm
        return View(on_board.astype(np.float32), np.asarray(corners, np.float32).reshape(-1, 2))

    def _find_charuco(self, picture: Gray) -> View | None:
        board = self._charuco()
        corners, ids, _, _ = cv2.aruco.CharucoDetector(board).detectBoard(picture)
        if ids is None or len(ids) < _LEAST_CORNERS:
            return None
        on_board = np.asarray(board.getChessboardCorners(), np.float32)[np.asarray(ids).ravel()]
        return View(on_board, np.asarray(corners, np.float32).reshape(-1, 2))

    def _charuco(self) -> Any:
        marks = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_{DICTIONARY}"))
        side = self.square_mm * (self.marker or 0.0)
        return cv2.aruco.CharucoBoard((self.columns, self.rows), self.square_mm, side, marks)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One picture of the board.

    Attributes:
        on_board: `(n, 3)` float32, corners, mm.
        in_picture: `(n, 2)` float32, the same ones, pixels.
    """

    on_board: NDArray[np.float32]
    in_picture: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measured:
    """A lens, and how good it is.

    Attributes:
        lens: with its distortion.
        rms_px: how far corners lie from where the lens puts them, root of the mean square, pixels.
        views_px: the same for each view.
        focal_error: one standard deviation of the focal length, as a share of it.
        covered: share of the picture's cells in which corners were seen.
    """

    lens: Lens
    rms_px: float
    views_px: tuple[float, ...]
    focal_error: float
    covered: float

    @property
    def fov_deg(self) -> float:
        """Horizontal field of view, without the distortion."""
        return math.degrees(2 * math.atan(self.lens.width / 2 / self.lens.fx))


def measure(views: Sequence[View], size: tuple[int, int]) -> Measured:
    """The lens that explains where the corners are (Zhang 2000, as OpenCV does it).

    Args:
        views: of one board through one lens, held at different angles and in different places.
        size: width and height of the pictures, pixels.

    Raises:
        NoLens: there are too few views, or they do not tell.
    """
    if len(views) < LEAST_VIEWS:
        raise NoLens(f"a lens needs at least {LEAST_VIEWS} pictures of the board, found {len(views)}")
    try:
        rms, matrix, bent, turns, _, errors, _, each = cv2.calibrateCameraExtended(
            [view.on_board for view in views], [view.in_picture for view in views], size, np.eye(3), np.zeros(5)
        )
    except cv2.error as error:
        raise NoLens(f"the pictures do not tell a lens: {error.err or error}") from None
    (fx, _, cx), (_, fy, cy), _ = np.asarray(matrix, np.float64).tolist()
    if not (0 < cx < size[0] and 0 < cy < size[1] and min(fx, fy) > 0):
        raise NoLens("the pictures do not tell a lens: hold the board at other angles, tilted by 20° to 40°")
    normals = np.array([cv2.Rodrigues(turn)[0][:, 2] for turn in turns])
    tilt_deg = math.degrees(math.acos(float(np.clip((normals @ normals.T).min(), -1.0, 1.0))))
    if tilt_deg < _LEAST_TILT_DEG:
        # Seen from one side alone, a long lens far away looks like a short one near by.
        raise NoLens(
            f"between any two pictures the board was turned by {tilt_deg:.0f}° at most, expected "
            f"{_LEAST_TILT_DEG:.0f}°: tilt it by 20° to 40° each way"
        )
    k1, k2, p1, p2, k3 = np.asarray(bent, np.float64).ravel()[:5].tolist()
    spots = np.concatenate([view.in_picture for view in views])
    cells = {(int(x * _GRID / size[0]), int(y * _GRID / size[1])) for x, y in spots.tolist()}
    lens = Lens(*size, fx, fy, cx, cy, (k1, k2, p1, p2, k3))
    focal_error = float(np.asarray(errors).ravel()[0]) / fx
    return Measured(lens, float(rms), tuple(np.asarray(each).ravel().tolist()), focal_error, len(cells) / _GRID**2)
