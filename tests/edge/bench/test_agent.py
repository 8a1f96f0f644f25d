"""Loop D is the agent itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.errors import LookoutError
from edge.bench import alarms, cameras
from edge.bench.agent import Stand
from edge.bench.broker import broker
from edge.bench.cameras import Camera
from edge.bench.clips import Library
from edge.bench.scenes import Scene
from edge.config.broker import BrokerSettings
from edge.config.drill import DrillFire
from pipelines.hazards import HazardKind

FLAME = Scene(
    "blaze", 8.0, item=DrillFire(at=(0.82, 0.93), size=0.3, grow_s=2.0, seed=2), onsets={HazardKind.FIRE: 0.0}
)


@pytest.mark.slow
def test_an_agent_under_watch(library: Library, tmp_path: Path) -> None:
    burning = Camera("gate", library.hazard(FLAME, 0, lead_s=10.0))
    with broker(tmp_path) as (settings, _):
        run = Stand(tmp_path, settings).watch([*cameras.quiet(library, 2), burning], settle_s=4.0, seconds=20.0)
    assert run.cameras == 3
    assert run.cpu > 0
    assert 50 < run.rss_mb < 5000
    assert run.start_s is not None
    assert run.start_s > 0
    assert set(run.sources) == {"quiet-000", "quiet-001", "gate"}
    assert not run.unwell
    assert run.worst_age_s is not None
    assert run.quiet_share is not None
    assert run.quiet_share > 0
    raised = alarms.raised_by_agent(run.events)
    (found,) = alarms.outcomes([burning], raised)
    assert found.after_s is not None, run.events
    assert found.after_s > 0
    assert not alarms.unexpected([*cameras.quiet(library, 2), burning], raised)


@pytest.mark.slow
def test_start(library: Library, tmp_path: Path) -> None:
    with broker(tmp_path) as (settings, _):
        first_s, next_s = Stand(tmp_path, settings).starts_s(cameras.quiet(library, 1)[0])
    assert 0 < first_s < 60
    assert 0 < next_s < 60


def test_an_agent_that_ends_is_told_with_its_last_words(library: Library, tmp_path: Path) -> None:
    (camera,) = cameras.quiet(library, 1)
    with broker(tmp_path) as (settings, _), pytest.raises(LookoutError, match=r"(?s)ended with code 2.*analysis_fps"):
        Stand(tmp_path, settings).watch([camera], settle_s=0.0, seconds=1.0, analysis_fps=-1)


def test_without_mosquitto_the_embedded_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with broker(tmp_path) as (settings, kind):
        assert kind == "embedded"
        assert isinstance(settings, BrokerSettings)
