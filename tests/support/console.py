"""The console over an `Office` without Temporal: every command is handled at once by the real activities, so that a
page can be tried in milliseconds. The browser tests have the whole stack."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal

import httpx
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from api.app import create_app
from api.deps import Runtime
from console import session
from console.site import mount
from models.decisions import Delivery, Moment, Officer
from models.enums import CommandKind, State
from models.lasting import place
from runtime.certificate import Composer
from runtime.disposing import Disposer
from runtime.packaging import Packer
from runtime.rehearsal import Rehearser
from runtime.renditions import PdfMaker, Shelf
from runtime.settings import load_settings
from tests.support.office import Office, keyring
from tests.support.unjudged import UNJUDGED

ADDRESS = "192.0.2.7"


class _Compiled(BytecodeCache):
    """Templates as they were compiled for the first office of this process: every test makes a site of its own."""

    kept: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.load_bytecode(io.BytesIO(self.kept[bucket.key]))

    def dump_bytecode(self, bucket: Bucket) -> None:
        out = io.BytesIO()
        bucket.write_bytecode(out)
        self.kept[bucket.key] = out.getvalue()


class AtOnce:
    """In the place of Temporal: what is delivered is handled before `deliver` returns.

    Whoever delivers leaves a fault to the relay, and the answer is a 202 as while Temporal is away: so what an activity
    failed over stands in UNJUDGED, and a test that leaves any fails (tests/conftest.py).
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self.away = False

    async def deliver(self, delivery: Delivery) -> Literal["delivered", "closed"]:
        try:
            judged = self._judged(delivery)
        except Exception as fault:
            UNJUDGED.append(f"{delivery.kind}: {type(fault).__name__} at {place(fault)}")
            raise
        if not judged:
            UNJUDGED.append(f"{delivery.kind} was not judged")
        return "delivered"

    def _judged(self, delivery: Delivery) -> bool:
        if delivery.kind is CommandKind.START:
            desk = self._office.activities.open_case(Moment(case_id=delivery.case_id, at=self._office.now))
            return desk.state is not State.SUBMITTED
        return self._office.handle(delivery.command_id, delivery.case_id).receipt is not None

    async def healthy(self) -> bool:
        return not self.away


class Counter:
    """`async with counter.browser(OFFICER) as b: page = await b.get("/worklist")`."""

    def __init__(self, folder: Path, office: Office, **settings: Any) -> None:
        self.office = office
        self.runtime = Runtime(
            settings=load_settings(data_dir=folder, **settings),
            database=office.database,
            store=office.store,
            temporal=AtOnce(office),
            rulebook=office.rulebook,
            calendar=office.deps.calendar,
            keyring=keyring(),
            clock=lambda: office.now,
            rehearse=Rehearser(office.deps, lambda: office.now),
            make_pdf=PdfMaker(Shelf(office.database, office.store, lambda: office.now)),
            dispose=Disposer(office.deps, lambda: office.now),
            compose=Composer(office.deps.renderer, office.deps.rulebook, office.deps.public_url, lambda: office.now),
            pack=Packer(office.deps, lambda: office.now),
        )
        self.app = create_app(self.runtime)
        self.site = mount(self.app, self.runtime)
        self.site.templates.env.bytecode_cache = _Compiled()

    @asynccontextmanager
    async def browser(self, officer: Officer | None = None, *, language: str = "zh") -> AsyncIterator[Browser]:
        """Somebody at a browser, signed in as `officer` (or not at all)."""
        transport = httpx.ASGITransport(app=self.app, client=(ADDRESS, 50_000), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://office.test") as http:
            http.cookies.set("dingbian_language", language)
            if officer is not None:
                with self.office.database.write() as s:
                    http.cookies.set(session.COOKIE, session.start(s, self.runtime, officer), path="/console")
            yield Browser(http)


class Browser:
    """Gets pages and sends forms, with the form's own token, as a browser does."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.get(f"/console{path}", **more)

    async def post(self, path: str, data: dict[str, Any], **more: Any) -> httpx.Response:
        """Send a form. Lists are sent as repeated fields."""
        return await self.http.post(f"/console{path}", data=data | {"csrftoken": await self.token()}, **more)

    async def token(self) -> str:
        """The token that the pages put into their forms; the cookie carries the same."""
        if "starlette_admin_csrftoken" not in self.http.cookies:
            await self.get("/login")
        return str(self.http.cookies["starlette_admin_csrftoken"])


def text_of(page: httpx.Response) -> str:
    """What a reader sees of a page, in one line."""
    shown = re.sub(r"<(script|style)\b.*?</\1>", " ", page.text, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown))
