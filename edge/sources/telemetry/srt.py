"""DJI's side-car subtitles, in every form that its drones have written.

The fields are looked for by their names, whatever brackets they stand in:

- `[latitude: …] [longitude: …] [rel_alt: … abs_alt: …] [gb_yaw: … gb_pitch: … gb_roll: …]` (Mini 3, M30, Matrice 4);
- the same with `longtitude`, spaces before the colon and `altitude` (Mavic 2, Mini SE); `focal_len` there is a whole
  number, ten times too large;
- `GPS (lon, lat, alt) … H 6.00m` (Phantom 4, Spark), `GPS(lon,lat,alt) BAROMETER:1.9` (Mavic Pro);
- `RTK (lon, lat, alt) … G.PRY (pitch, roll, yaw)` (Phantom 4 RTK).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from calibration.errors import SourceUnusable
from calibration.lens import Lens
from calibration.pose import Above, Accuracy, Attitude, Pose, PoseClock
from edge.sources.telemetry.flight import Flight, Hints

_NUMBER = r"([-+]?\d+(?:\.\d+)?)"
_CUE = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})\s*-->")
_LOCAL = re.compile(r"(\d{4})[-./](\d\d)[-./](\d\d)\s+(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,3}))?")
_NAMED = {
    name: re.compile(rf"(?<![a-z_]){pattern}\s*:\s*{_NUMBER}", re.IGNORECASE)
    for name, pattern in {
        "latitude": "latitude", "longitude": "longt?itude", "above": "rel_alt", "altitude": "abs_alt",
        "either": "altitude", "barometer": "barometer", "yaw": "gb_yaw", "pitch": "gb_pitch", "roll": "gb_roll",
        "zoom": "dzoom_ratio",
    }.items()
}  # fmt: skip
_GPS = re.compile(rf"\b(?:GPS|RTK)\s*\(\s*{_NUMBER}\s*,\s*{_NUMBER}(?:\s*,\s*{_NUMBER})?", re.IGNORECASE)
_GIMBAL = re.compile(rf"\bG[._]PRY\s*\(\s*{_NUMBER}°?\s*,\s*{_NUMBER}°?\s*,\s*{_NUMBER}", re.IGNORECASE)
_ABOVE_HOME = re.compile(rf"\bH\s+{_NUMBER}\s*m")
_FOCAL = re.compile(r"focal_len\s*:\s*([\d.]+)", re.IGNORECASE)
_SMALL_FRAME_MM = 43.267  # the diagonal of 24 × 36 mm, which equivalent focal lengths are told for
_ABOVE_TAKEOFF = Accuracy(height_m=8.0)  # the ground is seldom where the drone took off

NO_FIX = "without a fix (0, 0)"


def read_srt(text: str, hints: Hints) -> Flight:
    """Every cue that tells where the drone was.

    Times are those of the cues, from the beginning of the recording. A cue without a position keeps what else it says;
    a position of 0, 0 is what these drones write before they have a fix, and is none.

    Args:
        text: of the file.
        hints: what the mission knows.

    Raises:
        SourceUnusable: no cue tells a position.
    """
    poses: list[Pose] = []
    left_out: Counter[str] = Counter()
    started: datetime | None = None
    for time_s, words in _cues(text):
        started = started or _local(words)
        try:
            pose = _pose(time_s, words, hints.size)
        except ValueError as error:
            left_out[str(error)] += 1
            continue
        left_out[NO_FIX] += pose.latitude_deg is None
        poses.append(hints.complete(pose))
    if not any(pose.latitude_deg is not None for pose in poses):
        raise SourceUnusable("no cue of these subtitles tells a position: not DJI's telemetry, or never a fix")
    return Flight(tuple(poses), started, +left_out)


def _cues(text: str) -> Iterator[tuple[float, str]]:
    found = list(_CUE.finditer(text))
    for i, cue in enumerate(found):
        hours, minutes, seconds, fraction = cue.groups()
        end = found[i + 1].start() if i + 1 < len(found) else len(text)
        time_s = int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction) / 10 ** len(fraction)
        yield time_s, text[cue.end() : end]


def _pose(time_s: float, words: str, size: tuple[int, int] | None) -> Pose:
    said = {name: float(found[1]) for name, pattern in _NAMED.items() if (found := pattern.search(words))}
    latitude, longitude, altitude = said.get("latitude"), said.get("longitude"), said.get("altitude")
    height = said.get("above", said.get("barometer"))
    triple = _GPS.search(words)
    if triple is not None and latitude is None:
        longitude, latitude = float(triple[1]), float(triple[2])
        altitude = float(triple[3]) if triple[3] is not None else None
    if altitude is None:
        altitude = said.get("either")
    home = _ABOVE_HOME.search(words)
    if height is None and home is not None:
        height = float(home[1])
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        latitude = longitude = None
    return Pose(
        time_s=time_s,
        clock=PoseClock.MEDIA,
        latitude_deg=latitude,
        longitude_deg=longitude,
        altitude_m=altitude,
        height_m=height,
        height_above=Above.TAKEOFF if height is not None else Above.GROUND,
        attitude=_attitude(said, words),
        lens=_lens(words, said.get("zoom", 1.0), size),
        accuracy=_ABOVE_TAKEOFF if height is not None else Accuracy(),
    )


def _attitude(said: dict[str, float], words: str) -> Attitude | None:
    if "yaw" in said and "pitch" in said:
        return Attitude(said["yaw"], _pitch(said["pitch"]), said.get("roll", 0.0))
    triple = _GIMBAL.search(words)
    if triple is not None:
        pitch, roll, yaw = (float(value) for value in triple.groups())
        return Attitude(yaw, _pitch(pitch), roll)
    return None


def _pitch(found: float) -> float:
    """A gimbal that looks straight down says -90.1 now and then."""
    return max(-90.0, min(90.0, found)) if abs(found) <= 90.5 else found


def _lens(words: str, zoom: float, size: tuple[int, int] | None) -> Lens | None:
    """By the equivalent focal length, which is told for the diagonal of the picture."""
    found = _FOCAL.search(words)
    if found is None or size is None:
        return None
    focal_mm = float(found[1]) if "." in found[1] else float(found[1]) / 10
    if not 5 <= focal_mm <= 2000 or not 1 <= zoom <= 100:
        return None
    focal_px = focal_mm * zoom * math.hypot(*size) / _SMALL_FRAME_MM
    return Lens(*size, focal_px, focal_px, size[0] / 2, size[1] / 2)


def _local(words: str) -> datetime | None:
    found = _LOCAL.search(words)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction = found.groups()
    try:
        date = f"{year}-{month}-{day}T{hour}:{minute}:{second}.{(fraction or '0').ljust(3, '0')}"
        return datetime.fromisoformat(date)  # its zone is not told
    except ValueError:
        return None
