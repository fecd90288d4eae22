"""What happens to an office in a drill: each fault by its name, at a moment and for a time that the seed decides.

A fault is a sequence of happenings; between the first and the last of them other faults may strike. What a fault itself
shows to be wrong is a finding; whatever it makes of the register is the audit's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlmodel import Session, col, select

from activities.reconciliation import sweep
from models.reconciliation import DifferenceKind, Standing
from models.register import Case, Command
from runtime.assembly import assembled
from runtime.children import CONFIGURATION_STATUS, Child
from runtime.client import TemporalAway
from runtime.engine import TemporalEngine
from runtime.settings import Settings
from runtime.stack import CLI, variables

from . import clock
from .disk import full
from .plant import Plant, until

AWAY = (0.5, 2.5)
"""Seconds for which something is away."""
GRACE = timedelta(minutes=10)
"""A reconciliation leaves what is in hand five minutes; it is told that they have passed."""
ENDS = ("", "-wal", "-shm")
"""A database of SQLite in use is three files."""
NEW_CASE_SECONDS = 45.0
APART = 3
"""Happenings from the first of a fault to its last, at least: a copy that is put back at once is no older one."""
ENDED_SECONDS = 60.0
"""Within which a process that must not start has said so."""


@dataclass(slots=True)
class Scene:
    """One office, and what has happened to it."""

    plant: Plant
    chance: random.Random
    skew: Path | None
    """The library that bends clocks; None where there is no compiler."""
    disk: Path | None
    """The disk that can be filled; None where mounting is not permitted."""
    done: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    waits_for_a_sweep: bool = False
    """What Temporal has forgotten, and documents that found no room, come back by a reconciliation. An office runs it
    every hour, and a document is tried again every five minutes: too long for a drill."""
    findings: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    """Commands that were judged when the copy of Temporal was taken."""
    forgotten: set[str] = field(default_factory=set)
    """Commands that were judged after that, and before it was put back."""

    @property
    def folder(self) -> Path:
        return self.plant.folder

    async def a_while(self) -> None:
        await asyncio.sleep(self.chance.uniform(*AWAY))

    def judged(self) -> set[str]:
        with self.plant.parts() as parts, parts.database.read() as s:
            return set(s.exec(select(Command.id).where(col(Command.handled_at).is_not(None))))

    async def started_again(self, child: Child) -> None:
        """Once the supervisor has seen to it."""
        former = child.process
        await asyncio.to_thread(self.plant.kill, child)
        await until(f"{child.name} started again", lambda: child.process is not former and child.running)


Happening = Callable[[Scene], Awaitable[None]]


async def kill(scene: Scene) -> None:
    """kill -9 of any process."""
    child = scene.chance.choice(scene.plant.stack.children)
    await until(f"{child.name} is there to be killed", lambda: child.running)
    scene.killed[child.name.split()[-1].lower()] += 1
    await asyncio.to_thread(scene.plant.kill, child)


async def temporal_down(scene: Scene) -> None:
    """Temporal is killed and stays away for a while (P18)."""
    with scene.plant.down(scene.plant.temporal):
        await scene.a_while()


async def database_down(scene: Scene) -> None:
    """PostgreSQL ends as by a crash; on SQLite, which has no server, another program writes and does not let go: that
    only delays (P19; tests.chaos.test_storage moves its file away)."""
    server = scene.plant.postgres
    if server is not None:
        await asyncio.to_thread(server.stop, signal.SIGQUIT)
        await scene.a_while()
        await asyncio.to_thread(server.start)
        return
    other = sqlite3.connect(register_of(scene.plant), isolation_level=None, timeout=30, check_same_thread=False)
    with contextlib.closing(other):
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        await scene.a_while()
        other.execute("ROLLBACK")


async def disk_full(scene: Scene) -> None:
    """The disk of the data folder: Temporal's store, the records, and on SQLite the register (P19)."""
    assert scene.disk is not None
    scene.waits_for_a_sweep = True
    room = full(scene.disk)
    await asyncio.to_thread(room.__enter__)
    await scene.a_while()
    await asyncio.to_thread(room.__exit__, None, None, None)


async def clock_jump(scene: Scene) -> None:
    """API or worker goes on by a clock that is 400 days fast or slow, or runs sixty times too fast (P21)."""
    assert scene.skew is not None
    child = scene.chance.choice([scene.plant.worker, scene.plant.api])
    shift, rate = scene.chance.choice([(clock.DAYS, 1), (-clock.DAYS, 1), (0, 60)])
    child.env = {**child.env, **clock.bent(scene.skew, shift, rate)}
    await scene.started_again(child)


async def clock_right(scene: Scene) -> None:
    """Somebody has set it: the process goes on by the right one."""
    for child in (scene.plant.worker, scene.plant.api):
        if "CLOCK_SHIFT" in child.env:
            child.env = {name: value for name, value in child.env.items() if name not in clock.NAMES}
            await scene.started_again(child)


async def copy_of_temporal(scene: Scene) -> None:
    """A copy of Temporal's store, taken while it works. What was judged before stands in it."""
    scene.known = scene.judged()
    await asyncio.to_thread(copied, scene.plant.settings.temporal_database, scene.folder / "temporal-copy.db")


async def older_temporal(scene: Scene) -> None:
    """Temporal is put back to that copy; what it has forgotten stands in the register (P15)."""
    plant, scene.waits_for_a_sweep = scene.plant, True
    with plant.down(plant.api), plant.down(plant.worker), plant.down(plant.temporal):
        scene.forgotten = scene.judged() - scene.known
        store = plant.settings.temporal_database
        for end in ENDS:
            store.with_name(store.name + end).unlink(missing_ok=True)
        copied(scene.folder / "temporal-copy.db", store)


async def copy_of_register(scene: Scene) -> None:
    """A copy of the register, taken while everybody works."""
    plant = scene.plant
    if plant.postgres is None:
        await asyncio.to_thread(copied, register_of(plant), scene.folder / "older.db")
    else:
        await asyncio.to_thread(_copied_on_the_server, plant.postgres.url)


async def older_register(scene: Scene) -> None:
    """Whoever looks at that copy beside the Temporal of today is told precisely which cases it lacks (P15)."""
    plant = scene.plant
    engine = TemporalEngine(await plant.there())
    with assembled(settings_of_the_copy(plant)) as older:
        with older.database.read() as s:
            known = _cases(s)
        with contextlib.suppress(AssertionError):  # people may all have gone home
            await until("a case that the copy lacks", lambda: _those_there(scene, engine, known), NEW_CASE_SECONDS)
        lacking = await _those_there(scene, engine, known)
        named: set[str] = set()

        async def told() -> bool:
            with contextlib.suppress(TemporalAway):
                done = await sweep(older.database, older.store, engine, datetime.now(UTC) + GRACE)
                named.update(each.where for each in done.differences if each.kind is DifferenceKind.UNKNOWN_CASE)
            return named >= lacking  # its lists lag by a second

        await until("what the older register lacks is told", told)
    excess = named - await _those_there(scene, engine, known)
    if excess:
        scene.findings.append(f"called unknown to an older register, which has them: {sorted(excess)}")
    scene.done["cases that the older register lacks"] += len(lacking)


async def orphan_worker(scene: Scene) -> None:
    """A worker on another register must not come near these cases (P26)."""
    plant = scene.plant
    data = scene.folder / "orphan"
    wrong = plant.settings.model_copy(update={"data_dir": data, "database_url": f"sqlite:///{data / 'dingbian.db'}"})
    await asyncio.to_thread(_furnished, wrong)
    for _ in range(3):  # it waits for a Temporal that is away, and a killed one may take the connection with it
        status, said = await asyncio.to_thread(ended, "worker", wrong)
        if status == CONFIGURATION_STATUS:
            break
    if status != CONFIGURATION_STATUS or "another register" not in said:
        scene.findings.append(f"a worker on another register ended with {status}: {said[-300:]}")


async def two_starts(scene: Scene) -> None:
    """A second `dingbian up` on the folder of the first ends at once (P26)."""
    status, said = await asyncio.to_thread(ended, "up", scene.plant.settings)
    if status != CONFIGURATION_STATUS or "in use by another Dingbian" not in said:
        scene.findings.append(f"a second start on the same folder ended with {status}: {said[-300:]}")


KILL = "kill"
FAULTS: dict[str, tuple[Happening, ...]] = {
    KILL: (kill,),
    "temporal-down": (temporal_down,),
    "database-down": (database_down,),
    "disk-full": (disk_full,),
    "clock-jump": (clock_jump, clock_right),
    "older-temporal": (copy_of_temporal, older_temporal),
    "older-register": (copy_of_register, older_register),
    "orphan-worker": (orphan_worker,),
    "two-starts": (two_starts,),
}
"""Crashes after a commit have no name here: failpoints are armed in every drill."""


def planned(names: Iterable[str], kills: int, chance: random.Random) -> list[tuple[str, Happening]]:
    """Every fault once, `kill` as often as asked, in any order; the happenings of one fault in theirs."""
    order = [name for name in names for _ in (range(kills) if name == KILL else FAULTS[name])]
    chance.shuffle(order)
    while len(order) > 2 * APART + 2 and not _apart(order):
        chance.shuffle(order)
    seen: Counter[str] = Counter()
    plan = []
    for name in order:
        plan.append((name, FAULTS[name][0 if name == KILL else seen[name]]))
        seen[name] += 1
    return plan


def _apart(order: list[str]) -> bool:
    ends = {name: (order.index(name), len(order) - 1 - order[::-1].index(name)) for name in order if name != KILL}
    return all(last - first >= APART or len(FAULTS[name]) == 1 for name, (first, last) in ends.items())


# --- how it is done --------------------------------------------------------------------------------------------------


def register_of(plant: Plant) -> Path:
    return Path(plant.settings.database_url.removeprefix("sqlite:///"))


def settings_of_the_copy(plant: Plant) -> Settings:
    url = plant.settings.database_url
    other = f"sqlite:///{plant.folder / 'older.db'}" if plant.postgres is None else url.replace("/register?", "/older?")
    return plant.settings.model_copy(update={"database_url": other, "failpoints": ""})


def copied(source: Path, target: Path) -> None:
    """A whole copy of a database that may be in use."""
    target.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(source, timeout=30)) as of,
        contextlib.closing(sqlite3.connect(target)) as to,
    ):
        of.backup(to)


def _copied_on_the_server(url: str) -> None:
    """PostgreSQL copies a database that nobody uses: everybody is sent away for a moment, and comes back."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("ALTER DATABASE register ALLOW_CONNECTIONS false"))
        try:
            connection.execute(
                text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'register'")
            )
            connection.execute(text("CREATE DATABASE older TEMPLATE register"))
        finally:
            connection.execute(text("ALTER DATABASE register ALLOW_CONNECTIONS true"))
    engine.dispose()


def _cases(s: Session) -> set[str]:
    return set(s.exec(select(Case.id)))


async def _those_there(scene: Scene, engine: TemporalEngine, known: set[str]) -> set[str]:
    """Cases of the office that `known` does not name and Temporal has."""
    with scene.plant.parts() as parts, parts.database.read() as s:
        begun = _cases(s) - known

    found: set[str] = set()

    async def asked() -> bool:
        with contextlib.suppress(TemporalAway):
            found.update({each for each in begun if await engine.standing(each) is not Standing.UNKNOWN})
            return True
        return False

    await until("Temporal tells which cases it has", asked)
    return found


def _furnished(settings: Settings) -> None:
    with assembled(settings, migrate=True):
        pass


def ended(command: str, settings: Settings) -> tuple[int | None, str]:
    """How `dingbian command` ended by itself, and what it said; None when it did not."""
    try:
        done = subprocess.run(
            [sys.executable, str(CLI), command],
            env={**os.environ, **variables(settings)},
            capture_output=True,
            text=True,
            timeout=ENDED_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout + done.stderr
