"""An anchor holds the log to its word: taken with the chain heads, compared later, old files still read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from activities.calendar import office_calendar
from ledger.db import Database
from ledger.log import LogFault
from models.enums import Resource
from models.rulebook import Rulebook
from records.store import FolderStore
from runtime.anchors import Anchor, take_anchor
from runtime.assembly import Parts
from runtime.settings import load_settings
from runtime.verifying import verify_all, verify_register
from tests.support.engines import needs_file
from tests.support.ledger import NOON, UNIT, done, make_database, make_keyring, reserve_one, seed_unit


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """A register of one unit with four rows."""
    database = make_database(tmp_path)
    with database.write() as s:
        seed_unit(s, UNIT, {Resource.ADMINISTRATIVE: 20})
    rules = Rulebook()
    made = Parts(
        settings=load_settings(data_dir=tmp_path),
        keyring=make_keyring(),
        database=database,
        store=FolderStore(tmp_path / "records"),
        rulebook=rules,
        calendar=office_calendar(rules),
    )
    post(made, "abc")
    yield made
    database.close()


def post(parts: Parts, cases: str) -> None:
    with parts.database.write() as s:
        for case_id in cases:
            done(reserve_one(s, case_id))


def anchored(parts: Parts) -> Anchor:
    """As an operator keeps it: written to a file and read back."""
    with parts.database.write() as s:
        taken = take_anchor(s)
    return Anchor.model_validate_json(taken.model_dump_json(indent=2))


def test_an_anchor_appends_first_and_carries_the_head_of_the_log(parts: Parts) -> None:
    anchor = anchored(parts)
    assert anchor.log is not None
    assert (anchor.log.size, anchor.journals[0].seq) == (4, 4)
    found = verify_all(parts, anchor)
    assert (found.faults, found.log_size, found.log_root) == ([], 4, anchor.log.root)


def test_what_came_later_goes_on_from_the_anchor(parts: Parts) -> None:
    anchor = anchored(parts)
    post(parts, "de")
    assert verify_all(parts, anchor).faults == []  # not yet appended
    anchored(parts)
    found = verify_all(parts, anchor)
    assert (found.faults, found.log_size) == ([], 6)


def test_an_anchor_file_of_an_earlier_version_is_still_read(parts: Parts) -> None:
    kept = json.loads(anchored(parts).model_dump_json())
    del kept["log"]
    assert verify_all(parts, Anchor.model_validate(kept)).faults == []
    kept["journals"][0]["seq"] = 9
    assert [fault.where for fault in verify_all(parts, Anchor.model_validate(kept)).faults] == [f"{UNIT}#9"]


@needs_file
def test_an_older_copy_that_grew_again_is_found_by_the_log(parts: Parts, tmp_path: Path) -> None:
    copy = tmp_path / "older.db"
    with closing(sqlite3.connect(tmp_path / "register.db")) as now, closing(sqlite3.connect(copy)) as then:
        now.backup(then)
    post(parts, "de")
    anchor = anchored(parts)
    older = replace(parts, database=Database(f"sqlite:///{copy}", make_keyring()))
    try:
        assert verify_all(older).faults == []
        assert {fault.where for fault in verify_all(older, anchor).faults} == {f"{UNIT}#6", "存证日志#0–5"}
        assert verify_register(copy).faults == []
        assert {fault.where for fault in verify_register(copy, anchor).faults} == {f"{UNIT}#6", "存证日志#0–5"}
        post(older, "xyz")
        anchored(older)
        assert {fault.where for fault in verify_all(older, anchor).faults} == {f"{UNIT}#6", "存证日志头#6"}
    finally:
        older.database.close()


@needs_file
def test_no_anchor_is_taken_of_a_log_that_does_not_hold(parts: Parts) -> None:
    anchored(parts)
    with parts.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER log_head_no_update")
        connection.exec_driver_sql(f"UPDATE log_head SET root = '{'0' * 64}'")  # noqa: S608
    with pytest.raises(LogFault, match="dingbian verify"), parts.database.write() as s:
        take_anchor(s, datetime.now(UTC))
    assert [fault.where for fault in verify_all(parts).faults] == ["存证日志头#4"]


@needs_file
def test_a_copy_of_a_register_without_a_log_is_still_verified(parts: Parts, tmp_path: Path) -> None:
    with parts.database.engine.begin() as connection:
        for table in ("log_leaf", "log_node", "log_head"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
    found = verify_register(tmp_path / "register.db")
    assert (found.rows, found.log_size, found.faults) == (4, 0, [])


def test_the_moment_of_an_anchor_is_that_of_its_head(parts: Parts) -> None:
    with parts.database.write() as s:
        assert take_anchor(s, NOON).at == NOON
