"""How long after it began each hazard was raised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.bench.cameras import Camera
from edge.bench.clips import KEYFRAME_S
from edge.bench.estimate import percentile
from edge.bench.feed import Raised
from edge.bench.reel import EPOCH_S
from edge.delivery.subscriber import ReceivedEvent
from pipelines.events import Phase

ALLOWED_S = KEYFRAME_S + 0.5
"""How much later than the reference a hazard may be raised: one keyframe interval and a little."""

_EARLY_S = 0.1  # an alarm so long before the hazard begins is not of it


@dataclass(frozen=True, slots=True)
class Outcome:
    """One hazard that happened.

    Attributes:
        camera: where.
        scene: what was shown.
        kind: of the hazard.
        after_s: from its beginning until the alarm reached whoever waits for it; None if it never did.
    """

    camera: str
    scene: str
    kind: str
    after_s: float | None


def raised_by_agent(events: Iterable[ReceivedEvent]) -> list[Raised]:
    """Alarms as a subscriber received them; the clips say when they were filmed, so capture time tells media time."""
    return [
        Raised(
            received.event.data.source,
            str(received.event.data.hazard.kind),
            received.event.data.alarm.timestamp() - EPOCH_S,
            received.latency_s or 0.0,
        )
        for received in events
        if received.event.data.phase is Phase.OPEN
    ]


def outcomes(cameras: Sequence[Camera], raised: Sequence[Raised]) -> list[Outcome]:
    """What became of each hazard of these cameras."""
    found = []
    for camera in cameras:
        for kind, onset_s in camera.clip.onsets.items():
            delays = [
                one.alarm_s - onset_s + one.took_s
                for one in raised
                if (one.camera, one.kind) == (camera.name, str(kind))
                and onset_s - _EARLY_S <= one.alarm_s < camera.clip.length_s
            ]
            found.append(Outcome(camera.name, camera.clip.what, str(kind), min(delays, default=None)))
    return found


def unexpected(cameras: Sequence[Camera], raised: Sequence[Raised]) -> list[Raised]:
    """Alarms of what did not happen, or not yet."""
    onsets = {(camera.name, str(kind)): at for camera in cameras for kind, at in camera.clip.onsets.items()}
    return [one for one in raised if one.alarm_s < onsets.get((one.camera, one.kind), float("inf")) - _EARLY_S]


def percentiles(found: Sequence[Outcome]) -> dict[str, Any]:
    """For each kind of hazard p50 and p95 of the delays, how many there were and how many were missed."""
    kinds: dict[str, list[Outcome]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one)
    return {kind: _told(those) for kind, those in sorted(kinds.items())}


def late(found: Sequence[Outcome], reference: Mapping[tuple[str, str], float | None]) -> list[str]:
    """What broke its limit, in words.

    Args:
        found: what happened.
        reference: delay of the reference by scene and kind; None where it was missed there too, which excuses it.
    """
    said = []
    for one in found:
        known_s = reference.get((one.scene, one.kind))
        if known_s is None:
            continue
        if one.after_s is None:
            said.append(f"{one.camera}: {one.kind} of {one.scene} was not raised")
        elif one.after_s > known_s + ALLOWED_S:
            said.append(
                f"{one.camera}: {one.kind} of {one.scene} was raised after {one.after_s:.1f} s, "
                f"allowed {known_s + ALLOWED_S:.1f} s"
            )
    return said


def _told(those: Sequence[Outcome]) -> dict[str, Any]:
    delays = [one.after_s for one in those if one.after_s is not None]
    p50, p95 = (percentile(delays, share) for share in (0.5, 0.95))
    return {
        "p50": None if p50 is None else round(p50, 2),
        "p95": None if p95 is None else round(p95, 2),
        "n": len(those),
        "missed": len(those) - len(delays),
    }
