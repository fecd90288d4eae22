"""`dingbian demo`: one whole staffing-up through the HTTP API, every department signing with its own token.

It knows what any client knows: the address, the demo tokens, and the docket that says who acts next.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from stdnum.cn import ric

from models.enums import Department, Resource, State, Step, Verdict
from models.faults import NotDone
from models.phrasing import heading
from records.store import open_store

from .embedded import DataFolderLock
from .faults import StartFault
from .first_start import prepare
from .ports import free_port
from .settings import Settings, load_rulebook
from .stack import Stack, api_answers

WAIT_SECONDS = 60.0  # for one step; a loaded machine may take its time, a stuck one must be told
_PAUSE = 0.1
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_TRIES = 3  # a made-up person may by chance be one of the sample's
_PRIVATE_AREA = "999999"  # unassigned, so that no number here is anybody's
_LEADERS_COME_FROM = (Resource.ADMINISTRATIVE, Resource.INSTITUTION_FULL)
_DEPUTY = "内设机构副职"

Say = Callable[[str], None]
Account = dict[str, Any]
Docket = dict[str, Any]


class DemoFault(NotDone):
    """The demonstration could not be brought to its end; the text says where it stands."""


@dataclass(slots=True)
class Story:
    """What was done, for people and as facts."""

    case_id: str = ""
    case_no: str = ""
    state: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    def facts(self) -> dict[str, Any]:
        """interface.md: {case_id, case_no, state, steps[], records[{number, title, path, digest}], seconds}."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@contextmanager
def running_api(settings: Settings, say: Say) -> Iterator[str]:
    """The address of a running API: the one that answers already, else one of our own, stopped at the end."""
    if api_answers(settings.api_url):
        say(f"使用已在运行的系统 · using what runs at {settings.api_url}")
        yield settings.api_url
        return
    # Ports of its own: a demonstration must not fail because 7233 is somebody else's.
    ports = {"api_port": free_port(), "temporal_port": free_port(), "ui_port": free_port()}
    own = settings.model_copy(update=ports)
    with DataFolderLock(own.data_dir):
        prepare(own)
        stack = Stack(own, say)
        say("启动 Temporal、工作进程和接口 · starting Temporal, the worker and the API")
        stack.start()
        try:
            yield own.api_url
        finally:
            stack.stop()


def run_demo(settings: Settings, api_url: str, say: Say) -> Story:
    """Drives one case to its end. Raises StartFault without demo accounts, DemoFault when a step fails."""
    accounts = read_accounts(settings.demo_accounts_file)
    began = time.monotonic()
    with httpx.Client(base_url=f"{api_url}/api/v1", timeout=30.0, trust_env=False) as http:
        story = _Drive(http, accounts, say, pay=load_rulebook(settings).staffing.pay_acknowledges).run()
    store = open_store(settings.records_url, settings.hash)
    for record in story.records:
        place = store.path(record["digest"])
        record["path"] = str(place) if place else f"{api_url}/api/v1/records/{record.pop('id')}/file"
        record.pop("id", None)
    story.seconds = round(time.monotonic() - began, 2)
    return story


def read_accounts(path: Path) -> list[Account]:
    try:
        accounts: list[Account] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise StartFault(
            f"没有演示账号文件 {path}，请先运行 `dingbian up` · no demo accounts; run `dingbian up` first"
        ) from None
    return accounts


class _Drive:
    """One case, step by step, as the docket asks for it."""

    def __init__(self, http: httpx.Client, accounts: list[Account], say: Say, *, pay: bool) -> None:
        self._http = http
        self._accounts = accounts
        self._say = say
        self._pay = pay
        self._chance = random.SystemRandom()
        self._story = Story()
        self._applicant: Account = {}

    def run(self) -> Story:
        self._apply()
        while True:
            docket = self._until_something_waits()
            if State(docket["state"]).final:
                break
            self._decide(docket, _next_step(docket))
        self._story.state = docket["state"]
        if docket["state"] != State.CLOSED:
            raise DemoFault(f"事项以“{docket['state_label']}”结束 · the case ended as {docket['state']}")
        self._story.records = self._filed()
        return self._story

    def _apply(self) -> None:
        self._applicant, lines = self._who_has_vacancy()
        body = {
            "unit": self._applicant["unit"],
            "lines": lines,
            # Its own meeting each time: the gate refuses the same application twice.
            "basis": {"meeting": f"局党组会议（演示 {uuid.uuid4().hex[:8]}）", "date": _today().isoformat()},
            "contact": f"{self._applicant['name']} 0000-8000000",
            "remark": "演示用编申请",
        }
        opened = self._post(self._applicant, "/applications/staffing-up", body)
        self._story.case_id, self._story.case_no = opened["case_id"], opened["case_no"]
        what = "、".join(f"{Resource(line['resource']).label} {line['number']} 名" for line in lines)
        self._tell(self._applicant, "apply", f"用编申请：{what}", verdict=None)

    def _who_has_vacancy(self) -> tuple[Account, list[dict[str, Any]]]:
        for account in self._accounts:
            if "applicant" not in account["roles"]:
                continue
            balances = self._get(account, f"/units/{account['unit']}/balances")["items"]
            bodies = self._get(account, f"/units/{account['unit']}")["bodies"]
            # Where an internal deputy could sit; the gate wants the body named.
            seats = [body["name"] for body in bodies if (body["deputy_posts"] or 0) > 0]
            lines = _lines({Resource(row["resource"]): int(row["vacancy"]) for row in balances}, seats)
            if lines:
                return account, lines
        raise DemoFault("演示单位已无空余编制，请换一个数据目录 · no vacancy is left; use another DINGBIAN_DATA_DIR")

    def _until_something_waits(self) -> Docket:
        def waiting(docket: Docket) -> bool:
            return State(docket["state"]).final or any(step["state"] == "current" for step in docket["steps"])

        return self._until(waiting)

    def _until(self, ready: Callable[[Docket], bool]) -> Docket:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            docket = self._get(self._applicant, f"/cases/{self._story.case_id}")
            if ready(docket):
                return docket
            if docket["state"] == State.RETURNED:
                told = "；".join(f"{item['message']}（{item['code']}）" for item in docket["refusals"])
                raise DemoFault(f"申请被退回补正：{told} · returned for correction")
            if time.monotonic() > deadline:
                raise DemoFault(f"事项停在“{docket['state_label']}” · the case stays {docket['state']}")
            time.sleep(_PAUSE)

    def _decide(self, docket: Docket, step: dict[str, Any]) -> None:
        officer = self._officer(step)
        for _ in range(_TRIES):
            body = self._body(docket, step)
            receipt = self._judged(officer, body)
            if receipt["status"] == "accepted":
                self._tell(officer, step["step"], _told(step, body), verdict=body["verdict"])
                return
            if step["step"] != Step.APPROVE_PERSONS or receipt["code"] not in {"already-posted", "duplicate"}:
                break
        raise DemoFault(f"{step['label']}：{receipt['message']}（{receipt['code']}）· refused at {step['step']}")

    def _judged(self, officer: Account, body: dict[str, Any]) -> dict[str, Any]:
        """The receipt of a decision, asked for again under its key while it is committed and not judged (202)."""
        key, deadline = _new_key(), time.monotonic() + WAIT_SECONDS
        while True:
            answer = self._post(officer, f"/cases/{self._story.case_id}/decisions", body, key)
            if answer["receipt"] is not None:
                receipt: dict[str, Any] = answer["receipt"]
                return receipt
            if time.monotonic() > deadline:
                raise DemoFault(f"决定已提交，{WAIT_SECONDS:.0f} 秒内没有办理回执 · the decision waits to be judged")
            time.sleep(_PAUSE)

    def _officer(self, step: dict[str, Any]) -> Account:
        """Whoever of the demo accounts may act; `pay` has an officer of its own (separation of duties)."""
        fitting = [
            account
            for account in self._accounts
            if account["department"] == step["department"] and set(account["roles"]) & set(step["roles"])
        ]
        if not fitting:
            raise DemoFault(f"没有可办理“{step['label']}”的演示账号 · no demo account for {step['step']}")
        return fitting[-1] if step["step"] == Step.PAY else fitting[0]

    def _body(self, docket: Docket, step: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {"step": step["step"], "round": step["round"], "subject": step["subject"]}
        match Step(step["step"]):
            case Step.APPROVE_PERSONS:
                office = "组干" if step["department"] == Department.ORGANISATION else "人社"
                number = f"示{office}〔{_today().year}〕{self._chance.randint(1, 999)}号"
                person = self._person(docket, step["subject"])
                return body | {"verdict": Verdict.APPROVE, "reference_no": number, "persons": [person]}
            case Step.FINANCE | Step.SOCIAL_INSURANCE | Step.PAY:
                return body | {"verdict": Verdict.ACKNOWLEDGE, "opinion": "已办理。"}
            case _:
                return body | {"verdict": Verdict.APPROVE, "opinion": "经审核，同意。"}

    def _person(self, docket: Docket, code: str) -> dict[str, Any]:
        """A made-up person for the slot; whoever takes the headcount also takes the leader post of the slip."""
        slots = _slots(docket)
        own = next(slot for slot in slots if slot["code"] == code)
        person = _made_up(self._chance) | {"slot": code}
        if own["resource"] in _LEADERS_COME_FROM:
            free = {step["subject"] for step in docket["steps"] if step["state"] == "current"}
            posts = [slot for slot in slots if Resource(slot["resource"]).is_post and slot["code"] in free]
            if posts:
                person |= {"post_slot": posts[0]["code"], "position": _DEPUTY}
                person |= {"internal_body": docket["rounds"][-1]["application"]["lines"][0]["internal_body"]}
        return person

    def _filed(self) -> list[dict[str, Any]]:
        """The records of the case, once every one of them is filed."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            items = self._get(self._applicant, f"/cases/{self._story.case_id}/records")["items"]
            if items and all(item["digest"] for item in items):
                kept = [{name: item[name] for name in ("id", "number", "title", "digest")} for item in items]
                return [item | {"title": heading(item["title"])} for item in kept]
            if time.monotonic() > deadline:
                raise DemoFault("有文件尚未归档 · a document has not been filed")
            time.sleep(_PAUSE)

    def _tell(self, account: Account, step: str, text: str, *, verdict: str | None) -> None:
        department = Department(account["department"])
        self._story.steps.append(
            {
                "step": step,
                "department": department.value,
                "officer": account["name"],
                "verdict": str(verdict) if verdict else None,
                "text": text,
            }
        )
        self._say(f"{len(self._story.steps):>2}. {department.label}（{account['name']}）{text}")

    def _get(self, account: Account, path: str) -> dict[str, Any]:
        return _answer(self._http.get(path, headers=_headers(account)))

    def _post(self, account: Account, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
        headers = _headers(account) | {"Idempotency-Key": key or _new_key()}
        return _answer(self._http.post(path, json=body, headers=headers))


def _new_key() -> str:
    return f"demo-{uuid.uuid4().hex}"


def _today() -> date:
    """Of the office, not of the machine: a meeting of tomorrow would be refused."""
    return datetime.now(_SHANGHAI).date()


def _next_step(docket: Docket) -> dict[str, Any]:
    """The first step that waits; headcount before leader posts, because a new leader takes both at once."""
    posts = {slot["code"] for slot in _slots(docket) if Resource(slot["resource"]).is_post}
    waiting = [step for step in docket["steps"] if step["state"] == "current"]
    return min(waiting, key=lambda step: step["subject"] in posts)


def _slots(docket: Docket) -> list[dict[str, Any]]:
    return docket["slip"]["slots"] if docket["slip"] else []


def _headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account['token']}"}


def _answer(response: httpx.Response) -> dict[str, Any]:
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise DemoFault("令牌无效：正在运行的系统用的是另一个数据目录 · the running system uses another data folder")
    if response.is_error:
        problem = response.json() if "json" in response.headers.get("content-type", "") else {}
        told = problem.get("detail") or problem.get("title") or response.status_code
        raise DemoFault(f"{told}（{problem.get('code', response.status_code)}）")
    answer: dict[str, Any] = response.json()
    return answer


def _lines(vacancy: dict[Resource, int], seats: list[str]) -> list[dict[str, Any]]:
    """What to ask for: a headcount with a leader post for ORGANISATION, a second headcount for PERSONNEL."""
    main = next((r for r in _LEADERS_COME_FROM if vacancy.get(r, 0) > 0), None)
    if main is None:
        return []
    lines = [_line(main, "examination" if main is Resource.ADMINISTRATIVE else "public-hiring", "补充业务骨干")]
    if seats and vacancy.get(Resource.INTERNAL_DEPUTY, 0) > 0:
        deputy = _line(Resource.INTERNAL_DEPUTY, "leader-appointment", "配备内设机构副职")
        lines = [line | {"internal_body": seats[0]} for line in [*lines, deputy]]
    second = next((r for r in (Resource.WORKER, Resource.INSTITUTION_PARTIAL) if vacancy.get(r, 0) > 0), None)
    if second is not None:
        lines.append(_line(second, "veteran", "安置退役士兵"))
    return lines


def _line(resource: Resource, way: str, reason: str) -> dict[str, Any]:
    return {"resource": resource.value, "number": 1, "way": way, "reason": reason}


def _made_up(chance: random.Random) -> dict[str, Any]:
    """A person nobody is: an unassigned region in the number, a name that says so, a valid check digit."""
    male = chance.random() < 0.5
    born = date(1985, 1, 1) + timedelta(days=chance.randrange(5000))
    first17 = f"{_PRIVATE_AREA}{born:%Y%m%d}{2 * chance.randrange(500) + male:03d}"
    return {
        "name": chance.choice("赵钱孙李周吴郑王") + "演" + chance.choice("一二三四五六七八九"),
        "sex": "male" if male else "female",
        "birth_date": born.isoformat(),
        "identity_no": first17 + str(ric.calc_check_digit(first17 + "0")),
    }


def _told(step: dict[str, Any], body: dict[str, Any]) -> str:
    """One line about a decision, without identity data."""
    verdict = Verdict(body["verdict"]).label
    subject = f"（{step['subject']}）" if step["subject"] else ""
    reference = f"，{body['reference_no']}" if "reference_no" in body else ""
    return f"{step['label']}{subject}：{verdict}{reference}"
