"""`inspect --harvest`, a verdict, `dataset harvest`: the real pipeline on real footage, to a data set that splits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import pytest
import yaml
from typer.testing import CliRunner

from edge.cli import app
from pipelines.retraining.data.dataset import load_dataset


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [*map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """Five seconds of the demo's yard, in which somebody walks onto the lawn, and the demo's site for them."""
    folder = tmp_path_factory.mktemp("yard")
    demo = root / "datasets" / "demo"
    with av.open(str(demo / "yard.mp4")) as whole, av.open(str(folder / "yard.mp4"), "w") as part:
        shown = whole.streams.video[0]
        stream = part.add_stream("libx264", rate=10, options={"preset": "ultrafast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = shown.width, shown.height, "yuv420p"
        for frame in whole.decode(video=0):
            if 8 <= frame.time <= 13:
                part.mux(stream.encode(av.VideoFrame.from_ndarray(frame.to_ndarray(format="yuv420p"), "yuv420p")))
        part.mux(stream.encode(None))
    site = yaml.safe_load((demo / "site.yaml").read_text(encoding="utf-8"))
    site["sources"] = [source for source in site["sources"] if source["name"] == "yard"]
    (folder / "site.yaml").write_text(yaml.safe_dump(site), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def inspected(yard: Path) -> tuple[Path, list[dict[str, Any]]]:
    """The folder that was harvested into, and the alarms."""
    data = yard / "data"
    code, out, err = run("inspect", "--json", yard / "yard.mp4", "--site", yard / "site.yaml", "--harvest", data)
    assert code == 0
    assert f"frames kept in {data}" in err
    records = [json.loads(line) for line in out.splitlines()]
    return data, [r for r in records if r.get("phase") == "open"]


def judge(data: Path, incident: str, verdict: str) -> None:
    line = {"incident": incident, "verdict": verdict, "time": "2026-11-22T03:04:05Z"}
    (data / "verdicts.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")


def test_a_false_alarm_where_others_stand_about_waits_for_a_person(
    inspected: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    data, (alarm,) = inspected
    out = tmp_path / "lawn"
    judge(data, alarm["incident"], "false_alarm")
    command = ("dataset", "harvest", data, "--name", "lawn", "--out", out, "--model", "people-vehicles", "--json")
    for trust in ((), ("--trust", "restricted_zone")):  # there are people beside the lawn: no negative in any case
        code, stdout, stderr = run(*command, *trust)
        assert (code, stderr) == (0, "")
        made = json.loads(stdout)
        assert (made["model"], made["pictures"], made["verdicts"]) == ("people-vehicles", 0, 1)
        assert made["to_label"] == sum(made["kept"].values()) > made["kept"]["incident"] == 1
    tasks = json.loads((out / "to-label" / "tasks.json").read_text(encoding="utf-8"))
    (task,) = [task for task in tasks if task["data"]["why"] == "incident"]
    assert task["data"]["verdicts"] == ["false_alarm"]
    assert task["predictions"][0]["result"]  # those people, as proposals


def test_a_true_alarm_has_the_incidents_box_and_the_set_can_be_split(
    inspected: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    data, (alarm,) = inspected
    out = tmp_path / "lawn"
    judge(data, alarm["incident"], "true_alarm")
    code, stdout, _ = run("dataset", "harvest", data, "--name", "lawn", "--out", out, "--trust", "restricted_zone")
    assert code == 0
    assert f"{out}: 1 labelled pictures (1 of them new, 0 without a box) in 1 groups." in stdout
    (picture,) = load_dataset(out).pictures
    share = picture.labels.xyxy / [picture.width, picture.height, picture.width, picture.height]
    left, top, right, bottom = alarm["bbox"]  # of a zone: around everybody in it
    inside = (share > [left - 0.01, top - 0.01] * 2).all(axis=1) & (share < [right + 0.01, bottom + 0.01] * 2).all(
        axis=1
    )
    assert inside.any()
    assert not inside.all()  # and the people beside the lawn, who would else be taught to be none
    assert run("dataset", "split", out)[0] == 0
    assert run("dataset", "check", out)[0] == 0


def test_footage_without_the_hazard_is_taken_as_negative_and_removed(
    inspected: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    data, _ = inspected
    copy = tmp_path / "data"
    for path in (data / "harvest").rglob("*.*"):
        target = copy / path.relative_to(data)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    out = tmp_path / "yard"
    command = ("dataset", "harvest", copy, "--name", "yard", "--out", out, "--all-negative", "--remove")
    assert run(*command)[0] == 0
    dataset = load_dataset(out)
    assert dataset.pictures
    assert not any(len(picture.labels) for picture in dataset.pictures)
    assert not list((copy / "harvest").rglob("*.*g"))
    code, _, stderr = run(*command)
    assert code == 2
    assert "nothing was kept yet" in stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "--name", "x"], "nowhere: has no folder harvest/"),
        (["nowhere", "--name", "x", "--trust", "rain"], "--trust rain: no such hazard, allowed: fire, smoke,"),
    ],
)
def test_what_can_not_be_done_is_one_message(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run("dataset", "harvest", *arguments)
    assert (code, out) == (2, "")
    assert said in err
