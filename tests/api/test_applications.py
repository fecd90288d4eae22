"""Applications of every procedure at the door: committed first, numbered in their own series, for a unit that lives."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select

from api import examples
from models.enums import CommandKind, Procedure
from models.register import Case, ProblemRow, Suspension, Unit

from .conftest import NOBODY, NOW, UNIT_A, UNIT_B, Desk, problem

EVERY: list[tuple[str, str, dict[str, Any], Procedure, str]] = [
    ("/applications/staffing-up", "applicant", examples.APPLICATION, Procedure.STAFFING_UP, "用编"),
    ("/applications/removing-staff", "applicant", examples.REMOVAL, Procedure.REMOVING_STAFF, "出编"),
    ("/applications/removing-staff", "organiser", examples.REMOVAL, Procedure.REMOVING_STAFF, "出编"),
    ("/applications/removing-staff", "personnel", examples.REMOVAL, Procedure.REMOVING_STAFF, "出编"),
    ("/applications/establishment-change", "applicant", examples.CHANGE, Procedure.ESTABLISHMENT_CHANGE, "调整"),
    ("/rectifications", "inspector", examples.RECTIFICATION, Procedure.RECTIFICATION, "整改"),
    ("/warnings", "inspector", examples.WARNING, Procedure.EARLY_WARNING, "预警"),
]
every = pytest.mark.parametrize(
    ("path", "by", "body", "procedure", "prefix"), EVERY, ids=[f"{path} {by}" for path, by, *_ in EVERY]
)


@every
async def test_an_application_is_committed_and_answered_201_with_its_case(
    desk: Desk, path: str, by: str, body: dict[str, Any], procedure: Procedure, prefix: str
) -> None:
    answer = await desk.post(path, by=by, key="a-1", json=body)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert set(said) == {"case_id", "case_no", "state", "state_label", "refusals", "links"}
    assert (said["case_no"], said["state"]) == (f"{prefix}2026-00001", "submitted")
    assert answer.headers["location"] == said["links"]["self"]
    [row] = desk.rows(said["case_id"])
    assert (row.kind, row.officer, row.department) == ("start", f"o-{by}", desk.cast[by].department.value)
    with desk.database.read() as s:
        case = s.get(Case, said["case_id"])
    assert case is not None
    assert (case.procedure, case.applied_by, case.applicant) == (procedure.value, row.department, row.officer)
    [delivery] = desk.temporal.deliveries
    assert (delivery.kind, delivery.case_id) == (CommandKind.START, said["case_id"])


@every
async def test_the_same_application_again_is_the_same_case_and_another_the_next_number(
    desk: Desk, path: str, by: str, body: dict[str, Any], procedure: Procedure, prefix: str
) -> None:
    first = await desk.post(path, by=by, key="a-1", json=body)
    assert (await desk.post(path, by=by, key="a-1", json=body)).json() == first.json()
    problem(await desk.post(path, by=by, key="a-1", json={**body, "remark": "改"}), 409, "key-reused")
    second = await desk.post(path, by=by, key="a-2", json=body)
    assert second.json()["case_no"] == f"{prefix}2026-00002"


async def test_each_procedure_counts_its_own_cases(desk: Desk) -> None:
    numbers = [
        (await desk.post(path, by=by, key=f"{path}{by}".replace("/", "-")[1:], json=body)).json()["case_no"]
        for path, by, body, *_ in EVERY
    ]
    assert numbers == [
        "用编2026-00001",
        "出编2026-00001",
        "出编2026-00002",
        "出编2026-00003",
        "调整2026-00001",
        "整改2026-00001",
        "预警2026-00001",
    ]


@every
async def test_the_docket_and_the_list_show_it(
    desk: Desk, path: str, by: str, body: dict[str, Any], procedure: Procedure, prefix: str
) -> None:
    case_id = (await desk.post(path, by=by, key="a-1", json=body)).json()["case_id"]
    docket = (await desk.get(f"/cases/{case_id}", by="supervisor")).json()
    assert (docket["procedure"], docket["unit"], docket["round"]) == (procedure.value, UNIT_A, 1)
    assert docket["rounds"][0]["application"]["procedure"] == procedure.value
    listed = (await desk.get(f"/cases?procedure={procedure.value}", by="examiner")).json()["items"]
    assert [row["case_id"] for row in listed] == [case_id]
    others = [other.value for other in Procedure if other is not procedure]
    for other in others:
        assert (await desk.get(f"/cases?procedure={other}", by="examiner")).json()["items"] == []
    assert (await desk.get("/cases", by="neighbour")).json()["items"] == []


@every
async def test_a_unit_that_the_register_does_not_know_or_that_was_abolished_gets_no_case(
    desk: Desk, path: str, by: str, body: dict[str, Any], procedure: Procedure, prefix: str
) -> None:
    problem(await desk.post(path, by=by, key="a-0", json={**body, "unit": NOBODY}), 422, "unknown-unit")
    kept = await desk.post(path, by=by, key="a-1", json=body)
    with desk.database.write() as s:
        unit = s.get(Unit, UNIT_A)
        assert unit is not None
        unit.abolished_on = date(2026, 3, 2)
        s.add(unit)
    refused = problem(await desk.post(path, by=by, key="a-2", json=body), 422, "unit-abolished")
    assert refused["errors"][0]["field"] == "unit"
    assert (await desk.post(path, by=by, key="a-1", json=body)).json()["case_id"] == kept.json()["case_id"]
    with desk.database.read() as s:
        assert len(s.exec(select(Case)).all()) == 1


async def test_a_procedure_named_in_the_body_must_be_that_of_the_route(desk: Desk) -> None:
    body = {**examples.REMOVAL, "procedure": "staffing-up"}
    problem(await desk.post("/applications/removing-staff", by="applicant", key="k", json=body), 422, "invalid")
    body = {**examples.REMOVAL, "procedure": "removing-staff"}
    assert (await desk.post("/applications/removing-staff", by="applicant", key="k", json=body)).status_code == 201


@pytest.mark.parametrize("body", [examples.APPLICATION, examples.REMOVAL, examples.CHANGE], ids=["up", "out", "change"])
async def test_a_correction_of_every_kind_is_read_with_or_without_its_procedure(
    desk: Desk, body: dict[str, Any]
) -> None:
    case_id = desk.opened_case()
    where = f"/cases/{case_id}/resubmission"
    plain = await desk.post(where, by="applicant", key="k-1", json={"application": body})
    assert plain.status_code == 202, plain.text
    kept = desk.rows(case_id)[-1]
    named = {"procedure": _procedure(body), **body}
    answer = await desk.post(where, by="applicant", key="k-1", json={"application": named})
    assert answer.status_code == 202
    assert desk.rows(case_id)[-1].id == kept.id


def _procedure(body: dict[str, Any]) -> str:
    if "persons" in body:
        return "removing-staff"
    return "establishment-change" if "changes" in body else "staffing-up"


async def test_an_abolished_unit_stays_readable_with_what_became_of_it(desk: Desk) -> None:
    with desk.database.write() as s:
        unit = s.get(Unit, UNIT_A)
        assert unit is not None
        unit.abolished_on, unit.merged_into, unit.other_names = date(2026, 3, 2), UNIT_B, "示范市地方志办公室"
        unit.level = "city"
        s.add(unit)
    for by in ("applicant", "examiner"):
        shown = (await desk.get(f"/units/{UNIT_A}", by=by)).json()
        assert (shown["abolished_on"], shown["merged_into"]) == ("2026-03-02", UNIT_B)
        assert (shown["other_names"], shown["level"]) == ("示范市地方志办公室", "city")
        assert (shown["suspended"], shown["problems"]) == (False, [])
    assert (await desk.get(f"/units/{UNIT_A}/balances", by="applicant")).status_code == 200


@pytest.mark.parametrize(
    ("by", "source"),
    [
        ("applicant", "verification"),
        ("personnel", "verification"),
        ("treasurer", "verification"),
        ("head", "12310"),
        ("commissioner", "12310"),
        ("supervisor", "12310"),
    ],
)
async def test_that_somebody_rang_12310_is_told_to_few_on_the_page_of_the_unit_too(
    desk: Desk, by: str, source: str
) -> None:
    answer = await desk.post("/rectifications", by="inspector", key="r", json=examples.RECTIFICATION)
    case_id = answer.json()["case_id"]
    with desk.database.write() as s:
        s.add(
            ProblemRow(
                case_id=case_id, no="1", unit=UNIT_A, kind="x", source="12310", opened_at=NOW, due_at=NOW, state="open"
            )
        )
    [shown] = (await desk.get(f"/units/{UNIT_A}", by=by)).json()["problems"]
    assert shown["source"] == source


async def test_a_unit_reads_a_rectification_only_once_its_problems_are_opened(desk: Desk) -> None:
    answer = await desk.post("/rectifications", by="inspector", key="r", json=examples.RECTIFICATION)
    case_id = answer.json()["case_id"]
    problem(await desk.get(f"/cases/{case_id}", by="applicant"), 404, "not-found")
    assert (await desk.get("/cases", by="applicant")).json()["items"] == []
    assert (await desk.get(f"/cases/{case_id}", by="personnel")).status_code == 200
    with desk.database.write() as s:
        s.add(
            ProblemRow(
                case_id=case_id, no="1", unit=UNIT_A, kind="x", source="audit", opened_at=NOW, due_at=NOW, state="open"
            )
        )
    assert (await desk.get(f"/cases/{case_id}", by="applicant")).status_code == 200
    assert [row["case_id"] for row in (await desk.get("/cases", by="applicant")).json()["items"]] == [case_id]


async def test_a_unit_shows_its_open_problems_and_that_its_gate_is_closed(desk: Desk) -> None:
    answer = await desk.post("/rectifications", by="inspector", key="r", json=examples.RECTIFICATION)
    case_id = answer.json()["case_id"]
    line = {"case_id": case_id, "unit": UNIT_A, "kind": "超职数配备", "source": "audit", "opened_at": NOW}
    with desk.database.write() as s:
        s.add(ProblemRow(no="1", due_at=NOW - timedelta(days=1), **line))
        s.add(ProblemRow(no="2", due_at=NOW + timedelta(days=9), state="reported", **line))
        s.add(ProblemRow(no="3", due_at=NOW, state="closed", **line))
        s.add(Suspension(id="s1", unit=UNIT_A, case_id=case_id, from_at=NOW - timedelta(hours=1)))
    shown = (await desk.get(f"/units/{UNIT_A}", by="applicant")).json()
    assert shown["suspended"] is True
    assert [(each["no"], each["state"], each["overdue"]) for each in shown["problems"]] == [
        ("1", "open", True),
        ("2", "reported", False),
    ]
    assert shown["problems"][0]["case_no"] == answer.json()["case_no"]
    other = (await desk.get(f"/units/{UNIT_B}", by="examiner")).json()
    assert (other["suspended"], other["problems"]) == (False, [])
