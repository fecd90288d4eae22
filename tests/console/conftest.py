from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.console import Counter
from tests.support.office import Office


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, url=url)
    yield made
    made.database.close()


@pytest.fixture
def counter(tmp_path: Path, office: Office) -> Counter:
    return Counter(tmp_path, office)
