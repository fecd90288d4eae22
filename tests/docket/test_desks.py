"""The lists of the worklist page: what each shows, nothing foreign, and in what order."""

from __future__ import annotations

import base64
import itertools
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlmodel import select

from docket import desks, substitutions
from models.decisions import Copy, Hold, Officer, Resubmission
from models.desks import DeskFilters, DeskRow, StepChoice, Tab
from models.enums import CommandKind, Department, Procedure, Role, State, Step, Verdict
from models.register import Case, StepRow
from models.substitutions import NewSubstitution, SubstitutionView
from rules.deadlines import local_day
from tests.support.matters import change
from tests.support.office import (
    APPLICANT,
    EVERYBODY,
    EXAMINER,
    FINANCE,
    HEAD,
    ISSUER,
    ORGANISATION,
    OTHER_APPLICANT,
    PERSONNEL,
    REGISTRAR,
    SERVICES,
    SUPERVISOR,
    Office,
    application,
    line,
)


def shown(office: Office, officer: Officer, tab: Tab, **filters: object) -> list[DeskRow]:
    with office.database.read() as s:
        narrowed = DeskFilters(**filters)
        return desks.page(s, officer, tab, office.now, office.deps.calendar, filters=narrowed).items


def cases(office: Office, officer: Officer, tab: Tab, **filters: object) -> list[str]:
    return [row.case_id for row in shown(office, officer, tab, **filters)]


def counted(office: Office, officer: Officer) -> dict[Tab, int]:
    with office.database.read() as s:
        return desks.counts(s, officer, office.now)


def several(office: Office, number: int) -> list[str]:
    found = []
    for n in range(number):
        found.append(office.opened(application(meeting=f"第{n}次")))
        office.later(minutes=5)
    return found


def test_my_tasks_are_the_steps_of_my_own_roles(office: Office) -> None:
    first, second = several(office, 2)
    office.accepted(office.decide(first, "examine", EXAMINER))
    assert cases(office, EXAMINER, Tab.MINE) == [second]
    assert cases(office, ISSUER, Tab.MINE) == [first]
    [row] = shown(office, ISSUER, Tab.MINE)
    assert (row.step, row.roles, row.actionable, row.waiting_on) == (
        "issue",
        [Role.ISSUER],
        True,
        [Department.ESTABLISHMENT],
    )


def test_the_department_s_list_has_the_steps_of_every_role(office: Office) -> None:
    first, second = several(office, 2)
    office.accepted(office.decide(first, "examine", EXAMINER))
    assert set(cases(office, REGISTRAR, Tab.DEPARTMENT)) == {first, second}
    assert cases(office, REGISTRAR, Tab.MINE) == []
    assert cases(office, FINANCE, Tab.DEPARTMENT) == []


def test_what_i_applied_for_or_acted_on_in_another_role_is_no_task_of_mine(office: Office) -> None:
    case_id = office.opened()
    both = EXAMINER.model_copy(update={"roles": frozenset({Role.EXAMINER, Role.ISSUER})})
    office.accepted(office.decide(case_id, "examine", both))
    assert cases(office, both, Tab.MINE) == []  # separation of duties: the issuer is somebody else
    assert cases(office, ISSUER, Tab.MINE) == [case_id]
    transferred = APPLICANT.model_copy(
        update={"department": Department.ESTABLISHMENT, "unit": None, "roles": frozenset({Role.ISSUER})}
    )
    assert cases(office, transferred, Tab.MINE) == []


def test_whoever_examined_may_examine_again_after_a_correction(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return"))
    [row] = shown(office, APPLICANT, Tab.MINE)
    assert (row.case_id, row.returned, row.step) == (case_id, True, None)
    assert cases(office, EXAMINER, Tab.MINE) == []
    office.accepted(
        office.order(case_id, CommandKind.RESUBMIT, Resubmission(application=application(meeting="第9次")), APPLICANT)
    )
    [again] = shown(office, EXAMINER, Tab.MINE)
    assert (again.case_id, again.round) == (case_id, 2)


def test_what_nobody_did_climbs_up_to_the_head_and_is_marked(office: Office) -> None:
    case_id = office.opened()
    office.later(days=8)
    for _ in range(2):
        office.ring(case_id)
    [row] = shown(office, HEAD, Tab.MINE)
    assert (row.case_id, row.escalated, row.overdue, row.actionable) == (case_id, True, True, False)
    assert shown(office, SUPERVISOR, Tab.MINE) == []
    office.later(days=8)
    office.ring(case_id)
    assert cases(office, SUPERVISOR, Tab.MINE) == [case_id]
    assert counted(office, HEAD)[Tab.MINE] == 1


def test_a_held_case_waits_for_nobody(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.order(case_id, CommandKind.HOLD, Hold(reason="核查", second_officer="issuer"), HEAD))
    assert cases(office, EXAMINER, Tab.MINE) == cases(office, EXAMINER, Tab.DEPARTMENT) == []
    assert cases(office, EXAMINER, Tab.ALL, state=State.HELD) == [case_id]


def test_started_by_us_has_the_cases_of_our_unit_and_no_others_earliest_due_first(office: Office) -> None:
    first, second = several(office, 2)
    foreign = office.opened(application(line("headcount:institution-full"), unit=SERVICES), OTHER_APPLICANT)
    assert cases(office, APPLICANT, Tab.STARTED) == [first, second]
    assert cases(office, OTHER_APPLICANT, Tab.STARTED) == [foreign]
    assert cases(office, PERSONNEL, Tab.STARTED) == []


def test_done_shows_my_last_act_on_each_case_newest_first(office: Office) -> None:
    first, second = several(office, 2)
    office.accepted(office.decide(first, "examine", EXAMINER))
    office.later(minutes=1)
    office.accepted(office.decide(second, "examine", EXAMINER, "reject"))
    office.later(minutes=1)
    office.decide(first, "examine", EXAMINER)  # refused: already decided
    rows = shown(office, EXAMINER, Tab.DONE)
    assert [(row.case_id, row.step, row.verdict) for row in rows] == [
        (second, "examine", Verdict.REJECT),
        (first, "examine", Verdict.APPROVE),
    ]
    assert shown(office, ISSUER, Tab.DONE) == []
    office.later(minutes=1)
    office.commit(first, CommandKind.COPY, Copy(departments=[Department.FINANCE]), EXAMINER)
    newest = shown(office, EXAMINER, Tab.DONE)[0]
    assert (newest.case_id, newest.did, newest.pending) == (first, CommandKind.COPY, True)


def test_copies_stand_on_the_list_of_the_department_that_was_told(office: Office) -> None:
    case_id = office.opened()
    copy = Copy(departments=[Department.FINANCE])
    office.accepted(office.order(case_id, CommandKind.COPY, copy, EXAMINER))
    [row] = shown(office, FINANCE, Tab.COPIED)
    assert row.case_id == case_id
    assert row.note.startswith("李静抄送")
    assert shown(office, ORGANISATION, Tab.COPIED) == []


def test_a_unit_sees_nothing_of_another_unit_in_any_list(office: Office) -> None:
    own, foreign = (
        office.opened(),
        office.opened(application(line("headcount:institution-full"), unit=SERVICES), OTHER_APPLICANT),
    )
    office.accepted(office.decide(foreign, "examine", EXAMINER, "return"))
    for tab in Tab:
        assert foreign not in cases(office, APPLICANT, tab)
    assert cases(office, APPLICANT, Tab.ALL) == [own]
    with office.database.read() as s:
        assert list(desks.named(s, APPLICANT, [own, foreign])) == [own]


def test_administrators_have_no_list_and_supervisors_start_nothing(office: Office) -> None:
    case_id = office.opened()
    administrator = Officer(
        id="admin", name="管", department=Department.ADMINISTRATION, roles=frozenset({Role.SYSTEM_ADMIN})
    )
    assert desks.tabs_of(administrator) == []
    assert counted(office, administrator) == {}
    assert all(shown(office, administrator, tab) == [] for tab in Tab)
    assert desks.tabs_of(SUPERVISOR) == [Tab.MINE, Tab.COPIED, Tab.ALL]
    assert cases(office, SUPERVISOR, Tab.ALL) == [case_id]


def test_counts_are_the_numbers_of_lines(office: Office) -> None:
    first, second, third = several(office, 3)
    office.accepted(office.decide(first, "examine", EXAMINER))
    office.accepted(office.decide(second, "examine", EXAMINER, "return"))
    office.accepted(office.order(third, CommandKind.COPY, Copy(departments=[Department.FINANCE]), EXAMINER))
    for officer in EVERYBODY:
        lines = {tab: len(shown(office, officer, tab)) for tab in desks.tabs_of(officer)}
        assert counted(office, officer) == lines, officer.id


def test_filters_narrow_together(office: Office) -> None:
    first, second = several(office, 2)
    foreign = office.opened(application(line("headcount:institution-full"), unit=SERVICES), OTHER_APPLICANT)
    office.accepted(office.decide(first, "examine", EXAMINER))
    everything = {first, second, foreign}
    assert set(cases(office, SUPERVISOR, Tab.ALL, procedure=Procedure.STAFFING_UP)) == everything
    assert cases(office, SUPERVISOR, Tab.ALL, procedure=Procedure.RECTIFICATION) == []
    assert cases(office, SUPERVISOR, Tab.ALL, step=Step.ISSUE) == [first]
    assert cases(office, SUPERVISOR, Tab.ALL, unit="公共服务") == [foreign]
    assert cases(office, SUPERVISOR, Tab.ALL, unit=SERVICES, state=State.ACCEPTED) == [foreign]
    assert cases(office, SUPERVISOR, Tab.ALL, q="00002") == [second]
    assert cases(office, SUPERVISOR, Tab.ALL, q="%") == []
    assert cases(office, SUPERVISOR, Tab.ALL, overdue=True) == []
    assert cases(office, EXAMINER, Tab.MINE, unit="发展研究", step=Step.EXAMINE) == [second]
    office.later(days=30)
    assert set(cases(office, SUPERVISOR, Tab.ALL, overdue=True)) == everything
    with office.database.read() as s:
        assert desks.count(s, SUPERVISOR, Tab.ALL, DeskFilters(overdue=True), office.now) == 3


@pytest.mark.parametrize("tab", [Tab.MINE, Tab.DEPARTMENT, Tab.ALL])
def test_pages_follow_one_another_without_gap_or_repetition(office: Office, tab: Tab) -> None:
    ids = several(office, 5)
    with office.database.write() as s:  # some with one due day, some with another
        for number, row in enumerate(s.exec(select(StepRow)).all()):
            row.due_at += timedelta(days=number // 2)
    found: list[str] = []
    cursor: str | None = None
    with office.database.read() as s:
        for _ in itertools.count():
            page = desks.page(s, EXAMINER, tab, office.now, office.deps.calendar, cursor=cursor, limit=2)
            found += [row.case_id for row in page.items]
            cursor = page.next
            if cursor is None:
                break
    assert sorted(found) == sorted(ids)
    if tab is Tab.ALL:
        assert found == ids


def test_returned_cases_and_steps_share_one_order_over_the_pages(office: Office) -> None:
    ids = several(office, 4)
    for case_id in ids[:2]:
        office.accepted(office.decide(case_id, "examine", EXAMINER, "return"))
    found: list[str] = []
    cursor: str | None = None
    with office.database.read() as s:
        while True:
            page = desks.page(s, APPLICANT, Tab.MINE, office.now, office.deps.calendar, cursor=cursor, limit=1)
            found += [row.case_id for row in page.items]
            cursor = page.next
            if cursor is None:
                break
    assert found == ids[:2]


def packed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


DAY = "2026-03-02T01:00:00+00:00"
NO_PLACES: dict[Tab, list[str]] = {
    Tab.ALL: ["x", "é", *map(packed, ("[]", "[1, 2]", '["2026-03-02", "a"]', "[" * 100_000, f'["{DAY}", "\\u0000"]'))],
    Tab.MINE: [
        packed(f'["{DAY}", "a", "b", {10**30}, ""]'),
        packed(f'["{DAY}", "a", "b", -1, ""]'),
        packed('["0001-01-01T00:00:00+14:00", "a", "b", 1, ""]'),
        packed('["9999-12-31T23:59:59-14:00", "a", "b", 1, ""]'),
        packed(f'["{DAY}", "a", "b", 1, "{"x" * 9000}"]'),
        packed(f'["{DAY}", "a"]'),
    ],
    Tab.COPIED: [packed(f'["{DAY}", {10**30}]'), packed(f'["{DAY}", {-(10**30)}]'), packed(f'["{DAY}", "a"]')],
}


@pytest.mark.parametrize(("tab", "cursor"), [(tab, cursor) for tab, odd in NO_PLACES.items() for cursor in odd])
def test_a_cursor_of_another_list_is_refused(office: Office, tab: Tab, cursor: str) -> None:
    with office.database.read() as s, pytest.raises(ValueError):
        desks.page(s, HEAD, tab, office.now, office.deps.calendar, cursor=cursor)


def test_in_substitution_the_tasks_are_those_that_it_reaches(office: Office) -> None:
    staffing, changing = office.opened(), office.opened(change())
    wanted = NewSubstitution(
        substitute=ISSUER.id,
        from_on="2026-03-02",
        until_on="2026-03-04",
        reason="出差学习",
        procedures=[Procedure.ESTABLISHMENT_CHANGE],
    )
    with office.database.write() as s:
        assert isinstance(substitutions.grant(s, wanted, EXAMINER, "k", office.now), SubstitutionView)
        stands_in = substitutions.acting(s, ISSUER, EXAMINER.id, local_day(office.now))
        assert stands_in is not None
        assert substitutions.scope(s, stands_in, office.now) == {Procedure.ESTABLISHMENT_CHANGE}
        assert substitutions.scope(s, EXAMINER, office.now) == set(Procedure)
    assert sorted(cases(office, EXAMINER, Tab.MINE)) == sorted([staffing, changing])
    assert cases(office, stands_in, Tab.MINE) == cases(office, stands_in, Tab.DEPARTMENT) == [changing]
    assert counted(office, stands_in)[Tab.MINE] == 1
    assert len(cases(office, stands_in, Tab.ALL)) == 2  # what one may read does not change
    choices = [StepChoice(case_id=each, step=Step.EXAMINE, round=1) for each in (staffing, changing)]
    with office.database.read() as s:
        rows = desks.chosen(s, stands_in, choices, office.now, office.deps.calendar)
        assert [row.case_id for row in rows] == [changing]
        assert desks.next_waiting(s, stands_in, office.now, changing) is None
    office.later(days=9)
    assert cases(office, stands_in, Tab.MINE) == []  # it has ended


def test_a_post_is_named_with_its_kind(office: Office) -> None:
    case_id = office.opened()
    [slot] = office.issued(case_id)
    [row] = shown(office, ORGANISATION, Tab.MINE)
    assert (row.subject, row.resource) == (slot, "headcount:administrative")


def test_the_next_case_is_the_one_behind_and_at_the_end_the_first(office: Office) -> None:
    first, second, third = several(office, 3)
    with office.database.write() as s:
        for case_id, days in ((first, 0), (second, 1), (third, 2)):
            s.exec(select(StepRow).where(StepRow.case_id == case_id)).one().due_at += timedelta(days=days)

    def following(case_id: str, officer: Officer = EXAMINER) -> str | None:
        with office.database.read() as s:
            return desks.next_waiting(s, officer, office.now, case_id)

    office.accepted(office.decide(second, "examine", EXAMINER))
    assert following(second) == third
    office.accepted(office.decide(third, "examine", EXAMINER))
    assert following(third) == first
    office.accepted(office.decide(first, "examine", EXAMINER))
    assert following(first) is None
    assert following(first, ISSUER) in (second, third)
    assert following(first, SUPERVISOR) is None


def test_of_the_chosen_steps_those_remain_that_wait_for_the_officer(office: Office) -> None:
    first, second = several(office, 2)
    choices = [StepChoice(case_id=each, step=Step.EXAMINE, round=1) for each in (first, second)]
    office.accepted(office.decide(first, "examine", EXAMINER))
    with office.database.read() as s:
        rows = desks.chosen(s, EXAMINER, choices, office.now, office.deps.calendar)
        assert [row.case_id for row in rows] == [second]
        assert desks.chosen(s, FINANCE, choices, office.now, office.deps.calendar) == []


def test_a_list_costs_the_same_number_of_statements_whatever_its_length(office: Office) -> None:
    several(office, 1)

    def statements(officer: Officer) -> int:
        seen: list[str] = []

        def note(*arguments: object) -> None:
            seen.append(str(arguments[2]))

        event.listen(office.database.engine, "before_cursor_execute", note)
        for tab in desks.tabs_of(officer):
            shown(office, officer, tab)
        counted(office, officer)
        event.remove(office.database.engine, "before_cursor_execute", note)
        return len(seen)

    officers = (EXAMINER, HEAD, APPLICANT, SUPERVISOR)
    before = [statements(officer) for officer in officers]
    several(office, 9)
    assert [statements(officer) for officer in officers] == before
    assert max(before) <= 30


def test_a_list_of_cases_shows_what_falls_due_first_and_what_has_ended_last(office: Office) -> None:
    """In two pages as in one."""
    late = office.opened()
    office.later(days=1)
    soon = office.opened(application(meeting="局党组会议〔2026〕第9次"))
    ended = office.opened(application(meeting="局党组会议〔2026〕第10次"))
    office.accepted(office.decide(ended, "examine", EXAMINER, "reject"))
    with office.database.write() as s:
        s.get_one(Case, soon).due_at = office.now
    with office.database.read() as s:
        walked: list[str] = []
        cursor: str | None = None
        for _ in range(3):
            page = desks.page(s, SUPERVISOR, Tab.ALL, office.now, office.deps.calendar, cursor=cursor, limit=1)
            walked += [row.case_id for row in page.items]
            cursor = page.next
        whole = desks.page(s, SUPERVISOR, Tab.ALL, office.now, office.deps.calendar)
    assert walked == [soon, late, ended] == [row.case_id for row in whole.items]
    assert cursor is None
