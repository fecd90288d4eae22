"""Metrics: the register's figures and this process's own, with labels that can name nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.metrics import CONTENT_TYPE
from docket import commands, reconciling
from models.enums import Department, State, Step
from models.reconciliation import DifferenceKind, Reconciled
from models.register import StepRow
from tests.api.conftest import NOW, Desk

Sample = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scraped(desk: Desk) -> Sample:
    answer = await desk.get("/metrics")
    assert answer.headers["content-type"] == CONTENT_TYPE
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(samples: Sample, name: str, **labels: str) -> float:
    return samples[f"dingbian_{name}", frozenset(labels.items())]


async def test_cases_steps_and_the_outbox_are_counted(desk: Desk) -> None:
    case_id = desk.opened_case()
    with desk.database.write() as s:
        s.add(
            StepRow(
                case_id=case_id,
                step=Step.EXAMINE.value,
                round=1,
                department=Department.ESTABLISHMENT.value,
                roles="",
                opened_at=NOW - timedelta(hours=1),
                due_at=NOW - timedelta(minutes=1),
                remind_at=NOW,
                working_days=5,
                calendar_version="",
            )
        )
    found = await scraped(desk)
    assert of(found, "cases", state=State.ACCEPTED.value) == 1
    assert of(found, "outbox_undelivered") == 0
    assert of(found, "commands_unjudged") == 1
    assert of(found, "steps_waiting", step=Step.EXAMINE.value) == 1
    assert of(found, "steps_oldest_seconds", step=Step.EXAMINE.value) == 3600
    assert of(found, "steps_overdue") == 1


async def test_every_kind_of_difference_has_a_line_before_there_is_any(desk: Desk) -> None:
    found = await scraped(desk)
    for kind in DifferenceKind:
        assert of(found, "reconciliation_differences", kind=kind.value) == 0
    assert of(found, "reconciliation_age_seconds") == -1
    with desk.database.write() as s:
        reconciling.keep(
            s, Reconciled(at=NOW, counts={DifferenceKind.NUMBER_GAP: 2}, waiting={DifferenceKind.NUMBER_GAP: 2})
        )
    found = await scraped(desk)
    assert of(found, "reconciliation_differences", kind="number-gap") == 2
    assert of(found, "reconciliation_age_seconds") == 0


async def test_answers_are_timed_by_operation_and_never_by_address(desk: Desk) -> None:
    case_id = desk.opened_case()
    await desk.get(f"/cases/{case_id}", by="supervisor")
    await desk.get(f"/cases/{case_id}")
    await desk.client.get("/nowhere/110105194912310021")
    found = await scraped(desk)
    assert of(found, "request_seconds_count", operation="read_case", status="200") == 1
    assert of(found, "request_seconds_count", operation="read_case", status="401") == 1
    assert of(found, "request_seconds_count", operation="other", status="404") == 1
    text = (await desk.get("/metrics")).text
    assert case_id not in text
    assert "1949" not in text


async def test_writing_transactions_are_timed_waiting_and_working(desk: Desk) -> None:
    desk.database.observe = desk.runtime.metrics.transaction
    before = (await scraped(desk)).get(("dingbian_ledger_seconds_count", frozenset({("phase", "working")})), 0)
    with desk.database.write() as s:
        commands.failed(s, [])
    with pytest.raises(ZeroDivisionError), desk.database.write():
        raise ZeroDivisionError
    found = await scraped(desk)
    assert of(found, "ledger_seconds_count", phase="working") == before + 2
    assert of(found, "ledger_seconds_count", phase="waiting") == before + 2
