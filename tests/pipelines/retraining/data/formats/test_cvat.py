from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calibration.errors import DatasetError
from pipelines.retraining.data.formats import cvat
from tests.pipelines.retraining.sample import picture

META = """<version>1.1</version><meta><task><name>monday</name><size>3</size><labels>
<label><name>fire</name><type>any</type><attributes></attributes></label>
<label><name>smoke</name></label>
<label><name>head</name><type>points</type><parent>person</parent></label></labels>
<original_size><width>80</width><height>60</height></original_size><source>Gate 3.mp4</source></task></meta>"""
BOX = (
    '<box label="smoke" source="manual" occluded="0" xtl="10.00" ytl="5.50" xbr="30.00" ybr="35.00" z_order="0"></box>'
)


def a_file(folder: Path, inner: str) -> Path:
    path = folder / "annotations.xml"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<annotations>{META}{inner}</annotations>')
    return path


def an_image(folder: Path, *shapes: str, name: str = "day one/a.jpg", more: str = "") -> str:
    picture(folder / "images", name)
    return f'<image id="0" name="{name}" {more} width="80" height="60">{"".join(shapes)}</image>'


def test_images(tmp_path: Path) -> None:
    a_file(tmp_path, an_image(tmp_path, BOX, more='subset="val"') + an_image(tmp_path, name="b.png"))
    imported = cvat.read(tmp_path)
    assert imported.faults == ()
    assert imported.dataset.classes == ("fire", "smoke")  # the task's order; the point of a skeleton is no class
    first, second = imported.dataset.pictures
    assert (first.split, first.labels.class_id.tolist(), second.split, len(second.labels)) == ("val", [1], None, 0)
    assert first.labels.xyxy.tolist() == [[10, 5.5, 30, 35]]


@pytest.mark.parametrize("name", ["annotations.xml", "task.xml"])
def test_a_file_by_its_name_with_pictures_elsewhere(tmp_path: Path, name: str) -> None:
    inner = an_image(tmp_path / "pictures", BOX)
    path = a_file(tmp_path / "export", inner).rename(tmp_path / "export" / name)
    assert len(cvat.read(path, pictures=tmp_path / "pictures").dataset.pictures[0].labels) == 1


@pytest.mark.parametrize(
    ("shape", "box", "what"),
    [
        ('<polygon label="fire" points="10.0,5.0;30.0,5.0;20.0,35.0"/>', [10, 5, 30, 35], "polygon"),
        ('<ellipse label="fire" cx="20" cy="20" rx="10" ry="5"/>', [10, 15, 30, 25], "ellipse"),
        ('<mask label="fire" rle="1, 2" left="10" top="5" width="20" height="30"/>', [10, 5, 30, 35], "mask"),
        # A quarter turn around the centre (20, 20) exchanges the sides.
        ('<box label="fire" xtl="10" ytl="15" xbr="30" ybr="25" rotation="90"/>', [15, 10, 25, 30], "turned shape"),
    ],
)
def test_the_box_around_other_shapes(tmp_path: Path, shape: str, box: list[float], what: str) -> None:
    imported = cvat.read(a_file(tmp_path, an_image(tmp_path, shape)))
    np.testing.assert_allclose(imported.dataset.pictures[0].labels.xyxy, [box], atol=0.05)
    assert [(fault.what, fault.outcome) for fault in imported.faults] == [(what, "box around it taken")]


@pytest.mark.parametrize(
    ("shape", "what"),
    [
        ('<polyline label="fire" points="1,2;3,4"/>', "shape without a box"),
        ('<tag label="fire"/>', "shape without a box"),
        ('<box label="fire" xtl="1" ytl="1" xbr="30"/>', "malformed label"),
        ('<polygon label="fire" points=""/>', "malformed label"),
        ('<box label="steam" xtl="1" ytl="1" xbr="30" ybr="30"/>', "unknown class"),
    ],
)
def test_what_can_not_be_a_box_is_listed_and_the_rest_stays(tmp_path: Path, shape: str, what: str) -> None:
    imported = cvat.read(a_file(tmp_path, an_image(tmp_path, shape, BOX)))
    assert len(imported.dataset.pictures[0].labels) == 1
    assert [fault.what for fault in imported.faults] == [what]
    assert "day one/a.jpg" in imported.faults[0].place


def test_video(tmp_path: Path) -> None:
    for number in range(4):
        picture(tmp_path / "images", f"frame_{number:06d}.PNG")

    def at(frame: int, outside: int = 0) -> str:
        return f'<box frame="{frame}" outside="{outside}" xtl="10" ytl="5" xbr="{30 + frame}" ybr="35" keyframe="1"/>'

    tracks = (
        f'<track id="0" label="fire">{at(0)}{at(1)}{at(2, 1)}</track><track id="1" label="smoke">{at(1)}{at(9)}</track>'
    )
    tracks += '<track id="5" label="fire"><box frame="last" outside="0"/></track>'
    imported = cvat.read(a_file(tmp_path, tracks))
    found = {each.path.name: each.labels.class_id.tolist() for each in imported.dataset.pictures}
    # What is outside is not there; frames without a box are negatives; frame 9 was not exported.
    assert found == {
        "frame_000000.PNG": [0],
        "frame_000001.PNG": [0, 1],
        "frame_000002.PNG": [],
        "frame_000003.PNG": [],
    }
    assert {each.group for each in imported.dataset.pictures} == {"Gate 3"}
    assert [(fault.what, fault.picture) for fault in imported.faults] == [
        ("malformed label", "annotations.xml track 5"),
        ("labels without a picture", "frame_000009"),
    ]


def test_a_video_without_its_frames(tmp_path: Path) -> None:
    path = a_file(tmp_path, '<track id="0" label="fire"><box frame="0" outside="0"/></track>')
    with pytest.raises(DatasetError, match="no frame_000000 and so on is there; export the task again with its images"):
        cvat.read(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<opencv_storage/>", "the root element is <opencv_storage>, CVAT's is <annotations>"),
        ("<annotations>", "is not XML"),
        ("", "is not XML"),
    ],
)
def test_a_file_that_is_not_cvat(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "annotations.xml").write_text(text)
    with pytest.raises(DatasetError) as caught:
        cvat.read(tmp_path)
    assert said in str(caught.value)


def test_the_boxes_of_the_shared_clip_are_not_cvat(shared: Path) -> None:
    # OpenCV's FileStorage, as the FURG data set has it: refused by name, not misread.
    with pytest.raises(DatasetError, match="root element is <opencv_storage>"):
        cvat.read(shared / "data" / "clips" / "house_fire.boxes.xml")
