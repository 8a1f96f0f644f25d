from __future__ import annotations

from pathlib import PurePath

import pytest

from calibration.errors import DatasetError
from pipelines.retraining.data.formats.grouping import by_clip, grouping


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("images/train/metu_clip03_000069.jpg", "metu_clip03"),  # clip and frame number
        ("house_fire_0012.40s.jpg", "house_fire"),  # as `lookout dataset frames` names them
        ("gate-3_frame_000123.PNG", "gate-3"),
        ("cam3/2026-01-31/000012.jpg", "cam3/2026-01-31/000012"),  # a number alone tells nothing
        ("cam3/frame_000001.png", "cam3/frame"),  # two cameras with frames of the same name stay apart
        ("images/train/IMG_0412.JPG", "IMG_0412"),  # a still camera numbers everything it sees
        ("indoor_007250bbf2.jpg", "indoor_007250bbf2"),  # a digest is no frame number …
        ("mixed_0123456789.jpg", "mixed_0123456789"),  # … even if it happens to have no letter
        ("gate_0007_jpg.rf.0a1b2c3d.jpg", "gate"),  # Roboflow's copies of one picture
    ],
)
def test_the_clip_behind_a_name(path: str, group: str) -> None:
    assert by_clip(PurePath(path)) == group


@pytest.mark.parametrize(
    ("rule", "group"),
    [
        ("folder", "cam3/monday"),
        ("name", "cam3/monday/gate_01"),
        (r"^(\w+)/", "cam3"),  # the first group
        (r"monday|tuesday", "monday"),  # or the whole match
        (r"friday", None),
    ],
)
def test_rules(rule: str, group: str | None) -> None:
    assert grouping(rule)(PurePath("cam3/monday/gate_01.jpg")) == group


def test_a_rule_that_is_none() -> None:
    with pytest.raises(DatasetError, match=r"group: '\(' is no regular expression .* allowed are clip, folder, name"):
        grouping("(")
