"""回避: who takes no part in a case, neither in person nor through anybody who stands in for him. Declared by the
officer himself or by the head of his department and unit; never taken back (the table refuses it).

Every function takes the caller's open session and never commits (ledger.md rule 12).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Row, bindparam, insert, select
from sqlmodel import Session

from models.audit import Act
from models.decisions import Officer
from models.enums import Role
from models.recusals import NewRecusal, RecusalView
from models.refusals import Refusal, RefusalCode
from models.register import OfficerRow, table_of
from models.visits import Recusal

from . import audit
from .officers import find_by_login, officer_of

_recusal = table_of(Recusal)
_officer = table_of(OfficerRow)
_OF_CASE = select(_recusal.c.officer).where(_recusal.c.case_id == bindparam("of_case"))
_VIEW = (
    select(_recusal, _officer.c.login, _officer.c.name)
    .join(_officer, _officer.c.id == _recusal.c.officer)
    .where(_recusal.c.case_id == bindparam("of_case"), _recusal.c.officer == bindparam("of_officer"))
)


def of_case(s: Session, case_id: str) -> frozenset[str]:
    """Ids of the officers who take no part in the case."""
    return frozenset(s.execute(_OF_CASE, {"of_case": case_id}).scalars())


def declare(s: Session, case_id: str, wanted: NewRecusal, by: Officer, at: datetime) -> RecusalView | Refusal | None:
    """Enter a recusal; the first one of an officer in a case stays as it is. None: nobody has this login."""
    officer = by
    if wanted.officer is not None:
        row = find_by_login(s, wanted.officer)
        if row is None:
            return None
        officer = officer_of(row)
    if officer.id != by.id and not _leads(by, officer):
        return Refusal.of(RefusalCode.NOT_YOUR_DEPARTMENT, "只能由本人或本部门负责人提出回避")
    key = {"of_case": case_id, "of_officer": officer.id}
    found = s.execute(_VIEW, key).one_or_none()
    if found is not None:
        return _view(found)
    s.execute(
        insert(_recusal).values(case_id=case_id, officer=officer.id, reason=wanted.reason, declared_by=by.id, at=at)
    )
    audit.note(s, Act.RECUSAL, at, by, about=case_id, detail=officer.name)
    return _view(s.execute(_VIEW, key).one())


def _leads(by: Officer, officer: Officer) -> bool:
    return Role.HEAD in by.roles and (by.department, by.unit) == (officer.department, officer.unit)


def _view(row: Row[tuple[object, ...]]) -> RecusalView:
    return RecusalView(
        case_id=row.case_id,
        officer=row.login,
        officer_name=row.name,
        reason=row.reason,
        declared_by=row.declared_by,
        at=row.at,
    )
