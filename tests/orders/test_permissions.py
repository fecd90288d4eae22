"""What a docket offers is what the activities take: every order, for every officer, at stages of every procedure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from docket import commands, view
from models.applications import WarningApplication
from models.decisions import (
    Comment,
    Copy,
    ExceptionalRequest,
    Extension,
    Handle,
    Hold,
    Officer,
    Release,
    Reminder,
    Report,
    Resubmission,
    Revocation,
    Scope,
    Withdrawal,
)
from models.docket import Docket
from models.enums import CommandKind, Department, Procedure
from rules.deadlines import local_day
from rules.steps import STEPS
from tests.change import acts as change
from tests.rectification import acts
from tests.removing.leaving import leaver, removal
from tests.support.office import (
    APPLICANT,
    EVERYBODY,
    EXAMINER,
    HEAD,
    HEAD_TWO,
    INSPECTOR,
    ISSUER,
    ORGANISATION,
    ORGANISATION_TWO,
    RESEARCH,
    Office,
    application,
)

from .kinds import REMOVING_STAFF, STAFFING_UP, allowed

ORDERS = frozenset(CommandKind) - {CommandKind.START, CommandKind.DECIDE, CommandKind.WAKE}


class Undone(Exception):
    """Ends a transaction that was only to be looked at."""


def taken(office: Office, case_id: str, kind: CommandKind, body: Any, by: Officer) -> bool:
    """Whether the activity would accept the order; nothing of it stays but the committed row."""
    identity = office.commit(case_id, kind, body, by)
    with office.database.read() as s:
        row = commands.opened(s, identity)
    assert row is not None
    order = Handle(case_id=case_id, name=kind.value, decision_id=identity, body=row.body, at=office.now)
    with pytest.raises(Undone) as judged:
        judge_and_undo(office, order)
    return str(judged.value) == "accepted"


def judge_and_undo(office: Office, order: Handle) -> None:
    with office.database.write() as s:
        receipt = office.activities._judge(office.activities._turn(s, order.case_id, order), order)
        assert receipt is not None
        raise Undone(receipt.status)


def body_of(office: Office, docket: Docket, kind: CommandKind, by: Officer) -> Any:
    waiting = [step for step in docket.steps if step.state == "current"]
    match kind:
        case CommandKind.WITHDRAW:
            return Withdrawal(reason="计划调整")
        case CommandKind.REVOKE:
            return Revocation(reason="政策调整")
        case CommandKind.REMIND:
            return Reminder()
        case CommandKind.COMMENT:
            return Comment(text="请核对")
        case CommandKind.COPY:
            return Copy(departments=[Department.FINANCE])
        case CommandKind.HOLD | CommandKind.RELEASE:
            second = HEAD_TWO if by != HEAD_TWO else HEAD
            return (Hold if kind is CommandKind.HOLD else Release)(reason="核查", second_officer=second.id)
        case CommandKind.RESUBMIT:
            same = removal(leaver(office)) if docket.procedure is Procedure.REMOVING_STAFF else application()
            return Resubmission(application=same)
        case CommandKind.REPORT if docket.procedure is Procedure.EARLY_WARNING:
            return Report(text="已整改")
        case CommandKind.REPORT:
            return Report.model_validate({"items": [{"no": "P1", "text": "已整改"}]})
        case CommandKind.EXCEPT:
            until = local_day(office.now) + timedelta(days=10)
            scope = Scope(procedures=[Procedure.STAFFING_UP], matter="军转安置")
            return ExceptionalRequest(scope=scope, reason="有期限", until=until)
        case CommandKind.EXTEND:
            rules = STEPS[docket.procedure]
            mine = [s for s in waiting if s.department is by.department and rules[s.step].roles & by.roles]
            others = [s for s in waiting if s.department is not Department.UNIT]
            where = next(iter(mine or others or waiting), None)
            step, subject = (where.step, where.subject) if where else ("examine", "")
            return Extension(step=step, subject=subject, working_days=1, reason="需核实")
        case _:
            raise LookupError(kind)


def held(office: Office) -> str:
    case_id = STAFFING_UP.opened(office)
    office.accepted(office.order(case_id, CommandKind.HOLD, Hold(reason="核查", second_officer="head-two"), HEAD))
    return case_id


def slip_out(office: Office) -> str:
    case_id = STAFFING_UP.opened(office)
    office.issued(case_id)
    return case_id


def returned(office: Office) -> str:
    case_id = STAFFING_UP.opened(office)
    office.accepted(office.decide(case_id, "examine", EXAMINER, "return"))
    return case_id


def rejected(office: Office) -> str:
    case_id = STAFFING_UP.opened(office)
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject"))
    return case_id


def reported_by_the_department(office: Office) -> str:
    case_id = office.opened(removal(leaver(office)), ORGANISATION)
    office.accepted(REMOVING_STAFF.decide(office, case_id, ORGANISATION_TWO, "return"))
    return case_id


def raised(office: Office) -> str:
    body = {"unit": RESEARCH, "indicator": "public-event", "facts": "有人长期不在岗", "level": "warn"}
    return office.opened(WarningApplication.model_validate(body), INSPECTOR)


def warned(office: Office) -> str:
    case_id = raised(office)
    office.accepted(office.decide(case_id, "warn", ISSUER, reply_by=date(2026, 3, 20)))
    return case_id


def answered(office: Office) -> str:
    case_id = warned(office)
    office.accepted(office.order(case_id, CommandKind.REPORT, Report(text="已整改"), APPLICANT))
    return case_id


STAGES: dict[str, Callable[[Office], str]] = {
    "staffing up, accepted": STAFFING_UP.opened,
    "staffing up, returned": returned,
    "staffing up, held": held,
    "staffing up, slip issued": slip_out,
    "staffing up, rejected": rejected,
    "removal, accepted": REMOVING_STAFF.opened,
    "removal, reported by ORGANISATION and returned": reported_by_the_department,
    "change, its duties waited for": lambda office: change.in_force(office, change.posts()),
    "rectification, open": acts.opened,
    "rectification, suspended": acts.suspended,
    "warning, raised": raised,
    "warning, answer awaited": warned,
    "warning, answered": answered,
}


@pytest.mark.parametrize("stage", STAGES)
def test_what_the_docket_offers_is_what_the_activity_accepts(office: Office, stage: str) -> None:
    case_id = STAGES[stage](office)
    docket = office.docket(case_id)
    differing = []
    for officer in EVERYBODY:
        with office.database.read() as s:
            seen = view.may_see(s, case_id, officer)  # the API answers 404 to all others
        if not seen or officer.department is Department.SUPERVISION:
            continue
        offered = allowed(office, case_id, officer) & ORDERS
        accepted = {
            kind for kind in ORDERS if taken(office, case_id, kind, body_of(office, docket, kind, officer), officer)
        }
        differing += [(officer.id, kind.value, kind in offered) for kind in sorted(offered ^ accepted)]
    assert differing == [], "officer, order, whether it is offered"
