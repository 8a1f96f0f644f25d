"""A running agent is scraped, and what it says is read with the library's own parser."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from calibration.errors import ConfigError
from edge.delivery.contract import Heartbeat
from edge.metrics import Figures, MetricsServer
from tests.edge.agent.conftest import Running, clip, run_agent, source, write_site  # noqa: F401 - fixtures
from tests.edge.delivery.mosquitto import free_port


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""
    except OSError:
        return 0, ""


def values(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.slow
def test_an_agent_is_scraped(tmp_path: Path, clip: Path, run_agent: Callable[..., Running]) -> None:  # noqa: F811
    port = free_port()
    site = write_site(tmp_path, free_port(), source("gate", clip, loop=True))
    content = yaml.safe_load(site.read_text())
    content["agent"]["metrics"] = f"127.0.0.1:{port}"
    site.write_text(yaml.safe_dump(content))
    agent = run_agent(site)
    base = f"http://127.0.0.1:{port}"
    agent.until(lambda: values(get(f"{base}/metrics")[1]).get("lookout_source_inspections_total gate", 0) > 3, "looks")
    found = values(get(f"{base}/metrics")[1])
    assert found["lookout_source_online gate"] == 1
    assert found["lookout_source_watched gate"] == 1
    assert found["lookout_source_frames_total gate"] > 0
    assert found["lookout_outbox_waiting"] > 0  # no broker is there
    assert found["lookout_thread_restarts_total inference"] == 0
    assert get(f"{base}/healthz") == (200, "ok\n")
    assert get(f"{base}/secrets")[0] == 404
    assert agent.end(signal.SIGTERM) < 2.5


def test_an_address_that_is_taken_is_a_fault() -> None:
    figures = Figures(Heartbeat, lambda: 0)
    first = MetricsServer("127.0.0.1:0", figures, lambda: True)
    port = first._server.server_port
    with pytest.raises(ConfigError, match=rf"agent.metrics: 127.0.0.1:{port} can not be listened on: "):
        MetricsServer(f"127.0.0.1:{port}", figures, lambda: True)
    first.close()
