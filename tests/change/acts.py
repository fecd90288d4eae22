"""What a unit and the departments do in an establishment change, in a word each."""

from __future__ import annotations

from typing import Any

from sqlmodel import select
from stdnum.cn import uscc

from docket.changing import CONSULTED
from ledger import balances
from ledger.verify import verify
from models.applications import EstablishmentChangeApplication, Justification
from models.decisions import Officer, Receipt
from models.enums import Department, DocumentKind, State
from models.refusals import RefusalCode
from models.register import Holder, InternalBody, Occupancy, Record, Unit, UnitChange
from records.register import context_of
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    FINANCE,
    HEAD,
    ISSUER,
    ORGANISATION,
    OTHER_APPLICANT,
    PARTY_COMMITTEE,
    PERSONNEL,
    REGISTRAR,
    RESEARCH,
    SERVICES,
    UPPER,
    Office,
)

POINTS = tuple(Justification.model_fields)
MINUTES = "示编纪〔2026〕4号"
OWN = (RESEARCH, "示范市发展研究局", "示范市发展改革研究局")
"""For `renamed`: the bureau itself, before and after."""
COUNTERSIGNED = {
    "consult-organisation": ORGANISATION,
    "consult-personnel": PERSONNEL,
    "consult-finance": FINANCE,
}
DECIDERS = {
    Department.ESTABLISHMENT: HEAD,
    Department.COMMISSION: COMMISSION,
    Department.PARTY_COMMITTEE: PARTY_COMMITTEE,
    Department.UPPER: UPPER,
}


def code(number: int) -> str:
    """A valid unified social credit code of the fake area 9999."""
    stem = f"12999900{number:09d}"
    return stem + str(uscc.calc_check_digit(stem))


NEW, OTHER = code(700), code(701)

Json = dict[str, Any]


def posts(before: int = 2, after: int = 3, unit: str = RESEARCH, resource: str = "post:internal-deputy") -> Json:
    return {"kind": "posts", "unit": unit, "resource": resource, "before": before, "after": after}


def headcount(
    before: int = 10, after: int = 12, unit: str = RESEARCH, resource: str = "headcount:administrative"
) -> Json:
    return {"kind": "headcount", "unit": unit, "resource": resource, "before": before, "after": after}


def bodies(before: Json | None = None, after: Json | None = None, unit: str = RESEARCH) -> Json:
    return {"kind": "internal-bodies", "unit": unit, "before": before, "after": after}


def renamed(unit: str = SERVICES, before: str = "示范市公共服务中心", after: str = "示范市政务服务中心") -> Json:
    return {"kind": "rename", "unit": unit, "before": before, "after": after}


def merged(*units: str, into: str = RESEARCH, **more: Any) -> Json:
    return {"kind": "merge", "units": list(units) or [SERVICES], "into": into} | more


def moved(number: int = 2, source: str | None = RESEARCH, target: str | None = SERVICES, **more: Any) -> Json:
    said = {"kind": "reallocate", "resource": "headcount:administrative", "number": number}
    return said | {"from_unit": source, "to_unit": target} | more


def abolished(unit: str = SERVICES) -> Json:
    return {"kind": "abolish", "unit": unit}


def established(unit: str = NEW, name: str = "示范市数据中心", **more: Any) -> Json:
    said = {"kind": "establish", "code": unit, "name": name, "unit_kind": "institution", "rank": "正科级"}
    return said | {"quotas": [{"resource": "headcount:institution-full", "number": 8}]} | more


def request(
    *changes: Json, unit: str = RESEARCH, kind: str | None = None, **more: Any
) -> EstablishmentChangeApplication:
    listed = list(changes) or [posts()]
    body = {
        "unit": unit,
        "kind": kind or listed[0]["kind"],
        "title": "关于调整机构编制的请示",
        "request_no": "示发研〔2026〕18号",
        "justification": dict.fromkeys(POINTS, "已论证。"),
        "changes": listed,
        "basis": {"meeting": "局党组会议〔2026〕第8次", "date": "2026-02-25"},
        "contact": "王敏 0000-8000000",
    } | more
    return EstablishmentChangeApplication.model_validate(body)


def accepted(office: Office, *changes: Json, **more: Any) -> str:
    """Applied for and through the gate."""
    case_id = office.opened(request(*changes, **more))
    docket = office.docket(case_id)
    assert docket.state is State.ACCEPTED, [check.detail for check in docket.checks if not check.passed]
    return case_id


def countersigned(office: Office, case_id: str) -> Officer:
    """Examined and countersigned by all three; who is to decide."""
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    for step, by in COUNTERSIGNED.items():
        office.accepted(office.decide(case_id, step, by))
    return decider(office, case_id)


def decider(office: Office, case_id: str) -> Officer:
    [step] = [each for each in office.docket(case_id).steps if each.state == "current"]
    assert step.step == "decide"
    return DECIDERS[step.department]


def decided(office: Office, case_id: str, **more: Any) -> None:
    by = countersigned(office, case_id)
    office.accepted(office.decide(case_id, "decide", by, minutes_no=MINUTES, **more))


def signed(office: Office, case_id: str, **more: Any) -> None:
    decided(office, case_id, **more)
    office.accepted(office.decide(case_id, "sign", ISSUER))


def in_force(office: Office, *changes: Json, **more: Any) -> str:
    """A whole case up to its reply."""
    case_id = accepted(office, *changes, **more)
    signed(office, case_id)
    return case_id


def refused_at_the_gate(office: Office, *changes: Json, **more: Any) -> dict[RefusalCode, str]:
    """Code → detail of every failed check of a case that the gate did not accept; nothing has moved."""
    before = everything(office)
    case_id = office.opened(request(*changes, **more))
    docket = office.docket(case_id)
    assert docket.state in (State.RETURNED, State.NOT_ACCEPTED)
    assert everything(office) == before
    return {RefusalCode(check.code): check.detail for check in docket.checks if not check.passed}


def refused(receipt: Receipt, code: RefusalCode) -> str:
    assert (receipt.status, receipt.code) == ("refused", code), receipt.message
    return receipt.message


def placed(office: Office, unit: str = SERVICES, **columns: Any) -> None:
    """The unit stands otherwise in the register."""
    with office.database.write() as s:
        row = s.get(Unit, unit)
        assert row is not None
        for name, value in columns.items():
            setattr(row, name, value)
        s.add(row)


def both_mixed(office: Office) -> None:
    """The service centre stands under the bureau, and both may hold every headcount."""
    placed(office, RESEARCH, kind="mixed")
    placed(office, SERVICES, kind="mixed", parent=RESEARCH)


def applicant_of(unit: str) -> Officer:
    """Somebody who applies for that unit."""
    return OTHER_APPLICANT.model_copy(update={"unit": unit})


def unit_of(office: Office, unit: str) -> Unit:
    with office.database.read() as s:
        row = s.get(Unit, unit)
        assert row is not None
        return row


def bodies_of(office: Office, unit: str) -> dict[str, tuple[str | None, int | None, int | None]]:
    with office.database.read() as s:
        rows = s.exec(select(InternalBody).where(InternalBody.unit == unit)).all()
        return {row.name: (row.rank, row.chief_posts, row.deputy_posts) for row in rows}


def changes_of(office: Office, case_id: str) -> list[tuple[str, str, str, str, str | None]]:
    """(unit, field, before, after, reply) of every field of the register that a case changed."""
    with office.database.read() as s:
        rows = s.exec(select(UnitChange).where(UnitChange.case_id == case_id).order_by("id")).all()
        return [(row.unit, row.field, row.before, row.after, row.basis_no) for row in rows]


def authorised(office: Office, unit: str) -> dict[str, int]:
    with office.database.read() as s:
        return {each.resource.value: each.authorised for each in balances.balances(s, unit)}


def seat(office: Office, body: str) -> None:
    """One of the bureau sits in a body."""
    with office.database.write() as s:
        row = s.exec(select(Occupancy).where(Occupancy.unit == RESEARCH).order_by("id")).first()
        assert row is not None
        row.internal_body = body
        s.add(row)


def seats_in(office: Office, unit: str = RESEARCH) -> dict[str, int]:
    found: dict[str, int] = {}
    with office.database.read() as s:
        for row in s.exec(select(Occupancy).where(Occupancy.unit == unit, Occupancy.left_on == None)):  # noqa: E711
            if row.internal_body:
                found[row.internal_body] = found.get(row.internal_body, 0) + 1
    return found


def paper(office: Office, kind: DocumentKind, case_id: str) -> Json:
    """The frozen context of the one record of a kind in a case."""
    with office.database.read() as s:
        [record] = s.exec(select(Record).where(Record.case_id == case_id, Record.kind == kind.value)).all()
        return context_of(s, record).model_dump()


def everything(office: Office) -> list[object]:
    """What a refusal must not move: chains, register of units and bodies."""
    with office.database.read() as s:
        holders = s.exec(select(Holder).order_by("id")).all()
        units = s.exec(select(Unit).order_by("code")).all()
        inside = s.exec(select(InternalBody).order_by("id")).all()
        notes = s.exec(select(UnitChange).order_by("id")).all()
        return [row.model_dump() for rows in (holders, units, inside, notes) for row in rows]


def intact(office: Office) -> None:
    with office.database.read() as s:
        found = verify(s)
    assert (found.difference, found.faults) == (0, [])


def waiting(office: Office, case_id: str) -> list[str]:
    return sorted(step.step for step in office.docket(case_id).steps if step.state == "current")


def fulfilled(office: Office, case_id: str) -> None:
    """Every duty after the reply is acknowledged by whose task it is."""
    for step in office.docket(case_id).steps:
        if step.state == "current":
            by = APPLICANT if step.department is Department.UNIT else REGISTRAR
            office.accepted(office.decide(case_id, step.step, by, "acknowledge", reference_no="示编备〔2026〕7号"))


def below(office: Office, **columns: Any) -> None:
    """The service centre stands under the bureau, at a rank that the commission decides on."""
    placed(office, SERVICES, **({"parent": RESEARCH, "rank": "正科级"} | columns))


def empty_unit(office: Office, unit: str = NEW) -> None:
    """One more institution under the bureau, with nobody in it and no quota."""
    with office.database.write() as s:
        s.add(Holder(id=unit, name="示范市档案整理中心"))
        s.flush()
        row = {"name": "示范市档案整理中心", "kind": "institution", "rank": "正科级", "parent": RESEARCH}
        s.add(Unit(code=unit, holder=unit, certificate_no=f"示编证{unit[-6:]}", **row))


def failed(office: Office, case_id: str) -> dict[str, str]:
    """Code → detail of the failed checks of the gate."""
    return {check.code: check.detail for check in office.docket(case_id).checks if not check.passed}


assert {step.value for step in CONSULTED} == set(COUNTERSIGNED)
