"""`dingbian verify`: ledger, records, the log and, if one is given, an anchor kept elsewhere, in one verdict."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from ledger import log
from ledger.log_verify import verify_log
from ledger.verify import verify
from models.ledger import Verification
from models.register import Record
from records.verify import verify_records

from .anchors import Anchor, journal_heads, record_faults
from .assembly import Parts


def verify_all(parts: Parts, anchor: Anchor | None = None) -> Verification:
    """One read transaction over the register, then every filed document against its digest."""
    with parts.database.read() as session:
        found = verify_rows(session, anchor)
        filed = session.exec(select(func.count()).where(col(Record.digest).is_not(None))).one()
        faults = [*found.faults, *verify_records(session, parts.store)]
    return found.model_copy(update={"faults": faults, "records": filed})


def verify_rows(session: Session, anchor: Anchor | None = None) -> Verification:
    """Chains, balances, the log, and all heads of the anchor; no file is opened. An earlier version kept no log."""
    found = verify(session, journal_heads(anchor) if anchor else None)
    faults = [*found.faults, *(record_faults(session, anchor) if anchor else [])]
    if not log.kept(session):
        return found.model_copy(update={"faults": faults})
    faults += verify_log(session, anchor.log if anchor else None)
    newest = log.head(session)
    return found.model_copy(update={"faults": faults, "log_size": newest.size, "log_root": newest.root})
