"""One office, one afternoon, every procedure through the HTTP API, real workflows and the relay between them."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from docket import relay
from ledger import balances
from ledger.verify import verify
from models.enums import Resource, State
from models.rulebook import RectificationRules, Rulebook
from records.verify import verify_records
from rules.deadlines import local_day
from tests.support.office import (
    APPLICANT,
    COMMISSION,
    EXAMINER,
    FINANCE,
    HEAD,
    INSPECTOR,
    INSPECTOR_TWO,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    PERSONNEL,
    REGISTRAR,
    RESEARCH,
    application,
)
from tests.support.temporal import utc_now
from tests.support.town import WAIT_SECONDS, Town

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("server")]

# The gate closes when the problems are opened: an afternoon has no due day.
AT_DISCOVERY = Rulebook(rectification=RectificationRules(suspend_at="discovery"))


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))
    monkeypatch.setattr(relay, "IDLE_SECONDS", 0.05)
    made = Town(tmp_path, AT_DISCOVERY)
    yield made
    made.embedded.stop()
    made.office.database.close()


@contextlib.asynccontextmanager
async def open_for_business(town: Town) -> AsyncIterator[None]:
    await town.start_temporal()
    async with town.worker(), town.relay():
        yield


class Clerk:
    """Acts on one case as its docket asks."""

    def __init__(self, town: Town, case_id: str) -> None:
        self.town = town
        self.case_id = case_id

    async def decide(self, step: str, by: str, verdict: str = "approve", subject: str = "", **more: Any) -> None:
        docket = await self.waits_at(step, subject)
        body = {"step": step, "round": docket["round"], "subject": subject, "verdict": verdict} | more
        receipt = await self.town.judged(self.case_id, by, uuid.uuid4().hex, body)
        assert receipt["status"] == "accepted", receipt

    async def waits_at(self, step: str, subject: str = "") -> dict[str, Any]:
        def waiting(docket: dict[str, Any]) -> bool:
            current = [(s["step"], s["subject"]) for s in docket["steps"] if s["state"] == "current"]
            return (step, subject) in current

        return await self.sees(waiting)

    async def sees(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end = time.monotonic() + WAIT_SECONDS
        while not wanted(found := await self.town.docket(self.case_id)):
            assert time.monotonic() < end, f"never; {found['headline']}"
            await asyncio.sleep(0.02)
        return found

    async def post(self, what: str, by: str, body: dict[str, Any]) -> None:
        receipt = await self.town.judged(self.case_id, by, uuid.uuid4().hex, body, what)
        assert receipt["status"] == "accepted", receipt


async def opened(town: Town, path: str, by: str, body: Any) -> tuple[Clerk, dict[str, Any]]:
    """A case, and what its applicant was told once the gate had spoken."""
    key, end = uuid.uuid4().hex, time.monotonic() + WAIT_SECONDS
    while True:
        answer = await town.post(path, by, key, body)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        if told["state"] != State.SUBMITTED:
            return Clerk(town, told["case_id"]), told
        assert time.monotonic() < end, told


def problem(no: str = "1") -> dict[str, Any]:
    due = local_day(utc_now() + timedelta(days=30)).isoformat()
    return {"no": no, "kind": "擅自加挂牌子", "facts": "门前另挂一牌", "source": "audit", "measure": "摘除", "due": due}


async def test_a_suspended_unit_waits_rectifies_and_goes_on(town: Town) -> None:
    async with open_for_business(town):
        under_way, _ = await opened(town, "/applications/staffing-up", APPLICANT.id, application(meeting="甲会"))
        await under_way.decide("examine", EXAMINER.id)

        matter, _ = await opened(town, "/rectifications", INSPECTOR.id, {"unit": RESEARCH, "problems": [problem()]})
        await matter.sees(lambda docket: docket["state"] == State.SUSPENDED)

        issue = {"step": "issue", "round": 1, "verdict": "approve"}
        held = await town.judged(under_way.case_id, ISSUER.id, "issue-1", issue)
        assert held["code"] == "unit-suspended"
        assert (await town.docket(under_way.case_id))["state"] == State.HELD
        _, refused = await opened(town, "/applications/staffing-up", APPLICANT.id, application(meeting="乙会"))
        assert (refused["state"], refused["refusals"][0]["code"]) == (State.NOT_ACCEPTED, "unit-suspended")
        await _somebody_retires(town)  # 出编 stays open

        await matter.decide("warn", ISSUER.id)
        await matter.decide("propose-suspension", INSPECTOR.id, opinion="建议暂停")
        await matter.decide("suspend", COMMISSION.id, minutes_no="示编纪〔2026〕3号")
        await matter.post("report", APPLICANT.id, {"items": [{"no": "1", "text": "已摘除"}]})
        for place, inspector in (("1", INSPECTOR), ("2", INSPECTOR_TWO)):
            await matter.decide("site-check", inspector.id, subject=f"1.1.{place}", opinion="现场已摘除")
        await matter.decide("propose-lifting", INSPECTOR.id)
        await matter.decide("lift", COMMISSION.id)
        lifted = await matter.sees(lambda docket: docket["state"] == State.LIFTED)
        assert {document["kind"] for document in lifted["documents"]} - {"case_file"} == {  # it follows the others
            "rectification_notice",
            "warning_letter",
            "suspension_notice",
            "site_check_record",
            "resumption_notice",
        }

        await under_way.sees(lambda docket: docket["state"] != State.HELD)  # woken by the lifting, through the outbox
        await under_way.decide("issue", ISSUER.id)
        _everything_adds_up(town)


async def _somebody_retires(town: Town) -> None:
    headers = {"Authorization": f"Bearer {town.tokens[APPLICANT.id]}"}
    roster = (await town.http.get(f"/units/{RESEARCH}/roster", headers=headers)).json()["items"]
    today = local_day(utc_now()).isoformat()
    leaver = {"person": roster[0]["person_ref"], "reason": "退休", "event_date": today, "proof_no": "示退〔2026〕1号"}
    body = {"unit": RESEARCH, "persons": [leaver], "contact": "王敏 0000-8000000"}
    case, _ = await opened(town, "/applications/removing-staff", APPLICANT.id, body)
    before = _occupied(town)
    await case.decide("approve-exit", ORGANISATION.id, subject="P1", reference_no="示组退〔2026〕1号")
    await case.decide("exit", REGISTRAR.id, subject="P1")
    await case.decide("finance", FINANCE.id, "acknowledge", subject="P1")
    await case.decide("social-insurance", INSURANCE.id, "acknowledge", subject="P1")
    await case.sees(lambda docket: docket["state"] == State.CLOSED)
    assert _occupied(town) == before - 1


def _occupied(town: Town) -> int:
    with town.office.database.read() as s:
        found = balances.balances(s, RESEARCH)
    return next(each.occupied for each in found if each.resource is Resource.ADMINISTRATIVE)


async def test_a_warning_ends_in_rectification_and_a_change_in_a_reply(town: Town) -> None:
    async with open_for_business(town):
        warning = {"unit": RESEARCH, "indicator": "public-event", "facts": "媒体报道自设机构", "level": "inspect"}
        case, _ = await opened(town, "/warnings", INSPECTOR.id, warning)
        visit = local_day(utc_now()).isoformat()
        await case.decide("inspect", HEAD.id, team=[INSPECTOR.name, INSPECTOR_TWO.name], visit_on=visit)
        await case.decide("inspection-report", INSPECTOR.id, opinion="情况属实。", found=[problem()])
        await case.sees(lambda docket: docket["state"] == State.CLOSED)
        handed = await _rectification_of(town)
        await handed.sees(lambda docket: docket["state"] == State.SUSPENDED)

        change = {
            "unit": RESEARCH,
            "kind": "职数增减",
            "title": "关于增加内设机构副职职数的请示",
            "request_no": "示发研〔2026〕18号",
            "justification": dict.fromkeys(
                ("party_leadership", "lawfulness", "development", "soundness", "risks"), "已论证。"
            ),
            "changes": [
                {"kind": "posts", "unit": RESEARCH, "resource": "post:internal-deputy", "before": 2, "after": 3}
            ],
            "basis": {"meeting": "局党组会议", "date": "2026-02-25"},
            "contact": "王敏 0000-8000000",
        }
        _, refused = await opened(town, "/applications/establishment-change", APPLICANT.id, change)
        assert refused["refusals"][0]["code"] == "unit-suspended"
        await _excepted(handed)
        changing, _ = await opened(town, "/applications/establishment-change", APPLICANT.id, change)
        await changing.decide("examine", EXAMINER.id)
        await changing.decide("consult-organisation", ORGANISATION.id)
        await changing.decide("consult-personnel", PERSONNEL.id)
        await changing.decide("consult-finance", FINANCE.id, "reject", opinion="经费须自行消化")
        await changing.decide("decide", COMMISSION.id, minutes_no="示编纪〔2026〕4号")
        await changing.decide("sign", ISSUER.id)
        docket = await changing.sees(lambda docket: docket["state"] == State.ACKNOWLEDGING)
        assert "change_reply" in {document["kind"] for document in docket["documents"]}
        posts = {effect["resource"]: effect["authorised_after"] for effect in docket["ledger"]}
        assert posts["post:internal-deputy"] == 3
        _everything_adds_up(town)


async def _rectification_of(town: Town) -> Clerk:
    headers = {"Authorization": f"Bearer {town.tokens[INSPECTOR.id]}"}
    listed = (await town.http.get("/cases", params={"procedure": "rectification"}, headers=headers)).json()["items"]
    assert len(listed) == 1
    return Clerk(town, listed[0]["case_id"])


async def _excepted(rectification: Clerk) -> None:
    """例外受理 for establishment changes of this unit, approved by the commission."""
    until = local_day(utc_now() + timedelta(days=20)).isoformat()
    scope = {"procedures": ["establishment-change"], "matter": "内设机构副职职数"}
    wanted = {"scope": scope, "reason": "换届在即", "until": until}
    await rectification.post("exceptional-acceptance", APPLICANT.id, wanted)
    await rectification.decide("exceptional-acceptance", COMMISSION.id, subject="1", opinion="同意例外受理")


def _everything_adds_up(town: Town) -> None:
    with town.office.database.read() as s:
        ledger = verify(s)
        assert (ledger.difference, ledger.faults) == (0, [])
        assert verify_records(s, town.office.store) == []
