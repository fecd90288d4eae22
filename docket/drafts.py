"""草稿: an application or a correction that an officer has not sent yet.

What was typed is kept as it stands, complete or not, sealed and bound to its row; only the officer who wrote it reads
it, also when it was written in a colleague's place. The title stands in the clear: whoever saves gives one without
personal data. Every function takes the caller's open session and never commits (ledger.md rule 12).
"""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from models.enums import Procedure
from models.register import table_of
from models.visits import Draft, DraftView

from .canonical import canonical
from .commands import command_id, keyring_of
from .commands import opened as opened_command

LISTED = 50
"""So many drafts an officer may keep: the list stays one that is read."""

LARGEST = 600_000
"""Characters of a form; the largest that the models accept (50 problems of 8,000 and more) is below."""

_KEY = "_key"
"""Beside the fields, whose names never begin so."""

_draft = table_of(Draft)
_LISTED = (
    select(_draft.c.id, _draft.c.procedure, _draft.c.case_id, _draft.c.title, _draft.c.updated_at)
    .order_by(_draft.c.updated_at.desc(), _draft.c.id)
    .limit(LISTED)
)


class DraftFault(Exception):
    """The draft cannot be kept: `args[0]` is `too-many`, `too-large`, `not-yours` or `sent`."""


def save(
    s: Session,
    draft_id: str,
    officer_id: str,
    procedure: Procedure,
    case_id: str | None,
    title: str,
    form: dict[str, str],
    key: str,
    at: datetime,
) -> None:
    """Write the form under its id; of two windows the one that saves last stays. `key` is what it will be sent under:
    a draft opened again has the same, and what was sent under it already is a draft no more. Raises DraftFault."""
    if sent(s, officer_id, key) is not None:
        raise DraftFault("sent")
    plain = canonical(form | {_KEY: key})
    if len(plain) > LARGEST:
        raise DraftFault("too-large")
    sealed = keyring_of(s).seal_column(plain, "draft", "form_sealed", draft_id)
    row = s.get(Draft, draft_id)
    if row is not None and (row.officer != officer_id or row.procedure != procedure.value):
        raise DraftFault("not-yours")
    if row is None:
        if len(listed(s, officer_id)) >= LISTED:
            raise DraftFault("too-many")
        row = Draft(id=draft_id, officer=officer_id, procedure=procedure.value, form_sealed=b"", updated_at=at)
    row.case_id, row.title, row.form_sealed, row.updated_at = case_id, title, sealed, at
    s.add(row)


def listed(s: Session, officer_id: str) -> list[DraftView]:
    """The officer's drafts, the one changed last first."""
    rows = s.execute(_LISTED.where(_draft.c.officer == officer_id))
    return [
        DraftView(
            id=row.id,
            procedure=Procedure(row.procedure),
            case_id=row.case_id,
            title=row.title,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def of_case(s: Session, officer_id: str, case_id: str) -> str | None:
    """The id of the officer's draft of a correction; the one changed last."""
    return next((each.id for each in listed(s, officer_id) if each.case_id == case_id), None)


def opened(s: Session, draft_id: str, officer_id: str) -> tuple[DraftView, dict[str, str], str] | None:
    """A draft of the officer's own with what was typed and the key that it is sent under (empty for one that was kept
    without); of anybody else's there is none. Raises Unsealable when the row was altered or its key is gone."""
    row = s.get(Draft, draft_id)
    if row is None or row.officer != officer_id:
        return None
    form: dict[str, str] = json.loads(keyring_of(s).open_column(row.form_sealed, "draft", "form_sealed", draft_id))
    view = DraftView(
        id=row.id,
        procedure=Procedure(row.procedure),
        case_id=row.case_id,
        title=row.title,
        updated_at=row.updated_at,
    )
    key = form.pop(_KEY, "")
    return view, form, key


def sent(s: Session, officer_id: str, key: str) -> str | None:
    """The id of the case on which the officer has committed something under this key; None when nothing, or when it
    was refused."""
    row = opened_command(s, command_id(officer_id, key))
    refused = row is not None and row.receipt is not None and row.receipt.status == "refused"
    return row.case_id if row is not None and not refused else None


def drop(s: Session, draft_id: str, officer_id: str) -> bool:
    """Delete a draft of the officer's own; False when there is none."""
    row = s.get(Draft, draft_id)
    if row is None or row.officer != officer_id:
        return False
    s.delete(row)
    return True
