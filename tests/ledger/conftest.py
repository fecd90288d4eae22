"""Databases of the ledger's tests: SQLite always; PostgreSQL too when TEST_POSTGRES_URL names one."""

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
    database = make_database(tmp_path)
    yield database
    database.close()
