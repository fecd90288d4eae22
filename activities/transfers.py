"""Transfer inside the region: the receiving unit's case owns it, both sides are posted at once and both units get
their papers (procedures.md §1)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ledger import postings
from ledger.occupancy import seated_at, seats_of, standing
from models.enums import Department, ExitReason
from models.ledger import Cause, PersonEntry
from models.refusals import Refusal, RefusalCode
from rules.deadlines import local_day

from . import vouchers
from .paper import department_name
from .turn import Turn
from .vouchers import Approval, Hands, Left


def move(
    turn: Turn, subject: str, codes: list[str], person: PersonEntry, leaving: Row[Any], cause: Cause, hands: Hands
) -> Refusal | None:
    """Post both sides and issue the releasing unit's notice of exit; `leaving` is its decided `approve-exit`."""
    where = standing(turn.s, person.identity_no)
    if where is None or where.headcount_unit is None:
        return Refusal.of(RefusalCode.NOT_POSTED, "调出单位已无该人员")
    seated = seated_at(turn.s, where.person_ref)
    if seated is not None and seated > leaving.opened_at:
        # the approval was given for the unit where the person sat then, and for no other
        return Refusal.of(RefusalCode.NOT_POSTED, "该人员在调出审批之后已变动单位")
    releasing = turn.unit(where.headcount_unit)
    seats = [seat for seat in seats_of(turn.s, where.person_ref) if seat.unit == releasing.code]
    moved = postings.transfer(turn.s, codes, person, f"{turn.case.id}-{subject}", cause)
    if isinstance(moved, Refusal):
        return moved
    left = Left(
        person=person,
        seats=seats,
        accounts=moved.after,
        reason=ExitReason.TRANSFER.label,
        destination=turn.unit().name,
        left_on=turn.today,
        approval=Approval(
            body=department_name(turn, Department(leaving.department)),
            number=leaving.reference_no or "",
            on=local_day(leaving.decided_at),
        ),
    )
    vouchers.exit_papers(turn, subject, releasing, left, hands)
    return None
