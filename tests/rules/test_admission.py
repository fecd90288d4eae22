"""May this decision be taken now, by this officer? One table of all that can stand against it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decisions import Decision, Officer
from models.enums import Department, Role, State, Step, StepState, Verdict
from models.refusals import CLAUSES, RefusalCode
from rules.admission import CaseFacts, StepFacts, admit
from rules.steps import STAFFING_UP
from tests.support.office import (
    APPLICANT,
    EVERYBODY,
    EXAMINER,
    FINANCE,
    HEAD,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    PERSONNEL,
    REGISTRAR,
    SUPERVISOR,
    person,
)

SLOT, OTHER_SLOT, POST = "N202600001", "N202600002", "N202600003"
OFFICE, ORG, PER = Department.ESTABLISHMENT, Department.ORGANISATION, Department.PERSONNEL

EXAMINING = CaseFacts(
    state=State.ACCEPTED,
    round=1,
    steps=[StepFacts("examine", 1, "", OFFICE, StepState.CURRENT)],
    applicants=frozenset({APPLICANT.id}),
)
ISSUING = replace(
    EXAMINING,
    state=State.IN_PROGRESS,
    steps=[
        StepFacts("examine", 1, "", OFFICE, StepState.DONE),
        StepFacts("issue", 1, "", OFFICE, StepState.CURRENT),
    ],
    acts={EXAMINER.id: frozenset({(OFFICE, Role.EXAMINER)})},
)
SLIP_OUT = replace(
    ISSUING,
    state=State.SLIP_ISSUED,
    steps=[
        StepFacts("examine", 1, "", OFFICE, StepState.DONE),
        StepFacts("issue", 1, "", OFFICE, StepState.DONE),
        StepFacts("approve-persons", 1, SLOT, ORG, StepState.CURRENT),
        StepFacts("approve-persons", 1, OTHER_SLOT, PER, StepState.CURRENT),
        StepFacts("approve-persons", 1, POST, ORG, StepState.CURRENT),
    ],
    known_subjects=frozenset({SLOT, OTHER_SLOT, POST}),
)
ENTERING = replace(
    SLIP_OUT,
    steps=[*SLIP_OUT.steps[:2], StepFacts("approve-persons", 1, SLOT, ORG, StepState.DONE),
           *SLIP_OUT.steps[3:], StepFacts("enter", 1, SLOT, OFFICE, StepState.CURRENT)],
)  # fmt: skip
ACKNOWLEDGING = replace(
    ENTERING,
    state=State.ACKNOWLEDGING,
    steps=[
        StepFacts("enter", 1, SLOT, OFFICE, StepState.DONE),
        StepFacts("finance", 1, SLOT, Department.FINANCE, StepState.CURRENT),
        StepFacts("social-insurance", 1, SLOT, Department.SOCIAL_INSURANCE, StepState.CURRENT),
    ],
)
SECOND_ROUND = replace(
    EXAMINING,
    round=2,
    steps=[
        StepFacts("examine", 1, "", OFFICE, StepState.VOID),
        StepFacts("examine", 2, "", OFFICE, StepState.CURRENT),
    ],
)


def decision(step: str, subject: str = "", verdict: str = "approve", round: int = 1, **more: Any) -> Decision:
    return Decision.model_validate({"step": step, "round": round, "subject": subject, "verdict": verdict} | more)


def with_number(subject: str = SLOT, **more: Any) -> Decision:
    return decision("approve-persons", subject, reference_no="示组任〔2026〕5号", **more)


def officer(*roles: Role, department: Department = OFFICE, id: str = "somebody") -> Officer:
    return Officer(id=id, name="某", department=department, roles=frozenset(roles))


EXAMINE, ISSUE = decision("examine"), decision("issue")
MOVED_APPLICANT = officer(Role.EXAMINER, id=APPLICANT.id)
BOTH_ROLES = officer(Role.EXAMINER, Role.ISSUER, Role.HEAD, id=EXAMINER.id)
NOW_IN_FINANCE = officer(Role.APPROVER, department=Department.FINANCE, id=EXAMINER.id)

ADMITTED: list[tuple[str, CaseFacts, Decision, Officer]] = [
    ("the examiner examines", EXAMINING, EXAMINE, EXAMINER),
    ("the examiner rejects with an opinion", EXAMINING, decision("examine", verdict="reject", opinion="x"), EXAMINER),
    ("the examiner returns with an opinion", EXAMINING, decision("examine", verdict="return", opinion="x"), EXAMINER),
    ("the issuer issues", ISSUING, ISSUE, ISSUER),
    ("a leader slot belongs to ORGANISATION", SLIP_OUT, with_number(), ORGANISATION),
    ("a worker slot belongs to PERSONNEL", SLIP_OUT, with_number(OTHER_SLOT), PERSONNEL),
    ("either side of a pair may decide it", SLIP_OUT,
     with_number(OTHER_SLOT, persons=[person(OTHER_SLOT, 1, post_slot=POST)]), ORGANISATION),
    ("a rejection needs no number", SLIP_OUT,
     decision("approve-persons", SLOT, "reject", opinion="x"), ORGANISATION),
    ("the registrar enters", ENTERING, decision("enter", SLOT), REGISTRAR),
    ("finance acknowledges", ACKNOWLEDGING, decision("finance", SLOT, "acknowledge"), FINANCE),
    ("social insurance acknowledges in any order", ACKNOWLEDGING,
     decision("social-insurance", SLOT, "acknowledge"), INSURANCE),
    ("the second round is examined by the same examiner",
     replace(SECOND_ROUND, acts=ISSUING.acts), decision("examine", round=2), EXAMINER),
]  # fmt: skip


@pytest.mark.parametrize(("what", "case", "said", "by"), ADMITTED, ids=[row[0] for row in ADMITTED])
def test_what_may_be_decided(what: str, case: CaseFacts, said: Decision, by: Officer) -> None:
    assert admit(said, by, case) is None, what


REFUSED: list[tuple[str, CaseFacts, Decision, Officer, RefusalCode]] = [
    # who
    ("another department", EXAMINING, EXAMINE, FINANCE, RefusalCode.NOT_YOUR_DEPARTMENT),
    ("a supervisor only reads", EXAMINING, EXAMINE, SUPERVISOR, RefusalCode.NOT_YOUR_DEPARTMENT),
    ("the right department in another role", EXAMINING, EXAMINE, REGISTRAR, RefusalCode.NOT_YOUR_DEPARTMENT),
    ("the head decides no step", EXAMINING, EXAMINE, HEAD, RefusalCode.NOT_YOUR_DEPARTMENT),
    ("ORGANISATION on a slot of PERSONNEL", SLIP_OUT, with_number(OTHER_SLOT), ORGANISATION,
     RefusalCode.NOT_YOUR_DEPARTMENT),
    ("PERSONNEL on a slot of ORGANISATION", SLIP_OUT, with_number(), PERSONNEL, RefusalCode.NOT_YOUR_DEPARTMENT),
    ("the unit itself", EXAMINING, EXAMINE, APPLICANT, RefusalCode.NOT_YOUR_DEPARTMENT),
    # separation of duties
    ("the applicant, moved to the office meanwhile", EXAMINING, EXAMINE, MOVED_APPLICANT, RefusalCode.SELF_APPROVAL),
    ("the examiner as issuer", ISSUING, ISSUE, BOTH_ROLES, RefusalCode.TWO_ROLES),
    ("the examiner as another department", ACKNOWLEDGING, decision("finance", SLOT, "acknowledge"), NOW_IN_FINANCE,
     RefusalCode.TWO_ROLES),
    # when
    ("before its turn", EXAMINING, ISSUE, ISSUER, RefusalCode.NOT_YOUR_TURN),
    ("entry before the approval", SLIP_OUT, decision("enter", SLOT), REGISTRAR, RefusalCode.NOT_YOUR_TURN),
    ("a round to come", EXAMINING, decision("examine", round=2), EXAMINER, RefusalCode.NOT_YOUR_TURN),
    ("an earlier round", SECOND_ROUND, EXAMINE, EXAMINER, RefusalCode.STALE_ROUND),
    ("an earlier round, never opened", replace(SECOND_ROUND, acts=ISSUING.acts), ISSUE, ISSUER,
     RefusalCode.STALE_ROUND),
    ("twice", ISSUING, EXAMINE, EXAMINER, RefusalCode.ALREADY_DECIDED),
    ("a slot that is not on the slip", SLIP_OUT, with_number("N202699999"), ORGANISATION, RefusalCode.OUTSIDE_SLIP),
    ("a slip that has expired", replace(
        SLIP_OUT, slip_gone=RefusalCode.SLIP_EXPIRED,
        steps=[StepFacts("approve-persons", 1, SLOT, ORG, StepState.VOID)],
    ), with_number(), ORGANISATION, RefusalCode.SLIP_EXPIRED),
    ("a held case", replace(EXAMINING, state=State.HELD), EXAMINE, EXAMINER, RefusalCode.HELD),
    # how
    ("a step that does not exist", EXAMINING, decision("certify"), EXAMINER, RefusalCode.MALFORMED),
    ("a verdict that the step does not know", EXAMINING, decision("examine", verdict="acknowledge"), EXAMINER,
     RefusalCode.VERDICT_NOT_OPEN),
    ("finance cannot reject", ACKNOWLEDGING, decision("finance", SLOT, "reject", opinion="x"), FINANCE,
     RefusalCode.VERDICT_NOT_OPEN),
    ("a rejection without an opinion", EXAMINING, decision("examine", verdict="reject"), EXAMINER,
     RefusalCode.OPINION_REQUIRED),
    ("a return without an opinion", EXAMINING, decision("examine", verdict="return"), EXAMINER,
     RefusalCode.OPINION_REQUIRED),
    ("an empty opinion", EXAMINING, decision("examine", verdict="return", opinion=""), EXAMINER,
     RefusalCode.OPINION_REQUIRED),
    ("an approval without its number", SLIP_OUT, decision("approve-persons", SLOT), ORGANISATION,
     RefusalCode.REFERENCE_REQUIRED),
]  # fmt: skip


@pytest.mark.parametrize(("what", "case", "said", "by", "code"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_stands_against_a_decision(
    what: str, case: CaseFacts, said: Decision, by: Officer, code: RefusalCode
) -> None:
    refusal = admit(said, by, case)
    assert refusal is not None, what
    assert (refusal.code, refusal.clause) == (code, CLAUSES[code])


@pytest.mark.parametrize("state", [state for state in State if state.final])
def test_a_case_that_has_ended_answers_so_before_anything_else(state: State) -> None:
    refusal = admit(decision("certify"), FINANCE, replace(EXAMINING, state=state))
    assert refusal is not None
    assert refusal.code is RefusalCode.CLOSED


# --- properties ---------------------------------------------------------------------------------------------------

CASES = st.sampled_from([EXAMINING, ISSUING, SLIP_OUT, ENTERING, ACKNOWLEDGING, SECOND_ROUND])
SUBJECTS = st.sampled_from(["", SLOT, OTHER_SLOT, POST, "N202699999"])
OFFICERS = st.builds(
    Officer,
    id=st.sampled_from([each.id for each in EVERYBODY]),
    name=st.just("某"),
    department=st.sampled_from(list(Department)),
    roles=st.frozensets(st.sampled_from(list(Role)), max_size=len(Role)),
)
DECISIONS = st.builds(
    Decision,
    step=st.sampled_from([*STAFFING_UP, "certify"]),
    round=st.integers(1, 3),
    subject=SUBJECTS,
    verdict=st.sampled_from(list(Verdict)),
    opinion=st.sampled_from([None, "", "同意"]),
    reference_no=st.sampled_from([None, "示组任〔2026〕5号"]),
)
MAY_APPROVE = {
    Step.APPROVE_PERSONS.value: {ORG, PER},
    Step.APPROVE_EXIT.value: {ORG, PER},
    Step.FINANCE.value: {Department.FINANCE},
    Step.SOCIAL_INSURANCE.value: {Department.SOCIAL_INSURANCE},
    Step.PAY.value: {PER},
}


@given(DECISIONS, OFFICERS, CASES)
def test_an_officer_of_a_department_without_the_step_is_never_admitted(
    said: Decision, by: Officer, case: CaseFacts
) -> None:
    owners = MAY_APPROVE.get(said.step, {OFFICE})
    if by.department not in owners:
        assert admit(said, by, case) is not None


@given(DECISIONS, OFFICERS, CASES)
def test_whoever_is_admitted_is_in_turn_in_role_and_has_no_other_part_in_the_case(
    said: Decision, by: Officer, case: CaseFacts
) -> None:
    if admit(said, by, case) is not None:
        return
    rule = STAFFING_UP[said.step]
    [found] = [s for s in case.steps if (s.step, s.round, s.subject) == (said.step, said.round, said.subject)]
    assert found.state is StepState.CURRENT
    assert by.department is found.department
    assert by.roles & rule.roles
    assert by.id not in case.applicants
    assert case.acts.get(by.id, frozenset()) <= {(by.department, role) for role in rule.roles}
    assert said.verdict in rule.verdicts
    assert said.opinion or said.verdict not in (Verdict.REJECT, Verdict.RETURN)
