from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.rulebook import Rulebook
from tests.support.office import Office

Ruled = Callable[..., Office]


@pytest.fixture
def ruled(url: str, tmp_path: Path) -> Iterator[Ruled]:
    """An office with rules of rectification of its own."""
    made: list[Office] = []

    def by(**rules: Any) -> Office:
        made.append(Office(tmp_path, url=url, rulebook=Rulebook.model_validate({"rectification": rules})))
        return made[-1]

    yield by
    for each in made:
        each.database.close()


@pytest.fixture
def office(ruled: Ruled) -> Office:
    return ruled()
