"""Signals shuffled and doubled: the relay keeps the order of a case, here it is broken on purpose (P6).

What comes too early is refused `not-your-turn` and has used up its id, as the procedures say. So the promise is that
nothing worse happens: no step is lost or done twice, the case stays decidable, and once the refused decisions are
given again under new ids, case, ledger and documents end as if everything had come in order.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from ledger.verify import verify
from models.decisions import Decision, Officer, Receipt, Resubmission
from models.enums import CommandKind, State
from models.refusals import RefusalCode
from models.register import Journal
from models.shape import Shape
from records.verify import verify_records
from rules.deadlines import local_day
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

Command = tuple[CommandKind, Shape, Officer]
TOO_EARLY = {RefusalCode.NOT_YOUR_TURN}


def decision(step: str, round: int, by: Officer, verdict: str = "approve", **more: Any) -> Command:
    body = Decision.model_validate({"step": step, "round": round, "verdict": verdict} | more)
    return CommandKind.DECIDE, body, by


def from_examination_on(round: int) -> list[Command]:
    """Every decision of a new member of staff; the first slot of a year has a known code."""
    slot = f"N{local_day(datetime.now(UTC)).year}00001"
    named = {"subject": slot, "persons": [person(slot, 300)], "reference_no": "示组任〔2026〕5号"}
    return [
        decision("examine", round, EXAMINER),
        decision("issue", round, ISSUER),
        decision("approve-persons", round, ORGANISATION, **named),
        decision("enter", round, REGISTRAR, subject=slot),
        decision("finance", round, FINANCE, "acknowledge", subject=slot),
        decision("social-insurance", round, INSURANCE, "acknowledge", subject=slot),
    ]


def straight() -> list[Command]:
    return from_examination_on(1)


def returned_once() -> list[Command]:
    better = application(line("headcount:administrative", reason="综合处文稿岗位缺员"))
    return [
        decision("examine", 1, EXAMINER, "return", opinion="请说明岗位职责"),
        (CommandKind.RESUBMIT, Resubmission(application=better), APPLICANT),
        *from_examination_on(2),
    ]


def end_of(office: Office, case_id: str) -> dict[str, Any]:
    """Everything that must not depend on the order in which signals came."""
    docket = office.docket(case_id)
    with office.database.read() as s:
        journal = s.exec(select(Journal).where(col(Journal.case_id) == case_id).order_by(col(Journal.seq))).all()
        assert verify(s).intact
        assert verify_records(s, office.store) == []
    return {
        "state": docket.state,
        "round": docket.round,
        "balances": office.numbers(),
        "journal": [(row.kind, row.step, row.subject, row.slot, row.d_occupied, row.d_reserved) for row in journal],
        "documents": sorted((document.kind, document.number, document.state) for document in docket.documents),
        "decisions": [(each.step, each.round, each.subject, each.verdict) for each in docket.decisions],
        "steps": Counter((step.step, step.round, step.subject, step.state) for step in docket.steps),
        "traces": docket.traces,
    }


def in_order(folder: Path, commands: list[Command]) -> dict[str, Any]:
    """The same commands straight through the activities, without Temporal."""
    folder.mkdir()
    office = Office(folder, now=datetime.now(UTC))
    case_id = office.opened()
    for command in commands:
        office.accepted(office.order(case_id, *command))
    found = end_of(office, case_id)
    office.database.close()
    return found


async def shuffled_and_doubled(at_court: Court, case_id: str, commands: list[Command], seed: int) -> list[Receipt]:
    """All committed in order, delivered twice each in any order; their receipts in the order of the commits."""
    at_court.office.now = await at_court.env.get_current_time()
    committed = [at_court.office.commit(case_id, *command) for command in commands]
    deliveries = committed * 2
    random.Random(seed).shuffle(deliveries)
    for command in deliveries:
        await at_court.signal(command, case_id)
    return [await at_court.receipt(command) for command in committed]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("commands", [straight, returned_once])
async def test_signals_in_any_order_lead_to_the_same_end(
    tmp_path: Path, commands: Callable[[], list[Command]], seed: int
) -> None:
    wanted = commands()
    office = Office(tmp_path)
    async with court(office) as at_court:
        case_id = await at_court.apply()
        receipts = await shuffled_and_doubled(at_court, case_id, wanted, seed)
        assert {receipt.code for receipt in receipts if receipt.status == "refused"} <= TOO_EARLY
        for command, receipt in zip(wanted, receipts, strict=True):
            if receipt.status == "refused":
                office.accepted(await at_court.order(case_id, *command))
        assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    assert end_of(office, case_id) == in_order(tmp_path / "in-order", wanted)
    office.database.close()


async def test_the_worst_order_refuses_all_but_the_first_and_wedges_nothing(tmp_path: Path) -> None:
    wanted = straight()
    office = Office(tmp_path)
    async with court(office) as at_court:
        case_id = await at_court.apply()
        committed = [office.commit(case_id, *command) for command in wanted]
        for command in reversed(committed):
            await at_court.signal(command, case_id)
        receipts = [await at_court.receipt(command) for command in committed]
        assert [receipt.status for receipt in receipts] == ["accepted", *["refused"] * 5]
        for command in wanted[1:]:
            office.accepted(await at_court.order(case_id, *command))
        assert (await at_court.handle(case_id).result())["state"] == State.CLOSED
    assert end_of(office, case_id) == in_order(tmp_path / "in-order", wanted)
    office.database.close()
