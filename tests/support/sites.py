"""An office with its settings and keys, a place to back it up to and an empty one to restore into; and people at work
meanwhile."""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger import postings
from models.enums import Resource
from models.ledger import Basis, Cause
from models.sealing import Keyring
from rules.deadlines import local_day
from runtime.anchors import Anchor
from runtime.assembly import assembled
from runtime.backup import back_up
from runtime.backup_manifest import Backup
from runtime.backup_restore import RestoreTest, restore
from runtime.keyring import KeyEntry, KeyFile
from runtime.settings import Settings, load_settings
from tests.support.office import RESEARCH, Office, keyring

WRITERS = 4


def quiet(_what: str, _done: int, _total: int) -> None:
    pass


def write_keys(path: Path, ring: Keyring) -> Path:
    keys = [
        KeyEntry(id=key.key_id, cipher=key.cipher, material=base64.b64encode(key.material), made_on="2026-01-05")
        for key in ring.keys.values()
    ]
    file = KeyFile(profile="embedded", current=ring.current, index_key=base64.b64encode(ring.index_key), keys=keys)
    path.write_text(json.dumps(file.model_dump(mode="json")))
    path.chmod(0o600)
    return path


@dataclass
class Site:
    """An office with its settings and keys, a place to back up to, and an empty place to restore into."""

    office: Office
    settings: Settings
    keys: Path
    target: Path
    empty: Settings

    def backed_up(self, with_keys: Path | None = None) -> Backup:
        with assembled(self.settings) as parts:
            return back_up(parts, self.target, with_keys, quiet)

    def restored(self, keys: Path | None = None, anchor: Anchor | None = None) -> RestoreTest:
        return restore(self.empty, self.target, keys or self.keys, anchor, quiet)

    @contextmanager
    def there(self) -> Iterator[Office]:
        """The same people at work on what was restored."""
        made = Office(self.empty.data_dir, url=self.empty.database_url, now=self.office.now)
        try:
            yield made
        finally:
            made.database.close()


def temporal_file(path: Path) -> None:
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE history (id INTEGER PRIMARY KEY, events BLOB)")
        made.executemany("INSERT INTO history (events) VALUES (?)", [(b"sealed" * 100,)] * 200)
    made.close()


def site_of(url: str, other: str, folder: Path) -> Site:
    office = Office(folder / "office", url=url)
    keys = write_keys(folder / "keys.json", keyring())
    temporal_file(folder / "office" / "temporal.db")
    return Site(
        office=office,
        settings=load_settings(data_dir=folder / "office", database_url=url, keyring_file=keys),
        keys=keys,
        target=folder / "backup",
        empty=load_settings(data_dir=folder / "restored", database_url=other),
    )


def closed_case(office: Office, serial: int = 1) -> str:
    case_id = office.opened()
    slot = office.issued(case_id)[0]
    office.entered(case_id, slot, serial)
    office.acknowledged(case_id, slot)
    return case_id


class Load:
    """Threads that commit rows of the journal and applications until told to stop; `acknowledged` counts commits."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.acknowledged = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(WRITERS)]
        self.trouble: list[BaseException] = []

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, commits: int) -> int:
        while self.acknowledged < commits and not self.trouble:
            self._stop.wait(0.01)
        return self.acknowledged

    def _work(self, number: int) -> None:
        turn = 0
        try:
            while not self._stop.is_set():
                turn += 1
                self._post(f"load-{number}-{turn}")
                with self._lock:
                    self.acknowledged += 1
        except BaseException as fault:  # a thread's fault would otherwise be seen by nobody
            self.trouble.append(fault)

    def _post(self, case_id: str) -> None:
        day = local_day(self.office.now)
        basis = Basis(number="示编〔2026〕1号", body="示范市委编委", date=day)
        cause = Cause(
            case_id=case_id, step="authorise", round=1, effective_on=day, recorded_at=self.office.now, basis=basis
        )
        with self.office.database.write() as s:
            postings.authorise(s, RESEARCH, Resource.WORKER, 1, cause)
