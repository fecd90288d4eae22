"""P14: update, delete, insert, reorder and truncation are found and located; the journal itself refuses them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from ledger import balances, occupancy, postings
from ledger.chain import head
from ledger.db import Database
from ledger.verify import place, verify
from models.enums import Resource
from tests.support.ledger import BASIS, OTHER, UNIT, cause, done, person, reserve_one, seed_unit

STAFF = Resource.ADMINISTRATIVE
ACCOUNT = f"{UNIT}|{STAFF.value}"


def fill(s: Session) -> None:
    """Six rows in the chain of UNIT: AUTHORISE, RESERVE, POST, RESERVE, POST, RESERVE."""
    seed_unit(s, accounts={STAFF: 9})
    seed_unit(s, OTHER, {STAFF: 9})
    for serial, case_id in enumerate("ab"):
        done(reserve_one(s, case_id))
        done(postings.post(s, [f"A-{case_id}"], person(serial), cause(case_id, "enter", basis=BASIS)))
    done(reserve_one(s, "c"))


@pytest.fixture
def filled(database: Database) -> Database:
    with database.write() as s:
        fill(s)
    return database


def disarm(connection: Connection) -> None:
    """What an administrator of the database could do first."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.exec_driver_sql("DROP TRIGGER journal_no_update")
        connection.exec_driver_sql("DROP TRIGGER journal_no_delete")
    else:
        connection.exec_driver_sql("ALTER TABLE journal DISABLE TRIGGER ALL")


def sql(*statements: str) -> Callable[[Connection], None]:
    named = {"unit": UNIT, "other": OTHER, "account": ACCOUNT, "zeros": "0" * 64}

    def tamper(connection: Connection) -> None:
        for statement in statements:
            query = text(statement)
            connection.execute(query, {name: named[name] for name in query.compile().params})

    return tamper


TAMPERINGS = {
    "an update": (sql("UPDATE journal SET basis_no = '伪造' WHERE holder = :unit AND seq = 3"), place(UNIT, 3)),
    "an update of a person": (
        sql("UPDATE journal SET person_ref = NULL WHERE holder = :unit AND seq = 3"),
        place(UNIT, 3),
    ),
    "a forged hash": (
        sql("UPDATE journal SET subject = 'x', hash = prev_hash WHERE holder = :unit AND seq = 2"),
        place(UNIT, 2),
    ),
    "a deleted row": (sql("DELETE FROM journal WHERE holder = :unit AND seq = 3"), place(UNIT, 3)),
    "a deleted first row": (sql("DELETE FROM journal WHERE holder = :unit AND seq = 1"), place(UNIT, 1)),
    "a truncated tail": (sql("DELETE FROM journal WHERE holder = :unit AND seq = 6"), place(UNIT, 6)),
    "an emptied chain": (sql("DELETE FROM journal WHERE holder = :unit"), place(UNIT, 1)),
    "an inserted row": (
        sql(
            "CREATE TABLE forged AS SELECT * FROM journal WHERE seq = 6",
            "UPDATE forged SET seq = 7, key = 'forged', prev_hash = hash",
            "INSERT INTO journal SELECT * FROM forged",
        ),
        place(UNIT, 7),
    ),
    "two rows in each other's place": (
        sql(
            "UPDATE journal SET seq = 99 WHERE holder = :unit AND seq = 2",
            "UPDATE journal SET seq = 2 WHERE holder = :unit AND seq = 3",
            "UPDATE journal SET seq = 3 WHERE holder = :unit AND seq = 99",
        ),
        place(UNIT, 2),
    ),
    "a row moved to another chain": (
        sql("UPDATE journal SET holder = :other, seq = 2 WHERE holder = :unit AND seq = 6"),
        place(OTHER, 2),
    ),
    "a changed head": (sql("UPDATE holder SET head_hash = :zeros WHERE id = :unit"), place(UNIT, 6)),
    "a head moved back": (sql("UPDATE holder SET head_seq = 5 WHERE id = :unit"), place(UNIT, 6)),
    "an enlarged account": (sql("UPDATE account SET authorised = 99 WHERE id = :account"), ACCOUNT),
    "a slot made open again": (sql("UPDATE slot SET state = 'open' WHERE code = 'A-a'"), ACCOUNT),
    "a dead slip with an open slot": (sql("UPDATE slip SET state = 'void' WHERE id = 'S-c'"), "A-c"),
    "an occupancy without an entry": (sql("UPDATE occupancy SET entered_seq = 1 WHERE slot = 'A-a'"), place(UNIT, 3)),
    "a person off the roster": (sql("DELETE FROM occupancy WHERE slot = 'A-b'"), place(UNIT, 5)),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_found_and_located(filled: Database, what: str) -> None:
    tamper, where = TAMPERINGS[what]
    with filled.engine.begin() as connection:
        disarm(connection)
        tamper(connection)
    with filled.read() as s:
        verification = verify(s)
    assert not verification.intact
    assert where in {fault.where for fault in verification.faults}


def test_an_untouched_ledger_is_intact(filled: Database) -> None:
    with filled.read() as s:
        verification = verify(s)
        assert verification.intact
        assert (verification.holders, verification.rows, verification.accounts) == (2, 7, 2)
        assert verification.difference == 0
        assert verification.heads[UNIT] == head(s, UNIT)[1]


def test_a_changed_account_shows_by_how_much(filled: Database) -> None:
    with filled.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE account SET authorised = 12 WHERE id = '{ACCOUNT}'")  # noqa: S608
    with filled.read() as s:
        assert verify(s).difference == 3


def test_a_ledger_rolled_back_as_a_whole_is_found_by_heads_kept_elsewhere(filled: Database) -> None:
    with filled.read() as s:
        older = {UNIT: head(s, UNIT)}
    with filled.write() as s:
        done(reserve_one(s, "d"))
    with filled.read() as s:
        assert verify(s, older).intact
        faults = verify(s, {UNIT: (8, "f" * 64), "gone": (1, "f" * 64)}).faults
        assert [fault.where for fault in faults] == [place(UNIT, 8), "gone"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET subject = 'x'",
        "DELETE FROM journal",
        "INSERT OR REPLACE INTO journal SELECT * FROM journal",
        "TRUNCATE journal",
    ],
)
def test_the_journal_refuses_to_be_changed(filled: Database, statement: str) -> None:
    foreign = {"TRUNCATE": "sqlite", "INSERT": "postgresql"}
    if foreign.get(statement.split()[0]) == filled.engine.dialect.name:
        pytest.skip("not in this engine's language")
    with pytest.raises(DBAPIError, match=r"immutable|23001"), filled.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_the_database_itself_refuses_to_exceed_an_account(filled: Database) -> None:
    for column in ("occupied", "reserved", "set_aside"):
        with pytest.raises(DBAPIError, match="account_never_exceeded"), filled.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE account SET {column} = {column} + 99")  # noqa: S608


def test_the_database_itself_refuses_a_second_headcount(filled: Database) -> None:
    with filled.read() as s:
        standing = occupancy.standing(s, person(0).identity_no)
    assert standing is not None
    with pytest.raises(DBAPIError), filled.engine.begin() as connection:
        connection.execute(text("UPDATE occupancy SET person_ref = :person"), {"person": standing.person_ref})


def test_balances_can_be_rebuilt_from_the_journal_alone(filled: Database) -> None:
    with filled.read() as s:
        stored = {each.account: each for unit in (UNIT, OTHER) for each in balances.balances(s, unit)}
        assert balances.rebuild(s) == stored
