"""What cannot be judged now and would not be by trying at once again is parked for a person: nothing that comes after
it waits, and what was acknowledged is kept, without a receipt, until it could be judged.

Two reasons. Something cannot be opened (its key is lost, a row was altered): with the key back the case goes on where
it stopped (P17). Or this program fails over a command: its own fault, which a corrected version does not have (P7).
"""

from __future__ import annotations

import logging
from datetime import datetime

from docket import cases, commands, notices
from docket.commands import FAULTY, PARKED
from docket.desk import LOOK_AGAIN
from docket.desk import desk as lay_desk
from models.decisions import Handle, Moment
from models.docket import Desk
from models.enums import CommandKind, Department, Role
from models.lasting import place
from models.sealing import Unsealable

from .deps import Deps

logger = logging.getLogger("dingbian.parking")

NOTICE = "parked"
_CLOSED = "本件内容无法打开（密钥缺失或内容被改动），已停放待处理：请恢复密钥，事项随后自动继续"
_FAULTY = "本件有一项办理因系统故障未能判定，已停放待处理，其后的办理照常进行：请系统管理员查日志并升级，随后自动补办"


def park(deps: Deps, case_id: str, at: datetime, fault: Exception, command_id: str | None = None) -> Desk:
    """In a transaction of its own, because the one that met the fault was rolled back. The desk rings again, and not
    before: something that is due already would otherwise ring at once, and again."""
    closed = isinstance(fault, Unsealable)
    if closed:
        logger.error("case %s is parked: something of it cannot be opened", case_id)
    else:
        logger.error("case %s: something is parked over %s at %s", case_id, type(fault).__name__, place(fault))
    with deps.database.write() as s:
        commands.park(s, case_id, command_id, PARKED if closed else FAULTY)
        case = cases.load(s, case_id)
        if case is None:
            raise LookupError(f"case {case_id} is not in this register")
        said, about = (_CLOSED, str(case.round)) if closed else (_FAULTY, command_id or "clock")
        key = f"{case_id}|{NOTICE}|{about}"
        notices.notify(s, case_id, at, NOTICE, Department.ESTABLISHMENT, said, key, role=Role.HEAD.value)
        desk = lay_desk(s, case, at, deps.office)
    return desk.model_copy(update={"wake_at": at + LOOK_AGAIN})


def waiting(deps: Deps, moment: Moment, why: str) -> list[Handle]:
    """The commands of the case that are parked for this reason, in their order; up to the first that cannot be
    opened."""
    found = []
    with deps.database.read() as s:
        for command_id in commands.parked(s, moment.case_id, why):
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
