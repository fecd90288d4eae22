"""Leaving, transfer inside the region, and corrections (ledger.md rules 5, 6)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session, col, select

from ledger import balances, occupancy, postings, slips
from ledger.chain import journal
from ledger.db import Database
from ledger.verify import verify
from models.enums import EntryKind, ExitReason, Resource, SlipState, SlotState
from models.ledger import Balance, Posting, Side
from models.refusals import Refusal, RefusalCode
from models.register import Departure
from tests.support.ledger import (
    BASIS,
    NOON,
    OTHER,
    TODAY,
    UNIT,
    cause,
    done,
    person,
    refused,
    reserve_one,
    seed_unit,
    slots,
    terms,
)

STAFF = Resource.ADMINISTRATIVE
CHIEF = Resource.INTERNAL_CHIEF


def balance(s: Session, resource: Resource = STAFF, unit: str = UNIT) -> Balance:
    return balances.account_balances(s, unit, [resource])[resource]


def ref_of(s: Session, serial: int = 1) -> str:
    standing = occupancy.standing(s, person(serial).identity_no)
    assert standing is not None
    return standing.person_ref


def leave(
    s: Session, side: Side, reason: ExitReason, case_id: str = "out", unit: str = UNIT, on: date = TODAY
) -> Posting | Refusal:
    return postings.leave(s, unit, ref_of(s), side, reason, cause(case_id, "exit", on=on))


def entry(posting: Posting, resource: Resource) -> int:
    return next(row.seq for row in posting.rows if row.account.endswith(resource.value))


@pytest.fixture
def leader(database: Database) -> Database:
    """Two units; person 1 is an internal chief on the headcount of the first, and the accounts are full."""
    with database.write() as s:
        seed_unit(s, accounts={STAFF: 1, CHIEF: 1})
        seed_unit(s, OTHER, {STAFF: 1, CHIEF: 1})
        done(postings.reserve(s, UNIT, slots(("A1", STAFF), ("A2", CHIEF)), terms(), cause()))
        done(postings.post(s, ["A1", "A2"], person(), cause(step="enter", subject="A1", basis=BASIS)))
    return database


def test_removal_from_a_leader_post_frees_the_post_only(leader: Database) -> None:
    with leader.write() as s:
        done(leave(s, "post", ExitReason.POST_REMOVED))
        assert (balance(s).occupied, balance(s, CHIEF).occupied) == (1, 0)
        assert refused(leave(s, "post", ExitReason.POST_REMOVED, "again")).code is RefusalCode.NOT_POSTED
        wrong = leave(s, "both", ExitReason.POST_REMOVED, "wrong")
        assert refused(wrong).code is RefusalCode.LEDGER_CONFLICT
        assert verify(s).intact


def test_who_is_relieved_of_a_post_no_longer_bears_its_title(leader: Database) -> None:
    with leader.write() as s:
        assert {row.position for row in occupancy.roster(s, UNIT)[0]} == {"四级主任科员"}
        done(leave(s, "post", ExitReason.POST_REMOVED))
        assert [row.position for row in occupancy.roster(s, UNIT)[0]] == [None]


@pytest.mark.parametrize("side", ["headcount", "both"])
def test_leaving_a_headcount_frees_every_post_wherever_it_is(leader: Database, side: Side) -> None:
    with leader.write() as s:
        done(reserve_one(s, "b", CHIEF, OTHER))
        done(postings.post(s, ["A-b"], person(), cause("b", "enter")))
        posting = done(leave(s, side, ExitReason.RETIREMENT))
        assert {row.holder for row in posting.rows} == {UNIT, OTHER}
        assert [balance(s, r, u).occupied for r in (STAFF, CHIEF) for u in (UNIT, OTHER)] == [0, 0, 0, 0]
        assert done(leave(s, side, ExitReason.RETIREMENT)).existing
        assert verify(s).intact


def test_somebody_who_is_not_here_cannot_leave(leader: Database) -> None:
    with leader.write() as s:
        assert refused(leave(s, "both", ExitReason.DEATH, unit=OTHER)).code is RefusalCode.NOT_POSTED
        early = leave(s, "both", ExitReason.DEATH, on=date(2026, 3, 1))
        assert refused(early).code is RefusalCode.LEDGER_CONFLICT


def test_a_known_departure_is_settled_by_leaving(leader: Database) -> None:
    with leader.write() as s:
        departure = Departure(
            id="d1",
            unit=UNIT,
            person_ref=ref_of(s),
            reason="retirement",
            source="personnel",
            event_on=TODAY,
            due_at=NOON,
        )
        s.add(departure)
        done(leave(s, "both", ExitReason.RETIREMENT))
    with leader.read() as s:
        assert s.exec(select(Departure.settled_at).where(col(Departure.id) == "d1")).one() == NOON


def test_a_transfer_is_out_and_in_at_once(leader: Database) -> None:
    with leader.write() as s:
        done(reserve_one(s, "t", unit=OTHER))
        moving = cause("t", "enter", basis=BASIS)
        posting = done(postings.transfer(s, ["A-t"], person(), "T1", moving, ExitReason.TRANSFER))
        assert [(row.holder, row.kind) for row in posting.rows] == [
            (UNIT, EntryKind.TRANSFER_OUT),
            (UNIT, EntryKind.TRANSFER_OUT),
            (OTHER, EntryKind.TRANSFER_IN),
        ]
        assert done(postings.transfer(s, ["A-t"], person(), "T1", moving, ExitReason.TRANSFER)).existing
        assert (balance(s).vacancy, balance(s, CHIEF).vacancy, balance(s, unit=OTHER).vacancy) == (1, 1, 0)
        standing = occupancy.standing(s, person().identity_no)
        assert standing is not None
        assert (standing.headcount_unit, standing.post_units) == (OTHER, [])
        rows = [*journal(s, UNIT), *journal(s, OTHER)]
        assert sum(row.transfer_id == "T1" for row in rows) == 3
        assert verify(s).intact


def test_a_transfer_that_cannot_arrive_does_not_depart(leader: Database) -> None:
    with leader.write() as s:
        done(reserve_one(s, "t", CHIEF, OTHER))
        only_post = postings.transfer(s, ["A-t"], person(), "T1", cause("t", "enter"), ExitReason.TRANSFER)
        assert refused(only_post).code is RefusalCode.OUTSIDE_SLIP
        done(reserve_one(s, "u", unit=OTHER))
        stranger = postings.transfer(s, ["A-u"], person(2), "T2", cause("u", "enter"), ExitReason.TRANSFER)
        assert refused(stranger).code is RefusalCode.NOT_POSTED
        assert balance(s).occupied == 1
        assert verify(s).intact


def test_a_correction_names_its_row_and_opens_the_slot_again(leader: Database) -> None:
    with leader.write() as s:
        rows = {row.resource: row.seq for row in journal(s, UNIT) if row.kind is EntryKind.POST}
        first = refused(postings.counter(s, UNIT, rows[STAFF], cause("fix", subject="staff")))
        assert first.code is RefusalCode.LEDGER_CONFLICT
        done(postings.counter(s, UNIT, rows[CHIEF], cause("fix", subject="chief")))
        posting = done(postings.counter(s, UNIT, rows[STAFF], cause("fix", subject="staff")))
        assert journal(s, UNIT)[posting.rows[0].seq - 1].corrects == rows[STAFF]
        assert (balance(s).occupied, balance(s).reserved) == (0, 1)
        slip = slips.slip(s, "slip-1")
        assert slip is not None
        assert slip.state == SlipState.VALID
        assert occupancy.roster(s, UNIT)[0] == []
        again = postings.counter(s, UNIT, rows[STAFF], cause("fix", subject="again"))
        assert refused(again).code is RefusalCode.LEDGER_CONFLICT
        done(postings.post(s, ["A1"], person(2), cause(step="enter", subject="second")))
        assert verify(s).intact


def test_a_corrected_entry_on_a_dead_slip_gives_the_slot_up(database: Database) -> None:
    with database.write() as s:
        seed_unit(s, accounts={STAFF: 2})
        done(postings.reserve(s, UNIT, slots(("A1", STAFF), ("A2", STAFF)), terms(), cause()))
        posting = done(postings.post(s, ["A1"], person(), cause(step="enter")))
        done(postings.release(s, "slip-1", ["A2"], cause(step="expire"), SlipState.EXPIRED))
        done(postings.counter(s, UNIT, posting.rows[0].seq, cause("fix")))
        slot = slips.slot(s, "A1")
        assert slot is not None
        assert slot.state is SlotState.RELEASED
        assert balance(s).vacancy == 2
        assert verify(s).intact


def test_a_corrected_exit_brings_the_person_back_while_there_is_room(leader: Database) -> None:
    with leader.write() as s:
        out = done(leave(s, "both", ExitReason.RESIGNATION))
        done(postings.counter(s, UNIT, entry(out, STAFF), cause("fix", subject="staff")))
        done(postings.counter(s, UNIT, entry(out, CHIEF), cause("fix", subject="chief")))
        assert len(occupancy.roster(s, UNIT)[0]) == 2
        out = done(leave(s, "both", ExitReason.RESIGNATION, "out-2"))
        done(reserve_one(s, "b"))
        full = postings.counter(s, UNIT, entry(out, STAFF), cause("fix", subject="full"))
        assert refused(full).code is RefusalCode.NO_VACANCY
        assert verify(s).intact


def test_a_transfer_is_corrected_as_a_whole(leader: Database) -> None:
    with leader.write() as s:
        done(reserve_one(s, "t", unit=OTHER))
        posting = done(postings.transfer(s, ["A-t"], person(), "T1", cause("t", "enter"), ExitReason.TRANSFER))
        fixed = done(postings.counter(s, OTHER, posting.rows[-1].seq, cause("fix")))
        assert len(fixed.rows) == 3
        standing = occupancy.standing(s, person().identity_no)
        assert standing is not None
        assert (standing.headcount_unit, standing.post_units) == (UNIT, [UNIT])
        assert balance(s, unit=OTHER).reserved == 1
        assert verify(s).intact


def test_slips_are_not_corrected_but_voided(leader: Database) -> None:
    with leader.write() as s:
        reserved = next(row.seq for row in journal(s, UNIT) if row.kind is EntryKind.RESERVE)
        answer = postings.counter(s, UNIT, reserved, cause("fix"))
        assert refused(answer).code is RefusalCode.LEDGER_CONFLICT
        assert refused(postings.counter(s, UNIT, 999, cause("fix"))).code is RefusalCode.LEDGER_CONFLICT


def test_an_authorisation_in_use_cannot_be_corrected_away(leader: Database) -> None:
    with leader.write() as s:
        authorised = next(row.seq for row in journal(s, UNIT) if row.kind is EntryKind.AUTHORISE)
        assert refused(postings.counter(s, UNIT, authorised, cause("fix"))).code is RefusalCode.OVER_QUOTA
        assert balance(s).authorised == 1
