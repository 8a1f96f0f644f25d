"""No address is shown with a password in it, wherever a camera wants it written."""

from __future__ import annotations

import pytest

from edge.address import without_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://10.0.0.1/a", "rtsp://10.0.0.1/a"),
        ("rtsp://viewer:s3cret@10.0.0.1/a", "rtsp://***@10.0.0.1/a"),
        ("rtsp://u:p@ss/w@host/x", "rtsp://***@host/x"),  # the password holds an @ and a /
        ("http://10.0.0.1/a?user=u&password=secret&x=1", "http://10.0.0.1/a?user=u&password=***&x=1"),
        ("http://10.0.0.1/a?password=se/c?r#et&x=1", "http://10.0.0.1/a?password=***&x=1"),
        ("rtsp://host/user=admin&password=pw&channel=1", "rtsp://host/user=admin&password=***&channel=1"),
        ("rtsp://host/user=admin_password=pw_channel=1.sdp", "rtsp://host/user=admin_password=***"),
        ("http://host/a?token=abc", "http://host/a?token=***"),
        ("http://host/a?bypass=1", "http://host/a?bypass=1"),  # only ends like one
        ("recordings/a.mp4", "recordings/a.mp4"),
        ("lost rtsp://u:p@host/a, again", "lost rtsp://***@host/a, again"),  # in the middle of a sentence
        ("mail ops@example.com", "mail ops@example.com"),  # no address of a camera
    ],
)
def test_secrets_are_blotted_out(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
