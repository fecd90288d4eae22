"""Whether the constraints of the register still say what the models say, and its triggers still refuse.

A constraint that was dropped and made again weaker has its old name: so what it says is compared, not that it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import CheckConstraint, Connection, Index, Table, UniqueConstraint, inspect
from sqlmodel import SQLModel

_NOISE = re.compile(r"[\s()\"]|::[a-z ]+")
_TRIGGERS = {
    "sqlite": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid) || p.prosrc FROM pg_trigger t "
        "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid)"
    ),
}
_REFUSING = {"sqlite": "raise(abort", "postgresql": "raise exception"}
_IMMUTABLE = re.compile(r"^(.+)_(?:no_(update|delete)|immutable)$")


def definition_faults(connection: Connection, tables: Iterable[Table] | None = None) -> list[str]:
    """What is missing or says something else, in words; empty when all is as the models have it."""
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    found: list[str] = []
    for table in tables if tables is not None else SQLModel.metadata.sorted_tables:
        if table.name not in there:
            found.append(f"缺少表 {table.name}")
            continue
        found += _constraint_faults(inspector, table)
    return [*found, *_trigger_faults(connection)]


def _constraint_faults(inspector: Any, table: Table) -> Iterator[str]:
    checks = [each for each in table.constraints if isinstance(each, CheckConstraint) and each.name]
    uniques = [each for each in table.constraints if isinstance(each, UniqueConstraint) and each.name]
    indexes = [each for each in table.indexes if each.unique]
    if checks:
        said = {each["name"]: plain(each["sqltext"]) for each in inspector.get_check_constraints(table.name)}
        yield from _unlike(((str(each.name), plain(str(each.sqltext))) for each in checks), said)
    if uniques:
        held = {each["name"]: sorted(each["column_names"]) for each in inspector.get_unique_constraints(table.name)}
        yield from _unlike(((str(each.name), sorted(each.columns.keys())) for each in uniques), held)
    if indexes:
        kept = {each["name"]: _index_of(each) for each in inspector.get_indexes(table.name) if each["unique"]}
        yield from _unlike(((str(each.name), _wanted_index(each, inspector.dialect.name)) for each in indexes), kept)


def _unlike(wanted: Iterable[tuple[str, Any]], found: Mapping[str | None, Any]) -> Iterator[str]:
    for name, definition in wanted:
        if name not in found:
            yield f"缺少约束 {name}"
        elif found[name] != definition:
            yield f"约束 {name} 的内容被改动"


def plain(text: str) -> str:
    """An expression without what the engines write differently: brackets, blanks, quotes, casts, case."""
    return _NOISE.sub("", text.lower())


def _index_of(found: Mapping[str, Any]) -> tuple[list[str], str]:
    options = found.get("dialect_options") or {}
    where = options.get("sqlite_where", options.get("postgresql_where"))
    return sorted(found["column_names"]), plain(str(where)) if where is not None else ""


def _wanted_index(index: Index, dialect: str) -> tuple[list[str], str]:
    where = index.dialect_options[dialect].get("where")
    return sorted(index.columns.keys()), plain(str(where)) if where is not None else ""


def _trigger_faults(connection: Connection) -> Iterator[str]:
    """Every trigger that makes a table immutable refuses its act, and is about that table. Whether each is there is
    told by `db.self_check`, which knows them by name."""
    dialect = connection.dialect.name
    for of_table, name, text in connection.exec_driver_sql(_TRIGGERS[dialect]):
        named = _IMMUTABLE.match(name)
        if named is None:
            continue
        said = " ".join(text.lower().split())
        acts = [named[2]] if named[2] else ["update", "delete", "truncate"]
        refuses = _REFUSING[dialect] in said and all(act in said.split("execute")[0] for act in acts)
        if of_table != named[1] or not refuses or " when " in said.split("begin")[0].split("execute")[0]:
            yield f"触发器 {name} 的内容被改动"
