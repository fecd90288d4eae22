"""An office with a Temporal of its own, and workers in processes of their own, started as an office starts them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from docket import commands
from models.decisions import Officer, Receipt
from models.enums import CommandKind, State
from runtime.embedded import EmbeddedTemporal
from runtime.keyring import KeyEntry, KeyFile
from runtime.ports import free_port
from runtime.settings import load_settings

from .office import Office, application, keyring
from .temporal import utc_now

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 60.0

T = TypeVar("T")


@dataclass
class Process:
    """One worker; `log` is what it said."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    async def says(self, text: str) -> None:
        await until(f"worker says {text}", lambda: text in self.log.read_text(encoding="utf-8", errors="replace"))

    async def ends(self) -> int:
        return await asyncio.to_thread(self.popen.wait, WAIT_SECONDS)


class Station:
    """The office's register is a SQLite file; its commands reach the cases through the relays of the workers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.office = Office(folder, url=f"sqlite:///{folder / 'dingbian.db'}")
        self.settings = load_settings(data_dir=folder, temporal_port=free_port(), ui_port=free_port())
        self.embedded = EmbeddedTemporal(self.settings)
        write_keys(self.settings.keyring_file)
        self._started = 0
        self._applied = 0

    def variables(self, **more: str) -> dict[str, str]:
        """The environment of a process of this office; `more` are settings without their prefix."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DINGBIAN_", "TEMPORAL_"))}
        own = {
            "DATA_DIR": str(self.folder),
            "TEMPORAL_PORT": str(self.settings.temporal_port),
            "UI_PORT": str(self.settings.ui_port),
        }
        named = {f"DINGBIAN_{name}": value for name, value in (own | more).items()}
        return kept | named | {"TEMPORAL_CONFIG_FILE": str(self.folder / "none.toml")}

    @contextlib.contextmanager
    def worker(self, **more: str) -> Iterator[Process]:
        """`dingbian worker`; killed at exit if it is still there."""
        self._started += 1
        log = self.folder / f"worker-{self._started}.log"
        with log.open("wb") as out:
            command = [sys.executable, str(ROOT / "cli.py"), "worker"]
            popen = subprocess.Popen(command, env=self.variables(**more), cwd=ROOT, stdout=out, stderr=out)
        try:
            yield Process(popen, log)
        finally:
            if popen.poll() is None:
                popen.kill()
            popen.wait()

    async def dingbian(self, *arguments: str) -> Any:
        """What a command answers with --json; it must succeed."""
        done = await asyncio.to_thread(self.run, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "cli.py"), *arguments],
            env=self.variables(), cwd=ROOT, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False,
        )  # fmt: skip

    # --- cases -----------------------------------------------------------------------------------------------------

    def commit(self, case_id: str, kind: CommandKind, body: Any, by: Officer) -> str:
        self.office.now = utc_now()
        return self.office.commit(case_id, kind, body, by)

    def receipt(self, command: str) -> Receipt | None:
        officer, _, key = command.partition("~")
        with self.office.database.read() as s:
            return commands.receipt(s, officer, key)

    async def judged(self, command: str) -> Receipt:
        return await until(f"receipt of {command}", lambda: self.receipt(command))

    async def accepted(self) -> str:
        """A case that its gate has let in."""
        self.office.now = utc_now()
        self._applied += 1
        wanted = application(meeting=f"局党组会议〔2026〕第{self._applied}次")
        case_id = await asyncio.to_thread(self.office.apply, wanted)
        await until("accepted", lambda: self.office.docket(case_id).state is State.ACCEPTED)
        return case_id

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Somebody else writes all the while: activities wait."""
        with contextlib.closing(sqlite3.connect(self.folder / "dingbian.db", isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout=30000")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                connection.execute("ROLLBACK")


def write_keys(path: Path) -> None:
    """The tests' key as a key file, for processes of their own."""
    keys = keyring()
    entries = [
        KeyEntry(id=key.key_id, cipher=key.cipher, material=base64.b64encode(key.material), made_on="2026-01-01")
        for key in keys.keys.values()
    ]
    file = KeyFile(profile="embedded", current=keys.current, index_key=base64.b64encode(keys.index_key), keys=entries)
    path.touch(mode=0o600)
    path.write_text(file.model_dump_json(), encoding="utf-8")


async def until(said: str, seen: Callable[[], T | None]) -> T:
    """The first answer that is not nothing."""
    end = time.monotonic() + WAIT_SECONDS
    while not (found := await asyncio.to_thread(seen)):
        assert time.monotonic() < end, f"never: {said}"
        await asyncio.sleep(0.02)
    return found


async def until_told(said: str, ask: Callable[[], Awaitable[T | None]]) -> T:
    """As `until`, of whom one has to wait for."""
    end = time.monotonic() + WAIT_SECONDS
    while not (found := await ask()):
        assert time.monotonic() < end, f"never: {said}"
        await asyncio.sleep(0.05)
    return found
