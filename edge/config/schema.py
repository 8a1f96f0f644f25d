"""What the settings models say about themselves: keys, ranges, secrets. For messages and for docs/site.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import annotated_types
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from edge.config.paths import KeyPath


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that may stand behind an annotation, through lists, unions and options."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for part in get_args(annotation):
        yield from models_in(part)


def tag_of(model: type[BaseModel], key: str) -> str | None:
    """The one value that a model allows for its discriminating key."""
    field = model.model_fields.get(key)
    return str(field.default) if field is not None and field.default is not None else None


def field_at(root: type[BaseModel], path: KeyPath, tags: dict[KeyPath, str]) -> FieldInfo | None:
    """The field that a key path leads to.

    Args:
        root: the model of the whole file.
        path: keys and indices.
        tags: which member of a discriminated union stands at a path, such as `fire` at `sources[0].rules[1]`.
    """
    model: type[BaseModel] | None = root
    field: FieldInfo | None = None
    for i, step in enumerate(path):
        if isinstance(step, int):
            continue
        model = root if i == 0 else _one(field, tags.get(path[:i]))
        if model is None and field is not None and get_origin(field.annotation) is dict:
            continue
        field = model.model_fields.get(step) if model is not None else None
        if field is None:
            return None
    return field


def model_at(root: type[BaseModel], path: KeyPath, tags: dict[KeyPath, str]) -> type[BaseModel] | None:
    """The model whose keys are allowed at a key path."""
    return root if not path else _one(field_at(root, path, tags), tags.get(path))


def _one(field: FieldInfo | None, tag: str | None) -> type[BaseModel] | None:
    candidates = list(models_in(field.annotation)) if field is not None else []
    if tag is not None:
        named = [m for m in candidates if tag in (tag_of(m, "rule"), tag_of(m, "kind"))]
        candidates = named or candidates
    return candidates[0] if candidates else None


def is_secret(field: FieldInfo | None) -> bool:
    """Must the value never be shown?"""
    return field is not None and (not field.repr or SecretStr in (field.annotation, *get_args(field.annotation)))


def bounds(field: FieldInfo | None) -> str | None:
    """The allowed range in words, such as `1 to 4` or `above 0`; None where there is none."""
    metadata = list(field.metadata) if field is not None else []
    for part in (field.annotation, *get_args(field.annotation)) if field is not None else ():
        if get_origin(part) is Annotated:
            metadata += list(_flat(get_args(part)[1:]))
    low = high = ""
    for limit in _flat(metadata):
        match limit:
            case annotated_types.Ge(ge=value):
                low = f"{value}"
            case annotated_types.Gt(gt=value):
                low = f"above {value}"
            case annotated_types.Le(le=value):
                high = f"{value}"
            case annotated_types.Lt(lt=value):
                high = f"below {value}"
            case _:
                pass
    if low and high:
        return f"{low} to {high}"
    if low:
        return low if low.startswith("above") else f"{low} or more"
    return (high if high.startswith("below") else f"up to {high}") if high else None


def _flat(metadata: Any) -> Iterator[Any]:
    """Constraints one by one; pydantic keeps those of a shared alias inside one FieldInfo."""
    for part in metadata:
        if isinstance(part, FieldInfo):
            yield from part.metadata
        else:
            yield part
