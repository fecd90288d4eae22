"""An office whose papers may go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.disposals import (
    LATER,
    refused_case,
)
from tests.support.office import Office


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    """An office in 2037 with three ten-year papers of 2026, their cases long ended."""
    made = Office(tmp_path, url=url)
    for _ in range(3):
        refused_case(made)
    made.now = LATER
    yield made
    made.database.close()
