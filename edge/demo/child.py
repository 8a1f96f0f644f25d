"""`python -m edge.demo.child SITE`: `lookout run SITE` that ends when whoever started it does, even by SIGKILL."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from edge.cli import main

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with(parent: int) -> None:
    """Have the kernel send SIGTERM to this process when its parent ends."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:  # it has already
        sys.exit(0)


if __name__ == "__main__":
    end_with(int(os.environ["LOOKOUT_DEMO"]))
    sys.argv[1:1] = ["run"]
    main()
