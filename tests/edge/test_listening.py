from __future__ import annotations

import pytest

from edge.listening import topic_of


@pytest.mark.parametrize(
    ("url", "topic"),
    [
        ("mqtt://host/drone/pose", "drone/pose"), ("mqtt://user:word@host:1884/thing/+/osd", "thing/+/osd"),
        ("mqtts://host/dog/%E9%98%80/#", "dog/阀/#"), ("mqtt://host/#", "#"),
    ],
)  # fmt: skip
def test_the_topic_of_an_address(url: str, topic: str) -> None:
    assert topic_of(url) == topic
