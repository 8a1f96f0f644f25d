"""`lookout outputs test`."""

from __future__ import annotations

from typing import Annotated

import typer

from edge.cli.outputs._site import SiteFile, refuse_unknown
from edge.clock import AgentClock
from edge.config import load_site


def test(
    site: SiteFile,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this one; all if left out.")] = None,
) -> None:
    """Sound each output for a moment, and say what happened.

    Example: `lookout outputs test site.yaml siren`
    """
    from edge.outputs.outputs import Outputs

    loaded = load_site(site)
    refuse_unknown(loaded, name)
    failed = False
    loaded.agent.data.mkdir(parents=True, exist_ok=True)
    for runner in Outputs(loaded.outputs, {}, loaded.agent.lang, loaded.agent.data, AgentClock()).runners:
        if name in (None, runner.settings.name):
            fault = runner.test()
            failed |= fault is not None
            typer.echo(f"{runner.settings.name} ({runner.settings.kind}): {fault or 'done'}")
    if failed:
        raise typer.Exit(1)
