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
    year: int | None = None
    made_at: datetime
    software: str
    cases: int
    records: int
    files: int
    journal_rows: int
    series: list[SeriesLast] = []


class PackageFault(Shape):
    """One thing that is wrong, where, and which of the four checks it belongs to."""

    check: CheckName
    where: str
    what: str


class PackageReport(Shape):
    """The four checks over a package. `examined` counts what each of them looked at."""

    package_id: str
    made_at: datetime | None = None
    examined: dict[CheckName, int] = {}
    faults: list[PackageFault] = []

    @property
    def intact(self) -> bool:
        return not self.faults

    def of(self, check: CheckName) -> list[PackageFault]:
        return [fault for fault in self.faults if fault.check == check]


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
    file: str | None = None
    """Where the document stands in the package."""
