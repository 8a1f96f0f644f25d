"""A shift as Markdown, and as one HTML file that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import datetime, tzinfo

from edge.report.gather import Case, Shift
from pipelines.events import Condition

Row = Sequence[str]

_WORDS = {
    "en": {
        "report": "Shift report", "incidents": "Incidents", "none": "None.", "blind": "Views that could not be seen",
        "coverage": "Coverage: share of each hour that was watched", "drops": "Sources since the agent started",
        "handled": "What became of the alarms (drills and observed ones are not counted)",
        "now": "lasts", "drill": "drill", "observed": "observed",
        "unreadable": "Events that could not be read: {}",
        "incident_head": ("Alarm", "Until", "Hazard", "Where", "Severity", "Confirmed in", "Delay", "Handling"),
        "blind_head": ("Source", "Fault", "Since", "Until"),
        "handled_head": (
            "Enterprise", "Pushed", "Acknowledged", "Rectified", "Verified", "Reopened", "False", "Overdue",
        ),
        "switched": "Rules that were muted or switched", "switched_head": ("Since", "Until", "Rules", "To", "By"),
        "drops_head": ("Source", "Frames", "Dropped", "Dropped late", "Damaged", "Reconnects", "Looked at every"),
        "open": "open", "acknowledged": "acknowledged", "rectified": "rectified", "verifying": "verifying",
        "closed": "closed", "reopened": "reopened", "false_alarm": "false alarm", "cannot_verify": "cannot be verified",
    },
    "zh": {
        "report": "值班报告", "incidents": "事件", "none": "无。", "blind": "无法看到的画面",
        "coverage": "覆盖率：每小时被有效监看的比例", "drops": "各视频源（自启动以来）",
        "handled": "告警处置情况（不含演练和观察）", "now": "持续中", "drill": "演练", "observed": "观察",
        "unreadable": "无法读取的事件：{}",
        "incident_head": ("告警时间", "结束", "隐患", "位置", "级别", "确认用时", "延迟", "处置"),
        "blind_head": ("视频源", "故障", "开始", "结束"),
        "handled_head": ("企业", "推送", "已确认", "已整改", "已复核", "重新打开", "误报", "逾期"),
        "switched": "静音或切换的规则", "switched_head": ("开始", "结束", "规则", "改为", "操作人"),
        "drops_head": ("视频源", "帧数", "丢帧", "过时丢弃", "损坏", "重连", "检测间隔"),
        "open": "待处理", "acknowledged": "已确认", "rectified": "已整改", "verifying": "复核中",
        "closed": "已闭环", "reopened": "重新打开", "false_alarm": "误报", "cannot_verify": "无法复核",
    },
}  # fmt: skip


class Pages:
    """Writes a shift down.

    Args:
        shift: what it came to.
        site: name of the site.
        lang: `zh` or `en`.
        tz: time zone in which times are written.
    """

    def __init__(self, shift: Shift, site: str, lang: str, tz: tzinfo) -> None:
        self._shift = shift
        self._site = site
        self._lang = lang
        self._tz = tz
        self._say = _WORDS[lang]

    def markdown(self) -> str:
        """The report as Markdown."""
        parts = [f"# {self._title()}", ""]
        for title, head, rows in self._tables():
            parts += [f"## {title}", "", *(_table(head, rows) if rows else [str(self._say["none"])]), ""]
        parts += [f"## {self._say['coverage']}", ""]
        for source, shares in sorted(self._shift.watched.items()):
            bars = "".join("▁▂▃▄▅▆▇█"[min(int(share * 8), 7)] for share in shares.values())
            mean = f"{sum(shares.values()) / len(shares):.1%}" if shares else "–"
            parts.append(f"- `{source}` {bars} {mean}{self._span(shares)}")
        if self._shift.unreadable:
            parts += ["", str(self._say["unreadable"]).format(self._shift.unreadable)]
        return "\n".join(parts) + "\n"

    def html(self) -> str:
        """The report as a page."""
        body = [f"<h1>{html.escape(self._title())}</h1>"]
        for title, head, rows in self._tables():
            body.append(f"<h2>{html.escape(title)}</h2>")
            body.append(_html_table(head, rows) if rows else f"<p>{self._say['none']}</p>")
        body.append(f"<h2>{html.escape(str(self._say['coverage']))}</h2>")
        body += [self._plot(source, shares) for source, shares in sorted(self._shift.watched.items()) if shares]
        if self._shift.unreadable:
            body.append(f"<p>{html.escape(str(self._say['unreadable']).format(self._shift.unreadable))}</p>")
        return _PAGE.format(lang=self._lang, title=html.escape(self._title()), body="\n".join(body))

    def _title(self) -> str:
        since, until = (self._time(moment) for moment in (self._shift.since_s, self._shift.until_s))
        return f"{self._say['report']} {self._site}, {since} – {until}"

    def _tables(self) -> list[tuple[str, Row, list[Row]]]:
        shift, say = self._shift, self._say
        blind: list[Row] = [
            (each.source, each.title[self._lang], self._time(each.since_s), self._end(each.until_s))
            for each in shift.blind
        ]
        handled: list[Row] = [(name or "–", *map(str, astuple(told))) for name, told in shift.by_enterprise().items()]
        drops: list[Row] = [
            (
                name, *(str(each[key]) for key in ("frames", "drops", "dropped_late", "corrupt", "reconnects")),
                "–" if each["interval_s"] is None else f"{each['interval_s']} s",
            )
            for name, each in sorted(shift.drops.items())
        ]  # fmt: skip
        switched: list[Row] = [
            (self._time(each.since_s), self._time(each.until_s), ", ".join(each.rules), each.to, each.by or "–")
            for each in shift.switched
        ]
        return [
            (str(say["incidents"]), say["incident_head"], [self._incident(case) for case in shift.cases]),
            (str(say["handled"]), say["handled_head"], handled),
            (str(say["blind"]), say["blind_head"], blind),
            (str(say["switched"]), say["switched_head"], switched),
            (str(say["drops"]), say["drops_head"], drops),
        ]

    def _incident(self, case: Case) -> Row:
        marks = [str(self._say["drill"])] * case.drill + [str(self._say["observed"])] * (case.mode == "observe")
        title = case.title[self._lang] + (f" ({', '.join(marks)})" if marks else "")
        where = f"{case.source} / {case.zone}" if case.zone else case.source
        lasts = case.condition is Condition.ACTIVE
        delay = "–" if case.delay_s is None else f"{case.delay_s:.2f} s"
        end = self._end(None if lasts else case.ended_s)
        return (
            self._time(case.opened_s), end, title, where, str(case.severity), f"{case.confirm_s:.1f} s", delay,
            str(self._say[case.handling]) + (" !" if case.overdue else ""),
        )  # fmt: skip

    def _plot(self, source: str, shares: Mapping[str, float]) -> str:
        """A bar an hour; its height is the share that was watched."""
        bars = "".join(
            f'<rect x="{18 * k}" y="{40 * (1 - share):.1f}" width="15" height="{max(40 * share, 0.5):.1f}"'
            f' class="{"good" if share >= 0.99 else "poor"}"><title>{self._hour(hour)} {share:.1%}</title></rect>'
            for k, (hour, share) in enumerate(shares.items())
        )
        mean, wide = sum(shares.values()) / len(shares), 18 * len(shares)
        return (
            f"<figure><figcaption>{html.escape(source)} {mean:.1%}{self._span(shares)}</figcaption>"
            f'<svg viewBox="0 0 {wide} 40" width="{wide}" height="40" role="img">{bars}</svg></figure>'
        )

    def _span(self, shares: Mapping[str, float]) -> str:
        """Which hours the bars are of: the beginnings of the first and the last."""
        hours = [self._hour(hour) for hour in shares]
        return f" ({hours[0]} – {hours[-1]})" if len(hours) > 1 else f" ({hours[0]})" if hours else ""

    def _hour(self, hour: str) -> str:
        return f"{datetime.fromisoformat(hour).astimezone(self._tz):%Y-%m-%d %H:%M}"

    def _time(self, seconds: float) -> str:
        return f"{datetime.fromtimestamp(seconds, self._tz):%Y-%m-%d %H:%M:%S}"

    def _end(self, seconds: float | None) -> str:
        return str(self._say["now"]) if seconds is None else self._time(seconds)


def _table(head: Row, rows: list[Row]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _html_table(head: Row, rows: list[Row]) -> str:
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    lines = ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f"<table><thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


_PAGE = """<!DOCTYPE html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2rem auto; max-width: 70rem; padding: 1rem }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1.1rem; margin-top: 2rem; border-bottom: 1px solid #ddd }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #eee }}
th {{ color: #555; font-weight: 600 }} td {{ font-variant-numeric: tabular-nums }}
figure {{ display: inline-block; margin: .5rem 2rem .5rem 0 }} figcaption {{ font-size: .9rem }}
svg {{ background: #f4f4f4 }} .good {{ fill: #2a7 }} .poor {{ fill: #d62 }}
</style></head><body>
{body}
</body></html>
"""
