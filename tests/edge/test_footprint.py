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


_SCATTERED = """
import os
from edge.footprint import give_back, keep_small

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

keep_small()
pieces = [bytes(50_000) for _ in range(4_000)]
before = resident_mb()
pieces = pieces[::40]
freed = resident_mb()
give_back()
print(round(before), round(freed), round(resident_mb()))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's heaps are seen in /proc")
def test_what_lies_free_between_what_stays_is_given_back() -> None:
    ran = subprocess.run([sys.executable, "-c", _SCATTERED], capture_output=True, text=True, check=True)
    before, freed, after = (int(word) for word in ran.stdout.split())
    assert before - freed < 50  # what is left at the heap's end keeps the rest
    assert before - after > 150


_CYCLES = """
import gc
import weakref
from edge.footprint import give_back, keep_small

class Ring:
    pass

def old_cycle():
    ring = Ring()
    ring.self = ring
    for _ in range(2):
        gc.collect(1)  # it has lived for long
    return weakref.ref(ring)

looked_through = []
gc.callbacks.append(lambda when, said: looked_through.append(said["generation"]))
keep_small()
lost = old_cycle()
looked_through.clear()
kept = [[number] for number in range(1_000_000)]
print(sorted(set(looked_through)), lost() is None)
give_back()
print(lost() is None)
"""


def test_all_there_is_is_looked_through_for_garbage_only_when_asked_for() -> None:
    ran = subprocess.run([sys.executable, "-c", _CYCLES], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[:2] == ["[0, 1] False", "True"]
