"""Examination, countersigning, decision, signature, duties: in which order, by whom, and what turns a case aside."""

from __future__ import annotations

import itertools

import pytest

from models.decisions import Hold, Officer, Receipt, Resubmission, Withdrawal
from models.enums import CommandKind, Department, DocumentKind, State, StepState
from models.refusals import RefusalCode
from models.register import Suspension
from models.rulebook import AuthorityRow, ChangeRules, Rulebook
from rules.deadlines import local_day
from tests.change.acts import (
    COUNTERSIGNED,
    MINUTES,
    Json,
    accepted,
    authorised,
    bodies,
    both_mixed,
    changes_of,
    countersigned,
    decided,
    everything,
    headcount,
    in_force,
    intact,
    merged,
    moved,
    paper,
    placed,
    posts,
    refused,
    renamed,
    request,
    signed,
    unit_of,
    waiting,
)
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    FINANCE,
    HEAD,
    ISSUER,
    ORGANISATION,
    OTHER_APPLICANT,
    PARTY_COMMITTEE,
    PERSONNEL,
    REGISTRAR,
    RESEARCH,
    SERVICES,
    UPPER,
    Office,
)

ORDERS = list(itertools.permutations(COUNTERSIGNED))


@pytest.mark.parametrize("order", ORDERS)
def test_all_three_countersign_in_any_order(office: Office, order: tuple[str, ...]) -> None:
    case_id = accepted(office, posts())
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    for place, step in enumerate(order):
        assert waiting(office, case_id) == sorted(order[place:])
        refused(office.decide(case_id, "decide", COMMISSION, minutes_no=MINUTES), RefusalCode.NOT_YOUR_TURN)
        office.accepted(office.decide(case_id, step, COUNTERSIGNED[step]))
    assert waiting(office, case_id) == ["decide"]


def test_nobody_countersigns_for_another_department(office: Office) -> None:
    case_id = accepted(office, posts())
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    for by in (PERSONNEL, EXAMINER, COMMISSION, APPLICANT):
        refused(office.decide(case_id, "consult-organisation", by), RefusalCode.NOT_YOUR_DEPARTMENT)


def test_an_objection_ends_nothing_and_goes_to_the_decider_with_its_text(office: Office) -> None:
    case_id = accepted(office, posts())
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    office.accepted(office.decide(case_id, "consult-finance", FINANCE, "reject", opinion="本年度经费不足"))
    assert office.docket(case_id).state is State.IN_PROGRESS
    office.accepted(office.decide(case_id, "consult-personnel", PERSONNEL))
    last = office.decide(case_id, "consult-organisation", ORGANISATION)
    assert "财政局有异议，随件送审" in last.message
    [objection] = office.docket(case_id, COMMISSION).objections
    assert (objection.department, objection.officer, objection.opinion) == (
        Department.FINANCE,
        FINANCE.name,
        "本年度经费不足",
    )
    office.accepted(office.decide(case_id, "decide", COMMISSION, minutes_no=MINUTES))
    office.accepted(office.decide(case_id, "sign", ISSUER))


def test_an_objection_says_why_and_a_countersignature_returns_nothing(office: Office) -> None:
    case_id = accepted(office, posts())
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    refused(office.decide(case_id, "consult-finance", FINANCE, "reject", opinion=""), RefusalCode.OPINION_REQUIRED)
    refused(office.decide(case_id, "consult-finance", FINANCE, "return"), RefusalCode.VERDICT_NOT_OPEN)


@pytest.mark.parametrize(
    ("change", "department", "by"),
    [
        (bodies(None, {"name": "法规处"}), Department.ESTABLISHMENT, HEAD),
        (headcount(), Department.COMMISSION, COMMISSION),
        (renamed(RESEARCH, "示范市发展研究局", "甲局"), Department.UPPER, UPPER),
    ],
)
def test_the_competent_body_is_asked_and_nobody_else_decides(
    office: Office, change: Json, department: Department, by: Officer
) -> None:
    case_id = accepted(office, change)
    assert countersigned(office, case_id) is by
    [step] = [each for each in office.docket(case_id).steps if each.step == "decide"]
    assert step.department is department
    for other in {HEAD, COMMISSION, PARTY_COMMITTEE, UPPER, APPLICANT} - {by}:
        refused(office.decide(case_id, "decide", other, minutes_no=MINUTES), RefusalCode.NOT_YOUR_DEPARTMENT)
    office.accepted(office.decide(case_id, "decide", by, minutes_no=MINUTES))


def test_of_several_changes_the_highest_body_decides_all_and_the_duties_of_all_are_due(office: Office) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    case_id = accepted(office, bodies(None, {"name": "法规处"}), posts(), renamed())
    assert countersigned(office, case_id) is UPPER
    office.accepted(office.decide(case_id, "decide", UPPER, minutes_no=MINUTES))
    office.accepted(office.decide(case_id, "sign", ISSUER))
    assert waiting(office, case_id) == [
        "obligation-certificate",
        "obligation-disclosure",
        "obligation-filing",
        "obligation-registration",
    ]


def with_table(office: Office, *rows: AuthorityRow) -> None:
    object.__setattr__(office.deps, "rulebook", Rulebook(change=ChangeRules(authority=list(rows))))


def test_the_offices_own_table_is_obeyed(office: Office) -> None:
    with_table(
        office,
        AuthorityRow(
            matter=["posts"], increase=True, decides="party-committee", body="市委常委会", clause="《甲》第一条"
        ),
        AuthorityRow(matter=["posts"], decides="establishment", clause="《甲》第二条"),
    )
    case_id = accepted(office, posts(2, 3))
    assert countersigned(office, case_id) is PARTY_COMMITTEE
    office.accepted(office.decide(case_id, "decide", PARTY_COMMITTEE, minutes_no=MINUTES))
    office.accepted(office.decide(case_id, "sign", ISSUER))
    assert office.docket(case_id).state is State.CLOSED  # this table knows no duties
    reply = paper(office, DocumentKind.CHANGE_REPLY, case_id)
    assert (reply["decided_by"], reply["clause"]) == ("市委常委会", "《甲》第一条")
    assert countersigned(office, accepted(office, posts(3, 2))) is HEAD


# --- approve -----------------------------------------------------------------------------------------------------


def test_a_decision_names_its_minutes(office: Office) -> None:
    case_id = accepted(office, posts())
    by = countersigned(office, case_id)
    before = everything(office)
    refused(office.decide(case_id, "decide", by), RefusalCode.REFERENCE_REQUIRED)
    assert (everything(office), waiting(office, case_id)) == (before, ["decide"])


def test_approved_with_changes_takes_effect_as_changed(office: Office) -> None:
    case_id = accepted(office, posts(2, 5))
    by = countersigned(office, case_id)
    receipt = office.decide(case_id, "decide", by, minutes_no=MINUTES, changes=[posts(2, 3)])
    assert "修改后批准" in receipt.message
    assert [(e.authorised, e.authorised_after) for e in office.docket(case_id).ledger] == [(2, 3)]
    office.accepted(office.decide(case_id, "sign", ISSUER))
    assert authorised(office, RESEARCH)["post:internal-deputy"] == 3
    [row] = paper(office, DocumentKind.CHANGE_REPLY, case_id)["quotas"]
    assert (row["before"], row["after"], row["delta"]) == ("2", "3", "+1")


@pytest.mark.parametrize(
    ("amended", "code"),
    [
        ([posts(4, 5)], RefusalCode.BEFORE_DIFFERS),
        ([posts(2, 3), posts(2, 4)], RefusalCode.INCOMPLETE),
        ([bodies(None, {"name": "法规处"})], RefusalCode.INCOMPLETE),
        ([posts(2, 3), headcount(10, 3)], RefusalCode.BELOW_STRENGTH),
        ([posts(2, 3), headcount(0, 3, resource="headcount:institution-full")], RefusalCode.CATEGORY_MISMATCH),
        ([posts(2, 3), renamed()], RefusalCode.NOT_YOUR_DEPARTMENT),
        ([posts(2, 3), moved(1, None, RESEARCH, from_level="province")], RefusalCode.BEYOND_AUTHORITY),
        ([posts(2, 3), renamed(RESEARCH, "示范市发展研究局", "甲局")], RefusalCode.BEYOND_AUTHORITY),
    ],
)
def test_what_is_changed_in_the_decision_meets_the_gate_as_well(
    office: Office, amended: list[Json], code: RefusalCode
) -> None:
    case_id = accepted(office, posts())
    by = countersigned(office, case_id)
    before = everything(office)
    refused(office.decide(case_id, "decide", by, minutes_no=MINUTES, changes=amended), code)
    assert (everything(office), waiting(office, case_id)) == (before, ["decide"])
    office.accepted(office.decide(case_id, "decide", by, minutes_no=MINUTES))


def test_a_change_for_the_better_of_a_higher_body_names_it(office: Office) -> None:
    case_id = accepted(office, posts())
    by = countersigned(office, case_id)
    amended = [posts(2, 3), renamed(RESEARCH, "示范市发展研究局", "甲局")]
    said = refused(
        office.decide(case_id, "decide", by, minutes_no=MINUTES, changes=amended), RefusalCode.BEYOND_AUTHORITY
    )
    assert f"修改后的内容应由{office.rulebook.office.upper_name}决定" in said


# --- defer, reject, return ---------------------------------------------------------------------------------------


def test_a_case_is_deferred_twice_and_decided_then(office: Office) -> None:
    case_id = accepted(office, posts())
    by = countersigned(office, case_id)
    refused(office.decide(case_id, "decide", by, "defer"), RefusalCode.OPINION_REQUIRED)
    office.accepted(office.decide(case_id, "decide", by, "defer", opinion="待机构改革方案明确"))
    refused(office.decide(case_id, "decide", by, minutes_no=MINUTES), RefusalCode.ALREADY_DECIDED)
    office.later(days=20)
    office.accepted(office.decide(case_id, "decide", by, "defer", subject="2", opinion="再议"))
    steps = [each for each in office.docket(case_id).steps if each.step == "decide"]
    assert [(each.subject, each.state, each.opinion) for each in steps] == [
        ("", StepState.DONE, "待机构改革方案明确"),
        ("2", StepState.DONE, "再议"),
        ("3", StepState.CURRENT, None),
    ]
    assert {each.department for each in steps} == {Department.COMMISSION}
    office.accepted(office.decide(case_id, "decide", by, subject="3", minutes_no=MINUTES))
    office.accepted(office.decide(case_id, "sign", ISSUER))
    assert paper(office, DocumentKind.CHANGE_REPLY, case_id)["minutes_no"] == MINUTES


def test_a_deferred_case_of_a_second_round_stays_with_the_body_of_that_round(office: Office) -> None:
    case_id = accepted(office, posts())
    by = countersigned(office, case_id)
    office.accepted(office.decide(case_id, "decide", by, "return"))
    office.accepted(resubmitted(office, case_id, posts(), renamed(RESEARCH, "示范市发展研究局", "甲局")))
    assert countersigned(office, case_id) is UPPER
    office.accepted(office.decide(case_id, "decide", UPPER, "defer", opinion="再议"))
    [step] = [each for each in office.docket(case_id).steps if each.state is StepState.CURRENT]
    assert (step.department, step.subject) == (Department.UPPER, "2")


def test_a_deferral_without_a_decision_never_becomes_one(office: Office) -> None:
    case_id = accepted(office, posts())
    by = countersigned(office, case_id)
    office.accepted(office.decide(case_id, "decide", by, "defer", opinion="再议"))
    for _ in range(30):
        office.later(days=10)
        office.ring(case_id)
    docket = office.docket(case_id)
    assert (docket.state, docket.overdue, waiting(office, case_id)) == (State.IN_PROGRESS, True, ["decide"])
    assert authorised(office, RESEARCH)["post:internal-deputy"] == 2


@pytest.mark.parametrize("step", ["examine", "decide"])
def test_a_rejection_ends_the_case_with_a_refusal_notice(office: Office, step: str) -> None:
    case_id = accepted(office, posts())
    by: Officer = EXAMINER if step == "examine" else countersigned(office, case_id)
    before = everything(office)
    office.accepted(office.decide(case_id, step, by, "reject", opinion="不符合机构限额"))
    docket = office.docket(case_id)
    assert (docket.state, everything(office)) == (State.REJECTED, before)
    letter = paper(office, DocumentKind.REFUSAL_NOTICE, case_id)
    assert (letter["act"], letter["opinion"], letter["matter"]) == (
        "不予批准",
        "不符合机构限额。",
        "机构编制调整申请",
    )
    acted_by = "我办" if step == "examine" else office.rulebook.office.commission_name
    assert letter["acted_by"] == acted_by


def resubmitted(office: Office, case_id: str, *changes: Json) -> Receipt:
    body = Resubmission(application=request(*changes))
    return office.order(case_id, CommandKind.RESUBMIT, body, APPLICANT)


@pytest.mark.parametrize("step", ["examine", "decide", "sign"])
def test_a_return_opens_a_second_round_that_countersigns_anew(office: Office, step: str) -> None:
    case_id = accepted(office, posts(2, 3))
    by: Officer = EXAMINER
    if step != "examine":
        by = countersigned(office, case_id)
    if step == "sign":
        office.accepted(office.decide(case_id, "decide", by, minutes_no=MINUTES))
        by = ISSUER
    office.accepted(office.decide(case_id, step, by, "return", opinion="请核减"))
    assert office.docket(case_id).state is State.RETURNED
    office.accepted(resubmitted(office, case_id, posts(2, 4)))
    docket = office.docket(case_id)
    assert (docket.state, docket.round, waiting(office, case_id)) == (State.ACCEPTED, 2, ["examine"])
    assert [(d.before, d.after) for d in docket.rounds[1].differences] == [("3", "4")]
    signed(office, case_id)
    assert authorised(office, RESEARCH)["post:internal-deputy"] == 4
    sheets = [r for r in office.docket(case_id).documents if r.kind is DocumentKind.EVALUATION_SHEET]
    assert len(sheets) == (1 if step == "examine" else 2)


def test_an_objection_of_an_earlier_round_is_not_held_against_the_next(office: Office) -> None:
    case_id = accepted(office, posts())
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    office.accepted(office.decide(case_id, "consult-finance", FINANCE, "reject"))
    for step in ("consult-organisation", "consult-personnel"):
        office.accepted(office.decide(case_id, step, COUNTERSIGNED[step]))
    office.accepted(office.decide(case_id, "decide", COMMISSION, "return"))
    office.accepted(resubmitted(office, case_id, posts()))
    countersigned(office, case_id)
    assert office.docket(case_id).objections == []


# --- sign --------------------------------------------------------------------------------------------------------


def test_examiner_decider_and_issuer_are_three_persons(office: Office) -> None:
    both = EXAMINER.model_copy(update={"roles": EXAMINER.roles | ISSUER.roles | HEAD.roles})
    case_id = accepted(office, bodies(None, {"name": "法规处"}))
    office.accepted(office.decide(case_id, "examine", both))
    for step, by in COUNTERSIGNED.items():
        office.accepted(office.decide(case_id, step, by))
    refused(office.decide(case_id, "decide", both, minutes_no=MINUTES), RefusalCode.TWO_ROLES)
    office.accepted(office.decide(case_id, "decide", HEAD, minutes_no=MINUTES))
    refused(office.decide(case_id, "sign", both), RefusalCode.TWO_ROLES)
    head_too = HEAD.model_copy(update={"roles": HEAD.roles | ISSUER.roles})
    refused(office.decide(case_id, "sign", head_too), RefusalCode.TWO_ROLES)
    office.accepted(office.decide(case_id, "sign", ISSUER))


def test_whoever_applied_decides_nothing(office: Office) -> None:
    case_id = accepted(office, posts())
    other = EXAMINER.model_copy(update={"id": APPLICANT.id})
    refused(office.decide(case_id, "examine", other), RefusalCode.SELF_APPROVAL)


def test_nothing_is_in_force_before_the_signature(office: Office) -> None:
    case_id = accepted(office, posts(), bodies(None, {"name": "法规处"}))
    before = everything(office)
    decided(office, case_id)
    assert everything(office) == before
    assert changes_of(office, case_id) == []


def test_a_register_that_has_moved_meanwhile_sends_the_case_back_to_the_examiner(office: Office) -> None:
    slow = accepted(office, headcount(10, 12))
    decided(office, slow)
    in_force(office, headcount(10, 11))
    before = everything(office)
    refused(office.decide(slow, "sign", ISSUER), RefusalCode.BEFORE_DIFFERS)
    assert everything(office) == before
    docket = office.docket(slow)
    assert (docket.state, docket.round, waiting(office, slow)) == (State.ACCEPTED, 2, ["examine"])
    refused(office.decide(slow, "examine", EXAMINER), RefusalCode.BEFORE_DIFFERS)
    office.accepted(office.decide(slow, "examine", EXAMINER, "return", opinion="核定数已变，请更正"))
    office.accepted(resubmitted(office, slow, headcount(11, 12)))
    signed(office, slow)
    assert authorised(office, RESEARCH)["headcount:administrative"] == 12
    numbers = [r.number for r in office.docket(slow).documents if r.kind is DocumentKind.CHANGE_REPLY]
    assert numbers == ["示编〔2026〕2号"]  # the number of the refused signature was not used up
    intact(office)


def test_two_cases_do_not_end_each_others_unit(office: Office) -> None:
    both_mixed(office)
    placed(office, RESEARCH, parent=None)
    first = accepted(office, merged(SERVICES, into=RESEARCH))
    second = accepted(office, renamed())
    decided(office, first)
    decided(office, second)
    office.accepted(office.decide(first, "sign", ISSUER))
    said = refused(office.decide(second, "sign", ISSUER), RefusalCode.UNIT_DATA_INVALID)
    assert "示范市公共服务中心已于2026年3月2日撤销" in said
    assert unit_of(office, SERVICES).name == "示范市公共服务中心"


def test_a_matter_that_belongs_to_a_higher_body_by_now_is_not_signed(office: Office) -> None:
    case_id = accepted(office, posts())
    decided(office, case_id)
    with_table(office, AuthorityRow(matter=["posts"], decides="upper", clause="《甲》第一条"))
    said = refused(office.decide(case_id, "sign", ISSUER), RefusalCode.BEYOND_AUTHORITY)
    assert office.rulebook.office.upper_name in said
    assert countersigned(office, case_id) is UPPER


def test_what_a_lower_body_might_decide_by_now_stays_decided_by_the_higher(office: Office) -> None:
    case_id = accepted(office, posts())
    decided(office, case_id)
    with_table(office, AuthorityRow(matter=["posts"], decides="establishment", clause="《甲》第一条"))
    office.accepted(office.decide(case_id, "sign", ISSUER))
    reply = paper(office, DocumentKind.CHANGE_REPLY, case_id)
    assert (reply["decided_by"], reply["issuer"]) == (office.rulebook.office.commission_name,) * 2


def suspend(office: Office, unit: str = RESEARCH, **more: object) -> None:
    with office.database.write() as s:
        s.add(
            Suspension(
                id=f"s-{unit}",
                unit=unit,
                case_id="x",
                number="示编停〔2026〕9号",
                problems="P1",
                from_at=office.now,
                **more,
            )
        )


def lift(office: Office, unit: str = RESEARCH) -> None:
    with office.database.write() as s:
        row = s.get(Suspension, f"s-{unit}")
        assert row is not None
        row.lifted_at = office.now
        s.add(row)


@pytest.mark.parametrize(
    "change", [posts(), bodies(None, {"name": "法规处"}), renamed(RESEARCH, "示范市发展研究局", "甲")]
)
def test_a_unit_suspended_meanwhile_is_held_before_the_reply_and_goes_on(office: Office, change: Json) -> None:
    """Whatever it asks for, not only what AUTHORISE would stop."""
    case_id = accepted(office, change)
    decided(office, case_id)
    suspend(office)
    before = everything(office)
    refused(office.decide(case_id, "sign", ISSUER), RefusalCode.UNIT_SUSPENDED)
    docket = office.docket(case_id)
    assert (docket.state, everything(office)) == (State.HELD, before)
    refused(office.decide(case_id, "sign", ISSUER), RefusalCode.HELD)
    office.later(days=1)
    office.ring(case_id)
    assert office.docket(case_id).state is State.HELD
    lift(office)
    office.later(days=1)
    office.ring(case_id)
    docket = office.docket(case_id)
    assert (docket.state, waiting(office, case_id)) == (State.IN_PROGRESS, ["sign"])
    office.accepted(office.decide(case_id, "sign", ISSUER))


def test_a_suspension_that_holds_no_case_under_way_lets_the_reply_out(office: Office) -> None:
    case_id = accepted(office, posts())
    decided(office, case_id)
    office.later(hours=1)
    suspend(office, holds_under_way=False)
    office.accepted(office.decide(case_id, "sign", ISSUER))


def test_a_unit_suspended_meanwhile_may_still_give_back(office: Office) -> None:
    case_id = accepted(office, headcount(10, 8))
    decided(office, case_id)
    suspend(office)
    office.accepted(office.decide(case_id, "sign", ISSUER))


# --- duties ------------------------------------------------------------------------------------------------------


def test_the_duties_have_days_and_are_acknowledged_by_whose_they_are(office: Office) -> None:
    case_id = in_force(office, posts())
    docket = office.docket(case_id)
    assert docket.state is State.ACKNOWLEDGING
    due = {s.step: (s.department, local_day(s.due_at).isoformat()) for s in docket.steps if s.state == "current"}
    assert due == {
        "obligation-filing": (Department.ESTABLISHMENT, "2026-03-30"),
        "obligation-certificate": (Department.ESTABLISHMENT, "2026-03-23"),
        "obligation-disclosure": (Department.UNIT, "2026-03-30"),
    }
    assert paper(office, DocumentKind.CHANGE_REPLY, case_id)["obligations"] == [
        "示范市机构编制委员会办公室于2026年3月30日前将本批复报上级机构编制部门备案",
        "示范市机构编制委员会办公室于2026年3月23日前办理《机构编制管理证》变更",
        "你单位于2026年3月30日前公开机构编制事项（涉及国家秘密的除外）",
    ]
    refused(acknowledged(office, case_id, "disclosure", REGISTRAR), RefusalCode.NOT_YOUR_DEPARTMENT)
    refused(acknowledged(office, case_id, "disclosure", OTHER_APPLICANT), RefusalCode.NOT_YOUR_DEPARTMENT)
    refused(acknowledged(office, case_id, "certificate", APPLICANT), RefusalCode.NOT_YOUR_DEPARTMENT)
    refused(acknowledged(office, case_id, "certificate", ISSUER), RefusalCode.NOT_YOUR_DEPARTMENT)
    office.accepted(acknowledged(office, case_id, "disclosure", APPLICANT))  # who applied does the unit's own task
    office.accepted(acknowledged(office, case_id, "filing", EXAMINER))
    assert office.docket(case_id).state is State.ACKNOWLEDGING
    office.accepted(acknowledged(office, case_id, "certificate", REGISTRAR))
    docket = office.docket(case_id)
    assert (docket.state, waiting(office, case_id)) == (State.CLOSED, [])
    assert all(record.digest for record in docket.documents)


def acknowledged(office: Office, case_id: str, duty: str, by: Officer) -> Receipt:
    return office.decide(case_id, f"obligation-{duty}", by, "acknowledge")


def test_an_overdue_duty_is_reminded_of_and_reported(office: Office) -> None:
    case_id = in_force(office, posts())
    for _ in range(60):
        office.later(days=1)
        office.ring(case_id)
    docket = office.docket(case_id)
    assert docket.overdue
    assert {notice.kind for notice in docket.notices} == {"reminder", "escalation"}
    assert docket.state is State.ACKNOWLEDGING


def test_organs_are_reported_to_the_peoples_congress_only_when_set_up_ended_or_merged(office: Office) -> None:
    organ = renamed(RESEARCH, "示范市发展研究局", "甲局")
    assert "obligation-congress" not in waiting(office, in_force(office, organ))
    both_mixed(office)
    assert "obligation-congress" in waiting(office, in_force(office, merged()))


# --- withdrawn, held ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("done", [0, 1, 2, 3])
def test_the_unit_withdraws_until_the_reply_is_signed(office: Office, done: int) -> None:
    case_id = accepted(office, posts())
    if done == 1:
        office.accepted(office.decide(case_id, "examine", EXAMINER))
    if done == 2:
        countersigned(office, case_id)
    if done == 3:
        decided(office, case_id)
    before = everything(office)
    office.accepted(office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="情况有变"), APPLICANT))
    assert (office.docket(case_id).state, waiting(office, case_id)) == (State.WITHDRAWN, [])
    assert everything(office) == before
    refused(office.decide(case_id, "sign", ISSUER), RefusalCode.CLOSED)


def test_a_signed_reply_is_not_withdrawn(office: Office) -> None:
    case_id = in_force(office, posts())
    before = everything(office)
    receipt = office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="情况有变"), APPLICANT)
    refused(receipt, RefusalCode.NOTHING_TO_DO)
    assert everything(office) == before


def test_a_held_case_is_not_decided(office: Office) -> None:
    case_id = accepted(office, posts())
    by = countersigned(office, case_id)
    office.accepted(office.order(case_id, CommandKind.HOLD, Hold(reason="核查", second_officer="head-two"), HEAD))
    refused(office.decide(case_id, "decide", by, minutes_no=MINUTES), RefusalCode.HELD)
    office.later(days=30)
    office.ring(case_id)
    assert office.docket(case_id).state is State.HELD


def test_what_is_expected_next_is_said(office: Office) -> None:
    case_id = accepted(office, posts())
    coming = [step.step for step in office.docket(case_id).steps if step.state is StepState.EXPECTED]
    assert coming == ["consult-organisation", "consult-personnel", "consult-finance", "decide", "sign"]
    decided(office, case_id)
    assert [s.step for s in office.docket(case_id).steps if s.state is StepState.EXPECTED] == []
