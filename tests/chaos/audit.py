"""What must be true of an office whose processes were killed: read from its register, its files and Temporal alone,
never from what its processes say of themselves.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, func, select
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.converter import WorkflowSerializationContext
from temporalio.service import RPCError, RPCStatusCode

from activities.reconciliation import sweep
from ledger import log
from ledger.log_verify import verify_log
from ledger.verify import verify
from models.decisions import Signal
from models.enums import CommandKind, State, Step
from models.register import Account, Case, Command, Journal, Record, Series, SlotRow
from models.sealing import Keyring
from records.store import RecordStore
from records.verify import verify_records
from runtime.codec import SealingCodec
from runtime.engine import TemporalEngine
from tests.support.office import identity_no

from .faults import GRACE
from .load import WITHOUT_WORKFLOW, Told
from .plant import Plant, until

_WATCHED = text(
    "SELECT a.id, a.occupied, a.reserved, a.set_aside, a.authorised, a.tolerated_over,"
    " coalesce(sum(j.d_occupied), 0), coalesce(sum(j.d_reserved), 0)"
    " FROM account a LEFT JOIN journal j ON j.account = a.id"
    " GROUP BY a.id, a.occupied, a.reserved, a.set_aside, a.authorised, a.tolerated_over"
)
"""One statement, hence one committed state on both engines."""


@dataclass(slots=True)
class Watch:
    """A connection of its own looks at every account again and again while everything else goes on (P1)."""

    looks: int = 0
    blind: int = 0
    """Looks while the database was away."""
    faults: list[str] = field(default_factory=list)

    async def run(self, engine: Engine, pause: float = 0.05) -> None:
        while True:
            try:
                await asyncio.to_thread(self.look, engine)
            except OperationalError:
                self.blind += 1
            await asyncio.sleep(pause)

    def look(self, engine: Engine) -> None:
        with engine.connect() as connection:
            rows = connection.execution_options(sqlite_begin="DEFERRED").execute(_WATCHED).all()
        self.looks += 1
        for account, occupied, reserved, aside, authorised, tolerated, posted, held in rows:
            if occupied + reserved + aside > authorised + tolerated:
                self.faults.append(f"{account}: {occupied}+{reserved}+{aside} > {authorised}+{tolerated}")
            if (occupied, reserved) != (posted, held):
                self.faults.append(f"{account}: balance {occupied}/{reserved}, journal {posted}/{held}")


@dataclass(slots=True)
class Findings:
    """`faults` is empty when every promise held; `figures` go into the report."""

    faults: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def none(self, what: str, found: Iterable[Any]) -> None:
        listed = [str(each) for each in found]
        if listed:
            self.faults.append(f"{what}: {len(listed)}: {'; '.join(listed[:5])}")

    def equal(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            self.faults.append(f"{what}: {found}, not {wanted}")


async def audit(plant: Plant, told: Told, vacancies: int, forgotten: Collection[str] = ()) -> Findings:
    """Everything, once the faults have stopped and all is at rest. `forgotten`: commands that were judged before
    Temporal was put back to an older copy, and which no history has to hold."""
    out = Findings()
    client = await plant.client()
    with plant.parts() as parts:
        with parts.database.write() as s:
            log.append(s, datetime.now(UTC))
        with parts.database.read() as s:
            _commands(s, told, out)
            _cases(s, out)
            _postings(s, vacancies, told, out)
            _papers(s, parts.store, out)
            _chains(s, out)
            kept = {row.id: (row.case_id, row.kind, row.code) for row in s.exec(select(Command))}
        await _histories(client, parts.keyring, kept, forgotten, out)
        _closed(plant, len(told.cases), out)
        try:
            await until("every workflow has ended with its case", lambda: all_ended(client, told))
        except AssertionError as fault:
            out.faults.append(str(fault))
        swept = await sweep(parts.database, parts.store, TemporalEngine(client), datetime.now(UTC) + GRACE)
        out.none("reconciliation", (f"{each.kind} {each.where}" for each in swept.differences))
    return out


def _commands(s: Session, told: Told, out: Findings) -> None:
    """P5: whatever was acknowledged has its row, has arrived and has its receipt."""
    rows = {row.id: row for row in s.exec(select(Command))}
    out.none("acknowledged and lost", (f"{each} of {case}" for each, case in told.commands.items() if each not in rows))
    out.none(
        "acknowledged for another case",
        (each for each, case in told.commands.items() if each in rows and rows[each].case_id != case),
    )
    out.none("undelivered", (each.id for each in rows.values() if each.delivered_at is None))
    out.none("without a receipt", (each.id for each in rows.values() if each.handled_at is None))
    answers = Counter((each.status, each.code) for each in rows.values())
    out.figures["acknowledged"] = len(told.commands)
    out.figures["receipts"] = {f"{status} {code or ''}".strip(): count for (status, code), count in answers.items()}


def _cases(s: Session, out: Findings) -> None:
    cases = list(s.exec(select(Case)))
    out.none("not final", (f"{each.id} is {each.state}" for each in cases if not State(each.state).final))
    out.figures["cases"] = dict(Counter(f"{each.procedure} {each.state}" for each in cases))


def _postings(s: Session, vacancies: int, told: Told, out: Findings) -> None:
    """P1, P2, P3: one posting for each decision that entered a person, one end for each slot, every vacancy used."""
    journal = list(s.exec(select(Journal).where(col(Journal.case_id).in_(list(told.cases)))))
    kinds = Counter(row.kind for row in journal)
    entered = _accepted(s, Step.ENTER)
    left = _accepted(s, Step.EXIT)
    out.equal("POST rows", kinds["POST"], entered)
    out.equal("LEAVE rows", kinds["LEAVE"], left)
    slots = list(s.exec(select(SlotRow)))
    settled = Counter(row.slot for row in journal if row.kind in ("POST", "RELEASE"))
    out.none("slots not settled once", (each.code for each in slots if settled[each.code] != 1 or each.state == "open"))
    reserved = s.exec(select(func.sum(Account.reserved))).one()
    out.equal("still reserved", reserved, 0)
    wanted = sum(kind == "staffing-up" for kind in told.cases.values())
    if wanted >= vacancies:
        out.equal("entered, more having applied than there were vacancies", entered, vacancies)
    out.figures["entered"], out.figures["left"] = entered, left


def _accepted(s: Session, step: Step) -> int:
    query = select(func.count()).select_from(Command)
    query = query.where(Command.kind == CommandKind.DECIDE.value, Command.step == step.value)
    return s.exec(query.where(Command.status == "accepted")).one()


def _papers(s: Session, store: RecordStore, out: Findings) -> None:
    """P11, P14: numbers 1 to n in each series, every document filed, its bytes as they were."""
    out.none("records", verify_records(s, store))
    records = list(s.exec(select(Record)))
    out.none("not filed", (each.number for each in records if each.digest is None))
    for series in s.exec(select(Series)):
        taken = sorted(each.seq for each in records if (each.series, each.year) == (series.name, series.year))
        if taken:
            out.equal(f"numbers of {series.name}〔{series.year}〕", taken, list(range(1, series.last + 1)))
    out.figures["documents"] = len(records)


def _closed(plant: Plant, cases: int, out: Findings) -> None:
    """P16: no identity number of those who were named stands in clear in any file of the office, whatever was killed
    while it was written."""
    numbers = [identity_no(each).encode() for each in range(cases)]
    files = [each for each in plant.folder.rglob("*") if each.is_file()]
    read = {each: each.read_bytes() for each in files}
    out.figures["files"] = len(files)
    out.none(
        "files that hold an identity number in clear",
        (each.name for each, content in read.items() if any(number in content for number in numbers)),
    )


def _chains(s: Session, out: Findings) -> None:
    found = verify(s)
    out.none("chains", found.faults)
    out.equal("balances against the journal", found.difference, 0)
    out.none("log", verify_log(s))


async def _histories(
    client: Client,
    keyring: Keyring,
    kept: dict[str, tuple[str, str, str | None]],
    forgotten: Collection[str],
    out: Findings,
) -> None:
    """P5: every command stands in the history of its case's workflow, except those that came after its end."""
    wanted: dict[str, set[str]] = {}
    for identity, (case_id, kind, code) in kept.items():
        late = code in {each.value for each in WITHOUT_WORKFLOW}
        found = wanted.setdefault(case_id, set())
        if kind != CommandKind.START.value and not late and identity not in forgotten:
            found.add(identity)
    signals = 0
    for case_id, identities in wanted.items():
        arrived = await _signalled(client, keyring, case_id)
        signals += sum(arrived.values())
        out.none(f"not in the history of case {case_id}", sorted(identities - set(arrived)))
        out.none(f"in the history of case {case_id} and nowhere else", sorted(set(arrived) - set(kept)))
    out.figures["signals"] = signals


async def all_ended(client: Client, told: Told) -> bool:
    """Whether no case's workflow runs any more: after a receipt it still closes, and a task that waited for a killed
    worker goes to another one only when Temporal's sticky time is over."""
    for case_id in told.cases:
        try:
            described = await client.get_workflow_handle(case_id).describe()
        except RPCError as fault:
            if fault.status is not RPCStatusCode.NOT_FOUND:
                raise
            continue  # the reconciliation says which is missing
        if described.status is WorkflowExecutionStatus.RUNNING:
            return False
    return True


async def _signalled(client: Client, keyring: Keyring, case_id: str) -> Counter[str]:
    """How often each command stands in the history of a case, over all its runs."""
    codec = SealingCodec(keyring, client.namespace).with_context(
        WorkflowSerializationContext(namespace=client.namespace, workflow_id=case_id)
    )
    arrived: Counter[str] = Counter()
    async for run in client.list_workflows(f"WorkflowId = '{case_id}'"):
        async for event in client.get_workflow_handle(case_id, run_id=run.run_id).fetch_history_events():
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                payloads: list[Payload] = list(event.workflow_execution_signaled_event_attributes.input.payloads)
                for opened in await codec.decode(payloads):
                    arrived[Signal.model_validate_json(opened.data).decision_id] += 1
    return arrived
