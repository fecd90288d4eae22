"""What a browser is told with every answer, and that nothing comes from elsewhere (ASVS 5.0 3.3, 3.4, 3.6.1): the API,
the console, its files, streams, faults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from tests.support.console import ADDRESS, Counter
from tests.support.office import EXAMINER, HEAD, Office
from tests.support.whole import Whole, furnished

ROOT = Path(__file__).resolve().parents[2]
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
HSTS = "strict-transport-security"
OUR_PAGES = ("console/templates", "console/static", "api")
_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
_ELSEWHERE = re.compile(
    r"""(?:src|href|action|srcset|poster|data|formaction)\s*=\s*["']?\s*(?:https?:)?//|@import\s+|"""
    r"""url\(\s*["']?\s*(?:https?:)?//|\bimport\s*\(?\s*["'](?:https?:)?//""",
    re.I,
)
"""A file, a style, a form or a module from another host."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    made = furnished(tmp_path_factory.mktemp("whole"))
    yield made
    made.office.database.close()


def protected(answer: httpx.Response, what: str) -> None:
    for name, value in ALWAYS.items():
        assert answer.headers.get(name) == value, f"{what} ({answer.status_code}): {name}"
    assert answer.headers.get("referrer-policy") in ("no-referrer", "same-origin"), what
    policy = answer.headers.get("content-security-policy", "")
    assert "default-src 'none'" in policy, what
    assert "frame-ancestors 'none'" in policy, what
    assert "unsafe-eval" not in policy, what
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0], what
    assert "http" not in policy.replace("https://www.w3.org", ""), f"{what}: {policy}"
    assert "server" not in answer.headers, what
    assert "x-powered-by" not in answer.headers, what


def caller(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=(ADDRESS, 50_000), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://office.test")


async def test_every_operation_answers_strangers_and_officers_with_the_headers(whole: Whole) -> None:
    somewhere = whole.somewhere
    async with caller(whole.counter.app) as http:
        for path, methods in whole.counter.app.openapi()["paths"].items():
            for method, operation in methods.items():
                if operation["operationId"] == "watch_events":
                    continue  # never ends; the next test has it
                callers = whole.callers_of(operation["operationId"])
                for headers in ({}, whole.header_of(callers[0]) if callers else {}):
                    answer = await http.request(method, path.format(**somewhere), headers=headers)
                    protected(answer, f"{method} {path}")
                    assert answer.headers.get("cache-control", "").endswith("no-store"), path
                    assert HSTS not in answer.headers, path
        for path in (
            "/api/v1/nowhere",
            "/nowhere",
            "/api/v1/cases/%00",
            "/",
            "/api/v1/openapi.json",
            "/api/v1/reference",
        ):
            protected(await http.get(path), path)
        for method in ("PUT", "DELETE", "TRACE", "OPTIONS", "NONSENSE"):
            protected(await http.request(method, "/api/v1/cases"), method)


async def test_streams_and_faults_carry_them_too(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[dict[str, Any]] = []

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def noting(message: dict[str, Any]) -> None:
        started.append(message)

    token = whole.header_of("head")["Authorization"].encode()
    path = "/api/v1/events"
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"authorization", token)], "client": (ADDRESS, 1), "server": ("office.test", 80),
        "scheme": "http", "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    await whole.counter.app(scope, gone, noting)
    protected(httpx.Response(200, headers=started[0]["headers"]), "the stream")

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("api.reading.unit", broken)
    async with caller(whole.counter.app) as http:
        answer = await http.get(f"/api/v1/units/{whole.somewhere['code']}", headers=whole.header_of("head"))
    assert answer.status_code == 500
    protected(answer, "a fault")


async def test_every_page_and_file_of_the_console_carries_them_and_names_no_other_host(whole: Whole) -> None:
    known = {**whole.somewhere, "unit": whole.somewhere["code"], "key": "units", "seat": "1", "n": "1",
             "procedure": "staffing-up"}  # fmt: skip
    routes = [r for r in whole.counter.site.app.routes if isinstance(r, Route) and r.methods and "GET" in r.methods]
    paths = [_PARAMETER.sub(lambda found: known.get(found[1], "x"), route.path) for route in routes]
    for officer in (None, EXAMINER, HEAD):
        async with whole.counter.browser(officer) as b:
            for path in [*paths, "/nowhere", "/static/nowhere", "/static/console/console.js"]:
                answer = await b.get(path)
                protected(answer, path)
                if answer.headers.get("content-type", "").startswith("text/html"):
                    found = _ELSEWHERE.search(answer.text.replace("http://office.test", ""))
                    assert found is None, f"{path}: {found}"


@pytest.mark.parametrize("tls", [True, False])
async def test_cookies_are_for_the_console_alone_and_over_tls_for_tls_alone(tmp_path: Path, tls: bool) -> None:
    """ASVS 5.0 3.3.1 to 3.3.4. The token of the forms may be read by scripts: the framework's own send it along."""
    address = "https://posts.example" if tls else "http://127.0.0.1:8400"
    counter = Counter(tmp_path, Office(tmp_path), public_url=address)
    async with counter.browser() as b:
        given = []
        for path in ("/login", "/login?language=en", "/verify"):
            answer = await b.get(path)
            given += [each for each in answer.headers.get_list("set-cookie") if "max-age=0;" not in each.lower()]
            assert (answer.headers.get(HSTS) == "max-age=31536000") is tls
    names = {cookie.partition("=")[0] for cookie in given}
    assert names >= {"starlette_admin_csrftoken", "dingbian_language"}
    for cookie in given:
        words = {word.strip().lower() for word in cookie.split(";")}
        assert ("secure" in words) is tls, cookie
        assert words & {"samesite=lax", "samesite=strict"}, cookie
        assert "httponly" in words or cookie.startswith("starlette_admin_csrftoken="), cookie


def test_no_page_style_or_script_of_ours_comes_from_another_host() -> None:
    """No network of content, no fonts, no counters from elsewhere: an office's network may have no way out, and whoever
    serves a script reads what is typed."""
    ends = (".html", ".css", ".js", ".svg", ".py")
    ours = [each for room in OUR_PAGES for each in (ROOT / room).rglob("*") if each.suffix in ends]
    templates = Path(str(files("starlette_admin"))) / "templates"
    replaced = ROOT / "console/templates"
    theirs = [each for each in templates.rglob("*.html") if not (replaced / each.relative_to(templates)).exists()]
    assert len(ours) > 60
    assert len(theirs) > 10
    found = [
        f"{each.name}: {match[0]}"
        for each in [*ours, *theirs]
        for match in _ELSEWHERE.finditer(each.read_text("utf-8", errors="replace"))
        if not (each.suffix == ".py" and match[0].startswith("@import"))
    ]
    assert found == []
