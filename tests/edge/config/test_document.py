from __future__ import annotations

import time
from typing import Any

import pytest

from edge.config.document import Document
from edge.config.syntax import DEEPEST, LARGEST_BYTES, BadFile, decode


def read(text: str, **env: str) -> Document:
    return Document(text, env)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 22:00", "22:00"),  # 1320 in YAML 1.1
        ("a: no", "no"),  # false in YAML 1.1
        ("a: 010", "010"),  # 8 in YAML 1.1
        ("a: 1.10", "1.10"),
        ("a: 2024-01-01", "2024-01-01"),  # a date in YAML 1.1
        ("a: =", "="),  # PyYAML fails on it otherwise
        ("a: <<", "<<"),
        ("a: ''", ""),
        ("a:", None),
        ("a: ~", None),
        ("a: null", None),
        ("a: 'null'", "null"),
        ("a: !!str 3", "3"),
        ("a: !!int 3", "3"),
        ("a: [1, {b: 2}]", ["1", {"b": "2"}]),
        ("\ufeffa: 1", "1"),  # a byte order mark, as Windows editors write it
        ("a: ${V}", "filled"),
    ],
)
def test_values_are_what_was_written(text: str, expected: Any) -> None:
    document = read(decode(text.encode()), V="filled")
    assert document.value == {"a": expected}
    assert document.faults == []


def test_merges_are_overridden_by_what_stands_beside_them() -> None:
    text = "base: &base {x: 1, y: 2}\nmore: &more {y: 3, z: 4}\na:\n  y: 9\n  <<: *base\nb: {<<: [*base, *more]}\n"
    document = read(text)
    assert document.value["a"] == {"x": "1", "y": "9"}
    assert document.value["b"] == {"x": "1", "y": "2", "z": "4"}  # the first of a list wins
    assert document.faults == []
    assert document.line(("a", "y")) == 4
    assert document.line(("a", "x")) == 1


@pytest.mark.parametrize(
    ("text", "path", "line", "said"),
    [
        ("a: 1\nb: 2\na: 3", "a", 3, "stands twice, the first time in line 1"),
        ("s:\n- x: {k: 1, k: 2}", "s[0].x.k", 2, "stands twice"),
        ("a: !!python/object/apply:os.system ['true']", "a", 1, "unknown tag"),
        ("a: !secret pw", "a", 1, "${NAME}"),  # what Home Assistant's users are used to
        ("a: !include x.yaml", "a", 1, "unknown tag '!include'"),
        ("? [1, 2]\n: x", "site file", 1, "found a list or mapping as key"),
        ("a: ${NOPE}", "a", 1, "no variable NOPE"),
        ("a: {<<: 3}", "a.<<", 1, "expected an alias of a mapping"),
        ('a: "\\ud800"', "a", 1, "is no text"),
        ('a: "x\\0y"', "a", 1, "is no text"),
    ],
)
def test_faults_are_kept_with_their_place(text: str, path: str, line: int, said: str) -> None:
    document = read(text)
    assert len(document.faults) == 1
    assert str(document.faults[0]).startswith(f"{path} (line {line}): ")
    assert said in document.faults[0].text


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "empty"),
        ("# nothing but a remark", None, "empty"),
        ("a:\n\tb: 1", 2, "a tab, expected spaces"),
        ("a: 1\n---\nb: 2", 2, "a second document"),
        ("a: *nowhere", 1, "needs an anchor &name"),
        ("a: b: c", 1, "stands in 'quotes'"),
        ("a: @x", 1, "stands in 'quotes'"),
        ("a: [1, 2", 1, "not valid YAML"),
        ("a:\n  - b\n c: 3", 3, "not valid YAML"),
        ("a: 1\nb: \x01", 2, "U+0001"),
        ("a: &a [*a]", 1, "inside the thing it names"),
        ("a: &a {<<: *a}", 1, "inside the thing it names"),
        ("[" * 5000, 1, f"deeper than {DEEPEST}"),
        ("- " * 5000, 1, f"deeper than {DEEPEST}"),
    ],
)
def test_what_can_not_be_read(text: str, line: int | None, said: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(text)
    assert caught.value.fault.line == line
    assert said in caught.value.fault.text


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("a: 1\nname: 车间".encode("gbk"), 2, "save the file again as UTF-8"),
        ("a: 1".encode("utf-16"), None, "UTF-16"),
        (b"PK\x03\x04", None, "office document"),
        (b"#" * (LARGEST_BYTES + 1), None, "too large"),
    ],
)
def test_what_is_not_text(content: bytes, line: int | None, said: str) -> None:
    with pytest.raises(BadFile) as caught:
        decode(content)
    assert caught.value.fault.line == line
    assert said in caught.value.fault.text


@pytest.mark.parametrize("bomb", ["[*a, *a, *a, *a, *a, *a, *a, *a, *a]", "{<<: [*a, *a, *a, *a, *a, *a, *a, *a, *a]}"])
def test_a_bomb_of_aliases_is_not_written_out(bomb: str) -> None:
    lines = ["a: &a {k: 1}"]
    for before, name in zip("abcdefghij", "bcdefghijk", strict=True):
        lines.append(f"{name}: &{name} {bomb}".replace("*a", f"*{before}"))
    began = time.monotonic()
    with pytest.raises(BadFile, match="aliases are written out"):
        read("\n".join(lines))
    assert time.monotonic() - began < 20  # it would be years


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("a",), "7"),
        (("b",), "'text'"),
        (("c",), "a list of 2"),
        (("d",), "a mapping"),
        (("e",), "nothing"),
        (("f",), "'${SECRET}'"),  # as written, never what it stands for
        (("g",), "'" + "x" * 60 + "…'"),
        (("missing",), "nothing"),
    ],
)
def test_what_was_written_is_shown(path: tuple[str], expected: str) -> None:
    text = f"a: 7\nb: text\nc: [1, 2]\nd: {{x: 1}}\ne:\nf: ${{SECRET}}\ng: {'x' * 100}\n"
    assert read(text, SECRET="hunter2").written(path) == expected
