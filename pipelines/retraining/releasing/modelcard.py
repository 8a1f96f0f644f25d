"""The model card in prose: what a person reads before the model watches their site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.detect import Card
from pipelines.retraining.releasing.gate import Measured
from pipelines.retraining.scoring.calibrate import FEW


@dataclass(frozen=True, slots=True, eq=False)
class Story:
    """What there is to tell.

    Attributes:
        card: fields as released.
        metrics: what the candidate's `metrics.json` knew: training, calibration, quantisation.
        measured: the model on the data of the release.
        commands: what prints the figures.
        against: the released model that it was held against, and its figures on the same data.
        notes: what changed, in the words of whoever released it.
        plots: names of the pictures in `plots/`.
    """

    card: Mapping[str, Any]
    metrics: Mapping[str, Any]
    measured: Measured
    commands: Mapping[str, str]
    against: tuple[Card, Measured] | None
    notes: str
    plots: Sequence[str]


def tell(story: Story) -> str:
    """The whole page, Markdown."""
    card = story.card
    parts = {
        "What it is for": _purpose(story),
        "What it was trained on": _training(story),
        "How good it is": _figures(story),
        "From when a detection counts": _thresholds(story),
        "How it runs": _running(story),
        "What it can not do": _limits(story),
        "What changed": _changes(story),
        "Licence": iter([f"{card['licence']}."]),
    }
    text = [f"# {card['name']} {card['version']}", "", "Written by `lookout release`.", ""]
    for title, lines in parts.items():
        text += [f"## {title}", "", *lines, ""]
    return "\n".join(text).rstrip() + "\n"


def _purpose(story: Story) -> Iterator[str]:
    card = story.card
    names = [each["name"] for each in card["classes"]]
    size = card["input"]
    yield (
        f"It finds {_listed(names)} in pictures of {size['width']}×{size['height']} px"
        + (" and gives each a skeleton of keypoints." if card["task"] == "pose" else ".")
    )
    if card.get("made_for"):
        yield f"It was made for the rules {_listed([f'`{rule}`' for rule in card['made_for']])}."


def _training(story: Story) -> Iterator[str]:
    card, training = story.card, story.metrics.get("training")
    yield f"{card['training_data'].rstrip('.')}."
    yield f"It started from `{card['base']}`; the recipe's digest is `{card['recipe']}`."
    if training:
        pictures, empty = training["pictures"], training["empty"]
        yield (
            f"{pictures.get('train', 0):,} pictures, {empty.get('train', 0):,} of them empty, "
            f"{training['epochs']} epochs in {training['hours']} hours; "
            f"{pictures.get('hold', 0):,} more were held out to choose by."
        )
        if training.get("withheld"):
            yield (f"{training['withheld']:,} were left out because they look like pictures that it is measured on.")


def _figures(story: Story) -> Iterator[str]:
    images, theirs = story.measured.images, story.against[1].images if story.against else None
    yield f"On {story.card['metrics']['data']}, as printed by"
    yield from ("", "```text", story.commands["images"], "```", "")
    title = f" {story.against[0].version} |" if story.against else ""
    yield f"| | AP50 | 95 % |{title} Precision | Recall | False per empty picture |"
    yield "|---|---|---|" + ("---|" if theirs else "") + "---|---|---|"
    for name, one in images.classes.items():
        before = theirs.classes.get(name) if theirs else None
        old = f" {_figure(before.ap50 if before else None)} |" if theirs else ""
        yield (
            f"| {name} | {_figure(one.ap50)} | {_span(one.interval)} |{old} {_figure(one.precision)} | "
            f"{_figure(one.recall)} | {_figure(one.fp_per_empty)} |"
        )
    old = f" {_figure(theirs.map50)} |" if theirs else ""
    yield f"| all | {_figure(images.map50)} | {_span(images.interval)} |{old} | | {_figure(images.fp_per_empty)} |"
    clips = story.measured.clips
    if clips is not None:
        total = clips.total
        yield ""
        yield (
            f"On {len(clips.clips)} clips the whole pipeline finds {total.found} of {total.events} events"
            + (f", after {total.delay_s:.1f} s in the median" if total.delay_s is not None else "")
            + f", with {total.false} false alarms in {total.quiet_hours:.2f} quiet hours"
            + (
                f": at most {total.false_per_day_at_most:,.0f} a camera and day can be ruled out with 95 %, no fewer."
                if total.false_per_day_at_most is not None
                else "."
            )
        )
        yield from ("", "```text", story.commands["clips"], "```")
    if story.plots:
        yield ""
        yield "Plots: " + ", ".join(f"[{name}](plots/{name})" for name in story.plots) + "."


def _thresholds(story: Story) -> Iterator[str]:
    for each in story.card["classes"]:
        yield f"- **{each['name']}** from {each['threshold']:g}: {each['threshold_source']}"


def _running(story: Story) -> Iterator[str]:
    card, quantised = story.card, story.metrics.get("quantised")
    yield f"The agent runs `{card['weights']}` (SHA-256 `{card['sha256']}`)."
    if quantised:
        yield (
            f"INT8 was measured at {quantised['speedup']:g} times the speed of float, both in turn on one thread of "
            f"one machine, and has {quantised['int8_bytes'] / 1e6:.1f} MB instead of "
            f"{quantised['float_bytes'] / 1e6:.1f}."
        )
        if card["weights"] == "model.onnx":
            yield "The release did not take it: it is slower, or the gate did not allow it."


def _limits(story: Story) -> Iterator[str]:
    images = story.measured.images
    weak = [name for name, one in images.classes.items() if one.recall is not None and one.recall < 0.5]
    if weak:
        yield f"- At its threshold it misses more than half of the labelled {_listed(weak)} in single pictures."
    small = images.sizes.get("small")
    if small is not None:
        yield f"- Small things (under 32×32 px of the stored picture) reach an AP50 of {small:.3f} only."
    labels = {each["name"]: 0 for each in story.card["classes"]} | {n: c.labels for n, c in images.classes.items()}
    few = [f"{name} ({count})" for name, count in labels.items() if 0 < count < FEW]
    if few:
        yield f"- So few boxes are labelled of {_listed(few)} that their figures are luck."
    bare = [name for name, count in labels.items() if count == 0]
    if bare:
        yield f"- Nothing is known of {_listed(bare)}: the data has no labels of it."
    yield f"- The figures hold for footage like {story.card['metrics']['data']}; another place may differ widely."
    if images.empty < 100:
        yield f"- {images.empty} empty pictures say little of false alarms."


def _changes(story: Story) -> Iterator[str]:
    if story.notes:
        yield story.notes
    if story.against is None:
        yield "This is the first release."
        return
    card, theirs = story.against
    ours, before = story.measured.images.map50, theirs.images.map50
    yield f"Against {card.version}, on the same pictures in one run: mAP50 {_figure(before)} → {_figure(ours)}."
    moved = [
        f"{each['name']} {old.threshold:g} → {each['threshold']:g}"
        for each in story.card["classes"]
        for old in card.classes
        if old.name == each["name"] and old.threshold != each["threshold"]
    ]
    if moved:
        yield f"Thresholds: {', '.join(moved)}."


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _span(bounds: tuple[float, float] | None) -> str:
    return "–" if bounds is None else f"{bounds[0]:.3f}–{bounds[1]:.3f}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
