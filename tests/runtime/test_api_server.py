"""How the API is served: whose word about a caller's address it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from runtime import api_server
from runtime.assembly import assembled
from runtime.settings import load_settings


async def callers(told: dict[str, Any], proxy: str) -> list[str]:
    """As whom the application sees two people who come through one proxy."""
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"][0])

    layer: Any = ProxyHeadersMiddleware(app, trusted_hosts=told["forwarded_allow_ips"])
    for address in ("192.0.2.1", "192.0.2.2"):
        headers = [(b"x-forwarded-for", address.encode())]
        await layer({"type": "http", "client": (proxy, 40_000), "headers": headers}, None, None)
    return seen


@pytest.mark.parametrize("proxies", ["172.30.84.1", "127.0.0.1, 172.30.84.0/24"])
async def test_behind_a_proxy_that_is_named_each_caller_keeps_an_address(
    proxies: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setattr(api_server.uvicorn, "run", lambda _app, **how: told.update(how))
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # uvicorn's own variable, which is nobody's to set here
    settings = load_settings(data_dir=tmp_path, trusted_proxies=proxies, demo_accounts=False)
    with assembled(settings, migrate=True):
        pass
    api_server.serve_api(settings)
    assert await callers(told, "172.30.84.1") == ["192.0.2.1", "192.0.2.2"]
    assert await callers(told, "198.51.100.9") == ["198.51.100.9"] * 2
