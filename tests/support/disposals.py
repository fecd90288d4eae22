"""A disposal as an office goes through it: cases of long ago, and everybody's step."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

from sqlmodel import col, select

from activities import disposing
from models.archives import DisposalItem
from models.decisions import Officer
from models.disposals import DisposalDecision, DisposalView, HoldView, LiftHold, NewDisposal, NewHold, Strike
from models.enums import DocumentKind, Retention, Verdict
from models.refusals import Refusal
from models.register import Record
from records import disposal, holds
from tests.support.office import EXAMINER, HEAD, INSPECTOR, REGISTRAR, Office
from tests.support.originals import copied

T = TypeVar("T")
LATER = datetime(2037, 1, 5, 1, 0, tzinfo=UTC)
"""A Monday of the year after the ten-year papers of 2026 have served their time."""
TODAY = date(2037, 1, 5)
_KEYS = itertools.count(1)


def refused_case(office: Office) -> str:
    """A case that ended in 2026 with an acceptance notice (10 years) and a refusal (30 years)."""
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject", opinion="本年度不再安排"))
    return case_id


def with_old_papers(folder: Path, url: str) -> None:
    """An office with three cases that ended so (support/originals.py)."""
    office = Office(folder, url=url)
    for _ in range(3):
        refused_case(office)
    office.database.close()


@contextmanager
def old_office(engine: str, folder: Path) -> Iterator[Office]:
    """In 2037, with three ten-year papers of 2026, their cases long ended: a copy, with its store beside it."""
    with copied(with_old_papers, engine, folder) as url:
        office = Office(folder, url=url, now=LATER)
        yield office
        office.database.close()


def short_lived(office: Office) -> list[Record]:
    """The ten-year papers, in order of number."""
    with office.database.read() as s:
        wanted = select(Record).where(Record.retention == Retention.YEARS_10.value)
        return list(s.exec(wanted.order_by(col(Record.series), col(Record.year), col(Record.seq))))


def done(answer: T | Refusal | None) -> T:
    """The answer of a step that is to be taken."""
    assert answer is not None
    assert not isinstance(answer, Refusal), answer
    return answer


def proposed(
    office: Office, by: Officer = REGISTRAR, due_before: date = TODAY, kind: DocumentKind | None = None
) -> DisposalView:
    wanted = NewDisposal(due_before=due_before, reason="期限届满，没有继续保存的价值", kind=kind)
    with office.database.write() as s:
        return done(disposal.propose(s, wanted, by, f"propose-{next(_KEYS)}", office.now))


def decided(office: Office, identity: str, verdict: Verdict = Verdict.APPROVE, by: Officer = HEAD) -> DisposalView:
    said = DisposalDecision(
        verdict=Verdict.APPROVE if verdict is Verdict.APPROVE else Verdict.REJECT,
        opinion="同意按清册销毁" if verdict is Verdict.APPROVE else "再留五年",
        reference_no="示编办纪〔2037〕1号" if verdict is Verdict.APPROVE else "",
    )
    with office.database.write() as s:
        return done(disposal.decide(s, identity, said, by, office.now))


def executed(office: Office, identity: str, by: Officer = EXAMINER) -> DisposalView:
    with office.database.write() as s:
        return done(disposal.execute(s, identity, by, office.now))


def ready(office: Office) -> DisposalView:
    """Proposed, approved, and waiting for the witness."""
    view = proposed(office)
    decided(office, view.id)
    return executed(office, view.id)


def witnessed(office: Office, identity: str, by: Officer = INSPECTOR) -> DisposalView:
    return done(disposing.witnessed(office.deps, identity, by, office.now))


def destroyed(office: Office) -> DisposalView:
    """The whole way."""
    return witnessed(office, ready(office).id)


def struck(office: Office, identity: str, record_id: str, by: Officer = REGISTRAR) -> DisposalView:
    with office.database.write() as s:
        return done(disposal.strike(s, identity, Strike(record_id=record_id, reason="仍有参考价值"), by, office.now))


def held(office: Office, record_id: str, *, case: bool = False, by: Officer = REGISTRAR) -> HoldView:
    wanted = NewHold(scope="case" if case else "record", reason="巡察组调阅", basis="示巡函〔2036〕3号")
    with office.database.write() as s:
        return done(holds.place(s, record_id, wanted, by, f"hold-{next(_KEYS)}", office.now))


def lifted(office: Office, identity: str, by: Officer = HEAD) -> HoldView:
    with office.database.write() as s:
        return done(holds.lift(s, identity, LiftHold(reason="巡察结束"), by, office.now))


def items(office: Office, identity: str) -> list[DisposalItem]:
    with office.database.read() as s:
        wanted = select(DisposalItem).where(DisposalItem.disposal == identity)
        return list(s.exec(wanted.order_by(col(DisposalItem.record_id))))
