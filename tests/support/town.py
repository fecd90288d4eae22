"""One office behind its API, on a real Temporal server that the test starts, and may leave out."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from temporalio.worker import Worker

from activities.registry import build_activities
from api.app import create_app
from api.deps import Runtime
from docket import officers
from docket.relay import Relay
from models.enums import State
from models.rulebook import Rulebook
from models.shape import Shape
from runtime.certificate import Composer
from runtime.client import Temporal, connected
from runtime.embedded import EmbeddedTemporal
from runtime.packaging import Packer
from runtime.ports import free_port
from runtime.rehearsal import Rehearser
from runtime.settings import load_settings
from tests.support.office import EVERYBODY, Office, keyring
from tests.support.temporal import utc_now
from workflows.registry import WORKFLOWS

WAIT_SECONDS = 30.0


class Town:
    """`post`, `decide`, `judged` and `docket` go through the API; `start_temporal`, `worker` and `relay` are the rest.

    A busy machine may answer any `post` with 202: whoever needs the receipt asks with `judged`.
    """

    def __init__(self, folder: Path, rulebook: Rulebook | None = None) -> None:
        self.office = Office(folder, rulebook=rulebook or Rulebook())
        self.settings = load_settings(data_dir=folder, temporal_port=free_port(), ui_port=free_port())
        self.embedded = EmbeddedTemporal(self.settings)
        self.temporal = Temporal(self.settings, keyring())
        runtime = Runtime(
            settings=self.settings,
            database=self.office.database,
            store=self.office.store,
            temporal=self.temporal,
            rulebook=self.office.rulebook,
            calendar=self.office.deps.calendar,
            keyring=keyring(),
            rehearse=Rehearser(self.office.deps, utc_now),
            compose=Composer(self.office.deps.renderer, self.office.rulebook, self.office.deps.public_url, utc_now),
            pack=Packer(self.office.deps, utc_now),
        )
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=create_app(runtime), client=("192.0.2.1", 50000)),
            base_url="http://api.test/api/v1",
        )
        with self.office.database.write() as s:
            self.tokens = {each.id: officers.issue_token(s, each.id, utc_now()) for each in EVERYBODY}

    async def post(self, path: str, by: str, key: str, body: Shape | dict[str, Any]) -> httpx.Response:
        sent = body.model_dump(mode="json", exclude_none=True) if isinstance(body, Shape) else body
        headers = {"Authorization": f"Bearer {self.tokens[by]}", "Idempotency-Key": key}
        return await self.http.post(path, json=sent, headers=headers)

    async def decide(self, case_id: str, by: str, step: str, **more: Any) -> httpx.Response:
        body = {"step": step, "round": 1, "verdict": "approve"} | more
        return await self.post(f"/cases/{case_id}/decisions", by, f"{step}-1", body)

    async def judged(self, case_id: str, by: str, key: str, body: dict[str, Any], what: str = "decisions") -> Any:
        """The receipt of a command, sent again under its key for as long as the answer is a 202."""
        end = time.monotonic() + WAIT_SECONDS
        while (answer := await self.post(f"/cases/{case_id}/{what}", by, key, body)).status_code == 202:
            assert time.monotonic() < end, f"never judged: {answer.text}"
            await asyncio.sleep(0.05)
        assert answer.status_code == 200, answer.text
        return answer.json()["receipt"]

    async def docket(self, case_id: str) -> dict[str, Any]:
        answer = await self.http.get(
            f"/cases/{case_id}", headers={"Authorization": f"Bearer {self.tokens['supervisor']}"}
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def reaches(self, case_id: str, state: State) -> dict[str, Any]:
        end = time.monotonic() + WAIT_SECONDS
        while (found := await self.docket(case_id))["state"] != state:
            assert time.monotonic() < end, f"never {state}, still {found['headline']}"
            await asyncio.sleep(0.02)
        return found

    async def start_temporal(self) -> None:
        """From this thread, because the server dies with the thread that started it."""
        self.embedded.check_ports()
        self.embedded.child.start()
        await asyncio.to_thread(self.embedded.wait_ready)
        await self.temporal.ensure_search_attributes()

    @contextlib.asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        with ThreadPoolExecutor(8) as threads:
            async with Worker(
                await connected(self.settings, keyring()),
                task_queue="dingbian",
                workflows=WORKFLOWS,
                activities=build_activities(self.office.deps),
                activity_executor=threads,
            ):
                yield

    @contextlib.asynccontextmanager
    async def relay(self) -> AsyncIterator[None]:
        task = asyncio.create_task(Relay(self.office.database, self.temporal.deliver).run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
