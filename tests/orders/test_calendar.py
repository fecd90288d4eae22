"""The working-day calendar: an unpublished year is a visible state, and its deadlines are counted again once it is
published, by the library or by the office's own table; nothing that was granted is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from activities.calendar import office_calendar
from activities.cases import CaseActivities
from docket import cases, warnings
from models.decisions import Hold, Release
from models.enums import CommandKind
from models.rulebook import Calendar, DeadlineRules, Rulebook
from rules.deadlines import add_working_days, end_of_day, local_day
from runtime.settings import load_rulebook, load_settings
from tests.support.office import EXAMINER, HEAD, Office, application

from .kinds import STAFFING_UP, Kind, due_on, every_kind, extension, waiting

RECEIVED = datetime(2026, 12, 30, 1, 0, tzinfo=UTC)  # a Wednesday morning; the next year is not published
EXAMINE_DAYS = DeadlineRules().days_for("examine")
HOLD = Hold(reason="核查", second_officer="head-two")
RELEASE = Release(reason="查清", second_officer="head-two")


def of_2027(*more: date) -> Calendar:
    """The calendar of an office that has entered 2027: New Year until the 5th, Sunday the 3rd worked."""
    holidays = [date(2027, 1, 1), date(2027, 1, 4), date(2027, 1, 5), date(2027, 10, 1), *more]
    return office_calendar(Rulebook(holidays=holidays, workdays=[date(2027, 1, 3)]))


def restart_with(office: Office, calendar: Calendar) -> None:
    """The worker starts again with the new table."""
    office.deps = replace(office.deps, calendar=calendar)
    office.activities = CaseActivities(office.deps)


def version(office: Office, case_id: str) -> str:
    """The calendar that counted the step that waits, as the register has it."""
    with office.database.read() as s:
        case = cases.read(s, case_id)
    assert case is not None
    return str(case.current()[0].calendar_version)


@pytest.fixture
def december(office: Office) -> Office:
    office.now = RECEIVED
    assert 2026 in office.deps.calendar.published
    assert 2027 not in office.deps.calendar.published
    return office


@every_kind
def test_the_day_of_receipt_is_day_0(office: Office, kind: Kind) -> None:
    """Received one minute before midnight in Shanghai; due at the end of the n-th working day after that day."""
    office.now = datetime(2026, 3, 2, 15, 59, tzinfo=UTC)
    step = waiting(office, kind.opened(office))
    days = DeadlineRules().days_for(kind.step)
    assert step.due_at == end_of_day(add_working_days(date(2026, 3, 2), days, office.deps.calendar))
    assert not step.provisional


@every_kind
def test_a_deadline_over_an_unpublished_year_is_shown_as_provisional(december: Office, kind: Kind) -> None:
    case_id = kind.opened(december)
    assert waiting(december, case_id).provisional
    assert version(december, case_id) == december.deps.calendar.version
    december.ring(case_id)
    assert waiting(december, case_id).provisional  # nothing is known better yet


@every_kind
def test_once_the_year_is_published_the_deadline_is_counted_again_by_the_new_calendar(
    december: Office, kind: Kind
) -> None:
    case_id = kind.opened(december)
    guessed, old = due_on(december, case_id), version(december, case_id)
    restart_with(december, of_2027())
    december.ring(case_id)
    days = DeadlineRules().days_for(kind.step)
    assert due_on(december, case_id) == add_working_days(local_day(RECEIVED), days, december.deps.calendar) > guessed
    assert not waiting(december, case_id).provisional
    assert version(december, case_id) == of_2027().version != old


def test_a_deadline_inside_a_published_year_keeps_the_calendar_that_counted_it(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    due, old = due_on(office, case_id), version(office, case_id)
    restart_with(office, of_2027(date(2026, 3, 5)))
    office.ring(case_id)
    assert (due_on(office, case_id), version(office, case_id)) == (due, old)


def test_counting_again_keeps_extensions_and_the_days_that_a_hold_took(december: Office) -> None:
    case_id = STAFFING_UP.opened(december)
    december.accepted(december.order(case_id, CommandKind.EXTEND, extension(STAFFING_UP, 2), EXAMINER))
    december.accepted(december.order(case_id, CommandKind.HOLD, HOLD, HEAD))
    december.later(days=1)  # one working day
    december.accepted(december.order(case_id, CommandKind.RELEASE, RELEASE, HEAD))
    restart_with(december, of_2027())
    december.ring(case_id)
    counted = add_working_days(local_day(RECEIVED), EXAMINE_DAYS + 2 + 1, december.deps.calendar)
    assert due_on(december, case_id) == counted


@pytest.mark.parametrize("order", [CommandKind.EXTEND, CommandKind.RELEASE])
def test_what_moves_a_guessed_deadline_counts_it_again_first(december: Office, order: CommandKind) -> None:
    """The year was published before anything rang: days are added to the true deadline and not to the guess."""
    case_id = STAFFING_UP.opened(december)
    if order is CommandKind.RELEASE:
        december.accepted(december.order(case_id, CommandKind.HOLD, HOLD, HEAD))
    december.later(days=1)
    restart_with(december, of_2027())
    body = RELEASE if order is CommandKind.RELEASE else extension(STAFFING_UP, 1)
    december.accepted(december.order(case_id, order, body, HEAD))
    counted = add_working_days(local_day(RECEIVED), EXAMINE_DAYS + 1, december.deps.calendar)
    assert due_on(december, case_id) == counted
    assert not waiting(december, case_id).provisional


def test_the_extension_of_a_lapsed_step_begins_today_and_survives_a_recount(december: Office) -> None:
    case_id = STAFFING_UP.opened(december)
    december.now = end_of_day(due_on(december, case_id)) + timedelta(days=3)
    december.accepted(december.order(case_id, CommandKind.EXTEND, extension(STAFFING_UP, 2), EXAMINER))
    extended = add_working_days(local_day(december.now), 2, december.deps.calendar)
    assert due_on(december, case_id) == extended
    restart_with(december, office_calendar(Rulebook(holidays=[date(2027, 10, 1), date(2027, 12, 31)])))
    december.ring(case_id)
    assert due_on(december, case_id) == extended  # the new table moves no day of January
    assert not waiting(december, case_id).provisional


def test_a_table_in_the_rules_file_publishes_a_year_and_names_itself_in_the_version(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("holidays = [2027-01-01, 2027-10-01]\nworkdays = [2027-01-03]\n", encoding="utf-8")
    ours = office_calendar(load_rulebook(load_settings(data_dir=tmp_path, rules_file=rules)))
    theirs = office_calendar(Rulebook())
    assert ours.published - theirs.published == {2027}
    assert ours.version != theirs.version


def test_the_days_of_a_correction_are_counted_again_and_never_fewer_than_the_letter_gave(december: Office) -> None:
    case_id = STAFFING_UP.opened(december)
    december.accepted(december.decide(case_id, "examine", EXAMINER, "return"))
    given = december.docket(case_id)
    assert given.due_at is not None
    assert given.due_provisional
    with december.database.read() as s:
        assert warnings.waiting_for_calendar(s, "another", 10) == [case_id]
        assert warnings.waiting_for_calendar(s, december.deps.calendar.version, 10) == []
    restart_with(december, of_2027())
    december.ring(case_id)
    counted = december.docket(case_id)
    days = DeadlineRules().correction
    assert counted.due_at == end_of_day(add_working_days(local_day(RECEIVED), days, of_2027()))
    assert counted.due_at > given.due_at
    assert not counted.due_provisional
    fewer = office_calendar(Rulebook(holidays=[date(2027, 10, 1)], workdays=[date(2027, 1, 2), date(2027, 1, 3)]))
    other = december.opened(application(meeting="另一次"))
    december.accepted(december.decide(other, "examine", EXAMINER, "return"))
    assert december.docket(other).due_at == counted.due_at  # published by now: nothing to recount
    restart_with(december, fewer)
    december.ring(other)
    assert december.docket(other).due_at == counted.due_at
