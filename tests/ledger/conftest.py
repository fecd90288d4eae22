"""Databases of the ledger's tests: of both engines, or of SQLite where a test is about its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.db import Database
from tests.support.ledger import make_database


@pytest.fixture
def database(url: str, tmp_path: Path) -> Iterator[Database]:
    database = make_database(tmp_path, url)
    yield database
    database.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    database = make_database(tmp_path, f"sqlite:///{tmp_path / 'register.db'}")
    yield database
    database.close()
