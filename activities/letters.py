"""The letters of the gate and of the ends: acceptance, correction, refusal, revocation (documents.md)."""

from __future__ import annotations

from datetime import datetime

from docket import applications, cases
from docket.applications import MATTER
from ledger import slips, suspensions
from models.applications import EstablishmentChangeApplication, RemovingStaffApplication, StaffingUpApplication
from models.documents import (
    AcceptanceNoticeContext,
    CorrectionNoticeContext,
    FaultLine,
    RefusalNoticeContext,
    RevocationNoticeContext,
    SlotLine,
)
from models.enums import Department, DocumentKind, Procedure, SlotState, Step, UnitKind
from models.refusals import RefusalCode
from models.register import Slip
from rules.deadlines import chinese_date, local_day
from rules.identity import names_a_person
from rules.routing import clause_cited, clause_shown

from .paper import Base, department_name, issue, request_lines
from .turn import Turn
from .vouchers import slots_named

_STANDING = {
    Procedure.STAFFING_UP: "补正期间本申请不占用空余编制和领导职数。",
    Procedure.REMOVING_STAFF: "补正期间不停止计算减员报送期限。",
    Procedure.ESTABLISHMENT_CHANGE: "补正期间不得先行实施所申请的事项。",
}

GATE = "accept"
"""Step name under which the gate's documents are filed."""


_STOPS = "。．.；;，,、 \u3000\n"
_ENDS = "！？…”’"


def _unstopped(text: str) -> str:
    """Text after which the template sets the full stop."""
    return text.rstrip(_STOPS)


def _sentence(text: str) -> str:
    """Text that stands as a paragraph of its own, ended as one."""
    text = _unstopped(text)
    return text if not text or text[-1] in _ENDS else text + "。"


def _listed(faults: list[FaultLine]) -> list[FaultLine]:
    return [
        FaultLine(label=_unstopped(f.label), detail=_unstopped(f.detail), clause=_unstopped(f.clause)) for f in faults
    ]


def _submitted_on(turn: Turn) -> str:
    """The day of the application and, where it was corrected, that of the round which the letter speaks of."""
    first = chinese_date(local_day(turn.case.row.opened_at))
    corrected = [row for row in cases.rounds(turn.s, turn.case.id) if row.round > 1 and not row.internal]
    return f"{first}提交、{chinese_date(local_day(corrected[-1].submitted_at))}补正" if corrected else first


def _cited(turn: Turn) -> str:
    """What the unit calls its application: a request for a change has a title of its own, the gate asks for it."""
    match turn.application:
        case EstablishmentChangeApplication(title=said) if said and not names_a_person(said):
            return said
        case _:
            title: str = turn.case.row.title
            return title


def _hand(turn: Turn, by: str) -> str:
    """经办 and contact of a letter stand for the office that sends it: what another department or the unit itself has
    decided is sent by whoever examined the case, and by the duty officer while nobody has."""
    if turn.command is None or turn.officer.department is Department.ESTABLISHMENT:
        return by
    examined = [row.officer_name for row in turn.case.steps if row.step == Step.EXAMINE.value and row.officer_name]
    return str(examined[-1]) if examined else turn.deps.rulebook.office.duty_officer


def _contact(turn: Turn) -> str:
    return turn.deps.rulebook.office.contact


def _matter(turn: Turn) -> str:
    return MATTER[turn.case.procedure]


def _about(turn: Turn) -> str:
    """What the title of a record adds to the matter, which the letter itself prints."""
    subject, matter = applications.subject(turn.application), _matter(turn)
    return subject.removeprefix(matter).removeprefix("（").removesuffix("）") if subject.startswith(matter) else subject


def _addressed(turn: Turn, base: Base) -> Base:
    """A letter about an application goes to whoever made it: the unit, or the department that reported by itself."""
    applied_by = Department(turn.case.row.applied_by)
    if applied_by in (Department.UNIT, Department.ESTABLISHMENT):  # what the office opens itself concerns the unit
        return base
    return Base(**{**base, "unit_name": department_name(turn, applied_by)})


def acceptance_notice(turn: Turn, due_at: datetime, reminder: str) -> None:
    duty = turn.deps.rulebook.office.duty_officer
    excepted = suspensions.exception(turn.s, turn.case.row.exception_id)
    if excepted is not None:
        reminder = f"本申请依例外受理审批（{excepted.number or excepted.id}）受理，{reminder}"

    def context(base: Base) -> AcceptanceNoticeContext:
        return AcceptanceNoticeContext(
            **base,
            matter=_matter(turn),
            application_title=_cited(turn),
            submitted_on=_submitted_on(turn),
            lines=request_lines(turn),
            accepted_on=chinese_date(turn.today),
            due_on=chinese_date(local_day(due_at)),
            reminder=reminder,
            handled_by=duty,
            contact=_contact(turn),
        )

    title, officers = f"{_matter(turn)}受理通知书", {"经办": duty}
    issue(turn, DocumentKind.ACCEPTANCE_NOTICE, title, GATE, "", officers, context, about=_about(turn))


def correction_notice(
    turn: Turn, step: str, subject: str, faults: list[FaultLine], reply_by: datetime, by: str
) -> None:
    """Every fault at once 一次性告知."""
    by = _hand(turn, by)

    def context(base: Base) -> CorrectionNoticeContext:
        return CorrectionNoticeContext(
            **_addressed(turn, base),
            matter=_matter(turn),
            application_title=_cited(turn),
            submitted_on=_submitted_on(turn),
            faults=_listed(faults),
            reply_by=chinese_date(local_day(reply_by)),
            standing=_STANDING.get(turn.case.procedure, ""),
            handled_by=by,
            contact=_contact(turn),
        )

    title, officers = f"{_matter(turn)}补正通知书", {"经办": by}
    issue(turn, DocumentKind.CORRECTION_NOTICE, title, step, subject, officers, context, about=_about(turn))


def refusal_notice(
    turn: Turn,
    step: str,
    subject: str,
    *,
    act: str,
    acted_by: str,
    faults: list[FaultLine],
    opinion: str,
    by: str,
    part: str = "",
) -> None:
    """不予受理 at the gate; 不予批准 at a rejection by any department, of the whole or of a `part`. The office calls
    itself 我办 in its letters."""
    by = _hand(turn, by)
    own = acted_by == turn.deps.rulebook.office.name

    def context(base: Base) -> RefusalNoticeContext:
        return RefusalNoticeContext(
            **_addressed(turn, base),
            act=act,
            acted_by="我办" if own else acted_by,
            part=part,
            matter=_matter(turn),
            application_title=_cited(turn),
            submitted_on=_submitted_on(turn),
            faults=_listed(faults),
            opinion=_sentence(opinion),
            basis="" if faults else _clause(turn),
            way_forward=_way_forward(faults),
            handled_by=by,
            contact=_contact(turn),
        )

    title, officers = f"{_matter(turn)}{act}告知书", {"经办": by}
    issue(turn, DocumentKind.REFUSAL_NOTICE, title, step, subject, officers, context, about=_about(turn))


def _way_forward(faults: list[FaultLine]) -> str:
    """What is beyond the local authority does not pass: it is for the body that the fault names."""
    beyond = [fault.label == RefusalCode.BEYOND_AUTHORITY.label for fault in faults]
    if not any(beyond):
        way = "上述情形消除后可以重新申请"
    elif all(beyond):
        way = "上列事项请按规定程序报有权决定的上述机关审批"
    else:
        way = "超出本级权限的事项请按规定程序报有权决定的上述机关审批；其他情形消除后可以重新申请"
    return f"{way}；有异议的，可以书面提出。"


def _clause(turn: Turn) -> str:
    """What a refusal rests on that is an officer's opinion and no failed check: the clause of the procedure."""
    kind, local_rule = UnitKind(turn.unit().kind), turn.deps.rulebook.office.local_rule
    match turn.application:
        case StaffingUpApplication(lines=lines):
            return clause_shown(kind, [line.resource for line in lines], local_rule)
        case RemovingStaffApplication():
            return clause_cited("B 五.2", kind, local_rule)
        case _:
            return clause_cited("A 三", kind, local_rule)


def revocation_notice(turn: Turn, step: str, slip: Slip, slots: list[SlotLine], reason: str, by: str) -> None:
    """The unused slots of a slip are void: revocation, withdrawal, or a new round. Slots that were used stay in
    force, and the unit keeps the slip for them."""
    office, by = turn.deps.rulebook.office, _hand(turn, by)
    used = [slot.code for slot in slips.slots_of(turn.s, slip.id) if slot.state == SlotState.USED.value]

    def context(base: Base) -> RevocationNoticeContext:
        return RevocationNoticeContext(
            **base,
            slip_number=slip.number,
            slip_issued_on=chinese_date(local_day(slip.issued_at)),
            reason=_unstopped(reason),
            slots=slots,
            remaining="、".join(used),
            revoked_on=chinese_date(turn.today),
            handled_by=by,
            contact=_contact(turn),
            copies_to=f"{office.organisation_name}，{office.personnel_name}",
        )

    about = slots_named([slot.code for slot in slots])
    title = f"核定单{'部分' if used else ''}作废通知书"
    issue(turn, DocumentKind.REVOCATION_NOTICE, title, step, slip.number, {"经办": by}, context, about=about)
