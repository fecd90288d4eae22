"""What the contexts of documents share: the seal of verification, the base fields, rows that several have."""

from __future__ import annotations

from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import model_validator

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
    """Common to every document. `number` as printed, e.g. 示编核〔2026〕1号 (no zero-padding). `UNPRINTED` names texts
    that are kept with the document and that its template may not use."""

    UNPRINTED: ClassVar[frozenset[str]] = frozenset()

    number: str
    issuer: str
    issued_on: str
    unit_name: str
    case_no: str
    seal: Seal

    def printed(self) -> Self:
        """What of it the template is given."""
        return self.model_copy(update=dict.fromkeys(self.UNPRINTED, "")) if self.UNPRINTED else self


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


class EventRow(Shape):
    """机构变更登记: one field of the unit or one of its internal bodies, before and after."""

    on: str
    what: str
    before: str
    after: str
    basis_no: str


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
