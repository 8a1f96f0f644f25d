"""pydantic's errors in the words of the person who wrote the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from edge.config.document import Document
from edge.config.faults import Fault
from edge.config.paths import KeyPath, choices
from edge.config.schema import bounds, field_at, is_secret, model_at, models_in, tag_of


@dataclass(frozen=True, slots=True)
class Wrong:
    """One error of pydantic's, with what is known about its place.

    Attributes:
        detail: the error.
        path: where it stands in the file.
        field: the setting there, if the path leads to one.
        keys: the keys allowed beside it, or in it where it should be a mapping.
        tags: the values that a `rule:` or `kind:` there may have.
        written: the value in the file; a secret is not shown.
    """

    detail: ErrorDetails
    path: KeyPath
    field: FieldInfo | None
    keys: tuple[str, ...]
    tags: tuple[str, ...]
    written: str

    @property
    def context(self) -> dict[str, Any]:
        """The figures of the error."""
        return self.detail.get("ctx", {})

    @property
    def found(self) -> str:
        """Begins most messages."""
        return "found a secret" if is_secret(self.field) else f"found {self.written}"

    @property
    def about(self) -> str:
        """What the setting is for."""
        return self.field.description or "" if self.field is not None else ""


def faults_of(error: ValidationError, document: Document, root: type[BaseModel]) -> list[Fault]:
    """One fault for each thing wrong, none twice.

    Args:
        error: of validating the document against the model.
        document: the file.
        root: the model.
    """
    found: dict[tuple[KeyPath, str], Fault] = {}
    for detail in error.errors(include_url=False):
        wrong = _place(detail, document, root)
        if detail["type"] == "too_short" and document.length(wrong.path) >= detail["ctx"]["min_length"]:
            continue  # pydantic counts the valid items only; the invalid ones have faults of their own
        fault = document.fault(wrong.path, _words(wrong))
        found.setdefault((fault.path, fault.text), fault)
    return list(found.values())


def _place(detail: ErrorDetails, document: Document, root: type[BaseModel]) -> Wrong:
    """Find the path in the file; pydantic's own also holds the names of union members, which nobody wrote."""
    path: KeyPath = ()
    tags: dict[KeyPath, str] = {}
    for i, step in enumerate(detail["loc"]):
        absent = detail["type"] == "missing" and i == len(detail["loc"]) - 1
        if absent or document.has((*path, step)):
            path = (*path, step)
        elif isinstance(step, str):
            tags[path] = step
    allowed: tuple[str, ...] = ()
    if detail["type"].startswith("union_tag"):
        key = str(detail["ctx"]["discriminator"]).strip("'")
        union = field_at(root, path, tags)
        members = models_in(union.annotation) if union is not None else ()
        allowed = tuple(tag for member in members if (tag := tag_of(member, key)) is not None)
        path = (*path, key)
    around = model_at(root, path if detail["type"].startswith("model") else path[:-1], tags)
    keys = tuple(around.model_fields) if around is not None else ()
    return Wrong(detail, path, field_at(root, path, tags), keys, allowed, document.written(path))


def _words(wrong: Wrong) -> str:
    kind = wrong.detail["type"]
    if kind in _WORDS:
        return _WORDS[kind](wrong)
    for start, expected in _EXPECTED.items():
        if kind.startswith(start):
            limits = bounds(wrong.field)
            return f"{wrong.found}, expected {expected}{f', {limits}' if limits else ''}"
    return f"{wrong.found}: {wrong.detail['msg']}"


def _unknown_key(wrong: Wrong) -> str:
    return f"unknown key, {choices(str(wrong.path[-1]), wrong.keys)}"


def _missing(wrong: Wrong) -> str:
    return f"missing ({wrong.about})" if wrong.about else "missing"


def _choice(wrong: Wrong) -> str:
    allowed = str(wrong.context["expected"]).replace(" or ", ", ").split(", ")
    return f"{wrong.found}, {choices(wrong.written.strip(chr(39)), [a.strip(chr(39)) for a in allowed])}"


def _tag(wrong: Wrong) -> str:
    if "tag" not in wrong.context:
        return f"missing, allowed: {', '.join(wrong.tags)}"
    return f"{wrong.found}, {choices(str(wrong.context['tag']), wrong.tags)}"


def _range(wrong: Wrong) -> str:
    said = wrong.detail["msg"].removeprefix("Input should be ")
    return f"{wrong.found}, allowed: {bounds(wrong.field) or said}"


def _length(wrong: Wrong) -> str:
    least, most = wrong.context.get("min_length"), wrong.context.get("max_length")
    amount = f"at least {least}" if least is not None else f"at most {most}"
    if not wrong.detail["type"].startswith("string"):
        return f"{wrong.found}, allowed: {amount}"
    return f"{wrong.found}, allowed: {'text' if least == 1 else f'{amount} characters'}"


def _pattern(wrong: Wrong) -> str:
    about = f" ({wrong.about})" if wrong.about else ""
    return f"{wrong.found}, allowed: text that matches {wrong.context['pattern']}{about}"


def _said(wrong: Wrong) -> str:
    """A validator of ours: it says what is allowed, and often what it found."""
    said = str(wrong.context.get("error", wrong.detail["msg"]))
    whole = wrong.written.startswith(("a list of", "a mapping"))
    return said if "found" in said or whole or is_secret(wrong.field) else f"{wrong.found}: {said}"


def _list(wrong: Wrong) -> str:
    hint = "; leave the key out if there are none" if wrong.written == "nothing" else ""
    return f"{wrong.found}, expected a list{hint}"


def _mapping(wrong: Wrong) -> str:
    """Often a bare word where its key was left out: `- fire` for `- rule: fire`."""
    key = next((key for key in ("rule", "kind", "name") if key in wrong.keys and wrong.written[:1] == "'"), None)
    return f"{wrong.found}, expected {f'{key}: {wrong.written[1:-1]}' if key else 'a mapping (key: value)'}"


_RANGES = ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "multiple_of")
_LENGTHS = ("too_short", "too_long", "string_too_short", "string_too_long")

_WORDS: dict[str, Callable[[Wrong], str]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "literal_error": _choice,
    "enum": _choice,
    "union_tag_invalid": _tag,
    "union_tag_not_found": _tag,
    "string_pattern_mismatch": _pattern,
    "value_error": _said,
    "model_type": _mapping,
    "model_attributes_type": _mapping,
    "tuple_type": _list,
    "list_type": _list,
    **dict.fromkeys(_RANGES, _range),
    **dict.fromkeys(_LENGTHS, _length),
}

_EXPECTED = {
    "dict": "a mapping (key: value)",
    "string": "text",
    "time": "a time of day as HH:MM, such as 08:00",
    "finite": "a finite number",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "path": "a path",
}
