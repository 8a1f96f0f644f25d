"""Footage for an audit: a clip's frames in small, played for as long as a trial takes, by day and by night."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum

import cv2
import numpy as np

from edge.sources import Pace, Source, open_source
from pipelines.frame import Frame, Plane
from pipelines.schedule import Rate

# The prefilter samples a frame down to 160×90: more than this tells it nothing more.
WIDTH = 640
MOST_S = 60.0  # of a clip, which is played to and fro for what takes longer


class Weather(StrEnum):
    """What disturbs a view."""

    CALM = "calm"
    NIGHT = "night"
    LIGHT = "light switched"
    RAIN = "rain"


def read_small(path: str, fps: float, name: str = "clip") -> tuple[Frame, ...]:
    """A clip's frames at the rate of the analysis, no wider than `WIDTH`, a minute at most.

    Raises:
        SourceError: the clip can not be read.
    """
    source: Source = open_source(name, path, pace=Pace.FAST)
    rate, frames = Rate(fps), []
    for frame in source.frames():
        if frame.time_s > MOST_S:
            source.close()
        elif rate.due(frame.time_s):
            frames.append(_small(frame))
    return tuple(frames)


def play(frames: Sequence[Frame], seconds: float, fps: float) -> Iterator[Frame]:
    """To and fro, so that nothing jumps, for so many seconds; times count from 0."""
    there_and_back = [*frames, *frames[-2:0:-1]]
    for number in range(round(seconds * fps)):
        frame = there_and_back[number % len(there_and_back)]
        yield replace(frame, sequence=number, time_s=number / fps)


def disturb(weather: Weather, at_s: float, seed: int = 1) -> Callable[[Frame], Frame]:
    """A view in some weather.

    Args:
        weather: which.
        at_s: when the light is switched on.
        seed: the same seed disturbs in the same way.
    """
    rng = np.random.default_rng(seed)
    if weather is Weather.NIGHT:
        return lambda frame: _night(frame, rng)
    if weather is Weather.RAIN:
        return lambda frame: _rain(frame, rng)
    if weather is Weather.LIGHT:
        return lambda frame: replace(frame, y=_scaled(frame.y, 0.55 if frame.time_s < at_s else 1.0))
    return lambda frame: frame


def _small(frame: Frame) -> Frame:
    """No wider than `WIDTH`, in planes of its own: the decoder's are not kept."""
    shrink = max(1.0, frame.width / WIDTH)
    width, height = (round(side / shrink / 2) * 2 for side in (frame.width, frame.height))
    y = _resized(frame.y, width, height)
    u, v = (_resized(plane, width // 2, height // 2) for plane in (frame.u, frame.v))
    return replace(frame, y=y, u=u, v=v)


def _resized(plane: Plane, width: int, height: int) -> Plane:
    return np.array(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _scaled(luma: Plane, gain: float) -> Plane:
    return np.asarray(cv2.convertScaleAbs(luma, alpha=gain), np.uint8)


def _night(frame: Frame, rng: np.random.Generator) -> Frame:
    """A quarter of the light, the sensor's noise raised with its gain, infrared: no colour."""
    noisy = frame.y.astype(np.float32) * 0.35 + 20 + rng.normal(0, 5, frame.y.shape)
    grey = np.full_like(frame.u, 128)
    return replace(frame, y=np.clip(noisy, 0, 255).astype(np.uint8), u=grey, v=grey)


def _rain(frame: Frame, rng: np.random.Generator) -> Frame:
    """Some eighty bright streaks, others in each frame."""
    wet = frame.y.copy()
    for x, y in rng.integers(0, (frame.width, frame.height), (80, 2)).tolist():
        cv2.line(wet, (x, y), (x + 2, y + frame.height // 20), 200, 1, cv2.LINE_AA)
    return replace(frame, y=wet)
