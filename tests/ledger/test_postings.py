"""Reserve, release, post, authorise, set aside: what moves and what is refused (ledger.md rules 1-4, 9)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import Session

from ledger import balances, occupancy, postings, slips
from ledger.db import Database
from ledger.verify import verify
from models.enums import EntryKind, ExitReason, Resource, SlipState, SlotState
from models.ledger import Balance
from models.refusals import RefusalCode
from tests.support.ledger import (
    BASIS,
    NOON,
    OTHER,
    THIRD,
    UNIT,
    VALID_UNTIL,
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


@pytest.fixture
def unit(database: Database) -> Database:
    """A unit with two headcounts and one internal chief."""
    with database.write() as s:
        seed_unit(s, accounts={STAFF: 2, CHIEF: 1})
    return database


def test_a_reservation_takes_vacancy_and_issues_a_slip(unit: Database) -> None:
    with unit.write() as s:
        posting = done(postings.reserve(s, UNIT, slots(("A1", STAFF), ("A2", CHIEF)), terms(), cause()))
    assert [ref.kind for ref in posting.rows] == [EntryKind.RESERVE, EntryKind.RESERVE]
    assert [(b.resource, b.vacancy) for b in posting.before] == [(STAFF, 2), (CHIEF, 1)]
    assert [(b.resource, b.vacancy) for b in posting.after] == [(STAFF, 1), (CHIEF, 0)]
    with unit.read() as s:
        slip = slips.slip_of_case(s, "case-1")
        assert slip is not None
        assert slip.state == SlipState.VALID
        assert slip.valid_until == VALID_UNTIL
        assert [(slot.code, slot.state) for slot in slips.slots_of(s, slip.id)] == [("A1", "open"), ("A2", "open")]
        assert verify(s).intact


def test_the_last_vacancy_is_granted_once(unit: Database) -> None:
    with unit.write() as s:
        done(reserve_one(s, "a"))
        done(reserve_one(s, "b"))
        assert refused(reserve_one(s, "c")).code is RefusalCode.NO_VACANCY


def test_lines_are_reserved_all_or_not_at_all(unit: Database) -> None:
    """P4: the last account is full, and the first shows no trace."""
    wanted = slots(("A1", STAFF), ("A2", CHIEF), ("A3", CHIEF))
    with unit.write() as s:
        assert refused(postings.reserve(s, UNIT, wanted, terms(), cause())).code is RefusalCode.LEADER_POSTS_FULL
    with unit.read() as s:
        assert balance(s).reserved == 0
        assert slips.slip_of_case(s, "case-1") is None
        assert verify(s).intact


def test_a_unit_without_the_account_has_no_vacancy(unit: Database) -> None:
    with unit.write() as s:
        assert refused(reserve_one(s, "a", Resource.WORKER)).code is RefusalCode.NO_VACANCY
        assert refused(reserve_one(s, "b", Resource.UNIT_CHIEF)).code is RefusalCode.LEADER_POSTS_FULL


def test_an_unknown_unit_is_a_refusal(unit: Database) -> None:
    with unit.write() as s:
        assert refused(reserve_one(s, "a", unit=OTHER)).code is RefusalCode.UNIT_DATA_INVALID


def test_the_same_key_and_payload_give_the_first_answer_again(unit: Database) -> None:
    with unit.write() as s:
        first = done(reserve_one(s, "a"))
        done(reserve_one(s, "b"))
    with unit.write() as s:
        again = done(reserve_one(s, "a"))
        assert again.existing
        assert (again.rows, again.before, again.after) == (first.rows, first.before, first.after)
        assert balance(s).reserved == 2


def test_a_retry_with_a_later_clock_is_the_same_posting(unit: Database) -> None:
    wanted = slots(("A1", STAFF))
    with unit.write() as s:
        done(postings.reserve(s, UNIT, wanted, terms(), cause()))
        again = done(postings.reserve(s, UNIT, wanted, terms(), cause(at=NOON + timedelta(hours=1))))
        assert again.existing


def test_the_same_key_with_another_payload_is_refused(unit: Database) -> None:
    with unit.write() as s:
        done(postings.reserve(s, UNIT, slots(("A1", STAFF)), terms(), cause()))
        other = postings.reserve(s, UNIT, slots(("A9", CHIEF)), terms("slip-9"), cause())
        assert refused(other).code is RefusalCode.KEY_REUSED
        assert balance(s, CHIEF).reserved == 0


def test_posting_a_slot_turns_reserved_into_occupied(unit: Database) -> None:
    with unit.write() as s:
        done(reserve_one(s, "a"))
        posting = done(postings.post(s, ["A-a"], person(), cause("a", "enter", subject="A-a", basis=BASIS)))
        assert (posting.after[0].occupied, posting.after[0].reserved, posting.after[0].vacancy) == (1, 0, 1)
    with unit.read() as s:
        slot = slips.slot(s, "A-a")
        assert slot is not None
        assert slot.state is SlotState.USED
        slip = slips.slip_of_case(s, "a")
        assert slip is not None
        assert slip.state == SlipState.EXHAUSTED
        standing = occupancy.standing(s, person().identity_no)
        assert standing is not None
        assert (standing.headcount_unit, standing.headcount_resource) == (UNIT, STAFF)
        assert verify(s).intact


def test_a_new_leader_fills_a_headcount_and_a_post_at_once(unit: Database) -> None:
    with unit.write() as s:
        done(postings.reserve(s, UNIT, slots(("A1", STAFF), ("A2", CHIEF)), terms(), cause()))
        posting = done(postings.post(s, ["A1", "A2"], person(), cause(step="enter", subject="A1")))
        assert len(posting.rows) == 2
        standing = occupancy.standing(s, person().identity_no)
        assert standing is not None
        assert standing.post_units == [UNIT]


def test_a_post_alone_needs_somebody_on_a_headcount(unit: Database) -> None:
    with unit.write() as s:
        done(reserve_one(s, "a", CHIEF))
        answer = postings.post(s, ["A-a"], person(), cause("a", "enter"))
        assert refused(answer).code is RefusalCode.NOT_POSTED
        done(reserve_one(s, "b"))
        done(postings.post(s, ["A-b"], person(), cause("b", "enter")))
        done(postings.post(s, ["A-a"], person(), cause("a", "enter")))


def test_a_post_may_be_held_from_another_unit(unit: Database) -> None:
    """兼任: the headcount stays where it is, the post counts in the unit of the slip."""
    with unit.write() as s:
        seed_unit(s, OTHER, {CHIEF: 1})
        done(reserve_one(s, "a"))
        done(postings.post(s, ["A-a"], person(), cause("a", "enter")))
        done(reserve_one(s, "b", CHIEF, OTHER))
        done(postings.post(s, ["A-b"], person(), cause("b", "enter")))
        standing = occupancy.standing(s, person().identity_no)
        assert standing is not None
        assert (standing.headcount_unit, standing.post_units) == (UNIT, [OTHER])


def test_one_person_is_on_one_headcount_in_the_region(unit: Database) -> None:
    with unit.write() as s:
        seed_unit(s, OTHER, {STAFF: 1})
        done(reserve_one(s, "a"))
        done(postings.post(s, ["A-a"], person(), cause("a", "enter")))
        done(reserve_one(s, "b", unit=OTHER))
        answer = refused(postings.post(s, ["A-b"], person(), cause("b", "enter")))
        assert answer.code is RefusalCode.ALREADY_POSTED
        assert person().identity_no not in answer.message
        assert balance(s, unit=OTHER).reserved == 1


def test_a_wrong_identity_number_is_refused(unit: Database) -> None:
    with unit.write() as s:
        done(reserve_one(s, "a"))
        number = person().identity_no
        wrong = person().model_copy(update={"identity_no": number[:-1] + ("0" if number[-1] != "0" else "1")})
        answer = refused(postings.post(s, ["A-a"], wrong, cause("a", "enter")))
        assert answer.code is RefusalCode.IDENTITY_INVALID
        assert wrong.identity_no not in answer.message


def test_a_used_slot_is_not_used_again(unit: Database) -> None:
    with unit.write() as s:
        done(reserve_one(s, "a"))
        done(postings.post(s, ["A-a"], person(1), cause("a", "enter", subject="1")))
        answer = postings.post(s, ["A-a"], person(2), cause("a", "enter", subject="2"))
        assert refused(answer).code is RefusalCode.SLIP_USED


def test_an_expired_slip_is_judged_at_the_recorded_time(unit: Database) -> None:
    with unit.write() as s:
        done(reserve_one(s, "a"))
        late = cause("a", "enter", at=VALID_UNTIL + timedelta(seconds=1))
        assert refused(postings.post(s, ["A-a"], person(), late)).code is RefusalCode.SLIP_EXPIRED
        done(postings.post(s, ["A-a"], person(), cause("a", "enter", at=VALID_UNTIL)))


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (SlipState.EXPIRED, RefusalCode.SLIP_EXPIRED),
        (SlipState.REVOKED, RefusalCode.SLIP_REVOKED),
        (SlipState.VOID, RefusalCode.SLIP_REVOKED),
    ],
)
def test_a_released_slip_says_why_it_is_gone(unit: Database, state: SlipState, code: RefusalCode) -> None:
    with unit.write() as s:
        done(reserve_one(s, "a"))
        done(postings.release(s, "S-a", ["A-a"], cause("a", "expire"), state))
        assert balance(s).vacancy == 2
        assert refused(postings.post(s, ["A-a"], person(), cause("a", "enter"))).code is code
        assert refused(postings.release(s, "S-a", ["A-a"], cause("a", "again"), state)).code is (
            RefusalCode.NOTHING_TO_DO
        )
        assert verify(s).intact


def test_a_slip_stays_valid_while_a_slot_is_open(unit: Database) -> None:
    with unit.write() as s:
        done(postings.reserve(s, UNIT, slots(("A1", STAFF), ("A2", STAFF)), terms(), cause()))
        done(postings.release(s, "slip-1", ["A1"], cause(step="reject", subject="A1"), SlipState.EXHAUSTED))
        slip = slips.slip_of_case(s, "case-1")
        assert slip is not None
        assert slip.state == SlipState.VALID
        done(postings.post(s, ["A2"], person(), cause(step="enter")))
        slip = slips.slip_of_case(s, "case-1")
        assert slip is not None
        assert slip.state == SlipState.EXHAUSTED


def test_what_is_outside_the_slip_is_refused(unit: Database) -> None:
    with unit.write() as s:
        done(postings.reserve(s, UNIT, slots(("A1", STAFF), ("A2", STAFF)), terms(), cause()))
        outside = [
            postings.post(s, ["Z9"], person(), cause(step="enter")),
            postings.post(s, ["A1", "A2"], person(), cause(step="enter")),
            postings.release(s, "slip-1", ["Z9"], cause(step="void"), SlipState.VOID),
            postings.release(s, "slip-9", ["A1"], cause(step="void"), SlipState.VOID),
        ]
        assert {refused(answer).code for answer in outside} == {RefusalCode.OUTSIDE_SLIP}


def test_what_is_set_aside_is_no_vacancy(unit: Database) -> None:
    with unit.write() as s:
        done(postings.set_aside(s, UNIT, STAFF, 2, cause("keep")))
        assert refused(reserve_one(s, "a")).code is RefusalCode.NO_VACANCY
        assert refused(postings.set_aside(s, UNIT, STAFF, 1, cause("more"))).code is RefusalCode.NO_VACANCY
        done(postings.set_aside(s, UNIT, STAFF, -1, cause("free")))
        done(reserve_one(s, "a"))
        below = postings.set_aside(s, UNIT, STAFF, -2, cause("too much"))
        assert refused(below).code is RefusalCode.LEDGER_CONFLICT


def test_an_authorisation_needs_its_document(unit: Database) -> None:
    with unit.write() as s:
        answer = postings.authorise(s, UNIT, STAFF, 1, cause("more"))
        assert refused(answer).code is RefusalCode.REFERENCE_REQUIRED


def test_one_decision_may_authorise_several_resources(unit: Database) -> None:
    with unit.write() as s:
        for resource in (STAFF, Resource.WORKER):
            done(postings.authorise(s, UNIT, resource, 3, cause("more", basis=BASIS)))
        assert done(postings.authorise(s, UNIT, STAFF, 3, cause("more", basis=BASIS))).existing
        other = postings.authorise(s, UNIT, STAFF, 4, cause("more", basis=BASIS))
        assert refused(other).code is RefusalCode.KEY_REUSED
        assert (balance(s).authorised, balance(s, Resource.WORKER).authorised) == (5, 3)


def test_a_cut_below_what_is_used_needs_an_absorption_term(unit: Database) -> None:
    with unit.write() as s:
        done(reserve_one(s, "a"))
        done(postings.post(s, ["A-a"], person(1), cause("a", "enter")))
        done(reserve_one(s, "b"))
        cut = cause("cut", basis=BASIS)
        assert refused(postings.authorise(s, UNIT, STAFF, -2, cut)).code is RefusalCode.OVER_QUOTA
        done(postings.authorise(s, UNIT, STAFF, -2, cut, absorb_until=date(2027, 12, 31)))
        assert (balance(s).vacancy, balance(s).tolerated_over) == (-2, 2)


def test_an_over_quota_account_lets_people_leave_and_slips_be_used_but_reserves_nothing(unit: Database) -> None:
    """只出不进: each departure takes the tolerance with it, so it can never be filled again."""
    with unit.write() as s:
        done(reserve_one(s, "a"))
        done(postings.post(s, ["A-a"], person(1), cause("a", "enter")))
        done(reserve_one(s, "b"))
        done(postings.authorise(s, UNIT, STAFF, -2, cause("cut", basis=BASIS), absorb_until=date(2027, 12, 31)))
        assert refused(reserve_one(s, "c")).code is RefusalCode.NO_VACANCY
        done(postings.post(s, ["A-b"], person(2), cause("b", "enter")))
        assert balance(s).tolerated_over == 2
        for serial in (1, 2):
            standing = occupancy.standing(s, person(serial).identity_no)
            assert standing is not None
            leaving = cause(f"out-{serial}", "exit")
            done(postings.leave(s, UNIT, standing.person_ref, "both", ExitReason.RETIREMENT, leaving))
            assert balance(s).tolerated_over == 2 - serial
        assert balance(s).vacancy == 0
        assert refused(reserve_one(s, "d")).code is RefusalCode.NO_VACANCY
        assert verify(s).intact


def test_an_appointment_by_a_higher_body_may_go_over_quota(unit: Database) -> None:
    with unit.write() as s:
        done(postings.set_aside(s, UNIT, STAFF, 2, cause("keep")))
        appointed = cause("appoint", "file", basis=BASIS)
        bare = postings.appoint(s, UNIT, [STAFF, CHIEF], person(), cause("appoint", "file"))
        assert refused(bare).code is RefusalCode.REFERENCE_REQUIRED
        posting = done(postings.appoint(s, UNIT, [STAFF, CHIEF], person(), appointed))
        assert {ref.kind for ref in posting.rows} == {EntryKind.APPOINT}
        assert done(postings.appoint(s, UNIT, [STAFF, CHIEF], person(), appointed)).existing
        assert (balance(s).vacancy, balance(s).tolerated_over) == (-1, 1)
        assert (balance(s, CHIEF).vacancy, balance(s, CHIEF).tolerated_over) == (0, 0)
        assert verify(s).intact


def test_units_under_one_quota_share_vacancy_and_chain(unit: Database) -> None:
    """合署办公: the account is the holder's, the row names the unit."""
    with unit.write() as s:
        seed_unit(s, THIRD, holder=UNIT)
        done(reserve_one(s, "a"))
        done(reserve_one(s, "b", unit=THIRD))
        assert refused(reserve_one(s, "c", unit=THIRD)).code is RefusalCode.NO_VACANCY
        assert balances.balances(s, THIRD) == balances.balances(s, UNIT)


def test_an_unsplit_quota_is_one_account(database: Database) -> None:
    with database.write() as s:
        seed_unit(s, accounts={Resource.INTERNAL_UNSPLIT: 57})
        done(reserve_one(s, "a", Resource.INTERNAL_UNSPLIT))
        assert balance(s, Resource.INTERNAL_UNSPLIT).vacancy == 56
        assert refused(reserve_one(s, "b", CHIEF)).code is RefusalCode.LEADER_POSTS_FULL
