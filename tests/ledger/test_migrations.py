"""A register of the first release goes on in this one with everything that stands in it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import MetaData, create_engine
from sqlmodel import Session, select

from ledger import log
from ledger.db import Database, migration_config
from ledger.log_verify import verify_log
from models.register import Case, ExceptionalAcceptance, Suspension, Unit
from tests.support.ledger import UNIT, make_keyring

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
