"""The reports in a real browser: the map, the pictures and the table are there, and are drawn."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.ground import moved
from calibration.lens import Lens
from calibration.pose import Accuracy, Attitude, Pose, PoseClock
from calibration.track import Fix
from edge.config.mission import Mission
from edge.patrol.findings import Findings, Glimpse
from edge.patrol.page import page
from pipelines.frame import from_bgr
from tests.edge.patrol.filming import HOME, yard
from tests.edge.patrol.renderer import Camera

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def findings() -> Findings:
    """A straight flight past one fire."""
    found, ground = Findings(), yard()
    lens = Lens.from_field_of_view(1280, 720, 70.0)
    for second in range(12):
        camera = Camera(-100 + 6.0 * second, 0.0, 40.0, 0.0, -40.0)
        pixel = camera.project(np.array([[-40.0, 4.0, 0.0]]))[0]
        latitude, longitude = moved(*HOME, camera.north_m, 0.0)
        pose = Pose(
            second, PoseClock.MEDIA, latitude, longitude, height_m=40.0, attitude=Attitude(0.0, -40.0), lens=lens,
            accuracy=Accuracy(1.0, 1.0, 0.7),
        )  # fmt: skip
        x, y = pixel[0] / 1280, pixel[1] / 720
        seen = [Glimpse("fire", (x - 0.02, y - 0.08, x + 0.02, y), 0.7)] if 0.05 < y < 0.95 else []
        found.note(from_bgr(ground.render(camera)), Fix(pose, 0.0), seen, float(second))
    found.seconds = 12.0
    return found


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (Debian: apt-get install chromium)")
def test_a_browser_draws_map_pictures_and_table(tmp_path: Path) -> None:
    mission = Mission.model_validate(
        {
            "name": "forest edge", "lang": "en",
            "waypoints": [{"name": "far gate", "latitude": HOME[0] + 0.001, "longitude": HOME[1]}],
        }
    )  # fmt: skip
    report, shot = tmp_path / "report.html", tmp_path / "shot.png"
    script = (
        "<script>addEventListener('load', () => { const box = q => { const r = document.querySelector(q)"
        ".getBoundingClientRect(); return [r.width, r.height].map(Math.round).join('x') };"
        "document.title = ['svg', '.hazard', '.ellipse', 'img', 'table'].map(q => q + ' ' + box(q)).join(', ')"
        " + ', ' + document.querySelector('img').naturalWidth })</script>"
    )
    report.write_text(page(findings(), mission).replace("</body>", script + "</body>"), encoding="utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    dom = subprocess.run(
        [*command, "--virtual-time-budget=3000", "--dump-dom", report.as_uri()],
        capture_output=True, text=True, timeout=90, check=True,
    ).stdout  # fmt: skip
    title = dom.partition("<title>")[2].partition("</title>")[0]
    sizes = dict(part.rsplit(" ", 1) for part in title.split(", ")[:-1])
    for what, least in {
        "svg": (400, 200),
        ".hazard": (5, 5),
        ".ellipse": (4, 4),
        "img": (300, 150),
        "table": (400, 40),
    }.items():
        wide, tall = (int(side) for side in sizes[what].split("x"))
        assert (wide >= least[0], tall >= least[1]) == (True, True), (what, sizes)
    assert int(title.rsplit(" ", 1)[1]) == 960, "the picture is read"
    subprocess.run(
        [*command, "--window-size=1000,1400", f"--screenshot={shot}", report.as_uri()],
        capture_output=True, timeout=90, check=True,
    )  # fmt: skip
    drawn = np.asarray(cv2.imread(str(shot)), np.int16)
    blue, green, red = (drawn[..., i] for i in range(3))
    assert ((red > 180) & (green < 90) & (blue < 90)).sum() > 60, "hazard and ellipse are red"
    assert ((green > red + 10) & (green > blue + 5)).sum() > 5_000, "covered ground is green"
