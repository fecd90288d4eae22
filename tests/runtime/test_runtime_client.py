"""Delivery of the outbox to Temporal: at least once, in any weather, and without waiting for ever."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from temporalio.client import Client

from models.decisions import Delivery, Signal
from models.enums import CommandKind
from models.sealing import Keyring
from runtime.client import Temporal, TemporalAway, TemporalRefused
from runtime.ports import free_port
from runtime.settings import Settings, load_settings
from tests.runtime.conftest import ToyWorker
from workflows import attributes

UNIT = "11370000MB0000001A"
CASE: dict[str, Any] = {
    "unit": UNIT,
    "case_no": "用编2026-00001",
    "title": "示范市发展研究局用编申请（行政编制2名）",
}


def delivery(case: str, kind: CommandKind, command: str = "d-1", **body: Any) -> Delivery:
    told = {**CASE, "case_id": case, "command_id": command, "kind": kind, "body": body}
    return Delivery(seq=1, workflow_type="ToyCase", **told)


@pytest.fixture
def queue() -> str:
    return f"deliver-{uuid.uuid4().hex}"


@pytest.fixture
def temporal(server: Settings, keyring: Keyring, queue: str) -> Temporal:
    return Temporal(server, keyring, task_queue=queue)


@pytest.mark.e2e
async def test_a_start_is_delivered_once_however_often_it_is_sent(temporal: Temporal, client: Client) -> None:
    case = uuid.uuid4().hex
    start = delivery(case, CommandKind.START)
    assert await temporal.deliver(start) == "delivered"
    assert await temporal.deliver(start) == "delivered"
    found = await client.get_workflow_handle(case).describe()
    assert found.workflow_type == "ToyCase"
    assert found.typed_search_attributes[attributes.PROCEDURE] == "staffing-up"
    assert found.typed_search_attributes[attributes.UNIT] == UNIT
    assert found.typed_search_attributes[attributes.STATE] == "submitted"
    assert await found.static_summary() == "用编2026-00001 示范市发展研究局用编申请（行政编制2名）"


@pytest.mark.e2e
async def test_commands_arrive_as_signals_and_a_late_one_finds_the_case_closed(
    temporal: Temporal, client: Client, queue: str, toy_worker: ToyWorker
) -> None:
    case = uuid.uuid4().hex
    start = delivery(case, CommandKind.START)
    await temporal.deliver(start)
    assert await temporal.deliver(delivery(case, CommandKind.DECIDE, "d-1", step="examine")) == "delivered"
    assert await temporal.deliver(delivery(case, CommandKind.WITHDRAW, "d-2", reason="")) == "delivered"
    async with toy_worker(client, queue):
        assert await client.get_workflow_handle(case).result() == ["decide:d-1", "withdraw:d-2"]
    assert await temporal.deliver(delivery(case, CommandKind.DECIDE, "d-3")) == "closed"
    assert await temporal.deliver(start) == "delivered"


@pytest.mark.e2e
async def test_a_case_that_temporal_lost_is_started_again_with_the_command(
    temporal: Temporal, client: Client, queue: str, toy_worker: ToyWorker
) -> None:
    case = uuid.uuid4().hex  # as after Temporal was restored from a copy older than the case
    assert await temporal.deliver(delivery(case, CommandKind.WITHDRAW, "d-9")) == "delivered"
    found = await client.get_workflow_handle(case).describe()
    assert found.typed_search_attributes[attributes.PROCEDURE] == "staffing-up"
    assert found.typed_search_attributes[attributes.UNIT] == UNIT
    assert await found.static_summary() == "用编2026-00001 示范市发展研究局用编申请（行政编制2名）"
    async with toy_worker(client, queue):
        assert await client.get_workflow_handle(case).result() == ["withdraw:d-9"]


@pytest.mark.e2e
@pytest.mark.parametrize("kind", [CommandKind.START, CommandKind.WITHDRAW])
async def test_a_case_whose_workflow_was_terminated_is_started_again(
    temporal: Temporal, client: Client, queue: str, toy_worker: ToyWorker, kind: CommandKind
) -> None:
    case = uuid.uuid4().hex
    await temporal.deliver(delivery(case, CommandKind.START))
    await client.get_workflow_handle(case).terminate("an operator's mistake")
    assert await temporal.deliver(delivery(case, kind, "d-1")) == "delivered"
    assert await temporal.deliver(delivery(case, CommandKind.WITHDRAW, "d-2")) == "delivered"
    async with toy_worker(client, queue):
        assert "withdraw:d-2" in await client.get_workflow_handle(case).result()


@pytest.mark.e2e
async def test_search_attributes_are_registered_once(temporal: Temporal, server: Settings) -> None:
    assert await temporal.ensure_search_attributes() == []  # the embedded server starts with them
    assert await temporal.healthy()


async def test_without_temporal_every_call_says_so_and_none_hangs(keyring: Keyring, server: Settings) -> None:
    nobody = load_settings(data_dir=server.data_dir, temporal_port=free_port())
    temporal = Temporal(nobody, keyring)
    with pytest.raises(TemporalAway) as away:
        await temporal.deliver(delivery("case", CommandKind.DECIDE, opinion="王小明"))
    assert "王小明" not in str(away.value)
    assert not isinstance(away.value, TemporalRefused)
    assert not await temporal.healthy()


@pytest.mark.e2e
async def test_a_cluster_named_by_temporals_own_variables_is_used(
    server: Settings, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = load_settings(data_dir=server.data_dir, temporal_port=free_port())
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{server.temporal_port}")
    assert await Temporal(elsewhere, keyring).healthy()


@pytest.mark.e2e
async def test_a_call_that_temporal_refuses_does_not_look_as_if_temporal_were_away(temporal: Temporal) -> None:
    too_long = "c" * 2_000  # Temporal takes ids of at most 1,000 characters
    with pytest.raises(TemporalRefused):
        await temporal.deliver(delivery(too_long, CommandKind.DECIDE))
    assert await temporal.healthy()


def test_a_signal_carries_the_id_and_the_body_and_no_officer() -> None:
    assert set(Signal.model_fields) == {"decision_id", "body"}
