"""What a reconciliation reads of the ledger: its tables against each other and against the cases that wrote them.

Chains are not recomputed here: that is `ledger.verify`, and takes as long as the ledger is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlmodel import Session

from ledger import log
from ledger.tables import ACCOUNT, JOURNAL, RECORD, SLIP, SLOT
from ledger.verify import agreement, place
from models.enums import EntryKind, SlotState, State
from models.reconciliation import Difference, DifferenceKind
from models.register import Case, table_of

LOG_PATIENCE = timedelta(days=2)
"""The log is appended to every night; one night may be missed (a server that was off)."""

_OPENING = "opening"
"""Step of the rows of an opening: they belong to the file that was imported, not to a case."""

_case = table_of(Case)
_FINAL = [state.value for state in State if state.final]

_ROWS_WITHOUT_CASE = (
    select(JOURNAL.c.holder, JOURNAL.c.seq, JOURNAL.c.recorded_at)
    .outerjoin(_case, _case.c.id == JOURNAL.c.case_id)
    .where(_case.c.id.is_(None), JOURNAL.c.step != _OPENING)
    .order_by(JOURNAL.c.holder, JOURNAL.c.seq)
)
_OPEN_SLOTS = (
    select(SLOT.c.code, _case.c.id, _case.c.no, _case.c.closed_at)
    .join(SLIP, SLIP.c.id == SLOT.c.slip_id)
    .join(_case, _case.c.id == SLIP.c.case_id)
    .where(SLOT.c.state == SlotState.OPEN.value, _case.c.state.in_(_FINAL))
    .order_by(SLOT.c.code)
)
_ENTERING = (EntryKind.POST.value, EntryKind.TRANSFER_IN.value)
_KINDS = {SlotState.USED.value: _ENTERING, SlotState.RELEASED.value: (EntryKind.RELEASE.value, EntryKind.COUNTER.value)}
_SETTLED = exists().where(JOURNAL.c.key == SLOT.c.settled_by)
_UNSETTLED = [
    select(SLOT.c.code, SLOT.c.state)
    .where(SLOT.c.state == state, ~_SETTLED.where(JOURNAL.c.kind.in_(kinds)))
    .order_by(SLOT.c.code)
    for state, kinds in _KINDS.items()
]


def differences(s: Session, at: datetime) -> Iterator[Difference]:
    """Everything in which the ledger's tables disagree, located by account, row, slot or case number."""
    yield from (Difference(kind=DifferenceKind.BALANCE, where=fault.where, detail=fault.what) for fault in agreement(s))
    connection = s.connection()
    for row in connection.execute(_ROWS_WITHOUT_CASE):
        where = place(row.holder, row.seq)
        yield Difference(kind=DifferenceKind.ROW_WITHOUT_CASE, where=where, since=row.recorded_at)
    for code, case_id, number, closed_at in connection.execute(_OPEN_SLOTS):
        yield Difference(kind=DifferenceKind.OPEN_SLOT, where=number, case_id=case_id, since=closed_at, detail=code)
    for query in _UNSETTLED:
        for code, state in connection.execute(query):
            detail = f"状态为{SlotState(state).label}，没有相应的台账行 · no journal row says so"
            yield Difference(kind=DifferenceKind.SLOT_UNLIKE_LEDGER, where=code, detail=detail)
    yield from log_behind(s, at)


def log_behind(s: Session, at: datetime) -> Iterator[Difference]:
    """Rows that have waited for the log longer than two nights."""
    head = log.head(s) if log.kept(s) else None
    logged_at = head.at if head is not None and head.size else None
    connection = s.connection()
    for table, moment in ((JOURNAL, JOURNAL.c.recorded_at), (RECORD, RECORD.c.filed_at)):
        waiting = select(func.min(moment)).select_from(table).where(moment.is_not(None))
        if logged_at is not None:
            waiting = waiting.where(moment > logged_at)
        oldest: datetime | None = connection.execute(waiting).scalar_one()
        if oldest is not None and at - oldest > LOG_PATIENCE:
            yield Difference(kind=DifferenceKind.LOG_BEHIND, where="dingbian-log", since=oldest)
            return


def sizes(s: Session) -> dict[str, int]:
    """How much was compared."""
    connection = s.connection()
    count = func.count()
    return {
        name: connection.execute(select(count).select_from(table)).scalar_one()
        for name, table in (("accounts", ACCOUNT), ("slots", SLOT), ("records", RECORD))
    }
