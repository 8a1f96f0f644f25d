"""The pictures of an alarm show the pose that it was judged by."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.agent.desk import Look
from edge.agent.pictures import Pictures
from edge.config import AgentSettings
from edge.delivery.place import Place
from edge.evidence.pen import BONE
from edge.evidence.store import EvidenceStore
from edge.model_store import ModelStore
from pipelines.detect import Detector
from pipelines.events import Event, Phase
from pipelines.lane import LanePlan
from pipelines.rules.person_down import PersonDownSettings
from pipelines.watch import Inspection, Watch, WatchPlan
from tests.edge.pose_model import pose_model
from tests.pipelines.builders import a_frame


def plan(folder: Path, posture: str) -> WatchPlan:
    pose_model(folder / "poses", posture)
    model = ModelStore([folder]).load("poses")
    return WatchPlan("gate", (LanePlan(Detector(model.card, model.weights), (PersonDownSettings(),)),))


def watched(plan: WatchPlan) -> list[tuple[Event, Look, Inspection]]:
    """What is opened in eight looks at a grey picture."""
    ids, opened = count(), []
    watch = Watch(plan, lambda: str(next(ids)))
    for i in range(8):
        frame = a_frame(size=(480, 480), time_s=i * 0.4)
        look = Look(frame, watch.look(frame))
        seen = watch.inspect(frame, look.activity)
        opened += [(event, look, seen) for event in seen.events if event.phase is Phase.OPEN]
    return opened


def test_a_body_that_lies_is_drawn(tmp_path: Path) -> None:
    watching = plan(tmp_path / "models", "lying")
    ((event, look, seen),) = watched(watching)
    assert (event.kind, event.severity, event.first_seen_s) == ("person_down", 4, 0.0)
    places = {"gate": Place()}
    pictures = Pictures(EvidenceStore(tmp_path, 10_000_000), {"gate": watching}, places, AgentSettings())
    update = replace(event, phase=Phase.UPDATE, sequence=2)
    annotated = next(file for file in pictures.of(update, look, seen) if file.path.name.endswith("annotated.jpg"))
    drawn = cv2.imread(str(annotated.path))
    assert drawn is not None
    assert (np.abs(drawn.astype(int) - BONE).max(axis=2) < 60).sum() > 200


@pytest.mark.parametrize("posture", ["on a chair", "crawling"])
def test_others_open_nothing(tmp_path: Path, posture: str) -> None:
    assert watched(plan(tmp_path, posture)) == []
