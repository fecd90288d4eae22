"""The docket of a case that has ended, by one digest: its case file prints it, and so nobody can give the docket of an
archive package other persons, decisions, opinions, times, problems, checks or receipts.

Pinned is the whole docket as it stood when the case file was made, but for what `UNPINNED` names; a package shows the
docket as it stood then. Receipts may still be added: whatever arrives later is refused. They are counted in the order
in which they were given, and the digest covers the first of them.
"""

from __future__ import annotations

from typing import Any

from ledger.chain import canonical
from models.decisions import Officer, Receipt
from models.docket import Docket
from models.enums import Department
from models.sealing import HashName, digest

ARCHIVIST = Officer(id="archive", name="档案", department=Department.SUPERVISION)
"""Reads as supervisors do: everything of every case, and never an identity number."""

UNPINNED = frozenset({"documents", "may"})
"""Fields of a docket that its digest leaves out. Documents may be voided, superseded and destroyed later: each is
compared with its chained row, field by field. What somebody may do now is nothing of an archive."""

_CASE = {"case_id", "case_no", "procedure", "title", "unit", "state", "opened_at", "closed_at", "applicant"}
_ROUND = {"round", "submitted_at", "officer"}
_STEP = {
    "step",
    "round",
    "subject",
    "department",
    "state",
    "officer",
    "verdict",
    "opinion",
    "reference_no",
    "decided_at",
}


def kept(docket: Docket) -> Docket:
    """What of a docket is kept with its case file and stands in a package as it was."""
    return docket.model_copy(update={"documents": [], "may": []})


def pinned(docket: Docket, receipts: int) -> dict[str, Any]:
    """What the digest covers. A field that has its default is left out, so that one which a later version adds does
    not change the digests of dockets that do not have it."""
    body = docket.model_dump(exclude=set(UNPINNED), exclude_defaults=True)
    body["receipts"] = [each.model_dump(exclude_defaults=True) for each in _in_order(docket)[:receipts]]
    return body


def docket_digest(docket: Docket, receipts: int, name: HashName) -> str:
    """Over canonical JSON of the whole docket but what `UNPINNED` names, and the first `receipts` receipts."""
    return digest(canonical(pinned(docket, receipts)), name)


def acts_digest(docket: Docket, receipts: int, name: HashName) -> str:
    """What case files printed before: over canonical JSON of the case, its rounds (their applications have digests of
    their own), the decided steps, every decision, objection and remark, and the first `receipts` receipts."""
    body: dict[str, Any] = {
        "case": docket.model_dump(include=_CASE),
        "rounds": [each.model_dump(include=_ROUND) for each in docket.rounds],
        "steps": [each.model_dump(include=_STEP) for each in docket.steps if each.decided_at is not None],
        "decisions": [each.model_dump() for each in docket.decisions],
        "objections": [each.model_dump() for each in docket.objections],
        "comments": [each.model_dump() for each in docket.comments],
        "receipts": [each.model_dump() for each in _in_order(docket)[:receipts]],
    }
    return digest(canonical(body), name)


def later(docket: Docket, receipts: int) -> list[Receipt]:
    """Receipts of what arrived after the first `receipts`."""
    return _in_order(docket)[receipts:]


def _in_order(docket: Docket) -> list[Receipt]:
    return sorted(docket.receipts, key=lambda each: (each.at, each.decision_id))
