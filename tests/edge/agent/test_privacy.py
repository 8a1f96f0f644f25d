"""`privacy: blur_people_outside_hazard`, in all that an agent writes and sends: pictures, clips, snapshots."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from tests.edge.agent.conftest import Running
from tests.edge.agent.test_closed_loop import reference_platform
from tests.edge.delivery.mosquitto import Mosquitto
from tests.edge.onnx_file import onnx_file
from tests.edge.test_model_store import write

# Rows of (1, 6, 8): x, y, w, h, person, smoke. Two people in every picture, left and right of the middle.
TWO = [14.0, 50.0, *[14.0] * 6, *[32.0] * 8, *[10.0] * 8, *[16.0] * 8, 0.9, 0.9, *[0.0] * 6, *[0.0] * 8]
# In the 320×240 of the clip, well within the two.
HAZARD, OTHER = (slice(90, 150), slice(52, 88)), (slice(90, 150), slice(232, 268))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


def site_file(folder: Path, port: int, clip: Path, privacy: str) -> Path:
    weights = onnx_file(answer=TWO)
    classes = [{"name": n, "means": n, "threshold": 0.5} for n in ("person", "smoke")]
    write(folder / "models", "tiny", weights, sha256=hashlib.sha256(weights).hexdigest(), classes=classes)
    content = {
        "site": {"name": "plant"},
        "agent": {
            "name": "edge", "lang": "en", "data": str(folder / "data"), "status_every_s": 1,
            "evidence": {"before_s": 1, "after_s": 1, "privacy": privacy, "jpeg_quality": 100},
        },
        "broker": {"host": "127.0.0.1", "port": port},
        "models": [{"path": "models/tiny"}],
        "sources": [
            {
                "name": "yard", "url": str(clip), "loop": True, "interval_s": 0.2,
                "zones": [{"name": "left", "polygon": [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]}],
                "rules": [{"rule": "restricted_zone", "zone": "left", "dwell_s": 0.5, "clear_after_s": 2}],
            }
        ],
    }  # fmt: skip
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def grain(picture: NDArray[np.uint8], where: tuple[slice, slice]) -> float:
    """How much neighbours differ: much in the noise of the clip, little within the squares of a mosaic."""
    found = picture[where].astype(float).mean(axis=2)
    return float(np.median(np.abs(np.diff(found, axis=1))))


def pictures(folder: Path) -> dict[str, list[NDArray[np.uint8]]]:
    found: dict[str, list[NDArray[np.uint8]]] = {}
    for path in folder.rglob("*.jpg"):
        picture = cv2.imread(str(path))
        assert picture is not None
        found.setdefault(path.name, []).append(np.asarray(picture, np.uint8))
    for path in folder.rglob("*.mp4"):
        with av.open(str(path)) as container:
            found[path.name] = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    return found


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("privacy", ["none", "blur_people_outside_hazard"])
def test_people_who_are_not_the_hazard(
    tmp_path: Path, clip: Path, broker: Mosquitto, run_agent: Callable[..., Running], privacy: str
) -> None:
    platform: Any = reference_platform().Platform("lookout/v1/plant/edge")
    platform.connect("127.0.0.1", broker.port)
    agent = run_agent(site_file(tmp_path, broker.port, clip, privacy))
    agent.until(lambda: [e for e in platform.events.values() if _has(e, "clip.mp4")], "the clip")
    snapshot = platform.outcome(platform.command("snapshot", source="yard"))
    asked = platform.outcome(platform.command("clip", source="yard", seconds=2))
    platform.close()
    assert snapshot["status"] == asked["status"] == "successful", (snapshot, asked)

    found = pictures(agent.data / "evidence")
    assert {"open-full.jpg", "clip.mp4", "yard.jpg", "yard.mp4"} <= set(found)
    hidden = privacy != "none"
    limit = 1.5  # the noise has 6, and less after H.264; a mosaic's squares have none, but for what JPEG adds
    for name in ("open-full.jpg", "open-before.jpg", "clip.mp4"):
        for picture in found.get(name, []):
            assert grain(picture, HAZARD) > limit, f"{name}: the hazard is to be seen"
            assert (grain(picture, OTHER) < limit) == hidden, name
    for name in ("yard.jpg", "yard.mp4"):
        for picture in found[name]:
            assert (grain(picture, OTHER) < limit) == hidden, name
            assert (grain(picture, HAZARD) < limit) == hidden, name
    assert len(found["clip.mp4"]) >= 10


def _has(event: dict[str, Any], name: str) -> bool:
    return name in [proof["name"] for proof in event["data"]["evidence"]]


def test_a_site_whose_models_see_nobody_is_refused(
    tmp_path: Path, clip: Path, run_agent: Callable[..., Running]
) -> None:
    site = site_file(tmp_path, 1, clip, "blur_people_outside_hazard")
    content = yaml.safe_load(site.read_text())
    content["models"] = [{"name": "fire-smoke"}]
    content["sources"][0] = {"name": "yard", "url": str(clip), "rules": [{"rule": "fire"}]}
    site.write_text(yaml.safe_dump(content))
    agent = run_agent(site)
    assert agent.process.wait(20) == 2
    assert "agent.evidence.privacy" in agent.text
    assert "needs a model that sees person, and none does: fire-smoke sees" in agent.text
