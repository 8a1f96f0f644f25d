"""`${NAME}` in the site file: values that come from the environment, secrets above all."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VARIABLE = re.compile(
    r"\$\$(?=\{)"  # $${ stands for the characters ${
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^{}]*))?\}"
    r"|(?P<bad>\$\{[^}]*\}?)"
)


def fill(text: str, env: Mapping[str, str]) -> tuple[str, list[str]]:
    """Put the variables' values in.

    `${NAME}` needs the variable, `${NAME:-default}` does without it (and also when it is empty, as in a shell).

    Returns:
        The text, and what is wrong with it, one line a fault.
    """
    faults: list[str] = []

    def value(found: re.Match[str]) -> str:
        name, default = found["name"], found["default"]
        if found["bad"] is not None:
            faults.append(f"found {found['bad']!r}, allowed: ${{NAME}}, ${{NAME:-default}}, and $${{ for the text ${{")
        elif name is None:
            return "$"
        elif default is not None:
            return env.get(name) or default
        elif name in env:
            return env[name]
        else:
            faults.append(f"the environment has no variable {name}: set it, or write ${{{name}:-default}}")
        return found[0]

    return _VARIABLE.sub(value, text), faults
