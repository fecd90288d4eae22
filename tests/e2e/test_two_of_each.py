"""Two machines of one office: each has a worker and an API, both share one register on PostgreSQL, one Temporal, one
store and one set of keys (docs/how-to/use-postgresql.md). Nobody leads; one worker and one API are killed meanwhile.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, NullPool, create_engine, text
from temporalio.client import Client

from runtime.children import Child
from runtime.ports import free_port
from tests.chaos.audit import Watch, audit
from tests.chaos.load import People, Told
from tests.chaos.plant import Plant, alone, until
from tests.support.postgres import need_postgres
from tests.support.processes import Process

pytestmark = [pytest.mark.e2e, pytest.mark.chaos, pytest.mark.postgresql, pytest.mark.xdist_group("server")]

CASES = 20
VACANCIES = 4
BEFORE_KILLS = 20
"""Commands that were acknowledged before the two processes die."""
LIMIT_SECONDS = 240.0


class SecondMachine:
    """`dingbian worker` and `dingbian api` with a data folder of their own, as an operator sets up another machine."""

    def __init__(self, plant: Plant, folder: Path) -> None:
        folder.mkdir()
        shutil.copy(plant.settings.keyring_file, folder / "keyring.json")
        self.port = free_port()
        settings = {
            "DINGBIAN_DATA_DIR": str(folder),
            "DINGBIAN_DATABASE_URL": plant.settings.database_url,
            "DINGBIAN_RECORDS_URL": plant.settings.records_url,
            "DINGBIAN_PUBLIC_URL": plant.settings.public_url,
            "DINGBIAN_DEMO_ACCOUNTS": "false",
            "DINGBIAN_API_PORT": str(self.port),
            "TEMPORAL_ADDRESS": f"127.0.0.1:{plant.settings.temporal_port}",
            "TEMPORAL_CONFIG_FILE": str(folder / "none.toml"),
        }
        self.worker = Process(["worker"], settings, folder / "worker.log")
        self.api = Process(["api"], settings, folder / "api.log")

    def wait(self) -> None:
        self.worker.wait_until_said("worker is at work")
        self.api.wait_until_healthy(f"http://127.0.0.1:{self.port}/api/v1/health/live")

    def stop(self) -> None:
        self.api.end()
        self.worker.end()


class Doors(httpx.AsyncBaseTransport):
    """What a proxy before two APIs does: each in turn, and the other one when one is not there."""

    def __init__(self, ports: tuple[int, int]) -> None:
        self.opened: Counter[int] = Counter()
        """Commands that each door took."""
        self._ports = itertools.cycle(ports)
        self._http = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for last in (False, True):
            port = next(self._ports)
            request.url = request.url.copy_with(port=port)
            try:
                answer = await self._http.handle_async_request(request)
            except httpx.ConnectError:
                if last:
                    raise
            else:
                if request.method == "POST" and answer.is_success:
                    self.opened[port] += 1
                return answer
        raise AssertionError("two doors were tried")

    async def aclose(self) -> None:
        await self._http.aclose()


@pytest.fixture
def plant(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    need_postgres()
    folder = tmp_path_factory.mktemp("two")
    alone(folder, monkeypatch)
    made = Plant(folder, "postgresql", vacancies=VACANCIES)
    try:
        made.start()
        yield made
    finally:
        made.stop()


async def test_two_workers_and_two_apis_share_the_load_and_two_kills_lose_nothing(plant: Plant, tmp_path: Path) -> None:
    """P1, P2, P5, P11 with everything twice, on PostgreSQL."""
    second = SecondMachine(plant, tmp_path / "second")
    try:
        await asyncio.to_thread(second.wait)
        doors = Doors((plant.settings.api_port, second.port))
        engine = create_engine(plant.settings.database_url, poolclass=NullPool)
        before = Counter[int]()
        told, watch = await _an_afternoon(plant, second, doors, engine, before)
        assert told.odd == []
        assert watch.looks > 0
        assert watch.faults == []
        await until("at rest", lambda: _at_rest(engine))
        findings = await audit(plant, told, VACANCIES)
        assert findings.faults == []
        assert findings.figures["entered"] == VACANCIES
        hands = await _hands(await plant.client(), list(told.cases))
        workers = {_pid(plant.worker), second.worker.child.pid}
        assert all(hands[pid] > 0 for pid in workers), (hands, workers)
        assert set(hands) == workers
        assert all(before[port] > 0 for port in (plant.settings.api_port, second.port)), before
        assert doors.opened[plant.settings.api_port] > before[plant.settings.api_port]  # the one that was left went on
        with engine.connect() as connection:
            held = connection.execute(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar()
        assert held == 0  # nobody is a leader: nothing is held between two transactions
    finally:
        await asyncio.to_thread(second.stop)


async def _an_afternoon(
    plant: Plant, second: SecondMachine, doors: Doors, engine: Engine, before: Counter[int]
) -> tuple[Told, Watch]:
    """Everybody works through both doors; in the middle the first machine's worker and the second one's API die."""
    people = People(plant, seed=1, cases=CASES)
    people.come(1)
    people._http = httpx.AsyncClient(transport=doors, base_url=f"{plant.settings.api_url}/api/v1", timeout=15)
    watch = Watch()
    async with asyncio.timeout(LIMIT_SECONDS), asyncio.TaskGroup() as group:
        watching = group.create_task(watch.run(engine))
        working = group.create_task(people.work())
        await until("work is under way", lambda: working.done() or len(people.told.commands) >= BEFORE_KILLS)
        assert _connected(engine) >= {
            _pid(plant.worker),
            second.worker.child.pid,
            _pid(plant.api),
            second.api.child.pid,
        }
        before.update(doors.opened)
        assert not working.done()
        Plant.kill(plant.worker)
        second.api.kill()
        await working
        watching.cancel()
    return people.told, watch


def _pid(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def _connected(engine: Engine) -> set[int]:
    """The processes that have a connection, as the server shows them to its operator."""
    query = text("SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'dingbian %'")
    with engine.connect() as connection:
        return {int(name.split()[1].partition("@")[0]) for name in connection.execute(query).scalars()}


def _at_rest(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.execute(text("SELECT 1 FROM command WHERE handled_at IS NULL LIMIT 1")).first() is None


async def _hands(client: Client, cases: list[str]) -> Counter[int]:
    """How many activities each worker process began, as Temporal's histories tell."""
    found: Counter[int] = Counter()
    for case in cases:
        async for event in client.get_workflow_handle(case).fetch_history_events():
            if event.HasField("activity_task_started_event_attributes"):
                found[int(event.activity_task_started_event_attributes.identity.partition("@")[0])] += 1
    return found
