"""Temporal's own command line reads a case through the codec endpoint, as the how-to page says."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from temporalio.worker import Worker

from runtime.client import connect
from runtime.embedded import EmbeddedTemporal, temporal_binary
from runtime.ports import free_port
from runtime.settings import Settings, load_settings
from tests.runtime.toy import ToyLeak, echo, fail

from .conftest import KEYRING, Desk

SECRET = "王示密"


@pytest.fixture
def temporal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "no-temporal.toml"))
    settings = load_settings(data_dir=tmp_path / "temporal", temporal_port=free_port(), ui_port=free_port())
    embedded = EmbeddedTemporal(settings)
    embedded.start()
    yield settings
    embedded.stop()


@asynccontextmanager
async def served(desk: Desk) -> AsyncIterator[str]:
    """The API of the desk on a port of its own; its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(desk.app, port=port, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
            await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}/api/v1"
    finally:
        server.should_exit = True
        await running


async def temporal_says(settings: Settings, codec: str, token: str, *command: str) -> Any:
    """The JSON that the `temporal` command prints."""
    process = await asyncio.create_subprocess_exec(
        str(temporal_binary()), "workflow", *command,
        "--address", f"127.0.0.1:{settings.temporal_port}", "--output", "json",
        "--codec-endpoint", codec, "--codec-auth", f"Bearer {token}",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, faults = await process.communicate()
    assert process.returncode == 0, faults.decode()
    return json.loads(printed)


@pytest.mark.e2e
@pytest.mark.xdist_group("server")
async def test_the_temporal_command_line_reads_a_case_through_the_codec_endpoint(
    desk: Desk, temporal: Settings
) -> None:
    client = await connect(temporal, KEYRING)
    queue = case_id = f"case-{uuid.uuid4().hex}"
    with ThreadPoolExecutor(1) as threads:
        async with (
            Worker(client, task_queue=queue, workflows=[ToyLeak], activities=[echo, fail], activity_executor=threads),
            served(desk) as api,
        ):
            await client.start_workflow(ToyLeak.run, SECRET, id=case_id, task_queue=queue)
            token = desk.tokens["supervisor"]
            # It asks for the metadata with a query without arguments, whose payloads it sends as `{}`.
            metadata = await temporal_says(temporal, f"{api}/codec", token, "metadata", "-w", case_id)
            assert f"details {SECRET}" in json.dumps(metadata, ensure_ascii=False)
            history = await temporal_says(temporal, f"{api}/codec", token, "show", "-w", case_id)
            in_clear = base64.b64encode(json.dumps(SECRET, ensure_ascii=False).encode()).decode()
            started = history["events"][0]["workflowExecutionStartedEventAttributes"]
            assert started["input"]["payloads"][0]["data"] == in_clear
            await client.get_workflow_handle(case_id).terminate()
