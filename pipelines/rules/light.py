"""Is the view still in the light it was learnt in? A switch to infrared or lamps going out changes all of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.hazards import Box
from pipelines.rules.structure import Grid, Mask, differs, textured
from pipelines.scene import Scene

_BLOCKS = (32, 18)  # columns and rows in which colour is looked at: single pixels are noise
_COLOURED = 1.5  # distance of a block's chroma from grey, in levels, from which it has colour
_HAS_COLOUR = 0.12  # share of coloured blocks of a view that can lose its colour
_LOST_COLOUR = 0.2  # share of them left when it has
_NEW_COLOUR = 0.3  # share of coloured blocks at which a grey view has become a coloured one
_STRANGE = 0.5  # share of the textured parts outside the zone that look different
_ENOUGH = 0.04  # share of the picture that must be textured and outside for that to say anything
_NOISE = 4.0  # of the small luma plane, which is strided, not averaged


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What the picture looks like outside the zone.

    Attributes:
        luma: `(rows, columns)` float32, the small luma plane.
        outside: bool, the part of it that does not belong to the zone.
        coloured: share of the blocks outside that have colour, 0–1.
    """

    luma: Grid
    outside: Mask
    coloured: float

    @classmethod
    def of(cls, scene: Scene, zone: Box) -> View:
        """The view of this scene around the zone's box (0–1)."""
        luma = scene.activity.luma.astype(np.float32)
        outside = np.ones(luma.shape, bool)
        outside[scene.activity.window(zone)] = False
        planes = (scene.frame.u, scene.frame.v)
        chroma = sum(
            np.abs(cv2.resize(plane, _BLOCKS, interpolation=cv2.INTER_AREA).astype(np.float32) - 128)
            for plane in planes
        )
        x1, y1, x2, y2 = zone
        columns, rows = _BLOCKS
        around = np.ones((rows, columns), bool)
        around[int(y1 * rows) : int(np.ceil(y2 * rows)), int(x1 * columns) : int(np.ceil(x2 * columns))] = False
        has_colour = np.asarray(chroma) > _COLOURED
        return cls(luma, outside, float(has_colour[around].mean()) if around.any() else float(has_colour.mean()))

    def same_light(self, now: View) -> bool:
        """Does `now` show the same view in comparable light?

        Gain and offset are comparable; colour gone, or the structure of half of the view another, is not.
        """
        if self.luma.shape != now.luma.shape:
            return False
        if self.coloured >= _HAS_COLOUR and now.coloured < self.coloured * _LOST_COLOUR:
            return False
        if now.coloured >= _NEW_COLOUR and self.coloured < now.coloured * _LOST_COLOUR:
            return False
        telling = (textured(self.luma, _NOISE) | textured(now.luma, _NOISE)) & self.outside
        if telling.mean() < _ENOUGH:
            return True
        strange = differs(self.luma, now.luma, _NOISE)
        return float(strange[telling].mean()) < _STRANGE

    def drift(self, now: View, share: float) -> View:
        """This view, moved a little towards `now`."""
        return View(
            self.luma + np.float32(share) * (now.luma - self.luma),
            self.outside,
            self.coloured + share * (now.coloured - self.coloured),
        )
