"""催办, extension, and the ladder of reminders and escalation (procedures.md, shared part)."""

from __future__ import annotations

from docket.worklist import worklist
from models.decisions import Extension, Hold, Officer, Reminder
from models.enums import CommandKind, Department
from models.refusals import RefusalCode
from models.rulebook import DeadlineRules
from rules.deadlines import add_working_days
from tests.change import acts as change
from tests.support.office import APPLICANT, HEAD, OTHER_APPLICANT, SUPERVISOR, Office

from .kinds import Kind, allowed, due_on, every_kind, extension, refused, waiting


def noticed(office: Office, case_id: str) -> list[tuple[str, Department]]:
    return [(notice.kind, notice.department) for notice in office.docket(case_id).notices]


def escalated(office: Office, officer: Officer) -> bool:
    with office.database.read() as s:
        return any(row.escalated for row in worklist(s, officer, office.now, office.deps.calendar))


# --- 催办 ---------------------------------------------------------------------------------------------------------


@every_kind
def test_a_reminder_by_hand_reaches_whoever_is_waited_for_and_not_too_often(office: Office, kind: Kind) -> None:
    case_id = kind.opened(office)
    where = waiting(office, case_id).department
    office.accepted(office.order(case_id, CommandKind.REMIND, Reminder(note="请尽快办理"), APPLICANT))
    assert noticed(office, case_id) == [("by-hand", where)]
    refused(office.order(case_id, CommandKind.REMIND, Reminder(), APPLICANT), RefusalCode.TOO_SOON)
    office.later(hours=DeadlineRules().reminder_by_hand_hours - 1)
    refused(office.order(case_id, CommandKind.REMIND, Reminder(), HEAD), RefusalCode.TOO_SOON)
    assert noticed(office, case_id) == [("by-hand", where)]
    office.later(hours=1)
    office.accepted(office.order(case_id, CommandKind.REMIND, Reminder(step=kind.step), APPLICANT))
    assert noticed(office, case_id) == [("by-hand", where)] * 2


@every_kind
def test_nobody_is_reminded_of_what_nobody_has_to_do(office: Office, kind: Kind) -> None:
    case_id = kind.opened(office)
    refused(office.order(case_id, CommandKind.REMIND, Reminder(step="pay"), APPLICANT), RefusalCode.NOTHING_TO_DO)
    office.accepted(office.order(case_id, CommandKind.HOLD, Hold(reason="核查", second_officer="head-two"), HEAD))
    refused(office.order(case_id, CommandKind.REMIND, Reminder(), APPLICANT), RefusalCode.HELD)
    assert ("by-hand", Department.ESTABLISHMENT) not in noticed(office, case_id)


# --- extension ----------------------------------------------------------------------------------------------------


@every_kind
def test_a_step_is_extended_by_its_own_department_or_the_head_up_to_the_maximum(office: Office, kind: Kind) -> None:
    case_id = kind.opened(office)
    most = DeadlineRules().extension_maximum
    first = due_on(office, case_id)
    refused(office.order(case_id, CommandKind.EXTEND, extension(kind, 1), APPLICANT), RefusalCode.NOT_YOUR_DEPARTMENT)
    office.accepted(office.order(case_id, CommandKind.EXTEND, extension(kind, most - 1), kind.first))
    office.accepted(office.order(case_id, CommandKind.EXTEND, extension(kind, 1), HEAD))
    assert due_on(office, case_id) == add_working_days(first, most, office.deps.calendar)
    refused(office.order(case_id, CommandKind.EXTEND, extension(kind, 1), HEAD), RefusalCode.VERDICT_NOT_OPEN)
    assert due_on(office, case_id) == add_working_days(first, most, office.deps.calendar)


def test_a_unit_extends_neither_its_own_duty_nor_that_of_another(office: Office) -> None:
    case_id = change.in_force(office, change.posts())
    [duty] = [s for s in office.docket(case_id).steps if s.department is Department.UNIT and s.state == "current"]
    body = Extension(step=duty.step, working_days=5, reason="材料较多")
    for unit in (APPLICANT, OTHER_APPLICANT):
        refused(office.order(case_id, CommandKind.EXTEND, body, unit), RefusalCode.NOT_YOUR_DEPARTMENT)
    assert CommandKind.EXTEND not in allowed(office, case_id, APPLICANT)
    assert duty in office.docket(case_id).steps
    office.accepted(office.order(case_id, CommandKind.EXTEND, body, HEAD))


# --- the ladder ---------------------------------------------------------------------------------------------------


@every_kind
def test_silence_climbs_from_the_reminder_to_the_head_to_the_supervisors_and_approves_nothing(
    office: Office, kind: Kind
) -> None:
    case_id = kind.opened(office)
    where = waiting(office, case_id).department
    before = office.numbers()
    told = []
    for _ in range(20):
        desk = office.ring(case_id)
        told.append(noticed(office, case_id)[-1] if noticed(office, case_id) else None)
        if desk.wake_at is None:
            break
        office.now = desk.wake_at
    assert list(dict.fromkeys(filter(None, told))) == [
        ("reminder", where),
        ("escalation", Department.ESTABLISHMENT),
        ("escalation", Department.SUPERVISION),
    ]
    assert waiting(office, case_id).step == kind.step
    assert office.docket(case_id).overdue
    assert escalated(office, SUPERVISOR)
    assert office.numbers() == before
    office.accepted(kind.decide(office, case_id))  # late is still in time
