"""What moves the numbers: every posting of the ledger, each in its caller's transaction and idempotent by its cause.

Authorisation, reservation and release stand here; entries, exits, transfers, corrections and the opening have a
file each and are offered from here as well.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from sqlmodel import Session

from ledger.books import Books, Marks, Request, full, unknown_unit
from ledger.corrections import counter
from ledger.entries import appoint, post
from ledger.exits import leave
from ledger.opening import open_accounts
from ledger.slips import INSERT_SLIP, INSERT_SLOTS, lock_slip, open_slots, set_state, settle
from ledger.suspensions import closed_now
from ledger.transfers import transfer
from models.enums import EntryKind, Resource, SlipState, SlotState
from models.ledger import Cause, Posting, SlipTerms, SlotWanted
from models.refusals import Refusal, RefusalCode
from rules.arithmetic import Movement

__all__ = [
    "appoint",
    "authorise",
    "counter",
    "leave",
    "lock",
    "open_accounts",
    "post",
    "release",
    "reserve",
    "set_aside",
    "transfer",
]


def lock(s: Session, unit: str) -> None:
    """Hold the unit's holder and its accounts until the transaction ends. For callers that take numbers before they
    post: every posting locks slip, holder, accounts and then series, in this order. SQLite has one writer anyway."""
    if s.connection().dialect.name != "sqlite":
        Books.of_unit(s, unit)


def authorise(
    s: Session,
    unit: str,
    resource: Resource,
    delta: int,
    cause: Cause,
    absorb_until: date | None = None,
    exception: str | None = None,
    applied_at: datetime | None = None,
) -> Posting | Refusal:
    """AUTHORISE ±: 核定 changes by `delta`; a first authorisation opens the account.

    A reduction below what is used needs an absorption term 消化期. A suspended unit gains nothing unless an
    exceptional acceptance in force is named; a reduction stays possible, because rectification may need it
    (`applied_at`: see closed_now).
    One cause may authorise several resources: the resource is part of the key.
    """
    books = Books.of_unit(s, unit)
    if books is None:
        return unknown_unit()
    payload = ["authorise", unit, delta, absorb_until]
    request = Request(s, cause, EntryKind.AUTHORISE, payload, resource.value)
    answer = request.answered(s)
    if answer is not None:
        return answer
    if cause.basis is None:
        return Refusal.of(RefusalCode.REFERENCE_REQUIRED, "核定须有批准文号、批准机关和批准日期")
    if delta == 0:
        return Refusal.of(RefusalCode.NOTHING_TO_DO)
    if delta > 0 and closed_now(s, unit, exception, cause.presented_at, applied_at):
        return Refusal.of(RefusalCode.UNIT_SUSPENDED)
    account = books.only.accounts.get(resource)
    if account is None:
        if delta < 0:
            return Refusal.of(full(resource), f"该单位没有{resource.label}")
        account = books.open(books.only, resource)
    wanted = Movement(authorised=delta)
    if account.now.authorised + delta < 0:
        return Refusal.of(RefusalCode.LEDGER_CONFLICT, "核定数不得为负")
    if books.move(request, account, wanted, unit, tolerate=absorb_until is not None) is None:
        return Refusal.of(RefusalCode.OVER_QUOTA, "核减后超出核定数，须明确消化期")
    if absorb_until is not None and account.now.tolerated_over:  # a term of nothing is no term
        books.absorb_until(account, absorb_until)
    return books.close()


def set_aside(s: Session, unit: str, resource: Resource, delta: int, cause: Cause) -> Posting | Refusal:
    """SET_ASIDE ±: keep vacancies back by rule, or give them free. Never more than the vacancy."""
    books = Books.of_unit(s, unit)
    if books is None:
        return unknown_unit()
    request = Request(s, cause, EntryKind.SET_ASIDE, ["set_aside", unit, delta], resource.value)
    answer = request.answered(s)
    if answer is not None:
        return answer
    account = books.only.accounts.get(resource)
    if account is None or account.now.vacancy < delta:
        return Refusal.of(full(resource), resource.label)
    if delta == 0:
        return Refusal.of(RefusalCode.NOTHING_TO_DO)
    if books.move(request, account, Movement(set_aside=delta), unit) is None:
        return Refusal.of(RefusalCode.LEDGER_CONFLICT, "预留数不得为负")
    return books.close()


def reserve(
    s: Session,
    unit: str,
    slots: list[SlotWanted],
    slip: SlipTerms,
    cause: Cause,
    exception: str | None = None,
    applied_at: datetime | None = None,
) -> Posting | Refusal:
    """RESERVE +n on every account of the slots, or on none; the slip and its open slots come into being with it.

    Refuses with UNIT_SUSPENDED (judged here and now, unless `exception` names one in force; `applied_at`: see
    closed_now), and with NO_VACANCY or LEADER_POSTS_FULL when an account lacks vacancy or the unit has no such account.
    """
    books = Books.of_unit(s, unit)
    if books is None:
        return unknown_unit()
    payload = ["reserve", unit, [wanted.model_dump(mode="json") for wanted in slots], slip.model_dump(mode="json")]
    request = Request(s, cause, EntryKind.RESERVE, payload)
    answer = request.answered(s)
    if answer is not None:
        return answer
    if not slots:
        return Refusal.of(RefusalCode.NOTHING_TO_DO)
    if closed_now(s, unit, exception, cause.presented_at, applied_at):
        return Refusal.of(RefusalCode.UNIT_SUSPENDED)
    numbers = Counter(wanted.resource for wanted in slots)
    for resource in sorted(numbers):
        account = books.only.accounts.get(resource)
        if account is None:
            return Refusal.of(full(resource), f"该单位没有{resource.label}")
        single = slots[0].code if len(slots) == 1 else None
        marks = Marks(slip_id=slip.slip_id, slot=single)
        vacancy = account.now.vacancy
        if books.move(request, account, Movement(reserved=numbers[resource]), unit, marks=marks) is None:
            return Refusal.of(full(resource), f"{resource.label}空余{vacancy}名，申请{numbers[resource]}名")
    _issue(s, unit, books, slots, slip, cause)
    return books.close()


def _issue(s: Session, unit: str, books: Books, slots: list[SlotWanted], slip: SlipTerms, cause: Cause) -> None:
    book = books.only
    connection = s.connection()
    connection.execute(
        INSERT_SLIP,
        {
            "id": slip.slip_id,
            "case_id": cause.case_id,
            "round": cause.round,
            "unit": unit,
            "holder": book.holder,
            "number": slip.number,
            "issued_at": cause.recorded_at,
            "valid_until": slip.valid_until,
            "state": SlipState.VALID.value,
        },
    )
    rows = [
        {
            "code": wanted.code,
            "slip_id": slip.slip_id,
            "position": position,
            "line": wanted.line,
            "account": book.accounts[wanted.resource].id,
            "resource": wanted.resource.value,
            "way": wanted.way.value,
            "internal_body": wanted.internal_body,
            "state": SlotState.OPEN.value,
            "settled_by": None,
        }
        for position, wanted in enumerate(slots, 1)
    ]
    connection.execute(INSERT_SLOTS, rows)


def release(s: Session, slip_id: str, codes: list[str], cause: Cause, slip_state: SlipState) -> Posting | Refusal:
    """RELEASE the open ones among `codes`. A slip left without open slots takes `slip_state`, otherwise it stays valid.

    Refuses with OUTSIDE_SLIP for a slip or slot that does not exist, NOTHING_TO_DO when none of the slots is open.
    """
    locked = lock_slip(s, slip_id)
    if locked is None:
        return Refusal.of(RefusalCode.OUTSIDE_SLIP, "没有该核定单")
    slip, slots = locked
    books = Books.of_holders(s, [slip.holder])
    request = Request(s, cause, EntryKind.RELEASE, ["release", slip_id, sorted(codes), slip_state])
    answer = request.answered(s)
    if answer is not None:
        return answer
    if set(codes) - {slot.code for slot in slots}:
        return Refusal.of(RefusalCode.OUTSIDE_SLIP, "编号不在该核定单内")
    freed = [slot for slot in slots if slot.code in codes and slot.state == SlotState.OPEN.value]
    if not freed:
        return Refusal.of(RefusalCode.NOTHING_TO_DO, "没有未使用的编号")
    numbers = Counter(Resource(slot.resource) for slot in freed)
    keys: dict[str, str] = {}
    for resource in sorted(numbers):
        marks = Marks(slip_id=slip_id, slot=freed[0].code if len(freed) == 1 else None)
        movement = Movement(reserved=-numbers[resource])
        seq = books.move(request, books.only.accounts[resource], movement, slip.unit, marks=marks)
        if seq is None:
            return Refusal.of(RefusalCode.LEDGER_CONFLICT, "在途数与核定单不符")
        keys[resource.value] = books.key_of(slip.holder, seq)
    for slot in freed:
        settle(s, slot.code, SlotState.RELEASED, keys[slot.resource])
    if open_slots(s, slip_id) == 0:
        set_state(s, slip_id, SlipState.EXHAUSTED if slip_state is SlipState.VALID else slip_state)
    return books.close()
