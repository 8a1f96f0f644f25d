"""`lookout release`."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calibration.errors import ModelError
from edge.cli._scoring import labelled, load_model, people, played, predicted
from edge.cli.keys._files import read_key
from edge.model_store import CARD, LoadedModel, ModelStore
from edge.share import share_folder

if TYPE_CHECKING:
    from pipelines.retraining.data.dataset import Dataset
    from pipelines.retraining.data.leakage import Leak
    from pipelines.retraining.releasing.gate import Limits, Measured
    from pipelines.retraining.scoring.average_precision import Precision
    from pipelines.retraining.scoring.predictions import Predictions

STAGED = "data"
"""Where `lookout train` puts together what it trains on, in the training's folder."""


def release(  # noqa: PLR0913, PLR0917 - one parameter an option
    candidate: Annotated[Path, typer.Option(metavar="DIR", help="The candidate's folder.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="Of the model; its folder in --models.")],
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="What it is measured on: data.yaml and images/, or a manifest.")
    ],
    split: Annotated[str, typer.Option(metavar="S", help="Which split of it.")],
    key: Annotated[Path, typer.Option(metavar="KEY.pem", help="The private key that signs the card.")],
    clips: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Clips with their events, for alarms of the whole pipeline.")
    ] = None,
    trained_on: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="What it was trained on, held against the split for leaks; what `lookout train` staged beside the "
            "candidate if left out, else the other splits of --data. Repeat.",
        ),
    ] = None,
    models: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder of released models; the program's if left out.")
    ] = None,
    margin: Annotated[
        float, typer.Option(min=0, max=1, help="How far a class's AP50 may fall below the released model.")
    ] = 0.02,
    false_margin: Annotated[
        float, typer.Option(min=0, help="How many more false boxes per empty picture are allowed at equal recall.")
    ] = 0.02,
    dropped: Annotated[
        list[str] | None,
        typer.Option(
            "--drop", metavar="CLASS", help="A class of the released model that this one leaves out on purpose. Repeat."
        ),
    ] = None,
    version: Annotated[
        str | None, typer.Option(metavar="X.Y.Z", help="Of the release; counted up by what changed if left out.")
    ] = None,
    notes: Annotated[str, typer.Option(metavar="TEXT", help="What changed, for the model card.")] = "",
) -> None:
    """Hold a candidate against the released model, and release it if nothing speaks against it.

    Refused is a candidate with a leak between training and measuring, with a class whose AP50 falls more than the
    margin below the released model on the same pictures, with more false positives at equal recall or more false alarms
    on the clips, with an incomplete card or a file above 12 MB. All reasons are printed; exit code 1. What passes is
    written to `models/NAME`: weights, card, signature, figures, plots and a model card in prose. INT8 is taken if it
    is there, is faster and passes too.

    Example: `lookout release --candidate runs/fs/candidate/fire-smoke --name fire-smoke
    --data ../shared/data/fire-smoke --split val --clips ../shared/data/clips/clips.yaml --key release.pem`
    """
    from pipelines.detect.card import read_fields
    from pipelines.retraining.releasing.gate import Limits, refuse_card, refuse_leaks, refuse_size
    from pipelines.retraining.releasing.release import FLOAT, INT8, Release, next_version, refuse_version, write_release

    private = read_key(key)
    folder = models or share_folder() / "models"
    tested = load_model(candidate)
    fields = read_fields((candidate / CARD).read_text(encoding="utf-8"), str(candidate / CARD))
    limits = Limits(margin, false_margin)
    dataset = labelled(data, split)
    bench = _Bench(dataset, clips, folder, limits, frozenset(dropped or ()))
    before = _released(folder, name)
    old = before.card if before else None
    if version is not None:
        refuse_version(version, old)
    offered = _offered(candidate, tested)
    refusals = refuse_card(fields) + refuse_size({FLOAT: len(offered[FLOAT])}, limits)
    refusals += refuse_leaks(_leaks(trained_on or _training_data(candidate, data), dataset))
    standing = bench.run(before) if before else None
    found = bench.run(tested)
    refusals += bench.against(found, standing)
    if refusals:
        _refuse(name, refusals)
    small = bench.int8(candidate, tested, offered.get(INT8), found, standing)
    chosen, found = (FLOAT, found) if small is None else (INT8, small)
    if small is None:
        offered.pop(INT8, None)
    same = before is not None and before.weights == offered[chosen]
    made = Release(
        name=name,
        version=version or next_version(tested.card, old, same_weights=same),
        card=fields,
        weights=offered,
        chosen=chosen,
        measured=found.measured,
        data=dataset.name,
        commands=_commands(folder / name, data, split, clips),
        against=(before.card, standing.measured) if before and standing else None,
        notes=notes,
    )
    written = write_release(made, candidate, folder, private)
    typer.echo(f"{written}: {name} {made.version}, {chosen}, mAP50 {found.measured.images.map50 or 0:.3f}")


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One model measured, with what a comparison needs."""

    measured: Measured
    predictions: Predictions
    precision: Precision


@dataclass(frozen=True, slots=True)
class _Bench:
    """The data of the release, and what is allowed: every model is measured on the same, in the same way."""

    dataset: Dataset
    clips: Path | None
    models: Path
    limits: Limits
    dropped: frozenset[str]

    def run(self, model: LoadedModel) -> _Run:
        from pipelines.retraining.releasing.gate import Measured
        from pipelines.retraining.scoring.average_precision import average_precision
        from pipelines.retraining.scoring.evaluate_images import evaluate_images

        predictions = predicted(model, self.dataset)
        precision = average_precision(predictions)
        images = evaluate_images(predictions, precision)
        scores = played(model, self.clips, ModelStore([self.models])) if self.clips is not None else None
        return _Run(Measured(f"{model.card.name} {model.card.version}", images, scores), predictions, precision)

    def against(self, run: _Run, other: _Run | None) -> list[str]:
        """What speaks against a model beside another one; nothing beside none."""
        from pipelines.retraining.releasing.gate import refuse_fall, refuse_false_alarms
        from pipelines.retraining.scoring.compare import compare

        if other is None:
            return []
        comparison = compare((run.predictions, run.precision), (other.predictions, other.precision))
        return [
            *refuse_fall(run.measured, other.measured, self.limits, self.dropped),
            *refuse_false_alarms(run.measured, other.measured, comparison, self.limits),
        ]

    def int8(
        self, candidate: Path, tested: LoadedModel, weights: bytes | None, whole: _Run, standing: _Run | None
    ) -> _Run | None:
        """The INT8 version measured; None, and the reasons told, where the float one is to be taken."""
        from pipelines.retraining.releasing.gate import refuse_size
        from pipelines.retraining.releasing.release import INT8

        if weights is None:
            return None
        small = self.run(replace(tested, weights=weights))
        reasons = refuse_size({INT8: len(weights)}, self.limits) + _slow(candidate)
        reasons += self.against(small, whole) + self.against(small, standing)
        if reasons:
            people().print(f"INT8 is left out: {'; '.join(dict.fromkeys(reasons))}", markup=False)
        return None if reasons else small


def _slow(candidate: Path) -> list[str]:
    """INT8 is taken for its speed: not where it has none."""
    from pipelines.retraining.training.candidate import METRICS

    path = candidate / METRICS
    quantised = json.loads(path.read_text(encoding="utf-8")).get("quantised") if path.is_file() else None
    if quantised is None:
        return ["speed: not measured; run `lookout quantise`"]
    return [f"speed: {quantised['speedup']} times that of float"] if quantised["speedup"] <= 1 else []


def _released(models: Path, name: str) -> LoadedModel | None:
    return ModelStore([models]).load(name) if (models / name / CARD).is_file() else None


def _offered(candidate: Path, tested: LoadedModel) -> dict[str, bytes]:
    from pipelines.retraining.releasing.release import FLOAT, INT8

    if tested.card.weights != FLOAT:
        raise ModelError(f"{candidate / CARD}: weights {tested.card.weights}, a candidate's are the float {FLOAT}")
    small = candidate / INT8
    return {FLOAT: tested.weights} | ({INT8: small.read_bytes()} if small.is_file() else {})


def _training_data(candidate: Path, data: Path) -> list[Path]:
    staged = candidate.resolve().parent.parent / STAGED
    return [staged] if (staged / "data.yaml").is_file() else [data]


def _leaks(trained_on: list[Path], judged: Dataset) -> tuple[Leak, ...]:
    """Between every other picture of the training data and those that the candidate is measured on."""
    from pipelines.retraining.data.leakage import find_leaks

    # As they are called, links not followed: a link to a judged picture among the training pictures is a leak.
    these = {picture.path.absolute() for picture in judged.pictures}
    others = []
    for folder in trained_on:
        whole = _whole(folder)
        kept = [p for p in whole.pictures if p.path.absolute() not in these and p.split is not None]
        others.append(replace(whole, pictures=tuple(replace(p, split="training") for p in kept)))
    measured = replace(judged, pictures=tuple(replace(p, split="measuring") for p in judged.pictures))
    return find_leaks(measured, *others)


def _whole(folder: Path) -> Any:
    """All splits of a manifest or of a folder in YOLO layout."""
    from pipelines.retraining.data.dataset import INDEX, load_dataset
    from pipelines.retraining.data.formats import yolo

    return load_dataset(folder) if (folder / INDEX).is_file() else yolo.read(folder).dataset


def _commands(model: Path, data: Path, split: str, clips: Path | None) -> dict[str, str]:
    """What prints the figures again; paths as they were given."""
    shown = Path("models") / model.name
    images = ["lookout", "evaluate", "images", "--model", shown, "--data", data, "--split", split]
    found = {"images": shlex.join(map(str, images))}
    if clips is not None:
        found["clips"] = shlex.join(map(str, ["lookout", "evaluate", "clips", "--model", shown, "--clips", clips]))
    return found


def _refuse(name: str, refusals: list[str]) -> None:
    typer.echo(f"{name}: not released, {len(refusals)} reason{'s' * (len(refusals) != 1)}")
    for refusal in refusals:
        typer.echo(f"  {refusal}")
    raise typer.Exit(1)
