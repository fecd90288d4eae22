"""Every sealed column of the register, and the place that each of its values is bound to.

`Keyring.seal_column` is called with these places by `ledger`, `docket` and `records`; whoever walks over all of them
(re-sealing, counting the keys in use) reads them here. A test holds this list against the tables and against what the
product seals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Column, RowMapping, Table
from sqlmodel import SQLModel

from .register import Command, Person, Record, RoundRow, StepRow, table_of
from .visits import Draft


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column and the table and column names in its binding; the row is its primary key, parts joined by `|`."""

    table: Table
    column: str
    bound_as: str

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column}"

    @property
    def value(self) -> Column[bytes]:
        found: Column[bytes] = self.table.c[self.column]
        return found

    @property
    def key(self) -> list[Column[object]]:
        return list(self.table.primary_key.columns)

    def place(self, row: RowMapping | Mapping[str, object]) -> tuple[str, str, str]:
        """(table, column, row) as `seal_column` takes them."""
        return self.table.name, self.bound_as, "|".join(str(row[column.name]) for column in self.key)


def _sealed(model: type[SQLModel], column: str, bound_as: str | None = None) -> SealedColumn:
    return SealedColumn(table_of(model), column, bound_as or column)


SEALED: tuple[SealedColumn, ...] = (
    _sealed(Person, "identity_sealed"),
    _sealed(Person, "birth_sealed"),
    _sealed(RoundRow, "application_sealed"),
    _sealed(Command, "body_sealed"),
    _sealed(StepRow, "opinion_sealed", "opinion"),
    _sealed(StepRow, "detail_sealed", "detail"),
    _sealed(Record, "context_sealed"),
    _sealed(Draft, "form_sealed"),
)
