"""Whatever an administrator of the database or of the store does behind the register's back is found and located:
every column of every chained row, every way to cut, swap, insert and put back, on each engine (P14, ledger.md rule 7).
"""
# ruff: noqa: S608 - statements of constants of this file

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from ledger import log
from ledger.tables import ACCOUNT, JOURNAL, LOG_HEAD, LOG_LEAF, LOG_NODE, RECORD, RECORD_ACT
from models.decisions import Revocation
from models.enums import CommandKind
from models.ledger import Fault
from models.register import Case
from models.sealing import Unsealable
from records import register
from records.verify import check_file, verify_records
from runtime.anchors import Anchor, take_anchor
from runtime.verifying import verify_against, verify_register, verify_rows
from tests.support.engines import ENGINES
from tests.support.office import ISSUER, RESEARCH, Office, application
from tests.support.originals import copied
from tests.support.papers import records_of

VICTIM = 12
"""A row of the research bureau's chain that the first case wrote."""
NUMBER = "示编核〔2026〕1号"


def two_cases(folder: Path, url: str) -> None:
    """An office with two cases (one revoked: a void number), the log appended twice, and what was kept elsewhere."""
    office = Office(folder, url=url)
    office.entered(*_issued(office, "甲"), 300)
    _logged(office)
    if url.startswith("sqlite"):
        _copied(Path(url.removeprefix("sqlite:///")), folder / BEFORE)
    old = sorted(each.name for each in (folder / "records").rglob("*.docx"))
    revoked, _ = _issued(office, "乙")
    office.accepted(office.order(revoked, CommandKind.REVOKE, Revocation(reason="用途改变。"), ISSUER))
    (folder / OLD_FILES).write_text("\n".join(old))
    (folder / ANCHOR).write_text(_logged(office).model_dump_json())
    office.database.close()


BEFORE, OLD_FILES, ANCHOR = "before.db", "old-files.txt", "anchor.json"


def _issued(office: Office, meeting: str) -> tuple[str, str]:
    case_id = office.opened(application(meeting=meeting))
    (slot,) = office.issued(case_id)
    return case_id, slot


def _logged(office: Office) -> Anchor:
    office.later(days=1)
    with office.database.write() as s:
        return take_anchor(s, office.now)


class Kept:
    """That office, and whoever comes behind its back."""

    def __init__(self, folder: Path, url: str) -> None:
        self.office = Office(folder, url=url)
        self.office.later(days=2)
        self.path = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else None
        self.before = folder / BEFORE
        self.old_files = (folder / OLD_FILES).read_text().split()
        self.anchor = Anchor.model_validate_json((folder / ANCHOR).read_bytes())
        with self.office.database.read() as s:
            self.case_id = s.exec(select(Case.id).where(Case.no == "用编2026-00001")).one()

    def faults(self, anchor: Anchor | None = None) -> list[Fault]:
        with self.office.database.read() as s:
            return [*verify_rows(s, anchor).faults, *verify_records(s, self.office.store)]

    def by_hand(self, *statements: str) -> None:
        """With triggers and foreign keys out of the way, as the administrator of the database has them."""
        if self.path is None:
            with self.office.database.engine.begin() as connection:
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
                for statement in statements:
                    connection.execute(text(statement))
            return
        with closing(sqlite3.connect(self.path)) as raw:
            names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in names:
                raw.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                raw.execute(statement)
            raw.commit()


def _copied(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as now, closing(sqlite3.connect(target)) as then:
        now.backup(then)


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with copied(two_cases, request.param, tmp_path) as address:
        yield address


@pytest.fixture
def kept(url: str, tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path, url)
    assert made.faults(made.anchor) == []
    yield made
    made.office.database.close()


def _other(table: object, column: str) -> str:
    """SQL for a value of the column that is not there."""
    kind = str(table.c[column].type).upper()  # type: ignore[attr-defined]
    if "INT" in kind:
        return f"COALESCE({column}, 0) + 1000"
    if "DATETIME" in kind or "TIMESTAMP" in kind:
        return "'2001-01-01 00:00:00.000000'"
    if "DATE" in kind:
        return "'2001-01-01'"
    return f"'{'1' * 64}'" if "hash" in column or column in ("root", "digest") else "'伪造'"


def _found(kept: Kept, *where: str) -> None:
    faults = kept.faults()
    assert faults
    assert any(each in fault.where for fault in faults for each in where), faults


@pytest.mark.parametrize("column", [column.name for column in JOURNAL.c])
def test_every_column_of_a_journal_row(kept: Kept, column: str) -> None:
    value = _other(JOURNAL, column)
    kept.by_hand(f"UPDATE journal SET {column} = {value} WHERE holder = '{RESEARCH}' AND seq = {VICTIM}")
    _found(kept, f"{RESEARCH}#{VICTIM}")


NOT_CHAINED = {"context_sealed", "fault", "disposed_at"}
"""`context_sealed` is sealed to its row, `fault` is a note that the next try overwrites, `disposed_at` has its own
register (tests/records/disposal)."""


@pytest.mark.parametrize("column", [column.name for column in RECORD.c if column.name not in NOT_CHAINED])
def test_every_column_of_a_record(kept: Kept, column: str) -> None:
    kept.by_hand(f"UPDATE record SET {column} = {_other(RECORD, column)} WHERE number = '{NUMBER}'")
    _found(kept, NUMBER, "示编核〔2026〕", "伪造")


@pytest.mark.parametrize(
    "change",
    [
        "SET state = 'valid', void_reason = NULL WHERE state = 'void'",
        "SET state = 'valid' WHERE state = 'void'",
        "SET void_reason = '别的原因' WHERE state = 'void'",
        f"SET state = 'void', void_reason = '填写有误' WHERE number = '{NUMBER}'",
        f"SET state = 'numbered' WHERE number = '{NUMBER}'",
        f"SET state = 'superseded', superseded_by = 'x' WHERE number = '{NUMBER}'",
    ],
)
def test_a_state_that_no_act_explains(kept: Kept, change: str) -> None:
    kept.by_hand(f"UPDATE record {change}")
    _found(kept, "示编核〔2026〕")


def test_a_sealed_context_that_was_altered_or_moved_cannot_be_opened(kept: Kept) -> None:
    kept.by_hand(
        "UPDATE record SET context_sealed = (SELECT r.context_sealed FROM record r WHERE r.state = 'void') "
        f"WHERE number = '{NUMBER}'"
    )
    [row] = [each for each in records_of(kept.office, kept.case_id) if each.number == NUMBER]
    with kept.office.database.read() as s, pytest.raises(Unsealable):
        register.context_of(s, row)


@pytest.mark.parametrize("column", [column.name for column in RECORD_ACT.c])
def test_every_column_of_an_act(kept: Kept, column: str) -> None:
    kept.by_hand(f"UPDATE record_act SET {column} = {_other(RECORD_ACT, column)} WHERE seq = 1 AND series = '示编核'")
    _found(kept, "示编核〔2026〕", "示编核/2026#1", "伪造")


@pytest.mark.parametrize("column", [column.name for column in LOG_LEAF.c])
def test_every_column_of_a_leaf(kept: Kept, column: str) -> None:
    kept.by_hand(f"UPDATE log_leaf SET {column} = {_other(LOG_LEAF, column)} WHERE leaf_index = 4")
    _found(kept, "存证日志#", "#")


@pytest.mark.parametrize("column", [column.name for column in LOG_NODE.c])
def test_every_column_of_a_node(kept: Kept, column: str) -> None:
    kept.by_hand(f"UPDATE log_node SET {column} = {_other(LOG_NODE, column)} WHERE level = 2 AND node_index = 1")
    _found(kept, "存证日志#")


@pytest.mark.parametrize("column", [column.name for column in LOG_HEAD.c if column.name != "at"])
def test_every_column_of_a_head(kept: Kept, column: str) -> None:
    kept.by_hand(
        f"UPDATE log_head SET {column} = {_other(LOG_HEAD, column)} WHERE size = (SELECT MIN(size) FROM log_head)"
    )
    _found(kept, "存证日志")


@pytest.mark.parametrize("column", ["authorised", "occupied", "reserved", "set_aside", "tolerated_over"])
def test_a_balance_that_was_moved(kept: Kept, column: str) -> None:
    account = f"{RESEARCH}|headcount:administrative"
    also = "" if column in ("authorised", "tolerated_over") else ", tolerated_over = tolerated_over + 1"
    kept.by_hand(f"UPDATE account SET {column} = {column} + 1{also} WHERE id = '{account}'")
    _found(kept, account)
    assert column in ACCOUNT.c


CUTS = {
    "the tail of a chain": (f"DELETE FROM journal WHERE holder = '{RESEARCH}' AND seq >= {VICTIM}", f"#{VICTIM}"),
    "the tail and the head moved back": (
        f"DELETE FROM journal WHERE holder = '{RESEARCH}' AND seq >= {VICTIM};"
        f"UPDATE holder SET head_seq = {VICTIM - 1}, head_hash = (SELECT hash FROM journal WHERE holder = '{RESEARCH}' "
        f"AND seq = {VICTIM - 1}) WHERE id = '{RESEARCH}'",
        f"#{VICTIM}",
    ),
    "one row in the middle": (f"DELETE FROM journal WHERE holder = '{RESEARCH}' AND seq = {VICTIM}", f"#{VICTIM}"),
    "two rows in each other's place": (
        f"UPDATE journal SET seq = 999 WHERE holder = '{RESEARCH}' AND seq = {VICTIM};"
        f"UPDATE journal SET seq = {VICTIM} WHERE holder = '{RESEARCH}' AND seq = {VICTIM - 1};"
        f"UPDATE journal SET seq = {VICTIM - 1} WHERE holder = '{RESEARCH}' AND seq = 999",
        f"#{VICTIM}",
    ),
    "one record": (f"DELETE FROM record WHERE number = '{NUMBER}'", NUMBER),
    "two records in each other's place": (
        "UPDATE record SET chain_seq = 99 WHERE series = '示编受' AND chain_seq = 1;"
        "UPDATE record SET chain_seq = 1 WHERE series = '示编受' AND chain_seq = 2;"
        "UPDATE record SET chain_seq = 2 WHERE series = '示编受' AND chain_seq = 99",
        "示编受〔2026〕1号",
    ),
    "the last number of a series with its counter": (
        "DELETE FROM record WHERE series = '示编受' AND seq = 2;"
        "UPDATE series SET last = 1 WHERE name = '示编受' AND year = 2026",
        "示编受/2026#2",
    ),
    "the last act": ("DELETE FROM record_act WHERE series = '示编核'", "示编核〔2026〕"),
    "the last act with its state": (
        "DELETE FROM record_act WHERE series = '示编核';"
        "UPDATE record SET state = 'valid', void_reason = NULL WHERE state = 'void'",
        "示编核/2026#1",
    ),
    "an act that nobody did": (
        "INSERT INTO record_act SELECT series, year, 2, (SELECT id FROM record WHERE number = '" + NUMBER + "'), act, "
        "detail, at, hash, hash FROM record_act WHERE series = '示编核' AND seq = 1",
        "示编核〔2026〕变动#2",
    ),
    "the tail of the log": ("DELETE FROM log_leaf WHERE leaf_index > 6", "存证日志#"),
}


@pytest.mark.parametrize("what", CUTS)
def test_what_was_cut_off_put_in_or_moved(kept: Kept, what: str) -> None:
    statements, where = CUTS[what]
    kept.by_hand(*statements.split(";"))
    _found(kept, where)


def test_a_row_that_was_put_in(kept: Kept) -> None:
    columns = ", ".join(column.name for column in JOURNAL.c)
    values = ", ".join({"seq": "seq + 1", "key": "'伪造'", "prev_hash": "hash"}.get(c.name, c.name) for c in JOURNAL.c)
    last = f"holder = '{RESEARCH}' AND seq = (SELECT MAX(seq) FROM journal WHERE holder = '{RESEARCH}')"
    with kept.office.database.read() as s:
        seq = s.connection().execute(text(f"SELECT MAX(seq) FROM journal WHERE holder = '{RESEARCH}'")).scalar_one()
    kept.by_hand(f"INSERT INTO journal ({columns}) SELECT {values} FROM journal WHERE {last}")
    _found(kept, f"{RESEARCH}#{seq + 1}")


def test_the_whole_log_thrown_away_and_made_anew_is_found_by_the_head_kept_elsewhere(kept: Kept) -> None:
    kept.by_hand(
        f"UPDATE record SET state = 'valid' WHERE number = '{NUMBER}'",
        "DELETE FROM log_head",
        "DELETE FROM log_node",
        "DELETE FROM log_leaf",
        "DELETE FROM record_act",
        "UPDATE record SET state = 'valid', void_reason = NULL WHERE state = 'void'",
    )
    with kept.office.database.write() as s:
        log.append(s, kept.office.now)
    assert kept.faults() == []  # it fits together: nothing inside tells
    found = kept.faults(kept.anchor)
    assert any("存证日志" in fault.where for fault in found), found


def test_an_older_copy_put_back_is_found_by_what_was_kept_elsewhere(kept: Kept) -> None:
    if kept.path is None:
        pytest.skip("a copy is a file of SQLite; on a server it is a backup put back, the same rows")
    found = verify_register(kept.before)
    assert found.faults == []
    told = verify_register(kept.before, kept.anchor)
    places = {fault.where for fault in told.faults}
    assert any(place.startswith(f"{RESEARCH}#") for place in places)
    assert any(place.startswith("存证日志#") for place in places)
    assert any(place.startswith("示编受/2026#") for place in places)


def test_an_older_copy_under_the_newer_store_shows_at_the_papers(kept: Kept) -> None:
    """Whoever holds a paper that was issued after the copy was taken is told that the copy does not know it, while the
    register that was put away does: its number was given, and an older copy would give it again."""
    if kept.path is None:
        pytest.skip("a copy is a file of SQLite; on a server it is a backup put back, the same rows")
    papers = sorted((kept.office.folder / "records").rglob("*.docx"))
    with kept.office.database.read() as s:
        kept_numbers = {check_file(s, paper.read_bytes()).number for paper in papers}
    told = {paper.name: verify_against(paper, kept.before) for paper in papers}
    earlier = {name for name, found in told.items() if found.status == "valid"}
    later = {name for name, found in told.items() if found.status == "unknown"}
    assert earlier == {name for name in told if name in kept.old_files}
    assert later == told.keys() - earlier
    assert later
    assert None not in kept_numbers, "the newer register knows every one of them"


# --- the store -----------------------------------------------------------------------------------------------------


def _places(kept: Kept) -> list[tuple[str, Path]]:
    """(number, file) of the first case."""
    found = []
    for row in records_of(kept.office, kept.case_id):
        place = kept.office.store.path(str(row.digest))
        assert place is not None
        place.chmod(0o644)
        found.append((row.number, place))
    return found


def test_two_files_in_each_other_s_place(kept: Kept) -> None:
    (first, one), (second, two) = _places(kept)[:2]
    held = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(held)
    assert {first, second} <= {fault.where for fault in kept.faults()}


@pytest.mark.parametrize("how", ["gone", "cut off", "longer", "empty", "another"])
def test_a_file_that_is_not_what_was_filed(kept: Kept, how: str, tmp_path: Path) -> None:
    (number, place), (_, other) = _places(kept)[:2]
    data = place.read_bytes()
    if how == "gone":
        place.unlink()
    elif how == "another":
        shutil.copy(other, place)
    else:
        place.write_bytes({"cut off": data[:-1], "longer": data + b" ", "empty": b""}[how])
    assert [fault.where for fault in kept.faults()] == [number]


@pytest.mark.parametrize("table", ["journal", "log_leaf", "log_node", "log_head", "record_act"])
def test_the_database_itself_refuses_until_its_triggers_are_gone(kept: Kept, table: str) -> None:
    with pytest.raises(DBAPIError, match=r"immutable|23001"), kept.office.database.engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM {table}")
