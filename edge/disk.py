"""What is written is on the disk."""

from __future__ import annotations

import os
from pathlib import Path


def flush(path: Path) -> None:
    """What a file holds, or which files a folder holds, is there from now on also if the power fails.

    A new file survives that only once its folder has been flushed too. It takes milliseconds, and a tenth of a second
    and more for a clip.

    Raises:
        OSError: the disk does not take it.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
