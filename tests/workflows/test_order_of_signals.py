"""Signals of every procedure shuffled and doubled: the relay keeps the order of a case, here it is broken on purpose
(P6).

What comes too early is refused `not-your-turn` and has used up its id, as the procedures say. So the promise is that
nothing worse happens: no step is lost or done twice, the case stays decidable, and once the refused decisions are
given again under new ids, case, ledger and documents end as if everything had come in order. What comes when the case
has ended changes nothing.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from ledger.verify import verify
from models.decisions import Receipt
from models.enums import Procedure
from models.refusals import RefusalCode
from models.register import Journal
from records.verify import verify_records
from tests.support.office import RESEARCH, SERVICES, Office
from tests.support.stories import STORIES, Command, Telling, told
from tests.support.temporal import Court, court

TOO_EARLY = {RefusalCode.NOT_YOUR_TURN, RefusalCode.NOTHING_TO_DO}
"""The second is said to a report that nobody has asked for yet."""


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
        "balances": [office.numbers(unit) for unit in (RESEARCH, SERVICES)],
        "journal": [(row.kind, row.step, row.subject, row.slot, row.d_occupied, row.d_reserved) for row in journal],
        "documents": sorted((document.kind, document.number, document.state) for document in docket.documents),
        "decisions": sorted((each.step, each.round, each.subject, each.verdict) for each in docket.decisions),
        "steps": Counter((step.step, step.round, step.subject, step.state) for step in docket.steps),
        "traces": docket.traces,
    }


async def shuffled_and_doubled(
    at_court: Court, case_id: str, commands: list[Command], order: list[int]
) -> list[Receipt]:
    """All committed as they were told, delivered in this order of their places; their receipts as they were told."""
    at_court.office.now = await at_court.env.get_current_time()
    committed = [at_court.office.commit(case_id, *command) for command in commands]
    for place in order:
        await at_court.signal(committed[place], case_id)
    return [await at_court.receipt(command) for command in committed]


async def given_again(at_court: Court, case_id: str, telling: Telling, receipts: list[Receipt]) -> None:
    """What was refused for coming too early is decided again, in its turn."""
    assert {receipt.code for receipt in receipts if receipt.status == "refused"} <= TOO_EARLY
    for command, receipt in zip(telling.commands, receipts, strict=True):
        if receipt.status == "refused":
            at_court.office.accepted(await at_court.order(case_id, *command))


def test_every_procedure_has_a_story() -> None:
    assert {name.split(",")[0] for name in STORIES} == {each.value for each in Procedure}


@pytest.mark.parametrize(("seed", "name"), list(enumerate(STORIES)))
async def test_signals_in_any_order_lead_to_the_same_end(tmp_path: Path, seed: int, name: str) -> None:
    story, telling = STORIES[name], told(STORIES[name], tmp_path / "in-order")
    order = list(range(len(telling.commands))) * 2
    random.Random(seed).shuffle(order)
    office = Office(tmp_path)
    async with court(office) as at_court:
        case_id = await at_court.apply(story.applied(office), story.by)
        receipts = await shuffled_and_doubled(at_court, case_id, telling.commands, order)
        await given_again(at_court, case_id, telling, receipts)
        assert (await at_court.handle(case_id).result())["state"] == story.ends
    assert end_of(office, case_id) == end_of(telling.office, telling.case_id)
    for each in (office, telling.office):
        each.database.close()


@pytest.mark.parametrize("name", list(STORIES))
async def test_the_worst_order_loses_nothing_and_wedges_nothing(tmp_path: Path, name: str) -> None:
    """Backwards: whatever has another decision before it is refused, once, and taken when it is given in its turn."""
    story, telling = STORIES[name], told(STORIES[name], tmp_path / "in-order")
    office = Office(tmp_path)
    async with court(office) as at_court:
        case_id = await at_court.apply(story.applied(office), story.by)
        backwards = list(reversed(range(len(telling.commands))))
        receipts = await shuffled_and_doubled(at_court, case_id, telling.commands, backwards)
        assert receipts[0].status == "accepted"
        assert "refused" in {receipt.status for receipt in receipts}
        await given_again(at_court, case_id, telling, receipts)
        assert (await at_court.handle(case_id).result())["state"] == story.ends
    assert end_of(office, case_id) == end_of(telling.office, telling.case_id)
    for each in (office, telling.office):
        each.database.close()
