"""A real browser over the running system, and pages that remember what went wrong in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import axe_playwright_python
import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    Response,
    TimeoutError,
    expect,
)

from runtime.demo import read_accounts
from runtime.first_start import prepare
from runtime.ports import free_port
from runtime.settings import Settings, load_settings
from runtime.stack import Stack

SETTLE_MS = 15_000
"""For one condition: a machine that runs other tests beside may take its time."""
FOLLOW_MS = 3_000
DESKTOP = (1366, 768)
PHONE = (390, 844)
FORBIDDEN_HOSTS = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"

ARGUMENTS = (
    "--lang=zh-CN",
    "--disable-gpu",
    "--disable-lcd-text",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
    f"--host-resolver-rules={FORBIDDEN_HOSTS}",
)

Language = Literal["zh", "en"]


def launched(playwright: Playwright, program: Path) -> Browser:
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    # Chromium has no sandbox for root and would not start; everybody else keeps it.
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if root else [])]
    expect.set_options(timeout=SETTLE_MS)
    return playwright.chromium.launch(executable_path=str(program), headless=True, args=arguments)


@contextmanager
def running_system(folder: Path, rules: str = "") -> Iterator[Settings]:
    """Everything that `dingbian up` starts, with sample data and demo accounts in `folder` and on free ports; `rules`
    in the place of rules.toml."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith(("DINGBIAN_", "TEMPORAL_"))]:
            patch.delenv(name)
        patch.setenv("TEMPORAL_CONFIG_FILE", str(folder / "none.toml"))
        more = {}
        if rules:
            more["rules_file"] = folder / "rules.toml"
            more["rules_file"].write_text(rules, "utf-8")
        ports = {"api_port": free_port(), "temporal_port": free_port(), "ui_port": free_port()}
        settings = load_settings(data_dir=folder, **ports, **more)
        prepare(settings)
        stack = Stack(settings, print)
        stack.start()
        try:
            yield settings
        finally:
            stack.stop()


@dataclass
class Watch:
    """What went wrong in the pages of one context, and what the latest page cost."""

    host: str
    faults: list[str] = field(default_factory=list)
    bytes: int = 0

    def follow(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("websocket", lambda socket: self.faults.append(f"socket: {socket.url}"))
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.requestWillBeSent", self._began)
        wire.on("Network.loadingFinished", self._ended)

    def _said(self, message: ConsoleMessage) -> None:
        # A refused page (403, 404) is what some tests ask for; `_answered` judges answers.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        where = urlsplit(request.url)
        if where.scheme not in ("data", "blob", "about") and where.netloc != self.host:
            self.faults.append(f"another host: {request.url}")

    def _answered(self, response: Response) -> None:
        page = response.request.is_navigation_request()
        if response.status >= 500 or (response.status >= 400 and not page):
            self.faults.append(f"answer {response.status}: {response.url}")

    def _began(self, event: dict[str, Any]) -> None:
        if event.get("type") == "Document" and event["requestId"] == event["loaderId"]:
            self.bytes = 0

    def _ended(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])


class City:
    """The running system and the people at it: `page = city.at("examiner")` is a signed-in browser window."""

    def __init__(self, settings: Settings, browser: Browser) -> None:
        self.settings = settings
        self.base = f"{settings.api_url}/console"
        self.accounts = {account["login"]: account for account in read_accounts(settings.demo_accounts_file)}
        self.http = httpx.Client(base_url=f"{settings.api_url}/api/v1", timeout=30.0, trust_env=False)
        self._browser = browser
        self._sessions: dict[str, Any] = {}
        self._open: list[tuple[BrowserContext, Watch]] = []

    def window(
        self, language: Language = "zh", size: tuple[int, int] = DESKTOP, **more: Any
    ) -> tuple[BrowserContext, Watch]:
        """A browser of its own, with an empty cache and nobody signed in."""
        width, height = size
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai",
            reduced_motion="reduce", **more,
        )  # fmt: skip
        context.set_default_timeout(SETTLE_MS)
        context.add_cookies([{"name": "dingbian_language", "value": language, "url": self.settings.api_url}])
        watch = Watch(urlsplit(self.settings.api_url).netloc)
        context.on("page", watch.follow)
        self._open.append((context, watch))
        return context, watch

    def at(self, login: str | None, language: Language = "zh", size: tuple[int, int] = DESKTOP) -> Page:
        """A window of the officer with this login, signed in by the form once and remembered afterwards."""
        context, _ = self.window(language, size)
        if login is not None:
            if login not in self._sessions:
                self.sign_in(context.new_page(), login).close()
                self._sessions[login] = [c for c in context.cookies() if c["name"] == "dingbian_session"]
            context.add_cookies(self._sessions[login])
        return context.new_page()

    def sign_in(self, page: Page, login: str) -> Page:
        page.goto(f"{self.base}/login")
        page.fill("#username", login)
        page.fill("#password", self.accounts[login]["password"])
        page.locator("form:has(#password) button[type=submit]").click()
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    def watch_of(self, page: Page) -> Watch:
        return next(watch for context, watch in self._open if context == page.context)

    def visit(self, page: Page, path: str) -> int:
        """Open a page of the console; its status."""
        answer = page.goto(f"{self.base}{path}")
        assert answer is not None
        return answer.status

    def picture_windows(self, folder: Path) -> None:
        """A picture of every open window, for whoever looks for the reason of a failure."""
        for number, page in enumerate(page for context, _ in self._open for page in context.pages):
            path = folder / f"window-{number}.png"
            page.screenshot(path=path, full_page=True)
            print(f"{page.url}: {path}")  # noqa: T201 - pytest shows it with the failure

    def close_windows(self) -> list[str]:
        """Close every browser window; what went wrong in any of them."""
        faults = [fault for _, watch in self._open for fault in watch.faults]
        for context, _ in self._open:
            context.close()
        self._open.clear()
        return faults

    # --- the register, for what a test needs to know ---------------------------------------------------------

    def get(self, login: str, path: str, **params: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.accounts[login]['token']}"}
        answer = self.http.get(path, params=params, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def post(self, login: str, path: str, key: str, body: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.accounts[login]['token']}", "Idempotency-Key": key}
        return self.http.post(path, json=body, headers=headers)


RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it stands: rule, help, and the first elements."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(
        "rules => axe.run({runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", RULES
    )
    return [
        f"{page.url}: {each['id']} ({each['help']}): " + " | ".join(node["html"][:200] for node in each["nodes"][:4])
        for each in found["violations"]
    ]


def fits(page: Page) -> bool:
    """Whether the page itself need not be scrolled sideways, once its charts have followed the window."""
    try:
        page.wait_for_function("() => document.scrollingElement.scrollWidth <= window.innerWidth", timeout=FOLLOW_MS)
    except TimeoutError:
        return False
    return True
