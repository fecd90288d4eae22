"""The gate as a pure function: every check runs, the first failing class fixes the outcome, all faults are listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.applications import StaffingUpApplication
from models.docket import Check
from models.enums import Department, Resource, UnitKind
from models.ledger import Balance
from models.refusals import CLAUSES, RefusalCode
from models.rulebook import Rulebook, StaffingRules
from rules.acceptance import GateFacts, Outcome, gate, refusals
from tests.support.office import application, line

ADMINISTRATIVE, CHIEF = Resource.ADMINISTRATIVE, Resource.INTERNAL_CHIEF
INSTITUTION, WORKER = Resource.INSTITUTION_FULL, Resource.WORKER
RESERVED_ABOVE = Rulebook(staffing=StaffingRules(reserved_for_upper={WORKER: Department.UPPER}))


def balance(resource: Resource, vacancy: int) -> Balance:
    return Balance(
        account=resource.value, holder="h", resource=resource, authorised=5, occupied=5 - vacancy, reserved=0,
        set_aside=0, tolerated_over=max(0, -vacancy),
    )  # fmt: skip


SOUND = GateFacts(
    today=date(2026, 3, 2),
    unit_kind=UnitKind.ORGAN,
    unit_fault=None,
    officer_acts_for_unit=True,
    internal_bodies=frozenset({"综合处"}),
    balances={resource: balance(resource, 2) for resource in (ADMINISTRATIVE, CHIEF, INSTITUTION, WORKER)},
)

Case = tuple[StaffingUpApplication, GateFacts]


def lines(case: Case, *more: dict[str, object]) -> Case:
    body = case[0].model_dump(mode="json", exclude_none=True)
    body["lines"] = [*body["lines"], *more]
    return StaffingUpApplication.model_validate(body), case[1]


def empty(case: Case, resource: Resource) -> Case:
    return case[0], replace(case[1], balances=case[1].balances | {resource: balance(resource, 0)})


def changed(case: Case, **facts: object) -> Case:
    return case[0], replace(case[1], **facts)  # type: ignore[arg-type]


def without(case: Case, **fields: object) -> Case:
    return case[0].model_copy(update=fields), case[1]


R, N = Outcome.RETURNED, Outcome.NOT_ACCEPTED
CHIEF_LINE = line("post:internal-chief", way="leader-appointment", internal_body="综合处")
FAULTS: dict[RefusalCode, tuple[Outcome, Callable[[Case], Case]]] = {
    RefusalCode.NOT_YOUR_DEPARTMENT: (N, lambda case: changed(case, officer_acts_for_unit=False)),
    RefusalCode.INCOMPLETE: (R, lambda case: without(case, contact="")),
    RefusalCode.NO_COLLECTIVE_DECISION: (R, lambda case: without(case, basis=None)),
    RefusalCode.UNIT_DATA_INVALID: (R, lambda case: changed(case, unit_fault="统一社会信用代码有误")),
    RefusalCode.UNIT_SUSPENDED: (N, lambda case: changed(case, suspensions=["示编停〔2026〕1号（问题P-1）"])),
    RefusalCode.REMOVAL_OVERDUE: (N, lambda case: changed(case, overdue_removals=["减员事项D-1"])),
    RefusalCode.CATEGORY_MISMATCH: (N, lambda case: lines(case, line("headcount:institution-full"))),
    RefusalCode.BEYOND_AUTHORITY: (N, lambda case: lines(case, line("headcount:worker"))),
    RefusalCode.NO_VACANCY: (N, lambda case: empty(case, ADMINISTRATIVE)),
    RefusalCode.LEADER_POSTS_FULL: (N, lambda case: empty(lines(case, CHIEF_LINE), CHIEF)),
    RefusalCode.DUPLICATE: (N, lambda case: changed(case, duplicates=["用编2026-00001"])),
}
"""Every ground in the order of procedures.md, what it comes to, and how to bring it about."""

ORDER = list(FAULTS)


def judged(case: Case) -> tuple[Outcome, list[Check]]:
    return gate(*case, RESERVED_ABOVE)


def failed(checks: list[Check]) -> list[str]:
    return [check.code for check in checks if not check.passed]


def test_a_sound_application_passes_every_check() -> None:
    outcome, checks = judged((application(), SOUND))
    assert outcome is Outcome.ACCEPTED
    assert [check.code for check in checks] == [code.value for code in ORDER]
    assert all(check.passed and check.detail == "" for check in checks)
    assert refusals(checks) == []


@pytest.mark.parametrize("code", ORDER)
def test_each_ground_alone_fixes_the_outcome_and_is_the_only_fault(code: RefusalCode) -> None:
    expected, bring_about = FAULTS[code]
    outcome, checks = judged(bring_about((application(), SOUND)))
    assert outcome is expected
    [refusal] = refusals(checks)
    assert (refusal.code, refusal.clause) == (code, CLAUSES[code])
    assert "：" in refusal.message, "the notice says what is wrong, not only which class"


@given(st.sets(st.sampled_from(ORDER), min_size=1))
def test_the_first_failing_class_fixes_the_outcome_and_every_fault_is_listed(grounds: set[RefusalCode]) -> None:
    case: Case = (application(), SOUND)
    in_order = sorted(grounds, key=ORDER.index)
    for code in in_order:
        case = FAULTS[code][1](case)
    outcome, checks = judged(case)
    assert outcome is FAULTS[in_order[0]][0]
    assert failed(checks) == [code.value for code in in_order]
    assert [refusal.code for refusal in refusals(checks)] == in_order
    assert len(checks) == len(ORDER), "all checks run, also after the first failure"


def test_one_check_lists_all_its_faults_with_the_line_named() -> None:
    body = application(
        line("headcount:administrative", reason=""),
        line("post:internal-chief", way="leader-appointment"),
        line("headcount:administrative", internal_body="不存在的处"),
        contact="",
    )
    _outcome, checks = judged((body, SOUND))
    detail = next(check.detail for check in checks if check.code == RefusalCode.INCOMPLETE)
    assert detail.split("；") == [
        "未填写联系人",
        "所报第1项未填写用编原因",
        "所报第2项未填写拟任职的内设机构",
        "所报第3项内设机构“不存在的处”不在登记之列",
    ]


def test_every_line_needs_a_vacancy_of_its_own_account() -> None:
    body = application(line("headcount:administrative", 9), line("headcount:political-legal"))
    _outcome, checks = judged((body, SOUND))
    detail = next(check.detail for check in checks if check.code == RefusalCode.NO_VACANCY)
    assert detail == "所报第2项政法专项编制空余0名", "one vacancy is enough for a line; no account is no vacancy"


def test_an_over_quota_account_says_how_far_it_is_over() -> None:
    facts = replace(SOUND, balances={ADMINISTRATIVE: balance(ADMINISTRATIVE, -3)})
    outcome, checks = judged((application(), facts))
    assert outcome is Outcome.NOT_ACCEPTED
    assert "已超出核定数3名，没有空余" in refusals(checks)[0].message


def test_an_exception_in_force_opens_the_gate_and_is_named() -> None:
    facts = replace(SOUND, suspensions=["示编停〔2026〕1号"], exception="EX-7")
    outcome, checks = judged((application(), facts))
    assert outcome is Outcome.ACCEPTED
    suspension = next(check for check in checks if check.code == RefusalCode.UNIT_SUSPENDED)
    assert (suspension.passed, suspension.detail) == (True, "例外受理：EX-7")


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        (UnitKind.ORGAN, {Resource.ADMINISTRATIVE, Resource.POLITICAL_LEGAL, Resource.WORKER}),
        (UnitKind.CIVIL_SERVICE_LIKE, {Resource.CIVIL_SERVICE_LIKE}),
        (UnitKind.INSTITUTION, {Resource.INSTITUTION_FULL, Resource.INSTITUTION_PARTIAL, Resource.INSTITUTION_SELF}),
        (UnitKind.MIXED, {resource for resource in Resource if resource.is_headcount}),
    ],
)
def test_a_unit_holds_only_the_headcount_of_its_kind(kind: UnitKind, allowed: set[Resource]) -> None:
    every = {resource for resource in Resource if resource.is_headcount}
    facts = replace(SOUND, unit_kind=kind, balances={resource: balance(resource, 1) for resource in every})
    fitting = {r for r in every if gate(application(line(r.value)), facts, Rulebook())[0] is Outcome.ACCEPTED}
    assert fitting == allowed


APPOINTMENT = {"document_no": "省委任〔2026〕9号", "body": "省委组织部", "date": "2026-02-20"}


def test_an_appointment_by_a_higher_body_needs_neither_a_meeting_nor_a_vacancy() -> None:
    body = application(line("headcount:administrative", way="appointed-above"), basis=None, appointment=APPOINTMENT)
    facts = replace(SOUND, balances={ADMINISTRATIVE: balance(ADMINISTRATIVE, 0)})
    assert gate(body, facts, Rulebook())[0] is Outcome.ACCEPTED


def test_an_appointment_without_its_document_or_mixed_with_other_ways_comes_back() -> None:
    bare = application(line("headcount:administrative", way="appointed-above"))
    mixed = application(line("headcount:administrative"), basis=None, appointment=APPOINTMENT)
    for body in (bare, mixed):
        outcome, checks = gate(body, SOUND, Rulebook())
        assert outcome is Outcome.RETURNED
        assert failed(checks) == [RefusalCode.INCOMPLETE]
