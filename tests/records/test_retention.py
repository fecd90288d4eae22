"""What is due, what is not and why, and holds that stop it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from models.disposals import LiftHold, NewHold
from models.enums import DocumentKind, RetentionBar
from models.refusals import Refusal, RefusalCode
from models.register import Case, Record
from records import holds, register, retention
from tests.support.disposals import (
    LATER,
    TODAY,
    destroyed,
    held,
    lifted,
    proposed,
    refused_case,
    short_lived,
)
from tests.support.office import APPLICANT, HEAD, REGISTRAR, SUPERVISOR, Office

ACCEPTED = DocumentKind.ACCEPTANCE_NOTICE


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, url=url)
    yield made
    made.database.close()


def listed(office: Office, day: date = TODAY, *, everything: bool = False) -> dict[str, RetentionBar | None]:
    with office.database.read() as s:
        page = retention.page(s, day, kind=None, everything=everything, cursor=None, limit=100)
    return {row.number: row.bar for row in page.items}


def test_a_record_is_due_on_the_first_of_january_after_its_last_year(office: Office) -> None:
    refused_case(office)
    (paper,) = short_lived(office)
    assert listed(office, date(2036, 12, 31)) == {}
    assert listed(office, date(2037, 1, 1)) == {paper.number: None}
    with office.database.read() as s:
        told = register.get(s, paper.id)
    assert told is not None
    assert told.retention_until == date(2036, 12, 31)


def test_a_record_of_an_open_case_is_never_due(office: Office) -> None:
    office.opened()
    (paper,) = short_lived(office)
    assert listed(office, date(2199, 1, 1)) == {}
    assert listed(office, date(2199, 1, 1), everything=True)[paper.number] is RetentionBar.OPEN_CASE


def test_a_case_counts_from_the_year_in_which_it_ended_in_beijing(office: Office) -> None:
    """31 December 2026 at 16:30 UTC is 2027 in Beijing."""
    case_id = refused_case(office)
    with office.database.write() as s:
        case = s.get(Case, case_id)
        assert case is not None
        case.closed_at = LATER.replace(year=2026, month=12, day=31, hour=16, minute=30)
        s.add(case)
    assert listed(office, date(2037, 12, 31)) == {}
    assert len(listed(office, date(2038, 1, 1))) == 1


def test_a_record_whose_case_is_unknown_is_never_due(office: Office) -> None:
    refused_case(office)
    (paper,) = short_lived(office)
    with office.database.write() as s:
        row = s.get(Record, paper.id)
        assert row is not None
        row.case_id = "lost"
        s.add(row)
    assert paper.number not in listed(office, date(2199, 1, 1))


def test_every_record_is_told_why_it_cannot_go(office: Office) -> None:
    for _ in range(3):
        refused_case(office)
    office.now = LATER
    first, second, third = short_lived(office)
    held(office, first.id)
    view = proposed(office)
    assert {item.record_id for item in view.items} == {second.id, third.id}
    bars = listed(office, everything=True)
    assert (bars[first.number], bars[second.number]) == (RetentionBar.HELD, RetentionBar.LISTED)
    assert RetentionBar.NOT_DUE in bars.values()
    with office.database.read() as s:
        page = retention.page(s, TODAY, kind=None, everything=True, cursor=None, limit=100)
    assert {row.listed_in for row in page.items if row.bar is RetentionBar.LISTED} == {view.no}


def test_permanent_records_are_never_due(office: Office) -> None:
    case_id = office.opened()
    office.issued(case_id)
    bars = listed(office, date(2199, 1, 1), everything=True)
    assert RetentionBar.PERMANENT in bars.values()
    assert not any(bar is RetentionBar.PERMANENT for bar in listed(office, date(2199, 1, 1)).values())


def test_the_list_is_paged_without_a_gap_or_a_double(office: Office) -> None:
    for _ in range(7):
        refused_case(office)
    seen: list[str] = []
    cursor = None
    with office.database.read() as s:
        while True:
            page = retention.page(s, TODAY, kind=ACCEPTED, everything=False, cursor=cursor, limit=3)
            seen += [row.record_id for row in page.items]
            cursor = page.next
            if cursor is None:
                break
        whole = retention.page(s, TODAY, kind=None, everything=False, cursor=None, limit=100)
    assert seen == [row.record_id for row in whole.items]
    assert len(set(seen)) == 7


@pytest.mark.parametrize("cursor", ["~", "2026-03-02", "2026-02-30~a", "x~y"])
def test_a_cursor_that_is_none_is_refused(office: Office, cursor: str) -> None:
    with office.database.read() as s, pytest.raises(ValueError, match=r".*"):
        retention.page(s, TODAY, kind=None, everything=False, cursor=cursor, limit=3)


# --- holds --------------------------------------------------------------------------------------------------------


def test_a_hold_on_a_case_covers_all_its_records_and_no_other(office: Office) -> None:
    mine, _other = refused_case(office), refused_case(office)
    first, second = short_lived(office)
    assert first.case_id == mine
    hold = held(office, first.id, case=True)
    assert (hold.record_id, hold.case_id, hold.standing) == (None, mine, True)
    with office.database.read() as s:
        assert {view.held for view in register.of_case(s, mine)} == {True}
        told = register.get(s, second.id)
    assert told is not None
    assert not told.held
    assert listed(office) == {first.number: RetentionBar.HELD, second.number: None}
    lifted(office, hold.id)
    assert listed(office) == {first.number: None, second.number: None}


def test_two_holds_hold_until_both_are_lifted(office: Office) -> None:
    refused_case(office)
    (paper,) = short_lived(office)
    one, two = held(office, paper.id), held(office, paper.id, case=True)
    lifted(office, one.id)
    assert listed(office) == {paper.number: RetentionBar.HELD}
    with office.database.read() as s:
        assert [hold.id for hold in holds.on_record(s, paper.id)] == [two.id]
    lifted(office, two.id)
    assert listed(office) == {paper.number: None}


def test_the_same_hold_sent_twice_is_one(office: Office) -> None:
    refused_case(office)
    (paper,) = short_lived(office)
    wanted = NewHold(reason="诉讼", basis="（2036）示行初字第5号")
    answers = []
    for body in (wanted, wanted, NewHold(reason="另一原因", basis="无")):
        with office.database.write() as s:
            answers.append(holds.place(s, paper.id, body, REGISTRAR, "one-key", office.now))
    assert answers[0] == answers[1]
    assert isinstance(answers[2], Refusal)
    assert answers[2].code is RefusalCode.KEY_REUSED


def test_a_hold_keeps_who_placed_and_who_lifted_it(office: Office) -> None:
    refused_case(office)
    (paper,) = short_lived(office)
    hold = held(office, paper.id)
    with office.database.write() as s:
        own = holds.lift(s, hold.id, LiftHold(reason="算了"), REGISTRAR, office.now)
    assert isinstance(own, Refusal)
    done = lifted(office, hold.id)
    assert (done.placed_by_name, done.lifted_by_name, done.lifted_reason) == (REGISTRAR.name, HEAD.name, "巡察结束")
    assert lifted(office, hold.id) == done
    with office.database.write() as s:
        again = holds.lift(s, hold.id, LiftHold(reason="另一说法"), HEAD, office.now)
        assert isinstance(again, Refusal)
        assert again.code is RefusalCode.ALREADY_DECIDED
        assert holds.lift(s, "0" * 32, LiftHold(reason="没有"), HEAD, office.now) is None


@pytest.mark.parametrize("officer", [APPLICANT, SUPERVISOR])
def test_others_place_no_hold(office: Office, officer: object) -> None:
    refused_case(office)
    (paper,) = short_lived(office)
    with office.database.write() as s:
        refused = holds.place(s, paper.id, NewHold(reason="要用", basis="无"), officer, "k", office.now)  # type: ignore[arg-type]
    assert isinstance(refused, Refusal)
    assert listed(office) == {paper.number: None}


def test_what_is_destroyed_can_no_longer_be_held(office: Office) -> None:
    case_id = refused_case(office)
    (paper,) = short_lived(office)
    office.now = LATER
    destroyed(office)
    with office.database.write() as s:
        refused = holds.place(s, paper.id, NewHold(reason="要用", basis="无"), REGISTRAR, "k", office.now)
    assert isinstance(refused, Refusal)
    assert refused.code is RefusalCode.RECORD_DISPOSED
    hold = held(office, paper.id, case=True)  # the refusal of 30 years is still there to be held
    assert hold.case_id == case_id


def test_holds_are_paged_and_narrowed(office: Office) -> None:
    refused_case(office)
    (paper,) = short_lived(office)
    placed = []
    for _ in range(5):
        placed.append(held(office, paper.id).id)
        office.later(minutes=1)
    lifted(office, placed[0])
    with office.database.read() as s:
        first = holds.page(s, standing=True, cursor=None, limit=3)
        rest = holds.page(s, standing=True, cursor=first.next, limit=3)
        gone = holds.page(s, standing=False, cursor=None, limit=3)
        assert len(holds.page(s, standing=None, cursor=None, limit=10).items) == 5
    assert [hold.id for hold in [*first.items, *rest.items]] == placed[:0:-1]
    assert [hold.id for hold in gone.items] == [placed[0]]
