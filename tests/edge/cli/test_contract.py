from __future__ import annotations

import json

from typer.testing import CliRunner

from edge import cli
from edge.delivery.schema import json_schema


def test_standard_output_is_the_schema_and_nothing_else() -> None:
    result = CliRunner().invoke(cli.app, ["contract"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json_schema()
