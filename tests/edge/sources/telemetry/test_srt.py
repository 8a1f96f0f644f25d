"""DJI's subtitles in all their forms. The lines are written after published examples; the numbers are made up."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.errors import SourceUnusable
from calibration.pose import Accuracy, Pose
from edge.sources.telemetry import Hints, read_telemetry
from edge.sources.telemetry.srt import NO_FIX, read_srt

SIZE = (3840, 2160)
HINTS = Hints(size=SIZE)

FORMS = {
    "Mini 3, Mavic 3": """1
00:00:00,000 --> 00:00:00,033
<font size="28">FrameCnt: 1, DiffTime: 33ms
2026-05-27 13:14:22.911
[iso: 200] [shutter: 1/640.0] [fnum: 1.7] [ev: 0] [color_md: default] [focal_len: 24.00] [latitude: 22.540123] """
    """[longitude: 114.050456] [rel_alt: 80.500 abs_alt: 131.200] [ct: 5300] </font>
""",
    "Matrice 30, Matrice 4": """1
00:00:00,000 --> 00:00:00,033
<font size="28">FrameCnt: 1, DiffTime: 33ms
2026-05-27 13:14:22.911
[focal_len: 24.00] [dzoom_ratio: 2.00], [latitude: 22.540123] [longitude: 114.050456] """
    """[rel_alt: 80.500 abs_alt: 131.200] [gb_yaw: -77.4 gb_pitch: -35.2 gb_roll: 0.0] </font>
""",
    "Mavic 2, Mini SE": """1
00:00:00,000 --> 00:00:00,033
<font size="36">FrameCnt : 1, DiffTime : 33ms
2026-05-27 13:14:22,911,123
[iso : 110] [shutter : 1/200.0] [fnum : 280] [ev : 0.7] [ct : 5064] [color_md : default] [focal_len : 240] """
    """[latitude : 22.540123] [longtitude : 114.050456] [altitude: 131.200000] </font>
""",
    "Mavic Pro": """1
00:00:00,000 --> 00:00:01,000
HOME(114.0500,22.5400) 2026.05.27 13:14:22
GPS(114.050456,22.540123,16) BAROMETER:80.5
ISO:100 Shutter:60 EV:0 Fnum:2.2
""",
    "Phantom 4": """1
00:00:00,000 --> 00:00:01,000
F/2.8, SS 206.14, ISO 150, EV 0, GPS (114.050456, 22.540123, 16), D 24.26m, H 80.50m, H.S 2.10m/s, V.S 0.00m/s
""",
    "Phantom 4 RTK": """1
00:00:00,000 --> 00:00:01,000
F/6.3, SS 60, ISO 100, EV 0, RTK (114.050456, 22.540123, 28), HOME (114.05, 22.54, 28.00m), D 75.36m, H 80.50m, """
    """H.S 0.30m/s, V.S 0.00m/s, F.PRY (-5.3°, 2.1°, 28.3°), G.PRY (-35.2°, 0.0°, -77.4°)
""",
    "Air 2, bare": """1
00:00:00,000 --> 00:00:00,040
[latitude: 22.540123] [longitude: 114.050456] [rel_alt: 80.500 abs_alt: 131.200]
""",
}


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_tells_where_it_was(form: str) -> None:
    (pose,) = read_srt(FORMS[form], HINTS).poses
    assert (pose.latitude_deg, pose.longitude_deg) == (22.540123, 114.050456)
    if form != "Mavic 2, Mini SE":
        assert (pose.height_m, pose.height_above) == (80.5, "takeoff")
    assert pose.time_s == 0.0


@pytest.mark.parametrize("form", ["Matrice 30, Matrice 4", "Phantom 4 RTK"])
def test_the_attitude_is_the_cameras(form: str) -> None:
    (pose,) = read_srt(FORMS[form], HINTS).poses
    assert pose.attitude is not None
    assert (pose.attitude.yaw_deg, pose.attitude.pitch_deg) == (pytest.approx(282.6), -35.2)


@pytest.mark.parametrize(
    ("form", "focal_mm"), [("Mini 3, Mavic 3", 24), ("Matrice 30, Matrice 4", 48), ("Mavic 2, Mini SE", 24)]
)
def test_the_lens_is_the_equivalent_one(form: str, focal_mm: float) -> None:
    (pose,) = read_srt(FORMS[form], HINTS).poses
    assert pose.lens is not None
    diagonal = 2 * math.atan(math.hypot(*SIZE) / 2 / pose.lens.fx)
    assert diagonal == pytest.approx(2 * math.atan(43.267 / 2 / focal_mm))
    assert read_srt(FORMS[form], Hints()).poses[0].lens is None  # for no size of a picture, no lens


def test_the_time_of_the_flight_is_local() -> None:
    for form in ("Mini 3, Mavic 3", "Mavic 2, Mini SE", "Mavic Pro"):
        started = read_srt(FORMS[form], HINTS).started_local
        assert started is not None
        assert started.tzinfo is None
        assert f"{started:%Y-%m-%d %H:%M:%S}" == "2026-05-27 13:14:22"
    assert read_srt(FORMS["Phantom 4"], HINTS).started_local is None


def test_what_the_mission_knows_is_added_and_nothing_is_replaced() -> None:
    hints = Hints(SIZE, pitch_deg=-40.0, yaw_deg=90.0, height_m=60.0, accuracy=Accuracy(attitude_deg=3.0))
    (bare,) = read_srt(FORMS["Mavic 2, Mini SE"], hints).poses
    assert (bare.height_m, bare.accuracy.attitude_deg) == (60.0, 3.0)
    assert bare.attitude is not None
    assert bare.attitude.pitch_deg == -40.0
    (said,) = read_srt(FORMS["Phantom 4 RTK"], hints).poses
    assert said.attitude is not None
    assert (said.attitude.pitch_deg, said.height_m) == (-35.2, 80.5)


def cue(second: int, words: str) -> str:
    return f"{second}\n00:00:{second:02},000 --> 00:00:{second + 1:02},000\n{words}\n\n"


def test_no_fix_is_no_position_and_absurd_cues_are_counted() -> None:
    text = "".join(
        [
            cue(
                0,
                "[latitude: 0.000000] [longitude: 0.000000] [rel_alt: 0.000 abs_alt: 1114.790] [gb_yaw: 1 gb_pitch: 0]",
            ),
            cue(1, "[latitude: 22.5] [longitude: 114.05] [rel_alt: 5.0 abs_alt: 9]"),
            cue(2, "[latitude: 922.5] [longitude: 114.05] [rel_alt: 5.0 abs_alt: 9]"),
            cue(3, "[latitude: 22.5] [longitude: 114.05] [rel_alt: 5.0] [gb_yaw: 1.0 gb_pitch: -180.0 gb_roll: 0.0]"),
            cue(4, "[latitude: 22.5] [longitude: 114.05] [rel_alt: 5.0] [gb_yaw: 1.0 gb_pitch: -90.1 gb_roll: 0.0]"),
        ]
    )
    flight = read_srt(text, HINTS)
    assert [pose.time_s for pose in flight.poses] == [0, 1, 4]
    assert flight.poses[0].latitude_deg is None
    assert flight.poses[0].attitude is not None
    assert flight.poses[-1].attitude is not None
    assert flight.poses[-1].attitude.pitch_deg == -90.0
    assert flight.left_out[NO_FIX] == 1
    assert sum(flight.left_out.values()) == 3


@pytest.mark.parametrize("text", ["", "no subtitles", cue(0, "Good evening."), cue(0, "[latitude: 0] [longitude: 0]")])
def test_what_is_no_telemetry_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "DJI_0001.SRT"
    path.write_text(text)
    with pytest.raises(SourceUnusable, match=r"DJI_0001\.SRT: no cue of these subtitles tells a position"):
        read_telemetry(path, HINTS)


def test_files_of_windows_and_of_no_known_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(b"\xef\xbb\xbf" + FORMS["Mini 3, Mavic 3"].replace("\n", "\r\n").encode("utf-8"))
    assert len(read_telemetry(path, HINTS).poses) == 1
    with pytest.raises(SourceUnusable, match=r"allowed: \.srt, \.jsonl, \.tlog, \.ts"):
        read_telemetry(tmp_path / "a.csv", HINTS)
    with pytest.raises(SourceUnusable, match="can not be read: No such file"):
        read_telemetry(tmp_path / "b.srt", HINTS)


WORDS = st.text(alphabet="[]latiude:longrel_b.PY(),-0123456789 °mH\n", max_size=60)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 59), WORDS), max_size=5))
def test_whatever_stands_there_is_a_pose_or_left_out(cues: list[tuple[int, str]]) -> None:
    try:
        flight = read_srt("".join(cue(second, words) for second, words in cues), HINTS)
    except SourceUnusable:
        return
    assert all(isinstance(pose, Pose) for pose in flight.poses)
