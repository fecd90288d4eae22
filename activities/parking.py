"""A case that cannot be opened here (its key is lost, a row was altered) is parked for a person and not tried over and
over; with the key back it goes on where it stopped (P17).

What was acknowledged is kept: a parked command has no receipt until it could be opened and judged.
"""

from __future__ import annotations

import logging
from datetime import datetime

from docket import cases, commands, notices
from docket.desk import LOOK_AGAIN
from docket.desk import desk as lay_desk
from models.decisions import Handle, Moment
from models.docket import Desk
from models.enums import CommandKind, Department, Role
from models.sealing import Unsealable

from .deps import Deps

logger = logging.getLogger("dingbian.keys")

NOTICE = "parked"
_SAID = "本件内容无法打开（密钥缺失或内容被改动），已停放待处理：请恢复密钥，事项随后自动继续"


def park(deps: Deps, case_id: str, at: datetime, command_id: str | None = None) -> Desk:
    """In a transaction of its own, because the one that met the closed row was rolled back. The desk rings again, and
    not before: something that is due already would otherwise ring at once, and again."""
    logger.error("case %s is parked: something of it cannot be opened", case_id)
    with deps.database.write() as s:
        commands.park(s, case_id, command_id)
        case = cases.load(s, case_id)
        if case is None:
            raise LookupError(f"case {case_id} is not in this register")
        key = f"{case_id}|{NOTICE}|{case.round}"
        notices.notify(s, case_id, at, NOTICE, Department.ESTABLISHMENT, _SAID, key, role=Role.HEAD.value)
        desk = lay_desk(s, case, at, deps.office)
    return desk.model_copy(update={"wake_at": at + LOOK_AGAIN})


def waiting(deps: Deps, moment: Moment) -> list[Handle]:
    """The parked commands of the case that can be opened now, in their order; up to the first that cannot."""
    found = []
    with deps.database.read() as s:
        for command_id in commands.parked(s, moment.case_id):
            try:
                row = commands.opened(s, command_id)
            except Unsealable:
                found.append(Handle(case_id=moment.case_id, name="", decision_id=command_id, body={}, at=moment.at))
                break
            if row is not None and row.kind is not CommandKind.START:  # a start is judged by the gate
                found.append(
                    Handle(case_id=row.case_id, name=row.kind.value, decision_id=row.id, body=row.body, at=moment.at)
                )
    return found
