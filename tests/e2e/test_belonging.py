"""One namespace, one register (P26): whoever was started on the wrong database is told so before it touches a case."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from docket import commands
from models.decisions import Delivery
from runtime.assembly import assembled
from runtime.belonging import claim, ledger_id_of, owner
from runtime.client import Temporal, TemporalRefused
from runtime.embedded import EmbeddedTemporal
from runtime.faults import StartFault
from runtime.ports import free_port
from runtime.settings import Settings, load_settings
from tests.support.engines import ENGINES, database_for, forget
from tests.support.office import Office, keyring

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("server")]

CLI = Path(__file__).resolve().parents[2] / "cli.py"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))
    return load_settings(data_dir=tmp_path / "one", temporal_port=free_port(), ui_port=free_port())


@pytest_asyncio.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    """A server of its own, because a namespace is claimed once and for all."""
    embedded = EmbeddedTemporal(settings)
    embedded.check_ports()
    embedded.child.start()
    try:
        await embedded._until_ready(30)
        yield await Client.connect(embedded.address)
    finally:
        embedded.stop()


async def test_a_namespace_is_claimed_once_and_another_register_is_refused(client: Client) -> None:
    assert await owner(client) is None
    for _ in range(2):
        await claim(client, "a" * 32)
    assert await owner(client) == "a" * 32
    with pytest.raises(StartFault, match="another register"):
        await claim(client, "b" * 32)
    assert await owner(client) == "a" * 32


@pytest.mark.parametrize("engine", ENGINES)
async def test_an_orphan_worker_on_the_wrong_database_does_not_start(
    client: Client, settings: Settings, tmp_path: Path, engine: str
) -> None:
    """A data folder of its own, so that nothing but Temporal can tell that the register is the wrong one."""
    right, wrong = (database_for(engine, tmp_path / f"{name}.db") for name in ("right", "wrong"))
    with assembled(settings.model_copy(update={"database_url": right}), migrate=True) as parts:
        await claim(client, ledger_id_of(parts.database))
    variables = {
        "DINGBIAN_DATA_DIR": str(tmp_path / "two"),
        "DINGBIAN_DATABASE_URL": wrong,
        "DINGBIAN_TEMPORAL_PORT": str(settings.temporal_port),
    }
    env = {**os.environ, **variables}
    assert (await asyncio.to_thread(_typed, "migrate", env)).returncode == 0
    done = await asyncio.to_thread(_typed, "worker", env)
    assert done.returncode == 2, done.stderr
    assert "another register" in done.stderr
    assert "Traceback" not in done.stderr
    forget(tmp_path)


def _typed(command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, CLI, command], env=env, capture_output=True, text=True, timeout=90, check=False
    )


async def test_nothing_is_delivered_into_the_namespace_of_another_register(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    """An API that was started while Temporal was away finds out at its first delivery; the command stays with it."""
    await claim(client, "a" * 32)
    office = Office(tmp_path)
    office.apply()
    with office.database.read() as s:
        [delivery] = commands.undelivered(s)
    assert isinstance(delivery, Delivery)
    wrong = Temporal(settings, keyring(), ledger_id="b" * 32)
    for _ in range(2):
        with pytest.raises(TemporalRefused, match="another register"):
            await wrong.deliver(delivery)
    with pytest.raises(RPCError) as missing:
        await client.get_workflow_handle(delivery.case_id).describe()
    assert missing.value.status is RPCStatusCode.NOT_FOUND
    own = Temporal(settings, keyring(), ledger_id="a" * 32)
    await own.ensure_search_attributes()
    assert await own.deliver(delivery) == "delivered"
    office.database.close()
