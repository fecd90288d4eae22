"""Temporal is not there: the API takes applications and decisions all the same, and all of it arrives later (P18)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.worker import Worker

from activities.registry import build_activities
from api.app import create_app
from api.deps import Runtime
from docket import officers, relay
from docket.relay import Relay
from ledger.verify import verify
from models.enums import State
from models.shape import Shape
from records.verify import verify_records
from runtime.client import Temporal, connected
from runtime.embedded import EmbeddedTemporal
from runtime.ports import free_port
from runtime.settings import load_settings
from tests.support.office import (
    APPLICANT,
    EVERYBODY,
    EXAMINER,
    ISSUER,
    ORGANISATION,
    REGISTRAR,
    Office,
    application,
    keyring,
    person,
)
from tests.support.temporal import utc_now
from workflows.registry import WORKFLOWS

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("server")]

WAIT_SECONDS = 30.0
AT_ONCE_SECONDS = 1.5
"""An answer while Temporal is away: P18 asks for less than a second, a busy machine gets some more."""


class Town:
    """One office behind its API, with a Temporal that can be absent."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder)
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


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))
    monkeypatch.setattr(relay, "BACKOFF_SECONDS", (0.05, 0.1))
    made = Town(tmp_path)
    yield made
    made.embedded.stop()
    made.office.database.close()


async def quickly(call: Callable[[], Any]) -> httpx.Response:
    began = time.monotonic()
    answer: httpx.Response = await call()
    assert time.monotonic() - began < AT_ONCE_SECONDS
    return answer


async def test_what_was_taken_while_temporal_was_away_arrives_in_order_and_the_case_goes_on(town: Town) -> None:
    async with town.relay():  # tries in vain all the while
        applied = await quickly(lambda: town.post("/applications/staffing-up", APPLICANT.id, "a-1", application()))
        assert applied.status_code == 201
        assert applied.json()["state"] == State.SUBMITTED
        case_id = applied.json()["case_id"]

        # decided before the gate itself has spoken: only the order of delivery can make these two good
        for by, step in ((EXAMINER.id, "examine"), (ISSUER.id, "issue")):
            waits = await quickly(lambda by=by, step=step: town.decide(case_id, by, step))
            assert (waits.status_code, waits.json()["receipt"]) == (202, None)
        again = await town.decide(case_id, EXAMINER.id, "examine")
        assert (again.status_code, again.json()["decision_id"]) == (202, "examine-1")
        seen = await town.docket(case_id)
        assert (seen["state"], seen["receipts"], seen["documents"]) == (State.SUBMITTED, [], [])

        await town.start_temporal()
        async with town.worker():
            found = await town.reaches(case_id, State.SLIP_ISSUED)
            assert [(r["decision_id"], r["status"]) for r in found["receipts"]] == [
                ("a-1", "accepted"), ("examine-1", "accepted"), ("issue-1", "accepted"),
            ]  # fmt: skip
            same = await town.decide(case_id, EXAMINER.id, "examine")
            assert (same.status_code, same.json()["receipt"]["status"]) == (200, "accepted")

            slot = found["slip"]["slots"][0]["code"]
            named = {"subject": slot, "persons": [person(slot, 300)], "reference_no": "示组任〔2026〕5号"}
            await town.decide(case_id, ORGANISATION.id, "approve-persons", **named)
            await town.decide(case_id, REGISTRAR.id, "enter", subject=slot)
            await town.reaches(case_id, State.ACKNOWLEDGING)
    assert town.office.balance().occupied == 7
    with town.office.database.read() as s:
        assert verify(s).intact
        assert verify_records(s, town.office.store) == []
    await town.http.aclose()
