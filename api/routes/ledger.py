"""Verification of the whole: chains, balances, the transparency log, and records against their digests."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from docket import reconciling
from ledger import log, log_verify
from ledger import verify as ledger_verify
from ledger.db import unhurried
from models.ledger import Verification
from models.proofs import ConsistencyProof, InclusionProof, LogHead, RowKind
from models.reconciliation import Reconciled
from records import verify as records_verify

from .. import reading
from ..deps import Caller, Work
from ..door import router
from ..permissions import reads_all_units
from ..problems import not_found

routes = router("ledger")

MOST_LEAVES = 2**31 - 1

Kind = Annotated[RowKind, Query(description="台账流水或文件登记 · journal or record", examples=["journal"])]
Chain = Annotated[
    str,
    Query(
        pattern=r"^[^\s/\x00-\x1f\x7f-\x9f]{1,60}(/[0-9]{4})?$",
        description="台账流水：编制主体代码；文件：代字/年份 · holder of a journal row, series/year of a record",
        openapi_examples={
            "journal": {"value": "11990000000000001A"},
            "record": {"value": "示编核/2026"},
        },
    ),
]
Seq = Annotated[int, Query(ge=1, le=MOST_LEAVES, description="在链中的序号 · sequence in its chain", examples=[12])]
First = Annotated[
    int, Query(ge=0, le=MOST_LEAVES, description="先前保存的日志头的叶数 · size of the earlier head", examples=[1000])
]
Second = Annotated[
    int | None,
    Query(ge=0, le=MOST_LEAVES, description="后来的叶数；不填即现在 · size of the later head, or now", examples=[1200]),
]


@routes.get("/ledger/verification", operation_id="verify_ledger", summary="台账核验 · verify the ledger")
def verify_ledger(runtime: Work, officer: Caller) -> Verification:
    """逐链重算，与余额、核定单、存证日志、存档文件比对；差异应为 0。Chains, rebuilt balances, the log, records."""
    runtime.limits.audits.take(officer.id)
    with runtime.database.read() as s:
        unhurried(s)
        found = ledger_verify.verify(s)
        faults = [*found.faults, *records_verify.verify_records(s, runtime.store), *log_verify.verify_log(s)]
        filed, newest = reading.filed_records(s), log.head(s)
    told = {"records": filed, "faults": faults, "log_size": newest.size, "log_root": newest.root}
    return found.model_copy(update=told)


@routes.get("/ledger/reconciliation", operation_id="read_reconciliation", summary="最近一次核对 · last reconciliation")
def read_reconciliation(runtime: Work, _officer: Caller) -> Reconciled:
    """登记簿、台账、档案与流程引擎最近一次比对的差异；从未核对的为 404。What differed at the last look, and what was
    repaired."""
    with runtime.database.read() as s:
        found = reconciling.latest(s)
    if found is None:
        raise not_found("还没有核对过 · there was no reconciliation yet")
    return found


@routes.get("/ledger/log", operation_id="read_log_head", summary="存证日志的头 · head of the transparency log")
def read_log_head(runtime: Work, _officer: Caller) -> LogHead:
    """叶数、根和时刻；另处保存，日后可证明日志只增不改。Keep it elsewhere: the log is held to it later."""
    with runtime.database.read() as s:
        return log.head(s)


@routes.get("/ledger/log/proof", operation_id="read_log_proof", summary="一行在日志中的证明 · proof of inclusion")
def read_log_proof(runtime: Work, officer: Caller, kind: Kind, chain: Chain, seq: Seq) -> InclusionProof:
    """RFC 6962 路径：由叶逐级杂凑至根。尚未追加的行没有证明。A row that is not in the log yet has no proof."""
    with runtime.database.read() as s:
        own = None if reads_all_units(officer) else officer.unit or ""
        if own is not None and not reading.row_of_unit(s, own, kind, chain, seq):
            raise _no_proof()
        try:
            return log.inclusion(s, kind, chain, seq)
        except log.NotLogged:
            raise _no_proof() from None


@routes.get(
    "/ledger/log/consistency",
    operation_id="read_log_consistency",
    summary="两个日志头相接的证明 · proof of consistency",
)
def read_log_consistency(runtime: Work, _officer: Caller, first: First, second: Second = None) -> ConsistencyProof:
    """后来的日志以先前的日志开头，一叶未改。The later log begins with all of the earlier one, unchanged."""
    with runtime.database.read() as s:
        try:
            return log.consistency(s, first, second)
        except log.NotLogged:
            raise not_found("日志没有这样的两个头（先 ≤ 后 ≤ 现有叶数）· the log never had such heads") from None


def _no_proof() -> Exception:
    return not_found("这一行不在日志中（或您无权查看）· the row is not in the log, or not yours to see")
