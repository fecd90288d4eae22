"""Registers of every release go on in this one with everything that stands in them, on both engines."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Integer, MetaData, Table, create_engine, func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from ledger import log
from ledger.db import Database, migration_config
from ledger.log_verify import verify_log
from ledger.verify import verify
from models.enums import Indicator, State, WarningLevel
from models.register import Case, ExceptionalAcceptance, Record, Suspension, Unit
from tests.ledger.released import dump
from tests.support.ledger import UNIT, make_keyring
from tests.support.office import Office, keyring

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
OF_THE_FIRST_RELEASE: dict[str, dict[str, object]] = {
    "holder": {"id": UNIT, "name": "示范市数据局", "head_seq": 0, "head_hash": "0" * 64},
    "unit": {"code": UNIT, "name": "示范市数据局", "kind": "organ", "holder": UNIT, "certificate_no": "示编证1"},
    "case_file": {
        "id": "c1",
        "no": "用编2026-00001",
        "year": 2026,
        "serial": 1,
        "procedure": "staffing-up",
        "unit": UNIT,
        "title": "示范市数据局用编申请",
        "state": "accepted",
        "round": 1,
        "applicant": "applicant",
        "opened_at": AT,
        "waiting_on": "establishment",
        "overdue": False,
        "headline": "",
        "fingerprint": "f",
        "rules_version": "",
        "calendar_version": "",
        "next_seq": 2,
    },
    "suspension": {
        "id": "s1",
        "unit": UNIT,
        "case_id": "r1",
        "problems": "1",
        "from_at": AT,
        "covers_subordinates": True,
    },
    "exceptional_acceptance": {
        "id": "e1",
        "unit": UNIT,
        "scope": "*",
        "reason": "急需",
        "approver": "编委",
        "from_at": AT,
        "until_at": AT,
    },
}

ACCOUNT: dict[str, object] = {
    "id": f"{UNIT}|a",
    "holder": UNIT,
    "resource": "headcount:administrative",
    **dict.fromkeys(("authorised", "occupied", "reserved", "set_aside", "tolerated_over"), 0),
    "note": "",
}
ENTRY: dict[str, object] = {
    "holder": UNIT,
    "recorded_at": AT,
    "effective_on": AT.date(),
    "kind": "AUTHORISE",
    "account": f"{UNIT}|a",
    "resource": "headcount:administrative",
    "unit": UNIT,
    **dict.fromkeys(("d_authorised", "d_occupied", "d_reserved", "d_set_aside", "d_tolerated"), 0),
    "case_id": "c1",
    "step": "issue",
    "round": 1,
    "subject": "",
    "payload_hash": "p",
    "prev_hash": "0" * 64,
    "hash": "1" * 64,
}

RELEASED = ("0001", "0002", "0003", "0004")
"""Registers that were written by the code of that time (tests/ledger/released)."""
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
HEAD = "0007"
ANY_VALUE: dict[type, Any] = {
    str: "-", int: 1, bool: False, bytes: b"-", float: 1.0, datetime: AT, date: AT.date(), dict: {},
}  # fmt: skip

WORDS = {"indicator": Indicator.HIGH_USE.value, "level": WarningLevel.REMIND.value}
"""Columns whose words today's code reads."""


def test_rows_of_the_first_release_are_read_by_this_one(url: str) -> None:
    _upgraded(url, "0001")
    engine = create_engine(url)
    with engine.begin() as connection:
        old = MetaData()
        old.reflect(connection)
        for table, row in OF_THE_FIRST_RELEASE.items():
            connection.execute(old.tables[table].insert(), row)
    engine.dispose()
    database = Database(url, make_keyring())
    database.migrate()
    database.self_check()
    with database.read() as s:
        _as_before(s)
    database.close()


def _as_before(s: Session) -> None:
    case = s.exec(select(Case)).one()
    assert (case.no, case.applied_by, case.alarm_at) == ("用编2026-00001", "unit", None)
    unit = s.exec(select(Unit)).one()
    assert (unit.name, unit.level, unit.merged_into) == ("示范市数据局", None, None)
    suspension = s.exec(select(Suspension)).one()
    assert (suspension.problems, suspension.confirmed_at, suspension.ended_by) == ("1", None, None)
    assert s.exec(select(ExceptionalAcceptance)).one().ended_at is None


def test_the_rows_of_the_first_release_are_taken_into_the_log(url: str) -> None:
    _upgraded(url, "0001")
    engine = create_engine(url)
    with engine.begin() as connection:
        old = MetaData()
        old.reflect(connection)
        holder = {**OF_THE_FIRST_RELEASE["holder"], "head_seq": 3, "head_hash": "3" * 64}
        connection.execute(old.tables["holder"].insert(), holder)
        connection.execute(old.tables["unit"].insert(), OF_THE_FIRST_RELEASE["unit"])
        connection.execute(old.tables["account"].insert(), ACCOUNT)
        connection.execute(old.tables["journal"].insert(), [{**ENTRY, "seq": n, "key": f"k{n}"} for n in (1, 2, 3)])
    engine.dispose()
    database = Database(url, make_keyring())
    database.migrate()
    with database.write() as s:
        assert log.append(s, AT).size == 3
    with database.read() as s:
        assert verify_log(s) == []
    database.close()


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_register_of_every_revision_goes_on_with_rows_in_every_table(url: str, revision: str, tmp_path: Path) -> None:
    """Chains hold, sealed columns open, and the case that waited comes to its end, all by today's code."""
    before = _furnish(url, revision)
    database = Database(url, keyring())
    database.migrate()
    database.self_check()
    with database.read() as s:
        tables = _tables(s.connection()).tables
        kept = {name: _rows(s.connection(), tables[name]) for name in before}
        assert {table: kept[table] >= rows for table, rows in before.items()} == dict.fromkeys(before, True)
        assert min(before.values()) > 0
        assert verify(s).intact
    database.close()
    _goes_on(Office(tmp_path, url=url), before["journal"])


def _goes_on(office: Office, written: int) -> None:
    with office.database.read() as s:
        cases = {case.state: case.id for case in s.exec(select(Case))}
    assert cases.keys() == {"closed", "accepted"}
    closed = office.docket(cases["closed"])
    assert closed.slip is not None
    assert [slot.person for slot in closed.slip.slots] == ["新人300"]
    assert office.balance().occupied == 7
    office._keys = itertools.count(100)  # or its commands would be repetitions of those before
    (slot,) = office.issued(cases["accepted"])
    office.entered(cases["accepted"], slot, 301)
    office.acknowledged(cases["accepted"], slot)
    assert office.docket(cases["accepted"]).state is State.CLOSED
    with office.database.write() as s:
        assert log.append(s, office.now).size > written
    with office.database.read() as s:
        assert verify(s).intact
        assert verify_log(s) == []
        numbers = s.exec(select(Record.number).where(col(Record.kind) == "verification_slip")).all()
        assert sorted(numbers) == ["示编核〔2026〕1号", "示编核〔2026〕2号"]
    office.database.close()


def test_every_released_register_is_kept() -> None:
    """The newest revision may be unreleased; every other one stands for registers that offices have."""
    known = [script.revision for script in ScriptDirectory.from_config(migration_config()).walk_revisions()]
    assert [*reversed(known)] == [*REVISIONS, HEAD]
    assert {path.stem for path in dump.HERE.glob("*.json")} <= set(known)


def _furnish(url: str, revision: str) -> dict[str, int]:
    """A register at a revision: what the newest release up to it wrote, and a row in each table that was empty.

    Returns the number of rows of each table.
    """
    released = max(kept for kept in RELEASED if kept <= revision)
    _upgraded(url, released)
    rows = dump.register(released)
    engine = create_engine(url)
    with engine.begin() as connection:
        tables = _tables(connection)
        for table in tables.sorted_tables:
            if rows.get(table.name) and table.name != "alembic_version":
                connection.execute(table.insert(), rows[table.name])
    engine.dispose()
    _upgraded(url, revision)
    with engine.begin() as connection:
        tables = _tables(connection)
        for table in tables.sorted_tables:
            if _rows(connection, table) == 0:
                connection.execute(table.insert(), _a_row(connection, table))
            _advance(connection, table)
        found = {
            table.name: _rows(connection, table) for table in tables.sorted_tables if table.name != "alembic_version"
        }
    engine.dispose()
    return found


def _tables(connection: Connection) -> MetaData:
    tables = MetaData()
    tables.reflect(connection)
    return tables


def _a_row(connection: Connection, table: Table) -> dict[str, Any]:
    """Any row that the table takes: what must be there, and what it refers to."""
    row: dict[str, Any] = {}
    for column in table.columns:
        for key in column.foreign_keys:
            row[column.name] = connection.execute(sa_select(func.max(key.column))).scalar()  # not the unit that acts
        if column.name not in row and not column.nullable and column.server_default is None:
            row[column.name] = WORDS.get(column.name, ANY_VALUE[column.type.python_type])
    return row


def _advance(connection: Connection, table: Table) -> None:
    """Rows that came with their id leave PostgreSQL's sequence where it was, as rows of an office do not."""
    if connection.dialect.name == "postgresql" and "id" in table.columns:
        identity = table.columns["id"]
        if isinstance(identity.type, Integer):
            sequence = func.pg_get_serial_sequence(table.name, "id")
            connection.execute(sa_select(func.setval(sequence, func.max(identity))))


def _rows(connection: Connection, table: Table) -> int:
    return connection.execute(sa_select(func.count()).select_from(table)).scalar() or 0


def test_no_migration_goes_back(url: str) -> None:
    _upgraded(url, "head")
    engine = create_engine(url)
    config = migration_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        with pytest.raises(CommandError):
            command.downgrade(config, "0001")
    engine.dispose()


def _upgraded(url: str, revision: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
