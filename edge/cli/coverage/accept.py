"""`lookout coverage accept`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calibration.errors import ConfigError
from edge.config import load_site


def accept(
    site: Annotated[Path, typer.Argument(metavar="SITE.yaml", help="The site file.", show_default=False)],
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE…", help="Which views.", show_default=False)],
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The agent's data folder, instead of the site's `agent.data`.")
    ] = None,
) -> None:
    """Take a view as it is now: after a camera was turned on purpose, `moved` is measured from there.

    An agent that runs learns the view anew within seconds, from four pictures that agree.

    Example: `lookout coverage accept site.yaml gate-3`
    """
    from edge.coverage.references import References

    loaded = load_site(site)
    known = [source.name for source in loaded.sources]
    strange = [name for name in sources if name not in known]
    if strange:
        raise ConfigError([f"source {name!r} is unknown, the site has: {', '.join(known)}" for name in strange])
    references = References(data or loaded.agent.data)
    for name in sources:
        path = references.path(name)
        learnt = path.exists()
        path.unlink(missing_ok=True)
        typer.echo(f"{name}: {'learnt anew' if learnt else 'nothing was learnt yet, it will be learnt as it is'}")
