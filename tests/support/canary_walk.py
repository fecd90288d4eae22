"""The canary's way through a running system: every operation of the API, every form of the console.

The bodies are the examples of the OpenAPI document, so an operation that is added is walked without being named here.
"""

from __future__ import annotations

import copy
import random
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import httpx
from lxml import html

from api.permissions import RULES
from models.decisions import Officer
from models.enums import Department, Procedure, Role
from runtime.demo import Account, Docket, _Drive

from .canary import Canary

LEFT_OUT = {"watch_events", "health_live", "health_ready", "read_metrics", "read_openapi", "read_reference"}
"""A stream without an end, and what takes nothing in."""
HANDS = 6
FIRST = tuple(f"/console/apply/{procedure}" for procedure in Procedure)
"""Forms with drafts; whoever may not apply is told so."""
MOST_PAGES = 24
MOST_FORMS = 20
"""Of each officer: the first of every kind, in the order in which a reader meets them."""
LEAVE_ALONE = re.compile(r"/(logout|sessions|static)\b|/draft/|/delete\b")
_WORDS = re.compile(r"[^\x00-\x7f]")


@dataclass
class Walked:
    """What came back. `refused` holds body and headers of every answer that is not a success."""

    refused: list[tuple[str, bytes]] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def note(self, what: str, answer: httpx.Response) -> None:
        if answer.status_code >= 500 and answer.status_code not in (502, 503):
            self.broken.append(f"{what}: {answer.status_code}")
        if answer.status_code >= 400:
            said = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
            self.refused.append((f"answer to {what}", said.encode() + b"\n\n" + _said(answer)))
        else:
            self.taken[what] = self.taken.get(what, 0) + 1


class Named(_Drive):
    """A staffing-up from application to entry, in which the person named is the canary and every opinion tells it."""

    def __init__(self, http: httpx.Client, accounts: list[Account], canary: Canary) -> None:
        super().__init__(http, accounts, lambda _: None, pay=False)
        self._canary = canary
        self._named = False

    def _post(self, account: Account, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
        if path.startswith("/applications/"):
            body = body | {"remark": self._canary.text, "contact": "王敏 0000-8000000"}
            lines = [line | {"reason": self._canary.text} for line in body["lines"]]
            body |= {"lines": lines}
        elif body.get("opinion"):
            body = body | {"opinion": self._canary.text}
        return super()._post(account, path, body, key)

    def _person(self, docket: Docket, code: str) -> dict[str, Any]:
        made_up = super()._person(docket, code)
        if self._named:
            return made_up
        self._named = True
        return made_up | self._canary.person(code)


class Walk:
    """`operations` and `pages` are independent; both leave what came back in `walked`."""

    def __init__(self, address: str, accounts: list[Account], canary: Canary) -> None:
        self.address = address
        self.accounts = accounts
        self.canary = canary
        self.walked = Walked()

    # --- the API ---------------------------------------------------------------------------------------------

    def staffing(self) -> str:
        """One case to its end; its id."""
        with httpx.Client(base_url=f"{self.address}/api/v1", timeout=30.0, trust_env=False) as http:
            return Named(http, self.accounts, self.canary).run().case_id

    def operations(self) -> None:
        """Every operation: its example with the canary in all free texts, then in each field alone, in each
        parameter of path and query, in headers, and in a body that is none."""
        with httpx.Client(base_url=f"{self.address}/api/v1", timeout=30.0, trust_env=False) as http:
            document = http.get("/openapi.json").json()
            jobs = [
                (path.removeprefix("/api/v1"), method, told)
                for path, item in document["paths"].items()
                for method, told in item.items()
                if method in ("get", "post", "delete", "put", "patch") and told["operationId"] not in LEFT_OUT
            ]
            with ThreadPoolExecutor(HANDS) as hands:
                for done in [hands.submit(self._operation, http, *job) for job in jobs]:
                    done.result()
            self._sign_ins_by_token(http)

    def _operation(self, http: httpx.Client, path: str, method: str, told: dict[str, Any]) -> None:
        operation = told["operationId"]
        by = self._caller(operation)
        where = self._filled(http, path, by)
        examples = list(_examples(told))
        for example in examples:
            everything = _everywhere(example, self.canary.text)
            self._send(http, operation, method, where, by, json=everything)
            for spoilt in _each(example, (self.canary.text, self.canary.number)):
                self._send(http, operation, method, where, by, json=spoilt)
        if examples:
            self._malformed(http, operation, method, where, by)
        for parameter in told.get("parameters", []):
            name = parameter["name"]
            for value in (self.canary.number, self.canary.born.isoformat(), self.canary.text):
                if parameter["in"] == "query":
                    self._send(http, operation, method, where, by, params={name: value})
                elif parameter["in"] == "path":
                    self._send(http, operation, method, path.replace(f"{{{name}}}", value), by)
        if method == "post" and "multipart/form-data" in told.get("requestBody", {}).get("content", {}):
            file = {"file": (f"{self.canary.number}.docx", self.canary.text.encode(), self.canary.number)}
            self._send(http, operation, method, where, by, files=file)

    def _malformed(self, http: httpx.Client, operation: str, method: str, where: str, by: Account | None) -> None:
        text = self.canary.text
        for content in (f'{{"reason": "{text}"', f'{{"{text}": "{text}", "{text}": 1}}', f'["{text}"]', text):
            self._send(http, operation, method, where, by, content=content.encode())
        self._send(http, operation, method, where, by, content=text.encode("utf-16"))
        for key in (self.canary.number, f"k-{self.canary.number}"):
            self._send(http, operation, method, where, by, key=key, json={})
        headers = {"Content-Type": self.canary.number}
        self._send(http, operation, method, where, by, content=text.encode(), headers=headers)

    def _send(
        self,
        http: httpx.Client,
        operation: str,
        method: str,
        where: str,
        by: Account | None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        sent = {"Idempotency-Key": key or f"canary-{uuid.uuid4().hex}", "User-Agent": self.canary.number}
        sent |= {"X-Request-Id": self.canary.number, "Referer": f"{self.address}/?q={self.canary.number}"}
        if by is not None:
            sent["Authorization"] = f"Bearer {by['token']}"
        if "content" in more:
            sent["Content-Type"] = "application/json"
        answer = http.request(method, where, headers=sent | (headers or {}), **more)
        self.walked.note(operation, answer)
        return answer

    def _sign_ins_by_token(self, http: httpx.Client) -> None:
        for token in (self.canary.number, f"dbn_{self.canary.number.ljust(43, 'x')}", self.canary.name.encode().hex()):
            answer = http.get("/cases", headers={"Authorization": f"Bearer {token}"})
            self.walked.note("a token that is none", answer)
        headers = {"Authorization": f"Bearer {self._account('examiner')['token']}", "Acting-For": self.canary.number}
        self.walked.note("a colleague who is none", http.get("/cases", headers=headers))

    def _caller(self, operation: str) -> Account | None:
        rule = RULES[operation]
        if rule.public:
            return None
        return next((each for each in self.accounts if rule.allows(_officer(each))), None)

    def _account(self, login: str) -> Account:
        return next(each for each in self.accounts if each["login"] == login)

    def _filled(self, http: httpx.Client, path: str, by: Account | None) -> str:
        """The path with a case of its own, so that what is asked of it meets a case under way."""
        if "{case_id}" in path:
            path = path.replace("{case_id}", self._case(http))
        unit = self._account("applicant")["unit"]
        return re.sub(r"{[a-z_]+}", lambda found: unit if found[0] in ("{code}", "{unit}") else "none", path)

    def _case(self, http: httpx.Client) -> str:
        applicant = self._account("applicant")
        body = {
            "unit": applicant["unit"],
            "lines": [{"resource": "headcount:administrative", "number": 1, "way": "examination", "reason": "补充"}],
            "basis": {"meeting": f"局党组会议（{uuid.uuid4().hex[:8]}）", "date": "2026-01-05"},
            "contact": "王敏 0000-8000000",
            "remark": self.canary.text,
        }
        answer = self._send(http, "a case", "post", "/applications/staffing-up", applicant, json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["case_id"])

    # --- the console -----------------------------------------------------------------------------------------

    def pages(self, logins: tuple[str, ...]) -> None:
        """Sign-ins that fail, then every page that each officer reaches, searched and with its forms sent."""
        with httpx.Client(base_url=self.address, timeout=30.0, trust_env=False, follow_redirects=True) as http:
            for login in (self.canary.number, f"x{self.canary.number}"):
                self._sign_in(http, login, self.canary.number)
        with ThreadPoolExecutor(HANDS) as hands:
            for done in [hands.submit(self._visit, login) for login in logins]:
                done.result()

    def _sign_in(self, http: httpx.Client, login: str, password: str) -> httpx.Response:
        page = html.fromstring(http.get("/console/login").text)
        token = page.xpath("//input[@name='csrftoken']/@value")[0]
        data = {"username": login, "password": password, "csrftoken": token, "next": "/console/"}
        answer = http.post("/console/login", data=data)
        self.walked.note("the sign-in page", answer)
        return answer

    def _visit(self, login: str) -> None:
        with httpx.Client(base_url=self.address, timeout=30.0, trust_env=False, follow_redirects=True) as http:
            account = self._account(login)
            page = self._sign_in(http, login, account["password"])
            assert page.status_code == 200, f"{login} was not let in"
            waiting, seen, sent = ["/console/", *FIRST], set[str](), set[str]()
            while waiting and len(seen) < MOST_PAGES:
                path = waiting.pop(0)
                shape = re.sub(r"[0-9a-f]{32}|\d+", "#", path)
                if shape in seen:
                    continue
                seen.add(shape)
                answer = http.get(path)
                self.walked.note(f"page {shape}", answer)
                self.walked.note(f"page {shape}?q", http.get(path, params={"q": self.canary.number, "from": "x"}))
                if "html" not in answer.headers.get("content-type", ""):
                    continue
                tree = html.fromstring(answer.text)
                links = [urljoin(str(answer.url), str(link)) for link in tree.xpath("//a/@href")]
                waiting += [link.removeprefix(self.address) for link in links if self._ours(link)]
                for form in tree.xpath("//form"):
                    self._fill(http, path, form, sent)

    def _ours(self, link: str) -> bool:
        return link.startswith(f"{self.address}/console/") and not LEAVE_ALONE.search(link)

    def _fill(self, http: httpx.Client, path: str, form: Any, sent: set[str]) -> None:
        """A form with the canary in every field that a person types into."""
        action = urljoin(path, form.get("action") or "")
        shape = re.sub(r"[0-9a-f]{32}|\d+", "#", action) + str(sorted(form.fields.keys()))
        if LEAVE_ALONE.search(action) or shape in sent or len(sent) > MOST_FORMS:
            return
        sent.add(shape)
        data = {name: form.fields[name] or "" for name in form.fields}
        for field_ in form.xpath(".//textarea | .//input[not(@type) or @type='text' or @type='search']"):
            if field_.get("name"):
                data[field_.get("name")] = self.canary.text
        for field_ in form.xpath(".//input[@type='date']"):
            data[field_.get("name")] = self.canary.born.isoformat()
        method = (form.get("method") or "get").lower()
        if method == "get":
            answer = http.get(action, params=data)
        elif "multipart" in (form.get("enctype") or ""):
            file = {"file": (f"{self.canary.number}.docx", self.canary.text.encode())}
            answer = http.post(action, data=data, files=file)
        else:
            answer = http.post(action, data=data)
            if "/console/apply/" in action:  # as the page saves it by itself
                self.walked.note("a draft", http.post(f"{action}/draft", data=data))
        self.walked.note(f"form {shape[:60]}", answer)


def _said(answer: httpx.Response) -> bytes:
    """What an answer says of its own. A page gives a form back as it was filled in, and links that lead back to the
    reader's own question: both are the reader's words in the reader's hands."""
    if "html" not in answer.headers.get("content-type", ""):
        return answer.content
    tree = html.fromstring(answer.text)
    for each in tree.iter("input", "textarea", "a", "form"):
        for name in ("value", "href", "action"):
            each.attrib.pop(name, None)
        if each.tag == "textarea":
            each.text = ""
    return bytes(html.tostring(tree, encoding="utf-8"))


def _officer(account: Account) -> Officer:
    return Officer(
        id=account["login"],
        name=account["name"],
        department=Department(account["department"]),
        unit=account.get("unit"),
        roles=frozenset(Role(role) for role in account["roles"]),
    )


def _examples(told: dict[str, Any]) -> Iterator[Any]:
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    for example in content.get("examples", {}).values():
        yield example["value"]


def _leaves(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*at, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*at, place))
    else:
        yield at, value


def _set(body: Any, at: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(body)
    inner = changed
    for step in at[:-1]:
        inner = inner[step]
    inner[at[-1]] = value
    return changed


def _everywhere(example: Any, text: str) -> Any:
    """In every field whose example is words."""
    for at, value in _leaves(example):
        if isinstance(value, str) and _WORDS.search(value):
            example = _set(example, at, text)
    return example


def _each(example: Any, values: tuple[str, ...]) -> Iterator[Any]:
    """In one field after the other, and in one that there is not."""
    for at, _ in _leaves(example):
        yield _set(example, at, random.Random(str(at)).choice(values))
    if isinstance(example, dict):
        yield example | {"remark_of_mine": values[0]}
        yield {values[0]: values[0]}
