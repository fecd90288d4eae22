"""Disposal 销毁: an approved, recorded act that takes files and never touches the register of numbers.

Functions take the caller's session and never commit. A row of `record`, its number, hashes and leaf of the log stay
as they are; `disposed_at` is set and the frozen context, which holds the content, is blanked. The files leave the
store after the commit, one by one (`activities.disposing`), so that a crash anywhere is gone on from.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, exists, insert, select, update
from sqlmodel import Session

from models.archives import Disposal, DisposalItem
from models.decisions import Officer
from models.disposal_paper import DisposalLine, DisposalListContext, StruckLine
from models.disposals import MOST_ITEMS, DisposalDecision, DisposalView, NewDisposal, Strike
from models.enums import DisposalState, DocumentKind, Retention, Verdict
from models.paper import Seal
from models.proofs import LogHead
from models.refusals import Refusal, RefusalCode
from models.register import Record, table_of
from rules.deadlines import chinese_date, local_day
from rules.disposals import PROPOSERS, Act, entitled, may_decide, may_execute, may_strike, may_witness

from . import disposal_view, numbering, register, retention
from .register import Draft

SERIES = "编销"
"""代字 of the lists after the office's prefix."""
NUMBERED = "销毁"
"""By which disposals are counted: 销毁2026-00001."""
STEP = "disposal"

_disposal = table_of(Disposal)
_item = table_of(DisposalItem)
_record = table_of(Record)

Unsound = Collection[str]
"""Digests of listed documents whose file is missing or altered: what was tampered with is not destroyed."""


# --- proposing ----------------------------------------------------------------------------------------------------


def propose(s: Session, wanted: NewDisposal, by: Officer, key: str, at: datetime) -> DisposalView | Refusal:
    """Compute and freeze the list; the same officer, key and content is the same one."""
    refused = entitled(by, PROPOSERS)
    if refused is not None:
        return refused
    today = local_day(at)
    if wanted.due_before > today:
        return Refusal.of(RefusalCode.RETENTION_RUNNING, f"截止日期不得晚于今日（{chinese_date(today)}）")
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"disposal|{by.id}~{key}").hex
    found = s.execute(select(_disposal).where(_disposal.c.id == identity)).one_or_none()
    if found is not None:
        same = (found.due_before, found.reason) == (wanted.due_before, wanted.reason)
        return _view(s, identity) if same else Refusal.of(RefusalCode.KEY_REUSED)
    serial = numbering.tally(s, NUMBERED, today.year)  # holds back a second proposal until this one is committed
    rows = retention.free(s, wanted.due_before, wanted.kind, MOST_ITEMS)
    if not rows:
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "没有保管期限届满、可以列入清册的文件")
    s.execute(
        insert(_disposal).values(
            id=identity,
            no=f"{NUMBERED}{today.year}-{serial:05d}",
            state=DisposalState.PROPOSED.value,
            due_before=wanted.due_before,
            reason=wanted.reason,
            proposed_by=by.id,
            proposed_at=at,
        )
    )
    s.execute(
        insert(_item),
        [{"disposal": identity, "record_id": row.id, "digest": row.digest, "open": True} for row in rows],
    )
    left = retention.count_free(s, wanted.due_before, wanted.kind)
    return _view(s, identity).model_copy(update={"remaining": left})


def strike(s: Session, identity: str, wanted: Strike, by: Officer, at: datetime) -> DisposalView | Refusal | None:
    """Take one document off the list; with the last one the disposal is dropped. None: no such disposal, or the
    document does not stand on it."""
    row = _locked(s, identity)
    if row is None:
        return None
    refused = may_strike(by, _act(row))
    item = s.execute(
        select(_item).where(_item.c.disposal == identity, _item.c.record_id == wanted.record_id)
    ).one_or_none()
    if item is None:
        return None
    if item.struck_reason is not None and (item.struck_by, item.struck_reason) == (by.id, wanted.reason):
        return _view(s, identity)
    if refused is not None:
        return refused
    if item.struck_reason is not None:
        return Refusal.of(RefusalCode.ALREADY_DECIDED, "该件已剔除")
    _strike(s, identity, {wanted.record_id: wanted.reason}, by.id, at)
    return _view(s, identity)


# --- approving and carrying out -----------------------------------------------------------------------------------


def decide(
    s: Session, identity: str, wanted: DisposalDecision, by: Officer, at: datetime
) -> DisposalView | Refusal | None:
    """The head approves or refuses, with an opinion and, to approve, the number of the paper that says so."""
    row = _locked(s, identity)
    if row is None:
        return None
    approves = wanted.verdict is Verdict.APPROVE
    said = (by.id, wanted.opinion, wanted.reference_no or None)
    once_more = row.decided_by is not None and (row.decided_by, row.opinion, row.reference_no) == said
    if once_more and approves != (row.state == DisposalState.REFUSED.value):
        return _view(s, identity)
    refused = may_decide(by, _act(row))
    if refused is not None:
        return refused
    if approves and not wanted.reference_no:
        return Refusal.of(RefusalCode.REFERENCE_REQUIRED, "批准销毁须写明批准文号或会议纪要号")
    state = DisposalState.APPROVED if approves else DisposalState.REFUSED
    _enter(
        s,
        identity,
        state,
        decided_by=by.id,
        decided_at=at,
        opinion=wanted.opinion,
        reference_no=wanted.reference_no or None,
    )
    if not approves:
        s.execute(update(_item).where(_item.c.disposal == identity).values(open=False))
    return _view(s, identity)


def execute(s: Session, identity: str, by: Officer, at: datetime) -> DisposalView | Refusal | None:
    """The officer who carries it out declares so; nothing is destroyed before the witness has spoken."""
    row = _locked(s, identity)
    if row is None:
        return None
    if row.state == DisposalState.EXECUTING.value and row.executed_by == by.id:
        return _view(s, identity)
    refused = may_execute(by, _act(row))
    if refused is not None:
        return refused
    _enter(s, identity, DisposalState.EXECUTING, executed_by=by.id, executed_at=at)
    return _view(s, identity)


def checked(s: Session, identity: str, by: Officer) -> Refusal | list[str] | None:
    """Before the last step: the digests to be looked up in the store, or why the step is not this officer's. None:
    no such disposal. An empty list: it is destroyed already, and only what is left of it is to be done."""
    row = s.execute(select(_disposal).where(_disposal.c.id == identity)).one_or_none()
    if row is None:
        return None
    if row.state == DisposalState.DESTROYED.value:
        return []
    refused = may_witness(by, _act(row))
    if refused is not None:
        return refused
    return list(s.execute(select(_item.c.digest).where(_item.c.disposal == identity, _item.c.open.is_(True))).scalars())


def witness(
    s: Session,
    identity: str,
    by: Officer,
    at: datetime,
    paper: Callable[[Row[Any], list[Row[Any]], list[Row[Any]]], str],
    unsound: Unsound = frozenset(),
) -> Refusal | None:
    """The witness has spoken: in this one transaction every document is checked once more, those that may not go are
    struck with the reason, `paper(disposal, destroyed, struck)` numbers the list and gives its record's id, and the
    rest is destroyed as far as the register is concerned. Nothing left: the disposal is dropped.

    A hold that was placed meanwhile strikes its documents alone. The others were approved each for itself, and one
    claim must not be a reason to lift it for the sake of the rest.
    """
    row = _locked(s, identity)
    if row is None:
        raise LookupError("no such disposal")
    if row.state == DisposalState.DESTROYED.value:
        return None
    refused = may_witness(by, _act(row))
    if refused is not None:
        return refused
    _lock_records(s, identity)
    items = disposal_view.items(s, identity, open_only=True)
    failing = {item.id: reason for item in items if (reason := _failing(item, local_day(at), unsound))}
    if failing:
        _strike(s, identity, failing, None, at)
    going = [item for item in items if item.id not in failing]
    if not going:
        return None
    _enter(s, identity, DisposalState.DESTROYED, witnessed_by=by.id, witnessed_at=at)
    now = s.execute(select(_disposal).where(_disposal.c.id == identity)).one()
    struck = [item for item in disposal_view.items(s, identity) if item.struck_reason is not None]
    _enter(s, identity, DisposalState.DESTROYED, list_record=paper(now, going, struck))
    s.execute(
        update(_record).where(_record.c.id == bindparam("going")).values(disposed_at=at, context_sealed=b""),
        [{"going": item.id} for item in going],
    )
    s.execute(update(_item).where(_item.c.disposal == identity).values(open=False))
    return None


def _failing(item: Row[Any], today: date, unsound: Unsound) -> str | None:
    """Why a listed document may not go after all."""
    if item.held:
        return "停止销毁期间不得销毁"
    until = retention.period_of(item, item.closed_at)
    if until is None or until >= today:
        return "保管期限未满，或者事项未办结"
    if item.disposed_at is not None:
        return "已按其他清册销毁"
    if item.digest != item.listed_digest:
        return "与列入清册时的摘要不符，待查"
    return "存档文件缺失或者被改动，待查" if item.digest in unsound else None


# --- the list -----------------------------------------------------------------------------------------------------


def prepare_list(
    s: Session,
    row: Row[Any],
    going: list[Row[Any]],
    struck: list[Row[Any]],
    *,
    issuer: str,
    prefix: str,
    public_url: str,
    template_digest: str,
    log_head: LogHead,
) -> Record:
    """Number《文件销毁清册》 and freeze its content."""
    names = disposal_view.officer_names(s, row)
    by = {step: names.get(getattr(row, f"{step}_by") or "", "") for step in disposal_view.STEPS}
    day = {step: chinese_date(local_day(getattr(row, f"{step}_at"))) for step in disposal_view.STEPS}
    issued_on = local_day(row.witnessed_at)
    draft = Draft(
        kind=DocumentKind.DISPOSAL_LIST,
        series=prefix + SERIES,
        title=f"文件销毁清册（{row.no}，{len(going)}件）",
        case_id="",
        step=STEP,
        round=1,
        subject=row.id,
        unit="",
        issued_on=issued_on,
        issuer=issuer,
        officers={"提出": by["proposed"], "批准": by["decided"], "执行": by["executed"], "监销": by["witnessed"]},
        retention=Retention.PERMANENT,
        template_digest=template_digest,
    )

    def freeze(number: str, code: str) -> DisposalListContext:
        seal = Seal(
            code=code,
            verify_url=f"{public_url}/api/v1/verify/{code}",
            chain_seq=str(log_head.size),
            chain_head=log_head.root,
        )
        return _content(row, going, struck, by, day).model_copy(
            update={"number": number, "issuer": issuer, "unit_name": issuer, "seal": seal}
        )

    return register.prepare(s, draft, freeze)


def _content(
    row: Row[Any], going: list[Row[Any]], struck: list[Row[Any]], by: Mapping[str, str], day: Mapping[str, str]
) -> DisposalListContext:
    """The list but for its number, issuer and seal."""
    return DisposalListContext(
        number="",
        issuer="",
        issued_on=day["witnessed"],
        unit_name="",
        case_no=row.no,
        seal=Seal(code="", verify_url="", chain_seq="", chain_head=""),
        due_before=chinese_date(row.due_before),
        reason=row.reason,
        count=str(len(going)),
        lines=[_line(item) for item in going],
        struck=[StruckLine(number=i.number, title=i.title, reason=i.struck_reason) for i in struck],
        proposed_by=by["proposed"],
        proposed_on=day["proposed"],
        approved_by=by["decided"],
        approved_on=day["decided"],
        opinion=row.opinion or "",
        reference_no=row.reference_no or "",
        executed_by=by["executed"],
        executed_on=day["executed"],
        witnessed_by=by["witnessed"],
        witnessed_on=day["witnessed"],
    )


def _line(item: Row[Any]) -> DisposalLine:
    until = retention.period_of(item, item.closed_at)
    return DisposalLine(
        number=item.number,
        title=item.title,
        issued_on=chinese_date(item.issued_on),
        retention=Retention(item.retention).label,
        until="" if until is None else chinese_date(until),
        digest=item.digest,
    )


# --- what is left to do after the commit --------------------------------------------------------------------------


def unfinished(s: Session) -> list[str]:
    """Ids of disposals whose list is not filed or whose files are still to leave the store, the oldest first."""
    waiting = exists().where(
        _item.c.disposal == _disposal.c.id, _item.c.struck_reason.is_(None), _item.c.removed_at.is_(None)
    )
    rows = select(_disposal.c.id).where(_disposal.c.state == DisposalState.DESTROYED.value, waiting)
    return list(s.execute(rows.order_by(_disposal.c.witnessed_at, _disposal.c.id)).scalars())


def list_of(s: Session, identity: str) -> Record | None:
    """The record of the list, detached; None before there is one."""
    found = s.execute(
        select(_record)
        .join(_disposal, _disposal.c.list_record == _record.c.id)
        .where(_disposal.c.id == identity, _disposal.c.state == DisposalState.DESTROYED.value)
    ).one_or_none()
    return None if found is None else Record(**found._mapping)


def to_remove(s: Session, identity: str) -> list[Row[Any]]:
    """(record_id, digest, shared) of documents whose files are still to go; `shared`: another record that stands has
    the same bytes, which therefore stay."""
    other = _record.alias("another")
    shared = exists().where(
        other.c.digest == _item.c.digest, other.c.id != _item.c.record_id, other.c.disposed_at.is_(None)
    )
    rows = (
        select(_item.c.record_id, _item.c.digest, shared.label("shared"))
        .join(_disposal, _disposal.c.id == _item.c.disposal)
        .where(_disposal.c.id == identity, _disposal.c.state == DisposalState.DESTROYED.value)
        .where(_item.c.struck_reason.is_(None), _item.c.removed_at.is_(None))
        .order_by(_item.c.record_id)
    )
    return list(s.execute(rows))


def removed(s: Session, identity: str, record_id: str, at: datetime) -> None:
    """The files of the document have left the store, those of its renditions with them. Noting it again changes
    nothing. Rows of renditions stay as the record's does: a copy that somebody holds is still told by its digest."""
    s.execute(
        update(_item)
        .where(_item.c.disposal == identity, _item.c.record_id == record_id, _item.c.removed_at.is_(None))
        .values(removed_at=at)
    )


# --- rows ---------------------------------------------------------------------------------------------------------


def _locked(s: Session, identity: str) -> Row[Any] | None:
    found: Row[Any] | None = s.execute(
        select(_disposal).where(_disposal.c.id == identity).with_for_update()
    ).one_or_none()
    return found


def _lock_records(s: Session, identity: str) -> None:
    """Hold the records that are to go, so that a hold on one of them waits and then finds it gone, or was first."""
    ids = select(_item.c.record_id).where(_item.c.disposal == identity, _item.c.open.is_(True))
    s.execute(select(_record.c.id).where(_record.c.id.in_(ids)).order_by(_record.c.id).with_for_update()).all()


def _enter(s: Session, identity: str, state: DisposalState, **values: object) -> None:
    s.execute(update(_disposal).where(_disposal.c.id == identity).values(state=state.value, **values))


def _strike(s: Session, identity: str, reasons: Mapping[str, str], by: str | None, at: datetime) -> None:
    s.execute(
        update(_item)
        .where(_item.c.disposal == identity, _item.c.record_id == bindparam("struck"))
        .values(open=False, struck_reason=bindparam("why"), struck_by=by, struck_at=at),
        [{"struck": record_id, "why": reason} for record_id, reason in reasons.items()],
    )
    left = s.execute(
        select(_item.c.record_id).where(_item.c.disposal == identity, _item.c.open.is_(True)).limit(1)
    ).first()
    if left is None:
        _enter(s, identity, DisposalState.DROPPED)


def _act(row: Row[Any]) -> Act:
    return Act(DisposalState(row.state), row.proposed_by, row.decided_by, row.executed_by)


def _view(s: Session, identity: str) -> DisposalView:
    found = disposal_view.get(s, identity)
    if found is None:
        raise LookupError("no such disposal")
    return found
