"""What SQLAlchemy compiles of a statement, kept for the whole process: every test has an engine of its own, and a third
of the time of most went into compiling the same statements anew. An office has one engine and is not concerned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Dialect, Engine, event
from sqlalchemy.util import LRUCache

STATEMENTS = 4000
"""More than the product has."""

_DIALECTS: dict[str, Dialect] = {}
_COMPILED: dict[str, LRUCache[Any, Any]] = {}


def sharing(create_engine: Callable[..., Engine]) -> Callable[..., Engine]:
    """As `create_engine`, but with the dialect and the statements of the first engine of that database: a statement is
    looked up under its dialect. The first engine keeps its own until it has been connected, which completes it."""

    def created(*args: Any, **options: Any) -> Engine:
        engine = create_engine(*args, **options)
        name = engine.dialect.name
        if name in _DIALECTS:
            engine.dialect = _DIALECTS[name]
            engine._compiled_cache = _COMPILED[name]
            return engine

        @event.listens_for(engine, "connect")
        def complete(_connection: object, _record: object) -> None:
            _COMPILED.setdefault(name, LRUCache(STATEMENTS))
            _DIALECTS.setdefault(name, engine.dialect)

        return engine

    return created
