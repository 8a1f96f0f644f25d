from __future__ import annotations

from pathlib import Path

import pytest

from edge.model_store import ModelStore
from tests.edge.config.builders import write_model


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """Two models: one sees fire and smoke, the other people and vehicles."""
    folder: Path = tmp_path_factory.mktemp("models")
    write_model(folder, "flames", ("fire", "smoke"))
    write_model(folder, "people", ("person", "vehicle"))
    return ModelStore([folder])
