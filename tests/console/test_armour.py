"""A page of the console lets no script in but its own, and keeps nothing that it should not."""

from __future__ import annotations

import re

import pytest
from jinja2 import Environment

from console.armour import REPLACED
from console.views import home
from tests.support.console import Counter
from tests.support.office import EXAMINER

_HANDLER = re.compile(r"<[^>]+\son[a-z]+\s*=", re.I)


def _source(env: Environment, name: str) -> str:
    assert env.loader is not None
    return env.loader.get_source(env, name)[0]


async def test_every_script_of_a_page_carries_the_nonce_of_that_page(counter: Counter) -> None:
    async with counter.browser() as b:
        first, second = await b.get("/login"), await b.get("/login")
    nonces = []
    for page in (first, second):
        found = re.search(r"'nonce-([^']+)'", page.headers["content-security-policy"])
        assert found is not None
        nonces.append(found[1])
        tags = re.findall(r"<script\b[^>]*>", page.text)
        assert tags
        assert all(f'nonce="{found[1]}"' in tag for tag in tags)
    assert nonces[0] != nonces[1]


async def test_what_a_person_typed_gets_no_nonce(counter: Counter) -> None:
    async with counter.browser(EXAMINER) as b:
        page = await b.get("/worklist", params={"q": "<script>alert(1)</script>"})
    assert "<script>alert(1)</script>" not in page.text
    assert not re.search(r"<script[^>]*>alert", page.text)


def test_no_template_keeps_a_handler_that_the_policy_would_stop(counter: Counter) -> None:
    env = counter.site.templates.env
    found = [name for name in env.list_templates() if name.endswith(".html") and _HANDLER.search(_source(env, name))]
    assert found == []


def test_what_is_replaced_in_the_frameworks_templates_is_still_there_to_replace(counter: Counter) -> None:
    env = counter.site.templates.env
    sources = "".join(_source(env, name) for name in env.list_templates() if name.endswith(".html"))
    assert all(new in sources for new in REPLACED.values())


async def test_pages_are_neither_kept_nor_compressed_and_files_are_both(counter: Counter) -> None:
    ask = {"Accept-Encoding": "gzip"}
    async with counter.browser(EXAMINER) as b:
        page = await b.get("/worklist", headers=ask)
        file = await b.get("/static/css/vendor/tabler.min.css", headers=ask)
    assert page.headers["cache-control"] == "no-store"
    assert "content-encoding" not in page.headers
    assert file.headers["content-encoding"] == "gzip"
    assert "max-age" in file.headers["cache-control"]


async def test_no_page_may_be_framed_or_sniffed(counter: Counter) -> None:
    async with counter.browser() as b:
        headers = (await b.get("/login")).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


async def test_the_page_of_a_fault_carries_the_policy_of_a_page(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is answered outside the pages' middleware; with the API's policy it would stand there without its styles."""

    def broken(_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(home, "officer_of", broken)
    async with counter.browser(EXAMINER) as b:
        page = await b.get("/")
    assert page.status_code == 500
    policy = page.headers["content-security-policy"]
    nonces = re.findall(r'<script nonce="([^"]+)"', page.text)
    assert "style-src 'self'" in policy
    assert nonces
    assert all(f"'nonce-{nonce}'" in policy for nonce in nonces)
