"""From a memory card to a report: synthetic flights over a known ground, the released model, the command itself."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from calibration.ground import between, moved
from edge import cli
from edge.patrol.survey import pair
from tests.edge.patrol.filming import HOME, fly

FIRES = [(-20.0, 5.0), (40.0, -12.0)]
MISSION = """
name: forest edge
lang: en
camera: {fov_deg: 70}
tz: Asia/Shanghai
accuracy: {horizontal_m: 1, height_m: 1.5, attitude_deg: 1}
waypoints:
  - {name: shed, latitude: 22.55, longitude: 114.05}
  - {name: far gate, latitude: 22.5535, longitude: 114.052}
"""


def patrol(*words: object) -> Result:
    return CliRunner().invoke(cli.app, ["patrol", *map(str, words)])


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flight that the drone has split in two, and a mission."""
    folder = tmp_path_factory.mktemp("card")
    fly(folder, FIRES, name="DJI_0001", seconds=10.0)
    fly(folder, FIRES, name="DJI_0002", seconds=10.0, first_s=10.0, seed=2)
    (folder / "mission.yaml").write_text(MISSION)
    return folder


@pytest.fixture(scope="module")
def out(card: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    footage = [card / f"{name}.MP4" for name in ("DJI_0002", "DJI_0001")]
    done = patrol("--footage", *footage, card / "mission.yaml", "--out", folder)
    assert done.exit_code == 0, done.output
    assert "2 hazards" in done.output
    return folder


def features(folder: Path, what: str) -> list[dict[str, Any]]:
    found = json.loads((folder / "patrol.geojson").read_text())["features"]
    return [each for each in found if each["properties"]["what"] == what]


def test_each_fire_is_one_place_where_it_is(out: Path) -> None:
    hazards = features(out, "hazard")
    assert len(hazards) == 2
    for fire, hazard in zip(FIRES, hazards, strict=True):
        longitude, latitude = hazard["geometry"]["coordinates"]
        away = math.hypot(*between(moved(*HOME, *fire), (latitude, longitude)))
        assert away < 6.0
        assert hazard["properties"]["hazard"] == "fire"
        assert hazard["properties"]["sightings"] >= 3
        assert 1 < hazard["properties"]["ellipse_68"]["long_m"] < 10
    assert hazards[1]["properties"]["last_s"] > 10, "the second recording goes on where the first ended"
    began_s = 22.911 + hazards[0]["properties"]["first_s"]
    assert hazards[0]["properties"]["time"] == f"2026-05-27T13:14:{began_s:.3f}+08:00"


def test_the_geojson_is_what_the_standard_wants(out: Path) -> None:
    (way,), (covered,) = features(out, "way"), features(out, "covered")
    assert len(way["geometry"]["coordinates"]) == pytest.approx(20, abs=2)
    assert 10_000 < covered["properties"]["square_m"] < 60_000
    for ring in [ring for polygon in covered["geometry"]["coordinates"] for ring in polygon]:
        assert ring[0] == ring[-1]
        assert len(ring) >= 4
    for ellipse in features(out, "ellipse"):
        (ring,) = ellipse["geometry"]["coordinates"]
        area = sum((x2 - x1) * (y2 + y1) for (x1, y1), (x2, y2) in pairwise(ring))
        assert area < 0, "outer rings go counter-clockwise"
    waypoints = {each["properties"]["name"]: each["properties"]["covered"] for each in features(out, "waypoint")}
    assert waypoints == {"shed": True, "far gate": False}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_report_has_map_pictures_and_table_and_needs_no_internet(out: Path) -> None:
    text = (out / "report.html").read_text()
    tags = Tags()
    tags.feed(text)
    kinds = [tag for tag, _ in tags.seen]
    assert kinds.count("img") == 2
    assert kinds.count("svg") == kinds.count("table") == 1
    assert kinds.count("circle") == 2
    assert {attrs.get("class") for tag, attrs in tags.seen if tag == "rect"} == {"seen", "missed"}
    assert all(str(attrs["src"]).startswith("data:image/jpeg;base64,") for tag, attrs in tags.seen if tag == "img")
    assert not re.search(r"(?:src|href)=\"https?:", text)
    assert "<li>far gate</li>" in text
    assert "forest edge" in text
    assert ", 2026-05-27 13:14:2" in text


def test_footage_without_telemetry_or_with_a_gap_is_said_and_the_rest_goes_on(card: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.MP4"
    bare.write_bytes((card / "DJI_0001.MP4").read_bytes())
    broken = tmp_path / "broken.MP4"
    broken.write_bytes(b"no film")
    done = patrol(card / "mission.yaml", "--footage", bare, "--footage", broken, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "bare.MP4: without telemetry, nothing of it has a place" in done.output
    assert "broken" in done.output
    text = (tmp_path / "out" / "report.html").read_text()
    assert "no pose at that time" in text
    (hazard,) = features(tmp_path / "out", "hazard")  # seen, so told
    assert (hazard["geometry"], hazard["properties"]["hazard"]) == (None, "fire")
    assert "fire  without a position: no pose at that time" in done.output
    assert text.count("<img") == 1
    cut = card / "DJI_0001.SRT"
    lines = cut.read_text().split("\n\n")
    (tmp_path / "bare.SRT").write_text("\n\n".join(lines[:10] + lines[40:]))
    done = patrol(card / "mission.yaml", "--footage", bare, "--out", tmp_path / "gap")
    assert "in a gap of the telemetry" in (tmp_path / "gap" / "report.html").read_text()


@pytest.mark.parametrize(
    ("mission", "footage", "words"),
    [
        ("every: 3", True, "every (line 1): unknown key"),
        ("hazards: [dragon]", True, "hazards[0]"),
        ("model: ppe", True, "model ppe: does not see fire, smoke"),
        ("tz: Mars", True, "tz (line 1): found 'Mars': unknown time zone"),
        ("name: x", False, "--footage: which recordings?"),
    ],
)
def test_what_can_not_be_flown(tmp_path: Path, mission: str, footage: bool, words: str) -> None:
    path = tmp_path / "mission.yaml"
    path.write_text(mission)
    done = patrol(path, *(["--footage", tmp_path / "no.mp4"] if footage else []))
    assert done.exit_code == 2
    assert words in done.output


def test_recordings_find_their_telemetry(tmp_path: Path) -> None:
    for name in ("b.MP4", "b.SRT", "a.mp4", "c.mp4", "elsewhere.jsonl"):
        (tmp_path / name).touch()
    legs = pair([tmp_path / "b.MP4", tmp_path / "a.mp4"], [])
    assert [(leg.footage.name, leg.telemetry and leg.telemetry.name) for leg in legs] == [
        ("a.mp4", None),
        ("b.MP4", "b.SRT"),
    ]
    (leg,) = pair([tmp_path / "c.mp4"], [tmp_path / "elsewhere.jsonl"])
    assert leg.telemetry == tmp_path / "elsewhere.jsonl"
