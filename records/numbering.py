"""Numbers of official documents: one gap-free series per 代字 and year (documents.md 3)."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Session

from models.register import Series

TALLY = "#"
"""Marks a counter without documents in the register of numbers: no 代字 begins like this."""

_SERIES: Table = Series.metadata.tables["series"]


def number_text(series: str, year: int, seq: int) -> str:
    """The number as printed: 示编核〔2026〕1号, six-cornered brackets, no padding (GB/T 9704-2012 7.2.5)."""
    return f"{series}〔{year}〕{seq}号"


def take(s: Session, series: str, year: int) -> int:
    """The next number of the series, taken in the caller's transaction.

    One statement inserts the series at its first use or raises its last number and keeps the row locked until
    the transaction ends, so a number that is rolled back is given to the next taker: no gap, no double.
    """
    return _step(s, series, year, 1)


def tally(s: Session, name: str, year: int) -> int:
    """The next number of something that is counted and is no document: cases, slots. Gap-free all the same."""
    return _step(s, TALLY + name, year, 1)


def lock(s: Session, series: str, year: int) -> int:
    """Hold the series until the transaction ends; its last number (0 when none was taken yet)."""
    return _step(s, series, year, 0)


def _step(s: Session, series: str, year: int, by: int) -> int:
    connection = s.connection()
    statement = _stepping(connection.dialect.name, by)
    last: int = connection.execute(statement, {"of_series": series, "of_year": year}).scalar_one()
    return last


@cache
def _stepping(dialect: str, by: int) -> ReturningInsert[Any]:
    """Built once per dialect: the statement is on the way of every document."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return (
        insert(_SERIES)
        .values(name=bindparam("of_series"), year=bindparam("of_year"), last=by)
        .on_conflict_do_update(index_elements=["name", "year"], set_={"last": _SERIES.c.last + by})
        .returning(_SERIES.c.last)
    )
