"""YAML as people expect it: what a value is, the setting decides; a key stands once; nothing is executed.

YAML 1.1 guesses: it reads `22:00` as 1320, `no` as false, floor `010` as 8. Here every scalar stays the text
that was written (nothing, `~` and `null` apart), and the models make numbers of it where they want numbers.
Nodes are composed by PyYAML, which knows line numbers, and turned into plain values by `document`.
"""

from __future__ import annotations

import re

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from edge.config.faults import Fault

__all__ = ["MappingNode", "Node", "ScalarNode", "SequenceNode", "compose", "decode"]

LARGEST_BYTES = 256 * 1024
"""A hundred cameras with ten rules each need a third of this."""

DEEPEST = 32
"""Levels of nesting; a site needs eight."""

_BYTE_ORDER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"PK": "an office document or archive"}


class BadFile(Exception):
    """The file can not be read as YAML at all; carries the one fault."""

    def __init__(self, text: str, line: int | None = None) -> None:
        self.fault = Fault((), text, line)
        super().__init__(text)


class _Loader(yaml.SafeLoader):
    """PyYAML's parser, without its guesses and with a limit on depth."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own name

    _depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self._depth += 1
        if self._depth > DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise BadFile(f"nested deeper than {DEEPEST} levels", mark.line + 1)
        node: Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _resolve(tag: str, pattern: str, first: list[str]) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), first)


_resolve("null", "~|null|Null|NULL|", ["~", "n", "N", ""])
_resolve("merge", "<<", ["<"])


def decode(content: bytes) -> str:
    """The file's text.

    Raises:
        BadFile: too large, or not UTF-8.
    """
    if len(content) > LARGEST_BYTES:
        raise BadFile(f"{len(content):,} bytes is too large for a site file, allowed: {LARGEST_BYTES:,}")
    for mark, what in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            raise BadFile(f"found {what}, expected YAML text in UTF-8: save it again as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadFile(
            f"byte 0x{content[error.start]:02x} is not UTF-8 (GBK, perhaps): save the file again as UTF-8", line
        ) from error


def compose(text: str) -> Node:
    """The tree of nodes.

    Raises:
        BadFile: not YAML, empty, or nested too deep.
    """
    loader = None
    try:
        loader = _Loader(text)
        node: Node | None = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        code = ord(error.character) if isinstance(error.character, str) else int(error.character)
        raise BadFile(f"character U+{code:04X} can not stand in YAML", line) from error
    except yaml.MarkedYAMLError as error:
        raise _explain(error, text) from error
    finally:
        if loader is not None:
            loader.dispose()
    if node is None:
        raise BadFile("the file is empty; docs/site.md and examples/minimal.yaml show what belongs in it")
    return node


def _explain(error: yaml.MarkedYAMLError, text: str) -> BadFile:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else None
    written = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else ""
    problem = error.problem or "can not be read"
    if "\t" in written[: len(written) - len(written.lstrip())] or "'\\t'" in problem:
        return BadFile("a tab, expected spaces: YAML is indented with spaces only", line)
    if "expected a single document" in (error.context or ""):
        return BadFile("a second document begins with ---, expected one site a file", line)
    if "undefined alias" in problem:
        return BadFile(f"{problem}: an alias *name needs an anchor &name before it", line)
    context = f" ({error.context})" if error.context else ""
    quoting = "mapping values are not allowed" in problem or "cannot start any token" in problem
    hint = "; text with special characters stands in 'quotes'" if quoting else ""
    return BadFile(f"not valid YAML: {problem}{context}{hint}", line)
