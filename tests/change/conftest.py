from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.office import Office


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, url=url)
    yield made
    made.database.close()
