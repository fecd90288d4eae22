"""暂停受理: what stops, whom it reaches, what opens it (reliability.md P10)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from ledger import departures, postings, suspensions
from ledger.db import Database
from models.enums import ExitReason, Resource
from models.refusals import RefusalCode
from models.register import Departure, ExceptionalAcceptance, Suspension
from tests.support.ledger import (
    BASIS,
    NOON,
    OTHER,
    THIRD,
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
DAY = timedelta(days=1)


def suspend(s: Session, unit: str, covers: bool = True) -> Suspension:
    row = Suspension(id=f"sus-{unit}", unit=unit, case_id="r1", from_at=NOON, covers_subordinates=covers)
    suspensions.suspend(s, row)
    return row


@pytest.fixture
def units(database: Database) -> Database:
    """A unit, its subordinate, and the subordinate's subordinate."""
    with database.write() as s:
        seed_unit(s, accounts={STAFF: 5})
        seed_unit(s, OTHER, {STAFF: 5}, parent=UNIT)
        seed_unit(s, THIRD, {STAFF: 5}, parent=OTHER)
    return database


def test_a_suspended_unit_reserves_nothing_until_it_is_lifted(units: Database) -> None:
    with units.write() as s:
        done(reserve_one(s, "under-way"))
        row = suspend(s, UNIT)
        assert refused(reserve_one(s, "a")).code is RefusalCode.UNIT_SUSPENDED
        earlier = postings.reserve(s, UNIT, slots(("B1", STAFF)), terms("b"), cause("b", at=NOON - DAY))
        assert refused(earlier).code is RefusalCode.UNIT_SUSPENDED
        done(postings.post(s, ["A-under-way"], person(), cause("under-way", "enter")))
        row.lifted_at = NOON + DAY
        s.add(row)
        done(reserve_one(s, "a"))


def test_a_suspension_reaches_subordinates_only_if_it_covers_them(units: Database) -> None:
    with units.write() as s:
        row = suspend(s, UNIT)
        for unit in (UNIT, OTHER, THIRD):
            assert refused(reserve_one(s, f"c-{unit}", unit=unit)).code is RefusalCode.UNIT_SUSPENDED
            assert [each.id for each in suspensions.standing_suspensions(s, unit, NOON)] == [row.id]
        row.covers_subordinates = False
        s.add(row)
        assert refused(reserve_one(s, "own")).code is RefusalCode.UNIT_SUSPENDED
        done(reserve_one(s, "below", unit=OTHER))
        assert suspensions.standing_suspensions(s, THIRD, NOON) == []
        assert suspensions.standing_suspensions(s, UNIT, NOON - DAY) == []


def test_an_ended_suspension_binds_nobody_and_says_how_it_ended(units: Database) -> None:
    with units.write() as s:
        row = suspend(s, UNIT)
        assert suspensions.units_below(s, UNIT) == sorted([UNIT, OTHER, THIRD])
        suspensions.end(s, row, NOON + DAY, "not-confirmed")
        assert [(each.lifted_at, each.ended_by) for each in suspensions.of_case(s, "r1")] == [
            (NOON + DAY, "not-confirmed")
        ]
        for number, unit in enumerate((UNIT, OTHER, THIRD)):
            done(reserve_one(s, f"c{number}", unit=unit))


def test_a_suspension_that_holds_nothing_under_way_binds_only_what_came_after_it(units: Database) -> None:
    with units.write() as s:
        row = suspend(s, UNIT)
        row.holds_under_way = False
        s.add(row)
        s.flush()
        closed = {
            "unsaid": suspensions.closed_now(s, UNIT, None, NOON),
            "after": suspensions.closed_now(s, UNIT, None, NOON, NOON + DAY),
            "at once": suspensions.closed_now(s, UNIT, None, NOON, NOON),
            "below, after": suspensions.closed_now(s, THIRD, None, NOON, NOON + DAY),
        }
        assert all(closed.values()), closed
        assert not suspensions.closed_now(s, UNIT, None, NOON, NOON - DAY)
        assert not suspensions.closed_now(s, THIRD, None, NOON, NOON - DAY)
        wanted, slip = slots(("A1", STAFF)), terms()
        assert refused(postings.reserve(s, UNIT, wanted, slip, cause(), None, NOON)).code is RefusalCode.UNIT_SUSPENDED
        done(postings.reserve(s, UNIT, wanted, slip, cause(), None, NOON - DAY))
        late = postings.authorise(s, UNIT, STAFF, 1, cause("late", basis=BASIS), applied_at=NOON)
        assert refused(late).code is RefusalCode.UNIT_SUSPENDED
        done(postings.authorise(s, UNIT, STAFF, 1, cause("early", basis=BASIS), applied_at=NOON - DAY))
        suspend(s, OTHER)  # one that holds everything, beside it
        assert suspensions.closed_now(s, THIRD, None, NOON, NOON - DAY)


def test_a_subordinate_does_not_suspend_its_parent(units: Database) -> None:
    with units.write() as s:
        suspend(s, THIRD)
        done(reserve_one(s, "a"))
        done(reserve_one(s, "b", unit=OTHER))


def test_units_that_are_each_others_parents_do_not_hang(units: Database) -> None:
    with units.write() as s:
        s.connection().exec_driver_sql(f"UPDATE unit SET parent = '{THIRD}' WHERE code = '{UNIT}'")  # noqa: S608
        suspend(s, OTHER)
        assert refused(reserve_one(s, "a")).code is RefusalCode.UNIT_SUSPENDED


def test_only_a_named_exception_in_force_opens_it(units: Database) -> None:
    with units.write() as s:
        suspend(s, UNIT)
        s.add(
            ExceptionalAcceptance(
                id="e1",
                unit=UNIT,
                scope="军转",
                reason="政策性安置",
                approver="编委",
                from_at=NOON,
                until_at=NOON + DAY,
            )
        )
        wanted, slip = slots(("A1", STAFF)), terms()
        closed = {
            "unnamed": postings.reserve(s, UNIT, wanted, slip, cause()),
            "unknown": postings.reserve(s, UNIT, wanted, slip, cause(), "e9"),
            "too early": postings.reserve(s, UNIT, wanted, slip, cause(at=NOON - DAY), "e1"),
            "too late": postings.reserve(s, UNIT, wanted, slip, cause(at=NOON + 2 * DAY), "e1"),
        }
        assert {name: refused(answer).code for name, answer in closed.items()} == dict.fromkeys(
            closed, RefusalCode.UNIT_SUSPENDED
        )
        done(postings.reserve(s, UNIT, wanted, slip, cause(), "e1"))
        found = next(iter(suspensions.exceptions_in_force(s, UNIT, NOON)), None)
        assert found is not None
        assert found.id == "e1"
        assert suspensions.exceptions_in_force(s, OTHER, NOON) == []
        found.ended_at = NOON
        s.add(found)
        s.flush()
        assert suspensions.exceptions_in_force(s, UNIT, NOON) == []
        assert suspensions.closed_now(s, UNIT, "e1", NOON)


def test_a_suspended_unit_gains_nothing_but_may_be_cut_and_may_let_go(units: Database) -> None:
    with units.write() as s:
        done(reserve_one(s, "a"))
        posting = done(postings.post(s, ["A-a"], person(), cause("a", "enter")))
        suspend(s, UNIT)
        more = postings.authorise(s, UNIT, STAFF, 1, cause("more", basis=BASIS))
        assert refused(more).code is RefusalCode.UNIT_SUSPENDED
        done(postings.authorise(s, UNIT, STAFF, -1, cause("less", basis=BASIS)))
        done(postings.counter(s, UNIT, posting.rows[0].seq, cause("fix")))


def test_overdue_departures_are_those_past_due_and_not_removed(units: Database) -> None:
    with units.write() as s:
        for number, (due, settled) in enumerate([(-1, None), (1, None), (-1, NOON)]):
            s.add(
                Departure(
                    id=f"d{number}",
                    unit=UNIT,
                    person_ref="p",
                    reason=ExitReason.RETIREMENT,
                    source="personnel",
                    event_on=NOON.date(),
                    due_at=NOON + due * DAY,
                    settled_at=settled,
                )
            )
        assert [row.id for row in departures.overdue(s, UNIT, NOON)] == ["d0"]
        assert departures.overdue(s, OTHER, NOON) == []


COVERING = st.tuples(st.sampled_from([UNIT, OTHER, THIRD]), st.booleans(), st.booleans(), st.sampled_from([-1, 0, 1]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(COVERING, max_size=5), st.lists(st.integers(0, 4), max_size=5), st.sampled_from([-1, 0, 1]))
def test_the_gate_is_closed_while_any_suspension_of_the_line_stands(
    units: Database, begun: list[tuple[str, bool, bool, int]], ended: list[int], applied: int
) -> None:
    """Whatever overlaps and in whatever order it ends: against a list kept beside it."""
    line = [UNIT, OTHER, THIRD]
    with units.write() as s:
        s.connection().exec_driver_sql("DELETE FROM suspension")
        standing = {}
        for number, (unit, covers, holds, day) in enumerate(begun):
            moment = NOON + day * DAY
            row = Suspension(
                id=str(number),
                unit=unit,
                case_id="r",
                from_at=moment,
                covers_subordinates=covers,
                holds_under_way=holds,
            )
            suspensions.suspend(s, row)
            standing[number] = row
        for number in ended:
            if number in standing:
                suspensions.end(s, standing.pop(number), NOON + 2 * DAY, "lifted")
        for place, unit in enumerate(line):
            binding = [
                row
                for row in standing.values()
                if row.unit == unit or (row.covers_subordinates and row.unit in line[:place])
            ]
            assert suspensions.closed_now(s, unit, None, NOON) is bool(binding)
            came = NOON + applied * DAY
            later = [row for row in binding if row.holds_under_way or row.from_at <= came]
            assert suspensions.closed_now(s, unit, None, NOON, came) is bool(later)
