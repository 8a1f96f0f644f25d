"""What can keep a view from being seen, and what it is called."""

from __future__ import annotations

from enum import StrEnum


class ViewFault(StrEnum):
    """Why nothing could have been seen in a view."""

    OFFLINE = "offline"  # no picture, or one now and then
    FROZEN = "frozen"  # pictures come, and show a moment that has passed
    DARK = "dark"
    BLOWN_OUT = "blown_out"
    COVERED = "covered"
    DEFOCUSED = "defocused"
    MOVED = "moved"
    TORN = "torn"  # part of the picture is grey or smeared
    UNINSPECTED = "uninspected"  # pictures come, and no model looks at them in time

    def title(self, lang: str) -> str:  # type: ignore[override]
        """Name for people, `zh` or `en`."""
        return _TITLES[self][lang]


_TITLES: dict[ViewFault, dict[str, str]] = {
    ViewFault.OFFLINE: {"en": "No picture", "zh": "无画面"},
    ViewFault.FROZEN: {"en": "Picture frozen", "zh": "画面冻结"},
    ViewFault.DARK: {"en": "Picture black", "zh": "画面全黑"},
    ViewFault.BLOWN_OUT: {"en": "Picture blown out", "zh": "画面过曝"},
    ViewFault.COVERED: {"en": "Camera covered", "zh": "镜头被遮挡"},
    ViewFault.DEFOCUSED: {"en": "Out of focus", "zh": "画面失焦"},
    ViewFault.MOVED: {"en": "Camera moved", "zh": "摄像机移位"},
    ViewFault.TORN: {"en": "Picture damaged", "zh": "画面破损"},
    ViewFault.UNINSPECTED: {"en": "Not inspected in time", "zh": "未按时检测"},
}
