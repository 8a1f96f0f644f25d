"""The camera's own motion, on a small plane: where each pixel of an earlier picture is now."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from calibration.homography import Homography, is_sound
from pipelines.frame import Plane

_MOST_POINTS, _FEWEST_POINTS = 90, 20
_QUALITY, _APART_PX = 0.01, 12
_WINDOW = (11, 11)
_LEVELS = 1
_WITHIN_PX = 0.7
_LEAST_INLIERS = 0.5
_LEAST_SPREAD = 0.25
"""Points that agree must span so much of the picture's width and height, or the homography means nothing elsewhere."""


@dataclass(frozen=True, slots=True)
class Motion:
    """From the reference to the picture now.

    Attributes:
        homography: `(3, 3)`, pixels of the reference to pixels of now.
        inliers: share of the points that agree with it.
    """

    homography: Homography
    inliers: float


class EgoMotion:
    """Follows points of a reference picture, each time from the reference itself, so that nothing drifts."""

    def __init__(self) -> None:
        self.reference: Plane | None = None
        self.reason: str | None = None
        self._points = np.empty((0, 1, 2), np.float32)
        self._homography: Homography = np.eye(3)

    def begin(self, plane: Plane, homography: Homography | None = None) -> None:
        """Let this be the reference; `homography`: about where it is in the newest picture, if it is not that one."""
        self.reference = plane
        self._homography = np.eye(3) if homography is None else homography
        found = cv2.goodFeaturesToTrack(plane, _MOST_POINTS, _QUALITY, _APART_PX)
        self._points = np.empty((0, 1, 2), np.float32) if found is None else np.asarray(found, np.float32)

    def follow(self, plane: Plane) -> Motion | None:
        """Where the reference is in this picture; None where that can not be told: `reason` says why."""
        if self.reference is None or len(self._points) < _FEWEST_POINTS:
            self.reason = "too little texture"
            return None
        guess = cv2.perspectiveTransform(self._points, self._homography).astype(np.float32)
        found, there, _ = cv2.calcOpticalFlowPyrLK(
            self.reference, plane, self._points, guess.copy(), winSize=_WINDOW, maxLevel=_LEVELS,
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03),
        )  # fmt: skip
        tall, wide = plane.shape
        inside = (found[:, 0] >= 0).all(axis=1) & (found[:, 0] < [wide, tall]).all(axis=1)
        good = there.ravel().astype(bool) & inside
        if np.count_nonzero(good) < _FEWEST_POINTS:
            self.reason = "the picture turned too fast"
            return None
        # USAC's fast form polishes good guesses on the way: less than half the time of plain RANSAC, and nearer.
        homography, agree = cv2.findHomography(self._points[good], found[good], cv2.USAC_FAST, _WITHIN_PX, maxIters=200)
        if homography is None or not is_sound(np.asarray(homography, np.float64), plane.shape, 0.4, 2.5):
            self.reason = "no motion of the camera explains the picture"
            return None
        sure = agree.ravel().astype(bool)
        spread = np.ptp(found[good][sure][:, 0], axis=0) / [wide, tall] if sure.any() else np.zeros(2)
        if sure.mean() < _LEAST_INLIERS or spread.min() < _LEAST_SPREAD:
            self.reason = "no motion of the camera explains the picture"
            return None
        self.reason = None
        self._homography = np.asarray(homography, np.float64)
        return Motion(self._homography, float(sure.mean()))
