"""`lookout models`."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from calibration.errors import ModelError
from edge.model_store import ModelState, ModelStore
from edge.trust import Seal, read_trust


def models(
    folder: Annotated[
        Path | None,
        typer.Option("--models", metavar="DIR", help="A folder of model folders; the installed ones if left out."),
    ] = None,
    trusted: Annotated[
        list[Path] | None,
        typer.Option("--trust", metavar="KEY.pub", help="A public key to trust besides the program's. Repeat."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the models at hand and verify their digests and signatures.

    Exit code 1 if a model can not be used: a digest or a signature differs, a card is wrong, weights are missing.
    An unsigned model is told; it is wrong only where a site says `require_signed: true`.

    Example: `lookout models --models /srv/models --json`
    """
    if folder is not None and not folder.is_dir():
        raise ModelError(f"{folder}: is not a folder of models")
    trust = read_trust(trusted or ())
    store = ModelStore([folder], trust) if folder is not None else ModelStore.installed().trusting(trust)
    states = store.list()
    if json:
        typer.echo(json_format.dumps([_record(state) for state in states], ensure_ascii=False, indent=2))
    else:
        _show(states)
    if any(state.fault is not None for state in states):
        raise typer.Exit(1)


_COLOURS = {Seal.SIGNED: "[green]signed[/]", Seal.UNSIGNED: "unsigned", Seal.UNKNOWN: "[yellow]unknown key[/]"}


def _record(state: ModelState) -> dict[str, object]:
    card = state.card
    return {
        "name": state.name,
        "ok": state.fault is None,
        "fault": state.fault,
        "signature": state.signed.seal.value if state.signed else None,
        "signed_by": state.signed.key if state.signed else None,
        "folder": str(state.folder),
        "version": card.version if card else None,
        "licence": card.licence if card else None,
        "weights": card.weights if card else None,
        "sha256": card.sha256 if card else None,
        "alternative": card.alternative.model_dump() if card and card.alternative else None,
        "input": [card.input.width, card.input.height] if card else None,
        "classes": [{"name": c.name, "means": c.means, "threshold": c.threshold} for c in card.classes] if card else [],
        "metrics": card.metrics if card else {},
    }


def _show(states: tuple[ModelState, ...]) -> None:
    table = Table(Column("Model", no_wrap=True), "Version", "Input", "Sees", "Licence", "Checked")
    for state in states:
        card = state.card
        signed = state.signed
        verdict = "[red]wrong[/]" if signed is None else f"[green]verified[/], {_COLOURS[signed.seal]}"
        if card is None:
            table.add_row(state.name, "", "", "", "", verdict)
            continue
        seen = ", ".join(card.sees)
        table.add_row(state.name, card.version, f"{card.input.width}×{card.input.height}", seen, card.licence, verdict)
    console = Console()
    console.print(table if states else "no models found")
    for state in states:
        if state.fault is not None:
            console.print(f"{state.name}: {state.fault}", style="red", markup=False, highlight=False, soft_wrap=True)
