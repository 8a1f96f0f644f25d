"""The clips of the benchmark: made on first use, kept in a folder under the digest of what they are made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from edge.bench import reel
from edge.bench.reel import Encoding, Reel
from edge.bench.scenes import FPS, SIZE, Scene, Stage, busy, quiet, smaller
from pipelines.hazards import HazardKind

PHASES = 10
"""So many beginnings of each loop: the keyframes of two cameras are a fifth of a second apart."""

MAIN = Encoding(SIZE, 4_500_000, 4.0)
SUB = Encoding((640, 360), 600_000, 3.0)
KEYFRAME_S = reel.GOP / FPS

_VERSION = 1  # of how clips are made: another number makes them anew
_QUIET_S, _BUSY_S = 20.0, 30.0
_LOOP_S = 60.0


@dataclass(frozen=True, slots=True)
class Clip:
    """One camera's recording.

    Attributes:
        main: the main stream.
        sub: the sub-stream.
        length_s: of both.
        onsets: when each hazard begins in it.
        what: `quiet`, `busy` or the hazard scene's name.
    """

    main: Path
    sub: Path
    length_s: float
    onsets: Mapping[HazardKind, float] = field(default_factory=dict)
    what: str = "quiet"

    @property
    def active(self) -> bool:
        """Something moves in it some of the time."""
        return self.what != "quiet"


class Library:
    """Makes and finds clips.

    Args:
        folder: where they are kept.
        yard: the demo's footage.
        told: called with what is being made.
        shorter: makes loops shorter by this factor; for tests.
        main: how the main stream is encoded.
        sub: how the sub-stream is.

    Attributes:
        main, sub: as given.
    """

    def __init__(
        self,
        folder: Path,
        yard: Path,
        told: Callable[[str], None] = lambda _: None,
        *,
        shorter: float = 1.0,
        main: Encoding = MAIN,
        sub: Encoding = SUB,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._yard = yard
        self._told = told
        self._shorter = shorter
        self.main, self.sub = main, sub
        self._stage: Stage | None = None
        self._reels: dict[tuple[str, Encoding], Reel] = {}

    def quiet(self, number: int) -> Clip:
        """The `number`th camera's recording in which nothing moves."""
        return self._loop(quiet(self._seconds(_QUIET_S)), number)

    def busy(self, number: int) -> Clip:
        """The `number`th camera's recording in which people walk 30 % of the time."""
        return self._loop(busy(self._seconds(_BUSY_S)), number)

    def hazard(self, scene: Scene, number: int, lead_s: float, tail_s: float = 0.0, *, substream: bool = True) -> Clip:
        """A hazard after quiet.

        Args:
            scene: the hazard.
            number: of the camera; says at what moment the keyframes come.
            lead_s: about so much quiet before it.
            tail_s: so much quiet after it.
            substream: whether its sub-stream is wanted: if not, the main stream stands for it.
        """
        first = reel.lead_of(number, PHASES)
        before, after = max(1, round(lead_s / KEYFRAME_S)), round(tail_s / KEYFRAME_S)
        name = f"{scene.name}-{number % PHASES}x{before}x{after}"
        paths = []
        for how in (self.main, self.sub)[: 1 + substream]:
            calm, hazard = self._encoded(quiet(self._seconds(_QUIET_S)), how), self._encoded(scene, how)
            around = [calm.groups[i % len(calm.groups)] for i in range(1, before + after + 2)]
            groups = [calm.groups[0][:first], *around[:before], *hazard.groups, *around[before:-1], around[-1][:1]]
            paths.append(self._written(name, groups, hazard))
        lead = first / FPS + before * KEYFRAME_S
        onsets = {kind: lead + at for kind, at in scene.onsets.items()}
        length_s = lead + scene.length_s + after * KEYFRAME_S + 1 / FPS  # it ends with a keyframe, as a loop does
        return Clip(paths[0], paths[-1], length_s, onsets, scene.name)

    def keyframe_kb(self) -> dict[str, float]:
        """Mean size of the main streams' keyframes so far, kilobytes."""
        mains = {name: made for (name, how), made in self._reels.items() if how == self.main}
        return {name: round(made.keyframe_bytes / 1000, 1) for name, made in mains.items()}

    def _seconds(self, seconds: float) -> float:
        """Shortened, a whole number of groups."""
        return max(2, round(seconds * self._shorter / KEYFRAME_S)) * KEYFRAME_S

    def _loop(self, scene: Scene, number: int) -> Clip:
        phase, paths, length_s = number % PHASES, [], 0.0
        for how in (self.main, self.sub):
            loop = self._encoded(scene, how)
            rounds = max(1, round(self._seconds(_LOOP_S) / scene.length_s))
            # A file that begins again costs what no camera does: not all do so at once.
            count = len(loop.groups) * rounds + (phase if scene.still else 0)
            groups = reel.turned(loop.groups, phase, PHASES, count)
            length_s = sum(map(len, groups)) / FPS
            paths.append(self._written(f"{scene.name}-{phase}x{count}", groups, loop))
        return Clip(paths[0], paths[1], length_s, what=scene.name)

    def _encoded(self, scene: Scene, how: Encoding) -> Reel:
        key = scene.name, how
        if key not in self._reels:
            path = self._folder / f"{scene.name}-{self._digest(scene, how)}.mp4"
            if not path.exists():
                self._told(f"making {path.name}: {scene.length_s:g} s of {how.size[0]}×{how.size[1]}")
                self._make(scene, how, path)
            self._reels[key] = reel.read(path)
        return self._reels[key]

    def _make(self, scene: Scene, how: Encoding, path: Path) -> None:
        if self._stage is None:
            self._stage = Stage(self._yard, self.main.size)
        frames = self._stage.frames(scene)
        reel.encode((smaller(one, how.size) for one in frames) if how.size != self.main.size else frames, how, path)

    def _written(self, name: str, groups: Sequence[Sequence[bytes]], header: Reel) -> Path:
        path = self._folder / f"{name}-{header.path.stem.rpartition('-')[2]}.mp4"
        if not path.exists():
            reel.put_together(header.path, groups, path)
        return path

    def _digest(self, scene: Scene, how: Encoding) -> str:
        said = [_VERSION, {k: str(v) for k, v in asdict(scene).items() if k != "film"}, asdict(how), asdict(self.main)]
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
        digest.update((scene.film or self._yard).read_bytes())
        return digest.hexdigest()[:12]
