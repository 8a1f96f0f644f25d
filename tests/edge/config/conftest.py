from __future__ import annotations

from pathlib import Path

import pytest

from edge.model_store import ModelStore
from tests.edge.config.builders import write_model


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """Three models: one sees fire and smoke, one people and vehicles, one was made for people in zones."""
    folder: Path = tmp_path_factory.mktemp("models")
    write_model(folder, "flames", ("fire", "smoke"))
    write_model(folder, "people", ("person", "vehicle"))
    write_model(folder, "walkers", ("person",), made_for=("restricted_zone",))
    return ModelStore([folder])
