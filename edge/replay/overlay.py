"""What the pipeline saw, drawn onto a frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from calibration.skeleton import bones
from calibration.zones import Zone
from edge.evidence.pen import WHITE, Pen
from edge.replay.replay import Step
from pipelines.events import Event
from pipelines.frame import Frame, from_bgr
from pipelines.watch import Inspection

_HAZARD = (30, 30, 230)
_PART = (160, 160, 160)


def draw(
    step: Step, seen: Inspection | None, active: Iterable[Event], zones: Iterable[Zone], lang: str = "en"
) -> Frame:
    """The step's frame with zones, the model's views and boxes, and active incidents.

    Args:
        step: an analysed frame.
        seen: the newest inspection, of this frame or one before.
        active: the last event of each incident that is active.
        zones: of the view.
        lang: `zh` or `en`.
    """
    pen = Pen(step.frame.bgr())
    for zone in zones:
        pen.outline(zone)
    if seen is not None:
        for x1, y1, x2, y2 in seen.views[1:]:
            pen.box(pen.pixels((float(x1), float(y1), float(x2), float(y2))), _PART, 1)
        for found, labels in zip(seen.detections, seen.labels, strict=True):
            for row, label in zip(found.xyxy, labels, strict=True):
                corners = (int(row[0]), int(row[1]), int(row[2]), int(row[3]))
                pen.box(corners, WHITE, pen.line_px)
                pen.write(label, corners[:2], WHITE, max(10, pen.text_px // 2))
        size = np.array([step.frame.width, step.frame.height] * 2, np.float32)
        for found, scene in zip(seen.detections, seen.scenes, strict=True):
            pen.bones(bones(found.keypoints, scene.keypoints) / size)
    for event in active:
        corners = pen.pixels(event.box)
        pen.box(corners, _HAZARD, 2 * pen.line_px)
        pen.label(f"{event.kind.title(lang)} {event.score:.2f}", corners[:2], _HAZARD)
    frame = step.frame
    return from_bgr(
        pen.picture, source=frame.source, sequence=frame.sequence, captured_s=frame.captured_s, time_s=frame.time_s
    )
