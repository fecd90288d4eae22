"""The sweep finds precisely what was made to differ, delivers again what is safe, and leaves the rest alone (P15)."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlmodel import Session, col, select

from activities import reconciliation
from activities.reconciliation import sweep
from docket import commands, reconciling
from ledger.log import append
from models.enums import CommandKind, SlotState, State
from models.reconciliation import DifferenceKind, Reconciled, Standing
from models.register import Account, Case, Command, Journal, Record, Series, SlotRow
from tests.support.engines import needs_file
from tests.support.office import EXAMINER, Office, application


@dataclass
class Temporal:
    """What Temporal says of each case: `listed` by visibility, `truly` by describe (the same unless told)."""

    listed: dict[str, bool] = field(default_factory=dict)
    truly: dict[str, Standing] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def cases(self) -> Mapping[str, bool]:
        return self.listed

    async def standing(self, case_id: str) -> Standing:
        self.asked.append(case_id)
        said = Standing.RUNNING if self.listed.get(case_id) else Standing.UNKNOWN
        return self.truly.get(case_id, said)


@pytest.fixture
def settled(office: Office) -> str:
    """A case under way that everybody agrees about: slip issued, nothing on its way."""
    case_id = office.opened()
    office.issued(case_id)
    _all_delivered(office)
    office.later(hours=2)
    with office.database.write() as s:
        append(s, office.now)
    return case_id


def _all_delivered(office: Office) -> None:
    with office.database.write() as s:
        s.execute(update(Command).values(delivered_at=office.now, attempts=1))


async def swept(office: Office, engine: Temporal | None) -> Reconciled:
    done = await sweep(office.database, office.store, engine, office.now)
    with office.database.read() as s:
        assert reconciling.latest(s) == done, "every run is kept"
    return done


def found(done: Reconciled) -> list[tuple[DifferenceKind, str]]:
    return [(each.kind, each.where) for each in done.differences]


def number(office: Office, case_id: str) -> str:
    return office.docket(case_id).case_no


async def test_where_all_agree_nothing_is_found_and_nothing_described(office: Office, settled: str) -> None:
    engine = Temporal({settled: True})
    done = await swept(office, engine)
    assert found(done) == []
    assert (done.total, done.repaired, done.left) == (0, 0, 0)
    assert engine.asked == []
    assert done.looked_at["cases"] == 1
    assert done.looked_at["files"] >= 2


async def test_without_temporal_the_register_is_compared_and_the_result_says_so(office: Office, settled: str) -> None:
    done = await swept(office, None)
    assert (done.engine, found(done)) == (False, [])


async def test_what_only_temporal_can_tell_stands_until_it_is_asked_again(office: Office, settled: str) -> None:
    """An alarm does not fall silent because the engine did."""
    asked = (await swept(office, Temporal({settled: True, "stranger": True}))).asked_at
    for _ in range(2):
        office.later(hours=1)
        done = await swept(office, None)
        assert (done.engine, done.asked_at, found(done)) == (False, asked, [(DifferenceKind.UNKNOWN_CASE, "stranger")])
        assert (done.waiting, done.left) == ({DifferenceKind.UNKNOWN_CASE: 1}, 1)
    office.later(hours=1)
    assert found(await swept(office, Temporal({settled: True}))) == []


@pytest.mark.parametrize("said", [Standing.UNKNOWN, Standing.STOPPED])
async def test_a_lost_workflow_is_started_again_by_the_relay(office: Office, settled: str, said: Standing) -> None:
    done = await swept(office, Temporal({}, {settled: said}))
    assert found(done) == [(DifferenceKind.NO_WORKFLOW, number(office, settled))]
    assert (done.repaired, done.left) == (1, 0)
    with office.database.read() as s:
        waiting = commands.undelivered(s)
    assert [(each.case_id, each.kind) for each in waiting] == [(settled, CommandKind.START)]


async def test_delivering_again_changes_nothing_else(office: Office, settled: str) -> None:
    before = _everything(office)
    await swept(office, Temporal())
    assert office.deliver_outbox() == [settled]
    assert _everything(office) == before
    assert found(await swept(office, Temporal({settled: True}))) == []


def _everything(office: Office) -> dict[str, list[tuple[object, ...]]]:
    """All rows but the outbox's delivery notes and the results of reconciliations."""
    with office.database.read() as s:
        return {
            model.__tablename__: sorted(
                (tuple(row) for row in s.execute(select(*model.__table__.c)).all()),  # type: ignore[attr-defined]
                key=str,
            )
            for model in (Account, Journal, Case, Record, Series, SlotRow)
        }


async def test_a_late_list_alone_is_believed_by_nobody(office: Office, settled: str) -> None:
    engine = Temporal({}, {settled: Standing.RUNNING})
    assert found(await swept(office, engine)) == []
    assert engine.asked == [settled]


async def test_a_workflow_that_ended_before_its_case_is_told_and_not_touched(office: Office, settled: str) -> None:
    done = await swept(office, Temporal({settled: False}, {settled: Standing.COMPLETED}))
    assert found(done) == [(DifferenceKind.ENDED_EARLY, number(office, settled))]
    assert done.left == 1
    with office.database.read() as s:
        assert commands.undelivered(s) == []


async def test_a_workflow_that_runs_on_after_its_case_is_told_to_look(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject"))
    _all_delivered(office)
    office.later(hours=1)
    with office.database.write() as s:
        append(s, office.now)
    done = await swept(office, Temporal({case_id: True}))
    assert found(done) == [(DifferenceKind.RUNS_ON, number(office, case_id))]
    with office.database.read() as s:
        assert [each.kind for each in commands.undelivered(s)] == [CommandKind.WAKE]
    assert office.deliver_outbox() == [case_id]
    assert office.docket(case_id).state is State.REJECTED


async def test_a_case_that_only_temporal_knows_is_listed_by_its_id(office: Office, settled: str) -> None:
    engine = Temporal({settled: True, "stranger": True, "gone": False}, {"gone": Standing.UNKNOWN})
    assert found(await swept(office, engine)) == [(DifferenceKind.UNKNOWN_CASE, "stranger")]


async def test_a_workflow_with_an_id_that_no_database_keeps_is_listed_without_asking_for_it(
    office: Office, settled: str
) -> None:
    """Whoever reaches Temporal's port may start one; it must not end every comparison from then on."""
    done = await sweep(office.database, office.store, Temporal({settled: True, "a\x00b": True}), office.now)
    assert [(each.kind, each.where) for each in done.differences] == [(DifferenceKind.UNKNOWN_CASE, "a\ufffdb")]
    with office.database.read() as s:
        assert reconciling.latest(s) == done


async def test_a_delivered_command_without_a_receipt_goes_out_again(office: Office, settled: str) -> None:
    body = office.decision(settled, "approve-persons", "reject", subject=_slot(office, settled))
    command = office.commit(settled, CommandKind.DECIDE, body, EXAMINER)
    with office.database.write() as s:
        commands.delivered(s, command, office.now)
    office.later(minutes=30)
    done = await swept(office, Temporal({settled: True}))
    assert found(done) == [(DifferenceKind.UNJUDGED, number(office, settled))]
    assert office.deliver_outbox() == [settled]
    assert found(await swept(office, Temporal({settled: True}))) == []


def _slot(office: Office, case_id: str) -> str:
    slip = office.docket(case_id).slip
    assert slip is not None
    return slip.slots[0].code


def _lost_file(office: Office, s: Session) -> str:
    record = s.exec(select(Record).where(col(Record.digest).is_not(None))).first()
    assert record is not None
    assert record.digest is not None
    office.store.remove(record.digest)
    return record.number


def _gap(_office: Office, s: Session) -> str:
    record = s.exec(select(Record).where(Record.series == "示编受")).one()
    s.execute(update(Series).where(col(Series.name) == record.series).values(last=record.seq + 1))
    return f"示编受〔2026〕{record.seq + 1}号"


def _moved_balance(_office: Office, s: Session) -> str:
    account = s.exec(select(Account).where(Account.occupied > 0)).first()
    assert account is not None
    s.execute(update(Account).where(col(Account.id) == account.id).values(authorised=account.authorised + 1))
    return account.id


def _forged_slot(_office: Office, s: Session) -> str:
    slot = s.exec(select(SlotRow)).first()
    assert slot is not None
    s.execute(update(SlotRow).values(state=SlotState.USED.value, settled_by="nobody"))
    return slot.code


def _closed_case(_office: Office, s: Session) -> str:
    case = s.exec(select(Case)).one()
    s.execute(update(Case).values(state=State.CLOSED.value, closed_at=case.opened_at))
    return case.no


def _fault(_office: Office, s: Session) -> str:
    record = s.exec(select(Record)).first()
    assert record is not None
    s.execute(update(Record).where(col(Record.id) == record.id).values(state="numbered", digest=None, fault="模板缺失"))
    return record.number


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (_lost_file, DifferenceKind.MISSING_FILE),
        (_gap, DifferenceKind.NUMBER_GAP),
        (_moved_balance, DifferenceKind.BALANCE),
        (_forged_slot, DifferenceKind.SLOT_UNLIKE_LEDGER),
        (_closed_case, DifferenceKind.OPEN_SLOT),
        (_fault, DifferenceKind.UNFILED),
    ],
)
async def test_what_disagrees_within_the_register_is_located(
    office: Office, settled: str, harm: Callable[[Office, Session], str], kind: DifferenceKind
) -> None:
    with office.database.write() as s:
        where = harm(office, s)
    done = await swept(office, Temporal({settled: True}))
    assert (kind, where) in found(done)
    assert all(each.repair == "" for each in done.differences if each.kind is kind), "nothing here may be guessed"


async def test_a_parked_document_is_tried_again_at_once_by_the_workflow_that_runs(office: Office, settled: str) -> None:
    """Whoever has mended what hindered it need not wait for the next alarm."""
    with office.database.write() as s:
        number = _fault(office, s)
    assert _wakes(office) == []
    await swept(office, Temporal({}, {settled: Standing.COMPLETED}))
    assert _wakes(office) == []
    await swept(office, Temporal({settled: True}))
    [wake] = _wakes(office)
    office.handle(wake, settled)
    done = await swept(office, Temporal({settled: True}))
    assert (DifferenceKind.UNFILED, number) not in found(done)
    assert _wakes(office) == [wake]


def _wakes(office: Office) -> list[str]:
    with office.database.read() as s:
        return list(s.exec(select(Command.id).where(col(Command.kind) == CommandKind.WAKE.value)))


async def test_a_stored_file_that_no_row_names_is_told_and_kept(office: Office, settled: str) -> None:
    with office.database.write() as s:
        record = s.exec(select(Record).where(col(Record.digest).is_not(None))).first()
        assert record is not None
        digest = str(record.digest)
        s.execute(text("DELETE FROM record WHERE id = :id"), {"id": record.id})
    done = await swept(office, Temporal({settled: True}))
    assert (DifferenceKind.STRAY_FILE, f"{digest[:16]}….docx") in found(done)
    assert office.store.has(digest)


async def test_a_log_that_nobody_appends_to_is_noticed_after_two_nights(office: Office, settled: str) -> None:
    office.later(days=1)
    office.opened()
    _all_delivered(office)
    assert DifferenceKind.LOG_BEHIND not in (await swept(office, None)).counts
    office.later(days=3)
    assert (await swept(office, None)).counts[DifferenceKind.LOG_BEHIND] == 1


@needs_file
async def test_an_older_copy_of_the_register_shows_every_case_it_has_lost(tmp_path: Path) -> None:
    """The chain of a restored copy is whole; only Temporal knows what came after (reliability.md finding 10)."""
    office = Office(tmp_path)
    old = office.opened()
    _all_delivered(office)
    register = tmp_path / "dingbian.db"
    with contextlib.closing(sqlite3.connect(register)) as live, contextlib.closing(sqlite3.connect(":memory:")) as kept:
        live.backup(kept)
        lost = [office.opened() for _ in range(10)]
        kept.backup(live)
    office.later(hours=1)
    done = await swept(office, Temporal(dict.fromkeys([old, *lost], True)))
    strangers = [each for each in done.differences if each.kind is DifferenceKind.UNKNOWN_CASE]
    assert [each.where for each in strangers] == sorted(lost)
    assert all(each.repair == "" for each in strangers)


async def test_ten_thousand_differences_are_counted_and_the_first_are_shown(office: Office, settled: str) -> None:
    listed = dict.fromkeys([settled, *(f"stranger-{n:05d}" for n in range(10_000))], True)
    done = await swept(office, Temporal(listed))
    assert done.counts == {DifferenceKind.UNKNOWN_CASE: 10_000}
    assert len(done.differences) == 500


async def test_a_sign_of_life_goes_out_while_temporal_is_slow(
    office: Office, settled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise Temporal would take a worker that reads a million rows for dead, and begin again beside it."""
    monkeypatch.setattr(reconciliation, "BEAT_SECONDS", 0.001)
    beats: list[str] = []
    enough = asyncio.Event()

    def beat(what: str) -> None:
        beats.append(what)
        if beats.count("workflows") == 3:
            enough.set()

    class Slow(Temporal):
        async def cases(self) -> Mapping[str, bool]:
            await asyncio.wait_for(enough.wait(), 10)
            return self.listed

    done = await sweep(office.database, office.store, Slow({settled: True}), office.now, beat)
    assert done.total == 0
    assert set(beats) == {"ledger", "workflows", "repair"}


async def test_ten_thousand_repairs_make_nobody_wait(
    office: Office, settled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows go back into the outbox a page at a time, other writers in between."""
    monkeypatch.setattr(reconciliation, "REPAIRS", 2)
    ids = [settled, *(office.opened(application(meeting=f"第{number}次")) for number in range(4))]
    _all_delivered(office)
    office.later(hours=1)
    writes: list[str] = []
    office.database.observe = lambda phase, _seconds: writes.append(phase)
    done = await sweep(office.database, office.store, Temporal(), office.now)
    assert done.counts[DifferenceKind.NO_WORKFLOW] == len(ids)
    assert writes.count("working") == 3 + 1, "two, two, one, and the result"
    with office.database.read() as s:
        assert {each.case_id for each in commands.undelivered(s)} == set(ids)
