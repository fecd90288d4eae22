from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.db import Database
from models.sealing import Keyring, SealingKey
from tests.support.engines import register_of


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    key = SealingKey("test", "sm4-gcm", b"0123456789abcdef")
    opened = Database(register_of(tmp_path / "register.db"), Keyring({"test": key}, "test", b"i" * 32))
    opened.migrate()
    yield opened
    opened.close()
