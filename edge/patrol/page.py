"""What a patrol came to as one HTML file that needs nothing else: a map, pictures, a table."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Sequence

from calibration.ground import between
from edge.config.mission import Mission
from edge.patrol.cover import Spot
from edge.patrol.findings import Findings
from edge.patrol.geojson import ellipse_ring
from edge.patrol.unplaced import Stretch
from pipelines.hazards import HazardKind
from pipelines.places import Place

_WIDE, _TALL, _RIM = 900, 560, 40
_SCALES_M = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

_WORDS = {
    "en": {
        "title": "Patrol report", "map": "Map", "hazards": "Hazards", "none": "None was found.", "time": "Seen at",
        "position": "Position (WGS 84)", "accuracy": "68 % within", "sightings": "Sightings", "score": "Score",
        "cover": "Ground looked at", "waypoints": "Waypoints that were not looked at", "all": "All were looked at.",
        "unplaced": "Seen without a position", "drops": "Drops and faults", "looks": "looks in {} s of footage",
        "doubtful": "places seen too seldom to be believed", "missing": "frames without a pose", "north": "N",
        "camera": "way of the camera", "empty": "looks show nothing", "nothing": "None.", "unknown": "not known: {}",
        "from": "seen from {:.6f}, {:.6f}", "toward": ", toward {:.0f}° from north",
    },
    "zh": {
        "title": "巡检报告", "map": "地图", "hazards": "隐患", "none": "未发现。", "time": "发现时间",
        "position": "位置（WGS 84）", "accuracy": "68 % 误差范围", "sightings": "观测次数", "score": "置信度",
        "cover": "已巡查地面", "waypoints": "未巡查的航点", "all": "全部已巡查。",
        "unplaced": "无法定位的观测", "drops": "丢失与故障", "looks": "次检测，视频时长 {} 秒",
        "doubtful": "处观测次数不足，不予采信", "missing": "帧没有位姿", "north": "北",
        "camera": "相机航迹", "empty": "次检测看不到任何内容", "nothing": "无。", "unknown": "未知：{}",
        "from": "观测点 {:.6f}, {:.6f}", "toward": "，方位 {:.0f}°",
    },
}  # fmt: skip


def page(findings: Findings, mission: Mission) -> str:
    """The report."""
    say = _WORDS[mission.lang]
    rings, square_m = findings.cover.area()
    places, without = findings.places.believed, findings.without_place
    hazards: list[Place | Stretch] = [*places, *without]
    missed = [w.name for w in mission.waypoints if not findings.cover.includes((w.latitude, w.longitude))]
    title = f"{say['title']}: {mission.name}"
    body = [
        f"<h1>{html.escape(title)}</h1>",
        f"<h2>{say['map']}</h2>",
        _map(findings, mission, places, rings),
        f"<p>{say['cover']}: {square_m / 10_000:.2f} ha</p>",
        f"<h2>{say['hazards']}</h2>",
        _table(hazards, findings, mission, say) if hazards else f"<p>{say['none']}</p>",
        *(_figure(number, each, findings, mission) for number, each in enumerate(hazards, 1)),
        f"<h2>{say['waypoints']}</h2>",
        _list(missed) if missed else f"<p>{say['all'] if mission.waypoints else say['nothing']}</p>",
        f"<h2>{say['unplaced']}</h2>",
        _list([f"{_named(kind, mission)}: {count} × {why}" for (kind, why), count in findings.unplaced.reasons.items()])
        or f"<p>{say['nothing']}</p>",
        f"<h2>{say['drops']}</h2>",
        _list(_drops(findings, say, mission.lang)),
    ]
    return _PAGE.format(lang=mission.lang, title=html.escape(title), body="\n".join(body))


def _drops(findings: Findings, say: dict[str, str], lang: str) -> list[str]:
    told = [f"{findings.looks} {say['looks'].format(round(findings.seconds))}"]
    told += [f"{findings.places.doubtful} {say['doubtful']}"] * bool(findings.places.doubtful)
    told += [f"{count} {say['missing']}: {why}" for why, count in findings.missing.items()]
    told += [f"{count} {say['empty']}: {fault.title(lang).lower()}" for fault, count in findings.empty.items()]
    return told + findings.faults


def _table(hazards: Sequence[Place | Stretch], findings: Findings, mission: Mission, say: dict[str, str]) -> str:
    head = ("#", say["hazards"], say["time"], say["position"], say["accuracy"], say["sightings"], say["score"])
    rows = [
        (
            str(number), _named(each.kind, mission),
            f"{_clock(each.first.time_s)} – {_clock(each.last.time_s)}{_time(findings, each.first.time_s, mission)}",
            *_whereabouts(each, say), str(each.count), f"{each.best.score:.2f}",
        )
        for number, each in enumerate(hazards, 1)
    ]  # fmt: skip
    lines = [f"<tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in head)}</tr>"]
    lines += [f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows]
    return f"<table>{''.join(lines)}</table>"


def _whereabouts(hazard: Place | Stretch, say: dict[str, str]) -> tuple[str, str]:
    """Its position and how well that is known, or what is known of where something is that has no place."""
    if isinstance(hazard, Place):
        long, short, bearing = hazard.point.ellipse
        position = f"{hazard.latitude_deg:.6f}, {hazard.longitude_deg:.6f}"
        return position, f"{long:.0f} × {short:.0f} m, {bearing:.0f}°"
    best = hazard.best
    if best.seen_from is None:
        return say["unknown"].format(best.reason), "–"
    toward = "" if best.bearing_deg is None else say["toward"].format(best.bearing_deg)
    return say["from"].format(*best.seen_from) + toward, "–"


def _figure(number: int, hazard: Place | Stretch, findings: Findings, mission: Mission) -> str:
    picture = findings.picture(hazard)
    if picture is None:
        return ""
    content = base64.b64encode(picture).decode()
    caption = f"{number}. {_named(hazard.kind, mission)}, {_clock(hazard.best.time_s)}"
    caption += _time(findings, hazard.best.time_s, mission)
    return (
        f'<figure><img src="data:image/jpeg;base64,{content}" alt="{html.escape(caption)}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def _map(findings: Findings, mission: Mission, places: Sequence[Place], rings: Sequence[Sequence[Spot]]) -> str:
    ellipses = [ellipse_ring(place.point) for place in places]
    waypoints = [(w.latitude, w.longitude) for w in mission.waypoints]
    every = [*findings.way, *waypoints, *(spot for ring in (*rings, *ellipses) for spot in ring)]
    if not every:
        return f"<p>{_WORDS[mission.lang]['nothing']}</p>"
    frame = _Frame(every)
    parts = [f'<path class="covered" d="{frame.path(ring)}"/>' for ring in rings]
    if len(findings.way) > 1:
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(frame.at, findings.way))
        parts.append(
            f'<polyline class="way" points="{line}"><title>{_WORDS[mission.lang]["camera"]}</title></polyline>'
        )
    for waypoint, spot in zip(mission.waypoints, waypoints, strict=True):
        x, y = frame.at(spot)
        state = "seen" if findings.cover.includes(spot) else "missed"
        parts.append(f'<rect class="{state}" x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10"/>')
        parts.append(f'<text x="{x + 9:.1f}" y="{y + 4:.1f}">{html.escape(waypoint.name)}</text>')
    for number, (place, ring) in enumerate(zip(places, ellipses, strict=True), 1):
        x, y = frame.at((place.latitude_deg, place.longitude_deg))
        parts.append(f'<path class="ellipse" d="{frame.path(ring)}"/>')
        parts.append(f'<circle class="hazard {place.kind}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
        parts.append(f'<text class="number" x="{x + 8:.1f}" y="{y - 6:.1f}">{number}</text>')
    parts.append(frame.legend(_WORDS[mission.lang]["north"]))
    named = _WORDS[mission.lang]["map"]
    return f'<svg viewBox="0 0 {_WIDE} {_TALL}" role="img" aria-label="{named}">{"".join(parts)}</svg>'


class _Frame:
    """From places to the map: north is up, one scale both ways."""

    def __init__(self, spots: Sequence[Spot]) -> None:
        self._origin = spots[0]
        flat = [between(self._origin, spot) for spot in spots]
        north, east = [n for n, _ in flat], [e for _, e in flat]
        tall, wide = max(north) - min(north), max(east) - min(east)
        self._scale = min((_WIDE - 2 * _RIM) / max(wide, 1.0), (_TALL - 2 * _RIM) / max(tall, 1.0))
        self._middle = ((max(north) + min(north)) / 2, (max(east) + min(east)) / 2)

    def at(self, spot: Spot) -> tuple[float, float]:
        north, east = between(self._origin, spot)
        return _WIDE / 2 + (east - self._middle[1]) * self._scale, _TALL / 2 - (north - self._middle[0]) * self._scale

    def path(self, ring: Sequence[Spot]) -> str:
        return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in map(self.at, ring)) + " Z"

    def legend(self, north: str) -> str:
        length_m = max((m for m in _SCALES_M if m * self._scale <= _WIDE / 4), default=_SCALES_M[0])
        long, low = length_m * self._scale, _TALL - 14
        return (
            f'<path class="scale" d="M16 {low} h{long:.1f}"/><text x="16" y="{low - 6}">{length_m} m</text>'
            f'<path class="scale" d="M{_WIDE - 24} 44 v-28 l-6 10 m6 -10 l6 10"/>'
            f'<text x="{_WIDE - 29}" y="60">{north}</text>'
        )


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def _named(kind: str, mission: Mission) -> str:
    return HazardKind(kind).title(mission.lang)


def _time(findings: Findings, time_s: float, mission: Mission) -> str:
    """By the drone's clock, behind the recording's time."""
    moment = findings.when(time_s)
    return f", {mission.local(moment).isoformat(' ', 'seconds')}" if moment is not None else ""


def _clock(seconds: float) -> str:
    return f"{math.floor(seconds) // 60}:{math.floor(seconds) % 60:02d}"


_PAGE = """<!DOCTYPE html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2rem auto; max-width: 60rem; padding: 1rem }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1.1rem; margin-top: 2rem; border-bottom: 1px solid #ddd }}
table {{ border-collapse: collapse; width: 100% }} td {{ font-variant-numeric: tabular-nums }}
th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #eee }} th {{ color: #555 }}
svg {{ background: #f6f6f4; width: 100%; border: 1px solid #ddd }} svg text {{ font-size: 13px; fill: #333 }}
.covered {{ fill: #cfe8d5; stroke: #8dbf9a }} .way {{ fill: none; stroke: #4573a8; stroke-width: 2 }}
.ellipse {{ fill: #d6222222; stroke: #d62222 }} .hazard {{ fill: #d62222 }} .hazard.smoke {{ fill: #777 }}
.number {{ font-weight: 700 }} .seen {{ fill: #2a7a4a }} .missed {{ fill: #fff; stroke: #d62222; stroke-width: 2 }}
.scale {{ fill: none; stroke: #333; stroke-width: 2 }}
figure {{ margin: 1rem 0 }} img {{ max-width: 100% }} figcaption {{ color: #555; font-size: .9rem }}
</style></head><body>
{body}
</body></html>
"""
