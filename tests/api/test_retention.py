"""Retention over HTTP: who may, what is due, holds, and a disposal from proposal to witness."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import examples
from api.permissions import RULES
from docket import officers, substitutions
from models.decisions import Officer
from models.enums import Department, Role
from models.register import Record
from models.substitutions import NewSubstitution
from records import register
from tests.support.console import Counter
from tests.support.disposals import LATER, old_office, short_lived
from tests.support.engines import ENGINES
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    HEAD,
    HEAD_TWO,
    INSPECTOR,
    ISSUER,
    REGISTRAR,
    SUPERVISOR,
    Office,
)

from .conftest import problem

NOTHING = "0" * 32
OPERATIONS = {
    "list_retention": ("GET", "/retention", None),
    "place_hold": ("POST", f"/records/{NOTHING}/hold", examples.RECORD_HOLD),
    "lift_hold": ("POST", f"/holds/{NOTHING}/lifting", examples.LIFTING),
    "list_holds": ("GET", "/holds", None),
    "propose_disposal": ("POST", "/disposals", examples.DISPOSAL),
    "list_disposals": ("GET", "/disposals", None),
    "read_disposal": ("GET", f"/disposals/{NOTHING}", None),
    "strike_disposal": ("POST", f"/disposals/{NOTHING}/strike", examples.STRIKE),
    "decide_disposal": ("POST", f"/disposals/{NOTHING}/decision", examples.DISPOSAL_DECISION),
    "execute_disposal": ("POST", f"/disposals/{NOTHING}/execution", None),
    "witness_disposal": ("POST", f"/disposals/{NOTHING}/witness", None),
}
DUE = "2037-01-05"


class Api:
    """`await api.get(path, HEAD)`; every write has a key of its own unless one is given."""

    def __init__(self, http: httpx.AsyncClient, office: Office) -> None:
        self._http = http
        self._office = office
        self._tokens: dict[str, str] = {}
        self._keys = 0

    async def call(
        self, method: str, path: str, by: Officer | None, body: Any = None, key: str | None = None, **headers: str
    ) -> httpx.Response:
        if by is not None:
            headers["Authorization"] = f"Bearer {self._token(by)}"
        if method == "POST":
            self._keys += 1
            headers["Idempotency-Key"] = key or f"key-{self._keys}"
        sent = {} if body is None else {"json": body}
        return await self._http.request(method, f"/api/v1{path}", headers=headers, **sent)

    async def get(self, path: str, by: Officer | None = SUPERVISOR) -> httpx.Response:
        return await self.call("GET", path, by)

    async def post(self, path: str, by: Officer, body: Any = None, key: str | None = None) -> httpx.Response:
        return await self.call("POST", path, by, body, key)

    def _token(self, officer: Officer) -> str:
        if officer.id not in self._tokens:
            with self._office.database.write() as s:
                self._tokens[officer.id] = officers.issue_token(s, officer.id, self._office.now)
        return self._tokens[officer.id]


@pytest.fixture(params=ENGINES)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    with old_office(request.param, tmp_path) as made:
        yield made


@pytest.fixture
async def api(office: Office, tmp_path: Path) -> AsyncIterator[Api]:
    counter = Counter(tmp_path, office)
    transport = httpx.ASGITransport(app=counter.app, client=("192.0.2.1", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://office.test") as http:
        yield Api(http, office)


# --- who ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATIONS)
async def test_an_anonymous_caller_gets_401(api: Api, name: str) -> None:
    method, path, body = OPERATIONS[name]
    problem(await api.call(method, path, None, body), 401, "unauthenticated")


@pytest.mark.parametrize("name", OPERATIONS)
async def test_whoever_has_no_part_in_it_gets_403(api: Api, name: str) -> None:
    method, path, body = OPERATIONS[name]
    for officer in (
        APPLICANT,
        FINANCE,
        *([SUPERVISOR, ISSUER] if method == "POST" and name != "witness_disposal" else []),
    ):
        problem(await api.call(method, path, officer, body), 403, "forbidden")


async def test_a_step_in_a_colleagues_name_is_refused_at_the_door(api: Api, office: Office) -> None:
    wanted = NewSubstitution(
        substitute=HEAD_TWO.id, from_on=LATER.date(), until_on=LATER.date(), procedures=[], reason="出差"
    )
    with office.database.write() as s:
        assert not isinstance(substitutions.grant(s, wanted, HEAD, "k", office.now), list)
    for name, (method, path, body) in OPERATIONS.items():
        answer = await api.call(method, path, HEAD_TWO, body, **{"Acting-For": HEAD.id})
        if method == "POST":
            problem(answer, 403, "no-substitution")
            assert not RULES[name].acting
        else:
            assert answer.status_code in (200, 404)


async def test_what_is_not_there_is_404(api: Api) -> None:
    by = {"place_hold": REGISTRAR, "lift_hold": HEAD, "decide_disposal": HEAD, "witness_disposal": INSPECTOR}
    for name, (method, path, body) in OPERATIONS.items():
        if NOTHING in path:
            problem(await api.call(method, path, by.get(name, REGISTRAR), body), 404, "not-found")


# --- what is due, and holds ---------------------------------------------------------------------------------------


async def test_the_list_of_what_is_due(api: Api, office: Office) -> None:
    first, second, third = sorted(short_lived(office), key=lambda paper: (paper.issued_on, paper.id))
    page = (await api.get(f"/retention?due_before={DUE}&limit=2")).json()
    assert [row["number"] for row in page["items"]] == [first.number, second.number]
    assert (page["items"][0]["retention_until"], page["items"][0].get("bar")) == ("2036-12-31", None)
    rest = (await api.get(f"/retention?due_before={DUE}&limit=2&cursor={page['next']}")).json()
    assert [row["number"] for row in rest["items"]] == [third.number]
    assert (await api.get("/retention?due_before=2036-12-31")).json()["items"] == []
    assert (await api.get("/retention?kind=phone_record")).json()["items"] == []
    everything = (await api.get("/retention?everything=true")).json()["items"]
    assert {row["bar_label"] for row in everything} == {"", "保管期限未满"}
    problem(await api.get("/retention?cursor=nonsense"), 422, "invalid")
    problem(await api.get("/retention?due_before=9999-01-01"), 422, "invalid")


async def test_a_hold_is_placed_told_and_lifted(api: Api, office: Office) -> None:
    (paper, *_rest) = short_lived(office)
    placed = await api.post(f"/records/{paper.id}/hold", REGISTRAR, examples.RECORD_HOLD)
    assert placed.status_code == 201
    hold = placed.json()
    assert (hold["standing"], hold["placed_by_name"], hold["basis"]) == (True, REGISTRAR.name, "示巡函〔2036〕3号")
    assert (await api.get(f"/records/{paper.id}")).json()["held"] is True
    assert [each["id"] for each in (await api.get("/holds?standing=true")).json()["items"]] == [hold["id"]]
    due = (await api.get("/retention")).json()["items"]
    assert [row["bar"] for row in due if row["record_id"] == paper.id] == ["held"]
    lifted = await api.post(f"/holds/{hold['id']}/lifting", HEAD, examples.LIFTING)
    assert (lifted.status_code, lifted.json()["standing"]) == (200, False)
    assert (await api.get(f"/records/{paper.id}")).json()["held"] is False
    problem(await api.post(f"/holds/{hold['id']}/lifting", HEAD_TWO, examples.LIFTING), 409, "already-decided")


async def test_whoever_placed_a_hold_does_not_lift_it(api: Api, office: Office) -> None:
    (paper, *_rest) = short_lived(office)
    hold = (await api.post(f"/records/{paper.id}/hold", HEAD, examples.RECORD_HOLD)).json()
    refused = problem(await api.post(f"/holds/{hold['id']}/lifting", HEAD, examples.LIFTING), 403, "two-roles")
    assert refused["clause"]
    assert (await api.post(f"/holds/{hold['id']}/lifting", HEAD_TWO, examples.LIFTING)).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"reason": "", "basis": "函"}, {"reason": "调阅", "basis": "函", "scope": "unit"}]
)
async def test_a_hold_needs_reason_and_basis(api: Api, office: Office, body: dict[str, str]) -> None:
    (paper, *_rest) = short_lived(office)
    problem(await api.post(f"/records/{paper.id}/hold", REGISTRAR, body), 422, "invalid")


# --- a disposal ---------------------------------------------------------------------------------------------------


async def proposed(api: Api, by: Officer = REGISTRAR) -> dict[str, Any]:
    answer = await api.post("/disposals", by, {"due_before": DUE, "reason": "期限届满，没有继续保存的价值"})
    assert answer.status_code == 201, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def executing(api: Api) -> str:
    """The path of a disposal that waits for its witness."""
    path = f"/disposals/{(await proposed(api))['id']}"
    assert (await api.post(f"{path}/decision", HEAD, examples.DISPOSAL_DECISION)).status_code == 200
    assert (await api.post(f"{path}/execution", EXAMINER)).status_code == 200
    return path


async def test_from_proposal_to_witness(api: Api, office: Office) -> None:
    papers = short_lived(office)
    view = await proposed(api)
    assert (view["no"], view["state"], view["listed"], view["remaining"]) == ("销毁2037-00001", "proposed", 3, 0)
    path = f"/disposals/{view['id']}"
    struck = await api.post(f"{path}/strike", REGISTRAR, {"record_id": papers[2].id, "reason": "仍有参考价值"})
    assert (struck.json()["listed"], struck.json()["struck"]) == (2, 1)
    assert (await api.post(f"{path}/decision", HEAD, examples.DISPOSAL_DECISION)).json()["state"] == "approved"
    assert (await api.post(f"{path}/execution", EXAMINER)).json()["state"] == "executing"
    assert all(office.store.has(str(paper.digest)) for paper in papers)
    done = (await api.post(f"{path}/witness", INSPECTOR)).json()
    assert (done["state"], done["state_label"], done["waiting"]) == ("destroyed", "已销毁", 0)
    assert (done["list_number"], done["list_filed"]) == ("示编销〔2037〕1号", True)
    assert [office.store.has(str(paper.digest)) for paper in papers] == [False, False, True]
    assert (await api.get(path)).json() == done
    assert [row["id"] for row in (await api.get("/disposals?state=destroyed")).json()["items"]] == [view["id"]]
    assert (await api.get("/disposals?state=proposed")).json()["items"] == []
    again = await api.post(f"{path}/witness", INSPECTOR)
    assert again.json() == done


async def test_a_destroyed_record_is_told_as_such_everywhere(api: Api, office: Office) -> None:
    paper = short_lived(office)[0]
    copy = office.store.get(str(paper.digest))
    await api.post(f"{await executing(api)}/witness", INSPECTOR)
    told = (await api.get(f"/records/{paper.id}")).json()
    assert (told["disposed_on"], told["disposal_list"], told["state"]) == (DUE, "示编销〔2037〕1号", "valid")
    for ending in ("file", "pdf", "signed"):
        gone = problem(await api.get(f"/records/{paper.id}/{ending}"), 410, "record-disposed")
        assert "示编销〔2037〕1号" in gone["detail"]
    numbers = (await api.get(f"/records?series={paper.series}&year={paper.year}")).json()["items"]
    assert [row["disposal_list"] for row in numbers if row["number"] == paper.number] == ["示编销〔2037〕1号"]
    public = (await api.get(f"/verify/{paper.code}", None)).json()
    assert (public["status"], public["destroyed_on"], public["destroyed_by"]) == ("valid", DUE, "示编销〔2037〕1号")
    page = await api._http.get(f"/api/v1/verify/{paper.code}", headers={"Accept": "text/html"})
    assert "示编销〔2037〕1号" in page.text
    assert "销毁" in page.text
    uploaded = await api._http.post("/api/v1/verify", files={"file": ("a.docx", copy)})
    assert (uploaded.json()["status"], uploaded.json()["destroyed_on"]) == ("valid", DUE)
    held = problem(
        await api.post(f"/records/{paper.id}/hold", REGISTRAR, {"reason": "要", "basis": "函"}), 410, "record-disposed"
    )
    assert "档案局令8号" in held["clause"]


async def test_the_list_itself_is_for_those_who_oversee(api: Api, office: Office) -> None:
    done = (await api.post(f"{await executing(api)}/witness", INSPECTOR)).json()
    path = f"/records/{done['list_record']}"
    assert (await api.get(f"{path}/file", SUPERVISOR)).status_code == 200
    for officer in (APPLICANT, FINANCE):
        problem(await api.get(path, officer), 404, "not-found")
    with office.database.read() as s:
        row = s.get(Record, done["list_record"])
        assert row is not None
        assert register.get(s, row.id) is not None


async def test_each_refusal_is_a_problem_with_its_clause(api: Api, office: Office) -> None:
    early = await api.post("/disposals", REGISTRAR, {"due_before": "2037-01-06", "reason": "提前"})
    assert problem(early, 422, "retention-running")["clause"] == "国家档案局令8号（保管期限）"
    nothing = await api.post("/disposals", REGISTRAR, {"due_before": "2030-01-01", "reason": "提前"})
    problem(nothing, 422, "nothing-to-do")
    view = await proposed(api)
    path = f"/disposals/{view['id']}"
    problem(await api.post(f"{path}/witness", INSPECTOR), 409, "not-your-turn")
    problem(await api.post(f"{path}/execution", EXAMINER), 409, "not-your-turn")
    bare = {**examples.DISPOSAL_DECISION, "reference_no": ""}
    problem(await api.post(f"{path}/decision", HEAD, bare), 422, "reference-required")
    problem(await api.post(f"{path}/decision", HEAD, {**bare, "verdict": "return"}), 422, "invalid")
    await api.post(f"{path}/decision", HEAD, examples.DISPOSAL_DECISION)
    problem(await api.post(f"{path}/decision", HEAD_TWO, examples.DISPOSAL_DECISION), 409, "already-decided")
    await api.post(f"{path}/execution", EXAMINER)
    for officer in (EXAMINER, REGISTRAR):
        assert problem(await api.post(f"{path}/witness", officer), 403, "two-roles")["clause"]


async def test_nobody_approves_what_they_proposed(api: Api, office: Office) -> None:
    """Also when one account holds both roles."""
    with office.database.write() as s:
        both = officers.add_officer(
            s,
            id="both",
            login="both",
            name="兼任",
            department=Department.ESTABLISHMENT,
            unit=None,
            roles=[Role.REGISTRAR, Role.HEAD],
        )
    view = await proposed(api, both)
    answer = await api.post(f"/disposals/{view['id']}/decision", both, examples.DISPOSAL_DECISION)
    problem(answer, 403, "self-approval")


async def test_one_key_is_one_act(api: Api, office: Office) -> None:
    body = {"due_before": DUE, "reason": "期限届满"}
    first = (await api.post("/disposals", REGISTRAR, body, key="k")).json()
    assert (await api.post("/disposals", REGISTRAR, body, key="k")).json()["id"] == first["id"]
    problem(await api.post("/disposals", REGISTRAR, {**body, "reason": "别的"}, key="k"), 409, "key-reused")
    (paper, *_rest) = short_lived(office)
    hold = (await api.post(f"/records/{paper.id}/hold", REGISTRAR, examples.RECORD_HOLD, key="h")).json()
    assert (await api.post(f"/records/{paper.id}/hold", REGISTRAR, examples.RECORD_HOLD, key="h")).json() == hold


async def test_no_answer_comes_before_the_day(api: Api, office: Office) -> None:
    """Of 2026 nothing is due in 2036, whatever day is asked for in the proposal."""
    office.now = datetime(2036, 12, 31, 15, 0, tzinfo=UTC)
    answer = await api.post("/disposals", REGISTRAR, {"due_before": "2036-12-31", "reason": "提前"})
    problem(answer, 422, "nothing-to-do")
