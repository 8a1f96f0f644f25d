"""Ground is looked at by pictures that show something, and by no others."""

from __future__ import annotations

import pytest

from edge.config.mission import Mission
from edge.patrol.findings import Findings
from edge.patrol.page import page
from pipelines.coverage import ViewFault
from tests.edge.patrol.test_unplaced import a_pose
from tests.pipelines.builders import a_frame


@pytest.mark.parametrize(
    ("luma", "fault", "words"),
    [(16, ViewFault.DARK, "picture black"), (250, ViewFault.BLOWN_OUT, "picture blown out")],
)
def test_a_picture_that_shows_nothing_has_looked_at_nothing(luma: int, fault: ViewFault, words: str) -> None:
    findings = Findings()
    for second in range(6):
        findings.note(a_frame(luma, time_s=second), a_pose(second, pitch_deg=-60.0), [], second)
    assert findings.cover.area()[1] == 0
    assert len(findings.way) == 6
    assert findings.empty == {fault: 6}
    assert f"6 looks show nothing: {words}" in page(findings, Mission(lang="en"))
    findings.note(a_frame(time_s=6.0), a_pose(6.0, pitch_deg=-60.0), [], 6.0)
    assert findings.cover.area()[1] > 100
    assert findings.empty == {fault: 6}
