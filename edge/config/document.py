"""A site file as plain values that remember where each of them was written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from edge.address import without_secrets
from edge.config.faults import Fault
from edge.config.paths import KeyPath, closest
from edge.config.syntax import BadFile, MappingNode, Node, ScalarNode, SequenceNode, compose
from edge.config.variables import fill

MOST_NODES = 50_000
"""Values after aliases are written out: stops a file of 1 kB that stands for a billion."""

_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = ("str", "int", "float", "bool", "merge")
_NUMBER = re.compile(r"[-+]?[0-9.]+")
_LONGEST_SHOWN = 60


class Document:
    """The content of one file.

    Args:
        text: YAML.
        env: where `${NAME}` is looked up.

    Attributes:
        value: mappings, lists, texts and None, with variables filled in.
        faults: what is wrong already: double keys, unset variables, unknown tags.

    Raises:
        BadFile: it is not YAML.
    """

    def __init__(self, text: str, env: Mapping[str, str]) -> None:
        self.faults: list[Fault] = []
        self._env = env
        self._nodes: dict[KeyPath, Node] = {}
        self._keys: dict[KeyPath, int] = {}
        self._open: list[int] = []
        self._work = 0
        self.value: Any = self._plain(compose(text), ())

    def line(self, path: KeyPath) -> int | None:
        """Line of the key, or of the value where it has none; of the nearest thing around it if it is missing."""
        while path not in self._keys:
            if path in self._nodes:
                return int(self._nodes[path].start_mark.line) + 1
            if not path:
                return None
            path = path[:-1]
        return self._keys[path]

    def written(self, path: KeyPath) -> str:
        """What stands there, as the person wrote it, without the secrets of the environment or of an address."""
        node = self._nodes.get(path)
        if isinstance(node, ScalarNode):
            text = without_secrets(str(node.value))
            shown = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
            if node.tag == f"{_TAG}null":
                return "nothing"
            return shown if _NUMBER.fullmatch(shown) and not node.style else repr(shown)
        if isinstance(node, SequenceNode):
            return f"a list of {len(node.value)}"
        return "a mapping" if isinstance(node, MappingNode) else "nothing"

    def has(self, path: KeyPath) -> bool:
        """Is anything written there?"""
        return path in self._nodes

    def length(self, path: KeyPath) -> int:
        """How many items the list there has; 0 if it is none."""
        node = self._nodes.get(path)
        return len(node.value) if isinstance(node, SequenceNode) else 0

    def fault(self, path: KeyPath, text: str) -> Fault:
        """A fault there, with its line."""
        return Fault(path, text, self.line(path))

    def _refuse(self, path: KeyPath, text: str, node: Node) -> None:
        self.faults.append(Fault(path, text, int(node.start_mark.line) + 1))

    def _plain(self, node: Node, path: KeyPath) -> Any:
        if id(node) in self._open:
            raise BadFile("an alias stands inside the thing it names", int(node.start_mark.line) + 1)
        self._nodes[path] = node
        self._count()
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        self._open.append(id(node))
        if isinstance(node, MappingNode):
            value: Any = self._mapping(node, path)
        else:
            value = [self._plain(item, (*path, i)) for i, item in enumerate(node.value)]
        self._open.pop()
        if node.tag not in (f"{_TAG}seq", f"{_TAG}map"):
            self._refuse(path, f"unknown tag {node.tag!r}, allowed: none", node)
        return value

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        value: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        first: dict[str, int] = {}
        self._count()
        # Merges first, so that a key written beside one replaces its value and its line.
        for key_node, value_node in sorted(node.value, key=lambda pair: str(pair[0].tag) != f"{_TAG}merge"):
            line = int(key_node.start_mark.line) + 1
            if not isinstance(key_node, ScalarNode):
                self._refuse(path, "a key must be a word, found a list or mapping as key", key_node)
                continue
            if key_node.tag == f"{_TAG}merge":
                for key, one in self._merge(value_node, path).items():
                    merged.setdefault(key, one)
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in first:
                self._refuse(here, f"stands twice, the first time in line {first[key]}: remove one", key_node)
                continue
            first[key] = line
            self._keys[here] = line
            value[key] = self._plain(value_node, here)
        return {**merged, **value}

    def _merge(self, node: Node, path: KeyPath) -> dict[str, Any]:
        """What `<<: *name` brings in; keys written beside it win."""
        if isinstance(node, SequenceNode):
            parts = [self._merge(part, path) for part in reversed(node.value)]
            return {key: one for part in parts for key, one in part.items()}
        if not isinstance(node, MappingNode):
            self._refuse((*path, "<<"), "expected an alias of a mapping, such as *defaults", node)
            return {}
        if id(node) in self._open:
            raise BadFile("an alias stands inside the thing it names", int(node.start_mark.line) + 1)
        self._open.append(id(node))
        value = self._mapping(node, path)
        self._open.pop()
        return value

    def _count(self) -> None:
        self._work += 1
        if self._work > MOST_NODES:
            raise BadFile(f"stands for more than {MOST_NODES:,} values once its aliases are written out")

    def _scalar(self, node: ScalarNode, path: KeyPath) -> str | None:
        tag, text = str(node.tag).removeprefix(_TAG), str(node.value)
        if tag == "null":
            return None
        if tag not in _SCALAR_TAGS:
            near = closest(tag.lstrip("!"), ("env", "secret", "env_var"))
            hint = ": a value from the environment is written ${NAME}" if near else ", allowed: none"
            self._refuse(path, f"unknown tag {tag!r}{hint}", node)
        return self._text(text, path, node)

    def _text(self, text: str, path: KeyPath, node: ScalarNode) -> str:
        value, faults = fill(text, self._env)
        for fault in faults:
            self._refuse(path, fault, node)
        if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
            self._refuse(path, "holds a character that is no text (NUL or half of a surrogate pair)", node)
            return ""
        return value
