"""The outbox: an acknowledged command is a committed row, and everything else follows from it.

Every function takes the caller's open session and never commits (ledger.md rule 12). The body is sealed and
bound to its row; its keyed hash tells a repeated key with the same content from a reused one.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlmodel import Session

from models.applications import AnyApplication
from models.decisions import BODY_OF, CommandAnswer, Delivery, Officer, Receipt, Wake
from models.enums import CommandKind, Department, Procedure, Role, State, Step
from models.refusals import Refusal, RefusalCode
from models.register import Case, Command, RoundRow, Unit, table_of
from models.sealing import Keyring, Unsealable, same
from models.shape import SUBJECT, Shape
from rules.deadlines import local_day

from .applications import PREFIX, fingerprint, procedure_of, title
from .canonical import canonical

__all__ = ["canonical", "fingerprint"]

WORKFLOW_TYPE = {
    Procedure.STAFFING_UP: "StaffingUp",
    Procedure.REMOVING_STAFF: "RemovingStaff",
    Procedure.ESTABLISHMENT_CHANGE: "EstablishmentChange",
    Procedure.RECTIFICATION: "Rectification",
    Procedure.EARLY_WARNING: "EarlyWarning",
}

_command = table_of(Command)
_case = table_of(Case)
_round = table_of(RoundRow)
_unit = table_of(Unit)

_BY_ID = select(_command).where(_command.c.id == bindparam("id"))
_STATE = select(_case.c.state, _case.c.next_seq).where(_case.c.id == bindparam("case_id")).with_for_update()
_COUNT_UP = update(_case).where(_case.c.id == bindparam("case_id")).values(next_seq=_case.c.next_seq + 1)
_INSERT = insert(_command)
_STEPS = frozenset(step.value for step in Step)
# One row per case, chosen by `seq` before the limit: neither a case with many rows nor a clock that ran slow may
# bring a later row first or keep other cases out.
_FIRST = (
    select(_command.c.case_id, func.min(_command.c.seq).label("seq"))
    .where(_command.c.delivered_at.is_(None))
    .group_by(_command.c.case_id)
    .subquery()
)
_UNDELIVERED = (
    select(_command)
    .join(_FIRST, (_command.c.case_id == _FIRST.c.case_id) & (_command.c.seq == _FIRST.c.seq))
    .order_by(_command.c.attempts, _command.c.decided_at, _command.c.id)
    .limit(bindparam("limit"))
)
_NEXT = (
    select(_command)
    .where(_command.c.case_id == bindparam("case_id"), _command.c.delivered_at.is_(None))
    .order_by(_command.c.seq)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Submitted:
    """A committed application. `existing` when the same key came again with the same content."""

    case_id: str
    case_no: str
    state: State
    existing: bool


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A committed command, opened: what counts for a decision comes from here and nowhere else."""

    id: str
    key: str
    case_id: str
    seq: int
    kind: CommandKind
    officer: Officer
    decided_at: datetime
    body: dict[str, object]
    handled_at: datetime | None
    receipt: Receipt | None


def command_id(officer_id: str, key: str) -> str:
    """Idempotency keys are scoped to the officer (interface.md)."""
    return f"{officer_id}~{key}"


def known(s: Session, officer_id: str, key: str) -> bool:
    """Whether this officer has committed something under this key already."""
    return s.execute(_BY_ID, {"id": command_id(officer_id, key)}).first() is not None


def keyring_of(s: Session) -> Keyring:
    keyring: Keyring = s.info["keyring"]
    return keyring


def _dump(body: Shape) -> dict[str, object]:
    dumped: dict[str, object] = body.model_dump(mode="json", exclude_none=True)
    return dumped


def _hash(keyring: Keyring, kind: CommandKind, case_id: str, body: dict[str, object]) -> str:
    return keyring.keyed_hash(f"command|{kind.value}|{case_id}|{canonical(body)}".encode())


def submit_application(
    s: Session,
    application: AnyApplication,
    officer: Officer,
    key: str,
    at: datetime,
    take_serial: Callable[[], int],
) -> Submitted | Refusal:
    """Commit an application as a new case with its start row; the same key and content is the same case."""
    identity = command_id(officer.id, key)
    body = _dump(application)
    keyring = keyring_of(s)
    found = s.execute(_BY_ID, {"id": identity}).one_or_none()
    if found is not None:
        # the hash of a start row leaves the case id out: it did not exist when the key was first used
        unchanged = same(found.body_hash, _hash(keyring, CommandKind.START, "", body))
        if found.kind != CommandKind.START or not unchanged or found.acting_for != officer.acting_for:
            return Refusal.of(RefusalCode.KEY_REUSED)
        case = s.execute(select(_case.c.no, _case.c.state).where(_case.c.id == found.case_id)).one()
        return Submitted(found.case_id, case.no, State(case.state), existing=True)

    unit_name = s.execute(select(_unit.c.name).where(_unit.c.code == application.unit)).scalar_one()
    case_id = uuid.uuid4().hex
    year = local_day(at).year
    serial = take_serial()
    procedure = procedure_of(application)
    case_no = f"{PREFIX[procedure]}{year}-{serial:05d}"
    s.execute(
        insert(_case).values(
            id=case_id,
            no=case_no,
            year=year,
            serial=serial,
            procedure=procedure.value,
            unit=application.unit,
            title=title(unit_name, application),
            state=State.SUBMITTED.value,
            round=1,
            applicant=officer.id,
            applied_by=officer.department.value,
            opened_at=at,
            fingerprint=fingerprint(keyring, application),
            next_seq=1,
        )
    )
    add_round(s, case_id, 1, identity, officer, at, body)
    _insert(s, identity, key, case_id, 1, CommandKind.START, officer, at, body, hashed_as="")
    s.execute(update(_case).where(_case.c.id == case_id).values(next_seq=2))
    return Submitted(case_id, case_no, State.SUBMITTED, existing=False)


def add_round(
    s: Session,
    case_id: str,
    number: int,
    command: str,
    officer: Officer,
    at: datetime,
    body: dict[str, object],
    *,
    internal: bool = False,
) -> None:
    """The application text of a round, sealed and bound to case and round."""
    sealed = keyring_of(s).seal_column(canonical(body), "case_round", "application_sealed", f"{case_id}|{number}")
    s.execute(
        insert(_round).values(
            case_id=case_id,
            round=number,
            command_id=command,
            officer=officer.id,
            officer_name=officer.shown,
            submitted_at=at,
            application_sealed=sealed,
            internal=internal,
            checks="[]",
        )
    )


def submit(
    s: Session, case_id: str, kind: CommandKind, body: Shape, officer: Officer, key: str, at: datetime
) -> CommandAnswer | Refusal | None:
    """Commit one command on a case. None: no such case. A refusal only for a reused key; everything else is
    judged by the activity, which leaves a receipt."""
    identity = command_id(officer.id, key)
    content = _dump(body)
    keyring = keyring_of(s)
    found = s.execute(_BY_ID, {"id": identity}).one_or_none()
    if found is not None:
        unchanged = same(found.body_hash, _hash(keyring, kind, case_id, content))
        elsewhere = found.case_id != case_id or found.kind != kind
        if elsewhere or not unchanged or found.acting_for != officer.acting_for:
            return Refusal.of(RefusalCode.KEY_REUSED)
        state = s.execute(select(_case.c.state).where(_case.c.id == case_id)).scalar_one()
        return CommandAnswer(decision_id=key, receipt=_receipt(found), state=State(state))
    case = s.execute(_STATE, {"case_id": case_id}).one_or_none()
    if case is None:
        return None
    _insert(s, identity, key, case_id, case.next_seq, kind, officer, at, content, hashed_as=case_id)
    s.execute(_COUNT_UP, {"case_id": case_id})
    return CommandAnswer(decision_id=key, receipt=None, state=State(case.state))


def _insert(
    s: Session,
    identity: str,
    key: str,
    case_id: str,
    seq: int,
    kind: CommandKind,
    officer: Officer,
    at: datetime,
    body: dict[str, object],
    *,
    hashed_as: str,
) -> None:
    keyring = keyring_of(s)
    s.execute(
        _INSERT,
        {
            "id": identity,
            "key": key,
            "case_id": case_id,
            "seq": seq,
            "kind": kind.value,
            "officer": officer.id,
            "officer_name": officer.name,
            "acting_for": officer.acting_for,
            "acting_for_name": officer.acting_for_name,
            "department": officer.department.value,
            "unit": officer.unit,
            "roles": ",".join(sorted(role.value for role in officer.roles)),
            "decided_at": at,
            "body_sealed": keyring.seal_column(canonical(body), "command", "body_sealed", identity),
            "body_hash": _hash(keyring, kind, hashed_as, body),
            "step": _step_named(body),
            "subject": _subject_named(body),
            "attempts": 0,
        },
    )


def _step_named(body: dict[str, object]) -> str | None:
    step = body.get("step")
    return step if isinstance(step, str) and step in _STEPS else None


def _subject_named(body: dict[str, object]) -> str:
    """Only what has the form of a post's code: whatever else was typed there stays in the sealed body alone."""
    subject = body.get("subject")
    return subject if isinstance(subject, str) and SUBJECT.fullmatch(subject) else ""


def opened(s: Session, identity: str) -> CommandRow | None:
    """The committed row of a command, its body opened."""
    row = s.execute(_BY_ID, {"id": identity}).one_or_none()
    if row is None:
        return None
    return CommandRow(
        id=row.id,
        key=row.key,
        case_id=row.case_id,
        seq=row.seq,
        kind=CommandKind(row.kind),
        officer=Officer(
            id=row.officer,
            name=row.officer_name,
            department=Department(row.department),
            unit=row.unit,
            roles=frozenset(Role(r) for r in row.roles.split(",") if r),
            acting_for=row.acting_for,
            acting_for_name=row.acting_for_name,
        ),
        decided_at=row.decided_at,
        body=_open_body(s, row.id, row.body_sealed),
        handled_at=row.handled_at,
        receipt=_receipt(row),
    )


def _open_body(s: Session, identity: str, sealed: bytes) -> dict[str, object]:
    body: dict[str, object] = json.loads(keyring_of(s).open_column(sealed, "command", "body_sealed", identity))
    return body


def parsed(kind: CommandKind, body: dict[str, object]) -> Shape:
    """The body of a command on a case as its model; raises pydantic.ValidationError when it is not one."""
    return BODY_OF[kind].model_validate(body)


def _receipt(row: Row[Any]) -> Receipt | None:
    handled_at: datetime | None = row.handled_at
    if handled_at is None:
        return None
    return Receipt(
        decision_id=row.key,
        status=row.status,
        code=RefusalCode(row.code) if row.code else None,
        clause=row.clause,
        message=row.message or "",
        at=handled_at,
    )


def wake(s: Session, case_id: str, officer: Officer, key: str, at: datetime, reason: str) -> None:
    """Tell another case, in this transaction, that what it waits for has changed; once per key."""
    submit(s, case_id, CommandKind.WAKE, Wake(reason=reason), officer, key, at)


def receipt(s: Session, officer_id: str, key: str) -> Receipt | None:
    row = s.execute(_BY_ID, {"id": command_id(officer_id, key)}).one_or_none()
    return _receipt(row) if row is not None else None


_HANDLED = (
    update(_command)
    .where(_command.c.id == bindparam("identity"), _command.c.handled_at.is_(None))
    .values(
        handled_at=bindparam("handled"),
        delivered_at=func.coalesce(_command.c.delivered_at, bindparam("handled")),
        status=bindparam("new_status"),
        code=bindparam("new_code"),
        clause=bindparam("new_clause"),
        message=bindparam("new_message"),
    )
)


def write_receipt(s: Session, identity: str, at: datetime, refusal: Refusal | None, message: str = "") -> Receipt:
    """The answer to a command; written once, in the transaction that acts on it."""
    key = identity.split("~", 1)[1]
    answer = Receipt(
        decision_id=key,
        status="refused" if refusal else "accepted",
        code=refusal.code if refusal else None,
        clause=refusal.clause if refusal else None,
        message=refusal.message if refusal else (message or "已记录 · recorded"),
        at=at,
    )
    s.execute(
        _HANDLED,
        {
            "identity": identity,
            "handled": at,
            "new_status": answer.status,
            "new_code": answer.code.value if answer.code else None,
            "new_clause": answer.clause,
            "new_message": answer.message,
        },
    )
    return answer


PARKED = "parked"
FAULTY = "faulty"
"""Stand for the status of a command without a receipt: it cannot be opened here, or this program fails over it."""


def park(s: Session, case_id: str, identity: str | None, why: str = PARKED) -> None:
    """The command waits for its key or a mended program; without an id, the start of a case not judged yet."""
    of = _command.c.id == identity if identity is not None else _command.c.kind == CommandKind.START.value
    waits = (_command.c.case_id == case_id, _command.c.handled_at.is_(None))
    s.execute(update(_command).where(of, *waits).values(status=why))


def parked(s: Session, case_id: str, why: str = PARKED) -> list[str]:
    """Ids of the commands of a case that are parked for this reason, in their order."""
    waits = (_command.c.case_id == case_id, _command.c.status == why, _command.c.handled_at.is_(None))
    return list(s.execute(select(_command.c.id).where(*waits).order_by(_command.c.seq)).scalars())


# --- delivery -----------------------------------------------------------------------------------------------


def _delivery(s: Session, row: Row[Any]) -> Delivery:
    identity: str = row.id
    case_id: str = row.case_id
    kind = CommandKind(row.kind)
    columns = (_case.c.procedure, _case.c.unit, _case.c.no, _case.c.title)
    case = s.execute(select(*columns).where(_case.c.id == case_id)).one()
    body: dict[str, object] = {}
    if kind is not CommandKind.START:  # a start carries no content
        with contextlib.suppress(Unsealable):  # a lost key: the signal still arrives and is answered with a refusal
            body = _open_body(s, identity, row.body_sealed)
    return Delivery(
        case_id=case_id,
        command_id=identity,
        seq=row.seq,
        kind=kind,
        workflow_type=WORKFLOW_TYPE[Procedure(case.procedure)],
        unit=case.unit,
        case_no=case.no,
        title=case.title,
        body=body,
    )


def next_for_case(s: Session, case_id: str) -> Delivery | None:
    """The earliest row of a case that has not arrived."""
    row = s.execute(_NEXT, {"case_id": case_id}).one_or_none()
    return _delivery(s, row) if row is not None else None


def undelivered(s: Session, limit: int = 200) -> list[Delivery]:
    """The first waiting row of each of at most `limit` cases, the least often tried first; a later row of a case
    follows only after it has arrived."""
    return [_delivery(s, row) for row in s.execute(_UNDELIVERED, {"limit": limit}).all()]


def delivered(s: Session, identity: str, at: datetime) -> None:
    s.execute(
        update(_command)
        .where(_command.c.id == identity, _command.c.delivered_at.is_(None))
        .values(delivered_at=at, attempts=_command.c.attempts + 1)
    )


def failed(s: Session, identities: Collection[str]) -> None:
    """These rows were tried in vain: cases that were tried less often come before them next time."""
    s.execute(
        update(_command)
        .where(_command.c.id.in_(identities), _command.c.delivered_at.is_(None))
        .values(attempts=_command.c.attempts + 1)
    )


def closed(s: Session, identity: str, at: datetime) -> bool:
    """The workflow has ended: the relay writes the receipt `closed` itself (procedures.md).

    False, and nothing written, while the register still has the case open: the register decides whether a case
    has ended (0001), and an acknowledged decision on an open case must still be judged.
    """
    state = s.execute(
        select(_case.c.state).join(_command, _command.c.case_id == _case.c.id).where(_command.c.id == identity)
    ).scalar_one()
    if not State(state).final:
        return False
    delivered(s, identity, at)
    write_receipt(s, identity, at, Refusal.of(RefusalCode.CLOSED))
    return True
