"""Temporal is not there: the API takes applications and decisions all the same, and all of it arrives later (P18)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from docket import relay
from ledger.verify import verify
from models.enums import State
from records.verify import verify_records
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    ISSUER,
    ORGANISATION,
    REGISTRAR,
    application,
    person,
)
from tests.support.town import Town

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("server")]

AT_ONCE_SECONDS = 1.5
"""An answer while Temporal is away: P18 asks for less than a second, a busy machine gets some more."""


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))
    monkeypatch.setattr(relay, "BACKOFF_SECONDS", (0.05, 0.1))
    made = Town(tmp_path)
    yield made
    made.embedded.stop()
    made.office.database.close()


async def quickly(call: Callable[[], Any]) -> httpx.Response:
    began = time.monotonic()
    answer: httpx.Response = await call()
    assert time.monotonic() - began < AT_ONCE_SECONDS
    return answer


async def test_what_was_taken_while_temporal_was_away_arrives_in_order_and_the_case_goes_on(town: Town) -> None:
    async with town.relay():  # tries in vain all the while
        applied = await quickly(lambda: town.post("/applications/staffing-up", APPLICANT.id, "a-1", application()))
        assert applied.status_code == 201
        assert applied.json()["state"] == State.SUBMITTED
        case_id = applied.json()["case_id"]

        # decided before the gate itself has spoken: only the order of delivery can make these two good
        for by, step in ((EXAMINER.id, "examine"), (ISSUER.id, "issue")):
            waits = await quickly(lambda by=by, step=step: town.decide(case_id, by, step))
            assert (waits.status_code, waits.json()["receipt"]) == (202, None)
        again = await town.decide(case_id, EXAMINER.id, "examine")
        assert (again.status_code, again.json()["decision_id"]) == (202, "examine-1")
        seen = await town.docket(case_id)
        assert (seen["state"], seen["receipts"], seen["documents"]) == (State.SUBMITTED, [], [])

        await town.start_temporal()
        async with town.worker():
            found = await town.reaches(case_id, State.SLIP_ISSUED)
            assert [(r["decision_id"], r["status"]) for r in found["receipts"]] == [
                ("a-1", "accepted"), ("examine-1", "accepted"), ("issue-1", "accepted"),
            ]  # fmt: skip
            same = await town.decide(case_id, EXAMINER.id, "examine")
            assert (same.status_code, same.json()["receipt"]["status"]) == (200, "accepted")

            slot = found["slip"]["slots"][0]["code"]
            named = {"subject": slot, "persons": [person(slot, 300)], "reference_no": "示组任〔2026〕5号"}
            await town.decide(case_id, ORGANISATION.id, "approve-persons", **named)
            await town.decide(case_id, REGISTRAR.id, "enter", subject=slot)
            await town.reaches(case_id, State.ACKNOWLEDGING)
    assert town.office.balance().occupied == 7
    with town.office.database.read() as s:
        assert verify(s).intact
        assert verify_records(s, town.office.store) == []
    await town.http.aclose()
