"""XML from label files, which come from anywhere."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from calibration.errors import DatasetError
from pipelines.retraining.data.formats.export import text_of

Element = ET.Element
SubElement = ET.SubElement


def tree_of(path: Path) -> Element:
    """The root element of an XML file.

    A document type is refused: its entities are what makes XML from strangers dangerous, and no labelling tool
    writes one.

    Raises:
        DatasetError: it can not be read, is no XML, or has a document type.
    """
    text = text_of(path)
    if "<!DOCTYPE" in text[:1000] or "<!ENTITY" in text:
        raise DatasetError(f"{path}: has a document type or entities, which no labelling tool writes; it is not read")
    try:
        return ET.fromstring(text)  # noqa: S314
    except ET.ParseError as error:
        raise DatasetError(f"{path}: is not XML: {error}") from error


def text_from(root: Element) -> str:
    """As it stands in a file, indented."""
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def number(element: Element | None, tag: str) -> float:
    """The number in the child `tag`.

    Raises:
        ValueError: there is none, or it is no number.
    """
    text = element.findtext(tag) if element is not None else None
    if text is None:
        raise ValueError(f"no <{tag}>")
    return float(text)
