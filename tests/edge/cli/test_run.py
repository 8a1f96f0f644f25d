"""`lookout run` as a person meets it: signals, exit codes, messages."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edge.agent.conftest import Running, clip, run_agent, source, write_site

__all__ = ["clip", "run_agent"]  # fixtures


@pytest.fixture
def nobody() -> int:
    """A port at which no broker listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_two_seconds_with_everything_stored(
    tmp_path: Path, clip: Path, nobody: int, run_agent: Callable[..., Running], number: int
) -> None:
    agent = run_agent(write_site(tmp_path, nobody, source("gate", clip, loop=True)))
    agent.until(lambda: len(agent.events()) >= 2, "two alarms that wait for a broker")
    stored = agent.events()
    assert agent.end(number) < 2.0
    assert agent.process.returncode == 0
    assert agent.events()[: len(stored)] == stored
    # Nobody looked away because it was over: what the lens saw stays active.
    assert {event["condition"] for event in agent.events()} == {"active"}
    # The clips of those alarms were cut short, not given up.
    opened = {event["incident"] for event in agent.events() if event["phase"] == "open"}
    with_clip = {e["incident"] for e in agent.events() if "clip.mp4" in [proof["name"] for proof in e["evidence"]]}
    assert with_clip == opened
    assert agent.status["running"] is False


def test_a_signal_while_it_starts_is_not_kept_waiting(
    tmp_path: Path, clip: Path, nobody: int, run_agent: Callable[..., Running]
) -> None:
    agent = run_agent(write_site(tmp_path, nobody, source("gate", clip, loop=True)))
    agent.until((agent.data / "agent.lock").exists, "that it begins to start")
    assert agent.end(signal.SIGTERM) < 1.0
    assert agent.process.returncode == 0
    assert "lookout starts" not in agent.text


def test_a_source_that_hangs_does_not_hold_it_up_and_a_second_signal_ends_it_at_once(
    tmp_path: Path, clip: Path, nobody: int, run_agent: Callable[..., Running]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    site = write_site(tmp_path, nobody, source("stuck", pipe), source("gate", clip, loop=True))
    agent = run_agent(site)
    agent.until(lambda: agent.state("gate") == "online", "the other source")
    assert agent.end(signal.SIGINT) < 2.2  # hung: the threads get all of their 1.6 s
    assert agent.process.returncode == 0
    assert "left_behind=source:stuck" in agent.text

    agent = run_agent(site)
    agent.until(lambda: agent.text.count("state=streaming"), "the other source")
    agent.process.send_signal(signal.SIGINT)
    agent.until(lambda: agent.text.count("state=closed"), "that it begins to stop")
    assert agent.end(signal.SIGINT) < 1.0
    assert agent.process.returncode == 130


@pytest.mark.parametrize("broken", [False, True], ids=["all read to their end", "one cut off"])
def test_until_end(tmp_path: Path, clip: Path, run_agent: Callable[..., Running], broken: bool) -> None:
    from edge.delivery.broker import EmbeddedBroker
    from tests.edge.delivery.listener import Listener

    sources = [source("gate", clip, pace="fast")]
    if broken:
        (tmp_path / "part.mp4").write_bytes(clip.read_bytes()[:-2000])
        sources.append(source("part", tmp_path / "part.mp4", pace="fast"))
    with EmbeddedBroker() as broker, Listener(broker.port) as listener:
        agent = run_agent(write_site(tmp_path, broker.port, *sources), "--until-end")
        assert agent.process.wait(60) == (1 if broken else 0), agent.text
        topics = [heard.topic for heard in listener.heard]
    assert not agent.waiting()
    assert sum(topic.endswith("/event") for topic in topics) >= 4  # two alarms, each with its clip
    assert sum(topic.endswith("/clip.mp4") for topic in topics) >= 2


def test_a_second_agent_in_the_same_folder_is_refused(
    tmp_path: Path, clip: Path, nobody: int, run_agent: Callable[..., Running]
) -> None:
    site = write_site(tmp_path, nobody, source("gate", clip, loop=True))
    first = run_agent(site)
    first.until(lambda: first.state("gate") == "online", "the first agent")
    second = run_agent(site)
    assert second.process.wait(20) == 2
    assert f"another agent (process {first.process.pid}) works in it" in second.text
    third = run_agent(site, "--data", str(tmp_path / "other"))
    third.until(lambda: "broker=127" in third.text, "a start in another folder")


def test_a_wrong_site_file_is_one_message(tmp_path: Path, run_agent: Callable[..., Running]) -> None:
    (tmp_path / "site.yaml").write_text("site: {name: plant}\nsources: []\n")
    agent = run_agent(tmp_path / "site.yaml")
    assert agent.process.wait(20) == 2
    assert "Traceback" not in agent.text
    assert "sources" in agent.text
