"""Who left before the unit was merged is removed after it, with the true day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import select

from activities import removing_staff
from ledger import balances, occupancy
from ledger.verify import verify
from models.decisions import Resubmission
from models.enums import CommandKind, DocumentKind, Resource, State
from models.refusals import RefusalCode
from models.register import Occupancy
from rules.deadlines import local_day
from tests.change import acts as change
from tests.support.office import PERSONNEL, RESEARCH, SERVICES, Office

from .leaving import gone, leaver, papers, ref, removal

FULL = Resource.INSTITUTION_FULL
LEFT = date(2026, 3, 5)


def merged(office: Office) -> date:
    """The service centre into the bureau; the day of it."""
    change.both_mixed(office)
    office.later(days=10)
    change.in_force(office, change.merged(SERVICES))
    return local_day(office.now)


def counted(office: Office, day: date, unit: str = RESEARCH) -> int:
    with office.database.read() as s:
        return sum(b.occupied for b in balances.balances(s, unit, day) if b.resource is FULL)


def test_who_left_before_the_merger_is_removed_after_it_with_the_true_day(office: Office) -> None:
    day = merged(office)
    office.later(days=1)
    case_id = office.opened(removal(leaver(office, 200, on=LEFT)))
    assert office.docket(case_id).state is State.IN_PROGRESS
    gone(office, case_id, by=PERSONNEL)
    assert office.numbers()[FULL][0] == 3
    assert [counted(office, day - timedelta(days=n)) for n in (0, 1)] == [3, 0]
    assert counted(office, day - timedelta(days=1), SERVICES) == 4
    assert "2026年3月5日" in str(papers(office, DocumentKind.EXIT_NOTICE))
    with office.database.read() as s:
        report = verify(s)
        assert (report.difference, report.faults) == (0, [])
        [seat] = s.exec(select(Occupancy).where(Occupancy.unit == RESEARCH, Occupancy.exit_reason == "retirement"))
        assert (seat.entered_on, seat.left_on) == (day, day)


def test_a_day_before_the_first_entry_is_still_too_early(office: Office) -> None:
    merged(office)
    case_id = office.opened(removal(leaver(office, 200, on=date(2015, 6, 30))))
    [failed] = [c for c in office.docket(case_id).checks if not c.passed]
    assert failed.code == RefusalCode.LEDGER_CONFLICT
    body = Resubmission(application=removal(leaver(office, 200, on=LEFT)))
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, body, change.applicant_of(RESEARCH)))


def test_a_seat_goes_back_through_the_merger_to_its_entry(office: Office) -> None:
    merged(office)
    office.later(days=1)
    with office.database.read() as s:
        [seat] = occupancy.seats_of(s, ref(office, 200))
        [other] = occupancy.seats_of(s, ref(office, 0))
    assert (seat.unit, seat.since) == (RESEARCH, date(2015, 7, 1))
    assert other.since is None


def test_the_form_is_checked_behind_the_lock_that_a_merger_takes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def noted(name: str) -> None:
        real = getattr(removing_staff, name)

        def call(*given: object) -> object:
            done.append(name)
            return real(*given)

        monkeypatch.setattr(removing_staff, name, call)

    for name in ("hold_units", "hold", "seats_of"):
        noted(name)
    case_id = office.opened(removal(leaver(office)))
    assert office.docket(case_id).state is State.IN_PROGRESS
    assert done[:3] == ["hold_units", "hold", "seats_of"]
