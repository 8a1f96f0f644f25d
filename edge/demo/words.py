"""What the demo says to people, in English and Chinese."""

from __future__ import annotations

from typing import Any

_WORDS = {
    "en": {
        "intro": "An agent watches three cameras: real people in a yard, and a drill: test smoke, test fire\n"
        "and a pallet, drawn onto the real frames. What follows came over MQTT, from the broker at {broker}.",
        "files": "Pictures, the agent's log and its data: {folder}",
        "waiting": "{seconds:.0f} s; not yet arrived: {names}",
        "tail": "{seconds:.0f} s; all hazards have arrived, waiting for the end of the footage and for clips",
        "drill": "drill",
        "score": "score",
        "latency": "latency",
        "good": "digest verified",
        "bad": "DIGEST IS WRONG",
        "title": "Received over MQTT",
        "columns": ("", "hazard", "camera / zone", "score", "confirmed", "latency", "proof"),
        "missing": "missing",
        "unexpected": "unexpected",
        "passed": "All {count} expected hazards arrived, and nothing else did.",
        "failed": "Not as expected: {what}.",
        "kinds": {"missing": "{n} missing", "unexpected": "{n} unexpected", "forged": "{n} with a wrong digest"},
        "died": "The agent ended with code {code}. The end of its log ({log}):",
        "legend": "confirmed: from the first sign to the alarm, by the rule's own timing; "
        "latency: from that frame to this subscriber",
        "pictures": "{count} pictures",
        "clip": "{count} pictures, clip",
    },
    "zh": {
        "intro": "智能体将观看三路摄像头：院子里真实的行人，以及演练，"
        "即在真实画面上绘制的测试烟雾、测试火焰和货物。\n"
        "以下内容均经 MQTT 送达，服务器 {broker}。",
        "files": "图片、日志和数据：{folder}",
        "waiting": "{seconds:.0f} 秒；尚未收到：{names}",
        "tail": "{seconds:.0f} 秒；隐患已全部收到，等待录像结束和最后的短视频",
        "drill": "演练",
        "score": "置信度",
        "latency": "延迟",
        "good": "摘要一致",
        "bad": "摘要不一致",
        "title": "经 MQTT 收到",
        "columns": ("", "隐患", "摄像头 / 区域", "置信度", "确认", "延迟", "证据"),
        "missing": "未收到",
        "unexpected": "意外",
        "passed": "{count} 个预期隐患全部收到，没有其他报警。",
        "failed": "与预期不符：{what}。",
        "kinds": {"missing": "缺 {n} 个", "unexpected": "意外 {n} 个", "forged": "{n} 个文件摘要不一致"},
        "died": "智能体以代码 {code} 退出，日志末尾（{log}）：",
        "legend": "确认：从最初迹象到报警，由规则的时间参数决定；延迟：从报警画面到本订阅端",
        "pictures": "{count} 张图片",
        "clip": "{count} 张图片、短视频",
    },
}


class Words:
    """The demo's texts in one language.

    Args:
        lang: `zh` or `en`.
    """

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._words: dict[str, Any] = dict(_WORDS[lang])

    def __call__(self, key: str, **values: object) -> str:
        """A text with its values."""
        text: str = self._words[key]
        return text.format(**values)

    @property
    def columns(self) -> tuple[str, ...]:
        """Headings of the table."""
        columns: tuple[str, ...] = self._words["columns"]
        return columns

    def counts(self, **numbers: int) -> str:
        """Such as `1 missing, 2 unexpected`; what is none is left out."""
        kinds: dict[str, str] = self._words["kinds"]
        return ", ".join(kinds[key].format(n=number) for key, number in numbers.items() if number)
