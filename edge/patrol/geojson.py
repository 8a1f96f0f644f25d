"""What a patrol came to as GeoJSON (RFC 7946), for any map."""

from __future__ import annotations

import json
import math
from typing import Any

from calibration.ground import GroundPoint, moved
from edge.config.mission import Mission
from edge.patrol.cover import Spot
from edge.patrol.findings import Findings
from edge.patrol.unplaced import Stretch
from pipelines.places import Place

_CORNERS = 32


def geojson(findings: Findings, mission: Mission) -> str:
    """One feature collection: hazards with their ellipses, the way, the ground that was looked at, waypoints.

    Hazards without a place are features without a geometry.
    """
    features = []
    for number, place in enumerate(findings.places.believed, 1):
        long, short, bearing = place.point.ellipse
        told = {
            **_told(number, place, findings, mission),
            "ellipse_68": {"long_m": round(long, 1), "short_m": round(short, 1), "bearing_deg": round(bearing)},
        }  # fmt: skip
        features.append(_feature("Point", _spot((place.latitude_deg, place.longitude_deg)), told))
        ring = [_spot(spot) for spot in ellipse_ring(place.point)]
        features.append(_feature("Polygon", [[*ring, ring[0]]], {"what": "ellipse", "number": number}))
    for number, stretch in enumerate(findings.without_place, len(findings.places.believed) + 1):
        best = stretch.best
        told = {
            **_told(number, stretch, findings, mission), "reason": best.reason,
            "seen_from": best.seen_from and _spot(best.seen_from),
            "bearing_deg": None if best.bearing_deg is None else round(best.bearing_deg),
        }  # fmt: skip
        features.append({"type": "Feature", "geometry": None, "properties": told})
    if len(findings.way) >= 2:
        features.append(_feature("LineString", [_spot(spot) for spot in findings.way], {"what": "way"}))
    rings, square_m = findings.cover.area()
    if rings:
        polygons = [[[_spot(spot) for spot in [*ring, ring[0]]]] for ring in rings]
        features.append(_feature("MultiPolygon", polygons, {"what": "covered", "square_m": round(square_m)}))
    for waypoint in mission.waypoints:
        spot = (waypoint.latitude, waypoint.longitude)
        told = {"what": "waypoint", "name": waypoint.name, "covered": findings.cover.includes(spot)}
        features.append(_feature("Point", _spot(spot), told))
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1) + "\n"


def _told(number: int, hazard: Place | Stretch, findings: Findings, mission: Mission) -> dict[str, Any]:
    moment = findings.when(hazard.first.time_s)
    return {
        "what": "hazard", "number": number, "hazard": hazard.kind, "score": round(hazard.best.score, 3),
        "sightings": hazard.count, "first_s": hazard.first.time_s, "last_s": hazard.last.time_s,
        "time": None if moment is None else mission.local(moment).isoformat(timespec="milliseconds"),
    }  # fmt: skip


def ellipse_ring(point: GroundPoint) -> list[Spot]:
    """The rim of the ellipse that holds 68 %."""
    long, short, bearing = point.ellipse
    turn = math.radians(bearing)
    rim = []
    for corner in range(_CORNERS):
        angle = -2 * math.pi * corner / _CORNERS  # counter-clockwise on a map, as RFC 7946 wants outer rings
        along, aside = long * math.cos(angle), short * math.sin(angle)
        north = along * math.cos(turn) - aside * math.sin(turn)
        east = along * math.sin(turn) + aside * math.cos(turn)
        rim.append(moved(point.latitude_deg, point.longitude_deg, north, east))
    return rim


def _spot(spot: Spot) -> list[float]:
    return [round(spot[1], 7), round(spot[0], 7)]


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}
