"""Every operation that reads a body, as the table of operations names them, answers every odd one with a problem, and
repeats nothing of it (P24, P23; ASVS 5.0 2.2.1, 4.1.1, 5.2.1). A new operation is asked as soon as it has its row."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from api.middleware import BODY_BYTES, CODEC_BYTES, UPLOAD_BYTES, limit_of
from api.permissions import RULES
from tests.support.whole import Whole, furnished

pytestmark = pytest.mark.xdist_group("bodies")  # what they share is made once

CANARY = "张三丰410105199001010011"
MARK = "ZzCanary7Q"
TAKING_JSON = sorted(name for name, rule in RULES.items() if rule.json_body)
ADDRESS = "192.0.2.9"
CHUNK = 64 * 1024
HUNDRED_MB = 100 * 1000 * 1000
OTHER_KINDS = (
    None, "", "text/plain", "application/xml", f"text/{MARK}", "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded", "application/json; charset=utf-16", "application/json;charset=gbk",
    f"application/json; {MARK}=1",
)  # fmt: skip
MOST_ANSWER = 8_000
"""Bytes of a problem with twenty faults."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    made = furnished(tmp_path_factory.mktemp("whole"))
    yield made
    made.office.database.close()


class Asked:
    """One operation: where it is, what it takes, who may call it."""

    def __init__(self, whole: Whole, name: str) -> None:
        for path, methods in whole.counter.app.openapi()["paths"].items():
            for method, operation in methods.items():
                if operation["operationId"] == name:
                    self.method, self.operation = method.upper(), operation
                    self.path = path.format(**whole.somewhere)
        callers = whole.callers_of(name)
        self.headers = {"Idempotency-Key": MARK} | (whole.header_of(callers[0]) if callers else {})
        self._app = whole.counter.app

    @property
    def example(self) -> dict[str, Any]:
        examples = self.operation["requestBody"]["content"]["application/json"].get("examples", {})
        value: dict[str, Any] = next((dict(each["value"]) for each in examples.values()), {"payloads": []})
        return value

    async def send(self, content: Any, **headers: str | None) -> httpx.Response:
        sent = self.headers | {"Content-Type": "application/json"}
        for key, value in headers.items():
            sent.pop(key.replace("_", "-"), None)
            if value is not None:
                sent[key.replace("_", "-")] = value
        transport = httpx.ASGITransport(app=self._app, client=(ADDRESS, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://office.test") as http:
            return await http.request(self.method, self.path, content=content, headers=sent)


def bodies(good: dict[str, Any], room: int) -> Iterator[tuple[str, bytes, set[int]]]:
    """Name, bytes, statuses that may answer. `room`: bytes that the operation reads."""

    def text(more: str) -> bytes:
        return (json.dumps(good, ensure_ascii=False)[:-1] + (", " if good else "") + more + "}").encode()

    plain = json.dumps(good, ensure_ascii=False)
    malformed, ill = {400}, {422}
    yield "NaN", text(f'"{MARK}": NaN'), malformed
    yield "Infinity", text(f'"{MARK}": Infinity'), malformed
    yield "-Infinity", text(f'"{MARK}": -Infinity'), malformed
    yield "1e999", text(f'"{MARK}": 1e999'), malformed
    yield "a number of 100,000 digits", text(f'"{MARK}": ' + "7" * 100_000), malformed
    yield "beyond 2^53", text(f'"{MARK}": 99999999999999999999'), malformed
    yield "a lone surrogate", text(f'"{MARK}": "{CANARY}\\ud800"'), malformed
    yield "a surrogate in a key", text(f'"{CANARY}\\udfff": 1'), malformed
    yield "NUL", text(f'"{MARK}": "{CANARY}\\u0000"'), malformed
    yield "a raw control character", text(f'"{MARK}": "{CANARY}\x01"'), malformed
    yield "an escaped control character", text(f'"{MARK}": "{CANARY}\\u0007"'), ill
    yield "duplicate keys", text(f'"{MARK}": "{CANARY}", "{MARK}": 2'), malformed
    yield "deep objects", text(f'"{MARK}": ' + '{"a":' * 5_000 + "1" + "}" * 5_000), malformed
    yield "deep lists", text(f'"{MARK}": ' + "[" * 100_000), malformed
    yield "33 deep", text(f'"{MARK}": ' + "[" * 33 + "]" * 33), malformed
    yield "a byte order mark", b"\xef\xbb\xbf" + text(f'"{MARK}": 1'), malformed
    yield "utf-16", text(f'"{MARK}": "{CANARY}"').decode().encode("utf-16"), malformed
    yield "utf-32", text(f'"{MARK}": "{CANARY}"').decode().encode("utf-32"), malformed
    yield "gb18030", text(f'"{MARK}": "{CANARY}"').decode().encode("gb18030"), malformed
    yield "overlong utf-8", text(f'"{MARK}": "')[:-1] + b'\xc0\xaf"}', malformed
    yield "trailing text", (plain + CANARY).encode(), malformed
    yield "two documents", (plain + plain).encode(), malformed
    yield "cut short", (plain[:-1] + f', "{MARK}": "{CANARY}').encode(), malformed
    yield "a comment", (plain + f"// {CANARY}").encode(), malformed
    yield "single quotes", f"{{'{MARK}': '{CANARY}'}}".encode(), malformed
    yield "a form", f"{MARK}={CANARY}".encode(), malformed
    yield "xml", f"<!DOCTYPE a [<!ENTITY x '{CANARY}'>]><a>&x;</a>".encode(), malformed
    yield "blank", b" \r\n\t ", malformed
    yield "null", b"null", ill
    yield "a list", f'["{CANARY}"]'.encode(), ill
    yield "a text", f'"{CANARY}"'.encode(), ill
    yield "a number", b"7", ill
    yield "an unknown field", text(f'"{CANARY}": "{MARK}"'), ill
    yield "an unknown field within reach of a name", text(f'"x{MARK.lower()}": "{CANARY}"'), ill
    many = ", ".join(f'"{MARK}{n}": {n}' for n in range(25_000))
    yield "25,000 unknown fields", text(many), ill
    yield "a long text", text(f'"{MARK}": "' + CANARY * ((room - 5_000) // len(CANARY.encode())) + '"'), ill


def is_a_problem(answer: httpx.Response, statuses: set[int], what: str) -> None:
    assert answer.status_code in statuses, f"{what}: {answer.status_code} {answer.text[:300]}"
    assert answer.headers["content-type"] == "application/problem+json", what
    body = answer.json()
    assert body["status"] == answer.status_code, what
    told = answer.text + repr(answer.headers.raw)
    for word in (MARK, MARK.lower(), CANARY, CANARY[:3], CANARY[3:], CANARY[3:12]):
        assert word not in told, f"{what} was repeated"
    assert len(answer.content) < MOST_ANSWER, what


@pytest.mark.parametrize("operation", TAKING_JSON)
async def test_every_odd_body_is_answered_with_a_problem_that_repeats_nothing(whole: Whole, operation: str) -> None:
    asked = Asked(whole, operation)
    for what, body, statuses in bodies(asked.example, limit_of(asked.path)):
        began = time.process_time()
        is_a_problem(await asked.send(body), statuses, what)
        assert time.process_time() - began < 2, what


@pytest.mark.parametrize("operation", TAKING_JSON)
async def test_what_does_not_say_that_it_is_json_is_not_read_as_json(whole: Whole, operation: str) -> None:
    asked = Asked(whole, operation)
    body = json.dumps({MARK: CANARY}).encode()
    for kind in OTHER_KINDS:
        is_a_problem(await asked.send(body, Content_Type=kind), {415}, str(kind))
    for coding in ("gzip", "deflate", "br", MARK):
        is_a_problem(await asked.send(body, Content_Encoding=coding), {415}, coding)


@pytest.mark.parametrize("operation", [*TAKING_JSON, "verify_file"])
async def test_a_hundred_megabytes_are_refused_early_announced_or_not(whole: Whole, operation: str) -> None:
    asked = Asked(whole, operation)
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < HUNDRED_MB:
            sent += CHUNK
            yield b" " * CHUNK

    kind = "multipart/form-data; boundary=x" if operation == "verify_file" else "application/json"
    for announced in (str(HUNDRED_MB), "9" * 30, None):
        sent = 0
        answer = await asked.send(flood(), Content_Length=announced, Content_Type=kind)
        is_a_problem(answer, {400, 413} if operation == "verify_file" else {413}, f"announced {announced}")
        assert sent <= (0 if announced else limit_of(asked.path) + 2 * CHUNK), sent


@pytest.mark.parametrize("operation", [name for name in TAKING_JSON if not RULES[name].public])
async def test_of_a_stranger_not_a_byte_is_read(whole: Whole, operation: str) -> None:
    asked = Asked(whole, operation)
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield f'{{"{MARK}": "{CANARY}"}}'.encode()

    is_a_problem(await asked.send(body(), Authorization=None), {401}, "anonymous")
    is_a_problem(await asked.send(body(), Authorization=f"Bearer {MARK}{CANARY[3:]}"), {401}, "a stranger's token")
    assert read == 0


def test_the_table_and_the_document_agree_on_who_reads_json(whole: Whole) -> None:
    document = whole.counter.app.openapi()["paths"]
    found = {
        operation["operationId"]
        for methods in document.values()
        for operation in methods.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert found == set(TAKING_JSON)


# --- uploads ------------------------------------------------------------------------------------------------------


def _part(name: str = "file", filename: str | None = MARK, data: bytes = CANARY.encode(), more: str = "") -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{more}\r\n'.encode() + data + b"\r\n"


ODD_UPLOADS: dict[str, tuple[bytes, set[int]]] = {
    "nothing": (b"", {400, 422}),
    "no part": (b"--x--\r\n", {422}),
    "no end": (_part(), {400, 422}),
    "another name": (_part(MARK) + b"--x--\r\n", {422}),
    "a field instead of a file": (_part(filename=None) + b"--x--\r\n", {422}),
    "two files": (_part() + _part() + b"--x--\r\n", {400}),
    "a thousand parts": (_part(filename=None) * 1_000 + b"--x--\r\n", {400}),
    "a long field": (_part(filename=None, data=CANARY.encode() * 60_000) + b"--x--\r\n", {400, 413}),
    "headers without end": (_part(more=f"X-{MARK}: {CANARY}\r\n" * 20_000) + b"--x--\r\n", {400}),
    "another boundary": (_part().replace(b"--x", b"--y"), {400, 422}),
    "no name": (b"--x\r\nContent-Disposition: form-data\r\n\r\n" + CANARY.encode() + b"\r\n--x--\r\n", {400}),
    "not multipart": (CANARY.encode(), {400}),
    "NUL in the head": (_part(f"fi\x00le{MARK}") + b"--x--\r\n", {400, 422}),
    "not utf-8 in the head": (_part().replace(MARK.encode(), b"\xff\xfe") + b"--x--\r\n", {400, 422, 200}),
}


@pytest.mark.parametrize("what", ODD_UPLOADS)
async def test_every_odd_upload_is_answered_with_a_problem_that_repeats_nothing(whole: Whole, what: str) -> None:
    body, statuses = ODD_UPLOADS[what]
    answer = await Asked(whole, "verify_file").send(body, Content_Type="multipart/form-data; boundary=x")
    if answer.status_code == 200 and 200 in statuses:
        assert answer.json()["status"] == "unknown"
        return
    is_a_problem(answer, statuses, what)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/{MARK}", ""])
async def test_an_upload_without_a_boundary_is_a_problem(whole: Whole, kind: str) -> None:
    answer = await Asked(whole, "verify_file").send(_part() + b"--x--\r\n", Content_Type=kind)
    is_a_problem(answer, {400, 415}, kind)


def test_limits_are_what_the_pages_say() -> None:
    assert (BODY_BYTES, CODEC_BYTES, UPLOAD_BYTES) == (1 << 20, 8 << 20, 20 << 20)
