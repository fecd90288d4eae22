"""Between the approval and the last file: holds, tampering, cases that were opened again."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import text

from models.disposals import NewHold
from models.enums import DisposalState
from models.refusals import RefusalCode
from models.register import Record
from records import disposal, holds, register
from records.verify import verify_records
from tests.support.disposals import (
    done,
    held,
    ready,
    short_lived,
    witnessed,
)
from tests.support.office import REGISTRAR, Office

from .looking import code, list_text


def test_a_hold_after_the_approval_stops_its_document_alone(office: Office) -> None:
    first, second, third = short_lived(office)
    view = ready(office)
    held(office, second.id, case=True)
    after = witnessed(office, view.id)
    assert {item.record_id: item.struck_reason for item in after.items} == {
        first.id: None,
        second.id: "停止销毁期间不得销毁",
        third.id: None,
    }
    assert office.store.has(str(second.digest))
    with office.database.read() as s:
        told = register.get(s, second.id)
        assert told is not None
        assert (told.disposed_on, told.held) == (None, True)
        assert verify_records(s, office.store) == []
    assert "停止销毁期间不得销毁" in list_text(office, after.list_record)


def test_what_was_tampered_with_is_not_destroyed(office: Office) -> None:
    altered, lost, sound = short_lived(office)
    view = ready(office)
    path = office.store.path(str(altered.digest))
    assert path is not None
    path.chmod(0o600)
    path.write_bytes(b"forged")
    office.store.remove(str(lost.digest))
    after = witnessed(office, view.id)
    assert {item.record_id for item in after.items if item.struck_reason is None} == {sound.id}
    with office.database.read() as s:
        assert {fault.where for fault in verify_records(s, office.store)} == {altered.number, lost.number}


def test_when_everything_is_stopped_the_disposal_is_dropped_and_no_number_is_spent(office: Office) -> None:
    view = ready(office)
    for paper in short_lived(office):
        held(office, paper.id)
    after = witnessed(office, view.id)
    assert (after.state, after.list_number, after.struck) == (DisposalState.DROPPED, None, 3)
    with office.database.read() as s:
        assert register.series_page(s, "示编销", 2037) == []


def test_a_case_that_is_open_again_keeps_its_papers(office: Office) -> None:
    view = ready(office)
    with office.database.write() as s:
        s.execute(text("UPDATE case_file SET closed_at = NULL"))
    assert witnessed(office, view.id).state is DisposalState.DROPPED


def test_a_hold_that_is_being_placed_is_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The witness speaks while the hold is entered and not committed."""
    paper = short_lived(office)[0]
    view = ready(office)
    placed, commit = threading.Event(), threading.Event()

    def hold() -> None:
        with office.database.write() as s:
            wanted = NewHold(reason="调阅", basis="示巡函〔2037〕1号")
            done(holds.place(s, paper.id, wanted, REGISTRAR, "race", office.now))
            placed.set()
            commit.wait(10)

    # SQLite lets one in at a time: there the witness cannot come as far as the records before the hold is committed.
    name = "checked" if office.database.engine.dialect.name == "sqlite" else "_lock_records"
    real = getattr(disposal, name)

    def reached(*args: Any) -> Any:
        commit.set()
        return real(*args)

    monkeypatch.setattr(disposal, name, reached)
    holding = threading.Thread(target=hold)
    holding.start()
    assert placed.wait(10)
    after = witnessed(office, view.id)
    holding.join(10)
    assert [item.record_id for item in after.items if item.struck_reason] == [paper.id]
    assert office.store.has(str(paper.digest))


def test_a_hold_that_comes_during_the_last_step_is_told_that_it_is_late(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = short_lived(office)[0]
    view = ready(office)
    answers: list[object] = []
    asked = threading.Event()

    def hold() -> None:
        asked.set()
        with office.database.write() as s:
            wanted = NewHold(reason="调阅", basis="示巡函〔2037〕1号")
            answers.append(holds.place(s, paper.id, wanted, REGISTRAR, "race", office.now))

    holding = threading.Thread(target=hold)
    real = disposal.prepare_list

    def in_the_middle(*args: Any, **more: Any) -> Record:
        holding.start()
        assert asked.wait(10)
        return real(*args, **more)

    monkeypatch.setattr(disposal, "prepare_list", in_the_middle)
    after = witnessed(office, view.id)
    holding.join(10)
    assert code(answers[0]) is RefusalCode.RECORD_DISPOSED
    assert after.struck == 0
