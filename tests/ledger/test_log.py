"""The transparency log: each row once, proofs that hold outside, and every way to tamper found and located."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from ledger import log, merkle
from ledger.chain import head as chain_head
from ledger.db import Database, SelfCheckFailed
from ledger.log_verify import verify_log
from ledger.proofs import proof_faults
from ledger.tables import JOURNAL, LOG_LEAF, LOG_NODE
from models.enums import Resource
from models.ledger import Fault
from models.proofs import LogHead, LogMark, RowKind, RowName
from models.register import Record, Series
from models.sealing import digest
from tests.support.ledger import NOON, OTHER, UNIT, done, make_keyring, reserve_one, seed_unit

STAFF = Resource.ADMINISTRATIVE
SERIES = "示编核"
CHAIN = f"{SERIES}/2026"


def rows(s: Session, *cases: str, unit: str = UNIT) -> None:
    """One RESERVE per case in the chain of the unit."""
    for case_id in cases:
        done(reserve_one(s, case_id, unit=unit))


def records(s: Session, first: int, last: int, year: int = 2026) -> None:
    """Filed records `first` to `last` of the series, their chain made as the register would make it."""
    series = s.get(Series, (SERIES, year)) or Series(name=SERIES, year=year)
    series.last = last
    s.add(series)
    for seq in range(first, last + 1):
        s.add(
            Record(
                id=f"r{year}-{seq}",
                series=SERIES,
                year=year,
                seq=seq,
                number=f"{SERIES}〔{year}〕{seq}号",
                kind="verification_slip",
                title="核定单",
                case_id=f"c{seq}",
                step="issue",
                round=1,
                subject=str(year),
                unit=UNIT,
                issued_on=date(year, 3, 2),
                issuer="示范市编办",
                officers="{}",
                code=f"{year}-{seq:04d}",
                context_sealed=b"",
                template_digest="t",
                retention="permanent",
                state="valid",
                digest=digest(f"{year} {seq}".encode()),
                size=1,
                filed_at=NOON,
                chain_seq=seq,
                prev_hash="0" * 64,
                hash=digest(f"row {year} {seq}".encode()),
            )
        )
    s.flush()


def later(days: int) -> datetime:
    return NOON + timedelta(days=days)


@pytest.fixture
def logged(database: Database) -> Database:
    """Two nights: UNIT 1–6, OTHER 1–2, records 1–2, then UNIT 7–8, OTHER 3, record 3. 14 leaves, heads 10 and 14."""
    with database.write() as s:
        seed_unit(s, OTHER, {STAFF: 20})
        seed_unit(s, UNIT, {STAFF: 20})
        rows(s, *"abcde")
        rows(s, "f", unit=OTHER)
        records(s, 1, 2)
        assert log.append(s, later(0)).size == 10
    with database.write() as s:
        rows(s, *"gh")
        rows(s, "i", unit=OTHER)
        records(s, 3, 3)
        assert log.append(s, later(1)).size == 14
    return database


def newest(database: Database) -> LogHead:
    with database.read() as s:
        return log.head(s)


def places(database: Database, outside: LogMark | None = None) -> list[str]:
    with database.read() as s:
        return [fault.where for fault in verify_log(s, outside)]


# --- appending ------------------------------------------------------------------------------------------------


def test_an_empty_log_has_the_empty_trees_head_and_is_intact(database: Database) -> None:
    with database.write() as s:
        assert log.append(s, NOON) == log.head(s)
        head = log.head(s)
        assert (head.size, head.at, head.root) == (0, None, merkle.empty_root("sm3").hex())
        assert verify_log(s, LogMark(size=0, root=head.root)) == []


def test_each_night_takes_every_new_row_once_journal_first_and_sorted(logged: Database) -> None:
    with logged.read() as s:
        leaves = s.connection().execute(select(LOG_LEAF).order_by(LOG_LEAF.c.leaf_index)).all()
        first = [(UNIT, seq) for seq in range(1, 7)] + [(OTHER, 1), (OTHER, 2)]
        assert [(leaf.chain, leaf.seq) for leaf in leaves] == [
            *sorted(first), (CHAIN, 1), (CHAIN, 2), *sorted([(UNIT, 7), (UNIT, 8), (OTHER, 3)]), (CHAIN, 3),
        ]  # fmt: skip
        head = log.head(s)
        assert (head.size, head.at, head.journal_rows, head.record_rows) == (14, later(1), 3, 1)
        made = [log.leaf_text(leaf.kind, leaf.chain, leaf.seq, leaf.row_hash).encode() for leaf in leaves]
        naive = merkle.Frontier(0, [], "sm3")
        for data in made:
            list(naive.add(merkle.leaf_hash(data, "sm3")))
        assert naive.root().hex() == head.root
        assert verify_log(s) == []


def test_a_leaf_names_its_row_and_the_rows_own_hash(logged: Database) -> None:
    with logged.read() as s:
        proof = log.inclusion(s, RowKind.JOURNAL, UNIT, 8)
        assert json.loads(proof.leaf) == {"kind": "journal", "chain": UNIT, "seq": 8, "hash": chain_head(s, UNIT)[1]}
        assert proof.leaf_hash == merkle.leaf_hash(proof.leaf.encode(), "sm3").hex()


def test_appending_again_with_nothing_new_changes_nothing(logged: Database) -> None:
    before = newest(logged)
    with logged.write() as s:
        assert log.append(s, later(9)) == before
    assert newest(logged) == before


def test_what_was_rolled_back_is_taken_the_next_time(logged: Database) -> None:
    with logged.write() as s:
        rows(s, "x")
        assert log.append(s, later(2)).size == 15
        s.rollback()
    assert newest(logged).size == 14
    with logged.write() as s:
        rows(s, "y")
        assert log.append(s, later(2)).size == 15
    assert places(logged) == []


def test_a_record_that_is_numbered_and_not_filed_waits(logged: Database) -> None:
    with logged.write() as s:
        records(s, 4, 4)
        record = s.get(Record, "r2026-4")
        assert record is not None
        record.chain_seq = record.hash = record.digest = None
        s.add(record)
        assert log.append(s, later(2)).size == 14


def test_a_record_that_is_void_later_is_still_the_row_that_was_logged(logged: Database) -> None:
    with logged.write() as s:
        record = s.get(Record, "r2026-1")
        assert record is not None
        record.state, record.void_reason = "void", "重新核定"
        s.add(record)
    assert places(logged) == []


def test_each_year_of_a_series_is_a_chain(logged: Database) -> None:
    with logged.write() as s:
        records(s, 1, 2, year=2027)
        head = log.append(s, later(300))
        assert (head.size, head.record_rows) == (16, 2)
        assert log.inclusion(s, RowKind.RECORD, f"{SERIES}/2027", 2).index == 15
        assert verify_log(s) == []


def test_two_runs_at_once_append_each_row_once(database: Database, url: str) -> None:
    with database.write() as s:
        seed_unit(s, UNIT, {STAFF: 50})
        rows(s, *(f"c{n}" for n in range(40)))
    start, heads, faults = threading.Barrier(4), [], []

    def run() -> None:
        own = Database(url, make_keyring())
        try:
            start.wait(20)
            with own.write() as s:
                heads.append(log.append(s, later(0)))
        except Exception as error:
            faults.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert {head.size for head in heads} == {41}
    assert places(database) == []


def test_long_chains_are_taken_in_pages(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("ledger.log", "ledger.log_verify"):
        monkeypatch.setattr(f"{module}.BATCH", 4)
    paged = log._NEW_JOURNAL.limit(None).limit(4)
    monkeypatch.setattr(log, "_NEW_JOURNAL", paged)
    heard: list[int] = []
    with database.write() as s:
        seed_unit(s, UNIT, {STAFF: 50})
        rows(s, *(f"c{n}" for n in range(18)))
        assert log.append(s, NOON, heard.append).size == 19
        assert verify_log(s) == []
    assert heard == [4, 8, 12, 16, 19]


# --- proofs ---------------------------------------------------------------------------------------------------


def test_every_row_is_proved_and_every_earlier_head_begins_the_present_one(logged: Database) -> None:
    with logged.read() as s:
        for leaf in s.connection().execute(select(LOG_LEAF)).all():
            proof = log.inclusion(s, RowKind(leaf.kind), leaf.chain, leaf.seq)
            assert merkle.verify_inclusion(
                merkle.leaf_hash(proof.leaf.encode(), proof.head.hash),
                proof.index,
                proof.head.size,
                [bytes.fromhex(step) for step in proof.path],
                bytes.fromhex(proof.head.root),
                proof.head.hash,
            )
        for first in range(15):
            between = log.consistency(s, first)
            roots = bytes.fromhex(between.first.root), bytes.fromhex(between.second.root)
            path = [bytes.fromhex(step) for step in between.path]
            assert merkle.verify_consistency(first, 14, *roots, path, between.hash)
        assert log.consistency(s, 3, 10).second.size == 10


def test_what_is_not_in_the_log_has_no_proof(logged: Database) -> None:
    with logged.write() as s:
        rows(s, "new")
        for kind, chain, seq in ((RowKind.JOURNAL, UNIT, 9), (RowKind.RECORD, UNIT, 1), (RowKind.JOURNAL, "gone", 1)):
            with pytest.raises(log.NotLogged):
                log.inclusion(s, kind, chain, seq)
        for first, second in ((15, None), (3, 15), (4, 3), (-1, 3)):
            with pytest.raises(log.NotLogged):
                log.consistency(s, first, second)


def names(*of: tuple[RowKind, str, int]) -> list[RowName]:
    return [RowName(kind=kind, chain=chain, seq=seq) for kind, chain, seq in of]


def test_a_file_of_proofs_is_checked_without_the_database(logged: Database) -> None:
    wanted = names((RowKind.RECORD, CHAIN, 2), (RowKind.JOURNAL, UNIT, 8), (RowKind.JOURNAL, UNIT, 1))
    with logged.read() as s:
        made = log.proof_file(s, wanted)
        head = log.head(s)
    carried = json.loads(json.dumps(made))
    assert (carried["format"], carried["head"]["size"], carried["head"]["hash"]) == ("dingbian-log-proof/1", 14, "sm3")
    assert [json.loads(proof["leaf"])["chain"] for proof in carried["proofs"]] == [CHAIN, UNIT, UNIT]
    mark = LogMark(size=head.size, root=head.root)
    assert proof_faults(carried) == proof_faults(carried, mark) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file["proofs"][0].update(leaf=file["proofs"][0]["leaf"].replace('"seq":2', '"seq":3')),
        lambda file: file["proofs"][0].update(index=1),
        lambda file: file["proofs"][0]["path"].pop(),
        lambda file: file["proofs"][0]["path"].append("0" * 64),
        lambda file: file["proofs"][0]["path"].reverse(),
        lambda file: file["proofs"][0].update(leaf="{}"),
        lambda file: file["head"].update(root="0" * 64),
        lambda file: file["head"].update(size=9),
        lambda file: file["head"].update(hash="sha256"),
        lambda file: file.update(format="dingbian-log-proof/9"),
        lambda file: file.update(proofs="x"),
        lambda file: file["proofs"][0].update(path=["Ä" * 64]),
    ],
)
def test_a_file_of_proofs_that_was_altered_is_refused(logged: Database, change: Callable[[Any], Any]) -> None:
    with logged.read() as s:
        made = log.proof_file(s, names((RowKind.RECORD, CHAIN, 2)))
    change(made)
    assert proof_faults(made)


def test_a_file_of_proofs_under_another_head_is_refused(logged: Database) -> None:
    with logged.read() as s:
        made = log.proof_file(s, names((RowKind.RECORD, CHAIN, 2)))
    assert proof_faults(made, LogMark(size=14, root="0" * 64))
    assert proof_faults(made, LogMark(size=13, root=made["head"]["root"]))


def test_proofs_of_many_rows(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_ASKED_AT_ONCE", 7)
    with database.write() as s:
        seed_unit(s, UNIT, {STAFF: 50})
        rows(s, *(f"c{n}" for n in range(30)))
        log.append(s, NOON)
        made = log.proof_file(s, names(*((RowKind.JOURNAL, UNIT, seq) for seq in range(31, 0, -1))))
    assert proof_faults(made) == []
    assert [proof["index"] for proof in made["proofs"]] == list(range(30, -1, -1))


# --- tampering ------------------------------------------------------------------------------------------------

TABLES = ("journal", "log_leaf", "log_node", "log_head")


def disarm(connection: Connection) -> None:
    """What an administrator of the database could do first."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for table in TABLES:
            for act in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{act}")
    else:
        for table in TABLES:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


def tamper(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        disarm(connection)
        for statement in statements:
            query = text(statement)
            named = {"unit": UNIT, "other": OTHER, "chain": CHAIN, "zeros": "0" * 64}
            connection.execute(query, {name: named[name] for name in query.compile().params})


# Leaves: UNIT 1–6 at 0–5, OTHER 1–2 at 6–7, records 1–2 at 8–9; then UNIT 7–8 at 10–11, OTHER 3 at 12, record 3 at 13.
TAMPERINGS: dict[str, tuple[list[str], list[str]]] = {
    "an edited row": (
        ["UPDATE journal SET hash = :zeros WHERE holder = :unit AND seq = 3"],
        [f"{UNIT}#3"],
    ),
    "an edited record": (["UPDATE record SET hash = :zeros WHERE chain_seq = 2"], [f"{CHAIN}#2"]),
    "a row cut off": (["DELETE FROM journal WHERE holder = :unit AND seq = 8"], [f"{UNIT}#8"]),
    "a record taken away": (["DELETE FROM record WHERE chain_seq = 3"], [f"{CHAIN}#3"]),
    "rows in each other's place": (
        [
            "UPDATE journal SET seq = 99 WHERE holder = :unit AND seq = 2",
            "UPDATE journal SET seq = 2 WHERE holder = :unit AND seq = 3",
            "UPDATE journal SET seq = 3 WHERE holder = :unit AND seq = 99",
        ],
        [f"{UNIT}#2", f"{UNIT}#3"],
    ),
    "an edited leaf": (
        ["UPDATE log_leaf SET row_hash = :zeros WHERE leaf_index = 4"],
        [f"{UNIT}#5", "存证日志#4–5"],
    ),
    "a row and its leaf edited": (
        [
            "UPDATE journal SET hash = :zeros WHERE holder = :unit AND seq = 5",
            "UPDATE log_leaf SET row_hash = :zeros WHERE leaf_index = 4",
        ],
        ["存证日志#4–5"],
    ),
    "an edited node": (
        ["UPDATE log_node SET hash = :zeros WHERE level = 2 AND node_index = 1"],
        ["存证日志#4–7", "存证日志#0–7"],
    ),
    "a node that is no hash": (
        ["UPDATE log_node SET hash = 'x' WHERE level = 3 AND node_index = 0"],
        ["存证日志#0–7"],
    ),
    "a node taken away": (
        ["DELETE FROM log_node WHERE level = 1 AND node_index = 6"],
        ["存证日志#12–13"],
    ),
    "a node too many": (
        ["INSERT INTO log_node (level, node_index, hash) VALUES (1, 7, :zeros)"],
        ["存证日志#14"],
    ),
    "a leaf taken away": (["DELETE FROM log_leaf WHERE leaf_index = 4"], ["存证日志#4", f"{UNIT}#6"]),
    "the tail of the leaves cut off": (
        ["DELETE FROM log_leaf WHERE leaf_index >= 12"],
        ["存证日志#12–13", "存证日志#12"],
    ),
    "leaves in each other's place": (
        [
            "UPDATE log_leaf SET leaf_index = 99 WHERE leaf_index = 0",
            "UPDATE log_leaf SET leaf_index = 0 WHERE leaf_index = 6",
            "UPDATE log_leaf SET leaf_index = 6 WHERE leaf_index = 99",
        ],
        [f"{UNIT}#2", f"{UNIT}#1", "存证日志#0–1", "存证日志#6–7"],
    ),
    "chains in each other's place": (
        [
            "UPDATE log_leaf SET leaf_index = 99 WHERE leaf_index = 7",
            "UPDATE log_leaf SET leaf_index = 7 WHERE leaf_index = 8",
            "UPDATE log_leaf SET leaf_index = 8 WHERE leaf_index = 99",
        ],
        ["存证日志#8", "存证日志#6–7", "存证日志#8–9"],
    ),
    "an invented leaf": (
        [
            "INSERT INTO log_leaf (leaf_index, kind, chain, seq, row_hash) VALUES (14, 'journal', :unit, 9, :zeros)",
        ],
        [f"{UNIT}#9", "存证日志#14"],
    ),
    "a leaf of another kind": (
        ["UPDATE log_leaf SET kind = 'x' WHERE leaf_index = 13"],
        ["存证日志#13", "存证日志#12–13", f"{CHAIN}#3"],
    ),
    "an edited root": (["UPDATE log_head SET root = :zeros WHERE size = 10"], ["存证日志头#10"]),
    "an edited count": (["UPDATE log_head SET record_rows = 3 WHERE size = 14"], ["存证日志头#14"]),
    "the newest head taken away": (["DELETE FROM log_head WHERE size = 14"], ["存证日志#10–13"]),
    "an earlier head taken away": (["DELETE FROM log_head WHERE size = 10"], ["存证日志头#14"]),
    "a head from nowhere": (
        [
            "INSERT INTO log_head (size, root, at, journal_rows, record_rows) "
            "SELECT 20, root, at, 6, 0 FROM log_head WHERE size = 14"
        ],
        ["存证日志#14–19"],
    ),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_found_and_located(logged: Database, what: str) -> None:
    statements, where = TAMPERINGS[what]
    tamper(logged, *statements)
    found = places(logged)
    assert set(where) <= set(found), found
    assert len(found) <= len(where) + 1, found


def rewrite(connection: Connection) -> None:
    """A patient forger: one row altered, the leaf with it, and every node above made anew; heads left as they are."""
    forged = digest(b"forged")
    connection.execute(text("UPDATE journal SET hash = :h WHERE holder = :u AND seq = 1"), {"h": forged, "u": UNIT})
    connection.execute(text("UPDATE log_leaf SET row_hash = :h WHERE chain = :u AND seq = 1"), {"h": forged, "u": UNIT})
    connection.execute(text("DELETE FROM log_node"))
    tree = merkle.Frontier(0, [], "sm3")
    for leaf in connection.execute(select(LOG_LEAF).order_by(LOG_LEAF.c.leaf_index)).all():
        for (level, index), node in tree.add(log.leaf_hash(leaf, "sm3")):
            connection.execute(LOG_NODE.insert(), {"level": level, "node_index": index, "hash": node.hex()})


def heads_too(connection: Connection) -> None:
    """… and the heads with them."""
    tree = merkle.Frontier(0, [], "sm3")
    for leaf in connection.execute(select(LOG_LEAF).order_by(LOG_LEAF.c.leaf_index)).all():
        list(tree.add(log.leaf_hash(leaf, "sm3")))
        root = {"root": tree.root().hex(), "size": tree.size}
        connection.execute(text("UPDATE log_head SET root = :root WHERE size = :size"), root)


def test_a_history_that_was_written_anew_does_not_lead_to_its_heads(logged: Database) -> None:
    with logged.engine.begin() as connection:
        disarm(connection)
        rewrite(connection)
    assert places(logged) == ["存证日志头#10"]  # the first of them; the fault tells of the others
    with logged.read() as s:
        [fault] = verify_log(s)
    assert "此后另有 1 个头不符" in fault.what


def test_a_history_that_was_written_anew_with_its_heads_is_found_by_a_head_kept_elsewhere(logged: Database) -> None:
    before = newest(logged)
    with logged.engine.begin() as connection:
        disarm(connection)
        rewrite(connection)
        heads_too(connection)
    assert places(logged) == []
    assert places(logged, LogMark(size=before.size, root=before.root)) == ["存证日志头#14"]


def test_nothing_is_appended_to_a_log_that_does_not_match_its_head(logged: Database) -> None:
    tamper(logged, "UPDATE log_head SET root = :zeros WHERE size = 14")
    with logged.write() as s:
        rows(s, "z")
    with pytest.raises(log.LogFault), logged.write() as s:
        log.append(s, later(2))
    with logged.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM log_node WHERE level = 3")
    with pytest.raises(log.LogFault), logged.write() as s:
        log.append(s, later(2))


def test_a_restored_older_copy_is_found_by_a_head_kept_elsewhere(sqlite: Database, tmp_path: Path) -> None:
    with sqlite.write() as s:
        seed_unit(s, UNIT, {STAFF: 20})
        rows(s, *"abc")
        first = log.append(s, later(0))
    copy = tmp_path / "older.db"
    with closing(sqlite3.connect(tmp_path / "register.db")) as now, closing(sqlite3.connect(copy)) as then:
        now.backup(then)
    with sqlite.write() as s:
        rows(s, *"de")
        kept = log.append(s, later(1))
    older = Database(f"sqlite:///{copy}", make_keyring())
    try:
        assert places(older) == places(older, LogMark(size=first.size, root=first.root)) == []
        assert places(older, LogMark(size=kept.size, root=kept.root)) == ["存证日志#4–5"]
        with older.write() as s:  # it goes on from there and becomes as long, and is still another history
            rows(s, *"xyz")
            log.append(s, later(2))
        assert places(older) == []
        assert places(older, LogMark(size=kept.size, root=kept.root)) == ["存证日志头#6"]
    finally:
        older.close()
    assert places(sqlite, LogMark(size=first.size, root=first.root)) == []


@pytest.mark.parametrize("table", ["log_leaf", "log_node", "log_head"])
@pytest.mark.parametrize("act", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_the_log_refuses_to_be_changed(logged: Database, table: str, act: str) -> None:
    if act.startswith("TRUNCATE") and logged.engine.dialect.name == "sqlite":
        pytest.skip("not in this engine's language")
    column = {"log_leaf": "seq", "log_node": "hash", "log_head": "root"}[table]
    with pytest.raises(DBAPIError, match=r"immutable|23001"), logged.engine.begin() as connection:
        connection.exec_driver_sql(act.format(table, column))


def test_the_self_check_misses_a_trigger_of_the_log(database: Database) -> None:
    database.self_check()
    with database.engine.begin() as connection:
        disarm(connection)
    with pytest.raises(SelfCheckFailed, match="log_head"):
        database.self_check()


# --- size -----------------------------------------------------------------------------------------------------


def test_a_night_after_an_opening_is_short(sqlite: Database) -> None:
    """20,000 rows in 200 chains, written past the postings: a bound far above what it takes, to see a slip of order."""
    with sqlite.write() as s:
        for number in range(200):
            s.connection().exec_driver_sql(
                f"INSERT INTO holder VALUES ('h{number:03d}', 'x', 100, '{'0' * 64}')"  # noqa: S608
            )
        s.connection().exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        seed_unit(s, UNIT, {STAFF: 1})
        model = dict(s.connection().execute(select(JOURNAL)).mappings().one())
        s.connection().execute(
            JOURNAL.insert(),
            [
                {**model, "holder": f"h{place // 100:03d}", "seq": place % 100 + 1, "key": f"k{place}"}
                for place in range(20_000)
            ],
        )
    begun = datetime.now(UTC)
    with sqlite.write() as s:
        assert log.append(s, NOON).size == 20_001
    assert (datetime.now(UTC) - begun).total_seconds() < 10
    with sqlite.read() as s:
        assert verify_log(s) == []
        counted = s.connection().execute(select(func.count()).select_from(LOG_NODE)).scalar_one()
        assert counted == 20_001 - (20_001).bit_count()


def test_faults_are_told_in_words(logged: Database) -> None:
    tamper(logged, "DELETE FROM journal WHERE holder = :unit AND seq = 8")
    with logged.read() as s:
        [fault] = verify_log(s)
    assert fault == Fault(where=f"{UNIT}#8", what="已入日志（第 11 叶）的行不见了 · a logged row is missing")
