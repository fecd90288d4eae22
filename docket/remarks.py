"""What was said on a case without deciding anything: 批注, notes of copies, the reasons of hold and release.

Each is its accepted command; the text stays sealed there and stands in no notice.
"""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlmodel import Session

from models.decisions import Comment, Copy, Hold, Officer, Release
from models.docket import CommentView
from models.enums import CommandKind, Department
from models.register import Command, table_of

from . import commands
from .commands import CommandRow

_command = table_of(Command)
_SAYING = (CommandKind.COMMENT, CommandKind.COPY, CommandKind.HOLD, CommandKind.RELEASE)
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
    body = commands.parsed(command.kind, command.body)
    to_unit = False
    match body:
        case Comment():
            text, to_unit = body.text, body.to_unit or command.officer.department is Department.UNIT
        case Copy():
            if not body.note:
                return None
            text = (
                "抄送" + "、".join(department.label for department in sorted(set(body.departments))) + f"：{body.note}"
            )
        case Hold() | Release():
            text, to_unit = f"{command.kind.label}：{body.reason}", True
        case _:
            return None
    return CommentView(
        at=command.decided_at,
        officer=command.officer.shown,
        department=command.officer.department,
        text=text,
        to_unit=to_unit,
    )
