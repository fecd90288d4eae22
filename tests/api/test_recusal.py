"""回避 at the API: for oneself, or by the head for a colleague; what is not one's to see is not found."""

from __future__ import annotations

from .conftest import Desk, problem

WHY = {"reason": "与拟进入人员系近亲属"}


async def test_an_officer_declares_a_conflict_of_interest(desk: Desk) -> None:
    case_id = desk.opened_case()
    answer = await desk.post(f"/cases/{case_id}/recusal", by="examiner", key="k", json=WHY)
    assert answer.status_code == 201
    said = answer.json()
    assert (said["officer"], said["declared_by"], said["reason"]) == ("examiner", "o-examiner", WHY["reason"])
    again = await desk.post(f"/cases/{case_id}/recusal", by="examiner", key="k2", json={"reason": "另一事由"})
    assert again.json() == said
    may = (await desk.get(f"/cases/{case_id}", by="examiner")).json()["may"]
    assert {each["why_not"]["code"] for each in may if each["action"] == "decide"} <= {"recused"}


async def test_a_head_names_a_colleague_of_the_same_department(desk: Desk) -> None:
    case_id = desk.opened_case()
    where = f"/cases/{case_id}/recusal"
    named = WHY | {"officer": "inspector"}
    assert (await desk.post(where, by="head", key="k", json=named)).json()["declared_by"] == "o-head"
    problem(await desk.post(where, by="examiner", key="k", json=named), 403, "forbidden")
    problem(await desk.post(where, by="head", key="k", json=WHY | {"officer": "organiser"}), 403, "forbidden")
    fault = problem(await desk.post(where, by="head", key="k", json=WHY | {"officer": "nobody"}), 422, "invalid")
    assert fault["errors"][0]["field"] == "officer"


async def test_it_is_done_in_person_and_of_a_case_that_one_may_see(desk: Desk) -> None:
    case_id = desk.opened_case()
    headers = {"Acting-For": "organiser"}
    acting = await desk.post(f"/cases/{case_id}/recusal", by="organiser_two", key="k", headers=headers, json=WHY)
    problem(acting, 403, "no-substitution")
    problem(await desk.post(f"/cases/{case_id}/recusal", by="neighbour", key="k", json=WHY), 404, "not-found")
