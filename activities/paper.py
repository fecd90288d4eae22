"""What every document of a case has in common: its draft, its base fields, its seal of verification."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypedDict

from sqlmodel import col, select

from docket import applications
from ledger import chain
from models.applications import EstablishmentChangeApplication, StaffingLine, StaffingUpApplication
from models.changes import Change
from models.docket import Check
from models.documents import AccountLine, BalanceLine, DocumentContext, FaultLine, RequestLine, Seal
from models.enums import Department, DocumentKind, Resource, Retention, UnitKind
from models.ledger import Balance
from models.phrasing import filed
from models.refusals import RefusalCode
from models.register import Record, Unit
from models.rulebook import OfficeRules
from records.register import Draft, prepare
from records.render import TemplateFault
from rules.changes import described, units_named
from rules.deadlines import chinese_date
from rules.routing import clause_cited

from .turn import Issued, Turn

SERIES: dict[DocumentKind, str] = {
    DocumentKind.VERIFICATION_SLIP: "编核",
    DocumentKind.REVOCATION_NOTICE: "编核",
    DocumentKind.ENTRY_NOTICE: "编入",
    DocumentKind.EXIT_NOTICE: "编出",
    DocumentKind.ACCEPTANCE_NOTICE: "编受",
    DocumentKind.CORRECTION_NOTICE: "编受",
    DocumentKind.REFUSAL_NOTICE: "编受",
    DocumentKind.CERTIFICATE: "编证",
    DocumentKind.CHANGE_REPLY: "编办",
    DocumentKind.EVALUATION_SHEET: "编评",
    DocumentKind.RECTIFICATION_NOTICE: "编改",
    DocumentKind.SITE_CHECK_RECORD: "编改",
    DocumentKind.WARNING_LETTER: "编警",
    DocumentKind.PHONE_RECORD: "编警",
    DocumentKind.INSPECTION_NOTICE: "编警",
    DocumentKind.INSPECTION_REPORT: "编警",
    DocumentKind.SUSPENSION_NOTICE: "编停",
    DocumentKind.RESUMPTION_NOTICE: "编停",
    DocumentKind.EXCEPTIONAL_ACCEPTANCE: "编停",
    DocumentKind.CASE_FILE: "编卷",
}
"""代字 after the office's prefix (documents.md)."""

RETENTION: dict[DocumentKind, Retention] = {
    DocumentKind.ACCEPTANCE_NOTICE: Retention.YEARS_10,
    DocumentKind.CORRECTION_NOTICE: Retention.YEARS_10,
    DocumentKind.REFUSAL_NOTICE: Retention.YEARS_30,
    DocumentKind.EVALUATION_SHEET: Retention.YEARS_30,
    DocumentKind.RECTIFICATION_NOTICE: Retention.YEARS_30,
    DocumentKind.SITE_CHECK_RECORD: Retention.YEARS_30,
    DocumentKind.WARNING_LETTER: Retention.YEARS_30,
    DocumentKind.INSPECTION_NOTICE: Retention.YEARS_30,
    DocumentKind.INSPECTION_REPORT: Retention.YEARS_30,
    DocumentKind.SUSPENSION_NOTICE: Retention.YEARS_30,
    DocumentKind.RESUMPTION_NOTICE: Retention.YEARS_30,
    DocumentKind.EXCEPTIONAL_ACCEPTANCE: Retention.YEARS_30,
    DocumentKind.PHONE_RECORD: Retention.YEARS_10,
}
"""Permanent where nothing else is said (documents.md; domain.md §7.1). A case file is kept as long as the longest kept
document that it lists."""


class Base(TypedDict):
    number: str
    issuer: str
    issued_on: str
    unit_name: str
    case_no: str
    seal: Seal


def issue(
    turn: Turn,
    kind: DocumentKind,
    heading: str,
    step: str,
    subject: str,
    officers: dict[str, str],
    context: Callable[[Base], DocumentContext],
    *,
    unit: Unit | None = None,
    series: str | None = None,
    issuer: str | None = None,
    retention: Retention | None = None,
    about: str | None = None,
    printed: str = "",
) -> Record:
    """Number a document and freeze its context in this transaction; the file is made after the commit.

    The record's title is the one that the paper prints (`printed`), else `heading`, the name of the paper, with the
    unit and what it is `about`, which is the subject of the case where nothing else is said. No person is named in it.
    `unit` whom it is made out to, `series` (代字 after the prefix), `issuer` and `retention` where they are not the
    usual ones.
    """
    office = turn.deps.rulebook.office
    of_unit = unit or turn.unit()
    if about is None:
        about = applications.subject(turn.application)
    draft = Draft(
        kind=kind,
        series=office.series_prefix + (series or SERIES[kind]),
        title=printed.replace("\n", "") or filed(heading, of_unit.name, about),
        case_id=turn.case.id,
        step=step,
        round=turn.case.round,
        subject=subject,
        unit=of_unit.code,
        issued_on=turn.today,
        issuer=issuer or office.name,
        officers=officers,
        retention=retention or RETENTION.get(kind, Retention.PERMANENT),
        template_digest=_template_of(turn, kind),
    )
    frozen: list[DocumentContext] = []

    def freeze(number: str, code: str) -> DocumentContext:
        frozen.append(context(_base(turn, of_unit, number, code, issuer or office.name)))
        return frozen[0]

    record = prepare(turn.s, draft, freeze)
    if frozen:
        turn.issued.append(Issued(record.id, kind, record.template_digest, frozen[0]))
        turn.notes.append(f"{heading}{record.number}")
    return record


def _template_of(turn: Turn, kind: DocumentKind) -> str:
    """Digest of the template as it is now; empty when it cannot be read. The decision stands all the same: the
    document keeps its number and is made when the template is mended (documents.md, P22)."""
    try:
        return turn.deps.renderer.template_digest(kind)
    except TemplateFault:
        return ""


def _base(turn: Turn, unit: Unit, number: str, code: str, issuer: str) -> Base:
    seq, head = chain.head(turn.s, unit.holder)
    return Base(
        number=number,
        issuer=issuer,
        issued_on=chinese_date(turn.today),
        unit_name=unit.name,
        case_no=turn.case.row.no,
        seal=Seal(
            code=code, verify_url=f"{turn.deps.public_url}/api/v1/verify/{code}", chain_seq=str(seq), chain_head=head
        ),
    )


def account_lines(balances: Iterable[Balance], granted: dict[Resource, int]) -> list[AccountLine]:
    return [
        AccountLine(**balance_line(balance).model_dump(), granted=str(granted.get(balance.resource, 0)))
        for balance in balances
    ]


def balance_line(balance: Balance) -> BalanceLine:
    return BalanceLine(
        label=balance.resource.label,
        authorised=str(balance.authorised),
        occupied=str(balance.occupied),
        reserved=str(balance.reserved),
        set_aside=str(balance.set_aside),
        vacancy=str(balance.vacancy),
    )


def request_lines(turn: Turn) -> list[RequestLine]:
    """What was applied for, as the acceptance letter lists it."""
    match turn.application:
        case StaffingUpApplication(lines=lines):
            return [RequestLine(text=_line_text(line)) for line in lines]
        case EstablishmentChangeApplication(changes=changes):
            names = unit_names(turn, changes)
            return [RequestLine(text=described(change, names)) for change in changes]
        case _:
            return []


def _line_text(line: StaffingLine) -> str:
    place = f"，用于{line.internal_body}" if line.internal_body else ""
    return f"{line.resource.label}{line.number}名，{line.way.label}{place}"


def unit_names(turn: Turn, changes: Iterable[Change]) -> dict[str, str]:
    """Code → name of every unit that the changes name and the register knows."""
    codes = {code for change in changes for code in units_named(change)}
    rows = turn.s.exec(select(Unit).where(col(Unit.code).in_(codes)))
    return {row.code: row.name for row in rows}


def fault_lines(turn: Turn, checks: list[Check]) -> list[FaultLine]:
    """Every failed check as the letter lists it, its clause written out."""
    kind, local_rule = UnitKind(turn.unit().kind), turn.deps.rulebook.office.local_rule
    return [
        FaultLine(
            label=RefusalCode(check.code).label,
            detail=check.detail,
            clause=clause_cited(check.clause, kind, local_rule),
        )
        for check in checks
        if not check.passed and not check.warning
    ]


def department_name(turn: Turn, department: Department) -> str:
    """The name of a department's body as documents write it."""
    return department_names(turn.deps.rulebook.office).get(department, department.label)


def department_names(office: OfficeRules) -> dict[Department, str]:
    """Of those that have a name of their own."""
    return {
        Department.ESTABLISHMENT: office.name,
        Department.ORGANISATION: office.organisation_name,
        Department.PERSONNEL: office.personnel_name,
        Department.FINANCE: office.finance_name,
        Department.SOCIAL_INSURANCE: office.social_insurance_name,
        Department.COMMISSION: office.commission_name,
        Department.PARTY_COMMITTEE: office.party_committee_name,
        Department.UPPER: office.upper_name,
    }


def kind_label(unit: Unit) -> str:
    return UnitKind(unit.kind).label
