"""Options that may be repeated take what the shell makes of `--footage *.MP4`."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from typer.core import TyperCommand


class Repeating(TyperCommand):
    """Gives each word after the value of a repeatable option to it as well, as long as they end as the value does."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Click's, with the option before each of its values."""
        repeatable = {word for param in self.params if getattr(param, "multiple", False) for word in param.opts}
        return super().parse_args(ctx, _spelt_out(args, repeatable))


def _spelt_out(args: list[str], repeatable: set[str]) -> list[str]:
    """`--footage a.MP4 b.MP4 mission.yaml` as `--footage a.MP4 --footage b.MP4 mission.yaml`."""
    told: list[str] = []
    option = ending = ""
    for before, word in zip(["", *args], args, strict=False):
        if before in repeatable:
            option, ending = before, PurePath(word).suffix.lower()
        elif option and ending and PurePath(word).suffix.lower() == ending and not word.startswith("-"):
            told.append(option)
        else:
            option = ""
        told.append(word)
    return told
