"""A year of numbers ends at midnight of Asia/Shanghai: by the moment of the decision, on whatever machine it is
handled, and a retry after midnight keeps the number of before."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlmodel import Session, select

from activities import paper
from activities.turn import Turn
from docket import cases, commands
from models.decisions import Handle
from models.documents import DocumentContext
from models.enums import CommandKind, DocumentKind
from models.register import Record, Series
from records import register
from records.render import Renderer, TemplateFault
from records.verify import verify_records
from tests.support.office import EXAMINER, ISSUER, Office, application
from tests.support.papers import records_of
from tests.support.temporal import Court, court

LAST = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)
"""2026-12-31 23:59:59 in Shanghai."""
FIRST = datetime(2026, 12, 31, 16, 0, 0, tzinfo=UTC)
"""2027-01-01 00:00:00 in Shanghai."""


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, url=url)
    yield made
    made.database.close()


@pytest.fixture(params=["Asia/Shanghai", "UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A machine whose clock is set to another part of the world."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def waiting_for_the_slip(office: Office, at: datetime, meeting: str) -> str:
    office.now = at
    case_id = office.opened(application(meeting=meeting))
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    return case_id


def numbers(office: Office, case_id: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in records_of(office, case_id):
        found.setdefault(row.kind, []).append(row.number)
    return found


def slip_of(office: Office, case_id: str) -> Record:
    [found] = [row for row in records_of(office, case_id) if row.kind == "verification_slip"]
    return found


def lasts(office: Office) -> dict[tuple[str, int], int]:
    with office.database.read() as s:
        return {(row.name, row.year): row.last for row in s.exec(select(Series)) if not row.name.startswith("#")}


def test_the_second_before_midnight_is_the_old_year_and_midnight_the_new(office: Office, machine: str) -> None:
    noon = LAST - timedelta(hours=8)
    old, new = (waiting_for_the_slip(office, noon, meeting) for meeting in "甲乙")
    office.now = LAST
    office.accepted(office.decide(old, "issue", ISSUER))
    office.now = FIRST
    office.accepted(office.decide(new, "issue", ISSUER))
    before, after = slip_of(office, old), slip_of(office, new)
    assert (before.number, before.issued_on) == ("示编核〔2026〕1号", date(2026, 12, 31))
    assert (after.number, after.issued_on) == ("示编核〔2027〕1号", date(2027, 1, 1))
    with office.database.read() as s:
        said = [register.context_of(s, row).issued_on for row in (before, after)]
        assert verify_records(s, office.store) == []
    assert said == ["2026年12月31日", "2027年1月1日"]
    assert before.chain_seq == after.chain_seq == 1  # each year is a chain of its own


def test_every_series_begins_anew_and_none_has_a_gap(office: Office, machine: str) -> None:
    """Acceptances and slips on both sides of midnight, in turns: two series, each of two years."""
    held = [waiting_for_the_slip(office, LAST - timedelta(hours=1), f"旧{n}") for n in range(3)]
    for place, moment in enumerate((LAST - timedelta(seconds=1), LAST, FIRST)):
        office.now = moment
        office.accepted(office.decide(held[place], "issue", ISSUER))
    for n, moment in enumerate((LAST, FIRST, FIRST + timedelta(seconds=1))):
        office.now = moment
        office.opened(application(meeting=f"新{n}"))
    assert [slip_of(office, case_id).number for case_id in held] == [
        "示编核〔2026〕1号",
        "示编核〔2026〕2号",
        "示编核〔2027〕1号",
    ]
    assert lasts(office) == {("示编核", 2026): 2, ("示编核", 2027): 1, ("示编受", 2026): 4, ("示编受", 2027): 2}
    with office.database.read() as s:
        assert register.gaps(s) == []


def test_a_decision_of_before_midnight_that_is_delivered_again_afterwards_keeps_its_number(office: Office) -> None:
    """The worker died after its commit: the second delivery comes in the new year."""
    case_id = waiting_for_the_slip(office, LAST, "甲")
    command = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "issue"), ISSUER)
    with office.database.read() as s:
        row = commands.opened(s, command)
    assert row is not None
    for moment in (LAST, FIRST + timedelta(hours=1), FIRST + timedelta(days=1)):
        order = Handle(case_id=case_id, name=row.kind.value, decision_id=row.id, body=row.body, at=moment)
        desk = office.activities.handle_command(order)
        assert desk.receipt is not None
        assert desk.receipt.status == "accepted"
    assert slip_of(office, case_id).number == "示编核〔2026〕1号"
    assert ("示编核", 2027) not in lasts(office)


def test_a_document_that_is_made_in_the_new_year_keeps_number_and_date_of_the_old(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbered before midnight, rendered and filed after it."""

    def broken(*_: object) -> bytes:
        raise TemplateFault("verification_slip.docx: 模板缺失 · template is missing")

    case_id = waiting_for_the_slip(office, LAST, "甲")
    with monkeypatch.context() as patch:
        patch.setattr(Renderer, "render", broken)
        office.accepted(office.decide(case_id, "issue", ISSUER))
    parked = slip_of(office, case_id)
    assert (parked.number, parked.digest) == ("示编核〔2026〕1号", None)
    office.now = FIRST + timedelta(minutes=5)
    assert office.ring(case_id).documents_pending == 0
    filed = slip_of(office, case_id)
    assert (filed.number, filed.issued_on, filed.filed_at) == (parked.number, date(2026, 12, 31), office.now)


def test_one_draft_is_one_number_on_both_sides_of_midnight(office: Office) -> None:
    """The identity of a document does not hold its day: what a second turn would number in the new year is found."""
    case_id = waiting_for_the_slip(office, LAST, "甲")
    office.accepted(office.decide(case_id, "issue", ISSUER))
    first = slip_of(office, case_id)
    with office.database.write() as s:
        again = paper.issue(
            _turn(office, s, case_id, FIRST),
            DocumentKind.VERIFICATION_SLIP,
            first.title,
            first.step,
            first.subject,
            {},
            _not_asked,
        )
    assert (again.id, again.number) == (first.id, first.number)
    assert ("示编核", 2027) not in lasts(office)


def _turn(office: Office, s: Session, case_id: str, at: datetime) -> Turn:
    case = cases.load(s, case_id)
    assert case is not None
    return Turn(s, office.deps, at, case)


def _not_asked(_base: paper.Base) -> DocumentContext:
    raise AssertionError("a context was frozen a second time")


# --- as a workflow -----------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def at_court(tmp_path: Path) -> AsyncIterator[Court]:
    made = Office(tmp_path)
    async with court(made) as open_court:
        yield open_court
    made.database.close()


async def test_a_workflow_numbers_by_its_own_clock_in_shanghai(at_court: Court) -> None:
    """Time is skipped to the last minute of the year: one case issues before, one after midnight."""
    started = await at_court.env.get_current_time()
    year = started.astimezone(UTC).year
    midnight = datetime(year, 12, 31, 16, 0, tzinfo=UTC)
    if midnight - started < timedelta(minutes=2):
        year, midnight = year + 1, datetime(year + 1, 12, 31, 16, 0, tzinfo=UTC)
    await at_court.env.sleep(midnight - started - timedelta(minutes=1))
    old = await at_court.apply(application(meeting="甲"))
    at_court.office.accepted(await at_court.decide(old, "examine", EXAMINER))
    at_court.office.accepted(await at_court.decide(old, "issue", ISSUER))
    now = await at_court.env.get_current_time()
    assert now < midnight
    await at_court.env.sleep(midnight - now)
    new = await at_court.apply(application(meeting="乙"))
    at_court.office.accepted(await at_court.decide(new, "examine", EXAMINER))
    at_court.office.accepted(await at_court.decide(new, "issue", ISSUER))
    assert slip_of(at_court.office, old).number == f"示编核〔{year}〕1号"
    assert slip_of(at_court.office, new).number == f"示编核〔{year + 1}〕1号"
    assert numbers(at_court.office, new)["acceptance_notice"] == [f"示编受〔{year + 1}〕1号"]
