"""What SQLAlchemy compiles of a statement, kept for the whole process: every test has an engine of its own, and a third
of the time of most went into compiling the same statements anew. An office has one engine and is not concerned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

STATEMENTS = 4000
"""More than the product has."""


class Compiled(LRUCache[Any, Any]):
    """An engine looks a statement up under its dialect: here, under the dialect's name."""

    def __init__(self, dialect: str) -> None:
        super().__init__(STATEMENTS)
        self._dialect = dialect

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((self._dialect, *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((self._dialect, *key[1:]), value)


def sharing(create_engine: Callable[..., Engine]) -> Callable[..., Engine]:
    """As `create_engine`, with the statements of every engine of that dialect."""
    kept: dict[str, Compiled] = {}

    def created(*args: Any, **options: Any) -> Engine:
        engine = create_engine(*args, **options)
        name = engine.dialect.name
        engine._compiled_cache = kept.setdefault(name, Compiled(name))
        return engine

    return created
