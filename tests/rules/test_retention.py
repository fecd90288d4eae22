"""When a period ends, and who may take which step of a disposal."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decisions import Officer
from models.enums import Department, DisposalState, Retention, Role
from models.refusals import RefusalCode
from rules import disposals
from rules.disposals import Act
from rules.retention import YEARS, ends_on, formed_before
from tests.support.office import EXAMINER, HEAD, HEAD_TWO, INSPECTOR, ORGANISATION, REGISTRAR, SUPERVISOR

DAYS = st.dates(date(1949, 10, 1), date(2199, 12, 31))
TERMS = st.sampled_from(sorted(YEARS))


@pytest.mark.parametrize(
    ("retention", "issued", "of_case", "ended", "until"),
    [
        (Retention.YEARS_10, date(2026, 3, 3), True, date(2026, 12, 31), date(2036, 12, 31)),
        (Retention.YEARS_10, date(2026, 3, 3), True, date(2027, 1, 1), date(2037, 12, 31)),
        (Retention.YEARS_10, date(2027, 2, 1), True, date(2026, 5, 8), date(2037, 12, 31)),
        (Retention.YEARS_30, date(2026, 1, 1), False, None, date(2056, 12, 31)),
        (Retention.YEARS_10, date(2026, 3, 3), True, None, None),
        (Retention.PERMANENT, date(1950, 1, 1), False, None, None),
        (Retention.PERMANENT, date(1950, 1, 1), True, date(1951, 1, 1), None),
    ],
)
def test_a_period_counts_from_the_year_after_the_matter_was_closed(
    retention: Retention, issued: date, of_case: bool, ended: date | None, until: date | None
) -> None:
    assert ends_on(retention, issued, of_case=of_case, case_ended_on=ended) == until


@given(TERMS, DAYS, st.one_of(st.none(), DAYS), DAYS)
def test_the_comparison_in_sql_is_the_rule(retention: Retention, issued: date, ended: date | None, day: date) -> None:
    """Issue and end both before the first day not yet due, exactly when the period ended before the day."""
    of_case = ended is not None
    until = ends_on(retention, issued, of_case=of_case, case_ended_on=ended)
    assert until is not None
    first = formed_before(day)[retention]
    assert (until < day) == (issued < first and (ended is None or ended < first))


@given(TERMS, DAYS, DAYS)
def test_a_period_is_never_shorter_than_its_years(retention: Retention, issued: date, ended: date) -> None:
    until = ends_on(retention, issued, of_case=True, case_ended_on=ended)
    assert until is not None
    formed = max(issued, ended)
    assert (until.month, until.day) == (12, 31)
    assert until - formed >= timedelta(days=365 * YEARS[retention])
    assert until.year - formed.year == YEARS[retention]


def act(state: DisposalState, proposed: Officer = REGISTRAR, executed: Officer | None = None) -> Act:
    return Act(state, proposed.id, HEAD.id, executed.id if executed else None)


def code(refused: object) -> RefusalCode | None:
    return getattr(refused, "code", None)


def test_whoever_proposed_never_approves() -> None:
    proposed = Act(DisposalState.PROPOSED, HEAD.id)
    assert code(disposals.may_decide(HEAD, proposed)) is RefusalCode.SELF_APPROVAL
    assert disposals.may_decide(HEAD_TWO, proposed) is None


def test_the_approver_neither_carries_out_nor_witnesses() -> None:
    both = HEAD.model_copy(update={"roles": HEAD.roles | {Role.REGISTRAR}})
    assert code(disposals.may_execute(both, act(DisposalState.APPROVED))) is RefusalCode.TWO_ROLES
    assert code(disposals.may_witness(both, act(DisposalState.EXECUTING, executed=REGISTRAR))) is RefusalCode.TWO_ROLES


def test_the_witness_had_no_hand_in_it() -> None:
    under_way = act(DisposalState.EXECUTING, proposed=REGISTRAR, executed=EXAMINER)
    assert code(disposals.may_witness(EXAMINER, under_way)) is RefusalCode.TWO_ROLES
    assert code(disposals.may_witness(REGISTRAR, under_way)) is RefusalCode.TWO_ROLES
    assert disposals.may_witness(INSPECTOR, under_way) is None


@pytest.mark.parametrize("officer", [SUPERVISOR, ORGANISATION])
def test_nobody_of_another_department_takes_a_step(officer: Officer) -> None:
    every_role = officer.model_copy(update={"roles": frozenset(Role)})
    refusals = [
        disposals.entitled(every_role, disposals.PROPOSERS),
        disposals.may_decide(every_role, act(DisposalState.PROPOSED)),
        disposals.may_execute(every_role, act(DisposalState.APPROVED)),
        disposals.may_witness(every_role, act(DisposalState.EXECUTING)),
        disposals.may_hold(every_role),
        disposals.may_lift(every_role, "nobody"),
        disposals.may_strike(every_role, act(DisposalState.PROPOSED)),
    ]
    assert {code(each) for each in refusals} == {RefusalCode.NOT_YOUR_DEPARTMENT}


def test_no_step_is_taken_by_a_substitute() -> None:
    """Otherwise a head could approve what a substitute of that head proposed, or the other way round."""
    acting = HEAD_TWO.model_copy(update={"acting_for": HEAD.id, "acting_for_name": HEAD.name})
    everything = acting.model_copy(update={"roles": frozenset(Role), "department": Department.ESTABLISHMENT})
    refusals = [
        disposals.may_decide(everything, act(DisposalState.PROPOSED)),
        disposals.may_execute(everything, act(DisposalState.APPROVED)),
        disposals.may_witness(everything, act(DisposalState.EXECUTING)),
        disposals.may_hold(everything),
        disposals.may_lift(everything, "nobody"),
        disposals.may_strike(everything, act(DisposalState.PROPOSED)),
    ]
    assert {code(each) for each in refusals} == {RefusalCode.NO_SUBSTITUTION}


@pytest.mark.parametrize("state", list(DisposalState))
def test_steps_are_taken_in_their_order(state: DisposalState) -> None:
    open_to = {
        name: step is None
        for name, step in (
            ("decide", disposals.may_decide(HEAD, Act(state, REGISTRAR.id))),
            ("execute", disposals.may_execute(EXAMINER, Act(state, REGISTRAR.id, HEAD.id))),
            ("witness", disposals.may_witness(INSPECTOR, Act(state, REGISTRAR.id, HEAD.id, EXAMINER.id))),
            ("strike", disposals.may_strike(REGISTRAR, Act(state, REGISTRAR.id))),
        )
    }
    assert {name for name, may in open_to.items() if may} == {
        DisposalState.PROPOSED: {"decide", "strike"},
        DisposalState.APPROVED: {"execute", "strike"},
        DisposalState.EXECUTING: {"execute", "witness", "strike"},
    }.get(state, set())


def test_a_hold_is_lifted_by_the_head_and_not_by_whoever_placed_it() -> None:
    assert disposals.may_lift(HEAD, REGISTRAR.id) is None
    assert code(disposals.may_lift(HEAD, HEAD.id)) is RefusalCode.TWO_ROLES
    assert code(disposals.may_lift(REGISTRAR, HEAD.id)) is RefusalCode.NOT_YOUR_DEPARTMENT
