"""The register of records: one record per identity, numbers kept, contexts sealed, rows chained."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from sqlmodel import select

from ledger.db import Database
from models.enums import DocumentKind, RecordState
from models.register import Record
from models.sealing import Unsealable
from records import register
from records.register import Draft, RecordFault
from tests.records.conftest import context_for

AT = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
Make = Callable[..., Draft]


def test_a_retry_gets_the_same_number_and_code(database: Database, draft: Make) -> None:
    with database.write() as s:
        first = register.prepare(s, draft(), context_for())
        assert first.number == "示编核〔2026〕1号"
    with database.write() as s:
        again = register.prepare(s, draft(), _must_not_be_called)
        assert (again.id, again.number, again.code) == (first.id, first.number, first.code)
    with database.write() as s:
        assert register.prepare(s, draft(subject="2"), context_for()).seq == 2


def test_one_draft_prepared_by_eight_at_once_is_one_record(database: Database, draft: Make) -> None:
    def work(_: int) -> str:
        with database.write() as s:
            return register.prepare(s, draft(), context_for()).number

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {"示编核〔2026〕1号"}
    with database.read() as s:
        assert len(s.exec(select(Record)).all()) == 1


def test_the_frozen_context_comes_back_and_is_sealed_to_its_row(database: Database, draft: Make) -> None:
    with database.write() as s:
        one = register.prepare(s, draft(), context_for())
        two = register.prepare(s, draft(case="case-2"), context_for())
        assert register.context_of(s, one).number == one.number
        assert "农业农村局".encode() not in one.context_sealed
        one.context_sealed = two.context_sealed
        with pytest.raises(Unsealable):
            register.context_of(s, one)


def test_a_context_without_its_number_is_a_fault_and_takes_no_number(database: Database, draft: Make) -> None:
    with pytest.raises(RecordFault), database.write() as s:
        register.prepare(s, draft(), lambda _number, code: context_for()("示编核〔2026〕9号", code))
    with pytest.raises(RecordFault), database.write() as s:
        register.prepare(s, draft(), context_for(DocumentKind.ENTRY_NOTICE))
    with database.write() as s:
        assert register.prepare(s, draft(), context_for()).seq == 1


def test_filing_makes_valid_and_chains_in_order_of_filing(database: Database, draft: Make) -> None:
    with database.write() as s:
        ids = [register.prepare(s, draft(case=f"case-{i}"), context_for()).id for i in range(3)]
    for place, ident in enumerate([ids[1], ids[0], ids[2]]):
        with database.write() as s:
            register.file(s, ident, f"{place:064x}", 100, AT)
    with database.read() as s:
        rows = sorted(s.exec(select(Record)), key=lambda row: row.chain_seq or 0)
        assert [row.id for row in rows] == [ids[1], ids[0], ids[2]]
        assert [row.prev_hash for row in rows] == [register.GENESIS, rows[0].hash, rows[1].hash]
        assert all(row.state == RecordState.VALID for row in rows)
        assert register.pending(s, "case-0") == []


def test_filing_twice_is_harmless_and_another_digest_is_a_fault(database: Database, draft: Make) -> None:
    with database.write() as s:
        ident = register.prepare(s, draft(), context_for()).id
        filed = register.file(s, ident, "a" * 64, 100, AT)
        assert register.file(s, ident, "a" * 64, 100, AT).hash == filed.hash
        with pytest.raises(RecordFault):
            register.file(s, ident, "b" * 64, 100, AT)


def test_a_void_number_stays_and_is_not_given_again(database: Database, draft: Make) -> None:
    with database.write() as s:
        ident = register.prepare(s, draft(), context_for()).id
        with pytest.raises(RecordFault):
            register.void(s, ident, " ")
        register.void(s, ident, "模板无法恢复")
        with pytest.raises(RecordFault):
            register.file(s, ident, "a" * 64, 1, AT)
    with database.write() as s:
        assert register.prepare(s, draft(case="case-2"), context_for()).seq == 2
    with database.read() as s:
        page = register.series_page(s, "示编核", 2026)
        assert [(r.number, r.state) for r in page] == [
            ("示编核〔2026〕1号", RecordState.VOID),
            ("示编核〔2026〕2号", RecordState.NUMBERED),
        ]


def test_a_new_year_begins_a_new_series(database: Database, draft: Make) -> None:
    with database.write() as s:
        register.prepare(s, draft(), context_for())
        later = register.prepare(s, draft(case="c2", issued_on=date(2027, 1, 4)), context_for())
        assert later.number == "示编核〔2027〕1号"


def test_a_fault_is_noted_and_the_record_stays_pending(database: Database, draft: Make) -> None:
    with database.write() as s:
        ident = register.prepare(s, draft(), context_for()).id
        register.fault(s, ident, "模板缺失")
        assert [row.fault for row in register.pending(s, "case-1")] == ["模板缺失"]


def test_a_code_is_found_however_it_was_typed(database: Database, draft: Make) -> None:
    with database.write() as s:
        code = register.prepare(s, draft(), context_for()).code
        typed = code.replace("-", " ").lower().replace("0", "o").replace("1", "l")
        found = register.by_code(s, typed)
        assert found is not None
        assert found.code == code
        assert register.by_code(s, "") is None


def _must_not_be_called(number: str, code: str) -> None:
    raise AssertionError("the context was made twice")
