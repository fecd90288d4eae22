"""Quota over the whole region for the supervisors' desk: of now from the accounts, of a day from the journal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select
from sqlmodel import Session

from ledger.tables import ACCOUNT, HOLDER, JOURNAL, UNIT
from models.enums import Resource, UnitKind
from models.overview import Month, QuotaLine, QuotaPage, QuotaUse

HEADCOUNT, POSTS = "headcount", "post"
"""The two classes of resources, by the beginning of their codes."""
LARGEST = 15
HOLDERS_PER_PAGE = 25
_RESOURCES = {resource.value: place for place, resource in enumerate(Resource)}


def of_class(resource: ColumnElement[str], wanted: str) -> ColumnElement[bool]:
    """`wanted`: a resource, or one of the two classes. Named one by one, so that an index may serve."""
    codes = [each.value for each in Resource if wanted in (each.value, each.value.partition(":")[0])]
    return resource.in_(codes)


def _unhelped(column: ColumnElement[str]) -> ColumnElement[str]:
    """A column whose own index would lead through all the years."""
    return func.coalesce(column, "")


def quota_use(
    s: Session, today: date, wanted: str = HEADCOUNT, kind: UnitKind | None = None, limit: int = LARGEST
) -> list[QuotaUse]:
    """The holders that use most of what is authorised to them, the over-quota ones first."""
    used = ACCOUNT.c.occupied + ACCOUNT.c.reserved + ACCOUNT.c.set_aside
    left = ACCOUNT.c.authorised - used
    authorised, taken = func.sum(ACCOUNT.c.authorised), func.sum(used)
    over = func.sum(case((left < 0, -left), else_=0))
    share = case((authorised > 0, taken * 10_000 / func.nullif(authorised, 0)), else_=taken * 1_000_000)
    rows = s.execute(
        select(
            HOLDER.c.id.label("holder"),
            HOLDER.c.name,
            authorised.label("authorised"),
            func.sum(ACCOUNT.c.occupied).label("occupied"),
            func.sum(ACCOUNT.c.reserved).label("reserved"),
            func.sum(ACCOUNT.c.set_aside).label("set_aside"),
            func.sum(case((left > 0, left), else_=0)).label("vacancy"),
            over.label("over"),
        )
        .join(HOLDER, HOLDER.c.id == ACCOUNT.c.holder)
        .where(of_class(ACCOUNT.c.resource, wanted), _stands(HOLDER.c.id, today, kind))
        .group_by(HOLDER.c.id, HOLDER.c.name)
        .having(or_(authorised > 0, taken > 0))
        .order_by(share.desc(), taken.desc(), HOLDER.c.id)
        .limit(limit)
    )
    return [QuotaUse(**{name: _number(value) for name, value in row._mapping.items()}) for row in rows]


def _number(value: Any) -> Any:
    """Sums come as decimals from PostgreSQL."""
    return value if isinstance(value, str) else int(value)


def _stands(holder: ColumnElement[str], day: date, kind: UnitKind | None) -> ColumnElement[bool]:
    """Some unit of the holder stood on that day, of that kind."""
    where = [UNIT.c.holder == holder, or_(UNIT.c.abolished_on.is_(None), UNIT.c.abolished_on > day)]
    if kind is not None:
        where.append(UNIT.c.kind == kind.value)
    return select(literal(1)).where(*where).exists()


def months(s: Session, today: date, number: int = 12) -> list[Month]:
    """Headcount authorised and occupied at the end of each of the last months: from the accounts as they stand,
    backwards by the journal's rows since. Walks the index `journal_by_day` over those months only."""
    ends = [today, *_month_ends(today, number - 1)]
    now = s.execute(
        select(func.sum(ACCOUNT.c.authorised), func.sum(ACCOUNT.c.occupied)).where(
            of_class(ACCOUNT.c.resource, HEADCOUNT)
        )
    ).one()
    moved = s.execute(
        select(JOURNAL.c.effective_on, func.sum(JOURNAL.c.d_authorised), func.sum(JOURNAL.c.d_occupied))
        .where(JOURNAL.c.effective_on > ends[-1], of_class(_unhelped(JOURNAL.c.resource), HEADCOUNT))
        .group_by(JOURNAL.c.effective_on)
    ).all()
    found = []
    for end in ends:
        later = [(int(authorised), int(occupied)) for day, authorised, occupied in moved if day > end]
        authorised = int(now[0] or 0) - sum(each[0] for each in later)
        occupied = int(now[1] or 0) - sum(each[1] for each in later)
        if authorised == occupied == 0:  # the register did not begin before
            break
        found.append(Month(last_day=end, authorised=authorised, occupied=occupied))
    return found[::-1]


def _month_ends(today: date, number: int) -> list[date]:
    """The last days of the months before this one, the nearest first."""
    ends, end = [], today
    for _ in range(number):
        end = end.replace(day=1) - timedelta(days=1)
        ends.append(end)
    return ends


# --- as of a day -------------------------------------------------------------------------------------------------


def quota_as_of(
    s: Session,
    day: date,
    *,
    kind: UnitKind | None = None,
    name: str = "",
    after: str = "",
    limit: int | None = HOLDERS_PER_PAGE,
) -> QuotaPage:
    """Every account of the holders behind `after`, rebuilt from the rows effective on or before `day`
    (`ledger.balances`, rule 8). `limit` counts holders; None is all of them, for an export."""
    where = [_stands(HOLDER.c.id, day, kind)]
    if name:
        where.append(_named(name))
    counted = s.execute(select(func.count()).select_from(HOLDER).where(*where)).scalar_one()
    holders = select(HOLDER.c.id).where(*where, HOLDER.c.id > after).order_by(HOLDER.c.id)
    if limit is None:
        return QuotaPage(as_of=day, lines=_lines(s, day, holders.order_by(None)), holders=counted)
    ids = s.execute(holders.limit(limit + 1)).scalars().all()
    following = ids[limit - 1] if len(ids) > limit else None
    lines = _lines(s, day, ids[:limit])
    return QuotaPage(as_of=day, lines=lines, holders=counted, following=following)


def _named(name: str) -> ColumnElement[bool]:
    of_unit = select(UNIT.c.holder).where(UNIT.c.name.contains(name, autoescape=True))
    return or_(HOLDER.c.name.contains(name, autoescape=True), HOLDER.c.id.in_(of_unit))


def _lines(s: Session, day: date, holders: Sequence[str] | Select[Any]) -> list[QuotaLine]:
    first = select(func.min(UNIT.c.kind)).where(UNIT.c.holder == HOLDER.c.id, UNIT.c.code == HOLDER.c.id)
    any_kind = select(func.min(UNIT.c.kind)).where(UNIT.c.holder == HOLDER.c.id)
    rows = s.execute(
        select(
            HOLDER.c.id,
            HOLDER.c.name,
            func.coalesce(first.scalar_subquery(), any_kind.scalar_subquery()).label("kind"),
            ACCOUNT.c.resource,
            func.sum(JOURNAL.c.d_authorised).label("authorised"),
            func.sum(JOURNAL.c.d_occupied).label("occupied"),
            func.sum(JOURNAL.c.d_reserved).label("reserved"),
            func.sum(JOURNAL.c.d_set_aside).label("set_aside"),
        )
        .join(ACCOUNT, ACCOUNT.c.holder == HOLDER.c.id)
        .join(JOURNAL, and_(JOURNAL.c.account == ACCOUNT.c.id, JOURNAL.c.effective_on <= day))
        .where(HOLDER.c.id.in_(holders))
        .group_by(HOLDER.c.id, HOLDER.c.name, ACCOUNT.c.resource)
    )
    found = [
        QuotaLine(
            holder=row.id,
            name=row.name,
            kind=UnitKind(row.kind),
            resource=Resource(row.resource),
            authorised=int(row.authorised),
            occupied=int(row.occupied),
            reserved=int(row.reserved),
            set_aside=int(row.set_aside),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (each.holder, _RESOURCES[each.resource.value]))
