"""P21: API and worker whose clocks are 400 days fast, 400 days slow, or run sixty times too fast. Time of a case is the
time of its workflow: nothing expires, nothing is dated or numbered in another year, and every decision counts.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from ledger.verify import verify
from models.enums import CommandKind, State
from models.register import Case, Journal, Record, Slip, StepRow
from records.verify import verify_records
from rules.deadlines import local_day
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    REGISTRAR,
    RESEARCH,
    Office,
    line,
    person,
)

from .clock import DAYS, bent, library
from .plant import Plant, alone, until


@pytest.fixture(scope="module")
def skew(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that bends a process's wall clock; without a C compiler (or outside Linux) there is none."""
    made = library(tmp_path_factory.mktemp("skew"))
    if made is None:
        pytest.skip("没有 C 编译器，无法拨动时钟 · no C compiler: clocks cannot be bent here")
    return made


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    alone(tmp_path, monkeypatch)
    made = Plant(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_the_library_bends_the_wall_clock_alone(skew: Path) -> None:
    """The other tests here could not fail if it did not."""
    code = "import time; from datetime import datetime, UTC; print(datetime.now(UTC).timestamp(), time.monotonic())"
    env = {**os.environ, **bent(skew, DAYS)}
    wrong = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    straight = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    wall, monotonic = (float(a) - float(b) for a, b in zip(wrong.stdout.split(), straight.stdout.split(), strict=True))
    assert abs(wall - DAYS) < 60
    assert abs(monotonic) < 60


def test_the_fast_clock_of_an_api_lets_no_slip_expire(tmp_path: Path) -> None:
    """The commit counts (0010), and it was before the judgement: also where no C compiler is, this is tried."""
    office = Office(tmp_path)
    case_id = office.opened()
    [slot] = office.issued(case_id)
    office.accepted(office.approve(case_id, slot, 300))
    body = office.decision(case_id, "enter", subject=slot)
    right = office.now
    office.later(days=400)
    command = office.commit(case_id, CommandKind.DECIDE, body, REGISTRAR)
    office.now = right
    receipt = office.handle(command, case_id).receipt
    assert receipt is not None
    office.accepted(receipt)
    assert {step.decided_at for step in office.docket(case_id).steps if step.decided_at} == {right}
    office.database.close()


class Clerk:
    """One case through the API."""

    def __init__(self, plant: Plant, http: httpx.AsyncClient) -> None:
        self.plant, self.http, self.case_id = plant, http, ""

    async def apply(self) -> None:
        basis = {"meeting": "局党组会议", "date": local_day(datetime.now(UTC)).isoformat()}
        body = {"unit": RESEARCH, "lines": [line("headcount:administrative")], "basis": basis, "contact": "王敏"}
        headers = self.plant.headers(APPLICANT.id, "apply")
        answer = await self.http.post("/applications/staffing-up", headers=headers, json=body)
        assert answer.status_code == 201, answer.text
        self.case_id = answer.json()["case_id"]

    async def decide(self, by: str, step: str, verdict: str = "approve", **more: Any) -> None:
        await until(f"{step} waits", lambda: self._waits(step))
        body = {"step": step, "round": 1, "verdict": verdict} | more
        headers = self.plant.headers(by, step)
        answer = await self.http.post(f"/cases/{self.case_id}/decisions", headers=headers, json=body)
        assert answer.is_success, answer.text
        receipt = await until(f"receipt of {step}", lambda: self._receipt(step))
        assert receipt["status"] == "accepted", receipt

    async def docket(self) -> dict[str, Any]:
        found: dict[str, Any] = (
            await self.http.get(f"/cases/{self.case_id}", headers=self.plant.headers("supervisor"))
        ).json()
        return found

    async def _waits(self, step: str) -> bool:
        return step in {each["step"] for each in (await self.docket())["steps"] if each["state"] == "current"}

    async def _receipt(self, key: str) -> dict[str, Any] | None:
        receipts = (await self.docket())["receipts"]
        return next((each for each in receipts if each["decision_id"] == key), None)


async def by_another_clock(plant: Plant, skew: Path, shift: int, rate: int = 1) -> None:
    """Worker and API start again by it."""
    for child in (plant.worker, plant.api):
        await asyncio.to_thread(child.stop)
        child.env = {**child.env, **bent(skew, shift, rate)}
        child.start()
    async with plant.at() as http:
        await until("the API by another clock", lambda: _alive(http))


async def _alive(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/health/live")).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.chaos
@pytest.mark.e2e
@pytest.mark.xdist_group("drill")
async def test_clocks_that_are_wrong_change_no_outcome(plant: Plant, skew: Path) -> None:
    before = datetime.now(UTC)
    async with plant.at(seconds=30) as http:
        clerk = Clerk(plant, http)
        await by_another_clock(plant, skew, -DAYS)
        await clerk.apply()
        await clerk.decide(EXAMINER.id, "examine")
        await clerk.decide(ISSUER.id, "issue")
        slot = (await clerk.docket())["slip"]["slots"][0]["code"]
        named = {"subject": slot, "persons": [person(slot, 300)], "reference_no": "示组任〔2026〕5号"}
        await clerk.decide(ORGANISATION.id, "approve-persons", **named)
        await by_another_clock(plant, skew, DAYS)  # by this clock a slip has expired long ago
        await clerk.decide(REGISTRAR.id, "enter", subject=slot)
        await by_another_clock(plant, skew, 0, 60)
        await clerk.decide(FINANCE.id, "finance", "acknowledge", subject=slot)
        await clerk.decide(INSURANCE.id, "social-insurance", "acknowledge", subject=slot)

        async def closed() -> bool:
            return (await clerk.docket())["state"] == State.CLOSED.value

        await until("closed", closed)
    _as_if_clocks_were_right(plant, clerk.case_id, before, datetime.now(UTC))


def _as_if_clocks_were_right(plant: Plant, case_id: str, before: datetime, after: datetime) -> None:
    with plant.parts() as parts, parts.database.read() as s:
        rows = s.exec(select(Journal).where(col(Journal.case_id) == case_id)).all()
        assert Counter(row.kind for row in rows) == {"RESERVE": 1, "POST": 1}
        assert {row.effective_on for row in rows} <= {local_day(before), local_day(after)}
        [slip] = s.exec(select(Slip).where(col(Slip.case_id) == case_id)).all()
        assert before <= slip.issued_at <= after
        assert timedelta(days=30) < slip.valid_until - slip.issued_at < timedelta(days=400)
        years = {record.year for record in s.exec(select(Record).where(col(Record.case_id) == case_id))}
        assert years <= {local_day(before).year, local_day(after).year}
        steps = s.exec(select(StepRow).where(col(StepRow.case_id) == case_id)).all()
        assert all(before <= step.opened_at <= after for step in steps)
        case = s.get(Case, case_id)
        assert case is not None
        assert case.closed_at is not None
        assert before <= case.closed_at <= after
        assert not case.overdue
        assert verify(s).intact
        assert verify_records(s, parts.store) == []
