"""The one door of every route: who calls, may they, is the body what it says it is. In this order.

A route class, because FastAPI reads a body before it asks any dependency: here an anonymous caller is told 401
before a byte of the body is read, and the body is read strictly (api.strict) before FastAPI sees it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Coroutine
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from docket import officers, sign_in, substitutions
from docket.officers import Holder
from models.decisions import Officer
from models.identity import names_a_person
from rules.deadlines import local_day

from .deps import KEY_PATTERN, Runtime, address_of, runtime_of
from .middleware import PREFIX
from .oidc import NotVouchedFor, ProviderAway, is_jwt
from .permissions import RULES, Rule
from .problems import ProblemError, no_substitution
from .strict import UNKEEPABLE, parse

logger = logging.getLogger("dingbian.api")

ACTING_FOR = "acting-for"
"""The header by which a substitute says for whom he or she acts: a login."""

CODEC_COOKIE = "dingbian_codec"
"""Temporal's UI can send credentials but no header of its own: a page of ours may set this cookie to a token
(HttpOnly, SameSite=Strict, Path=/api/v1/codec). It counts only with the UI's own Origin."""

_KEY = re.compile(KEY_PATTERN)
_JSON = "application/json"


class Door(APIRoute):
    """Default deny: a route whose operation has no rule cannot even be made."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        operation = self.operation_id or ""
        rule = RULES.get(operation)
        if rule is None:
            raise LookupError(f"{self.path}: operation {self.operation_id!r} has no rule in api.permissions")
        handle = super().get_route_handler()

        async def admitted(request: Request) -> Response:
            await admit(request, rule, operation)
            return await handle(request)

        return admitted


def router(tag: str) -> APIRouter:
    """A router whose routes all pass the door. It bears the prefix itself: `create_app` takes its routes as they are,
    while including it would have every signature read a second time, for each app."""
    return APIRouter(route_class=Door, tags=[tag], prefix=PREFIX)


async def admit(request: Request, rule: Rule, operation: str) -> None:
    """Raises ProblemError 401, 403, 400, 422, 429, 413, 415, 503; otherwise `request.state.officer` and the body are
    ready."""
    runtime = runtime_of(request)
    if rule.public:
        runtime.limits.passers_by.take(address_of(request))
    else:
        held = await _authenticated(request, runtime, rule)
        if held.scope and not _within(held.scope, request, rule, operation):
            raise ProblemError("outside-token", "令牌只限所列操作 · this token is for other operations")
        officer = await _capacity(request, runtime, rule, held.officer)
        if not rule.allows(officer):
            raise ProblemError("forbidden", "您的部门或角色不能办理此项 · not for your department or role")
        request.state.officer = officer
        if rule.write:
            _check_key(request)
            _count(request, runtime, officer)
    _check_address(request)
    if rule.json_body:
        await _read_json(request)


def _within(scope: frozenset[str], request: Request, rule: Rule, operation: str) -> bool:
    """A token for reading opens what only reads; any other one the operations that it names."""
    reads = request.method in ("GET", "HEAD") and not rule.write
    return operation in scope or (reads and officers.READING in scope)


async def _capacity(request: Request, runtime: Runtime, rule: Rule, officer: Officer) -> Officer:
    """The officer as he or she calls: in person, or standing in for the colleague whom the header names."""
    login = request.headers.get(ACTING_FOR)
    if login is None:
        return officer
    if not rule.acting:
        raise no_substitution("此项须本人办理，不得代行 · to be done in person")
    acting = await run_in_threadpool(_acting, runtime, officer, login)
    if acting is None:
        raise no_substitution("今日没有该人员授予您的代行 · that officer has given you no substitution for today")
    return acting


def _acting(runtime: Runtime, officer: Officer, login: str) -> Officer | None:
    with runtime.database.read() as s:
        return substitutions.acting(s, officer, login, local_day(runtime.clock()))


def _count(request: Request, runtime: Runtime, officer: Officer) -> None:
    case_id = request.path_params.get("case_id")
    if case_id is None:
        runtime.limits.applications.take(officer.id)
    else:
        runtime.limits.writes.take(f"{officer.id}|{case_id}")


async def _authenticated(request: Request, runtime: Runtime, rule: Rule) -> Holder:
    """Who calls, by an opaque token of ours or a JWT of the organisation's provider. The call is counted before the
    token is looked at, so that a flood costs a look into memory and no more (P25)."""
    token = bearer_token(request)
    if token is None and rule.cookie:
        token = _cookie_token(request, runtime.settings.ui_origin)
    if token is None:
        raise _unauthenticated("请在 Authorization 请求头中提供令牌 · give a bearer token")
    runtime.limits.calls.take(officers.token_hash(token))
    held = await holder_of(runtime, token)
    if held is None:
        runtime.limits.strangers.take(address_of(request))
        if runtime.vouching is not None and is_jwt(token):
            await run_in_threadpool(note_refusal, runtime, address_of(request), "令牌未获采信 · token of the provider")
        raise _unauthenticated(
            "令牌无效、已过期或已收回 · token unknown, expired or revoked", ', error="invalid_token"'
        )
    return held


async def holder_of(runtime: Runtime, token: str) -> Holder | None:
    """Who holds the token now, whoever issued it; None when it does not hold. Raises ProblemError 503 when that cannot
    be said."""
    if officers.is_token(token):
        return await run_in_threadpool(_holder_with, runtime, token)
    vouching = runtime.vouching
    if vouching is None or not is_jwt(token):
        return None
    try:
        login = await vouching.login_of(token)
    except NotVouchedFor as error:
        logger.info("oidc: %s, nobody was confirmed", error)
        return None
    except ProviderAway:
        raise ProblemError(
            "identity-provider-away",
            "暂不能核实统一身份认证的令牌；本系统的令牌不受影响 · tokens of this system still count",
            headers={"Retry-After": "30"},
        ) from None
    return await run_in_threadpool(_holder_named, runtime, login)


def _holder_with(runtime: Runtime, token: str) -> Holder | None:
    with runtime.database.read() as s:
        return officers.holder_of_token(s, token, runtime.clock())


def _holder_named(runtime: Runtime, login: str) -> Holder | None:
    with runtime.database.read() as s:
        row = officers.find_by_login(s, login)
    return Holder(officers.officer_of(row)) if row is not None else None


def note_refusal(runtime: Runtime, address: str, why: str) -> None:
    """Somebody whom the identity provider sent, or seems to have sent, was not let in: a row of the audit, as long as
    the address from which they come does not fill it (docs/decisions/0049). The log has every one."""
    try:
        runtime.limits.refusals.take(address)
    except ProblemError:
        return
    with runtime.database.write() as s:
        sign_in.failed(s, None, runtime.clock(), why)


def _unauthenticated(detail: str, more: str = "") -> ProblemError:
    return ProblemError("unauthenticated", detail, headers={"WWW-Authenticate": f'Bearer realm="dingbian"{more}'})


def bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _cookie_token(request: Request, origin: str) -> str | None:
    if not origin or request.headers.get("origin") != origin:
        return None
    try:
        morsel = SimpleCookie(request.headers.get("cookie", "")).get(CODEC_COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


def _check_key(request: Request) -> None:
    """A key rests in clear beside its command, so it is nobody's identity number (P16)."""
    key = request.headers.get("idempotency-key", "")
    if not _KEY.fullmatch(key) or names_a_person(key):
        raise ProblemError(
            "idempotency-key-required",
            "1 至 100 个字母、数字或 . _ : -，以字母或数字开头 · 1 to 100 of letters, digits, . _ : -",
        )


def _check_address(request: Request) -> None:
    """Whatever a route makes of its address, what no database keeps stops here."""
    if UNKEEPABLE.search(request.scope["path"]) or UNKEEPABLE.search(asked(request.scope)):
        raise ProblemError("invalid", "网址中有不能识别的字符 · the address holds characters that cannot be")


def asked(scope: Scope) -> str:
    """The query of an address as its reader will read it."""
    return unquote_to_bytes(scope.get("query_string", b"")).decode(errors="replace")


async def _read_json(request: Request) -> None:
    """Leaves the parsed value where `Request.json()` keeps it, so that FastAPI validates exactly this value."""
    body = await request.body()
    if not body:
        return  # FastAPI names the missing body
    kind, _, charset = request.headers.get("content-type", "").lower().partition(";")
    wanted_charset = charset.strip() in ("", "charset=utf-8", 'charset="utf-8"')
    plain = request.headers.get("content-encoding", "identity") == "identity"
    if kind.strip() != _JSON or not wanted_charset or not plain:
        raise ProblemError("unsupported-media-type", "请用 application/json（UTF-8，不压缩）· send application/json")
    request._json = parse(body)
