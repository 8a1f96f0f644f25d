"""The one line that people read: on a phone, in a list, over a loudspeaker."""

from __future__ import annotations

from edge.delivery.place import Place
from pipelines.events import Event, Handling, Mode, Phase

_EN = {Phase.OPEN: "{title}", Phase.UPDATE: "{title}, continuing", Phase.CLEARED: "{title}, cleared"}
_ZH = {Phase.OPEN: "发现{title}", Phase.UPDATE: "{title}持续中", Phase.CLEARED: "{title}已解除"}


_HANDLING = {
    Handling.OPEN: ("{title}, open", "{title}待处理"),
    Handling.ACKNOWLEDGED: ("{title}, acknowledged", "{title}已确认"),
    Handling.RECTIFIED: ("{title}, said to be rectified", "{title}已报整改"),
    Handling.VERIFYING: ("{title}, being verified", "{title}复核中"),
    Handling.CLOSED: ("{title}, verified as gone", "{title}复核通过，已闭环"),
    Handling.REOPENED: ("{title}, still there", "{title}复核未通过，仍然存在"),
    Handling.CANNOT_VERIFY: ("{title}, can not be verified", "{title}无法复核"),
    Handling.FALSE_ALARM: ("{title}, a false alarm", "{title}误报"),
}
_OVERDUE = ("{title}, overdue", "{title}整改逾期")


def _what(event: Event, chinese: bool) -> str:
    if event.phase is not Phase.HANDLING:
        return (_ZH if chinese else _EN)[event.phase]
    return (_OVERDUE if event.care.overdue else _HANDLING[event.handling])[chinese]


def message_for(event: Event, place: Place | None, lang: str) -> str:
    """Such as `[DRILL] Fire, cleared: Warehouse 3, floor 2, gate-3` or `【演练】火焰已解除：3号仓库，2层，gate-3`."""
    chinese = lang == "zh"
    what = _what(event, chinese).format(title=event.kind.title(lang))
    floor = "{}层" if chinese else "floor {}"
    where = [*place.words(floor)] if place else []
    where += [part for part in (event.zone, event.source) if part]
    if event.ground is not None:
        where.append(f"{event.ground.latitude_deg:.6f}, {event.ground.longitude_deg:.6f}")
    marks = [mark for mark, on in zip(_MARKS[lang], (event.drill, event.mode is Mode.OBSERVE), strict=True) if on]
    colon, comma = ("：", "，") if chinese else (": ", ", ")
    return "".join(marks) + what + colon + comma.join(where)


_MARKS = {"en": ("[DRILL] ", "[OBSERVED] "), "zh": ("【演练】", "【观察】")}
