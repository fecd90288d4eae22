"""The letters of the gate and of the ends: acceptance, correction, refusal, revocation (documents.md)."""

from __future__ import annotations

from datetime import datetime

from models.documents import (
    AcceptanceNoticeContext,
    CorrectionNoticeContext,
    FaultLine,
    RefusalNoticeContext,
    RevocationNoticeContext,
    SlotLine,
)
from models.enums import DocumentKind
from models.register import Slip
from rules.deadlines import chinese_date, local_day

from .paper import Base, issue, request_lines
from .turn import Turn

GATE = "accept"
"""Step name under which the gate's documents are filed."""


def _submitted_on(turn: Turn) -> str:
    return chinese_date(local_day(turn.case.row.opened_at))


def _contact(turn: Turn) -> str:
    return turn.deps.rulebook.office.contact


def acceptance_notice(turn: Turn, due_at: datetime) -> None:
    duty = turn.deps.rulebook.office.duty_officer

    def context(base: Base) -> AcceptanceNoticeContext:
        return AcceptanceNoticeContext(
            **base,
            application_title=turn.case.row.title,
            submitted_on=_submitted_on(turn),
            lines=request_lines(turn),
            accepted_on=chinese_date(turn.today),
            due_on=chinese_date(local_day(due_at)),
            handled_by=duty,
            contact=_contact(turn),
        )

    issue(turn, DocumentKind.ACCEPTANCE_NOTICE, "受理通知", GATE, "", {"经办": duty}, context)


def correction_notice(
    turn: Turn, step: str, subject: str, faults: list[FaultLine], reply_by: datetime, by: str
) -> None:
    """Every fault at once 一次性告知."""

    def context(base: Base) -> CorrectionNoticeContext:
        return CorrectionNoticeContext(
            **base,
            application_title=turn.case.row.title,
            submitted_on=_submitted_on(turn),
            faults=faults,
            reply_by=chinese_date(local_day(reply_by)),
            handled_by=by,
            contact=_contact(turn),
        )

    issue(turn, DocumentKind.CORRECTION_NOTICE, "补正通知", step, subject, {"经办": by}, context)


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
) -> None:
    """不予受理 at the gate; 不予批准 at a rejection by any department."""

    def context(base: Base) -> RefusalNoticeContext:
        return RefusalNoticeContext(
            **base,
            act=act,
            acted_by=acted_by,
            application_title=turn.case.row.title,
            submitted_on=_submitted_on(turn),
            faults=faults,
            opinion=opinion,
            way_forward="有关情形消除后，可以重新提出申请；对本告知有异议的，可以书面向本办公室提出。",
            handled_by=by,
            contact=_contact(turn),
        )

    issue(turn, DocumentKind.REFUSAL_NOTICE, f"{act}告知书", step, subject, {"经办": by}, context)


def revocation_notice(turn: Turn, step: str, slip: Slip, slots: list[SlotLine], reason: str, by: str) -> None:
    """The unused slots of a slip are void: revocation, withdrawal, or a new round."""
    office = turn.deps.rulebook.office

    def context(base: Base) -> RevocationNoticeContext:
        return RevocationNoticeContext(
            **base,
            slip_number=slip.number,
            slip_issued_on=chinese_date(local_day(slip.issued_at)),
            reason=reason,
            slots=slots,
            revoked_on=chinese_date(turn.today),
            handled_by=by,
            contact=_contact(turn),
            copies_to=f"{office.organisation_name}，{office.personnel_name}。",
        )

    issue(turn, DocumentKind.REVOCATION_NOTICE, "核定单作废通知", step, slip.number, {"经办": by}, context)
