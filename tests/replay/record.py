"""Records the histories that `test_replay` replays: `python -m tests.replay.record` (once per release).

The histories are sealed with the tests' own key, as everything in Temporal is.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from models.decisions import Resubmission, Revocation
from models.enums import CommandKind
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    REGISTRAR,
    Office,
    application,
    line,
    person,
)
from tests.support.temporal import Court, court

FOLDER = Path(__file__).parent / "histories"


async def new_staff(at: Court) -> str:
    """Application to filed case, with a stray signal on the way."""
    case_id = await at.apply()
    await at.handle(case_id).signal("decide", "stray")
    await at.decide(case_id, "examine", EXAMINER)
    await at.decide(case_id, "issue", ISSUER)
    [slot] = _slots(at, case_id)
    named = [person(slot, 300)]
    await at.decide(case_id, "approve-persons", ORGANISATION, subject=slot, persons=named, reference_no="x")
    await at.decide(case_id, "enter", REGISTRAR, subject=slot)
    await at.decide(case_id, "finance", FINANCE, "acknowledge", subject=slot)
    await at.decide(case_id, "social-insurance", INSURANCE, "acknowledge", subject=slot)
    await at.handle(case_id).result()
    return case_id


async def returned_and_revoked(at: Court) -> str:
    """Round 2, a slip of two, one used, one revoked."""
    case_id = await at.apply(application(line("headcount:administrative", 2)))
    await at.decide(case_id, "examine", EXAMINER, "return", opinion="请补充")
    better = application(line("headcount:administrative", 2, reason="文稿岗位"))
    await at.order(case_id, CommandKind.RESUBMIT, Resubmission(application=better), APPLICANT)
    await at.decide(case_id, "examine", EXAMINER)
    await at.decide(case_id, "issue", ISSUER)
    first, _second = _slots(at, case_id)
    named = [person(first, 301)]
    await at.decide(case_id, "approve-persons", ORGANISATION, subject=first, persons=named, reference_no="x")
    await at.decide(case_id, "enter", REGISTRAR, subject=first)
    await at.order(case_id, CommandKind.REVOKE, Revocation(reason="用途改变"), ISSUER)
    await at.decide(case_id, "finance", FINANCE, "acknowledge", subject=first)
    await at.decide(case_id, "social-insurance", INSURANCE, "acknowledge", subject=first)
    await at.handle(case_id).result()
    return case_id


async def silent_then_expired(at: Court) -> str:
    """Reminder, escalation, a late examination, and a slip that nobody uses."""
    case_id = await at.apply()
    await at.env.sleep(timedelta(days=20))
    await at.decide(case_id, "examine", EXAMINER)
    await at.decide(case_id, "issue", ISSUER)
    await at.env.sleep(timedelta(days=200))
    await at.handle(case_id).result()
    return case_id


def _slots(at: Court, case_id: str) -> list[str]:
    slip = at.office.docket(case_id).slip
    assert slip is not None
    return [slot.code for slot in slip.slots]


STORIES: dict[str, Callable[[Court], Awaitable[str]]] = {
    "staffing_up_new_staff": new_staff,
    "staffing_up_returned_and_revoked": returned_and_revoked,
    "staffing_up_silent_then_expired": silent_then_expired,
}


async def record(folder: Path = FOLDER) -> None:
    for name, story in STORIES.items():
        with tempfile.TemporaryDirectory() as work:
            async with court(Office(Path(work))) as at:
                case_id = await story(at)
                history = await at.handle(case_id).fetch_history()
                # the case id binds every payload, so it is part of the recording
                (folder / f"{name}.{case_id}.json").write_text(history.to_json(), encoding="utf-8")


if __name__ == "__main__":
    for old in FOLDER.glob("*.json"):
        old.unlink()
    asyncio.run(record())
