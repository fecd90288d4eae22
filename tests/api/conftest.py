"""A migrated register with two units, one officer per part, their tokens, and a Temporal that only notes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from activities.deps import Deps
from api import examples
from api.app import create_app
from api.deps import Runtime
from docket import commands, officers
from ledger.db import Database
from models.applications import StaffingUpApplication
from models.decisions import Delivery, Officer
from models.enums import Department, Role, State
from models.register import Account, Case, Command, Holder, Unit
from models.rulebook import Calendar, Rulebook
from models.sealing import Keyring, SealingKey
from records import numbering
from records.render import Renderer
from records.store import FolderStore
from runtime.client import TemporalAway
from runtime.disposing import Disposer
from runtime.renditions import PdfMaker, Shelf
from runtime.settings import Settings
from tests.support.engines import CHOSEN, copy_of, database_for, forget
from tests.support.postgres import need_postgres

UNIT_A = examples.UNIT
UNIT_B = "11990000000000002B"
NOBODY = "11990000000000009X"
NOW = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
KEYRING = Keyring(keys={"k1": SealingKey("k1", "sm4-gcm", b"0123456789abcdef")}, current="k1", index_key=b"i" * 32)

CAST: dict[str, tuple[Department, str | None, Role]] = {
    "applicant": (Department.UNIT, UNIT_A, Role.APPLICANT),
    "neighbour": (Department.UNIT, UNIT_B, Role.APPLICANT),
    "examiner": (Department.ESTABLISHMENT, None, Role.EXAMINER),
    "inspector": (Department.ESTABLISHMENT, None, Role.INSPECTOR),
    "head": (Department.ESTABLISHMENT, None, Role.HEAD),
    "commissioner": (Department.COMMISSION, None, Role.APPROVER),
    "organiser": (Department.ORGANISATION, None, Role.APPROVER),
    "organiser_two": (Department.ORGANISATION, None, Role.APPROVER),
    "personnel": (Department.PERSONNEL, None, Role.APPROVER),
    "treasurer": (Department.FINANCE, None, Role.APPROVER),
    "insurer": (Department.SOCIAL_INSURANCE, None, Role.APPROVER),
    "supervisor": (Department.SUPERVISION, None, Role.SUPERVISOR),
    "auditor": (Department.SUPERVISION, None, Role.AUDITOR),
    "system_admin": (Department.ADMINISTRATION, None, Role.SYSTEM_ADMIN),
    "security_admin": (Department.ADMINISTRATION, None, Role.SECURITY_ADMIN),
    "audit_admin": (Department.ADMINISTRATION, None, Role.AUDIT_ADMIN),
}


@dataclass
class NotingTemporal:
    """Takes deliveries as Temporal would. `worker` plays the worker: what it does with a delivery at once."""

    away: bool = False
    outcome: Literal["delivered", "closed"] = "delivered"
    worker: Callable[[Delivery], None] | None = None
    deliveries: list[Delivery] = field(default_factory=list)

    async def deliver(self, delivery: Delivery) -> Literal["delivered", "closed"]:
        if self.away:
            raise TemporalAway("RPCError UNAVAILABLE")
        self.deliveries.append(delivery)
        if self.worker is not None:
            self.worker(delivery)
        return self.outcome

    async def healthy(self) -> bool:
        return not self.away


@dataclass
class Desk:
    """The API under test and everything behind it."""

    app: FastAPI
    client: httpx.AsyncClient
    runtime: Runtime
    temporal: NotingTemporal
    database: Database
    tokens: dict[str, str]
    cast: dict[str, Officer]

    async def call(
        self,
        method: str,
        path: str,
        *,
        by: str | None = None,
        key: str | None = None,
        headers: dict[str, Any] | None = None,
        **more: Any,
    ) -> httpx.Response:
        sent: dict[str, Any] = dict(headers or {})
        if by is not None:
            sent["Authorization"] = f"Bearer {self.tokens[by]}"
        if key is not None:
            sent["Idempotency-Key"] = key
        return await self.client.request(method, f"/api/v1{path}", headers=sent, **more)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.call("GET", path, **more)

    async def post(self, path: str, **more: Any) -> httpx.Response:
        return await self.call("POST", path, **more)

    def opened_case(self, by: str = "applicant", key: str = "opening") -> str:
        """A case of unit A in the register, its start delivered and accepted by the gate."""
        with self.database.write() as s:
            application = StaffingUpApplication.model_validate(examples.APPLICATION)
            done = commands.submit_application(
                s, application, self.cast[by], key, NOW, lambda: numbering.tally(s, "case", 2026)
            )
            assert isinstance(done, commands.Submitted)
            commands.delivered(s, commands.command_id(self.cast[by].id, key), NOW)
            case = s.get(Case, done.case_id)
            assert case is not None
            case.state = State.ACCEPTED.value
            s.add(case)
        return done.case_id

    def ended(self, case_id: str) -> None:
        with self.database.write() as s:
            case = s.get(Case, case_id)
            assert case is not None
            case.state = State.CLOSED.value
            s.add(case)

    def rows(self, case_id: str) -> list[Command]:
        with self.database.read() as s:
            return list(s.exec(select(Command).where(Command.case_id == case_id).order_by(Command.seq)))  # type: ignore[arg-type]

    def judge(self, delivery: Delivery) -> None:
        """What a worker does, in short: the receipt in the register."""
        with self.database.write() as s:
            commands.write_receipt(s, delivery.command_id, NOW, None)


Filled = tuple[str, dict[str, str], dict[str, Officer]]
"""The address of a register, tokens and officers by login."""


@pytest.fixture
def engine() -> str:
    """SQLite, in a run on PostgreSQL PostgreSQL; a test that is to run on both parametrises it."""
    return "postgresql" if CHOSEN == "postgresql" else "sqlite"


@pytest.fixture(scope="session")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Filled]]:
    """A register of each engine that is asked for, with units and officers, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("registers")
    made: dict[str, Filled] = {}

    def of(engine: str) -> Filled:
        if engine not in made:
            url = database_for(engine, folder / f"{engine}.db")
            made[engine] = (url, *_filled(url))
        return made[engine]

    yield of
    forget(folder)


@pytest.fixture
def filled(registers: Callable[[str], Filled], engine: str) -> Filled:
    if engine == "postgresql":
        need_postgres()
    return registers(engine)


def _filled(url: str) -> tuple[dict[str, str], dict[str, Officer]]:
    database = Database(url, KEYRING)
    database.migrate()
    tokens: dict[str, str] = {}
    cast: dict[str, Officer] = {}
    with database.write() as s:
        for code, name in ((UNIT_A, "示范市档案局"), (UNIT_B, "示范市图书馆")):
            s.add(Holder(id=code, name=name))
            s.flush()
            s.add(Unit(code=code, name=name, kind="organ", holder=code, certificate_no=f"证{code[-4:]}"))
            s.flush()
            s.add(Account(id=f"{code}|a", holder=code, resource="headcount:administrative"))
        for login, (department, unit, role) in CAST.items():
            cast[login] = officers.add_officer(
                s, id=f"o-{login}", login=login, name=f"经办{login}", department=department, unit=unit, roles=[role]
            )
            tokens[login] = officers.issue_token(s, f"o-{login}", NOW)
    database.close()
    return tokens, cast


@pytest.fixture
def database(filled: Filled, tmp_path: Path) -> Iterator[Database]:
    made = Database(copy_of(filled[0], tmp_path / "register.db"), KEYRING)
    yield made
    made.close()
    forget(tmp_path)


@pytest.fixture
async def desk(filled: Filled, database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    temporal = NotingTemporal()
    store = FolderStore(tmp_path / "records")
    calendar = Calendar(version="t", published=frozenset({2026}), holidays=frozenset(), workdays=frozenset())
    deps = Deps(database, store, Renderer(), Rulebook(), calendar, "http://api.test")
    runtime = Runtime(
        settings=Settings(data_dir=tmp_path),
        database=database,
        store=store,
        make_pdf=PdfMaker(Shelf(database, store, lambda: NOW)),
        temporal=temporal,
        rulebook=Rulebook(),
        calendar=calendar,
        dispose=Disposer(deps, lambda: NOW),
        keyring=KEYRING,
        clock=lambda: NOW,
        watch_seconds=0.1,
        event_seconds=0.01,
    )
    app = create_app(runtime)
    transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield Desk(app, client, runtime, temporal, database, dict(filled[1]), dict(filled[2]))


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of an answer, checked to be one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["code"] == code, body
    assert body["type"] == f"urn:dingbian:problem:{code}"
    assert body["title"]
    return body
