from __future__ import annotations

import sys

import pytest

from edge.clock_quality import _ERROR, _UNSYNCHRONISED, synchronised


def test_it_is_asked_and_nothing_is_changed() -> None:
    assert synchronised() in (True, False, None)


@pytest.mark.parametrize(
    ("state", "status", "said"),
    [(0, 0, True), (0, _UNSYNCHRONISED, False), (_ERROR, 0, False), (-1, 0, None)],
)
@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")
def test_what_the_kernel_says(state: int, status: int, said: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes

    class Library:
        @staticmethod
        def adjtimex(asked: object) -> int:
            asked._obj.status = status  # type: ignore[attr-defined]
            return state

    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library)
    assert synchronised() is said
