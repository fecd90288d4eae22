"""At closing, a case file: 《卷内文件目录》 of a case that has ended and of which no document is pending.

No workflow asks for it (docs/decisions/0043): it is made after the last document of the case was filed, and what was
interrupted, or ended before there were case files, is caught up by the daily run of the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from docket import cases, view
from models.casefile import CaseFileContext
from models.enums import DocumentKind, Procedure
from models.sealing import HashName, Unsealable
from records import case_file
from records import register as records
from records.case_acts import ARCHIVIST, docket_digest, kept
from records.render import TemplateFault

from . import filing
from .deps import Deps
from .paper import Base, issue
from .turn import Issued, Turn

logger = logging.getLogger(__name__)

STEP = "archive"
KIND = DocumentKind.CASE_FILE
MOST = 2_000
"""Case files that one catching up makes: some 10 ms each, well within the time of the daily run. The next goes on."""

_PAGE = 500

Beat = Callable[[int], None]


@dataclass(slots=True)
class CaughtUp:
    """What a catching up did: case files made, and cases that still wait for one."""

    made: int = 0
    waiting: int = 0


def close(deps: Deps, case_id: str, at: datetime) -> int:
    """The case file of a case that has ended, unless it has one of its present documents; how many of its documents
    are numbered and not filed. One statement where nothing is to be done."""
    with deps.database.read() as s:
        standing = case_file.standing(s, case_id)
    if standing is None or not standing.wanting:
        return 0 if standing is None else standing.pending
    with deps.database.write() as s:
        issued = _issue(Turn(s, deps, at, _locked(s, case_id)))
    return filing.file_issued(deps, issued, at)


def settle(deps: Deps, case_id: str, at: datetime) -> bool:
    """Whatever a case that has ended still lacks: its documents that were numbered and not filed, then its case file.
    Whether it lacks nothing now."""
    with deps.database.read() as s:
        standing = case_file.standing(s, case_id)
    if standing is None:
        return False
    if standing.pending:
        issued, unopened = filing.left_over(deps, case_id)
        if unopened + filing.file_issued(deps, issued, at):
            return False
    return close(deps, case_id, at) == 0


def catch_up(deps: Deps, at: datetime, beat: Beat, most: int = MOST) -> CaughtUp:
    """Settle the cases that have ended without a case file, or whose documents have changed since; at most `most`.

    While the template cannot be used no numbers are spent. A case that cannot be settled is told in the log and keeps
    no other one waiting.
    """
    done = CaughtUp()
    try:
        deps.renderer.template_digest(KIND)
    except TemplateFault as fault:
        logger.warning("case files: none made, the template cannot be used: %s", fault)
        return done
    after: str | None = ""
    while after is not None and done.made < most:
        with deps.database.read() as s:
            found, after = case_file.unsettled(s, after, _PAGE)
        beat(done.made)
        for case_id in found[: most - done.made]:
            if _settled(deps, case_id, at):
                done.made += 1
            else:
                done.waiting += 1
            beat(done.made)
    if done.made or done.waiting:
        logger.info("case files: %d made, %d cases still wait for theirs", done.made, done.waiting)
    return done


def _settled(deps: Deps, case_id: str, at: datetime) -> bool:
    try:
        return settle(deps, case_id, at)
    except (LookupError, ValueError, records.RecordFault):
        logger.exception("case files: case %s could not be settled", case_id)
        return False


def _locked(s: Session, case_id: str) -> cases.CaseFile:
    case = cases.load(s, case_id)
    if case is None:
        raise LookupError(f"case {case_id} is not in this register")
    return case


def _issue(turn: Turn) -> list[Issued]:
    """Number the case file under the lock of its case: whoever came second finds nothing to do."""
    s, row = turn.s, turn.case.row
    standing = case_file.standing(s, turn.case.id)
    if standing is None or not standing.wanting:
        return []
    contents, retention = case_file.contents(s, turn.case.id)
    pinned = _pinned(turn)
    period = f"{case_file.day(row.opened_at)}—{case_file.day(row.closed_at or turn.at)}"

    def context(base: Base) -> CaseFileContext:
        return CaseFileContext(
            **base,
            **contents,
            **pinned,
            procedure=Procedure(row.procedure).label,
            title=row.title,
            outcome=turn.case.state.label,
            period=period,
            supersedes=standing.number or "",
            made_at=case_file.moment(turn.at),
        )

    record = issue(turn, KIND, KIND.label, STEP, standing.stamp, {}, context, retention=retention, about=row.no)
    if standing.record_id is not None:
        records.supersede(s, standing.record_id, record.id, turn.at)
    return turn.issued


def _pinned(turn: Turn) -> dict[str, str]:
    """The docket as it stands, and its digest; none where a lost key keeps the case from being opened, which must not
    keep it from its case file."""
    try:
        docket = view.docket(turn.s, turn.case.id, ARCHIVIST, turn.at, turn.deps.calendar)
    except Unsealable:
        return {}
    if docket is None:
        raise LookupError(f"case {turn.case.id} is not in this register")
    name: HashName = turn.s.info.get("hash", "sm3")
    count = len(docket.receipts)
    return {
        "docket": kept(docket).model_dump_json(exclude_defaults=True),
        "docket_digest": docket_digest(docket, count, name),
        "acts_receipts": str(count),
    }
