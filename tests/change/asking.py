"""Changes that these tests ask for, the way of one through the office, and what it leaves in the register."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from ledger import balances
from ledger.verify import verify
from models.applications import EstablishmentChangeApplication
from models.changes import Change
from models.decisions import Officer, Receipt
from models.documents import DocumentContext
from models.enums import Department, DocumentKind, Resource, Step, StepState, UnitKind
from models.refusals import RefusalCode
from models.register import Holder, InternalBody, Occupancy, Record, Unit, UnitChange
from records.register import context_of
from sample_data.codes import unit_code
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    FINANCE,
    HEAD,
    ISSUER,
    ORGANISATION,
    PARTY_COMMITTEE,
    PERSONNEL,
    REGISTRAR,
    RESEARCH,
    SERVICES,
    UPPER,
    Office,
)

NEW = unit_code(777, UnitKind.INSTITUTION)
"""Code of a unit that does not exist yet."""

MINUTES = "示编纪〔2026〕4号"

DECIDERS = {
    Department.ESTABLISHMENT: HEAD,
    Department.COMMISSION: COMMISSION,
    Department.PARTY_COMMITTEE: PARTY_COMMITTEE,
    Department.UPPER: UPPER,
}

POINTS = ("party_leadership", "lawfulness", "development", "soundness", "risks")


def asking(*changes: dict[str, Any], kind: str | None = None, **more: Any) -> EstablishmentChangeApplication:
    """An application for these changes that lacks nothing; its main matter is the first of them."""
    body = {
        "unit": RESEARCH,
        "kind": kind or changes[0]["kind"],
        "title": "关于调整机构编制的请示",
        "request_no": "示发研〔2026〕18号",
        "justification": dict.fromkeys(POINTS, "已经论证"),
        "changes": list(changes),
        "basis": {"meeting": "局党组会议〔2026〕第8次", "date": "2026-02-25"},
        "contact": "王敏 0000-8000000",
    } | more
    return EstablishmentChangeApplication.model_validate(body)


def change_of(body: dict[str, Any]) -> Change:
    return asking(body).changes[0]


def headcount(before: int = 10, after: int = 12, **more: Any) -> dict[str, Any]:
    body = {"kind": "headcount", "unit": RESEARCH, "resource": "headcount:administrative"}
    return body | {"before": before, "after": after} | more


def posts(before: int = 2, after: int = 3, **more: Any) -> dict[str, Any]:
    body = {"kind": "posts", "unit": RESEARCH, "resource": "post:internal-deputy"}
    return body | {"before": before, "after": after} | more


def bodies(before: dict[str, Any] | None = None, after: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    sides = {"before": before, "after": after}
    return {"kind": "internal-bodies", "unit": RESEARCH} | {k: v for k, v in sides.items() if v} | more


def rename(after: str = "示范市发展改革研究局", **more: Any) -> dict[str, Any]:
    return {"kind": "rename", "unit": RESEARCH, "before": "示范市发展研究局", "after": after} | more


def establish(**more: Any) -> dict[str, Any]:
    body = {"kind": "establish", "code": NEW, "name": "示范市研究数据中心", "unit_kind": "institution"}
    return body | {"rank": "正科级", "nature": "所属事业单位", "parent": RESEARCH} | more


def reallocate(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"kind": "reallocate", "resource": "headcount:institution-full", "number": number} | more


def merge(**more: Any) -> dict[str, Any]:
    return {"kind": "merge", "units": [SERVICES], "into": RESEARCH} | more


# --- the register before ---------------------------------------------------------------------------------------------


def set_unit(office: Office, code: str = SERVICES, **values: Any) -> None:
    with office.database.write() as s:
        unit = s.get(Unit, code)
        assert unit is not None
        for name, value in values.items():
            setattr(unit, name, value)
        s.add(unit)


def below(office: Office, **values: Any) -> None:
    """The service centre stands under the research bureau, at a rank that the commission decides on."""
    set_unit(office, SERVICES, **({"parent": RESEARCH, "rank": "正科级"} | values))


def empty_unit(office: Office, code: str = NEW, **values: Any) -> None:
    """One more institution, with nobody in it and no quota."""
    with office.database.write() as s:
        s.add(Holder(id=code, name="示范市档案整理中心"))
        s.flush()
        fields = {"name": "示范市档案整理中心", "kind": "institution", "rank": "正科级", "parent": RESEARCH}
        s.add(Unit(code=code, holder=code, certificate_no=f"示编证{code[-6:]}", **(fields | values)))


# --- the way through the office --------------------------------------------------------------------------------------


def countersigned(office: Office, case_id: str) -> None:
    """Examined, and agreed to by all three."""
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    for step, by in consulted():
        office.accepted(office.decide(case_id, step, by))


def consulted() -> list[tuple[str, Officer]]:
    return [("consult-organisation", ORGANISATION), ("consult-personnel", PERSONNEL), ("consult-finance", FINANCE)]


def decider(office: Office, case_id: str) -> Officer:
    """Whoever the case waits for at `decide`."""
    [step] = [each for each in waiting(office, case_id) if each.step == "decide"]
    return DECIDERS[step.department]


def waiting(office: Office, case_id: str) -> list[Any]:
    return [step for step in office.docket(case_id).steps if step.state is StepState.CURRENT]


def approved(office: Office, case_id: str, **more: Any) -> Officer:
    """Countersigned and approved by the competent body, which is returned."""
    countersigned(office, case_id)
    by = decider(office, case_id)
    office.accepted(office.decide(case_id, "decide", by, minutes_no=MINUTES, **more))
    return by


def signed(office: Office, body: EstablishmentChangeApplication, by: Officer = APPLICANT, **more: Any) -> str:
    """From the application to the signed reply; the case."""
    case_id = office.opened(body, by)
    approved(office, case_id, **more)
    office.accepted(office.decide(case_id, "sign", ISSUER))
    return case_id


def fulfilled(office: Office, case_id: str) -> list[str]:
    """Every duty after the reply is acknowledged by whose task it is; the steps."""
    done = []
    for step in waiting(office, case_id):
        by = APPLICANT if step.department is Department.UNIT else REGISTRAR
        office.accepted(office.decide(case_id, step.step, by, "acknowledge", reference_no="示编备〔2026〕7号"))
        done.append(step.step)
    return done


def refused(receipt: Receipt, code: RefusalCode) -> None:
    assert (receipt.status, receipt.code) == ("refused", code), receipt.message


def failed(office: Office, case_id: str) -> dict[str, str]:
    """Code → detail of the failed checks of the gate."""
    return {check.code: check.detail for check in office.docket(case_id).checks if not check.passed}


# --- the register after ----------------------------------------------------------------------------------------------


def unit_of(office: Office, code: str = RESEARCH) -> Unit:
    with office.database.read() as s:
        found = s.get(Unit, code)
        assert found is not None
        return Unit(**found.model_dump())


def bodies_of(office: Office, code: str = RESEARCH) -> list[str]:
    with office.database.read() as s:
        return sorted(s.exec(select(InternalBody.name).where(InternalBody.unit == code)).all())


def seats_of(office: Office, code: str = RESEARCH) -> list[tuple[str, str | None]]:
    """(resource, internal body) of everybody who sits in the unit."""
    with office.database.read() as s:
        rows = s.exec(select(Occupancy).where(Occupancy.unit == code, col(Occupancy.left_on).is_(None))).all()
        return sorted((row.resource, row.internal_body) for row in rows)


def changed(office: Office, code: str = RESEARCH) -> list[tuple[str, str, str, str]]:
    """(kind, field, before, after) of the register's own rows, oldest first."""
    with office.database.read() as s:
        rows = s.exec(select(UnitChange).where(UnitChange.unit == code).order_by(col(UnitChange.id))).all()
        return [(row.kind, row.field, row.before, row.after) for row in rows]


def authorised(office: Office, code: str = RESEARCH) -> dict[str, int]:
    with office.database.read() as s:
        return {each.resource.value: each.authorised for each in balances.balances(s, code)}


def totals(office: Office, *codes: str) -> dict[Resource, tuple[int, int]]:
    """Resource → (authorised, occupied) summed over units: what a merger or a move may not change."""
    sums: dict[Resource, tuple[int, int]] = {}
    with office.database.read() as s:
        for code in codes:
            for each in balances.balances(s, code):
                had = sums.get(each.resource, (0, 0))
                sums[each.resource] = (had[0] + each.authorised, had[1] + each.occupied)
    return {resource: numbers for resource, numbers in sums.items() if any(numbers)}


def standing(office: Office) -> list[object]:
    """Everything that a refusal may not move: chains, units, bodies, seats."""
    with office.database.read() as s:
        holders = [(row.id, row.head_seq, row.head_hash) for row in s.exec(select(Holder).order_by(Holder.id))]
        units = [row.model_dump_json() for row in s.exec(select(Unit).order_by(Unit.code))]
        inside = [row.model_dump_json() for row in s.exec(select(InternalBody).order_by(col(InternalBody.id)))]
        seats = [row.model_dump_json() for row in s.exec(select(Occupancy).order_by(col(Occupancy.id)))]
        changes = len(s.exec(select(UnitChange)).all())
    return [holders, units, inside, seats, changes]


def intact(office: Office) -> None:
    """Chains, rebuilt balances, slips and seats agree."""
    with office.database.read() as s:
        found = verify(s)
    assert (found.difference, found.faults) == (0, [])


def paper(office: Office, case_id: str, kind: DocumentKind) -> DocumentContext:
    """The frozen content of the case's one document of a kind."""
    return papers(office, case_id, kind)[-1]


def papers(office: Office, case_id: str, kind: DocumentKind) -> list[DocumentContext]:
    with office.database.read() as s:
        wanted = select(Record).where(Record.case_id == case_id, Record.kind == kind.value)
        return [context_of(s, row) for row in s.exec(wanted.order_by(col(Record.round), col(Record.seq)))]


def duties(office: Office, case_id: str) -> list[str]:
    """The obligations that wait, in the order of the procedure."""
    order = [step.value for step in Step]
    return sorted((step.step for step in waiting(office, case_id)), key=order.index)
