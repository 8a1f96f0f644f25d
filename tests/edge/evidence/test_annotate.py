"""An annotated picture tells what, where, how sure and when, in either language and any size."""

from __future__ import annotations

from datetime import timedelta, timezone
from itertools import product

import numpy as np
import pytest

from calibration.polygon import Polygon
from calibration.zones import Zone
from edge.evidence.annotate import Caption, Seen, annotate
from edge.evidence.grid import gridded
from edge.evidence.pen import Pen, legible_size
from pipelines.events import Mode, Phase
from pipelines.hazards import HazardKind
from tests.edge.evidence.events import make_event, make_frame

ZONE = Zone("东门", Polygon.of([[0.1, 0.3], [0.9, 0.3], [0.9, 0.8], [0.1, 0.8]]))
CHINA = timezone(timedelta(hours=8))
YELLOW = np.array([0, 215, 255])


def changed(one: np.ndarray, other: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Where two pictures differ visibly: `(h, w)` bool."""
    difference: np.ndarray = np.abs(one.astype(int) - other).max(axis=2) > 40  # type: ignore[type-arg]
    return difference


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((176, 144), (440, 360)),
        ((177, 145), (439, 360)),
        ((640, 480), (640, 480)),
        ((1920, 1080), (1920, 1080)),
        ((3840, 2160), (1920, 1080)),
        ((240, 426), (360, 639)),
        ((4000, 20), (1920, 10)),  # a strip stays within the limit
    ],
)
def test_sizes(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert legible_size(make_frame(*size)) == expected
    assert annotate(make_frame(*size), make_event(), Seen(), None, Caption()).shape == (expected[1], expected[0], 3)


@pytest.mark.parametrize(("kind", "lang"), list(product(HazardKind, ("zh", "en"))))
def test_each_title_is_written_and_differs(kind: HazardKind, lang: str) -> None:
    frame = make_frame(640, 480)
    blank = annotate(frame, make_event(score=0.5), Seen(), None, Caption(lang))
    drawn = annotate(frame, make_event(kind=kind, score=0.5), Seen(), None, Caption(lang))
    assert changed(blank, drawn).any() == (kind is not HazardKind.FIRE)


@pytest.mark.parametrize(
    "change",
    [
        {"score": 0.12},
        {"severity": 1},
        {"mode": Mode.OBSERVE},
        {"phase": Phase.CLEARED},
        {"box": (0.0, 0.0, 0.2, 0.2)},
        {"captured_s": 1_769_847_361.0},
        {"source": "yard"},
        {"drill": True},
    ],
)
def test_what_changes_is_seen(change: dict[str, object]) -> None:
    frame = make_frame(640, 480)
    plain = annotate(frame, make_event(), Seen(), None, Caption("en"))
    assert changed(plain, annotate(frame, make_event(**change), Seen(), None, Caption("en"))).sum() > 20


def test_the_caption_is_seen() -> None:
    frame = make_frame(640, 480)
    plain = annotate(frame, make_event(), Seen(), None, Caption("en"))
    for caption in (Caption("en", place="东门"), Caption("en", tz=CHINA), Caption("zh")):
        assert changed(plain, annotate(frame, make_event(), Seen(), None, caption)).sum() > 20


def test_zone_and_other_boxes_are_outlined_where_they_are() -> None:
    frame = make_frame(1000, 1000)
    plain = annotate(frame, make_event(), Seen(), None, Caption())
    other = (0.7, 0.1, 0.8, 0.2)
    drawn = changed(plain, annotate(frame, make_event(), Seen((other,)), ZONE, Caption()))
    assert drawn[300, 600:880].all(), "the zone's upper edge"
    assert drawn[400:700, 900].all(), "its right edge"
    assert drawn[100, 700:800].all(), "the other box"
    assert not drawn[120:180, 720:780].any(), "nothing inside it"


def test_bones_are_drawn_where_they_are() -> None:
    frame = make_frame(1000, 1000)
    plain = annotate(frame, make_event(), Seen(), None, Caption())
    bones = np.array([[0.7, 0.2, 0.9, 0.2], [0.8, 0.1, 0.8, 0.3]], np.float32)
    drawn = changed(plain, annotate(frame, make_event(), Seen(bones=bones), None, Caption()))
    assert drawn[200, 700:900].all()
    assert drawn[100:300, 799].all()
    assert not drawn[110:180, 710:780].any()


@pytest.mark.parametrize("size", [(176, 144), (768, 576), (3840, 2160), (240, 426)])
@pytest.mark.parametrize("mark", ["event", "frame"])
def test_a_drill_can_not_be_taken_for_a_real_alarm(size: tuple[int, int], mark: str) -> None:
    frame = make_frame(*size, drill=mark == "frame")
    picture = annotate(frame, make_event(drill=mark == "event"), Seen(), ZONE, Caption())
    height, width = picture.shape[:2]
    band = (np.abs(picture[: height // 30].astype(int) - YELLOW).max(axis=2) < 10).mean()
    assert band > 0.8, "a yellow band along the upper edge"
    assert (picture[: height // 12, width // 3 : width * 2 // 3].max(axis=2) < 60).sum() > 30, "with dark words on it"
    edges = np.concatenate([picture[height // 4 : height // 2, 0], picture[height // 4 : height // 2, -1]])
    assert (np.abs(edges.astype(int) - YELLOW).max(axis=1) < 10).all(), "and a yellow frame"


def test_no_drill_no_yellow() -> None:
    picture = annotate(make_frame(), make_event(), Seen(), None, Caption())
    assert not (np.abs(picture.astype(int) - YELLOW).max(axis=2) < 10).any()


@pytest.mark.parametrize(
    "box",
    [(0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.05, 0.05), (0.95, 0.95, 1.0, 1.0), (0.9, 0.0, 1.0, 1.0), (0.0, 0.5, 0.0, 0.5)],
)
def test_the_label_stays_inside(box: tuple[float, float, float, float]) -> None:
    event = make_event(kind=HazardKind.BLOCKED_EXIT, box=box)
    picture = annotate(make_frame(640, 480), event, Seen(), None, Caption("zh"))
    red = (np.abs(picture.astype(int) - (30, 30, 230)).max(axis=2) < 10).sum()
    assert red > 2000, "the label's ground is in the picture"


@pytest.mark.parametrize("text", ["火" * 200, "a long place " * 30, "onewordwithoutanyspace" * 20, "short", ""])
def test_long_lines_are_broken_and_cut(text: str) -> None:
    pen = Pen(np.zeros((360, 360, 3), np.uint8))
    lines = pen.wrapped(text, 300)
    assert len(lines) <= 3
    for line in lines:
        fitted, px = pen.fitted(line, 300, pen.text_px)
        assert pen.text_size(fitted, px)[0] <= 300
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("size", [(176, 144), (768, 576), (3840, 2160)])
def test_the_grid_lies_at_the_tenths(size: tuple[int, int]) -> None:
    frame = make_frame(*size, grey=60)
    picture = gridded(frame).astype(int)
    height, width = picture.shape[:2]
    between = picture[round(height * 0.45), round(width * 0.45)]
    for tenth in range(2, 9):
        assert np.abs(picture[round(height * 0.45), round(width * tenth / 10)] - between).max() > 40
        assert np.abs(picture[round(height * tenth / 10), round(width * 0.45)] - between).max() > 40
    # Numbers stand along the upper and the left edge.
    assert (picture[: height // 14].min(axis=2) > 200).sum() > 50
    assert (picture[:, : width // 14].min(axis=2) > 200).sum() > 50
