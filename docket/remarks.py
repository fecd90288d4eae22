"""What was said on a case without deciding anything: 批注, notes of copies, and what every order and request said.
Whoever decides on more time or on an exceptional acceptance reads here what was asked for, and why.

Each is its accepted command; the text stays sealed there and stands in no notice.
"""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlmodel import Session

from models.decisions import (
    Comment,
    Copy,
    ExceptionalRequest,
    Extension,
    Hold,
    Officer,
    Release,
    Reminder,
    Revocation,
    Withdrawal,
)
from models.docket import CommentView
from models.enums import CommandKind, Department, Step
from models.register import Command, table_of
from models.shape import Shape
from rules.deadlines import chinese_date

from . import commands
from .commands import CommandRow

_command = table_of(Command)
_SAYING = (
    CommandKind.COMMENT,
    CommandKind.COPY,
    CommandKind.HOLD,
    CommandKind.RELEASE,
    CommandKind.EXTEND,
    CommandKind.EXCEPT,
    CommandKind.REMIND,
    CommandKind.WITHDRAW,
    CommandKind.REVOKE,
)
_SAID = (
    select(_command.c.id)
    .where(
        _command.c.case_id == bindparam("case_id"),
        _command.c.kind.in_([kind.value for kind in _SAYING]),
        _command.c.status == "accepted",
    )
    .order_by(_command.c.seq)
)


def remarks(s: Session, case_id: str, viewer: Officer) -> list[CommentView]:
    """In order. A unit reads its own and what is meant for it; the departments' notes among themselves it does not."""
    found = []
    for identity in s.execute(_SAID, {"case_id": case_id}).scalars().all():
        command = commands.opened(s, identity)
        said = _said(command) if command is not None else None
        if said is not None and (said.to_unit or viewer.department is not Department.UNIT):
            found.append(said)
    return found


def _said(command: CommandRow) -> CommentView | None:
    said = _text(commands.parsed(command.kind, command.body), command.officer)
    if said is None:
        return None
    text, to_unit = said
    return CommentView(
        at=command.decided_at,
        officer=command.officer.shown,
        department=command.officer.department,
        text=text,
        to_unit=to_unit,
    )


def _text(body: Shape, officer: Officer) -> tuple[str, bool] | None:
    """The text, and whether the unit reads it; None where nothing was said."""
    by_unit = officer.department is Department.UNIT
    match body:
        case Comment():
            return body.text, body.to_unit or by_unit
        case Copy() if body.note:
            told = sorted(set(body.departments))
            return f"抄送{'、'.join(each.label for each in told)}：{body.note}", Department.UNIT in told
        case Hold() | Release():
            return f"{'暂缓' if isinstance(body, Hold) else '恢复办理'}：{body.reason}", True
        case Extension():
            return f"延期{body.working_days}个工作日（{_step(body.step)}{body.subject}）：{body.reason}", True
        case ExceptionalRequest():
            return _asked(body), True
        case Reminder() if body.note:
            return f"催办：{body.note}", by_unit
        case Withdrawal() | Revocation() if body.reason:
            return f"{'撤回' if isinstance(body, Withdrawal) else '作废'}：{body.reason}", True
        case _:
            return None


def _step(code: str) -> str:
    return next((step.label for step in Step if step.value == code), code)


def _asked(body: ExceptionalRequest) -> str:
    scope = body.scope
    procedures = "、".join(procedure.label for procedure in scope.procedures)
    resources = "（" + "、".join(resource.label for resource in scope.resources) + "）" if scope.resources else ""
    risk = f"；风险：{body.risk}" if body.risk else ""
    until = chinese_date(body.until)
    return f"申请例外受理：{scope.matter}；{procedures}{resources}{scope.cases}件；至{until}；理由：{body.reason}{risk}"
