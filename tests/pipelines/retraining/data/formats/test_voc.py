from __future__ import annotations

from pathlib import Path

import pytest

from calibration.errors import DatasetError
from pipelines.retraining.data.formats import voc
from tests.pipelines.retraining.sample import picture

THING = "<object><name>{}</name><bndbox><xmin>10</xmin><ymin>5.5</ymin><xmax>30</xmax><ymax>35</ymax></bndbox></object>"


def a_file(folder: Path, *things: str, name: str = "a.jpg", size: tuple[int, int] = (80, 60)) -> Path:
    """One XML file, as labelImg writes it, and its picture."""
    picture(folder / "JPEGImages", name)
    path = folder / "Annotations" / f"{Path(name).stem}.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    path.write_text(
        f"<annotation><folder>x</folder><filename>{name}</filename><path>C:\\\\pictures\\\\{name}</path>"
        f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>{''.join(things)}</annotation>"
    )
    return path


def test_boxes_and_classes_by_the_alphabet(tmp_path: Path) -> None:
    a_file(tmp_path, THING.format("smoke"), THING.format(" fire "))
    imported = voc.read(tmp_path)
    assert (imported.faults, imported.dataset.classes) == ((), ("fire", "smoke"))
    labels = imported.dataset.pictures[0].labels
    assert labels.class_id.tolist() == [1, 0]
    assert labels.xyxy[0].tolist() == [10, 5.5, 30, 35]


def test_one_file_is_enough(tmp_path: Path) -> None:
    path = a_file(tmp_path, THING.format("fire"))
    assert len(voc.read(path, pictures=tmp_path).dataset.pictures) == 1


def test_size_zero_means_that_it_was_not_known(tmp_path: Path) -> None:
    a_file(tmp_path, THING.format("fire"), size=(0, 0))
    assert voc.read(tmp_path).dataset.pictures[0].labels.xyxy[0].tolist() == [10, 5.5, 30, 35]


def test_splits_are_the_lists_but_not_those_of_a_class(tmp_path: Path) -> None:
    for name in ("a_0001.4s.jpg", "b.jpg"):
        a_file(tmp_path, THING.format("fire"), name=name)
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a_0001.4s\n")
    (lists / "trainval.txt").write_text("a_0001.4s\nb\n")
    (lists / "fire_val.txt").write_text("b  1\n")
    assert {each.path.name: each.split for each in voc.read(tmp_path).dataset.pictures} == {
        "a_0001.4s.jpg": "train",
        "b.jpg": None,
    }


@pytest.mark.parametrize(
    ("thing", "found"),
    [
        ("<object><name>fire</name></object>", "no <xmin>"),
        (THING.format("fire").replace("<xmax>30</xmax>", ""), "no <xmax>"),
        (THING.format("fire").replace("30", "wide"), "could not convert string to float: 'wide'"),
    ],
)
def test_a_malformed_object_leaves_the_rest(tmp_path: Path, thing: str, found: str) -> None:
    a_file(tmp_path, thing, THING.format("fire"))
    imported = voc.read(tmp_path)
    assert len(imported.dataset.pictures[0].labels) == 1
    (fault,) = imported.faults
    assert (fault.what, fault.place, fault.found) == ("malformed label", "a.xml object 1", found)


def test_files_that_are_not_voc_are_listed(tmp_path: Path) -> None:
    a_file(tmp_path, THING.format("fire"))
    (tmp_path / "Annotations" / "broken.xml").write_text("<annotation><size>")
    (tmp_path / "Annotations" / "other.xml").write_text("<annotations/>")
    (tmp_path / "Annotations" / "bomb.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>')
    picture(tmp_path / "JPEGImages", "nobody.jpg")
    imported = voc.read(tmp_path)
    assert len(imported.dataset.pictures) == 1
    assert {(fault.picture, fault.outcome) for fault in imported.faults} == {
        ("broken.xml", "labels left out"),
        ("other.xml", "labels left out"),
        ("bomb.xml", "labels left out"),
        ("JPEGImages/nobody.jpg", "picture left out"),
    }


def test_a_folder_without_voc(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<opencv_storage/>")
    with pytest.raises(DatasetError, match="none of 1 XML files is VOC's <annotation>: the root element <opencv_stor"):
        voc.read(tmp_path)
