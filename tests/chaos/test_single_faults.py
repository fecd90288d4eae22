"""One fault at a time in a real office of several processes: Temporal away (P18), the database away (P19), older copies
of Temporal's store (P15). Nothing is half-done, the API says plainly what is missing, and it all goes on by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import col, func, select

from ledger.verify import verify
from models.enums import State
from models.register import Case, Command, Journal
from records.verify import verify_records
from rules.deadlines import local_day
from tests.support.office import APPLICANT, EXAMINER, ISSUER, ORGANISATION, RESEARCH, line, person
from tests.support.postgres import need_postgres

from .audit import Findings, _commands
from .load import Told
from .plant import Plant, alone, until

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.xdist_group("drill")]

AWAY_SECONDS = 10.0
WITHIN_SECONDS = 1.0
"""P18: 99 of 100 answers while Temporal is away. A machine that is busy with other things gets as much more as its
answers took before."""


@pytest.fixture
def plant(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """An office at work, on the engine that the test names (`indirect`)."""
    engine = getattr(request, "param", "sqlite")
    if engine == "postgresql":
        need_postgres()
    alone(tmp_path, monkeypatch)
    made = Plant(tmp_path, engine, vacancies=8)
    try:
        made.start()
        yield made
    finally:
        made.stop()


class Hands:
    """People at work on the plant's API; every call is timed and what is acknowledged is noted."""

    def __init__(self, plant: Plant, http: httpx.AsyncClient) -> None:
        self.plant, self.http = plant, http
        self.told = Told()
        self.seconds: list[float] = []

    async def apply(self, key: str) -> httpx.Response:
        basis = {"meeting": f"局党组会议 {key}", "date": local_day(datetime.now(UTC)).isoformat()}
        body = {"unit": RESEARCH, "lines": [line("headcount:administrative")], "basis": basis, "contact": "王敏"}
        answer = await self._post("/applications/staffing-up", APPLICANT.id, key, body)
        if answer.is_success:
            self._noted(APPLICANT.id, key, answer.json()["case_id"])
        return answer

    async def decide(self, case_id: str, step: str, by: str) -> httpx.Response:
        key = f"{step}-{case_id}"
        body = {"step": step, "round": 1, "verdict": "approve"}
        answer = await self._post(f"/cases/{case_id}/decisions", by, key, body)
        if answer.is_success:
            self._noted(by, key, case_id)
        return answer

    async def ready(self) -> tuple[int, dict[str, Any]]:
        answer = await self.http.get("/health/ready")
        return answer.status_code, answer.json()

    async def state(self, case_id: str) -> str:
        answer = await self.http.get(f"/cases/{case_id}", headers=self.plant.headers("supervisor"))
        return str(answer.json()["state"]) if answer.is_success else f"HTTP {answer.status_code}"

    async def reaches(self, case_id: str, state: State) -> None:
        async def reached() -> bool:
            return await self.state(case_id) == state

        await until(f"{case_id} {state}", reached)

    async def _post(self, path: str, by: str, key: str, body: dict[str, Any]) -> httpx.Response:
        began = time.monotonic()
        answer = await self.http.post(path, headers=self.plant.headers(by, key), json=body)
        self.seconds.append(time.monotonic() - began)
        return answer

    def _noted(self, officer: str, key: str, case_id: str) -> None:
        self.told.commands[f"{officer}~{key}"] = case_id
        self.told.cases[case_id] = "staffing-up"


@contextlib.asynccontextmanager
async def hands(plant: Plant) -> AsyncIterator[Hands]:
    async with plant.at(seconds=30) as http:
        yield Hands(plant, http)


def p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[98]


def nothing_half_done(plant: Plant, told: Told) -> None:
    found = Findings()
    with plant.parts() as parts, parts.database.read() as s:
        _commands(s, told, found)
        assert found.faults == []
        whole = verify(s)
        assert (whole.faults, whole.difference) == ([], 0)
        assert verify_records(s, parts.store) == []


def all_judged(plant: Plant) -> Callable[[], bool]:
    def judged() -> bool:
        with plant.parts() as parts, parts.database.read() as s:
            waiting = select(func.count()).select_from(Command).where(col(Command.handled_at).is_(None))
            return s.exec(waiting).one() == 0

    return judged


async def test_temporal_away_for_ten_seconds_delays_nobody_and_loses_nothing(plant: Plant) -> None:
    """P18, and P5 for a server that is killed: decisions are taken within a second, health says what is missing, an API
    that is started meanwhile takes them too, and all of it arrives when Temporal is back."""
    async with hands(plant) as at:
        cases = [(await at.apply(f"before-{n}")).json()["case_id"] for n in range(6)]
        for case_id in cases:
            await at.reaches(case_id, State.ACCEPTED)
        usual = p99(at.seconds)
        at.seconds.clear()
        plant.kill(plant.temporal)
        gone = time.monotonic()
        taken = [await at.decide(case_id, "examine", EXAMINER.id) for case_id in cases[:5]]
        number = 0
        while time.monotonic() - gone < AWAY_SECONDS / 2:
            taken.append(await at.apply(f"away-{(number := number + 1)}"))
        status, told = await at.ready()
        assert (status, told["status"], told["parts"]["temporal"]["well"]) == (200, "degraded", False)
        assert "流程引擎不可用" in told["parts"]["temporal"]["says"]
        assert told["parts"]["database"]["well"] is True
        assert {answer.status_code for answer in taken[:5]} == {202}
        assert {answer.status_code for answer in taken[5:]} == {201}
        assert p99(at.seconds) < max(WITHIN_SECONDS, 2 * usual)

        plant.kill(plant.api)
        plant.api.start()
        await until("the API, started without Temporal", lambda: _alive(at))
        assert (await at.decide(cases[5], "examine", EXAMINER.id)).status_code == 202
        await until("ten seconds", lambda: time.monotonic() - gone > AWAY_SECONDS)
        plant.temporal.start()
        await until("all judged", all_judged(plant))
        for case_id in cases:
            assert (await at.decide(case_id, "issue", ISSUER.id)).is_success
            await at.reaches(case_id, State.SLIP_ISSUED)
        status, told = await at.ready()
        assert told["parts"]["temporal"]["well"] is True
    nothing_half_done(plant, at.told)


async def _alive(at: Hands) -> bool:
    try:
        return (await at.http.get("/health/live")).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("plant", ["postgresql"], indirect=True)
async def test_a_database_that_crashes_is_said_and_found_again(plant: Plant) -> None:
    """P19: stopped as by a crash in the middle of writing; 503 meanwhile, and the same processes go on afterwards."""
    assert plant.postgres is not None
    async with hands(plant) as at:
        case_id = (await at.apply("before")).json()["case_id"]
        await at.reaches(case_id, State.ACCEPTED)
        processes = [child.process for child in plant.stack.children]
        at_work = [asyncio.create_task(at.apply(f"during-{n}")) for n in range(12)]
        await until("some answered", lambda: sum(task.done() for task in at_work) > 2, pause=0.01)
        plant.postgres.stop(signal.SIGQUIT)
        answers = await asyncio.gather(*at_work)
        assert {answer.status_code for answer in answers} <= {201, 503}

        refused = await at.decide(case_id, "examine", EXAMINER.id)
        assert (refused.status_code, refused.json()["code"]) == (503, "database-away")
        assert refused.headers["retry-after"]
        assert refused.headers["content-type"].startswith("application/problem+json")
        status, told = await at.ready()
        assert (status, told["status"], told["parts"]["database"]["well"]) == (503, "down", False)

        plant.postgres.start()
        await until("the database found again", lambda: _ready(at))
        for number in range(12):  # those that got no answer are sent again with the same key
            assert (await at.apply(f"during-{number}")).status_code == 201
        assert (await at.decide(case_id, "examine", EXAMINER.id)).is_success
        await until("all judged", all_judged(plant))
        assert [child.process for child in plant.stack.children] == processes
        assert all(child.running for child in plant.stack.children), "nobody was restarted"
    nothing_half_done(plant, at.told)
    with plant.parts() as parts, parts.database.read() as s:
        assert s.exec(select(func.count()).select_from(Case)).one() == 13, "one case for each application"


async def _ready(at: Hands) -> bool:
    return (await at.ready())[0] == 200


async def test_an_older_copy_of_temporals_store_changes_no_number(plant: Plant) -> None:
    """P15 (re-delivery): Temporal is put back to before everything was decided. What the register has judged stays as
    it is, to the row; the case goes on where the register says it stands."""
    files = [plant.settings.temporal_database.with_name(plant.settings.temporal_database.name + end) for end in ENDS]
    async with hands(plant) as at:
        case_id = (await at.apply("a")).json()["case_id"]
        await at.reaches(case_id, State.ACCEPTED)
        plant.temporal.stop()
        kept = {file: file.read_bytes() for file in files if file.exists()}
        plant.temporal.start()
        assert (await at.decide(case_id, "examine", EXAMINER.id)).is_success
        assert (await at.decide(case_id, "issue", ISSUER.id)).is_success
        await at.reaches(case_id, State.SLIP_ISSUED)
        before = _rows(plant)

        plant.kill(plant.temporal)
        plant.kill(plant.worker)
        for file in files:
            file.unlink(missing_ok=True)
        for file, content in kept.items():
            file.write_bytes(content)
        plant.temporal.start()
        plant.worker.start()
        with plant.parts() as parts, parts.database.write() as s:  # as somebody who trusts nothing would have it
            for row in s.exec(select(Command)):
                row.delivered_at = None
        await until("delivered again", lambda: _delivered(plant))
        assert _rows(plant) == before
        await _a_person_is_approved(at, case_id)
    nothing_half_done(plant, at.told)


ENDS = ("", "-wal", "-shm")


def _rows(plant: Plant) -> list[tuple[str, int, str]]:
    with plant.parts() as parts, parts.database.read() as s:
        rows = s.exec(select(Journal).order_by(col(Journal.holder), col(Journal.seq)))
        return [(row.holder, row.seq, row.hash) for row in rows]


def _delivered(plant: Plant) -> bool:
    with plant.parts() as parts, parts.database.read() as s:
        waiting = select(func.count()).select_from(Command).where(col(Command.delivered_at).is_(None))
        return s.exec(waiting).one() == 0


async def _a_person_is_approved(at: Hands, case_id: str) -> None:
    """The case is decidable: its workflow read its desk from the register."""
    docket = (await at.http.get(f"/cases/{case_id}", headers=at.plant.headers("supervisor"))).json()
    slot = docket["slip"]["slots"][0]["code"]
    body = {
        "step": "approve-persons",
        "round": 1,
        "subject": slot,
        "verdict": "approve",
        "reference_no": "示组任〔2026〕5号",
    }
    body["persons"] = [person(slot, 300)]
    headers = at.plant.headers(ORGANISATION.id, "named")
    assert (await at.http.post(f"/cases/{case_id}/decisions", headers=headers, json=body)).is_success
    at.told.commands[f"{ORGANISATION.id}~named"] = case_id
    await until("all judged", all_judged(at.plant))
    docket = (await at.http.get(f"/cases/{case_id}", headers=at.plant.headers("supervisor"))).json()
    assert ("enter", slot) in {
        (each["step"], each["subject"]) for each in docket["steps"] if each["state"] == "current"
    }
