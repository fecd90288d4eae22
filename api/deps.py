"""What a route is handed: the runtime it works with, the officer who calls, the idempotency key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Annotated, Literal, Protocol, cast

from anyio import CapacityLimiter
from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPBearer

from ledger.db import Database
from models.applications import AnyApplication
from models.certificate import CertificateFacts
from models.decisions import Delivery, Officer
from models.disposals import DisposalView
from models.docket import RecordView
from models.refusals import Refusal
from models.rehearsal import Rehearsal
from models.renditions import RenditionView
from models.rulebook import Calendar, Rulebook
from models.sealing import Keyring
from models.shape import KEY_LENGTH
from records.store import RecordStore
from runtime.settings import Settings

from .limits import Buckets
from .metrics import Metrics
from .oidc import Vouching


def utc_now() -> datetime:
    return datetime.now(UTC)


class Courier(Protocol):
    """The part of `runtime.client.Temporal` that the API uses. `deliver` raises `runtime.client.TemporalAway`."""

    async def deliver(self, delivery: Delivery) -> Literal["delivered", "closed"]: ...

    async def healthy(self) -> bool: ...


@dataclass(slots=True)
class Limits:
    """Bounds per caller. Every call is counted by its token before the token is looked at, public ones and tokens that
    do not hold by address. Writes are counted per officer and case: an approver's own work never comes near, a flood
    stops long before Temporal's 10,000 signals of a case (P25). The rest is costly.
    `pages`: streams of pages that are open, one for each page that somebody leafs to."""

    writes: Buckets = field(default_factory=lambda: Buckets(burst=240, per_second=1.0))
    applications: Buckets = field(default_factory=lambda: Buckets(burst=1_000, per_second=20.0))
    verify: Buckets = field(default_factory=lambda: Buckets(burst=30, per_second=0.5))
    audits: Buckets = field(default_factory=lambda: Buckets(burst=6, per_second=0.1))
    renditions: Buckets = field(default_factory=lambda: Buckets(burst=10, per_second=0.2))
    at_once: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))  # LibreOffice fills a core
    signatures: Buckets = field(default_factory=lambda: Buckets(burst=60, per_second=0.5))
    signing_at_once: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))
    decodings: Buckets = field(default_factory=lambda: Buckets(burst=120, per_second=2.0))  # a history is many pages
    disclosures: Buckets = field(default_factory=lambda: Buckets(burst=20, per_second=1 / 30))
    exports: Buckets = field(default_factory=lambda: Buckets(burst=10, per_second=0.1))
    exports_at_once: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))  # a workbook fills a core
    packages: Buckets = field(default_factory=lambda: Buckets(burst=10, per_second=0.1))
    packages_at_once: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))  # reads, checks, zips
    certificates: Buckets = field(default_factory=lambda: Buckets(burst=120, per_second=2.0))
    streams: Buckets = field(default_factory=lambda: Buckets(burst=20, per_second=0.2))
    pages: Buckets = field(default_factory=lambda: Buckets(burst=120, per_second=2.0))
    sign_ins: Buckets = field(default_factory=lambda: Buckets(burst=60, per_second=0.5))  # an office behind one address
    passwords_at_once: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))  # 64 MiB each
    calls: Buckets = field(default_factory=lambda: Buckets(burst=2_000, per_second=50.0))  # whatever they ask, by token
    strangers: Buckets = field(default_factory=lambda: Buckets(burst=120, per_second=1.0))  # tokens that do not hold
    refusals: Buckets = field(default_factory=lambda: Buckets(burst=20, per_second=1 / 60))  # rows of the audit
    passers_by: Buckets = field(default_factory=lambda: Buckets(burst=600, per_second=20.0))  # public, by address
    rehearsals: Buckets = field(default_factory=lambda: Buckets(burst=60, per_second=1.0))  # each takes the write lock


Rehearse = Callable[[AnyApplication, Officer, str | None], Rehearsal]
"""What the gate would say to an application, or to the correction of a case (its id), of this officer."""

Dispose = Callable[[str, Officer], DisposalView | Refusal | None]
"""The witness's word on a disposal (its id), and everything that follows from it; None when there is none."""

Compose = Callable[[CertificateFacts, str], bytes]
"""The certificate of these facts as .docx, printed by this officer."""

Pack = Callable[[str], IO[bytes]]
"""The archive package of the case of this number as a zip file, open at its beginning."""


MakePdf = Callable[[RecordView, str], bytes]
"""The PDF/A of a filed record, kept at its first making by this officer (id). Raises PreviewUnavailable, StoreFault."""


class Sign(Protocol):
    """The signed copy of a record, by the office's provider. Raises `records.signed.SigningFault`."""

    def __call__(self, record: RecordView, made_by: str, *, again: bool = False) -> RenditionView: ...


@dataclass(slots=True)
class Runtime:
    """Everything the API works with, put together by `runtime.up` or `cli`; the tests put in their own.

    `relay_wake` tells a relay of the same process that a row waits. `clock` sets `decided_at` of commands.
    """

    settings: Settings
    database: Database
    store: RecordStore
    temporal: Courier
    rulebook: Rulebook
    calendar: Calendar
    keyring: Keyring
    relay_wake: Callable[[], None] | None = None
    namespace: str = "default"
    clock: Callable[[], datetime] = utc_now
    limits: Limits = field(default_factory=Limits)
    metrics: Metrics = field(default_factory=Metrics)
    watch_seconds: float = 2.0
    event_seconds: float = 1.0
    rehearse: Rehearse | None = None
    compose: Compose | None = None
    make_pdf: MakePdf | None = None
    sign: Sign | None = None
    dispose: Dispose | None = None
    pack: Pack | None = None
    vouching: Vouching | None = None


def address_of(request: Request) -> str:
    """By which a caller without sign-in is counted."""
    return request.client.host if request.client is not None else "-"


def runtime_of(request: Request) -> Runtime:
    return cast(Runtime, request.app.state.runtime)


_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    description="不透明令牌（dingbian token），或统一身份认证签发的 JWT · an opaque token, or a JWT of the provider",
)


def caller_of(request: Request, _: object = Security(_bearer)) -> Officer:
    """The officer whom `api.door` has let in, in person or standing in for a colleague (`acting_for`); the security
    scheme here only documents it."""
    return cast(Officer, request.state.officer)


KEY_PATTERN = rf"^[A-Za-z0-9][A-Za-z0-9._:-]{{0,{KEY_LENGTH - 1}}}$"


def key_of(
    key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            pattern=KEY_PATTERN,
            description="同一经办人同一编号同一内容只办一次；决定以它为 decision_id · scoped to the officer",
            examples=["6f0c6a52-0f5e-4d0c-9a55-1a1f2f6f9a01"],
        ),
    ],
) -> str:
    return key


Work = Annotated[Runtime, Depends(runtime_of)]
Caller = Annotated[Officer, Depends(caller_of)]
Key = Annotated[str, Depends(key_of)]
