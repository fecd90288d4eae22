"""A command is committed first and answered after: 200 with its receipt, 202 while it waits, never lost."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from api import examples
from api.limits import Buckets
from docket import commands
from models.decisions import Delivery
from models.enums import CommandKind, State
from models.register import Case
from runtime.client import TemporalRefused

from .conftest import NOW, Desk, problem

APPLY = "/applications/staffing-up"

COMMANDS: list[tuple[str, str, CommandKind, dict[str, Any]]] = [
    ("decisions", "examiner", CommandKind.DECIDE, examples.EXAMINE),
    ("resubmission", "applicant", CommandKind.RESUBMIT, {"application": examples.APPLICATION}),
    ("withdrawal", "applicant", CommandKind.WITHDRAW, {"reason": "计划调整"}),
    ("revocation", "head", CommandKind.REVOKE, {"reason": "政策调整"}),
    ("extension", "examiner", CommandKind.EXTEND, examples.EXTENSION),
    ("hold", "head", CommandKind.HOLD, examples.HOLD),
    ("release", "head", CommandKind.RELEASE, examples.HOLD),
    ("reminder", "applicant", CommandKind.REMIND, {"note": "请尽快办理"}),
    ("report", "applicant", CommandKind.REPORT, examples.REPORT),
    ("exceptional-acceptance", "examiner", CommandKind.EXCEPT, examples.EXCEPTION),
    ("comments", "treasurer", CommandKind.COMMENT, examples.COMMENT),
    ("copies", "organiser", CommandKind.COPY, examples.COPY),
]


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(("path", "by", "kind", "body"), COMMANDS)
async def test_a_command_is_committed_delivered_and_answered_with_its_receipt(
    desk: Desk, path: str, by: str, kind: CommandKind, body: dict[str, Any]
) -> None:
    case_id = desk.opened_case()
    desk.temporal.worker = desk.judge
    answer = await desk.post(f"/cases/{case_id}/{path}", by=by, key="k-1", json=body)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["decision_id"] == "k-1"
    assert said["receipt"]["status"] == "accepted"
    assert said["receipt"]["decision_id"] == "k-1"
    assert (said["state"], said["state_label"]) == ("accepted", "已受理")
    row = desk.rows(case_id)[-1]
    assert (row.kind, row.officer, row.decided_at) == (kind.value, f"o-{by}", NOW)
    assert row.delivered_at is not None
    [delivery] = desk.temporal.deliveries
    assert (delivery.case_id, delivery.kind, delivery.seq) == (case_id, kind, 2)


async def test_temporal_away_is_202_and_the_row_stands_in_the_outbox(desk: Desk) -> None:
    """P18: the decision is accepted and kept; the relay is told."""
    case_id = desk.opened_case()
    woken: list[bool] = []
    desk.runtime.relay_wake = lambda: woken.append(True)
    desk.temporal.away = True
    answer = await desk.post(f"/cases/{case_id}/decisions", by="examiner", key="k-1", json=examples.EXAMINE)
    assert answer.status_code == 202
    assert answer.json() == {
        "decision_id": "k-1",
        "receipt": None,
        "state": "accepted",
        "state_label": "已受理",
    }
    row = desk.rows(case_id)[-1]
    assert row.delivered_at is None
    assert woken
    with desk.database.read() as s:
        [waiting] = commands.undelivered(s)
    assert waiting.command_id == row.id


async def test_the_answer_is_found_again_once_the_relay_has_caught_up(desk: Desk) -> None:
    case_id = desk.opened_case()
    desk.temporal.away = True
    where = f"/cases/{case_id}/decisions"
    assert (await desk.post(where, by="examiner", key="k-1", json=examples.EXAMINE)).status_code == 202
    with desk.database.write() as s:
        [waiting] = commands.undelivered(s)
        commands.delivered(s, waiting.command_id, NOW)
    desk.judge(waiting)
    again = await desk.post(where, by="examiner", key="k-1", json=examples.EXAMINE)
    assert again.status_code == 200
    assert again.json()["receipt"]["status"] == "accepted"
    assert len(desk.rows(case_id)) == 2


async def test_worker_away_is_202_after_the_watch(desk: Desk) -> None:
    case_id = desk.opened_case()
    answer = await desk.post(f"/cases/{case_id}/decisions", by="examiner", key="k-1", json=examples.EXAMINE)
    assert answer.status_code == 202
    assert desk.rows(case_id)[-1].delivered_at is not None


async def test_a_hanging_temporal_does_not_hold_the_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(_: Delivery) -> str:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr("api.courier.DELIVER_SECONDS", 0.05)
    monkeypatch.setattr(desk.temporal, "deliver", hangs)
    case_id = desk.opened_case()
    answer = await desk.post(f"/cases/{case_id}/decisions", by="examiner", key="k-1", json=examples.EXAMINE)
    assert answer.status_code == 202


async def test_an_unforeseen_fault_of_delivery_is_202_too(desk: Desk) -> None:
    def broken(_: Delivery) -> None:
        raise KeyError("anything")

    desk.temporal.worker = broken
    case_id = desk.opened_case()
    answer = await desk.post(f"/cases/{case_id}/decisions", by="examiner", key="k-1", json=examples.EXAMINE)
    assert answer.status_code == 202
    assert desk.rows(case_id)[-1].delivered_at is None


async def test_a_row_with_something_waiting_before_it_is_left_to_the_relay(desk: Desk) -> None:
    """Rows of a case arrive in order, whoever brings them."""
    case_id = desk.opened_case()
    desk.temporal.away = True
    where = f"/cases/{case_id}/decisions"
    await desk.post(where, by="examiner", key="k-1", json=examples.EXAMINE)
    desk.temporal.away = False
    desk.app.state.messenger._away_until = 0.0
    answer = await desk.post(where, by="head", key="k-2", json=examples.ISSUE)
    assert answer.status_code == 202
    assert desk.temporal.deliveries == []
    assert [row.seq for row in desk.rows(case_id)] == [1, 2, 3]


async def test_a_closed_case_answers_with_a_refused_receipt(desk: Desk) -> None:
    case_id = desk.opened_case()
    desk.ended(case_id)
    desk.temporal.outcome = "closed"
    answer = await desk.post(f"/cases/{case_id}/decisions", by="examiner", key="k-1", json=examples.EXAMINE)
    assert answer.status_code == 200
    assert (answer.json()["receipt"]["status"], answer.json()["receipt"]["code"]) == ("refused", "closed")


async def test_a_decision_whose_workflow_is_gone_waits_while_its_case_is_open(desk: Desk) -> None:
    case_id = desk.opened_case()
    desk.temporal.outcome = "closed"
    answer = await desk.post(f"/cases/{case_id}/decisions", by="examiner", key="k-1", json=examples.EXAMINE)
    assert (answer.status_code, answer.json()["receipt"]) == (202, None)
    assert desk.rows(case_id)[-1].delivered_at is None


async def test_a_call_that_temporal_refused_makes_no_other_case_wait(desk: Desk) -> None:
    def refuses(_: Delivery) -> None:
        raise TemporalRefused("RPCError INVALID_ARGUMENT")

    case_id = desk.opened_case()
    where = f"/cases/{case_id}/decisions"
    desk.temporal.worker = refuses
    assert (await desk.post(where, by="examiner", key="k-1", json=examples.EXAMINE)).status_code == 202
    assert desk.rows(case_id)[-1].delivered_at is None
    desk.temporal.worker = desk.judge
    other = desk.opened_case(key="another")
    answer = await desk.post(f"/cases/{other}/decisions", by="examiner", key="k-2", json=examples.EXAMINE)
    assert answer.status_code == 200


async def test_the_same_key_is_one_command_and_other_content_is_refused(desk: Desk) -> None:
    case_id = desk.opened_case()
    desk.temporal.worker = desk.judge
    where = f"/cases/{case_id}/decisions"
    first = await desk.post(where, by="examiner", key="k-1", json=examples.EXAMINE)
    again = await desk.post(where, by="examiner", key="k-1", json=examples.EXAMINE)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    other = await desk.post(where, by="examiner", key="k-1", json=examples.RETURN)
    assert problem(other, 409, "key-reused")["clause"]
    assert len(desk.rows(case_id)) == 2


async def test_a_key_belongs_to_its_officer(desk: Desk) -> None:
    case_id = desk.opened_case()
    desk.temporal.worker = desk.judge
    for by, body in (("examiner", examples.EXAMINE), ("head", examples.ISSUE)):
        answer = await desk.post(f"/cases/{case_id}/decisions", by=by, key="same", json=body)
        assert answer.json()["decision_id"] == "same"
    assert len(desk.rows(case_id)) == 3


async def test_ten_requests_with_one_key_at_once_are_one_command(desk: Desk) -> None:
    case_id = desk.opened_case()
    desk.temporal.worker = desk.judge
    where = f"/cases/{case_id}/decisions"
    answers = await asyncio.gather(
        *(desk.post(where, by="examiner", key="k-1", json=examples.EXAMINE) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} <= {200, 202}
    assert len(desk.rows(case_id)) == 2


async def test_an_application_is_201_with_its_case(desk: Desk) -> None:
    answer = await desk.post(APPLY, by="applicant", key="a-1", json=examples.APPLICATION)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert said["state"] == "submitted"
    assert said["case_no"] == "用编2026-00001"
    assert answer.headers["location"] == said["links"]["self"] == f"/api/v1/cases/{said['case_id']}"
    assert (await desk.client.get(said["links"]["self"])).status_code == 401
    [delivery] = desk.temporal.deliveries
    assert (delivery.kind, delivery.case_id) == (CommandKind.START, said["case_id"])


async def test_an_application_waits_for_the_gate(desk: Desk) -> None:
    def gate(delivery: Delivery) -> None:
        with desk.database.write() as s:
            case = s.get(Case, delivery.case_id)
            assert case is not None
            case.state = State.ACCEPTED.value
            s.add(case)

    desk.temporal.worker = gate
    answer = await desk.post(APPLY, by="applicant", key="a-1", json=examples.APPLICATION)
    assert answer.json()["state"] == "accepted"


async def test_an_application_is_taken_while_temporal_is_away(desk: Desk) -> None:
    desk.temporal.away = True
    answer = await desk.post(APPLY, by="applicant", key="a-1", json=examples.APPLICATION)
    assert answer.status_code == 201
    assert answer.json()["state"] == "submitted"
    assert desk.rows(answer.json()["case_id"])[0].delivered_at is None


async def test_the_same_application_again_is_the_same_case(desk: Desk) -> None:
    first = await desk.post(APPLY, by="applicant", key="a-1", json=examples.APPLICATION)
    again = await desk.post(APPLY, by="applicant", key="a-1", json=examples.APPLICATION)
    assert again.status_code == 201
    assert again.json() == first.json()
    other = await desk.post(APPLY, by="applicant", key="a-1", json={**examples.APPLICATION, "remark": "改"})
    problem(other, 409, "key-reused")
    second = await desk.post(APPLY, by="applicant", key="a-2", json=examples.APPLICATION)
    assert second.json()["case_no"] == "用编2026-00002"


async def test_a_flood_on_one_case_is_stopped_early_and_others_go_on(desk: Desk) -> None:
    """P25: the case's budget of signals is not for one officer to spend."""
    desk.runtime.limits.writes = Buckets(burst=3, per_second=0.001)
    case_id, other = desk.opened_case(), desk.opened_case(key="other-case")
    desk.temporal.away = True
    where = f"/cases/{case_id}/decisions"
    statuses = [
        (await desk.post(where, by="examiner", key=f"k-{n}", json=examples.EXAMINE)).status_code for n in range(5)
    ]
    assert statuses == [202, 202, 202, 429, 429]
    flooded = await desk.post(where, by="examiner", key="k-9", json=examples.EXAMINE)
    problem(flooded, 429, "too-many-requests")
    assert int(flooded.headers["retry-after"]) >= 1
    assert (await desk.post(where, by="head", key="k", json=examples.ISSUE)).status_code == 202
    elsewhere = f"/cases/{other}/decisions"
    assert (await desk.post(elsewhere, by="examiner", key="k", json=examples.EXAMINE)).status_code == 202


async def test_named_persons_stand_nowhere_in_clear(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """P16 at this door: not in the register's file, not in a log line, not in an answer."""
    number, name = "410105199001010011", "欧阳测试甲"
    person = {**examples.PERSONS["persons"][0], "identity_no": number, "name": name}
    body = {**examples.PERSONS, "persons": [person], "opinion": f"{name} {number}"}
    case_id = desk.opened_case()
    with caplog.at_level(logging.DEBUG):
        taken = await desk.post(f"/cases/{case_id}/decisions", by="organiser", key="k-1", json=body)
        bad = await desk.post(
            f"/cases/{case_id}/decisions",
            by="organiser",
            key="k-2",
            json={**body, "persons": [{**person, "identity_no": f"{number}{name}", "birth_date": number}]},
        )
    assert taken.status_code == 202
    problem(bad, 422, "invalid")
    kept = everything_in(tmp_path)
    for secret in (number, name):
        assert secret not in taken.text + bad.text
        assert secret not in caplog.text
        assert secret.encode() not in kept


async def test_the_officer_counts_from_the_token_and_not_from_the_body(desk: Desk) -> None:
    case_id = desk.opened_case()
    body = {**examples.EXAMINE, "officer": "o-head", "decided_at": "2020-01-01T00:00:00Z"}
    problem(await desk.post(f"/cases/{case_id}/decisions", by="examiner", key="k", json=body), 422, "invalid")
