"""A whole synthetic flight as a drone would bring it home: an MP4 and its subtitles, with noise in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.ground import moved
from edge.config.drill import DrillSettings
from edge.sources.drill import Drill
from pipelines.frame import from_bgr
from tests.conftest import ROOT
from tests.edge.patrol.renderer import Camera, Ground, Thing

HOME = (22.55, 114.05)
FPS = 5


def yard(side_m: float = 240.0) -> Ground:
    """A frame of the bundled clip, mirrored so that it has no seams."""
    with av.open(str(ROOT / "datasets" / "demo" / "yard.mp4")) as clip:
        picture = next(clip.decode(video=0)).to_ndarray(format="bgr24")
    row = np.hstack([picture, picture[:, ::-1]])
    return Ground(np.vstack([row, row[::-1]]), side_m)


def flames(seed: int = 1, count: int = 11) -> list[NDArray[np.uint8]]:
    """A drill's fire on its own, with what is dark left out: `(h, w, 4)` BGRA each."""
    black = np.full((384, 384, 3), 16, np.uint8)
    item = {"kind": "fire", "at": [0.5, 0.97], "size": 0.9, "grow_s": 1, "seed": seed, "start_s": 0}
    drill = Drill(DrillSettings.model_validate({"items": [item]}))
    drill.render(from_bgr(black))
    found = []
    for step in range(count):
        picture = drill.render(from_bgr(black, time_s=5.0 + step / FPS)).bgr()
        alpha = np.clip((picture.max(axis=2).astype(int) - 20) * 2, 0, 255).astype(np.uint8)
        rows, columns = np.nonzero(alpha > 40)
        whole = np.dstack([picture, alpha])
        found.append(whole[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
    return found


def fly(
    folder: Path,
    fires: Sequence[tuple[float, float]],
    *,
    name: str = "DJI_0001",
    seconds: float = 16.0,
    first_s: float = 0.0,
    height_m: float = 40.0,
    pitch_deg: float = -40.0,
    speed_m_s: float = 6.0,
    heading: Callable[[float], float] = lambda _: 0.0,
    noise: float = 1.0,
    seed: int = 1,
) -> tuple[Path, Path]:
    """Northward over the origin, from 100 m south of it.

    Args:
        folder: where both files go.
        fires: metres north and east of the origin.
        name: of the recording.
        seconds: how long it is.
        first_s: into the flight, for one that the drone has split.
        height_m: above the ground.
        pitch_deg: of the camera.
        speed_m_s: northward.
        heading: yaw of the camera so long into the flight.
        noise: 1 is 1 m and 1° of each, once a second; 0: the telemetry is true.
        seed: of it.

    Returns:
        The recording and its subtitles.
    """
    rng = np.random.default_rng(seed)
    ground, sprites = yard(), flames()
    film, subtitles = folder / f"{name}.MP4", folder / f"{name}.SRT"
    lines = []
    with av.open(str(film), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for number in range(round(seconds * FPS)):
            at_s = first_s + number / FPS
            camera = Camera(-100 + speed_m_s * at_s, 0.0, height_m, heading(at_s), pitch_deg)
            things = [Thing(*fire, 8.0, sprites[number % len(sprites)]) for fire in fires]
            picture = ground.render(camera, things)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), "rgb24")))
            lines.append(_cue(number, camera, rng.normal(0, noise, 5)))
        container.mux(stream.encode(None))
    subtitles.write_text("\n".join(lines), encoding="utf-8")
    return film, subtitles


def _cue(number: int, camera: Camera, off: NDArray[np.float64]) -> str:
    latitude, longitude = moved(*HOME, camera.north_m + off[0], camera.east_m + off[1])
    began, ended = (_stamp(each / FPS) for each in (number, number + 1))
    return (
        f"{number + 1}\n{began} --> {ended}\n<font size=\"28\">FrameCnt: {number + 1}, DiffTime: {1000 // FPS}ms\n"
        f"2026-05-27 13:14:22.911\n[latitude: {latitude:.7f}] [longitude: {longitude:.7f}] "
        f"[rel_alt: {camera.height_m + off[2]:.3f} abs_alt: 140.000] "
        f"[gb_yaw: {camera.yaw_deg + off[3]:.1f} gb_pitch: {camera.pitch_deg + off[4]:.1f} gb_roll: 0.0] </font>\n"
    )  # fmt: skip


def _stamp(seconds: float) -> str:
    whole = int(seconds)
    return f"00:{whole // 60:02}:{whole % 60:02},{round((seconds - whole) * 1000):03}"
