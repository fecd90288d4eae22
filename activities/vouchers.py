"""The vouchers: verification slip, entry and exit notice, certificate page (domain.md §4.3-4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, func, select

from ledger import balances as ledger_balances
from ledger import suspensions
from ledger.occupancy import mask
from models.applications import PersonNamed, StaffingUpApplication
from models.documents import (
    CertificateContext,
    CertificateRow,
    CertifiedChange,
    EntryNoticeContext,
    EventRow,
    ExitNoticeContext,
    SlotLine,
    VerificationSlipContext,
)
from models.enums import DocumentKind, Resource, Sex, Step, UnitKind
from models.ledger import Balance, PersonEntry, Seated, SlotWanted
from models.register import Record, Unit
from rules.deadlines import chinese_date, local_day
from rules.routing import approving_department, clause_shown

from .paper import Base, account_lines, balance_line, issue, kind_label
from .turn import Turn

_GONE = "停发工资、核减经费、办理社会保险"
_RELIEVED = "核销领导职数、重新核定职务工资"
"""What an exit notice is the ground for: whoever is only relieved of a post stays on the payroll."""

NONE = "无"
"""In a field that has nothing to say: an empty one looks forgotten, and can be filled in."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Whose approval a notice rests on."""

    body: str
    number: str
    on: date


@dataclass(frozen=True, slots=True)
class Hands:
    """经办, 审核, 签发. On a notice of entry or exit only 经办 is of the notice, the others are of the slip."""

    handled: str
    examined: str
    issued: str

    def as_dict(self) -> dict[str, str]:
        return {"经办": self.handled, "审核": self.examined, "签发": self.issued}

    def of_notice(self) -> dict[str, str]:
        """As the register keeps them of a notice: nobody is named as having signed what he did not."""
        behind = (
            {"核定单审核": self.examined, "核定单签发": self.issued} if self.issued else {"申请审核": self.examined}
        )
        return {"经办": self.handled, **{what: who for what, who in behind.items() if who}}


@dataclass(frozen=True, slots=True)
class Entered:
    """One completed entry: whom, on what, under which slip or appointment."""

    person: PersonNamed
    resources: list[Resource]
    way: str
    slip_number: str
    slot_codes: list[str]
    approval: Approval


@dataclass(frozen=True, slots=True)
class Left:
    """One completed exit: whom, the seats that it freed as they stood before, the accounts as they stand after,
    why, and `note` on a late report."""

    person: PersonEntry
    seats: list[Seated]
    accounts: list[Balance]
    reason: str
    destination: str
    left_on: date
    approval: Approval
    proof: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What one page of the certificate registers."""

    persons: Sequence[CertificateRow] = ()
    quotas: Sequence[CertifiedChange] = ()
    events: Sequence[EventRow] = ()

    @property
    def rows(self) -> int:
        return len(self.persons) + len(self.quotas) + len(self.events)

    @property
    def about(self) -> str:
        """What a reply changed, as the title of its page says it."""
        parts = {"机构事项": self.events, "编制职数": self.quotas, "人员": self.persons}
        return "、".join(name for name, rows in parts.items() if rows) + "变更登记"


def slot_line(turn: Turn, code: str, resource: Resource, way: str, body: str | None) -> SlotLine:
    return SlotLine(
        code=code,
        label=resource.label,
        way=way,
        internal_body=body or NONE,
        department=approving_department(resource).label,
    )


def slip_context(
    turn: Turn,
    base: Base,
    slots: list[SlotWanted],
    valid_until: datetime,
    before: list[Balance],
    granted: dict[Resource, int],
    hands: Hands,
) -> VerificationSlipContext:
    """《人员编制和领导职数核定单》: the vacancy before, and what this slip grants of it."""
    unit = turn.unit()
    basis = turn.applied(StaffingUpApplication).basis
    return VerificationSlipContext(
        **base,
        unit_code=unit.code,
        unit_rank=unit.rank or NONE,
        unit_kind=kind_label(unit),
        unit_parent=_parent_name(turn, unit),
        certificate_no=unit.certificate_no or NONE,
        valid_until=chinese_date(local_day(valid_until)),
        headcount=account_lines((b for b in before if b.resource.is_headcount), granted),
        posts=account_lines((b for b in before if b.resource.is_post), granted),
        slots=[slot_line(turn, slot.code, slot.resource, slot.way.label, slot.internal_body) for slot in slots],
        basis_meeting=(basis.meeting if basis else "") or NONE,
        basis_date=chinese_date(basis.date) if basis else NONE,
        purpose=_purpose(turn),
        handled_by=hands.handled,
        examined_by=hands.examined,
        issued_by=hands.issued,
        clause=clause_shown(
            UnitKind(unit.kind), [slot.resource for slot in slots], turn.deps.rulebook.office.local_rule
        ),
    )


def _purpose(turn: Turn) -> str:
    """The reasons of all lines, each once; and the exceptional acceptance that a suspended unit's slip rests on."""
    reasons = [line.reason.rstrip("。；，;, \n") for line in turn.applied(StaffingUpApplication).lines]
    excepted = suspensions.exception(turn.s, turn.case.row.exception_id)
    if excepted is not None:
        reasons.append(f"依例外受理{excepted.number or excepted.id}办理")
    return "；".join(dict.fromkeys(reason for reason in reasons if reason)) or NONE


def birth_month(day: date) -> str:
    """出生年月: papers that leave the office never print the day of birth."""
    return f"{day.year}年{day.month}月"


def _parent_name(turn: Turn, unit: Unit) -> str:
    if unit.parent is None:
        return NONE
    return turn.unit(unit.parent).name


def entry_notice(turn: Turn, subject: str, entered: Entered, hands: Hands) -> Record:
    """《入编通知单》, and with it the page of the certificate that finance and social insurance act on."""
    unit = turn.unit()
    after = ledger_balances.balances(turn.s, unit.code)
    headcount = [r for r in entered.resources if r.is_headcount]
    posts = [r for r in entered.resources if r.is_post]

    def context(base: Base) -> EntryNoticeContext:
        person = entered.person
        return EntryNoticeContext(
            **base,
            unit_code=unit.code,
            certificate_no=unit.certificate_no or NONE,
            person_name=person.name,
            person_sex=Sex(person.sex).label,
            person_birth=birth_month(person.birth_date),
            identity_masked=mask(person.identity_no),
            headcount_label="、".join(r.label for r in headcount) or "已在编，不另占编制",
            post_label="、".join(r.label for r in posts) or NONE,
            internal_body=person.internal_body or NONE,
            position=person.position or NONE,
            way=entered.way,
            slip_number=entered.slip_number or NONE,
            slot_code="\n".join(entered.slot_codes) if entered.slip_number else NONE,
            approved_by=entered.approval.body,
            approval_no=entered.approval.number or NONE,
            approved_on=chinese_date(entered.approval.on),
            entered_on=chinese_date(turn.today),
            balances=[balance_line(b) for b in after if b.resource in entered.resources],
            handled_by=hands.handled,
            examined_by=hands.examined,
            issued_by=hands.issued,
            funds_note=_funds_note(turn, bool(headcount)),
        )

    about, officers = _taken(entered), hands.of_notice()
    record = issue(turn, DocumentKind.ENTRY_NOTICE, "入编通知单", "enter", subject, officers, context, about=about)
    page = Page(persons=[_entering_row(turn, entered)])
    certificate_page(turn, "enter", subject, unit, page, after, hands.handled, f"落编登记，{about}")
    return record


def slots_named(codes: Sequence[str]) -> str:
    """Slots as a title names them: the first, and how many there are."""
    return f"用编编号{codes[0]}" + (f"等{len(codes)}个" if len(codes) > 1 else "")


def _taken(entered: Entered) -> str:
    """What an entry is about, without the person."""
    labels = "、".join(resource.label for resource in entered.resources)
    return f"{labels}，{slots_named(entered.slot_codes)}" if entered.slip_number else labels


def _funds_note(turn: Turn, headcount: bool) -> str:
    if not headcount:
        return "只占领导职数，不增加人员编制。"
    return f"财政部门据此增核{turn.today.year + 1}年度人员经费；社会保险经办机构据此办理参保手续。"


def _entering_row(turn: Turn, entered: Entered) -> CertificateRow:
    person = entered.person
    return CertificateRow(
        person_name=person.name,
        person_sex=Sex(person.sex).label,
        birth_month=birth_month(person.birth_date),
        identity_masked=mask(person.identity_no),
        label="、".join(r.label for r in entered.resources),
        internal_body=person.internal_body or NONE,
        position=person.position or NONE,
        entered_on=chinese_date(turn.today),
        basis_no=entered.approval.number or NONE,
        left_on="",
        reason="",
    )


def certificate_page(
    turn: Turn,
    step: str,
    subject: str,
    unit: Unit,
    page: Page,
    after: list[Balance],
    handled_by: str,
    about: str,
) -> Record:
    """《机构编制管理证》 登记页: an extract of the chain as it stands after the entry, exit or change (B §三.1)."""

    def context(base: Base) -> CertificateContext:
        return CertificateContext(
            **base,
            unit_code=unit.code,
            unit_rank=unit.rank or NONE,
            unit_nature=unit.nature or kind_label(unit),
            unit_parent=_parent_name(turn, unit),
            certificate_no=unit.certificate_no or NONE,
            page_no=f"第{_next_page(turn, unit)}页",
            co_users=_co_users(turn, unit),
            balances=[balance_line(balance) for balance in after],
            changes=list(page.persons),
            quotas=list(page.quotas),
            events=list(page.events),
            as_of=chinese_date(turn.today),
            handled_by=handled_by,
        )

    return issue(
        turn,
        DocumentKind.CERTIFICATE,
        "机构编制管理证登记页",
        step,
        subject,
        {"经办": handled_by},
        context,
        unit=unit,
        about=about,
    )


def _next_page(turn: Turn, unit: Unit) -> int:
    pages = turn.s.exec(
        select(func.count())
        .select_from(Record)
        .where(col(Record.unit) == unit.code, col(Record.kind) == DocumentKind.CERTIFICATE.value)
    ).one()
    return pages + 1


def _co_users(turn: Turn, unit: Unit) -> str:
    """Names of the units that work under the same quota 合署办公."""
    others = turn.s.exec(select(Unit.name).where(col(Unit.holder) == unit.holder, col(Unit.code) != unit.code))
    return "、".join(others.all()) or NONE


def exit_papers(turn: Turn, subject: str, unit: Unit, left: Left, hands: Hands) -> None:
    """《出编通知单》 of one unit that the person leaves, and the page of its certificate."""
    seats = [seat for seat in left.seats if seat.unit == unit.code]
    _exit_notice(turn, subject, unit, left, seats, hands)
    page = Page(persons=[_leaving_row(left, seat) for seat in seats])
    after = ledger_balances.balances(turn.s, unit.code)
    about = f"出编登记，{_freed(seats)}"
    certificate_page(turn, Step.EXIT.value, subject, unit, page, after, hands.handled, about)


def _freed(seats: list[Seated]) -> str:
    return "、".join(dict.fromkeys(seat.resource.label for seat in seats))


def _exit_notice(turn: Turn, subject: str, unit: Unit, left: Left, seats: list[Seated], hands: Hands) -> Record:
    """Only the accounts that moved are listed."""
    person = left.person
    freed = [seat.resource for seat in seats]
    moved = [b for b in left.accounts if b.holder == unit.holder and b.resource in freed]

    def context(base: Base) -> ExitNoticeContext:
        return ExitNoticeContext(
            **base,
            unit_code=unit.code,
            certificate_no=unit.certificate_no or NONE,
            person_name=person.name,
            person_sex=person.sex.label,
            person_birth=birth_month(person.birth_date),
            identity_masked=mask(person.identity_no),
            reason=f"{left.reason}（{left.note}）" if left.note else left.reason,
            freed=_freed(seats),
            destination=left.destination or NONE,
            proof=left.proof or NONE,
            uses=_RELIEVED if all(resource.is_post for resource in freed) else _GONE,
            approved_by=left.approval.body,
            approval_no=left.approval.number or NONE,
            approved_on=chinese_date(left.approval.on),
            left_on=chinese_date(left.left_on),
            balances=[balance_line(balance) for balance in moved],
            handled_by=hands.handled,
            examined_by=hands.examined,
            issued_by=hands.issued,
        )

    return issue(
        turn,
        DocumentKind.EXIT_NOTICE,
        "出编通知单",
        Step.EXIT.value,
        subject,
        hands.of_notice(),
        context,
        unit=unit,
        about=_freed(seats),
    )


def _leaving_row(left: Left, seat: Seated) -> CertificateRow:
    person = left.person
    return CertificateRow(
        person_name=person.name,
        person_sex=person.sex.label,
        birth_month=birth_month(person.birth_date),
        identity_masked=mask(person.identity_no),
        label=seat.resource.label,
        internal_body=seat.internal_body or NONE,
        position=seat.position or NONE,
        entered_on=chinese_date(seat.entered_on),
        basis_no=seat.basis_no or NONE,
        left_on=chinese_date(left.left_on),
        reason=left.reason,
    )
