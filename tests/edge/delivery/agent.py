"""The agent as a process of its own, so that a test can kill it: `python -m tests.edge.delivery.agent OUTBOX PORT
[CONFIRM_S]`: with a third word the platform has to confirm each event within so many seconds.

Reads events to raise from standard input, one JSON object a line, and answers each with `stored INCIDENT SEQUENCE`
once the outbox has it. The real outbox and the real uplink, as `lookout run` has them.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from edge.delivery.contract import Ack
from edge.delivery.dispatch import Dispatch
from edge.delivery.outbox import Outbox
from edge.delivery.uplink import Uplink
from pipelines.events import Condition, Phase
from tests.edge.delivery.builders import TOPICS, make_event
from tests.edge.delivery.conftest import settings_for


def main(path: str, port: str, confirm_s: str = "") -> None:
    outbox = Outbox(Path(path), confirm_s=float(confirm_s) if confirm_s else None)

    def answered(_: str, payload: bytes) -> None:
        ack = Ack.model_validate_json(payload)
        incident, sequence = ack.id.rsplit("/", 1)
        outbox.answered(incident, int(sequence), ack.result)

    ears = {TOPICS.ack: answered} if confirm_s else {}
    uplink = Uplink(settings_for(int(port), silence_s=2.0), outbox, TOPICS, ears=ears)
    threading.Thread(target=uplink.run, args=(threading.Event(), lambda: None), daemon=True).start()
    dispatch = Dispatch(outbox, TOPICS)
    for line in sys.stdin:
        raised = json.loads(line)
        ended = raised.pop("last")
        phase = Phase.CLEARED if ended else Phase.OPEN if raised["sequence"] == 1 else Phase.UPDATE
        dispatch.send(make_event(**raised, phase=phase, condition=Condition.CLEARED if ended else Condition.ACTIVE))
        print("stored", raised["incident"], raised["sequence"], flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
