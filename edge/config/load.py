"""Reads a site file: the whole of it or every fault in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from calibration.errors import ConfigError
from edge.config.checks import cross_check, draft
from edge.config.document import Document
from edge.config.faults import Fault, refusal
from edge.config.messages import faults_of
from edge.config.site import ModelUse, Site
from edge.config.source import SourceSettings, is_relative
from edge.config.syntax import BadFile, decode
from edge.model_store import ModelStore
from pipelines.detect.card import Card


def load_site(path: Path, env: Mapping[str, str] = os.environ, store: ModelStore | None = None) -> Site:
    """Read and check a site file.

    Args:
        path: the YAML file; relative paths in it count from its folder.
        env: where `${NAME}` is looked up.
        store: where models are found by name; the installed ones when left out.

    Raises:
        ConfigError: it can not be read, or is wrong: all faults at once, in the order of the file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError([f"can not be read: {error.strerror}"], str(path)) from error
    return parse_site(content, path, env, store)


def parse_site(
    content: bytes, path: Path, env: Mapping[str, str] = os.environ, store: ModelStore | None = None
) -> Site:
    """Check the content of a site file.

    Args:
        content: of the file.
        path: where it is or was, for messages and for relative paths in it.
        env: where `${NAME}` is looked up.
        store: where models are found by name; the installed ones when left out.

    Raises:
        ConfigError: it is wrong: all faults at once, in the order of the file.
    """
    try:
        document = Document(decode(content), env)
    except BadFile as error:
        raise refusal([error.fault], str(path)) from error
    folder = path.absolute().parent
    models = store if store is not None else ModelStore.installed()
    site, faults = _validate(document)
    faults += [
        document.fault(at, text)
        for at, text in cross_check(draft(document.value), lambda use: read_card(use, models, folder))
    ]
    known = {fault.path for fault in document.faults}
    faults = document.faults + [fault for fault in faults if fault.path not in known]
    if faults or site is None:
        raise refusal(faults, str(path))
    whole: Site = anchored(site, folder)
    return whole


def read_card(use: ModelUse, store: ModelStore, folder: Path = Path()) -> Card:
    """The card of a model, with the site's thresholds in it.

    Raises:
        ModelError: it is missing or wrong.
    """
    where = use.where
    return store.card(folder / where if isinstance(where, Path) else where).with_thresholds(use.thresholds)


def anchored(value: Any, folder: Path) -> Any:
    """The same value with every relative path in it counted from a folder."""
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, tuple):
        return tuple(anchored(item, folder) for item in value)
    if not isinstance(value, BaseModel):
        return value
    parts = {name: getattr(value, name) for name in type(value).model_fields}
    moved = {name: anchored(part, folder) for name, part in parts.items()}
    if isinstance(value, SourceSettings) and is_relative(value.url):
        moved["url"] = str(folder / value.url)
    if isinstance(value, SourceSettings) and value.sub_url is not None and is_relative(value.sub_url):
        moved["sub_url"] = str(folder / value.sub_url)
    return value.model_copy(update={name: part for name, part in moved.items() if part != parts[name]})


def _validate(document: Document) -> tuple[Site | None, list[Fault]]:
    try:
        return Site.model_validate(document.value), []
    except ValidationError as error:
        return None, faults_of(error, document, Site)
