from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.embedded import EmbeddedTemporal
from runtime.ports import free_port
from runtime.settings import load_settings


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One real dev server with the product's settings; the address."""
    folder: Path = tmp_path_factory.mktemp("temporal")
    settings = load_settings(data_dir=folder, temporal_port=free_port(), ui_port=free_port())
    embedded = EmbeddedTemporal(settings)
    embedded.start()
    yield embedded.address
    embedded.stop()
