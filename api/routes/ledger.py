"""Verification of the whole: chains, balances, and records against their digests."""

from __future__ import annotations

from ledger import verify as ledger_verify
from models.ledger import Verification
from records import verify as records_verify

from .. import reading
from ..deps import Caller, Work
from ..door import router

routes = router("ledger")


@routes.get("/ledger/verification", operation_id="verify_ledger", summary="台账核验 · verify the ledger")
def verify_ledger(runtime: Work, officer: Caller) -> Verification:
    """逐链重算，与余额、核定单、存档文件比对；差异应为 0。Chains, rebuilt balances, records against their digests."""
    runtime.limits.audits.take(officer.id)
    with runtime.database.read() as s:
        found = ledger_verify.verify(s)
        faults = records_verify.verify_records(s, runtime.store)
        filed = reading.filed_records(s)
    return found.model_copy(update={"records": filed, "faults": [*found.faults, *faults]})
