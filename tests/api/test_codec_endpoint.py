"""The codec endpoint opens everything: it is authenticated, traced, and for one origin (reliability.md §1c)."""

from __future__ import annotations

import base64
import logging
from dataclasses import replace
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from sqlmodel import select
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import WorkflowSerializationContext

from api.app import create_app
from api.door import CODEC_COOKIE
from api.limits import Buckets
from docket import audit
from models.audit import Act, Outcome
from models.register import Trace
from runtime.codec import SealingCodec
from runtime.settings import Settings

from .conftest import KEYRING, Desk, problem

SECRET = "机密原文 410105199001010011"
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=SECRET.encode())


async def sealed(case_id: str) -> dict[str, Any]:
    codec = SealingCodec(KEYRING).with_context(WorkflowSerializationContext(namespace="default", workflow_id=case_id))
    return json_format.MessageToDict(Payloads(payloads=await codec.encode([PLAIN])))


def text(answer: Any) -> list[bytes]:
    return [base64.b64decode(payload.get("data", "")) for payload in answer.json()["payloads"]]


async def test_it_opens_by_the_case_in_the_metadata_and_leaves_a_trace(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    case_id = desk.opened_case()
    with caplog.at_level(logging.INFO, "dingbian.audit"):
        for _ in range(2):
            answer = await desk.post("/codec/decode?preserveStorageRefs=true", by="head", json=await sealed(case_id))
            assert text(answer) == [SECRET.encode()]
    with desk.database.read() as s:
        [trace] = s.exec(select(Trace).where(Trace.case_id == case_id)).all()
    assert (trace.code, trace.what) == ("disclosure", "经 Temporal 界面解读载荷：经办head")
    assert caplog.text.count("codec: officer o-head, 1 case(s)") == 2
    assert SECRET not in caplog.text


async def test_what_cannot_be_opened_comes_back_as_it_came(desk: Desk) -> None:
    body = await sealed("case-1")
    body["payloads"][0]["metadata"]["case"] = base64.b64encode(b"case-2").decode()
    answer = await desk.post("/codec/decode", by="auditor", json=body)
    assert answer.status_code == 200
    assert SECRET.encode() not in text(answer)[0]
    assert answer.json() == body
    with desk.database.read() as s:
        assert s.exec(select(Trace)).all() == []


async def test_what_it_seals_no_case_accepts(desk: Desk) -> None:
    plain = json_format.MessageToDict(Payloads(payloads=[PLAIN]))
    answer = await desk.post("/codec/encode", by="head", json=plain)
    made = json_format.ParseDict(answer.json(), Payloads()).payloads
    assert SECRET.encode() not in made[0].data
    case = SealingCodec(KEYRING).with_context(WorkflowSerializationContext(namespace="default", workflow_id="case-1"))
    assert (await case.decode(made))[0].data == b""


@pytest.mark.parametrize("path", ["decode", "encode"])
async def test_no_payloads_at_all_is_an_empty_object(desk: Desk, path: str) -> None:
    answer = await desk.post(f"/codec/{path}", by="supervisor", json={})
    assert (answer.status_code, answer.json()) == (200, {"payloads": []})


@pytest.mark.parametrize(
    "body",
    [
        {"payloads": [{"data": 410105199001010}]},
        {"payloads": [{"410105199001010011": 1}]},
        {"payloads": [{"metadata": {"encoding": 7}}]},
        {"payloads": "x"},
        {"other": []},
        {"payloads": [{}] * 3000},
    ],
)
async def test_a_malformed_call_is_a_problem_without_echo(desk: Desk, body: dict[str, Any]) -> None:
    answer = await desk.post("/codec/decode", by="head", json=body)
    problem(answer, 422, "invalid")
    assert "410105" not in answer.text


async def test_only_the_temporal_ui_gets_cors(desk: Desk) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-namespace"}
    own = desk.runtime.settings.ui_origin
    preflight = await desk.call("OPTIONS", "/codec/decode", headers={"Origin": own, **asked})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == own
    assert preflight.headers["access-control-allow-credentials"] == "true"
    evil = await desk.call("OPTIONS", "/codec/decode", headers={"Origin": "http://evil.test", **asked})
    assert evil.status_code == 400
    assert "access-control-allow-origin" not in evil.headers
    elsewhere = await desk.get("/cases", by="head", headers={"Origin": own})
    assert "access-control-allow-origin" not in elsewhere.headers


async def test_the_cookie_counts_only_from_the_temporal_ui(desk: Desk) -> None:
    body = await sealed("case-1")
    cookie = {"Cookie": f"{CODEC_COOKIE}={desk.tokens['head']}"}
    own = desk.runtime.settings.ui_origin
    assert (await desk.post("/codec/decode", headers={**cookie, "Origin": own}, json=body)).status_code == 200
    for headers in (cookie, {**cookie, "Origin": "http://evil.test"}):
        problem(await desk.post("/codec/decode", headers=headers, json=body), 401, "unauthenticated")
    problem(await desk.get("/cases", headers={**cookie, "Origin": own}), 401, "unauthenticated")
    weak = {"Cookie": f"{CODEC_COOKIE}={desk.tokens['examiner']}", "Origin": own}
    problem(await desk.post("/codec/decode", headers=weak, json=body), 403, "forbidden")


@pytest.mark.parametrize("ui", ["https://temporal.donghe.example/ui", ""], ids=["elsewhere", "nowhere"])
async def test_a_temporal_ui_elsewhere_is_the_only_one_when_it_is_named(desk: Desk, ui: str) -> None:
    """And where none is named there is none, whatever a browser calls itself."""
    settings = Settings(data_dir=desk.runtime.settings.data_dir, ui_url=ui)
    app = create_app(replace(desk.runtime, settings=settings))
    cookie, body = {"Cookie": f"{CODEC_COOKIE}={desk.tokens['head']}"}, await sealed("case-1")
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        for origin in ("https://temporal.donghe.example", "http://127.0.0.1:8233", "null", ""):
            answer = await client.post("/api/v1/codec/decode", headers={**cookie, "Origin": origin}, json=body)
            named = bool(ui) and ui.startswith(origin or "-")
            assert answer.status_code == (200 if named else 401), origin
            assert ("access-control-allow-origin" in answer.headers) == named, origin


async def test_each_call_is_audited_before_anything_is_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9: who, when, which cases; and what cannot be audited is not shown."""
    case_id = desk.opened_case()
    body = await sealed(case_id)
    assert (await desk.post("/codec/decode", by="head", json=body)).status_code == 200
    assert (await desk.post("/codec/encode", by="auditor", json=body)).status_code == 200
    with desk.database.read() as s:
        encoded, decoded = audit.entries(s, act=Act.CODEC).items
    assert (decoded.officer, decoded.about, decoded.outcome) == ("o-head", case_id, Outcome.DONE)
    assert (encoded.officer, encoded.about) == ("o-auditor", "")

    def fails(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(audit, "note", fails)
    refused = await desk.post("/codec/decode", by="head", json=body)
    assert refused.status_code == 500
    assert SECRET not in refused.text


async def test_a_call_for_another_namespace_is_refused(desk: Desk) -> None:
    body = await sealed("case-1")
    own = await desk.post("/codec/decode", by="head", json=body, headers={"X-Namespace": "default"})
    assert text(own) == [SECRET.encode()]
    for path in ("decode", "encode"):
        other = await desk.post(f"/codec/{path}", by="head", json=body, headers={"X-Namespace": "another"})
        problem(other, 403, "forbidden")
        assert "another" not in other.text


async def test_a_payload_of_another_namespace_stays_closed(desk: Desk) -> None:
    codec = SealingCodec(KEYRING).with_context(WorkflowSerializationContext(namespace="other", workflow_id="case-1"))
    body = json_format.MessageToDict(Payloads(payloads=await codec.encode([PLAIN])))
    answer = await desk.post("/codec/decode", by="head", json=body)
    assert answer.json() == body


async def test_calls_of_one_officer_are_limited(desk: Desk) -> None:
    desk.runtime.limits.decodings = Buckets(burst=2, per_second=0.001)
    body = await sealed("case-1")
    statuses = [(await desk.post("/codec/decode", by="head", json=body)).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert (await desk.post("/codec/decode", by="auditor", json=body)).status_code == 200


@pytest.mark.parametrize("by", ["applicant", "examiner", "organiser", "treasurer", None])
async def test_nobody_else_opens_anything(desk: Desk, by: str | None) -> None:
    body = await sealed("case-1")
    answer = await desk.post("/codec/decode", by=by, json=body) if by else await desk.post("/codec/decode", json=body)
    problem(answer, 403 if by else 401, "forbidden" if by else "unauthenticated")
    assert SECRET not in answer.text
    with desk.database.read() as s:
        assert audit.entries(s, act=Act.CODEC).items == []
