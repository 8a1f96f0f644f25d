"""`lookout inspect`, by its exit code and its output."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import av
import pytest

from tests.edge.pose_model import pose_model

KEYS = {"type", "clip", "hazard", "phase", "incident", "media_time_s", "first_seen_s", "score", "bbox", "zone"}
SUMMARY = {"type", "clip", "frames", "inspected", "incidents", "media_s", "wall_s"}


def inspect(*arguments: str | Path, cwd: Path | None = None) -> tuple[int, list[dict[str, Any]], str]:
    command = [sys.executable, "-m", "edge.cli", "inspect", "--json", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, cwd=cwd, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def opened(records: list[dict[str, Any]], clip: str) -> Counter[str]:
    return Counter(
        r["hazard"] for r in records if r["type"] == "event" and r["phase"] == "open" and Path(r["clip"]).stem == clip
    )


@pytest.fixture(scope="module")
def clips(shared: Path) -> Path:
    return shared / "data" / "clips"


@pytest.fixture(scope="module")
def fires(clips: Path) -> list[dict[str, Any]]:
    code, records, _ = inspect(clips / "building_fire.mp4", clips / "house_fire.mp4")
    assert code == 0
    return records


def test_a_burning_building_within_three_seconds(fires: list[dict[str, Any]]) -> None:
    times = [
        r["media_time_s"]
        for r in fires
        if r.get("phase") == "open" and r["hazard"] == "fire" and "building" in r["clip"]
    ]
    assert times
    assert times[0] <= 3.0


def test_small_flames_behind_windows_within_six_seconds(fires: list[dict[str, Any]]) -> None:
    times = [
        r["media_time_s"] for r in fires if r.get("phase") == "open" and r["hazard"] == "fire" and "house" in r["clip"]
    ]
    assert 1 <= len(times) <= 2
    assert times[0] <= 6.0


def test_never_a_storm(fires: list[dict[str, Any]]) -> None:
    assert max((opened(fires, "building_fire") + opened(fires, "house_fire")).values()) <= 2 * 2


def test_records_have_their_shape(fires: list[dict[str, Any]]) -> None:
    events = [r for r in fires if r["type"] == "event"]
    summaries = [r for r in fires if r["type"] == "summary"]
    assert all(set(r) >= KEYS for r in events)
    assert [set(r) for r in summaries] == [SUMMARY, SUMMARY]
    assert fires[-1]["type"] == "summary"
    for record in events:
        x1, y1, x2, y2 = record["bbox"]
        assert 0 <= x1 < x2 <= 1
        assert 0 <= y1 < y2 <= 1
        assert 0 <= record["first_seen_s"] <= record["media_time_s"]
        assert record["drill"] is False


@pytest.mark.slow
def test_nothing_burns_where_nothing_burns(clips: Path) -> None:
    names = ["room_visitors", "parking_lane", "fuel_pump", "worker_zone"]
    code, records, _ = inspect(*(clips / f"{name}.mp4" for name in names))
    assert code == 0
    assert [r["clip"] for r in records if r["type"] == "summary"] == [str(clips / f"{name}.mp4") for name in names]
    assert [r for r in records if r["type"] == "event"] == []


def test_a_clip_that_can_not_be_read_is_named_and_the_others_are_done(root: Path, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.mp4"
    garbage.write_bytes(b"this is no video" * 100)
    yard = cut(root / "datasets" / "demo" / "yard.mp4", tmp_path / "yard.mp4", 20)
    code, records, error = inspect(garbage, tmp_path / "nothing.mp4", yard)
    assert code == 2
    assert [r["type"] for r in records] == ["summary"]
    assert records[0]["frames"] == 20
    assert "garbage.mp4" in error
    assert "nothing.mp4" in error


def test_who_lies_is_told_where_a_model_sees_poses(root: Path, tmp_path: Path) -> None:
    yard = cut(root / "datasets" / "demo" / "yard.mp4", tmp_path / "yard.mp4", 100)
    pose_model(tmp_path / "models" / "people-pose")  # in place of the one that ships
    _, records, _ = inspect(yard, "--models", tmp_path / "models")
    (event,) = (r for r in records if r["type"] == "event")
    assert (event["hazard"], event["phase"], event["severity"]) == ("person_down", "open", 4)


def test_a_drill_of_a_site_says_so(root: Path, tmp_path: Path) -> None:
    demo = root / "datasets" / "demo"
    code, records, _ = inspect(
        demo / "yard.mp4", "--site", demo / "site.yaml", "--source", "south-lawn", "--annotate", tmp_path
    )
    assert code == 0
    events = [r for r in records if r["type"] == "event"]
    assert {r["hazard"] for r in events} == {"fire", "smoke"}
    assert all(r["drill"] is True for r in events)
    with av.open(str(tmp_path / "yard.mp4")) as film:
        assert film.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in film.decode(video=0)) == pytest.approx(125, abs=2)


def test_rules_names_exactly_the_ones_to_run(root: Path) -> None:
    demo = root / "datasets" / "demo"
    code, records, _ = inspect(
        demo / "yard.mp4", "--site", demo / "site.yaml", "--source", "south-lawn", "--rules", "smoke"
    )
    assert code == 0
    assert {r["hazard"] for r in records if r["type"] == "event"} == {"smoke"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rules", "dragon"], "--rules dragon: there is no such rule, allowed: fire, smoke"),
        (["--rules", "restricted_zone"], "needs a zone"),
        (["--site", "datasets/demo/site.yaml"], "--source is missing, allowed: yard, fire-lane, south-lawn"),
        (["--site", "datasets/demo/site.yaml", "--source", "roof"], "--source roof: there is no such source"),
        (["--site", "datasets/demo/site.yaml", "--source", "yard", "--rules", "fire"], "--rules fire: source yard has"),
        (["--lang", "fr"], "--lang fr: allowed: en, zh"),
    ],
)
def test_refusals(root: Path, arguments: list[str], words: str) -> None:
    code, records, error = inspect("datasets/demo/yard.mp4", *arguments, cwd=root)
    assert code == 2
    assert records == []
    assert words in " ".join(error.split())


def cut(source: Path, target: Path, frames: int) -> Path:
    """The first frames of a clip, packet by packet."""
    with av.open(str(source)) as whole, av.open(str(target), "w") as part:
        stream = part.add_stream_from_template(whole.streams.video[0])
        for i, packet in enumerate(whole.demux(video=0)):
            if i >= frames or packet.dts is None:
                break
            packet.stream = stream
            part.mux(packet)
    return target
