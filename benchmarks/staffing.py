"""(a) a bare workflow against (b) the full staffing-up with ledger and documents, 50 cases in flight, and the ratio.

One embedded server with the product's settings, one worker process for both, and the same driver. Rates only
mean something beside each other: the machine is noisy.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from benchmarks.bare import SIGNALS, BareCase
from docket import commands
from ledger import slips
from models.decisions import Decision, Officer, Signal, StartCase
from models.enums import CommandKind
from runtime.embedded import EmbeddedTemporal
from runtime.plugin import dingbian_plugin
from runtime.ports import free_port
from runtime.settings import Settings
from tests.support.office import (
    EXAMINER,
    FINANCE,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    REGISTRAR,
    Office,
    application,
    authorise,
    identity_no,
    keyring,
    person,
)
from workflows.staffing_up import StaffingUp

IN_FLIGHT = 50
PAUSES = {"back_to_back": 0.0, "waiting": 0.35}
"""Seconds between two decisions, for both kinds alike. Back to back a signal often comes while the step before is
still being completed: Temporal merges the two into one workflow task, and the bare case, whose driver is quicker,
gains most (8 tasks against 13, counted at 0.05 s). With a pause of this length every decision finds a case that
waits, and both have 14."""


class Ear(asyncio.DatagramProtocol):
    """Hears from the worker that an activity has returned."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[None]] = {}

    def datagram_received(self, data: bytes, addr: Any) -> None:
        future = self.expect(data.decode())
        if not future.done():
            future.set_result(None)

    def expect(self, what: str) -> asyncio.Future[None]:
        return self._waiting.setdefault(what, asyncio.get_running_loop().create_future())


class Driver:
    """Drives cases of either kind and keeps the time of each."""

    def __init__(self, client: Client, office: Office, ear: Ear, pause: float = 0.0) -> None:
        self._client = client
        self._office = office
        self._ear = ear
        self.pause = pause
        self._serial = itertools.count(1)

    async def bare(self) -> None:
        case_id = f"bare-{next(self._serial)}"
        handle = await self._client.start_workflow(
            BareCase.run, StartCase(case_id=case_id), id=case_id, task_queue="dingbian"
        )
        await self._ear.expect(f"{case_id}|0")
        for n in range(1, SIGNALS + 1):
            await asyncio.sleep(self.pause)
            await handle.signal(BareCase.decide, Signal(decision_id=f"{case_id}|{n}", body={"step": "examine"}))
            await self._ear.expect(f"{case_id}|{n}")
        await handle.result()

    async def full(self) -> None:
        serial = next(self._serial)
        case_id = await asyncio.to_thread(self._office.apply, application(meeting=f"第{serial}次"))
        handle = await self._client.start_workflow(
            StaffingUp.run, StartCase(case_id=case_id), id=case_id, task_queue="dingbian"
        )
        await self._ear.expect(f"{case_id}|0")
        await self._decide(handle, case_id, EXAMINER, {"step": "examine", "verdict": "approve"})
        await self._decide(handle, case_id, ISSUER, {"step": "issue", "verdict": "approve"})
        slot = await asyncio.to_thread(self._slot, case_id)
        born = date(1960, 1, 1) + timedelta(days=serial)
        named = person(slot, 1) | {"birth_date": born.isoformat(), "identity_no": identity_no(7, born)}
        at_slot = {"subject": slot, "verdict": "approve"}
        approval = {"step": "approve-persons", "persons": [named], "reference_no": "示组任〔2026〕5号"}
        await self._decide(handle, case_id, ORGANISATION, at_slot | approval)
        await self._decide(handle, case_id, REGISTRAR, at_slot | {"step": "enter"})
        acknowledged = {"subject": slot, "verdict": "acknowledge"}
        await self._decide(handle, case_id, FINANCE, acknowledged | {"step": "finance"})
        await self._decide(handle, case_id, INSURANCE, acknowledged | {"step": "social-insurance"})
        ended = await handle.result()
        if ended.state != "closed":
            raise RuntimeError(f"case ended {ended.state}")

    def _slot(self, case_id: str) -> str:
        with self._office.database.read() as s:
            slip = slips.slip_of_case(s, case_id)
            assert slip is not None
            return slips.slots_of(s, slip.id)[0].code

    async def _decide(self, handle: Any, case_id: str, by: Officer, body: dict[str, Any]) -> None:
        await asyncio.sleep(self.pause)
        decision = Decision.model_validate({"round": 1} | body)
        command = await asyncio.to_thread(self._commit, case_id, by, decision)
        with_row = decision.model_dump(mode="json", exclude_none=True)
        await handle.signal("decide", Signal(decision_id=command, body=with_row))
        await self._ear.expect(command)

    def _commit(self, case_id: str, by: Officer, decision: Decision) -> str:
        key = f"{decision.step}-{case_id}"
        with self._office.database.write() as s:
            commands.submit(s, case_id, CommandKind.DECIDE, decision, by, key, datetime.now(UTC))
        return commands.command_id(by.id, key)


async def timed(one: Callable[[], Awaitable[None]], count: int, in_flight: int) -> dict[str, float]:
    """Cases per second, and the seconds of one case: median and p99."""
    gate = asyncio.Semaphore(in_flight)
    took: list[float] = []

    async def run() -> None:
        async with gate:
            began = time.perf_counter()
            await one()
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(run() for _ in range(count)))
    rate = count / (time.perf_counter() - began)
    took.sort()
    return {"cases_per_second": rate, "median": statistics.median(took), "p99": took[int(len(took) * 0.99) - 1]}


async def measure(folder: Path, address: str, count: int, in_flight: int) -> dict[str, Any]:
    office = Office(folder, now=datetime.now(UTC))
    with office.database.write() as s:
        authorise(s, office, 9000)  # enough vacancy for every case of the run
    told = str(folder / "ear")
    transport, ear = await asyncio.get_running_loop().create_datagram_endpoint(
        Ear, local_addr=told, family=socket.AF_UNIX
    )
    worker = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
        [sys.executable, "-m", "benchmarks.bench_worker", address, str(folder), told]
    )
    try:
        await asyncio.wait_for(ear.expect("ready"), 60)
        client = await Client.connect(address, plugins=[dingbian_plugin(keyring())])
        driver = Driver(client, office, ear)
        for warm in (driver.bare, driver.full):
            await timed(warm, 10, 10)
        found: dict[str, Any] = {}
        for name, pause in PAUSES.items():
            driver.pause = pause
            found[name] = await _compared(driver, count, in_flight)
        return found
    finally:
        worker.terminate()
        worker.wait(20)
        transport.close()
        office.database.close()


async def _compared(driver: Driver, count: int, in_flight: int) -> dict[str, Any]:
    """Interleaved halves, so that a noisy minute hits both kinds."""
    halves: dict[str, list[dict[str, float]]] = {"bare": [], "full": []}
    for _ in range(2):
        halves["bare"].append(await timed(driver.bare, count // 2, in_flight))
        halves["full"].append(await timed(driver.full, count // 2, in_flight))
    found: dict[str, Any] = {kind: _mean(parts) for kind, parts in halves.items()}
    found["ratio"] = found["full"]["cases_per_second"] / found["bare"]["cases_per_second"]
    return found


def _mean(parts: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.fmean(part[name] for part in parts) for name in parts[0]}


def run(count: int = 200, in_flight: int = IN_FLIGHT) -> dict[str, Any]:
    """Print the table and give the figures back."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(data_dir=folder, temporal_port=free_port(), ui_port=free_port())
        server = EmbeddedTemporal(settings)
        server.start()
        try:
            found = asyncio.run(measure(folder, server.address, count, in_flight))
        finally:
            server.stop()
    table = Table(title=f"用编落编 · staffing up, {in_flight} in flight, {count} cases of each kind")
    for heading in ("", "cases/s", "median s", "p99 s"):
        table.add_column(heading, justify="right")
    for name, said in (("back_to_back", "接连 back to back"), ("waiting", f"停 {PAUSES['waiting']} s paused")):
        for kind, label in (("bare", "(a) bare workflow"), ("full", "(b) ledger and documents")):
            part = found[name][kind]
            figures = (f"{part['cases_per_second']:.1f}", f"{part['median']:.2f}", f"{part['p99']:.2f}")
            table.add_row(f"{said} {label}", *figures)
        table.add_row(f"{said} (b) / (a)", f"{found[name]['ratio']:.2f}", "", "")
    Console().print(table)
    return found


if __name__ == "__main__":
    run()
