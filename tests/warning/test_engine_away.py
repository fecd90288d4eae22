"""An answer that came by its day is judged as in time, however late the engine gets to it."""

from __future__ import annotations

from datetime import timedelta

from models.decisions import Report
from models.enums import CommandKind
from tests.support.office import APPLICANT, Office

from .support import reminded, waiting


def test_the_next_rung_yields_to_an_answer_that_was_given_in_time(office: Office) -> None:
    case_id = reminded(office)
    due_at = office.docket(case_id).due_at
    assert due_at is not None
    office.now = due_at - timedelta(hours=3)
    answer = office.commit(case_id, CommandKind.REPORT, Report(text="已撤销自行增设的科室"), APPLICANT)
    office.now = due_at + timedelta(seconds=2)
    assert office.ring(case_id).wake_at == office.now + timedelta(seconds=20)
    assert waiting(office, case_id) == [("report", "remind")]
    office.handle(answer, case_id)
    office.later(seconds=20)
    office.ring(case_id)
    assert waiting(office, case_id) == [("review", "remind")]


def test_an_answer_in_time_that_says_nothing_leaves_the_next_rung_to_be_proposed(office: Office) -> None:
    case_id = reminded(office)
    due_at = office.docket(case_id).due_at
    assert due_at is not None
    office.now = due_at - timedelta(hours=3)
    empty = office.commit(case_id, CommandKind.REPORT, Report(), APPLICANT)
    office.now = due_at + timedelta(seconds=2)
    office.ring(case_id)
    desk = office.handle(empty, case_id)
    assert desk.wake_at is not None
    assert desk.wake_at <= office.now + timedelta(seconds=20)
    office.later(seconds=20)
    office.ring(case_id)
    assert waiting(office, case_id) == [("report", "remind"), ("warn", "")]


def test_the_next_rung_yields_for_a_day_and_no_longer(office: Office) -> None:
    case_id = reminded(office)
    due_at = office.docket(case_id).due_at
    assert due_at is not None
    office.now = due_at - timedelta(hours=3)
    office.commit(case_id, CommandKind.REPORT, Report(text="已撤销"), APPLICANT)
    office.now = due_at + timedelta(hours=24)
    office.ring(case_id)
    assert waiting(office, case_id) == [("report", "remind")]
    office.later(seconds=1)
    office.ring(case_id)
    assert waiting(office, case_id) == [("report", "remind"), ("warn", "")]
