"""The word that the status has for a source."""

from __future__ import annotations

import pytest

from edge.agent.status import _words
from edge.agent.supervisor import State as Post
from edge.agent.supervisor import WorkerReport
from edge.sources import SourceStats, State

WELL = WorkerReport("source:gate", Post.RUNNING, 0, 0, 0.1, "", None)
HUNG = WorkerReport("source:gate", Post.WAITING, 1, 1, None, "hung: no sign of life for 45.2 s", None)
OUT = WorkerReport("source:gate", Post.QUARANTINED, 0, 0, None, "made the process restart itself twice", 1.8e9)
DONE = WorkerReport("source:gate", Post.FINISHED, 0, 0, None, "", None)


@pytest.mark.parametrize(
    ("stats", "worker", "word", "fault"),
    [
        pytest.param(SourceStats(), WELL, "starting", "", id="nothing yet"),
        pytest.param(SourceStats(State.CONNECTING), WELL, "starting", "", id="first connection"),
        pytest.param(SourceStats(State.STREAMING, frames=9), WELL, "online", "", id="frames come"),
        pytest.param(SourceStats(State.WAITING, "refused"), WELL, "lost", "refused", id="waits before it tries again"),
        # While it tries again it is still lost, and the reason stays.
        pytest.param(SourceStats(State.CONNECTING, "refused"), WELL, "lost", "refused", id="tries again"),
        pytest.param(SourceStats(State.CONNECTING, frames=9), WELL, "lost", "", id="was there before"),
        pytest.param(SourceStats(State.ENDED, frames=9), DONE, "ended", "", id="a recording came to its end"),
        pytest.param(SourceStats(State.UNUSABLE, "no video"), DONE, "unusable", "no video", id="for good"),
        pytest.param(SourceStats(State.STREAMING, frames=9), HUNG, "lost", HUNG.last_error, id="its thread hung"),
        pytest.param(SourceStats(), OUT, "quarantined", OUT.last_error, id="kept out"),
        pytest.param(SourceStats(), None, "starting", "", id="before the supervisor knows it"),
    ],
)
def test_word_and_fault(stats: SourceStats, worker: WorkerReport | None, word: str, fault: str) -> None:
    assert _words(stats, worker) == (word, fault)


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_word(state: State) -> None:
    assert _words(SourceStats(state), WELL)[0]
