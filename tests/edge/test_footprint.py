from __future__ import annotations

import subprocess
import sys

import pytest

_SCRIPT = """
import threading
import cv2
import numpy as np
from edge.footprint import keep_small

if {small}:
    keep_small()
began, stop = threading.Barrier(33), threading.Event()

def work():
    kept = [bytes(2000 + i) for i in range(200)]
    began.wait()
    stop.wait()
    del kept

threads = [threading.Thread(target=work) for _ in range(32)]
for thread in threads:
    thread.start()
began.wait()
arenas = sum(1 for line in open("/proc/self/maps") if "-" in line and line.split()[1] == "rw-p"
             and int(line.split("-")[0], 16) % (64 << 20) == 0)
print(cv2.getNumThreads(), arenas)
stop.set()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's heaps are seen in /proc")
def test_threads_share_cores_and_heaps() -> None:
    def told(*, small: bool) -> list[int]:
        script = _SCRIPT.replace("{small}", str(small))
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        return [int(word) for word in ran.stdout.split()]

    cores, heaps = told(small=True)
    assert cores == 1
    assert heaps < told(small=False)[1]
