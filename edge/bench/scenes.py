"""What the cameras of the benchmark see: an empty yard, people in it, and hazards that begin at a known time.

The yard is the footage of the demo, enlarged. Its empty picture is the median over the whole clip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import av
import av.error
import cv2
import numpy as np

from calibration.errors import SourceUnusable
from edge.config.drill import DrillFire, DrillSettings, DrillSmoke
from edge.sources.drill import Drill
from edge.sources.planes import Planes, decoded_planes
from pipelines.frame import Clock, Frame, Plane
from pipelines.hazards import HazardKind

FPS = 25
SIZE = (1920, 1080)

# The demo's yard: the zone is that of its site file, the moment when a foot is first in it was read off the pictures.
LAWN = ((0.02, 0.56), (0.30, 0.545), (0.52, 0.68), (0.60, 0.80), (0.60, 0.99), (0.02, 0.99))
ENTERS_S = 9.3
WALKS_IN_S = 7.9
BUSIEST_S = 14.0

_MEDIAN_OF = 25
_DRILLED: tuple[DrillFire | DrillSmoke, ...] = (
    DrillFire(at=(0.82, 0.93), size=0.24, grow_s=5.0, seed=2),
    DrillFire(at=(0.45, 0.90), size=0.30, grow_s=5.0, seed=3),
    DrillSmoke(at=(0.12, 0.965), size=0.8, grow_s=8.0, shade=0.6, wind=0.15, seed=4),
    DrillSmoke(at=(0.55, 0.90), size=0.8, grow_s=8.0, shade=0.6, seed=5),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing to see.

    Attributes:
        name: of its files.
        length_s: how long it is.
        film: a video to play; the yard's if None.
        from_s: where in the film to begin.
        until_s: where the film begins again; at its end if None.
        quiet_s: so long only the empty yard is shown first.
        item: drawn onto the empty yard instead of a film.
        onsets: when each hazard begins, seconds of the scene.
        still: nothing but the empty yard.
    """

    name: str
    length_s: float
    film: Path | None = None
    from_s: float = 0.0
    until_s: float | None = None
    quiet_s: float = 0.0
    item: DrillFire | DrillSmoke | None = None
    onsets: Mapping[HazardKind, float] = field(default_factory=dict)
    still: bool = False


def quiet(length_s: float) -> Scene:
    """The empty yard."""
    return Scene("quiet", length_s, still=True)


def busy(length_s: float, active_share: float = 0.3) -> Scene:
    """People in the yard for a share of the time, at its end."""
    return Scene("busy", length_s, from_s=BUSIEST_S, quiet_s=length_s * (1 - active_share))


def hazards(
    length_s: float, films: Sequence[tuple[Path, Mapping[HazardKind, Sequence[tuple[float, float]]]]] = ()
) -> tuple[Scene, ...]:
    """A person who enters the lawn; fires and smoke: those filmed where there are any of a kind, else drills.

    Args:
        length_s: of each.
        films: videos with their events, seconds from the start.
    """
    person = Scene(
        "person", length_s, from_s=WALKS_IN_S, onsets={HazardKind.RESTRICTED_ZONE: ENTERS_S - WALKS_IN_S}
    )  # fmt: skip
    filmed = [scene for path, events in films if (scene := _filmed(path, events, length_s)) is not None]
    seen = {kind for scene in filmed for kind in scene.onsets}
    drilled = [
        Scene(f"drill-{item.kind}-{item.seed}", length_s, item=item, onsets={HazardKind(item.kind): 0.0})
        for item in _DRILLED
        if not seen >= {HazardKind.FIRE, HazardKind.SMOKE}
    ]
    return (person, *filmed, *drilled)


def _filmed(
    path: Path, events: Mapping[HazardKind, Sequence[tuple[float, float]]], length_s: float
) -> Scene | None:  # fmt: skip
    spans = {kind: events[kind][0] for kind in (HazardKind.FIRE, HazardKind.SMOKE) if events.get(kind)}
    if not spans:
        return None
    begins_s = min(start for start, _ in spans.values())
    ends_s = min(end for _, end in spans.values())
    onsets = {kind: start - begins_s for kind, (start, _) in spans.items()}
    return Scene(f"film-{path.stem}", length_s, film=path, from_s=begins_s, until_s=ends_s, onsets=onsets)


class Stage:
    """Shows scenes.

    Args:
        yard: the demo's footage.
        size: width and height of the pictures.

    Raises:
        SourceUnusable: the footage can not be read.
    """

    def __init__(self, yard: Path, size: tuple[int, int] = SIZE) -> None:
        self._yard = yard
        self._size = size
        self._empty = self._median()

    def frames(self, scene: Scene) -> Iterator[Frame]:
        """The scene at `FPS`, without noise; times count from 0."""
        drill = Drill(DrillSettings(items=(scene.item,)), 0.0) if scene.item is not None else None
        film = None if scene.still or drill is not None else self._film(scene)
        shown = self._empty
        for number in range(round(scene.length_s * FPS)):
            time_s = number / FPS
            if film is not None and time_s >= scene.quiet_s:
                shown = next(film)
            frame = Frame(
                scene.name, number, time_s, Clock.FILE, time_s, shown.y, shown.u, shown.v, full_range=shown.full_range
            )
            yield drill.render(frame) if drill is not None else frame

    def _film(self, scene: Scene) -> Iterator[Planes]:
        """The film at `FPS`, over and over."""
        path = scene.film or self._yard
        while True:
            number, shown = 0, None
            for time_s, picture in _play(path, scene.from_s, scene.until_s):
                while shown is not None and number / FPS < time_s:
                    yield shown
                    number += 1
                shown = fitted(picture, self._size) if scene.film is not None else _stretched(picture, self._size)
            if shown is None:
                raise SourceUnusable(f"benchmark: {path}: no picture after {scene.from_s:g} s")
            yield shown

    def _median(self) -> Planes:
        pictures = [picture for _, picture in _play(self._yard, 0.0, None)]
        if not pictures:
            raise SourceUnusable(f"benchmark: {self._yard}: no picture in it")
        chosen = [decoded_planes(picture) for picture in pictures[:: max(1, len(pictures) // _MEDIAN_OF)]]
        planes = [np.median(np.stack([one[i] for one in chosen]), axis=0).astype(np.uint8) for i in range(3)]
        sizes = (self._size, _half(self._size), _half(self._size))
        y, u, v = (_enlarged(plane, size) for plane, size in zip(planes, sizes, strict=True))
        return Planes(y, u, v, chosen[0].full_range)


def fitted(picture: av.VideoFrame, size: tuple[int, int]) -> Planes:
    """A picture of any shape as large as fits into `size`, on black."""
    scale = min(size[0] / picture.width, size[1] / picture.height)
    width, height = (
        min(side, round(length * scale / 4) * 4) for side, length in zip(size, _shape(picture), strict=True)
    )
    inner = _stretched(picture, (width, height))
    y, u, v = (np.full(_half(size, step)[::-1], level, np.uint8) for step, level in ((1, 16), (2, 128), (2, 128)))
    left, top = (size[0] - width) // 4 * 2, (size[1] - height) // 4 * 2
    for plane, part, step in ((y, inner.y, 1), (u, inner.u, 2), (v, inner.v, 2)):
        x0, y0 = left // step, top // step
        plane[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]] = part
    return Planes(y, u, v, inner.full_range)


def smaller(frame: Frame, size: tuple[int, int]) -> Frame:
    """The frame as a camera's sub-stream shows it."""
    y, u, v = (
        np.asarray(cv2.resize(plane, wanted, interpolation=cv2.INTER_AREA), np.uint8)
        for plane, wanted in ((frame.y, size), (frame.u, _half(size)), (frame.v, _half(size)))
    )
    return replace(frame, y=y, u=u, v=v)


def _shape(picture: av.VideoFrame) -> tuple[int, int]:
    return picture.width, picture.height


def _half(size: tuple[int, int], step: int = 2) -> tuple[int, int]:
    return (size[0] + step - 1) // step, (size[1] + step - 1) // step


def _stretched(picture: av.VideoFrame, size: tuple[int, int]) -> Planes:
    return decoded_planes(picture.reformat(*size, format="yuv420p", interpolation="BICUBIC"))


def _enlarged(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _play(path: Path, from_s: float, until_s: float | None) -> Iterator[tuple[float, av.VideoFrame]]:
    """Pictures of a film with their time since `from_s`."""
    try:
        with av.open(str(path)) as container:
            for picture in container.decode(video=0):
                if until_s is not None and picture.time > until_s:
                    return
                if picture.time >= from_s:
                    yield picture.time - from_s, picture
    except av.error.FFmpegError as error:
        raise SourceUnusable(f"benchmark: {path}: can not be read: {error}") from error
