"""A recorder whose clock is wrong, and a turn in the flight: positions are right all the same."""

from __future__ import annotations

import json
import math

import pytest

from calibration.ground import between, moved
from edge.config.mission import Mission
from edge.model_store import ModelStore
from edge.patrol.findings import Findings
from edge.patrol.survey import Leg, Survey
from edge.sources import Pace, open_source
from pipelines.detect import Detector
from tests.conftest import LONG
from tests.edge.patrol.filming import HOME, fly

OFF_S = 2.4
FIRE = (-45.0, 3.0)


def heading(seconds: float) -> float:
    """A look to the right and back about the tenth second, over four seconds."""
    return 40.0 * math.exp(-(((seconds - 10.0) / 1.5) ** 2))


@pytest.fixture(scope="module")
def leg(tmp_path_factory: pytest.TempPathFactory) -> Leg:
    folder = tmp_path_factory.mktemp("flight")
    film, _ = fly(folder, [FIRE], seconds=18, speed_m_s=3.0, heading=heading)
    began_s = open_source("film", str(film), pace=Pace.FAST, keep_s=0.0).first().captured_s
    lines = []
    for k in range(180):
        seconds = k / 10
        latitude, longitude = moved(*HOME, -100 + 3.0 * seconds, 0.0)
        pose = {
            "time": began_s + seconds + OFF_S, "latitude": latitude, "longitude": longitude, "height": 40.0,
            "attitude": {"yaw": heading(seconds), "pitch": -40.0},
        }  # fmt: skip
        lines.append(json.dumps(pose))
    telemetry = folder / "flight.jsonl"
    telemetry.write_text("\n".join(lines))
    return Leg(film, telemetry)


def survey(leg: Leg, **more: object) -> Findings:
    model = ModelStore.installed(None).load("fire-smoke")
    mission = {"every_s": 0.6, "camera": {"fov_deg": 70}, "hazards": ["fire"], **more}
    flown = Survey(Detector(model.card, model.weights), Mission.model_validate(mission))
    flown.fly(leg)
    return flown.findings


def away_m(findings: Findings) -> list[float]:
    return [
        math.hypot(*between(moved(*HOME, *FIRE), (place.latitude_deg, place.longitude_deg)))
        for place in findings.places.believed
    ]


@LONG
def test_a_turn_puts_a_wrong_clock_right(leg: Leg) -> None:
    found = survey(leg)
    (told,) = [fault for fault in found.faults if "clock" in fault]
    assert "by a turn" in told
    assert float(told.split("clock is ")[1].split(" s")[0]) == pytest.approx(OFF_S, abs=0.2)
    right, wrong = away_m(found), away_m(survey(leg, offset_s=0.0))
    assert right
    assert min(right) < 3.0
    assert not wrong or min(wrong) > 5.0, "2.4 s at 3 m/s"
