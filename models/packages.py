"""Shapes of the archive package: what it says of itself, and what a check of it found."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from .shape import Shape

FORMAT = "dingbian-archive/1"

CheckName = Literal["authenticity", "integrity", "usability", "security"]
CHECKS: dict[CheckName, str] = {
    "authenticity": "真实性",
    "integrity": "完整性",
    "usability": "可用性",
    "security": "安全性",
}
"""The four checks 四性 in the manner of DA/T 70, in its order."""


class SeriesLast(Shape):
    """The last number that was given in a series and year: what the package must hold without a gap."""

    series: str
    year: int
    last: int


class PackageFacts(Shape):
    """`package.json`: what the package is, and what it must hold to be whole. `year` is empty for a single case."""

    format: Literal["dingbian-archive/1"] = "dingbian-archive/1"
    package_id: str
    ledger_id: str
    hash: Literal["sm3", "sha256"]
    office: str
    fonds: str
    bodies: dict[str, str] = {}
    """Department → its body's name as documents write it; empty in a package of before it was told."""
    year: int | None = None
    made_at: datetime
    software: str
    cases: int
    records: int
    files: int
    journal_rows: int
    series: list[SeriesLast] = []
    acts: int | None = None
    """Rows of what became of numbers; None in a package that is older than they are."""
    case_files: int | None = None
    """Cases with their case file; None in a package that was made before there were case files."""
    renditions: int = 0


class PackageFault(Shape):
    """One thing that is wrong, where, and which of the four checks it belongs to."""

    check: CheckName
    where: str
    what: str


class PackageReport(Shape):
    """The four checks over a package. `examined` counts what each of them looked at, `notes` what could not be checked
    and is no fault, `manifest` is the SHA-256 of the bag's first manifest: whoever keeps it elsewhere knows the package
    again."""

    package_id: str
    made_at: datetime | None = None
    examined: dict[CheckName, int] = {}
    faults: list[PackageFault] = []
    notes: list[str] = []
    manifest: str = ""

    @property
    def intact(self) -> bool:
        return not self.faults

    def of(self, check: CheckName) -> list[PackageFault]:
        return [fault for fault in self.faults if fault.check == check]


class ActLine(Shape):
    """What became of a number: a row of the chain of acts of its series (`models.archives.RecordAct`)."""

    series: str
    year: int
    seq: int
    record_id: str
    act: str
    detail: str
    at: datetime
    prev_hash: str
    hash: str


class RenditionLine(Shape):
    """Another form of a document, and where it stands in the package."""

    kind: str
    media_type: str
    digest: str
    size: int
    made_at: datetime
    provider: str
    file: str


class RecordLine(Shape):
    """A row of the register of numbers as the package keeps it: every field that its hash covers, and its state."""

    id: str
    series: str
    year: int
    seq: int
    number: str
    kind: str
    title: str
    case_id: str
    case_no: str = ""
    step: str
    round: int
    subject: str
    unit: str
    unit_name: str = ""
    issued_on: date
    issuer: str
    officers: str
    code: str
    template_digest: str
    retention: str
    digest: str | None = None
    size: int | None = None
    filed_at: datetime | None = None
    chain_seq: int | None = None
    prev_hash: str | None = None
    hash: str | None = None
    state: str
    void_reason: str | None = None
    superseded_by: str | None = None
    disposed_on: date | None = None
    disposal_list: str | None = None
    """Day on which the document was destroyed when its retention period had ended, and the number of the list: a
    number that stands without a document."""
    file: str | None = None
    """Where the document stands in the package."""
    renditions: list[RenditionLine] = []
