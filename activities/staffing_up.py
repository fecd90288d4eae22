"""What each decision of staffing up does (procedures.md §1; B §五.1): ledger, steps and documents of one step,
in the one transaction that the activity has opened. Each function answers a refusal, or None when done."""

from __future__ import annotations

import unicodedata
from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from docket import cases
from docket.applications import counted
from docket.cases import StepKey
from docket.commands import keyring_of
from ledger import balances as ledger_balances
from ledger import postings, slips
from ledger.occupancy import hold, person_of, standing
from models.applications import PersonNamed, StaffingLine, StaffingUpApplication
from models.decisions import Decision, Grant, Officer, Revocation, Withdrawal
from models.docket import Check
from models.documents import VerificationSlipContext
from models.enums import (
    Department,
    DocumentKind,
    Resource,
    Sex,
    SlipState,
    SlotState,
    State,
    Step,
    StepState,
    Verdict,
    Way,
)
from models.ledger import Basis, PersonEntry, Posting, SlipTerms, SlotWanted
from models.refusals import Refusal, RefusalCode
from models.register import SlotRow
from records import numbering
from rules.acceptance import Outcome, gate
from rules.deadlines import local_day, slip_valid_until
from rules.identity import age_on, identity_fault
from rules.routing import approving_department

from . import acceptance, endings, letters, patience, slip, transfers, vouchers
from .conduct import Conduct
from .facts import applied_at, exception_for, gate_facts, pass_by_exception
from .paper import Base, department_name, issue
from .turn import Refused, Turn
from .vouchers import Approval, Entered, Hands

_NOT_BEFORE = "核定单核发前，不得先行办理录用、调任、任职等手续。"

SLOT_SERIES = "N"
"""用编号码: N, year, five digits, one code per post (domain.md §2.1 step 5)."""

_TRANSFERS = frozenset({Way.OFFICIAL_TRANSFER, Way.INTAKE, Way.TRANSFER_IN, Way.OPEN_SELECTION, Way.REFORM})
"""Ways in which a person comes from another unit of the region, with that side's `approve-exit`."""


def take(turn: Turn, decision: Decision) -> Refusal | None:
    """The effect of an admitted decision."""
    match Step(decision.step):
        case Step.EXAMINE:
            return examine(turn, decision)
        case Step.ISSUE:
            return issue_slip(turn, decision)
        case Step.APPROVE_PERSONS:
            return approve_persons(turn, decision)
        case Step.APPROVE_EXIT:
            return approve_exit(turn, decision)
        case Step.ENTER:
            return enter(turn, decision)
        case Step.FINANCE | Step.SOCIAL_INSURANCE | Step.PAY:
            return acknowledge(turn, decision)
        case step:
            raise LookupError(f"{step} is no step of staffing up")


# --- 2 the gate ---------------------------------------------------------------------------------------------------


def begin(turn: Turn) -> None:
    acceptance.judge(turn, _checks, _accepted)


def _checks(turn: Turn, officer: Officer) -> tuple[Outcome, list[Check]]:
    return gate(turn.applied(StaffingUpApplication), gate_facts(turn, officer), turn.deps.rulebook)


def _accepted(turn: Turn) -> None:
    turn.open(Step.EXAMINE, Department.ESTABLISHMENT)
    turn.change(state=State.ACCEPTED.value)
    appointed = turn.applied(StaffingUpApplication).appointment is not None
    reminder = "本申请依上级任命文件办理，不另发核定单。" if appointed else _NOT_BEFORE
    letters.acceptance_notice(turn, turn.case.current()[0].due_at, reminder)


# --- 3 examine ------------------------------------------------------------------------------------------------


def examine(turn: Turn, decision: Decision) -> Refusal | None:
    """ESTABLISHMENT examines vacancy and structure and proposes n′ ≤ n per line."""
    if decision.verdict is not Verdict.APPROVE:
        return endings.turned_down(turn, decision)
    granted = _granted(turn.applied(StaffingUpApplication).lines, decision.grants)
    if isinstance(granted, Refusal):
        return granted
    appointed = turn.applied(StaffingUpApplication).appointment is not None
    short = None if appointed else _short(turn, granted)
    if short is not None:
        return short
    turn.finish(decision)
    if appointed:
        _open_appointed_entries(turn, granted)
    else:
        turn.open(Step.ISSUE, Department.ESTABLISHMENT)
    turn.change(state=State.IN_PROGRESS.value)
    return None


def _granted(lines: list[StaffingLine], grants: list[Grant] | None) -> list[int] | Refusal:
    """n′ of each line; what is not named is granted whole."""
    numbers = [line.number for line in lines]
    for grant in grants or []:
        if grant.line > len(lines) or grant.number > lines[grant.line - 1].number:
            return Refusal.of(RefusalCode.OUTSIDE_SLIP, f"所报第{grant.line}项核定数不得超过申请数")
        numbers[grant.line - 1] = grant.number
    if not any(numbers):
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "核定数全部为零，请退回或不同意")
    return numbers


def _short(turn: Turn, granted: list[int]) -> Refusal | None:
    """At too little vacancy only return, reject or a smaller number is open."""
    wanted: Counter[Resource] = Counter()
    for line, number in zip(turn.applied(StaffingUpApplication).lines, granted, strict=True):
        wanted[line.resource] += number
    have = ledger_balances.account_balances(turn.s, turn.case.row.unit, list(wanted))
    for resource, number in wanted.items():
        if number == 0:
            continue
        vacancy = have[resource].vacancy if resource in have else 0
        if number > vacancy:
            code = RefusalCode.LEADER_POSTS_FULL if resource.is_post else RefusalCode.NO_VACANCY
            return Refusal.of(code, f"{resource.label}空余{max(vacancy, 0)}名，拟核{number}名")
    return None


# --- 4 issue --------------------------------------------------------------------------------------------------


def issue_slip(turn: Turn, decision: Decision) -> Refusal | None:
    """RESERVE, every line or none, and the slip with one code per post."""
    if decision.verdict is not Verdict.APPROVE:
        return endings.turned_down(turn, decision)
    postings.lock(turn.s, turn.case.row.unit)  # before any series: the order of every other posting
    try:
        with turn.s.begin_nested():  # a refused reservation gives its numbers back
            _reserve(turn, decision)
    except Refused as refused:
        return _not_issued(turn, refused.refusal)
    turn.finish(decision)
    turn.change(state=State.SLIP_ISSUED.value)
    return None


def _reserve(turn: Turn, decision: Decision) -> None:
    examined = turn.case.find(StepKey(Step.EXAMINE.value, turn.case.round))
    if examined is None:
        raise LookupError("issue without examination")
    grants = [Grant.model_validate(grant) for grant in cases.detail_of(turn.s, examined).get("grants", [])]
    granted = _granted(turn.applied(StaffingUpApplication).lines, grants)
    if isinstance(granted, Refusal):
        raise Refused(granted)
    wanted = _slots(turn, granted)
    valid_until = slip_valid_until(turn.at, turn.deps.rulebook.slip)
    pass_by_exception(turn)
    duty = turn.deps.rulebook.office.duty_officer
    hands = Hands(handled=duty, examined=examined.officer_name, issued=turn.officer.shown)
    per_resource = Counter(slot.resource for slot in wanted)

    def context(base: Base) -> VerificationSlipContext:
        terms = SlipTerms(slip_id=slip.slip_id(turn), number=base["number"], valid_until=valid_until)
        posted = postings.reserve(
            turn.s,
            turn.case.row.unit,
            wanted,
            terms,
            turn.cause(Step.ISSUE.value),
            exception_for(turn),
            applied_at(turn),
        )
        if isinstance(posted, Refusal):
            raise Refused(posted)
        base = _after_posting(base, posted)
        return vouchers.slip_context(turn, base, wanted, valid_until, posted.before, dict(per_resource), hands)

    issue(
        turn,
        DocumentKind.VERIFICATION_SLIP,
        "人员编制和领导职数核定单",
        Step.ISSUE.value,
        "",
        hands.as_dict(),
        context,
        about=counted(per_resource),
    )
    for slot in wanted:
        turn.open(Step.APPROVE_PERSONS, approving_department(slot.resource), slot.code)


def _after_posting(base: Base, posted: Posting) -> Base:
    """The document prints the chain as it stands after the posting row (documents.md 4)."""
    last = posted.rows[-1]
    seal = base["seal"].model_copy(update={"chain_seq": str(last.seq), "chain_head": last.hash})
    return Base(**{**base, "seal": seal})


def _slots(turn: Turn, granted: list[int]) -> list[SlotWanted]:
    wanted = []
    for number, (line, count) in enumerate(zip(turn.applied(StaffingUpApplication).lines, granted, strict=True), 1):
        for _ in range(count):
            serial = numbering.tally(turn.s, SLOT_SERIES, turn.today.year)
            wanted.append(
                SlotWanted(
                    code=f"{SLOT_SERIES}{turn.today.year}{serial:05d}",
                    line=number,
                    resource=line.resource,
                    way=line.way,
                    internal_body=line.internal_body,
                )
            )
    return wanted


def _not_issued(turn: Turn, refusal: Refusal) -> Refusal:
    """Vacancy gone meanwhile: a new internal round at examination. Suspended meanwhile: the case is held."""
    if refusal.code in (RefusalCode.NO_VACANCY, RefusalCode.LEADER_POSTS_FULL):
        endings.next_round(turn, turn.application, internal=True)
        turn.open(Step.EXAMINE, Department.ESTABLISHMENT)
        turn.change(state=State.ACCEPTED.value)
    elif refusal.code is RefusalCode.UNIT_SUSPENDED:
        endings.hold(turn, "suspension", "单位已被暂停受理")
    return refusal


# --- 5 approve persons ----------------------------------------------------------------------------------------


def approve_persons(turn: Turn, decision: Decision) -> Refusal | None:
    """ORGANISATION or PERSONNEL approves the named person of one slot, inside the slip."""
    if decision.verdict is Verdict.REJECT:
        return slip.slot_rejected(turn, decision, _pair(turn, decision))
    if decision.verdict is Verdict.RETURN:
        return slip.returned_after_slip(turn, decision)
    named = _named(turn, decision)
    if isinstance(named, Refusal):
        return named
    person, slots = named
    refusal = _fits(turn, person, slots)
    if refusal is not None:
        return refusal
    where = standing(turn.s, person.identity_no)
    if where is not None:
        hold(turn.s, [where.person_ref])
        refusal = _other_name(turn, person, where.person_ref)
        if refusal is not None:
            return refusal
    index = keyring_of(turn.s).blind_index(person.identity_no)
    refusal = _posted_elsewhere(turn, slots, where.headcount_unit if where else None) or _in_hand(turn, index, decision)
    if refusal is not None:
        return refusal
    for slot in slots:
        turn.finish(decision, subject=slot.code, person_index=index)
    _hint_at_age(turn, person)
    if any(slot.resource.startswith("headcount:") for slot in slots) and where and where.headcount_resource:
        turn.open(Step.APPROVE_EXIT, approving_department(where.headcount_resource), decision.subject)
    else:
        turn.open(Step.ENTER, Department.ESTABLISHMENT, decision.subject)
    return None


def _named(turn: Turn, decision: Decision) -> tuple[PersonNamed, list[SlotRow]] | Refusal:
    """The one person of the decision and the slots it fills: the subject, and a post slot for a new leader."""
    persons = decision.persons or []
    if not persons:
        return Refusal.of(RefusalCode.INCOMPLETE, "未填写人员")
    if len(persons) > 1 or persons[0].slot != decision.subject:
        return Refusal.of(RefusalCode.OUTSIDE_SLIP, "每个编号只能核准一人，且须与编号一致")
    person = persons[0]
    by_code = {slot.code: slot for slot in slips.slots_of(turn.s, slip.slip_id(turn))}
    codes = [decision.subject] + ([person.post_slot] if person.post_slot else [])
    if any(code not in by_code for code in codes):
        return Refusal.of(RefusalCode.OUTSIDE_SLIP, "编号不在本核定单内")
    slots = [by_code[code] for code in codes]
    if len(slots) == 2 and not (
        Resource(slots[0].resource).is_headcount and Resource(slots[1].resource).is_post and codes[0] != codes[1]
    ):
        return Refusal.of(RefusalCode.OUTSIDE_SLIP, "须先列编制编号，再列领导职数编号")
    if len(slots) == 2 and not _still_open(turn, slots[1]):
        return Refusal.of(RefusalCode.SLIP_USED, f"{slots[1].code}")
    return person, slots


def _still_open(turn: Turn, slot: SlotRow) -> bool:
    step = turn.case.find(StepKey(Step.APPROVE_PERSONS.value, turn.case.round, slot.code))
    return slot.state == SlotState.OPEN and step is not None and step.state == StepState.CURRENT


def _fits(turn: Turn, person: PersonNamed, slots: list[SlotRow]) -> Refusal | None:
    fault = identity_fault(person.identity_no, person.birth_date, Sex(person.sex))
    if fault is not None:
        return Refusal.of(RefusalCode.IDENTITY_INVALID, fault)
    for slot in slots:
        if slot.internal_body and person.internal_body and slot.internal_body != person.internal_body:
            return Refusal.of(
                RefusalCode.OUTSIDE_SLIP, f"核定单所列内设机构为“{slot.internal_body}”，所报为“{person.internal_body}”"
            )
    return None


def _other_name(turn: Turn, person: PersonNamed, person_ref: str) -> Refusal | None:
    """A registered person is not renamed in passing: a change of name is an act of its own."""
    known = person_of(turn.s, person_ref).name
    if unicodedata.normalize("NFKC", known) == unicodedata.normalize("NFKC", person.name):
        return None
    return Refusal.of(RefusalCode.IDENTITY_INVALID, "该证件号码在册姓名与所报姓名不一致")


def _hint_at_age(turn: Turn, person: PersonNamed) -> None:
    """Age is a hint and never a refusal: eligibility belongs to the approving department."""
    rules = turn.deps.rulebook.staffing
    age = age_on(person.birth_date, turn.today)
    if age < rules.minimum_age or age >= rules.warning_age:
        turn.notes.append(f"提示：该人员现年{age}周岁，请核实是否符合规定")


def _posted_elsewhere(turn: Turn, slots: list[SlotRow], unit: str | None) -> Refusal | None:
    takes_headcount = any(slot.resource.startswith("headcount:") for slot in slots)
    if not takes_headcount:
        return None if unit else Refusal.of(RefusalCode.NOT_POSTED, "该人员尚未在编，须同时使用人员编制")
    if unit is None:
        return None
    if unit == turn.case.row.unit or Way(slots[0].way) not in _TRANSFERS:
        return Refusal.of(RefusalCode.ALREADY_POSTED)
    return None


def _in_hand(turn: Turn, index: str, decision: Decision) -> Refusal | None:
    other = cases.elsewhere_in_hand(turn.s, turn.case.id, index)
    if other is not None:
        return Refusal.of(RefusalCode.DUPLICATE, "该人员已在另一未办结事项中核准")
    for step in turn.case.steps:
        same_person = step.person_index == index and step.state == StepState.DONE and step.round == turn.case.round
        if same_person and step.step == Step.APPROVE_PERSONS and step.subject != decision.subject:
            return Refusal.of(RefusalCode.DUPLICATE, "该人员已在本事项的另一编号中核准")
    return None


def _pair(turn: Turn, decision: Decision) -> list[str]:
    """The slots that one approval filled together."""
    step = turn.case.find(StepKey(Step.APPROVE_PERSONS.value, turn.case.round, decision.subject))
    if step is None or step.state != StepState.DONE:
        return [decision.subject]
    person = _approved_person(turn, decision.subject)
    return [decision.subject] + ([person.post_slot] if person.post_slot else [])


def approve_exit(turn: Turn, decision: Decision) -> Refusal | None:
    """The releasing side's department lets the person go; both sides are posted at `enter`."""
    if decision.verdict is Verdict.REJECT:
        return slip.slot_rejected(turn, decision, _pair(turn, decision))
    if decision.verdict is Verdict.RETURN:
        return slip.returned_after_slip(turn, decision)
    turn.finish(decision)
    turn.open(Step.ENTER, Department.ESTABLISHMENT, decision.subject)
    return None


# --- 6 enter --------------------------------------------------------------------------------------------------


def enter(turn: Turn, decision: Decision) -> Refusal | None:
    """落编 slot by slot: POST with its occupancy, the entry notice and the certificate page."""
    if decision.verdict is Verdict.REJECT:
        return slip.slot_rejected(turn, decision, _pair(turn, decision))
    if decision.verdict is Verdict.RETURN:
        return slip.returned_after_slip(turn, decision)
    if turn.applied(StaffingUpApplication).appointment is not None:
        return _enter_appointed(turn, decision)
    person = _approved_person(turn, decision.subject)
    if decision.persons and decision.persons != [person]:
        return Refusal.of(RefusalCode.OUTSIDE_SLIP, "与组织、人社部门核准的人员不一致")
    codes = _pair(turn, decision)
    approved = _step(turn, Step.APPROVE_PERSONS, decision.subject)
    approval = Approval(
        body=department_name(turn, _deciding_department(turn, decision.subject)),
        number=approved.reference_no or "",
        on=local_day(approved.decided_at),
    )
    refusal = _post(turn, decision, person, codes, approval)
    if refusal is not None:
        return refusal
    slots = [slot for slot in slips.slots_of(turn.s, slip.slip_id(turn)) if slot.code in codes]
    issued = slip.slip_of(turn)
    entered = Entered(
        person=person,
        resources=[Resource(slot.resource) for slot in slots],
        way=Way(slots[0].way).label,
        slip_number=issued.number if issued else "",
        slot_codes=codes,
        approval=approval,
    )
    _entered(turn, decision, entered)
    return None


def _approved_person(turn: Turn, subject: str) -> PersonNamed:
    step = _step(turn, Step.APPROVE_PERSONS, subject)
    return PersonNamed.model_validate(cases.detail_of(turn.s, step)["persons"][0])


def _step(turn: Turn, step: Step, subject: str = "") -> Row[Any]:
    found = turn.case.find(StepKey(step.value, turn.case.round, subject))
    if found is None:
        raise LookupError(f"{step.value} {subject} was never opened")
    return found


def _deciding_department(turn: Turn, subject: str) -> Department:
    """The department of the officer who approved, not the routing: a pair may be decided by either."""
    return cases.department_of_command(turn.s, _step(turn, Step.APPROVE_PERSONS, subject).command_id)


def _post(turn: Turn, decision: Decision, person: PersonNamed, codes: list[str], approval: Approval) -> Refusal | None:
    basis = Basis(number=approval.number, body=approval.body, date=approval.on)
    cause = turn.cause(Step.ENTER.value, decision.subject, basis)
    entry = _entry(person)
    leaving = turn.case.find(StepKey(Step.APPROVE_EXIT.value, turn.case.round, decision.subject))
    if leaving is None:
        posted = postings.post(turn.s, codes, entry, cause)
        return posted if isinstance(posted, Refusal) else None
    return transfers.move(turn, decision.subject, codes, entry, leaving, cause, _hands(turn))


def _entry(person: PersonNamed) -> PersonEntry:
    return PersonEntry(
        name=person.name,
        sex=Sex(person.sex),
        birth_date=person.birth_date,
        identity_no=person.identity_no,
        position=person.position,
        internal_body=person.internal_body,
    )


def _hands(turn: Turn) -> Hands:
    """经办 is the registrar; 审核 and 签发 are those of the slip."""
    examined = turn.case.find(StepKey(Step.EXAMINE.value, turn.case.round))
    issued = turn.case.find(StepKey(Step.ISSUE.value, turn.case.round))
    return Hands(
        handled=turn.officer.shown,
        examined=examined.officer_name if examined else "",
        issued=issued.officer_name if issued else "",
    )


def _entered(turn: Turn, decision: Decision, entered: Entered) -> None:
    vouchers.entry_notice(turn, decision.subject, entered, _hands(turn))
    turn.finish(decision)
    cases.forget_person(turn.s, turn.case.id, entered.slot_codes)
    turn.open(Step.FINANCE, Department.FINANCE, decision.subject)
    turn.open(Step.SOCIAL_INSURANCE, Department.SOCIAL_INSURANCE, decision.subject)
    if turn.deps.rulebook.staffing.pay_acknowledges:
        turn.open(Step.PAY, Department.PERSONNEL, decision.subject)
    slip.settle(turn)


# --- appointment by a higher body -----------------------------------------------------------------------------


def _open_appointed_entries(turn: Turn, granted: list[int]) -> None:
    """Its document stands in place of a slip: one entry per post, filed after the fact."""
    place = 0
    for count in granted:
        for _ in range(count):
            place += 1
            turn.open(Step.ENTER, Department.ESTABLISHMENT, f"A{place}")


def _appointed_resource(turn: Turn, subject: str) -> Resource:
    examined = _step(turn, Step.EXAMINE)
    grants = [Grant.model_validate(grant) for grant in cases.detail_of(turn.s, examined).get("grants", [])]
    granted = _granted(turn.applied(StaffingUpApplication).lines, grants)
    if isinstance(granted, Refusal):
        raise LookupError("appointment without grants")
    flat = [
        line.resource
        for line, n in zip(turn.applied(StaffingUpApplication).lines, granted, strict=True)
        for _ in range(n)
    ]
    return flat[int(subject[1:]) - 1]


def _enter_appointed(turn: Turn, decision: Decision) -> Refusal | None:
    """APPOINT under the higher body's document; may leave the account over quota."""
    appointment = turn.applied(StaffingUpApplication).appointment
    persons = decision.persons or []
    if appointment is None or len(persons) != 1 or persons[0].slot != decision.subject:
        return Refusal.of(RefusalCode.INCOMPLETE, "须填写该编号的一名人员")
    person = persons[0]
    fault = identity_fault(person.identity_no, person.birth_date, Sex(person.sex))
    if fault is not None:
        return Refusal.of(RefusalCode.IDENTITY_INVALID, fault)
    where = standing(turn.s, person.identity_no)
    renamed = _other_name(turn, person, where.person_ref) if where is not None else None
    if renamed is not None:
        return renamed
    subjects = [decision.subject] + ([person.post_slot] if person.post_slot else [])
    waiting = {step.subject for step in turn.case.current() if step.step == Step.ENTER}
    if any(subject not in waiting for subject in subjects):
        return Refusal.of(RefusalCode.OUTSIDE_SLIP, "编号不在本事项内")
    resources = [_appointed_resource(turn, subject) for subject in subjects]
    basis = Basis(number=appointment.document_no, body=appointment.body, date=appointment.date)
    posted = postings.appoint(
        turn.s, turn.case.row.unit, resources, _entry(person), turn.cause(Step.ENTER.value, decision.subject, basis)
    )
    if isinstance(posted, Refusal):
        return posted
    for subject in subjects[1:]:
        turn.finish(decision, subject=subject)
    approval = Approval(body=appointment.body, number=appointment.document_no, on=appointment.date)
    entered = Entered(
        person=person,
        resources=resources,
        way=Way.APPOINTED_ABOVE.label,
        slip_number="",  # the higher body's document, printed as the approval, stands in its place
        slot_codes=subjects,
        approval=approval,
    )
    _entered(turn, decision, entered)
    return None


# --- 7 acknowledge --------------------------------------------------------------------------------------------


def acknowledge(turn: Turn, decision: Decision) -> Refusal | None:
    """FINANCE ∥ SOCIAL_INSURANCE (∥ PERSONNEL) act on the certificate page; any order."""
    turn.finish(decision)
    slip.settle(turn)
    return None


# --- turned aside -------------------------------------------------------------------------------------------------


def withdraw(turn: Turn, body: Withdrawal) -> Refusal | None:
    """Until the first posting the whole case, later only the unused slots."""
    if turn.applied(StaffingUpApplication).appointment is not None and slip.used(turn):
        return slip.end_appointment(turn, State.WITHDRAWN)
    issued = slip.slip_of(turn)
    if issued is not None and issued.state == SlipState.VALID.value:
        refused = slip.void_slip(turn, "withdraw", SlipState.VOID, f"用编单位撤回，{body.reason}", turn.officer)
        if refused is not None and not slip.used(turn):
            return refused
        if slip.used(turn) and refused is not None:
            return Refusal.of(RefusalCode.NOTHING_TO_DO, "核定的编制均已落编，不能撤回")
        slip.settle(turn, empty=State.WITHDRAWN)
        return None
    if slip.used(turn):
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "核定的编制均已落编，不能撤回")
    endings.close(turn, State.WITHDRAWN)
    return None


def revoke(turn: Turn, body: Revocation) -> Refusal | None:
    """ESTABLISHMENT takes the unused slots back, with a reason and a notice."""
    if turn.applied(StaffingUpApplication).appointment is not None:
        return slip.end_appointment(turn, State.REVOKED)
    refused = slip.void_slip(turn, "revoke", SlipState.REVOKED, body.reason, turn.officer)
    if refused is not None:
        return refused
    slip.settle(turn, empty=State.REVOKED)
    return None


def ring(turn: Turn) -> datetime | None:
    """The slip past its day expires, or yields to a decision that was committed in time."""
    issued = slip.slip_of(turn)
    if issued is None or issued.state != SlipState.VALID.value or issued.valid_until >= turn.at:
        return None
    return None if slip.expire_slip(turn) else turn.at + patience.LOOK_AGAIN


CONDUCT = Conduct(begin=begin, take=take, withdraw=withdraw, revoke=revoke, ring=ring)
