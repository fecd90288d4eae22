"""The numbers in the concept pages are computed, not remembered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

from sqlmodel import Session

from activities.calendar import office_calendar
from ledger import balances, occupancy, postings
from models.enums import EntryKind, ExitReason, Resource, SlipState
from models.ledger import Posting
from models.refusals import Refusal, RefusalCode
from models.rulebook import Rulebook
from rules.deadlines import SHANGHAI, local_day, slip_valid_until, terms
from rules.steps import STAFFING_UP
from tests.docs import pages
from tests.docs.pages import DOCS
from tests.support.ledger import BASIS, UNIT, cause, make_database, person, refused, seed_unit, slots
from tests.support.ledger import terms as slip_terms

TIME, LEDGER, WHO = (DOCS / "concepts" / f"{name}.md" for name in ("time", "the-ledger", "who-decides"))
STAFF = Resource.ADMINISTRATIVE


def received(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(10), SHANGHAI)


def test_the_working_days_are_those_of_the_calendar() -> None:
    rulebook = Rulebook()
    calendar = office_calendar(rulebook)
    for opened, days, due, _why in pages.rows(TIME, "## 工作日 · Working days"):
        found = terms(received(opened), int(days), calendar, rulebook.deadlines)
        assert (opened, local_day(found.due_at).isoformat(), found.provisional) == (opened, due, False)


def test_a_year_that_is_not_published_is_provisional() -> None:
    rulebook = Rulebook()
    calendar = office_calendar(rulebook)
    assert terms(received(f"{max(calendar.published) + 1}-03-02"), 5, calendar, rulebook.deadlines).provisional


def test_the_validity_of_slips_is_as_shown() -> None:
    for issued, until in pages.rows(TIME, "## 核定单有效期 · Validity of a slip"):
        assert local_day(slip_valid_until(received(issued), Rulebook().slip)).isoformat() == until


def test_the_worked_table_of_the_ledger_is_what_the_ledger_does(tmp_path: Path) -> None:
    database = make_database(tmp_path)
    with database.write() as s:
        seed_unit(s)
    acts: list[Callable[[Session], Posting | Refusal]] = [
        lambda s: postings.authorise(s, UNIT, STAFF, 3, cause("a", basis=BASIS)),
        lambda s: postings.reserve(s, UNIT, slots(("N1", STAFF), ("N2", STAFF)), slip_terms(), cause("b")),
        lambda s: postings.reserve(s, UNIT, slots(("N3", STAFF), ("N4", STAFF)), slip_terms("slip-2"), cause("c")),
        lambda s: postings.post(s, ["N1"], person(), cause("b", "enter", subject="N1")),
        lambda s: postings.release(s, "slip-1", ["N2"], cause("b", "expire"), SlipState.EXPIRED),
        lambda s: postings.set_aside(s, UNIT, STAFF, 1, cause("d")),
        lambda s: postings.leave(s, UNIT, occupant(s), "headcount", ExitReason.TRANSFER, cause("e")),
    ]
    rows = pages.rows(LEDGER, "## 一个例子 · A worked example")
    for act, row in zip(acts, rows, strict=True):
        with database.write() as s:
            answer = act(s)
        kind, _, number = row[0].partition(" ")
        if number.endswith("✗"):
            assert refused(answer).code is RefusalCode.NO_VACANCY
        else:
            assert isinstance(answer, Posting), row
            assert {each.kind for each in answer.rows} == {EntryKind(kind)}
        with database.read() as s:
            now = balances.account_balances(s, UNIT, [STAFF])[STAFF]
        shown = [now.authorised, now.occupied, now.reserved, now.set_aside, now.vacancy]
        assert [int(cell) for cell in row[2:]] == shown, row[0]
    database.close()


def occupant(s: Session) -> str:
    [row], _ = occupancy.roster(s, UNIT)
    return row.person_ref


def test_the_page_names_every_step_and_its_role() -> None:
    shown = " ".join(" ".join(row) for row in pages.rows(WHO, "## 部门与环节 · Departments and steps"))
    for code, rule in STAFFING_UP.items():
        assert code in shown
        assert all(role.label in shown for role in rule.roles)
