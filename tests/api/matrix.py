"""Who may do what, as the API itself answers: every operation asked by an officer of every department and role, and by
officers of a unit about their own, about another unit's, and about what does not exist (P8; ASVS 8.2.1, 8.2.2;
OWASP API1, API5). `page_of` prints it as docs/reference/permissions.md."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import httpx
from fastapi.routing import APIRoute
from sqlmodel import Session

from api import examples
from api.app import ROUTES
from api.permissions import RULES
from docket import officers
from models.enums import Department, Role

from .conftest import NOBODY, NOW, UNIT_A, UNIT_B, Desk
from .test_reading import add_record

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "permissions.md"

ASKING: tuple[tuple[Department, Role], ...] = (
    (Department.UNIT, Role.APPLICANT),
    (Department.ESTABLISHMENT, Role.EXAMINER),
    (Department.ESTABLISHMENT, Role.ISSUER),
    (Department.ESTABLISHMENT, Role.REGISTRAR),
    (Department.ESTABLISHMENT, Role.INSPECTOR),
    (Department.ESTABLISHMENT, Role.HEAD),
    (Department.COMMISSION, Role.APPROVER),
    (Department.PARTY_COMMITTEE, Role.APPROVER),
    (Department.UPPER, Role.APPROVER),
    (Department.ORGANISATION, Role.APPROVER),
    (Department.PERSONNEL, Role.APPROVER),
    (Department.FINANCE, Role.APPROVER),
    (Department.SOCIAL_INSURANCE, Role.APPROVER),
    (Department.DISCIPLINE, Role.SUPERVISOR),
    (Department.SUPERVISION, Role.SUPERVISOR),
    (Department.SUPERVISION, Role.AUDITOR),
    (Department.ADMINISTRATION, Role.SYSTEM_ADMIN),
    (Department.ADMINISTRATION, Role.SECURITY_ADMIN),
    (Department.ADMINISTRATION, Role.AUDIT_ADMIN),
)
"""Every department and every role at least once; a test says so."""

OPEN, OWN, SHUT = "✓", "本单位", ""

BODIES: dict[str, dict[str, Any]] = {
    "apply_staffing_up": examples.APPLICATION,
    "apply_removing_staff": examples.REMOVAL,
    "apply_establishment_change": examples.CHANGE,
    "open_rectification": examples.RECTIFICATION,
    "raise_warning": examples.WARNING,
    "decide": examples.EXAMINE,
    "resubmit": {"application": examples.APPLICATION},
    "withdraw": {"reason": "计划调整"},
    "revoke": {"reason": "政策调整"},
    "extend": examples.EXTENSION,
    "hold": examples.HOLD,
    "release": examples.HOLD,
    "remind": {"note": "请尽快办理"},
    "report": examples.REPORT,
    "request_exception": examples.EXCEPTION,
    "comment": examples.COMMENT,
    "copy": examples.COPY,
    "grant_substitution": examples.SUBSTITUTION,
    "recuse": examples.RECUSAL,
    "enter_officer": examples.OFFICER,
    "change_officer": examples.OFFICER_CHANGE,
    "set_officer_active": examples.ACTIVITY,
    "set_officer_password": examples.PASSWORD,
    "grant_roles": examples.ROLES,
    "place_hold": examples.RECORD_HOLD,
    "lift_hold": examples.LIFTING,
    "propose_disposal": examples.DISPOSAL,
    "strike_disposal": examples.STRIKE,
    "decide_disposal": examples.DISPOSAL_DECISION,
    "codec_decode": {"payloads": []},
    "codec_encode": {"payloads": []},
}


QUERIES = {
    "/records": "?series=示编核&year=2026",
    "/ledger/log/proof": f"?kind=journal&chain={UNIT_A}&seq=1",
    "/ledger/log/consistency": "?first=0",
}
"""What an operation cannot be asked without."""


@cache
def operations() -> dict[str, tuple[str, str]]:
    """operation id → method and path of what the OpenAPI document lists (test_document.py), read from the routes: to
    write the document takes longer than to ask most operations."""
    return {
        route.operation_id: (method, route.path.removeprefix("/api/v1"))
        for room in ROUTES
        for route in room.routes
        if isinstance(route, APIRoute) and route.operation_id and route.include_in_schema
        for method in route.methods
    }


def filled(path: str, case_id: str = "nocase", unit: str = UNIT_A, record: str = "norecord") -> str:
    path = path.replace("{case_id}", case_id).replace("{code}", unit).replace("{record_id}", record)
    for name in ("{substitution_id}", "{hold_id}", "{disposal_id}", "{officer_id}"):
        path = path.replace(name, "0" * 32)
    return path + QUERIES.get(path, "")


async def knock(desk: Desk, name: str, by: str | None, **where: str) -> Any:
    method, path = operations()[name]
    body = {"json": BODIES[name]} if name in BODIES else {}
    key = f"knock-{by}" if RULES[name].write else None
    return await desk.call(method, filled(path, **where), by=by, key=key, **body)


# --- the matrix --------------------------------------------------------------------------------------------------


async def observed(desk: Desk) -> dict[str, list[str]]:
    """operation → for each of ASKING: open, open for one's own unit alone, or shut."""
    with desk.database.write() as s:
        for number, (department, role) in enumerate(ASKING):
            _officer(s, desk, f"asking-{number}", department, role, UNIT_A)
        _officer(s, desk, "asking-neighbour", Department.UNIT, Role.APPLICANT, UNIT_B)
    case_id = desk.opened_case()
    add_record(desk, case_id)  # `record-1` of unit A
    found: dict[str, list[str]] = {}
    for name in operations():
        rule = RULES[name]
        if rule.public:
            found[name] = [OPEN] * len(ASKING)
            continue
        found[name] = [
            await _of_unit(desk, name, case_id) if department is Department.UNIT else await _of(desk, name, n, case_id)
            for n, (department, _role) in enumerate(ASKING)
        ]
    return found


def _officer(s: Session, desk: Desk, login: str, department: Department, role: Role, unit: str) -> None:
    own = unit if department is Department.UNIT else None
    made = officers.add_officer(s, id=login, login=login, name=login, department=department, unit=own, roles=[role])
    desk.cast[login] = made
    desk.tokens[login] = officers.issue_token(s, login, NOW)


async def _of(desk: Desk, name: str, number: int, case_id: str) -> str:
    """A department is not bound to a unit: what exists and what does not are both its to ask for."""
    for where in ({"case_id": case_id}, {}):
        if not await _let_in(desk, name, f"asking-{number}", **where):
            return SHUT
    return OPEN


async def _of_unit(desk: Desk, name: str, case_id: str) -> str:
    """An officer of unit A about its case and unit, and one of unit B about the same: own, foreign, none."""
    method, path = operations()[name]
    if not await _let_in(desk, name, "asking-0", case_id=case_id, record="record-1"):
        return SHUT
    of_object = any(name in path for name in ("{case_id}", "{code}", "{record_id}")) or path in QUERIES
    if not of_object and "unit" not in BODIES.get(name, {}):
        return OPEN
    foreign = await knock(desk, name, "asking-neighbour", case_id=case_id, unit=UNIT_A, record="record-1")
    none = await knock(desk, name, "asking-neighbour", case_id="0" * 32, unit=NOBODY, record="record-2")
    hidden = _hidden(foreign) and _hidden(none)
    if "{" in path:
        assert foreign.json() == none.json(), f"{method} {path} tells a foreign object from none"
    return OWN if hidden else OPEN


async def _let_in(desk: Desk, name: str, by: str, **where: str) -> bool:
    if name == "watch_events":  # a stream does not end
        return RULES[name].allows(desk.cast[by])
    answer = await knock(desk, name, by, **where)
    assert answer.status_code not in (401, 429), (name, by)
    return not (answer.status_code == 403 and answer.json()["code"] == "forbidden")


def _hidden(answer: httpx.Response) -> bool:
    return answer.status_code in (403, 404) and answer.json()["code"] in ("not-found", "not-your-unit", "unknown-unit")


def page_of(matrix: dict[str, list[str]]) -> str:
    heads = [f"{department.label}{'' if role is Role.APPROVER else role.label}" for department, role in ASKING]
    lines = [
        "# 权限表 · Permissions",
        "",
        "由测试向接口逐格询问得出（`tests/api/matrix.py`），与代码不符即不能通过；改动后以",
        "`WRITE_PAGES=1 pytest tests/api/test_doors.py -k page` 重写。",
        "Asked of the API cell by cell by a test, which fails when page and answers differ.",
        "",
        "`✓` 可以用；`本单位` 只对本单位的事项和单位，他单位的与不存在的回答相同；空格为 `403 forbidden`。",
        "列表（`list_…`）和待办只列出看得到的。",
        "能用某项操作，不等于此刻能办某件事项：环节、次序、职责分离、回避另由准入判定，见 [refusals.md](refusals.md)。",
        "`✓` open; `本单位` for one's own unit alone, where foreign and missing look alike; empty: forbidden.",
        "Lists show what is the caller's to see. Whether a decision may be taken now is judged besides.",
        "",
        "| 操作 operation | " + " | ".join(heads) + " |",
        "|---|" + "---|" * len(heads),
        *(f"| `{name}` | " + " | ".join(cells) + " |" for name, cells in sorted(matrix.items())),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"
