"""Slips and their slots: reading them, and settling each slot exactly once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from ledger.books import AnyRow
from ledger.chain import LedgerFault
from ledger.tables import SLIP, SLOT
from models.enums import Resource, SlipState, SlotState, Way
from models.ledger import Slot
from models.register import Slip, SlotRow

INSERT_SLIP = SLIP.insert()
INSERT_SLOTS = SLOT.insert()
_SLIPS_OF = select(SLOT.c.code, SLOT.c.slip_id).where(SLOT.c.code.in_(bindparam("codes", expanding=True)))
_LOCK_SLIP = select(SLIP).where(SLIP.c.id == bindparam("slip")).with_for_update(key_share=True)
_SLIP = select(SLIP).where(SLIP.c.id == bindparam("slip"))
_SLOTS_OF = select(SLOT).where(SLOT.c.slip_id == bindparam("slip")).order_by(SLOT.c.position)
# `state = open` in the statement: a slot is settled once, whatever was read before.
_SETTLE = (
    SLOT.update()
    .where(SLOT.c.code == bindparam("slot_code"), SLOT.c.state == SlotState.OPEN.value)
    .values(state=bindparam("new_state"), settled_by=bindparam("row_key"))
)
_REOPEN = (
    SLOT.update()
    .where(SLOT.c.code == bindparam("slot_code"), SLOT.c.state == SlotState.USED.value)
    .values(state=bindparam("new_state"), settled_by=bindparam("row_key"))
)
_OPEN_COUNT = select(func.count()).select_from(SLOT).where(SLOT.c.slip_id == bindparam("slip"), SLOT.c.state == "open")
_SET_STATE = SLIP.update().where(SLIP.c.id == bindparam("slip")).values(state=bindparam("new_state"))


def lock_slip(s: Session, slip_id: str) -> tuple[AnyRow, list[AnyRow]] | None:
    """The slip and all its slots in order, locked until the transaction ends; None if there is no such slip."""
    connection = s.connection()
    slip = connection.execute(_LOCK_SLIP, {"slip": slip_id}).first()
    return None if slip is None else (slip, list(connection.execute(_SLOTS_OF, {"slip": slip_id})))


def slip_of_codes(s: Session, codes: Sequence[str]) -> str | None:
    """The one slip that has all these slots, else None."""
    rows = s.connection().execute(_SLIPS_OF, {"codes": list(codes)}).all()
    slips = {row.slip_id for row in rows}
    return slips.pop() if len(rows) == len(set(codes)) and len(slips) == 1 else None


def settle(s: Session, code: str, state: SlotState, key: str) -> None:
    """open → used or released. Raises LedgerFault when the slot is not open after all."""
    changed = s.connection().execute(_SETTLE, {"slot_code": code, "new_state": state.value, "row_key": key})
    if changed.rowcount != 1:
        raise LedgerFault("slot settled twice")


def unsettle(s: Session, code: str, state: SlotState, key: str | None) -> None:
    """used → open again (or released), only by the counter-row of its POST."""
    changed = s.connection().execute(_REOPEN, {"slot_code": code, "new_state": state.value, "row_key": key})
    if changed.rowcount != 1:
        raise LedgerFault("slot was not used")


def open_slots(s: Session, slip_id: str) -> int:
    count: int = s.connection().execute(_OPEN_COUNT, {"slip": slip_id}).scalar_one()
    return count


def set_state(s: Session, slip_id: str, state: SlipState) -> None:
    s.connection().execute(_SET_STATE, {"slip": slip_id, "new_state": state.value})


# The statements above pass by the session's identity map, so the readers below refresh what it holds.
_FRESH = {"populate_existing": True}


def slip_of_case(s: Session, case_id: str, round: int | None = None) -> Slip | None:
    """The slip of a case, of `round` or else of the latest round that has one."""
    query = select_rows(Slip).where(col(Slip.case_id) == case_id).order_by(col(Slip.round).desc())
    if round is not None:
        query = query.where(col(Slip.round) == round)
    return s.exec(query, execution_options=_FRESH).first()


def slip(s: Session, slip_id: str) -> Slip | None:
    row = s.connection().execute(_SLIP, {"slip": slip_id}).one_or_none()
    return Slip(**row._mapping) if row is not None else None


def slots_of(s: Session, slip_id: str) -> list[SlotRow]:
    """The slots of a slip in order, detached."""
    return [SlotRow(**row._mapping) for row in s.connection().execute(_SLOTS_OF, {"slip": slip_id})]


def slot(s: Session, code: str) -> Slot | None:
    """One slot with its unit, as others see it."""
    row = s.exec(select_rows(SlotRow).where(col(SlotRow.code) == code), execution_options=_FRESH).first()
    if row is None:
        return None
    owner = slip(s, row.slip_id)
    if owner is None:
        raise LedgerFault("slot without a slip")
    return Slot(
        code=row.code,
        slip_id=row.slip_id,
        line=row.line,
        resource=Resource(row.resource),
        way=Way(row.way),
        internal_body=row.internal_body,
        state=SlotState(row.state),
        unit=owner.unit,
    )
