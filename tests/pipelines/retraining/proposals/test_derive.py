from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from calibration.errors import DatasetError
from pipelines.retraining.data.dataset import Labels
from pipelines.retraining.proposals.derive import GREY, Derived, Plan, View, carry, load_plan, render, save_plan
from tests.pipelines.retraining.proposed import Box, body, derived, standing

VIEWS = [
    View(centre=(100, 80), side_px=120),
    View(centre=(100, 80), side_px=120, turn_deg=90),
    View(centre=(100, 80), side_px=120, turn_deg=-65, squeeze=0.7),
    View(centre=(90, 70), side_px=140, turn_deg=170, squeeze=0.5, keystone=0.2),
]


def at(matrix: np.ndarray[Any, Any], x: float, y: float) -> tuple[float, float]:
    u, v, w = matrix @ np.array([x, y, 1.0])
    return u / w, v / w


def test_a_window_is_cut_and_scaled() -> None:
    matrix = View(centre=(100, 80), side_px=50).homography(200, 200)
    assert at(matrix, 75, 55) == pytest.approx((0, 0))
    assert at(matrix, 125, 105) == pytest.approx((200, 200))


def test_a_quarter_turn_is_clockwise() -> None:
    matrix = View(centre=(100, 80), side_px=50, turn_deg=90).homography(100, 100)
    assert at(matrix, 100, 55) == pytest.approx((100, 50))  # what was on top is on the right


def test_keystone_makes_what_is_low_larger() -> None:
    matrix = View(centre=(100, 80), side_px=50, keystone=0.2).homography(100, 100)
    width = [at(matrix, 110, y)[0] - at(matrix, 90, y)[0] for y in (65, 80, 95)]
    assert width == sorted(width)
    assert width[2] > 1.1 * width[1]


@pytest.mark.parametrize("view", VIEWS)
def test_labels_go_where_the_picture_goes(view: View) -> None:
    box: Box = (85, 60, 115, 110)
    image = np.zeros((160, 200, 3), np.uint8)
    yy, xx = np.mgrid[:160, :200]
    image[((xx - 99.5) / 15) ** 2 + ((yy - 84.5) / 25) ** 2 <= 1] = 255
    size = (180, max(int(180 * view.squeeze), 64))
    picture = derived(size=size, view=view)
    shown = render(image, picture)[:, :, 0] > 180
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    moved = carry(Labels(np.array([box], np.float32), np.zeros(1, np.int64)), view.homography(*size), *size)
    expected = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    np.testing.assert_allclose(moved.xyxy[0], expected, atol=2.5)


@pytest.mark.parametrize("view", VIEWS)
def test_keypoints_go_along_and_keep_their_names(view: View) -> None:
    points = body(85, 60, 115, 110)
    labels = Labels(np.array([[85, 60, 115, 110]], np.float32), np.zeros(1, np.int64), points[None])
    matrix = view.homography(180, 180)
    moved = carry(labels, matrix, 180, 180)
    for before, after in zip(points, moved.keypoints[0], strict=True):
        assert tuple(after[:2]) == pytest.approx(at(matrix, *before[:2]), abs=1e-3)
        assert after[2] == 2
    assert (moved.xyxy[0, :2] <= moved.keypoints[0, :, :2].min(axis=0) + 1e-3).all()


def test_what_leaves_the_view_is_no_label() -> None:
    labels = Labels(np.array([[0, 0, 20, 40], [55, 60, 85, 110], [90, 60, 110, 100]], np.float32), np.arange(3))
    moved = carry(labels, View(centre=(100, 80), side_px=60).homography(60, 60), 60, 60)
    assert moved.class_id.tolist() == [1, 2]  # one gone; one cut to half its width; one whole
    assert moved.xyxy[0].tolist() == pytest.approx([0, 10, 15, 60], abs=0.2)


def test_keypoints_outside_are_not_labelled() -> None:
    points = body(85, 60, 115, 110)
    labels = Labels(np.array([[85, 60, 115, 110]], np.float32), np.zeros(1, np.int64), points[None])
    moved = carry(labels, View(centre=(100, 60), side_px=60).homography(60, 60), 60, 60)
    below = points[:, 1] > 90
    assert (moved.keypoints[0, below] == 0).all()
    assert (moved.keypoints[0, ~below, 2] == 2).all()


def test_grey_is_painted_before_the_turn_and_around_the_picture() -> None:
    image = np.full((160, 200, 3), 250, np.uint8)
    shown = render(image, derived(grey=[(0, 0, 50, 40)]))
    assert (shown[:40, :50] == GREY).all()
    assert shown[40:, 50:].min() == 250
    assert image.min() == 250
    turned = render(image, derived(size=(300, 300), view=VIEWS[1].model_copy(update={"side_px": 300.0})))
    assert (turned[:, 0] == GREY).all()
    assert (turned[150, 150] == 250).all()


def plan(*pictures: Derived, **fields: Any) -> Plan:
    usual: dict[str, Any] = {"classes": ("person",), "licence": "CC0-1.0", "source": "drawn", "teacher": "none"}
    return Plan(name="drawn", pictures=pictures, **usual | fields)


def test_a_plan_comes_back_as_it_was(tmp_path: Path) -> None:
    made = plan(standing(), derived("two", frame=12, source="film.mp4", view=VIEWS[2], grey=[(1, 2, 3, 4)]))
    save_plan(made, tmp_path)
    assert load_plan(tmp_path) == made


@pytest.mark.parametrize(
    ("line", "said"),
    [("{", r"plan\.jsonl, line 2"), ('{"name": "a b"}', r"plan\.jsonl, line 2.*name")],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    save_plan(plan(standing()), tmp_path)
    index = tmp_path / "plan.jsonl"
    index.write_text(f"{index.read_text()}{line}\n")
    with pytest.raises(DatasetError, match=said):
        load_plan(tmp_path)


@pytest.mark.parametrize("text", ["[]", "name: x\n", "name: [\n"])
def test_a_wrong_card_is_named(tmp_path: Path, text: str) -> None:
    save_plan(plan(standing()), tmp_path)
    (tmp_path / "plan.yaml").write_text(text)
    with pytest.raises(DatasetError, match=r"plan\.yaml"):
        load_plan(tmp_path)


def test_no_plan_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"a plan is plan\.yaml and plan\.jsonl"):
        load_plan(tmp_path)


@pytest.mark.parametrize("fields", [{"squeeze": 0}, {"keystone": 0.5}, {"side_px": -1}, {"tilt": 1}])
def test_a_view_that_can_not_be(fields: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        View.model_validate({"centre": (1, 2), "side_px": 10} | fields)
