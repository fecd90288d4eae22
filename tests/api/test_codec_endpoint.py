"""The codec endpoint opens everything: it is authenticated, traced, and for one origin (reliability.md §1c)."""

from __future__ import annotations

import base64
import logging
from typing import Any

import pytest
from google.protobuf import json_format
from sqlmodel import select
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import WorkflowSerializationContext

from api.door import CODEC_COOKIE
from models.register import Trace
from runtime.codec import SealingCodec

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
    own = desk.runtime.settings.ui_url
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
    own = desk.runtime.settings.ui_url
    assert (await desk.post("/codec/decode", headers={**cookie, "Origin": own}, json=body)).status_code == 200
    for headers in (cookie, {**cookie, "Origin": "http://evil.test"}):
        problem(await desk.post("/codec/decode", headers=headers, json=body), 401, "unauthenticated")
    problem(await desk.get("/cases", headers={**cookie, "Origin": own}), 401, "unauthenticated")
    weak = {"Cookie": f"{CODEC_COOKIE}={desk.tokens['examiner']}", "Origin": own}
    problem(await desk.post("/codec/decode", headers=weak, json=body), 403, "forbidden")
