"""`python -m edge.cli` is the command `lookout`, for where the console script is not on the path."""

from __future__ import annotations

from edge.cli import main

main()
