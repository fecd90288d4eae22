"""An office whose papers may go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.disposals import old_office
from tests.support.engines import ENGINES
from tests.support.office import Office


@pytest.fixture(params=ENGINES)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    with old_office(request.param, tmp_path) as made:
        yield made
