"""Hard hats and vests on recorded footage, as `lookout inspect` tells them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli import app


@pytest.mark.parametrize(
    ("clip", "hazards"),
    [
        ("worker_zone", set()),  # a worker with both
        ("fuel_pump", {"no_hard_hat", "no_vest"}),  # at a filling station nobody wears either
        ("warehouse_fall", {"no_hard_hat"}),  # plain clothes
    ],
)
def test_who_wears_what(shared: Path, clip: str, hazards: set[str]) -> None:
    path = shared / "data" / "clips" / f"{clip}.mp4"
    result = CliRunner().invoke(app, ["inspect", "--json", "--rules", "no_hard_hat,no_vest", str(path)])
    assert result.exit_code == 0
    records = [json.loads(line) for line in result.stdout.splitlines()]
    opened = {record["hazard"] for record in records if record.get("phase") == "open"}
    assert opened == hazards if not hazards else opened >= hazards
