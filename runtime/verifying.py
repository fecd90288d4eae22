"""`dingbian verify`: ledger, records and, if one is given, an anchor kept elsewhere, in one verdict."""

from __future__ import annotations

from sqlmodel import col, func, select

from ledger.verify import verify
from models.ledger import Verification
from models.register import Record
from records.verify import verify_records

from .anchors import Anchor, journal_heads, record_faults
from .assembly import Parts


def verify_all(parts: Parts, anchor: Anchor | None = None) -> Verification:
    """One read transaction over the register, then every filed document against its digest."""
    with parts.database.read() as session:
        found = verify(session, journal_heads(anchor) if anchor else None)
        faults = [*found.faults, *verify_records(session, parts.store)]
        if anchor:
            faults += record_faults(session, anchor)
        filed = session.exec(select(func.count()).where(col(Record.digest).is_not(None))).one()
    return found.model_copy(update={"faults": faults, "records": filed})
