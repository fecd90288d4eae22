"""《机构编制管理证》 on request: the facts of a day with the numbered pages issued by then, and their booklet as text.

The extract has no number: it is read from the register again at any time, while a number says that something happened
(docs/decisions/0038). What it prints is checked against the chain by its sequence and head, and against the facts by
its address.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, select
from sqlmodel import Session

from ledger import certificate, log
from models.booklet import BodyRow, PageRow, QuotaRow
from models.certificate import (
    CertificateFacts,
    CertifiedBalance,
    CertifiedPerson,
    CertifiedUnit,
    IssuedPage,
    QuotaEvent,
    UnitEvent,
)
from models.documents import BalanceLine, CertificateBookletContext, CertificateRow, EventRow, Seal
from models.enums import ChangeKind, DocumentKind, EntryKind, RecordState, UnitKind
from models.proofs import LogHead
from models.register import Record, table_of
from rules.deadlines import SHANGHAI, chinese_date, end_of_day

NONE = "无"
ORGANS = frozenset({UnitKind.ORGAN, UnitKind.MIXED})
"""Whose certificate is red; institutions, those run like the civil service among them, have a blue one."""

_RECORD = table_of(Record)
_PAGES = (
    select(_RECORD.c.number, _RECORD.c.issued_on, _RECORD.c.code, _RECORD.c.state, _RECORD.c.title)
    .where(
        _RECORD.c.unit == bindparam("of_unit"),
        _RECORD.c.kind == DocumentKind.CERTIFICATE.value,
        _RECORD.c.issued_on <= bindparam("day"),
    )
    .order_by(_RECORD.c.year, _RECORD.c.seq)
)
_FIELD = {"name": "名称", "rank": "规格", "parent": "主管部门", "other_names": "加挂牌子", "abolished_on": "撤并"}


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes the extract, when, and where its facts are read again."""

    issuer: str
    public_url: str
    made_on: date
    made_by: str


def facts(s: Session, unit: str, as_of: date) -> CertificateFacts | None:
    """The extract of the unit at the end of `as_of`; None for an unknown unit or a day before its chain begins."""
    found = certificate.extract(s, unit, as_of)
    if found is None:
        return None
    rows = s.connection().execute(_PAGES, {"of_unit": unit, "day": as_of})
    pages = [
        IssuedPage(
            number=row.number,
            issued_on=row.issued_on,
            code=row.code,
            state=RecordState(row.state),
            title=row.title,
        )
        for row in rows
    ]
    return found.model_copy(update={"pages": pages, "log": log.head(s, by=end_of_day(as_of))})


def context(found: CertificateFacts, maker: Maker) -> CertificateBookletContext:
    """The booklet of these facts: the same facts and maker, the same context."""
    unit = found.unit
    red = unit.kind in ORGANS
    events = [event_row(each, unit.merged_into_name) for each in found.changes]
    return CertificateBookletContext(
        number="",
        case_no="",
        issuer=maker.issuer,
        issued_on=chinese_date(maker.made_on),
        unit_name=unit.name,
        seal=Seal(
            code="",
            verify_url=f"{maker.public_url}/api/v1/units/{unit.code}/certificate/facts?as_of={found.as_of.isoformat()}",
            chain_seq=str(found.chain_seq),
            chain_head=found.chain_head,
        ),
        organ="党政群机关" if red else "",
        institution="" if red else "事业单位",
        as_of=chinese_date(found.as_of),
        holder=unit.holder,
        unit_code=unit.code,
        unit_rank=unit.rank or NONE,
        unit_nature=unit.nature or unit.kind_label,
        unit_parent=unit.parent_name or NONE,
        other_names=unit.other_names or NONE,
        basis=_basis(unit.basis_no, unit.basis_date),
        standing=_standing(unit),
        certificate_no=unit.certificate_no or NONE,
        co_users="、".join(each.name for each in found.co_users) or NONE,
        bodies=[
            BodyRow(
                name=f"{body.name}（{body.other_name}）" if body.other_name else body.name,
                rank=body.rank or "—",
                chief_posts=_count(body.chief_posts),
                deputy_posts=_count(body.deputy_posts),
                people=str(body.people),
            )
            for body in found.bodies
        ],
        events=events,
        headcount=[_balance(each) for each in found.balances if each.resource.is_headcount],
        posts=[_balance(each) for each in found.balances if each.resource.is_post],
        headcount_changes=_quotas(unit.code, (each for each in found.quotas if each.resource.is_headcount)),
        post_changes=_quotas(unit.code, (each for each in found.quotas if each.resource.is_post)),
        persons=person_rows(found.persons),
        pages=[
            PageRow(
                number=page.number,
                issued_on=chinese_date(page.issued_on),
                code=page.code,
                state=page.state.label,
            )
            for page in found.pages
        ],
        **_log(found.log),
        handled_by=maker.made_by,
    )


def _log(head: LogHead | None) -> dict[str, str]:
    if head is None or head.at is None:
        return {"log_at": "尚未并入", "log_size": "0", "log_root": NONE}
    at = head.at.astimezone(SHANGHAI)
    return {
        "log_at": f"{chinese_date(at.date())}{at:%H:%M:%S}",
        "log_size": str(head.size),
        "log_root": head.root,
    }


def _basis(number: str, on: date | None) -> str:
    day = chinese_date(on) if on else ""
    return f"{number}（{day}）" if number and day else number or day or NONE


def _standing(unit: CertifiedUnit) -> str:
    if unit.ended_on is None:
        return "存续"
    day = chinese_date(unit.ended_on)
    return f"已于{day}并入{unit.merged_into_name}" if unit.merged_into_name else f"已于{day}撤销"


def _count(number: int | None) -> str:
    return "—" if number is None else str(number)


def event_row(event: UnitEvent, into: str) -> EventRow:
    """A merger changes several fields, any other kind only its own. `into` names what a unit that ends goes over to."""
    what = _FIELD.get(event.field, event.field)
    after = event.after
    if event.field == "abolished_on":
        after = chinese_date(date.fromisoformat(after)) + (f"并入{into}" if into else "撤销")
    return EventRow(
        on=chinese_date(event.effective_on),
        what=f"{event.kind.label}（{what}）" if event.kind is ChangeKind.MERGE else event.kind.label,
        before=event.before or "—",
        after=after or "—",
        basis_no=event.basis_no or "—",
    )


def _balance(each: CertifiedBalance) -> BalanceLine:
    return BalanceLine(
        label=each.label,
        authorised=str(each.authorised),
        occupied=str(each.occupied),
        reserved=str(each.reserved),
        set_aside=str(each.set_aside),
        vacancy=str(each.vacancy),
    )


def _quotas(own: str, events: Iterable[QuotaEvent]) -> list[QuotaRow]:
    return [
        QuotaRow(
            seq=str(each.seq),
            on=chinese_date(each.effective_on),
            label=each.resource.label,
            what=_what(each) + (f"（{each.unit.name}）" if each.unit.code != own else ""),
            delta=f"{each.delta:+d}" if each.delta else "0",
            after=str(each.after),
            basis_no=each.basis_no or "—",
            basis_body=each.basis_body or "—",
        )
        for each in events
    ]


def _what(each: QuotaEvent) -> str:
    """核定, 预留, 期初建账, or which row is taken back."""
    if each.corrects is not None:
        return f"冲正第{each.corrects}行"
    if each.kind is EntryKind.OPENING:
        return "期初建账"
    if each.set_aside:
        return "预留"
    return "核定（明确消化期）" if each.tolerated > 0 else "核定"


def person_rows(found: Sequence[CertifiedPerson]) -> list[CertificateRow]:
    days: dict[date, str] = {}  # one text for a day that many rows bear

    def shown(day: date | None) -> str:
        if day is None:
            return ""
        if day not in days:
            days[day] = chinese_date(day)
        return days[day]

    return [
        CertificateRow(
            person_name=each.name,
            person_sex=each.sex.label,
            birth_month=each.birth_month,
            identity_masked=each.identity_masked,
            label=each.label,
            internal_body=each.internal_body or "—",
            position=each.position or "—",
            entered_on=shown(each.entered_on),
            basis_no=each.basis_no or "—",
            left_on=shown(each.left_on),
            reason=each.reason,
        )
        for each in found
    ]
