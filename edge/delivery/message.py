"""The one line that people read: on a phone, in a list, over a loudspeaker."""

from __future__ import annotations

from edge.delivery.place import Place
from pipelines.events import Event, Mode, Phase

_EN = {Phase.OPEN: "{title}", Phase.UPDATE: "{title}, continuing", Phase.CLEARED: "{title}, cleared"}
_ZH = {Phase.OPEN: "发现{title}", Phase.UPDATE: "{title}持续中", Phase.CLEARED: "{title}已解除"}


def message_for(event: Event, place: Place | None, lang: str) -> str:
    """Such as `[DRILL] Fire, cleared: Warehouse 3, floor 2, gate-3` or `【演练】火焰已解除：3号仓库，2层，gate-3`."""
    chinese = lang == "zh"
    what = (_ZH if chinese else _EN)[event.phase].format(title=event.kind.title(lang))
    floor = "{}层" if chinese else "floor {}"
    where = [*place.words(floor)] if place else []
    where += [part for part in (event.zone, event.source) if part]
    marks = [mark for mark, on in zip(_MARKS[lang], (event.drill, event.mode is Mode.OBSERVE), strict=True) if on]
    colon, comma = ("：", "，") if chinese else (": ", ", ")
    return "".join(marks) + what + colon + comma.join(where)


_MARKS = {"en": ("[DRILL] ", "[OBSERVED] "), "zh": ("【演练】", "【观察】")}
