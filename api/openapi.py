"""The OpenAPI 3.1 document: what FastAPI derives, plus the errors and the security that `api.door` adds."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from .permissions import RULES, Rule
from .problems import MEDIA_TYPE, TITLES, Problem

TITLE = "定编 Dingbian"
SUMMARY = "机构编制实名制办理 · real-name control of public posts"
DESCRIPTION = """\
写操作须带 `Idempotency-Key`：同一经办人、同一编号、同一内容只办一次。代行时另带 `Acting-For`。
回答 200 表示已有回执，202 表示已登记、尚待处理，决定不会丢失。
错误一律为 `application/problem+json`（RFC 9457），不重复所提交的内容。

Writes need an `Idempotency-Key`; who stands in for a colleague also sends `Acting-For`.
200 carries the receipt; 202 means committed and not yet processed.
Errors are RFC 9457 problems and never repeat what was sent.
"""
TAGS = [
    {"name": "applications", "description": "申请 · applications"},
    {"name": "cases", "description": "事项与决定 · cases and decisions"},
    {"name": "substitutions", "description": "代行 · substitutions"},
    {"name": "officers", "description": "经办人账号 · accounts of officers"},
    {"name": "audit", "description": "审计记录 · the audit"},
    {"name": "units", "description": "机构、台账、花名册 · units, balances, roster"},
    {"name": "records", "description": "公文与文号 · official records and numbers"},
    {"name": "retention", "description": "保管期限与销毁 · retention and disposal"},
    {"name": "verify", "description": "公开核验 · public verification"},
    {"name": "ledger", "description": "台账核验与存证日志 · verification of the ledger, transparency log"},
    {"name": "events", "description": "变更事件 · server-sent events"},
    {"name": "health", "description": "运行状况 · health and metrics"},
    {"name": "codec", "description": "Temporal 载荷解读 · Temporal remote codec"},
]

APPLICATIONS = (
    "apply_staffing_up",
    "apply_removing_staff",
    "apply_establishment_change",
    "open_rectification",
    "raise_warning",
)
"""What opens a case: answered with 201 once committed."""

_ACTING = {
    "name": "Acting-For",
    "in": "header",
    "required": False,
    "description": "代行时填被代行人的登录名 · when standing in for a colleague: that colleague's login",
    "schema": {"type": "string", "maxLength": 100},
    "examples": {"substitute": {"value": "issuer"}},
}

_HOLDS = ("place_hold", "lift_hold")
_DISPOSALS = ("propose_disposal", "strike_disposal", "decide_disposal", "execute_disposal", "witness_disposal")

_ACCOUNTS = ("enter_officer", "change_officer", "grant_roles", "set_officer_active", "set_officer_password")

AT_ONCE = (*APPLICATIONS, "recuse", "grant_substitution", "end_substitution", *_HOLDS, *_DISPOSALS, *_ACCOUNTS)
"""Writes that never answer 202: an application is 201, the others are no commands on a case."""

_ALWAYS = ("internal", "database-away", "sealed-unreadable")
_OF_OPERATION = {
    **dict.fromkeys(APPLICATIONS, ("not-your-unit", "unknown-unit", "unit-abolished")),
    "grant_substitution": ("no-substitution",),
    "end_substitution": ("no-substitution",),
    "place_hold": ("record-disposed", "malformed"),
    "lift_hold": ("two-roles", "already-decided"),
    "propose_disposal": ("retention-running", "nothing-to-do"),
    "strike_disposal": ("already-decided",),
    "decide_disposal": ("self-approval", "already-decided", "reference-required"),
    "execute_disposal": ("two-roles", "not-your-turn", "already-decided"),
    "witness_disposal": ("two-roles", "not-your-turn", "already-decided"),
    "read_record_file": ("not-filed", "record-disposed", "record-fault"),
    "read_record_pdf": ("not-filed", "record-disposed", "record-fault", "preview-unavailable", "too-many-requests"),
    "read_record_signed": ("not-filed", "record-disposed", "record-fault"),
    "sign_record": (
        "not-filed",
        "record-disposed",
        "not-signable",
        "signing-failed",
        "signing-unavailable",
        "too-many-requests",
    ),
    "read_case_package": ("not-closed", "too-many-requests"),
    "read_certificate_facts": ("too-many-requests",),
    "read_certificate_extract": ("too-many-requests",),
    "verify_file": ("invalid", "malformed-upload", "too-large", "unsupported-media-type", "too-many-requests"),
    "verify_code": ("too-many-requests",),
    "verify_ledger": ("too-many-requests",),
    "read_reconciliation": ("not-found",),
    "read_log_proof": ("not-found",),
    "read_log_consistency": ("not-found",),
    "watch_events": ("too-many-requests",),
}
_WITHOUT_DATABASE = ("health_live", "health_ready")


def codes_of(operation: str, rule: Rule, path: str, validated: bool) -> list[str]:
    """Every problem code that an operation may answer with."""
    codes: list[str] = []
    if not rule.public:
        codes += ["unauthenticated", "forbidden", "outside-token", "identity-provider-away"]
    codes += ["too-many-requests"]
    if "{" in path:
        codes += ["not-found"]
    if rule.json_body:
        codes += ["malformed-json", "too-large", "unsupported-media-type", "invalid"]
    if rule.acting:
        codes += ["no-substitution"]
    if rule.write:
        codes += ["idempotency-key-required", "key-reused"]
    if validated:
        codes += ["invalid"]
    codes += _OF_OPERATION.get(operation, ())
    codes += [] if operation in _WITHOUT_DATABASE else _ALWAYS
    return list(dict.fromkeys(codes))


def install(app: FastAPI) -> None:
    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    # FastAPI's own way to extend the document
    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=TITLE,
        version=app.version,
        openapi_version="3.1.0",
        summary=SUMMARY,
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
    )
    schemas: dict[str, Any] = made.setdefault("components", {}).setdefault("schemas", {})
    own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(own.pop("$defs"))
    schemas["ProblemDetails"] = own  # not `Problem`: that is a line of the problem ledger
    for path, operations in made["paths"].items():
        for operation in operations.values():
            _complete(path, operation)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return made


def _complete(path: str, operation: dict[str, Any]) -> None:
    name: str = operation["operationId"]
    rule = RULES[name]
    if not rule.public:
        operation["security"] = [{"bearer": []}]
    responses: dict[str, Any] = operation["responses"]
    validated = responses.pop("422", None) is not None
    for code in codes_of(name, rule, path, validated):
        _add(responses, code)
    if rule.acting:
        operation.setdefault("parameters", []).append(_ACTING)
    if rule.write and name not in AT_ONCE:
        responses["202"] = {**responses["200"], "description": "已登记，尚待处理 · committed, not yet processed"}


def _add(responses: dict[str, Any], code: str) -> None:
    status, title = TITLES[code]
    found = responses.setdefault(str(status), {"description": title, "content": {}})
    content = found.setdefault("content", {}).setdefault(
        MEDIA_TYPE, {"schema": {"$ref": "#/components/schemas/ProblemDetails"}, "examples": {}}
    )
    example = {"type": f"urn:dingbian:problem:{code}", "title": title, "status": status, "code": code, "detail": ""}
    content["examples"][code] = {"value": example}
    if title not in found["description"]:
        found["description"] += f"；{title}"
