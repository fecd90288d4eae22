"""The whole of an office as separate processes, started and watched by the product's own supervisor (`Stack`): embedded
Temporal, `dingbian worker`, `dingbian api`, on SQLite or on a PostgreSQL of its own. Tests kill them and look on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text
from temporalio.client import Client

from docket.officers import issue_token
from ledger import postings
from models.decisions import Officer
from models.enums import Resource
from models.ledger import Basis, Cause
from models.refusals import Refusal
from models.rulebook import Rulebook
from rules.deadlines import local_day
from runtime.assembly import Parts, assembled
from runtime.children import FIRST_PAUSE, Child
from runtime.client import ADMIN_SECONDS, TemporalAway, bounded, connected
from runtime.embedded import DataFolderLock
from runtime.faults import Away
from runtime.ports import free_port
from runtime.schedules import LOG, ensure_schedules
from runtime.settings import PREFIX, load_settings
from runtime.stack import Stack
from tests.support.office import EVERYBODY, RESEARCH, _seed
from tests.support.postgres import PostgresServer

FOREIGN = ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE", "TEMPORAL_API_KEY", "TEMPORAL_TLS")
LOOK_SECONDS = 0.1
READY_SECONDS = 60.0
VACANT = 4
"""Administrative headcounts that stand free in the research bureau of `tests.support.office`."""


def alone(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a plant, and none of its Temporal is another's."""
    for name in [name for name in os.environ if name.startswith(PREFIX)] + list(FOREIGN):
        patch.delenv(name, raising=False)
    patch.setenv("TEMPORAL_CONFIG_FILE", str(folder / "none.toml"))


def own_postgres(folder: Path) -> PostgresServer:
    """A server of this plant alone, started, with an empty database `register`."""
    folder.mkdir(parents=True, exist_ok=True)
    server = PostgresServer(folder / "data")
    server.start()
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE register"))
    engine.dispose()
    return server


@dataclass
class Plant:
    """`start` and `stop` everything, `kill` one process, `keep` what died alive, `at` the API by HTTP.

    Use it from the main thread: the processes end with the thread that started them.
    """

    folder: Path
    engine: str = "sqlite"
    vacancies: int = VACANT
    others: dict[str, Any] = field(default_factory=dict)
    """Further settings of the office."""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.postgres = own_postgres(self.folder / "postgres") if self.engine == "postgresql" else None
        address = {}
        if self.postgres is not None:
            address["database_url"] = self.postgres.url.replace("/postgres?", "/register?", 1)
        ports = {"api_port": free_port(), "temporal_port": free_port(), "ui_port": free_port()}
        self.settings = load_settings(
            data_dir=self.folder / "office", demo_accounts=False, **ports, **address, **self.others
        )
        self.held: set[str] = set()
        """Names of processes that are down and stay it."""
        self.said: list[str] = []
        """What the supervisor told its operator."""
        try:
            self.tokens = self._furnished()
        except BaseException:
            if self.postgres is not None:
                self.postgres.stop()
            raise
        self.stack = Stack(self.settings, self.said.append)
        self._lock = DataFolderLock(self.settings.data_dir)
        self.keeper: asyncio.Task[None] | None = None
        self.failpoints = ""
        self.seed = 0
        self._starts = 0
        self._arm_next()

    # --- processes -----------------------------------------------------------------------------------------

    @property
    def temporal(self) -> Child:
        return self.stack.children[0]

    @property
    def worker(self) -> Child:
        return self.stack.worker

    @property
    def api(self) -> Child:
        return self.stack.api

    def start(self) -> None:
        """As `dingbian up` does: whoever has the folder's lock."""
        self._lock.__enter__()
        self.stack.start()

    def stop(self) -> None:
        """Everything, whatever state it is in."""
        self.stack.stop()
        self._lock.__exit__()
        if self.postgres is not None:
            self.postgres.stop()

    def arm(self, failpoints: str, seed: int) -> None:
        """What the next starts of worker and API are armed with."""
        self.failpoints, self.seed = failpoints, seed
        self._arm_next()

    def look(self) -> None:
        """One look of the supervisor, without the patience that it has with a fault that comes back."""
        for child in self.stack.children:
            if child.name in self.held:
                continue
            child.pause = FIRST_PAUSE / 2
            if child.watch(self.said.append):
                self._arm_next()

    async def keep(self) -> None:
        """The supervisor at work until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """The supervisor at work; what it cannot help (StartFault) ends the test."""
        self.keeper = asyncio.create_task(self.keep())
        try:
            yield
        finally:
            self.keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.keeper

    def still_kept(self) -> None:
        """Raises what ended the supervisor: without it nothing that is waited for will come."""
        if self.keeper is not None and self.keeper.done():
            self.keeper.result()

    @staticmethod
    def kill(child: Child) -> None:
        """kill -9."""
        if child.process is not None and child.process.poll() is None:
            child.process.send_signal(signal.SIGKILL)
            child.process.wait()

    @contextmanager
    def down(self, child: Child) -> Iterator[None]:
        """Killed, and left so by the supervisor until the block ends."""
        self.held.add(child.name)
        self.kill(child)
        try:
            yield
        finally:
            self.held.discard(child.name)

    def _arm_next(self) -> None:
        """Another seed for every start: with the same one a process that died at its first hit would die for ever."""
        self._starts += 1
        armed = {PREFIX + "FAILPOINTS": self.failpoints, PREFIX + "FAILPOINTS_SEED": str(self.seed + self._starts)}
        for child in (self.worker, self.api):
            child.env = {**child.env, **armed}

    async def night(self) -> None:
        """The daily append to the log, run now, as soon as Temporal takes the order."""

        async def ordered() -> bool:
            try:
                client = await self.client()
                await bounded(ensure_schedules(client, Rulebook()), ADMIN_SECONDS)
                await bounded(client.get_schedule_handle(LOG).trigger(), ADMIN_SECONDS)
            except (TemporalAway, Away):
                return False
            return True

        await until("the night's orders taken", ordered)

    # --- looking -------------------------------------------------------------------------------------------

    @contextmanager
    def parts(self) -> Iterator[Parts]:
        """Register, store and keys, opened as every process of the office opens them."""
        with assembled(self.settings) as parts:
            yield parts

    async def client(self) -> Client:
        """A client of Temporal with the office's keys."""
        with self.parts() as parts:
            return await connected(self.settings, parts.keyring)

    async def there(self) -> Client:
        """The same, once Temporal answers."""

        async def answered() -> Client | None:
            with contextlib.suppress(TemporalAway, Away):
                return await self.client()
            return None

        found: Client = await until("Temporal answers", answered)
        return found

    def at(self, seconds: float = 10.0) -> httpx.AsyncClient:
        """The API."""
        return httpx.AsyncClient(base_url=f"{self.settings.api_url}/api/v1", timeout=seconds, trust_env=False)

    def headers(self, officer: str, key: str | None = None) -> dict[str, str]:
        made = {"Authorization": f"Bearer {self.tokens[officer]}"}
        return made | ({"Idempotency-Key": key} if key else {})

    def log(self, child: Child, lines: int = 20) -> str:
        return f"{child.name}:\n{child.log_tail(lines)}"

    # --- furnishing ----------------------------------------------------------------------------------------

    def _furnished(self) -> dict[str, str]:
        """The office of `tests.support.office` in a register with keys of its own; tokens by officer."""
        now = datetime.now(UTC)
        with assembled(self.settings, migrate=True) as parts, parts.database.write() as s:
            _seed(s, now)
            basis = Basis(number="示编〔2026〕1号", body="示范市委编委", date=local_day(now))
            cause = Cause(
                case_id="vacancies",
                step="opening",
                round=1,
                effective_on=local_day(now),
                recorded_at=now,
                basis=basis,
            )
            more = self.vacancies - VACANT
            if more:
                assert not isinstance(postings.authorise(s, RESEARCH, Resource.ADMINISTRATIVE, more, cause), Refusal)
            return {each.id: issue_token(s, each.id, now) for each in EVERYBODY}


def officer_for(department: str, roles: list[str], unit: str | None = None) -> Officer:
    """Who of the office may take a step."""
    return next(
        each
        for each in EVERYBODY
        if each.department == department and set(each.roles) & set(roles) and (unit is None or each.unit == unit)
    )


async def until(said: str, seen: Any, seconds: float = READY_SECONDS, pause: float = 0.1) -> Any:
    """What `seen` (a function, perhaps async) answers once it is true. Raises AssertionError with `said`."""
    end = time.monotonic() + seconds
    while True:
        found = seen()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"never: {said}")
        await asyncio.sleep(pause)
