from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.office import Office
from tests.support.temporal import Court, court


@pytest_asyncio.fixture
async def at_court(tmp_path: Path) -> AsyncIterator[Court]:
    office = Office(tmp_path)
    async with court(office) as open_court:
        yield open_court
    office.database.close()
