"""Who lies, by one look of a pose model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.boxes import iou
from pipelines.detections import Detections
from pipelines.rules.posture import Array, Postures
from pipelines.scene import Lens, Scene

# Who lies has a level torso, which one who stands, sits or kneels upright has not, and no legs under it, which
# one who bends over, crawls or sits bent forward has. Whoever lies already is followed a little further.
_TORSO_DEG, _TORSO_FOLLOW_DEG = 55.0, 45.0
_LEGS_DEG, _LEGS_FOLLOW_DEG = 45.0, 35.0
_UPRIGHT_DEG = 40.0
# A box that is narrower than this for its height holds somebody upright, whatever the keypoints say. Where the
# camera is turned by more than `_LEVEL_DEG` the box says nothing.
_ASPECT = 0.8
_LEVEL_DEG = 20.0
# A torso shorter than this many widths of the shoulders points at the camera: its angle says nothing.
_STRETCH = 0.8

# A closer look is another run of the model: worth it where it shows a body this many times larger, once a look.
_GAIN = 1.3
_CLOSE_LOOKS = 1
_SAME = 0.4  # overlap from which the closer look shows the same body


@dataclass(frozen=True, slots=True)
class Look:
    """What one look says of one body.

    Attributes:
        told: the posture can be told; without it the body neither lies nor may lie.
        lies: it lies.
        may_lie: it lies, or nearly so.
        upright: it stands, sits or kneels with an upright torso.
        wide: its box may be that of somebody lying.
    """

    told: bool
    lies: bool
    may_lie: bool
    upright: bool
    wide: bool


_UNTOLD = Look(told=False, lies=False, may_lie=False, upright=False, wide=True)


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Judges bodies.

    Attributes:
        least_px: longer side of a body's box in the model's input, below which it is not judged.
        roll_deg: by how much upright things lean to the right in the picture.
    """

    least_px: float
    roll_deg: float

    def looks(self, people: Detections, scene: Scene) -> list[Look]:
        """What this look says of each person.

        One who seems to lie, or may and can not be told, is looked at again from nearer by, and that counts.
        """
        everything = np.array([0, 0, scene.frame.width, scene.frame.height], np.float32)
        scale = 1.0 if scene.lens is None else scene.lens.scale(everything)
        said = self._say(people, scene.keypoints, scale)
        if scene.lens is None:
            return said
        worth = [
            i
            for i, look in enumerate(said)
            if look.wide and (look.lies or not look.told) and self._gains(people.xyxy[i], scale, scene.lens)
        ]
        worth.sort(key=lambda i: (not said[i].lies, -people.confidence[i]))
        for i in worth[:_CLOSE_LOOKS]:
            said[i] = self._closer(people.pick(np.array([i])), scene, scene.lens)
        return said

    def _gains(self, box: Array, scale: float, lens: Lens) -> bool:
        near = lens.scale(box)
        return near >= scale * _GAIN and float((box[2:] - box[:2]).max()) * near >= self.least_px

    def _closer(self, body: Detections, scene: Scene, lens: Lens) -> Look:
        """What a closer look says of one body; two looks that do not agree on who is there tell nothing."""
        close = lens.look(body.xyxy[0])
        same = iou(body.xyxy, close.found.xyxy)[0] * (close.found.class_id == body.class_id[0])
        if same.max(initial=0) < _SAME:
            return _UNTOLD
        return self._say(close.found.pick(same.argmax(keepdims=True)), scene.keypoints, close.scale)[0]

    def _say(self, people: Detections, names: Sequence[str], scale: float) -> list[Look]:
        shape = Postures.measure(people.xyxy, people.keypoints, names, self.roll_deg)
        legs_deg = np.fmin(shape.thigh_deg, shape.leg_deg)  # whichever is more nearly under the body
        sides = people.xyxy[:, 2:] - people.xyxy[:, :2]
        large = sides.max(axis=1, initial=0) * scale >= self.least_px
        told = large & (shape.stretch >= _STRETCH) & ~np.isnan(legs_deg)
        wide = (shape.aspect >= _ASPECT) | (abs(self.roll_deg) > _LEVEL_DEG)
        lies = told & wide & (shape.torso_deg >= _TORSO_DEG) & (legs_deg >= _LEGS_DEG)
        may_lie = told & (shape.torso_deg >= _TORSO_FOLLOW_DEG) & (legs_deg >= _LEGS_FOLLOW_DEG)
        upright = large & (shape.torso_deg <= _UPRIGHT_DEG)
        return [Look(*row) for row in np.stack([told, lies, may_lie, upright, wide], axis=1).tolist()]
