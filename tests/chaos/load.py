"""What people do in a drill, over HTTP alone: applications for more posts than there are, departures, every department
signing, keys that come twice, decisions that contradict each other, decisions that come too late.

Whatever was answered with 2xx is noted as acknowledged: the audit looks for it afterwards. A connection that broke and
a 503 say nothing about the command; it is sent again under the same key until there is an answer.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import httpx

from models.enums import State, Step
from models.refusals import RefusalCode
from rules.deadlines import local_day
from tests.support.office import APPLICANT, EXAMINER, OTHER_APPLICANT, RESEARCH, SERVICES, line, person

from .plant import Plant, officer_for

AGAIN_SECONDS = 0.15
LOOK_SECONDS = 0.25
PATIENCE = frozenset({httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.BAD_GATEWAY})
"""Not an answer: try again."""

Kind = Literal["staffing-up", "contradicted", "removing-staff"]


@dataclass(slots=True)
class Told:
    """What the API has acknowledged, and whatever it should not have answered."""

    commands: dict[str, str] = field(default_factory=dict)
    """Id of the command (officer~key) → id of its case."""
    cases: dict[str, Kind] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    judged: int = 0
    """Answers that held a receipt."""
    broken: int = 0
    """Calls without an answer: the process died, or was not there."""
    odd: list[str] = field(default_factory=list)
    slowest: float = 0.0


class Gone(Exception):
    """The time for people is over; the text says where a case stood."""


class People:
    """Everybody of the office. `work` returns when every case is final."""

    def __init__(self, plant: Plant, seed: int, cases: int) -> None:
        self._plant = plant
        self._chance = random.Random(seed)
        self._http = plant.at()
        self.told = Told()
        self.plan = planned(cases, self._chance)
        self._turns = [asyncio.Event() for _ in self.plan]
        self.leaving: list[str] = []
        """Who is on the roster of the service centre, before anybody has left."""
        self.until = float("inf")
        """When (monotonic seconds) a case that has not ended is given up."""

    def come(self, share: float) -> None:
        """So many of them (0 to 1) apply from now on: there is work for as long as there are faults."""
        for turn in self._turns[: math.ceil(share * len(self._turns))]:
            turn.set()

    async def work(self) -> None:
        async with self._http, asyncio.TaskGroup() as group:
            roster = await self.get(f"/units/{SERVICES}/roster", OTHER_APPLICANT.id)
            self.leaving = sorted(each["person_ref"] for each in roster["items"])
            for number, kind in enumerate(self.plan):
                chance = random.Random(self._chance.random())
                group.create_task(Matter(self, number, kind, chance).run(self._turns[number]))

    async def get(self, path: str, by: str) -> dict[str, Any]:
        answer = await self._sure("GET", path, by)
        if answer.status_code != httpx.codes.OK:
            self.told.odd.append(f"GET {path}: {answer.status_code} {answer.text[:200]}")
            raise Gone(path)
        found: dict[str, Any] = answer.json()
        return found

    async def post(self, path: str, by: str, key: str, body: dict[str, Any]) -> httpx.Response:
        """Until it is answered; acknowledged commands are noted."""
        answer = await self._sure("POST", path, by, key, body)
        self.told.answers[answer.status_code] += 1
        if not answer.is_success:
            self.told.odd.append(f"POST {path} {key}: {answer.status_code} {answer.text[:200]}")
            raise Gone(path)
        return answer

    async def reused(self, path: str, by: str, key: str, body: dict[str, Any]) -> None:
        """A key that was used for something else is refused, never taken for it."""
        answer = await self._sure("POST", path, by, key, body)
        if answer.status_code != httpx.codes.CONFLICT:
            self.told.odd.append(f"POST {path} {key}, used before: {answer.status_code}")

    async def _sure(
        self, method: str, path: str, by: str, key: str | None = None, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        while True:
            began = time.monotonic()
            if began > self.until:
                raise Gone(f"{method} {path} is never answered")
            try:
                answer = await self._http.request(method, path, headers=self._plant.headers(by, key), json=body)
            except httpx.HTTPError:
                self.told.broken += 1
            else:
                if answer.status_code not in PATIENCE:
                    self.told.slowest = max(self.told.slowest, time.monotonic() - began)
                    return answer
                self.told.answers[answer.status_code] += 1
            await asyncio.sleep(AGAIN_SECONDS)


def planned(cases: int, chance: random.Random) -> list[Kind]:
    """At most four leave (so many can), a sixth is contradicted, all others apply for a post; in any order."""
    leaving = min(4, cases // 6)
    contradicted = cases // 6
    kinds: list[Kind] = ["removing-staff"] * leaving + ["contradicted"] * contradicted
    kinds += ["staffing-up"] * (cases - len(kinds))
    chance.shuffle(kinds)
    return kinds


@dataclass(slots=True)
class Matter:
    """One case from its application to its end."""

    people: People
    number: int
    kind: Kind
    chance: random.Random
    case_id: str = ""
    tries: int = 0
    hopeless: bool = False
    """There is no vacancy (left): whoever examines it says no."""
    doubted: bool = False

    async def run(self, turn: asyncio.Event) -> None:
        await turn.wait()
        await asyncio.sleep(self.chance.uniform(0, 1))
        await self._apply()
        while not State((docket := await self._seen())["state"]).final:
            waiting = [step for step in docket["steps"] if step["state"] == "current"]
            if waiting:
                await self._decide(docket, self.chance.choice(waiting))
            elif docket["state"] == State.RETURNED:
                await self._withdraw()
            else:
                await asyncio.sleep(LOOK_SECONDS)
        if self.chance.random() < 0.3:
            await self._too_late()

    @property
    def applicant(self) -> str:
        return (OTHER_APPLICANT if self.kind == "removing-staff" else APPLICANT).id

    async def _seen(self) -> dict[str, Any]:
        if time.monotonic() > self.people.until:
            raise Gone(f"case {self.case_id} has not ended")
        return await self.people.get(f"/cases/{self.case_id}", "supervisor")

    async def _apply(self) -> None:
        path, body = (
            ("/applications/removing-staff", self._departure())
            if self.kind == "removing-staff"
            else ("/applications/staffing-up", self._wish())
        )
        key = f"apply-{self.number}"
        for _ in range(2 if self.chance.random() < 0.3 else 1):
            answer = await self.people.post(path, self.applicant, key, body)
            case_id = answer.json()["case_id"]
            if self.case_id not in ("", case_id):
                self.people.told.odd.append(f"{key} opened {self.case_id} and {case_id}")
            self.case_id = case_id
        self.people.told.commands[f"{self.applicant}~{key}"] = self.case_id
        self.people.told.cases[self.case_id] = self.kind
        if self.chance.random() < 0.2:
            await self.people.reused(path, self.applicant, key, body | {"remark": "另一内容"})

    def _wish(self) -> dict[str, Any]:
        day = local_day(datetime.now(UTC)).isoformat()
        basis = {"meeting": f"局党组会议第{self.number + 1}次", "date": day}
        lines = [line("headcount:administrative")]
        return {"unit": RESEARCH, "lines": lines, "basis": basis, "contact": "王敏 0000-8000000"}

    def _departure(self) -> dict[str, Any]:
        """Another person in each case."""
        own = self.people.plan[: self.number].count("removing-staff")
        day = local_day(datetime.now(UTC)).isoformat()
        leaver = {
            "person": self.people.leaving[own],
            "reason": "retirement",
            "event_date": day,
            "proof_no": "示退〔2026〕3号",
        }
        return {"unit": SERVICES, "persons": [leaver], "contact": "赵磊 0000-8000000"}

    async def _withdraw(self) -> None:
        self.tries += 1
        await self._order("withdrawal", self.applicant, f"{self.number}-withdraw-{self.tries}", {"reason": "没有空余"})

    async def _decide(self, docket: dict[str, Any], step: dict[str, Any]) -> None:
        self.tries += 1
        by = officer_for(step["department"], step["roles"]).id
        key = f"{self.number}-{step['step']}-{step['round']}-{self.tries}"
        body = self._body(docket, step)
        if self.kind == "contradicted" and step["step"] == Step.EXAMINE and not self.doubted:
            self.doubted = True
            await asyncio.gather(self._order("decisions", by, key, body), self._contradict(by, key, body))
            return
        receipt = await self._order("decisions", by, key, body)
        if receipt is not None and receipt["code"] == RefusalCode.NO_VACANCY:
            self.hopeless = True

    async def _contradict(self, by: str, key: str, body: dict[str, Any]) -> None:
        """The same step, the other answer, at the same moment: one of the two counts."""
        await asyncio.sleep(self.chance.uniform(0, 0.2))
        other = body | {"verdict": "reject", "opinion": "不符合要求"}
        await self._order("decisions", by, f"{key}-other", other)

    async def _too_late(self) -> None:
        body = {"step": "examine", "round": 1, "verdict": "reject", "opinion": "迟到的决定"}
        await self._order("decisions", EXAMINER.id, f"{self.number}-late", body)

    async def _order(self, what: str, by: str, key: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Sent until acknowledged, now and then once more; the receipt, waited for if it was a 202."""
        path = f"/cases/{self.case_id}/{what}"
        answer = await self.people.post(path, by, key, body)
        self.people.told.commands[f"{by}~{key}"] = self.case_id
        if self.chance.random() < 0.3:
            answer = await self.people.post(path, by, key, body)
        if self.chance.random() < 0.1 and what == "decisions":
            await self.people.reused(path, by, key, body | {"opinion": "同一编号的另一内容"})
        found: dict[str, Any] | None = answer.json()["receipt"]
        self.people.told.judged += found is not None
        while found is None:
            await asyncio.sleep(LOOK_SECONDS)
            receipts = (await self._seen())["receipts"]
            found = next((each for each in receipts if each["decision_id"] == key), None)
        return found

    def _body(self, docket: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {"step": step["step"], "round": step["round"], "subject": step["subject"]}
        match Step(step["step"]):
            case Step.EXAMINE if self.hopeless or step["round"] > 1:
                return body | {"verdict": "reject", "opinion": "没有空余编制"}
            case Step.APPROVE_PERSONS:
                named = [person(step["subject"], self.number)]
                return body | {"verdict": "approve", "persons": named, "reference_no": f"示组任〔2026〕{self.number}号"}
            case Step.APPROVE_EXIT:
                return body | {"verdict": "approve", "reference_no": f"示组干〔2026〕{self.number}号"}
            case Step.FINANCE | Step.SOCIAL_INSURANCE | Step.PAY:
                return body | {"verdict": "acknowledge"}
            case _:
                return body | {"verdict": "approve", "opinion": "同意"}


WITHOUT_WORKFLOW = frozenset({RefusalCode.CLOSED})
"""Receipts of decisions that came when the workflow had ended: the relay writes them."""
