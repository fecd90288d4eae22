"""A disposal after the witness has spoken: the list is made and filed, then the files leave the store, one by one.

Every part can be repeated: what was interrupted is gone on with by the same call, or by the daily run of the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from ledger import log
from models.decisions import Officer
from models.disposals import DisposalView
from models.enums import DocumentKind, RecordState
from models.refusals import Refusal
from models.sealing import Unsealable
from records import disposal, disposal_view, register, renditions
from records.render import TemplateFault
from records.store import StoreFault

from . import filing
from .deps import Deps
from .turn import Issued

logger = logging.getLogger(__name__)

UNOPENED = "内容无法打开：密钥缺失或已被改动 · the frozen context cannot be opened"


@dataclass(frozen=True, slots=True)
class Finished:
    """What is left of a disposal: whether its list is filed, and how many documents are still in the store."""

    list_filed: bool
    left: int


def _still(_count: int) -> None:
    """Nobody waits for a sign of life."""


def witnessed(deps: Deps, identity: str, by: Officer, at: datetime) -> DisposalView | Refusal | None:
    """The last step of a disposal, and what follows from it. None: no such disposal.

    Documents are read before: one that is missing or was altered is left where it is and struck from the list.
    """
    with deps.database.read() as s:
        digests = disposal.checked(s, identity, by)
    if digests is None or isinstance(digests, Refusal):
        return digests
    if digests:
        unsound = {digest for digest in digests if not _sound(deps, digest)}
        with deps.database.write() as s:
            log.append(s, at)  # every row that is about to lose its file stands under the head that the list prints
        with deps.database.write() as s:
            refused = disposal.witness(s, identity, by, at, _lister(s, deps), unsound)
        if refused is not None:
            return refused
    finish(deps, identity, at)
    with deps.database.read() as s:
        return disposal_view.get(s, identity)


def finish(deps: Deps, identity: str, at: datetime, beat: Callable[[int], None] = _still) -> Finished:
    """Whatever a disposal still lacks. No file goes before the list that names it is filed; a file that the store
    will not give up is told in the log and keeps no other one."""
    if not _filed(deps, identity, at):
        with deps.database.read() as s:
            return Finished(list_filed=False, left=len(disposal.to_remove(s, identity)))
    with deps.database.read() as s:
        going = disposal.to_remove(s, identity)
    left = 0
    for count, item in enumerate(going):
        beat(count)
        try:
            _remove(deps, item)
        except StoreFault as fault:
            logger.error("销毁未完成，文件仍在存储中 · a destroyed document is still in the store: %s", fault)
            left += 1
            continue
        with deps.database.write() as s:
            disposal.removed(s, identity, item.record_id, at)
    return Finished(list_filed=True, left=left)


def catch_up(deps: Deps, at: datetime, beat: Callable[[int], None] = _still) -> int:
    """Finish every disposal that was interrupted; how many are still not finished."""
    with deps.database.read() as s:
        waiting = disposal.unfinished(s)
    done = [finish(deps, identity, at, beat) for identity in waiting]
    return sum(1 for each in done if not each.list_filed or each.left)


def _sound(deps: Deps, digest: str) -> bool:
    try:
        deps.store.get(digest)
    except StoreFault:
        return False
    return True


def _lister(s: Session, deps: Deps) -> Callable[[Row[Any], list[Row[Any]], list[Row[Any]]], str]:
    office = deps.rulebook.office

    def number(row: Row[Any], going: list[Row[Any]], struck: list[Row[Any]]) -> str:
        made = disposal.prepare_list(
            s,
            row,
            going,
            struck,
            issuer=office.name,
            prefix=office.series_prefix,
            public_url=deps.public_url,
            template_digest=_template(deps),
            log_head=log.head(s),
        )
        return made.id

    return number


def _template(deps: Deps) -> str:
    """Empty when it cannot be read: the list keeps its number and is made when the template is mended."""
    try:
        return deps.renderer.template_digest(DocumentKind.DISPOSAL_LIST)
    except TemplateFault:
        return ""


def _filed(deps: Deps, identity: str, at: datetime) -> bool:
    """Whether the list is filed, which it is made for when it is not."""
    with deps.database.read() as s:
        record = disposal.list_of(s, identity)
        if record is None:
            return False
        if record.state != RecordState.NUMBERED.value:
            return record.digest is not None
        try:
            issued = Issued(
                record.id, DocumentKind.DISPOSAL_LIST, record.template_digest, register.context_of(s, record)
            )
        except Unsealable:
            issued = None
    if issued is None:
        with deps.database.write() as s:
            register.fault(s, record.id, UNOPENED)
        return False
    return filing.file_issued(deps, [issued], at) == 0


def _remove(deps: Deps, item: Row[Any]) -> None:
    """The forms beside it first: while the original is there, everybody sees that something is still to be done."""
    with deps.database.read() as s:
        beside = renditions.endings(s, item.record_id)
    for digest, ending in beside:
        deps.store.remove(digest, ending)
    if not item.shared:
        deps.store.remove(item.digest)
