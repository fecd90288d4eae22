"""Temporal's remote codec: whoever may, sees payloads in clear in the Temporal UI. Every call leaves a trace.

It opens by the case that a payload names in its metadata (bound by the cipher); what cannot be opened comes
back as it came. Nothing sealed here is accepted by any case: it is bound to no case (runtime.codec).
"""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import Body, Header
from google.protobuf import json_format
from starlette.concurrency import run_in_threadpool
from temporalio.api.common.v1 import Payload
from temporalio.api.common.v1 import Payloads as ProtoPayloads

from docket import audit, officers
from models.audit import Act
from models.decisions import Officer
from runtime.codec import NO_CASE, SealingCodec, case_of

from ..deps import Caller, Runtime, Work
from ..door import router
from ..problems import FieldError, ProblemError
from ..shapes import Payloads

routes = router("codec")
logger = logging.getLogger("dingbian.audit")

MOST_PAYLOADS = 2_000

Namespace = Annotated[
    str | None,
    Header(alias="X-Namespace", max_length=1_000, description="Temporal 界面所在的命名空间 · sent by the Temporal UI"),
]


@routes.post("/codec/decode", operation_id="codec_decode", summary="解读密文 · decode")
async def decode(
    runtime: Work, officer: Caller, body: Annotated[Payloads, Body()], namespace: Namespace = None
) -> Payloads:
    """供 Temporal 界面解读载荷，逐次留痕。For the Temporal UI; each call is noted before anything is shown."""
    payloads = _admitted(runtime, officer, body, namespace)
    codec = SealingCodec(runtime.keyring, runtime.namespace)
    opened = await run_in_threadpool(codec.decode_for_endpoint, payloads)
    # Only what could be opened is a disclosure, and then its case is certain: the cipher is bound to it.
    cases = {case_of(payload) for payload, shown in zip(payloads, opened, strict=True) if shown is not payload}
    await run_in_threadpool(_note, runtime, officer, cases, "经 Temporal 界面解读载荷")
    return _shown(opened)


@routes.post("/codec/encode", operation_id="codec_encode", summary="加密 · encode")
async def encode(
    runtime: Work, officer: Caller, body: Annotated[Payloads, Body()], namespace: Namespace = None
) -> Payloads:
    """按协议提供；所得密文不属于任何事项，任何事项都不会采信。Bound to no case, so no case accepts it."""
    payloads = _admitted(runtime, officer, body, namespace)
    await run_in_threadpool(_note, runtime, officer, set(), "经 codec 接口加密")
    return _shown(await SealingCodec(runtime.keyring, runtime.namespace).encode(payloads))


def _admitted(runtime: Runtime, officer: Officer, body: Payloads, namespace: str | None) -> list[Payload]:
    """The payloads of a call of this namespace, and not too many calls."""
    runtime.limits.decodings.take(officer.id)
    if namespace not in (None, runtime.namespace):
        raise ProblemError("forbidden", "不是本系统的命名空间 · not the namespace of this system")
    return _parsed(body)


def _parsed(body: Payloads) -> list[Payload]:
    if len(body.payloads) > MOST_PAYLOADS:
        raise ProblemError("invalid", errors=[FieldError(field="payloads", reason="过多 · too many")])
    try:
        parsed = json_format.ParseDict(body.model_dump(), ProtoPayloads(), max_recursion_depth=16)
    except Exception:  # protobuf raises what it likes, and its words quote the payload
        raise ProblemError(
            "invalid", errors=[FieldError(field="payloads", reason="不是 Temporal 载荷 · not Temporal payloads")]
        ) from None
    return list(parsed.payloads)


def _note(runtime: Runtime, officer: Officer, cases: set[str], what: str) -> None:
    """Committed before an answer is made: what cannot be audited is not shown (P9)."""
    logger.info("codec: officer %s, %d case(s)", officer.id, len(cases))
    named = cases - {NO_CASE}
    at = runtime.clock()
    with runtime.database.write() as s:
        if named:
            officers.note_disclosure(s, officer, named, at, what)
        else:
            audit.note(s, Act.CODEC, at, officer, detail=what)


def _shown(payloads: list[Payload]) -> Payloads:
    return Payloads.model_validate(json_format.MessageToDict(ProtoPayloads(payloads=payloads)) or {"payloads": []})
