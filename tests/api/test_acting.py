"""Standing in for a colleague 代 at the door: the header counts only with a substitution in force, in its scope."""

from __future__ import annotations

from typing import Any

import pytest

from api import examples
from api.permissions import RULES
from models.register import RoundRow

from .conftest import NOW, Desk, problem
from .test_doors import BODIES, filled, operations

LEAVE: dict[str, Any] = {
    "substitute": "organiser_two",
    "from_on": "2026-03-03",
    "until_on": "2026-03-06",
    "reason": "出差",
}
AS_HEAD = {"Acting-For": "head"}


async def granted(desk: Desk, by: str = "head", substitute: str = "examiner", key: str = "s", **more: Any) -> str:
    body = LEAVE | {"substitute": substitute} | more
    answer = await desk.post("/substitutions", by=by, key=key, json=body)
    assert answer.status_code == 201, answer.text
    identity: str = answer.json()["id"]
    return identity


async def test_anonymous_callers_see_and_grant_nothing(desk: Desk) -> None:
    problem(await desk.get("/substitutions"), 401, "unauthenticated")
    problem(await desk.post("/substitutions", key="k", json=LEAVE), 401, "unauthenticated")
    problem(await desk.post(f"/substitutions/{'0' * 32}/end", key="k"), 401, "unauthenticated")


async def test_a_substitution_is_granted_shown_and_ended(desk: Desk) -> None:
    identity = await granted(desk)
    for by, count in (("head", 1), ("examiner", 1), ("supervisor", 1), ("system_admin", 1), ("organiser", 0)):
        items = (await desk.get("/substitutions", by=by)).json()["items"]
        assert len(items) == count, by
    shown = (await desk.get("/substitutions", by="examiner")).json()["items"][0]
    assert (shown["principal"], shown["substitute"], shown["in_force"]) == ("head", "examiner", True)
    problem(await desk.post(f"/substitutions/{identity}/end", by="organiser", key="e"), 404, "not-found")
    ended = await desk.post(f"/substitutions/{identity}/end", by="examiner", key="e")
    assert (ended.status_code, ended.json()["in_force"]) == (200, False)
    again = await desk.post(f"/substitutions/{identity}/end", by="head", key="e")
    assert again.json()["ended_at"] == ended.json()["ended_at"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"substitute": "head"}, "substitute"),
        ({"substitute": "organiser"}, "substitute"),
        ({"substitute": "nobody"}, "substitute"),
        ({"from_on": "2026-03-02"}, "from_on"),
        ({"until_on": "2026-03-02"}, "until_on"),
    ],
)
async def test_a_faulty_substitution_names_its_field(desk: Desk, change: dict[str, Any], field: str) -> None:
    body = {**LEAVE, "substitute": "examiner", **change}
    errors = problem(await desk.post("/substitutions", by="head", key="k", json=body), 422, "invalid")["errors"]
    assert field in {error["field"] for error in errors}
    assert (await desk.get("/substitutions", by="supervisor")).json()["items"] == []


async def test_nobody_grants_what_is_another_s_and_the_security_administrator_may_for_all(desk: Desk) -> None:
    body = {**LEAVE, "principal": "organiser"}
    for by in ("organiser_two", "head", "applicant"):
        problem(await desk.post("/substitutions", by=by, key="k", json=body), 403, "no-substitution")
    problem(await desk.post("/substitutions", by="system_admin", key="k", json=body), 403, "forbidden")
    assert (await desk.post("/substitutions", by="security_admin", key="k", json=body)).status_code == 201
    other = {**body, "reason": "另一事由"}
    problem(await desk.post("/substitutions", by="security_admin", key="k", json=other), 409, "key-reused")


async def test_a_substitute_signs_with_his_own_key_and_both_names(desk: Desk) -> None:
    await granted(desk)
    case_id = desk.opened_case()
    answer = await desk.post(
        f"/cases/{case_id}/hold", by="examiner", key="h", headers=AS_HEAD, json={**examples.HOLD, "reason": "核查"}
    )
    assert answer.status_code == 202, answer.text
    row = desk.rows(case_id)[-1]
    assert (row.officer, row.acting_for, row.acting_for_name) == ("o-examiner", "o-head", "经办head")
    assert (row.id, row.roles) == ("o-examiner~h", "head")


async def test_without_the_header_the_substitute_is_nobody_else(desk: Desk) -> None:
    await granted(desk)
    case_id = desk.opened_case()
    problem(await desk.post(f"/cases/{case_id}/hold", by="examiner", key="h", json=examples.HOLD), 403, "forbidden")


@pytest.mark.parametrize("principal", ["head", "nobody", "examiner", "o-head", "", "%"])
async def test_the_header_without_a_substitution_is_refused(desk: Desk, principal: str) -> None:
    case_id = desk.opened_case()
    where = f"/cases/{case_id}/decisions"
    answer = await desk.post(where, by="examiner", key="k", headers={"Acting-For": principal}, json=examples.EXAMINE)
    assert problem(answer, 403, "no-substitution")["clause"]
    assert len(desk.rows(case_id)) == 1


async def test_a_substitution_reaches_only_its_procedures(desk: Desk) -> None:
    await granted(desk, procedures=["removing-staff"])
    case_id = desk.opened_case()
    hold = f"/cases/{case_id}/hold"
    problem(await desk.post(hold, by="examiner", key="h", headers=AS_HEAD, json=examples.HOLD), 403, "no-substitution")
    assert len(desk.rows(case_id)) == 1
    assert (await desk.get("/worklist", by="examiner", headers=AS_HEAD)).status_code == 200
    await granted(desk, key="s2", procedures=["staffing-up"])
    answer = await desk.post(hold, by="examiner", key="h", headers=AS_HEAD, json=examples.HOLD)
    assert answer.status_code == 202


async def test_an_application_in_the_place_of_another_asks_for_the_scope_too(desk: Desk) -> None:
    await granted(desk, by="organiser", substitute="organiser_two", procedures=["staffing-up"])
    where, headers = "/applications/removing-staff", {"Acting-For": "organiser"}
    refused = await desk.post(where, by="organiser_two", key="a", headers=headers, json=examples.REMOVAL)
    problem(refused, 403, "no-substitution")
    await granted(desk, by="organiser", substitute="organiser_two", key="s2")
    taken = await desk.post(where, by="organiser_two", key="a", headers=headers, json=examples.REMOVAL)
    assert taken.status_code == 201
    with desk.database.read() as s:
        row = s.get(RoundRow, (taken.json()["case_id"], 1))
    assert row is not None
    assert row.officer_name == "经办organiser_two（代经办organiser）"


async def test_it_ends_with_its_last_day_in_shanghai(desk: Desk) -> None:
    await granted(desk, until_on="2026-03-03")
    desk.runtime.clock = lambda: NOW.replace(hour=15, minute=59)
    assert (await desk.get("/worklist", by="examiner", headers=AS_HEAD)).status_code == 200
    desk.runtime.clock = lambda: NOW.replace(hour=16, minute=0)
    problem(await desk.get("/worklist", by="examiner", headers=AS_HEAD), 403, "no-substitution")


async def test_what_was_committed_counts_although_the_substitution_ended_before_it_was_judged(desk: Desk) -> None:
    identity = await granted(desk)
    case_id = desk.opened_case()
    desk.temporal.away = True
    hold = f"/cases/{case_id}/hold"
    taken = await desk.post(hold, by="examiner", key="h", headers=AS_HEAD, json=examples.HOLD)
    assert taken.status_code == 202
    await desk.post(f"/substitutions/{identity}/end", by="head", key="e")
    row = desk.rows(case_id)[-1]
    assert (row.acting_for, row.delivered_at) == ("o-head", None)
    problem(await desk.post(hold, by="examiner", key="h2", headers=AS_HEAD, json=examples.HOLD), 403, "no-substitution")


async def test_the_same_key_in_another_capacity_is_a_reused_key(desk: Desk) -> None:
    await granted(desk)
    case_id = desk.opened_case()
    where, body = f"/cases/{case_id}/comments", examples.COMMENT
    assert (await desk.post(where, by="examiner", key="k", headers=AS_HEAD, json=body)).status_code == 202
    problem(await desk.post(where, by="examiner", key="k", json=body), 409, "key-reused")
    assert (await desk.post(where, by="examiner", key="k", headers=AS_HEAD, json=body)).status_code == 202
    assert len(desk.rows(case_id)) == 2


async def test_what_must_be_done_in_person_refuses_the_header(desk: Desk) -> None:
    """Nobody passes on what he was given, and nobody opens sealed payloads in another's place."""
    await granted(desk)
    body = LEAVE | {"substitute": "inspector", "principal": "head"}
    problem(
        await desk.post("/substitutions", by="examiner", key="k", headers=AS_HEAD, json=body), 403, "no-substitution"
    )
    problem(
        await desk.post("/codec/decode", by="examiner", headers=AS_HEAD, json={"payloads": []}), 403, "no-substitution"
    )
    assert len((await desk.get("/substitutions", by="supervisor")).json()["items"]) == 1


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if not rule.public])
async def test_no_operation_takes_the_header_without_a_substitution(desk: Desk, name: str) -> None:
    method, path = operations()[name]
    body = {"json": BODIES[name]} if name in BODIES else {}
    answer = await desk.call(method, filled(path), by="inspector", key="k", headers=AS_HEAD, **body)
    problem(answer, 403, "no-substitution")


async def test_the_worklist_and_the_docket_are_those_of_the_capacity(desk: Desk) -> None:
    await granted(desk, by="examiner", substitute="inspector")
    case_id = desk.opened_case()
    as_examiner = {"Acting-For": "examiner"}

    async def kinds(**more: Any) -> set[str]:
        return {each["action"] for each in (await desk.get(f"/cases/{case_id}", **more)).json()["may"]}

    assert await kinds(by="inspector", headers=as_examiner) == await kinds(by="examiner")
    await granted(desk, substitute="inspector", key="s2")
    assert "hold" in await kinds(by="inspector", headers=AS_HEAD)
    assert "hold" not in await kinds(by="inspector")
