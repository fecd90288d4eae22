"""《机构编制管理证》: the contexts of its numbered page and of the booklet (domain.md §4.5)."""

from __future__ import annotations

from .paper import BalanceLine, CertificateRow, DocumentContext, EventRow
from .shape import Shape


class CertifiedChange(Shape):
    """One account whose 核定 a reply changed; `delta` carries its sign."""

    label: str
    before: str
    delta: str
    after: str
    effective_on: str
    basis_no: str


class CertificateContext(DocumentContext):
    """《机构编制管理证》 登记页: the one-page extract that finance and social insurance act on (B §三.1, §五.1).

    `changes` are the persons who entered or left, `quotas` the accounts and `events` the facts of the unit that a
    reply changed: a page of an entry or exit has persons only, that of a reply what it did.
    """

    unit_code: str
    unit_rank: str
    unit_nature: str
    unit_parent: str
    certificate_no: str
    page_no: str
    co_users: str
    balances: list[BalanceLine]
    changes: list[CertificateRow]
    quotas: list[CertifiedChange] = []
    events: list[EventRow] = []
    as_of: str
    handled_by: str


class BodyRow(Shape):
    """内设机构及职数: `people` counts those in post there."""

    name: str
    rank: str
    chief_posts: str
    deputy_posts: str
    people: str


class QuotaRow(Shape):
    """One row of the chain that moved 核定 or 预留; `delta` carries its sign."""

    seq: str
    on: str
    label: str
    what: str
    delta: str
    after: str
    basis_no: str
    basis_body: str


class PageRow(Shape):
    """A numbered page that had been issued."""

    number: str
    issued_on: str
    code: str
    state: str


class CertificateBookletContext(DocumentContext):
    """《机构编制管理证》 as an extract on request: it has no number, no case and no verification code (`number`,
    `case_no` and `seal.code` are empty), its address leads to the same extract as data.

    `log_*` is the head of the transparency log at the end of the day: whoever keeps the booklet holds the register to
    it. Of `organ` and `institution` one is empty: the other is printed on the cover, which is red or blue by it.
    """

    organ: str
    institution: str
    as_of: str
    holder: str
    unit_code: str
    unit_rank: str
    unit_nature: str
    unit_parent: str
    other_names: str
    basis: str
    standing: str
    certificate_no: str
    co_users: str
    bodies: list[BodyRow]
    events: list[EventRow]
    headcount: list[BalanceLine]
    posts: list[BalanceLine]
    headcount_changes: list[QuotaRow]
    post_changes: list[QuotaRow]
    persons: list[CertificateRow]
    pages: list[PageRow]
    log_at: str
    log_size: str
    log_root: str
    handled_by: str
