from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from models.sealing import Keyring
from runtime.client import connect
from runtime.embedded import EmbeddedTemporal
from runtime.keyring import load_keyring
from runtime.ports import free_port
from runtime.settings import Settings, load_settings
from tests.runtime.toy import ToyCase, ToyLeak, echo, fail

TEMPORAL_VARIABLES = ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")


@pytest.fixture(autouse=True)
def _no_foreign_temporal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests must never reach a cluster that the developer's own environment names."""
    for name in TEMPORAL_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "no-temporal.toml"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One real dev server for this test process, as `up` starts it."""
    folder = tmp_path_factory.mktemp("temporal")
    settings = load_settings(data_dir=folder, temporal_port=free_port(), ui_port=free_port())
    temporal = EmbeddedTemporal(settings)
    temporal.start()
    try:
        yield settings
    finally:
        temporal.stop()


@pytest.fixture(scope="session")
def keyring(server: Settings) -> Keyring:
    return load_keyring(server.keyring_file)


@pytest.fixture
async def client(server: Settings, keyring: Keyring) -> Client:
    return await connect(server, keyring)


class ToyWorker(Protocol):
    def __call__(self, client: Client, task_queue: str) -> AbstractAsyncContextManager[Worker]: ...


@pytest.fixture
def toy_worker() -> ToyWorker:
    @asynccontextmanager
    async def run(client: Client, task_queue: str) -> AsyncIterator[Worker]:
        with ThreadPoolExecutor(2) as threads:
            async with Worker(
                client,
                task_queue=task_queue,
                workflows=[ToyCase, ToyLeak],
                activities=[echo, fail],
                activity_executor=threads,
            ) as worker:
                yield worker

    return run
