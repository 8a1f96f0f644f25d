"""The example sites load as they are; the page about the site file is as the settings are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from edge.config import Site, load_site
from edge.config.document import Document
from pipelines.events import Mode
from pipelines.rules import RULES
from tests.site_page import PAGE, SECTIONS, page, tables_in

ENV = {"LOOKOUT_MQTT_PASSWORD": "m", "CAMERA_PASSWORD": "c", "LOOKOUT_UPLOAD_TOKEN": "t"}


@pytest.mark.parametrize("name", sorted(p.name for p in (PAGE.parents[1] / "examples").glob("*.yaml")))
def test_example_loads(name: str, root: Path) -> None:
    # Against the models that come with the program: what they see and what their classes are called.
    assert isinstance(load_site(root / "examples" / name, ENV), Site)


def test_the_factory_shows_everything(root: Path) -> None:
    site = load_site(root / "examples" / "factory.yaml", ENV)
    rules = [rule for source in site.sources for rule in source.rules]
    assert len(site.sources) == 3
    # An example must load with the models that ship: person_down joins it together with a pose model.
    assert {str(rule.kind) for rule in rules} >= set(RULES) - {"person_down"}
    assert any(rule.escalate for rule in rules)
    assert any(rule.hours for rule in rules)
    assert any(source.mode is Mode.OBSERVE for source in site.sources)
    assert all(source.place.enterprise and source.place.position for source in site.sources)
    assert site.sources[1].place.building == "锂电池仓库"  # merged, then overridden


def test_the_page_has_every_table_as_it_is_now() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert sorted(tables_in(text)) == sorted(SECTIONS), "a table is missing or stands twice"
    assert page(text) == text, "run `python -m tests.site_page`"


@pytest.mark.parametrize("model", SECTIONS.values(), ids=SECTIONS)
def test_every_setting_is_described(model: type[BaseModel]) -> None:
    silent = [key for key, field in model.model_fields.items() if not field.description and key not in ("rule", "kind")]
    assert not silent


def test_yaml_on_the_page_is_yaml() -> None:
    blocks = re.findall(r"^( *)```yaml\n(.*?)^\1```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 2
    for _, block in blocks:
        assert Document(block, ENV).faults == []
        assert yaml.safe_load(block)
