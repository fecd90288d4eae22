"""One context model per template: its fields are exactly the template's variables (the lint compares them).

All values are finished text: dates as 2026年3月1日, counts as digits, identity numbers masked. A context is
frozen with the decision that causes the document, and the document is rendered only from it (documents.md 4).
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import model_validator

from .enums import DocumentKind
from .shape import Shape

TRIAL = "（演示环境）"
"""Beside an address on loopback."""


class Seal(Shape):
    """What each record prints about itself: verification code, its address, chain sequence and head.

    `address_note` stands beside the address; it is filled in here when the address leads to the reader's own
    machine, so that nobody takes a trial's paper for one that can be verified.
    """

    code: str
    verify_url: str
    chain_seq: str
    chain_head: str
    address_note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _note_a_trial(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "address_note" in data:
            return data
        host = urlsplit(str(data.get("verify_url", ""))).hostname or ""
        trial = host in ("localhost", "::1") or host.startswith("127.")
        return {**data, "address_note": TRIAL if trial else ""}


class DocumentContext(Shape):
    """Common to every document. `number` as printed, e.g. 示编核〔2026〕1号 (no zero-padding)."""

    number: str
    issuer: str
    issued_on: str
    unit_name: str
    case_no: str
    seal: Seal


class BalanceLine(Shape):
    """One account as it stands when the document is made (核定、实有、待落编、预留、空余)."""

    label: str
    authorised: str
    occupied: str
    reserved: str
    set_aside: str
    vacancy: str


class AccountLine(BalanceLine):
    """One row of blocks A (headcount) and B (leader posts) of the slip (domain.md §4.3): `granted` is 本次核定."""

    granted: str


class SlotLine(Shape):
    code: str
    label: str
    way: str
    internal_body: str
    department: str


class VerificationSlipContext(DocumentContext):
    """《人员编制和领导职数核定单》, B §五.1; fields domain.md §4.3."""

    unit_code: str
    unit_rank: str
    unit_kind: str
    unit_parent: str
    certificate_no: str
    valid_until: str
    headcount: list[AccountLine]
    posts: list[AccountLine]
    slots: list[SlotLine]
    basis_meeting: str
    basis_date: str
    purpose: str
    handled_by: str
    examined_by: str
    issued_by: str
    clause: str


class EntryNoticeContext(DocumentContext):
    """《入编通知单》, fields domain.md §4.4. `person_birth` is year and month only; `handled_by` registered the
    entry, `examined_by` and `issued_by` are those of the slip (`issued_by` empty when there was none)."""

    unit_code: str
    certificate_no: str
    person_name: str
    person_sex: str
    person_birth: str
    identity_masked: str
    headcount_label: str
    post_label: str
    internal_body: str
    position: str
    way: str
    slip_number: str
    slot_code: str
    approved_by: str
    approval_no: str
    approved_on: str
    entered_on: str
    balances: list[BalanceLine]
    handled_by: str
    examined_by: str
    issued_by: str
    funds_note: str


class ExitNoticeContext(DocumentContext):
    """《出编通知单》, fields domain.md §4.4; person and officers as on the entry notice."""

    unit_code: str
    certificate_no: str
    person_name: str
    person_sex: str
    person_birth: str
    identity_masked: str
    reason: str
    freed: str
    destination: str
    approved_by: str
    approval_no: str
    approved_on: str
    left_on: str
    balances: list[BalanceLine]
    handled_by: str
    examined_by: str
    issued_by: str


class LetterContext(DocumentContext):
    """Common to the letters (函). `copies_to` is the text after 抄送：, empty when nobody gets a copy."""

    handled_by: str
    contact: str
    copies_to: str = ""


class RequestLine(Shape):
    label: str
    number: str
    way: str
    internal_body: str


class AcceptanceNoticeContext(LetterContext):
    """受理通知 (letter form)."""

    application_title: str
    submitted_on: str
    lines: list[RequestLine]
    accepted_on: str
    due_on: str


class FaultLine(Shape):
    label: str
    detail: str
    clause: str


class CorrectionNoticeContext(LetterContext):
    """补正通知: every fault at once (一次性告知)."""

    application_title: str
    submitted_on: str
    faults: list[FaultLine]
    reply_by: str


class RefusalNoticeContext(LetterContext):
    """不予受理 / 不予批准告知书: `act` is one of the two, `acted_by` the body that refused.

    Each of the `faults` cites its clause; `basis` is the clause that an `opinion` without faults rests on.
    """

    act: str
    acted_by: str
    application_title: str
    submitted_on: str
    faults: list[FaultLine]
    opinion: str
    basis: str = ""
    way_forward: str


class RevocationNoticeContext(LetterContext):
    """核定单作废通知: revocation, expiry, or a new round.

    `slots` are void; `remaining` lists the codes that were used and stay in force, empty when the whole slip is void.
    """

    slip_number: str
    slip_issued_on: str
    reason: str
    slots: list[SlotLine]
    remaining: str = ""
    revoked_on: str


class CertificateRow(Shape):
    """One row of 人员落（出）编登记."""

    person_name: str
    person_sex: str
    birth_month: str
    identity_masked: str
    label: str
    internal_body: str
    position: str
    entered_on: str
    basis_no: str
    left_on: str
    reason: str


class CertificateContext(DocumentContext):
    """《机构编制管理证》 登记页: the one-page extract that finance and social insurance act on (B §三.1, §五.1)."""

    unit_code: str
    unit_rank: str
    unit_nature: str
    unit_parent: str
    certificate_no: str
    page_no: str
    co_users: str
    balances: list[BalanceLine]
    changes: list[CertificateRow]
    as_of: str
    handled_by: str


class RecordCheck(Shape):
    """What the public page tells about a code or an uploaded file: no personal data, no case, no unit."""

    status: Literal["valid", "void", "superseded", "altered", "unknown"]
    number: str | None = None
    kind: DocumentKind | None = None
    title: str | None = None
    issued_on: date | None = None
    issuer: str | None = None
    superseded_by: str | None = None


CONTEXT_OF: dict[DocumentKind, type[DocumentContext]] = {
    DocumentKind.VERIFICATION_SLIP: VerificationSlipContext,
    DocumentKind.ENTRY_NOTICE: EntryNoticeContext,
    DocumentKind.EXIT_NOTICE: ExitNoticeContext,
    DocumentKind.ACCEPTANCE_NOTICE: AcceptanceNoticeContext,
    DocumentKind.CORRECTION_NOTICE: CorrectionNoticeContext,
    DocumentKind.REFUSAL_NOTICE: RefusalNoticeContext,
    DocumentKind.REVOCATION_NOTICE: RevocationNoticeContext,
    DocumentKind.CERTIFICATE: CertificateContext,
}
