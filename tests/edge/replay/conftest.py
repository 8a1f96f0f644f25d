"""The first seconds of the demo's yard, and the models that ship."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from edge.model_store import ModelStore

FRAMES = 40
"""At the yard's ten a second: four seconds."""


@pytest.fixture(scope="session")
def yard(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first `FRAMES` pictures of the yard, in which nothing burns; its index stands first."""
    path = tmp_path_factory.mktemp("footage") / "yard.mp4"
    with (
        av.open(str(root / "datasets" / "demo" / "yard.mp4")) as whole,
        av.open(str(path), "w", options={"movflags": "faststart"}) as part,
    ):
        stream = part.add_stream_from_template(whole.streams.video[0])
        for number, packet in enumerate(whole.demux(video=0)):
            if number == FRAMES:
                break
            packet.stream = stream
            part.mux(packet)
    return path


@pytest.fixture(scope="session")
def store(root: Path) -> ModelStore:
    """The models that ship."""
    return ModelStore([root / "models"])
