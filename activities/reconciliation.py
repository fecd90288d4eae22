"""The sweep that compares ledger, cases, outbox, records and Temporal (P15): it lists what differs, delivers again what
is safe to deliver again, and guesses nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

from sqlmodel import Session
from temporalio import activity

from docket import reconciling as cases
from ledger import reconciling as books
from ledger.db import Database, unhurried
from models.reconciliation import TOLD_BY_TEMPORAL, Difference, DifferenceKind, Reconciled, ReconcileRun, Standing
from records import reconciling as papers
from records.store import RecordStore, StoreFault
from rules.reconciliation import CaseFact, Remedy, of_cases, of_commands, of_strangers, suspects

from .deps import Deps

SHOWN = 500
"""Differences that are kept one by one; all are counted."""

AT_ONCE = 50
"""Suspects that Temporal is asked about together: a copy of it that lost ten thousand cases is asked in seconds."""

REPAIRS = 100
"""Rows that one transaction of a repair changes."""

BEAT_SECONDS = 10.0
"""How often a sign of life goes out while a long query runs; the worker is given up after two minutes without."""

Beat = Callable[[str], None]


class Engine(Protocol):
    """Temporal, as a reconciliation asks it. Both raise when it does not answer; what they tell is of the namespace
    of this register alone."""

    async def cases(self) -> Mapping[str, bool]:
        """Every workflow of a case that Temporal lists, and whether it runs. The list lags by about a second."""
        ...

    async def standing(self, case_id: str) -> Standing:
        """Where one workflow stands now."""
        ...


class ReconciliationActivities:
    """The activity of the reconciliation's schedule, bound to what the worker was composed of."""

    def __init__(self, deps: Deps, engine: Engine | None) -> None:
        self._deps = deps
        self._engine = engine

    @activity.defn
    async def reconcile(self, run: ReconcileRun) -> Reconciled:
        """One sweep as of `run.at`, kept in the register. A retry looks again; delivering twice changes nothing."""
        if self._engine is None:
            raise RuntimeError("this worker was composed without a way to ask Temporal")
        return await sweep(self._deps.database, self._deps.store, self._engine, run.at, _alive)


def _alive(what: str) -> None:
    if activity.in_activity():
        activity.heartbeat(what)


async def sweep(
    database: Database, store: RecordStore, engine: Engine | None, at: datetime, beat: Beat = lambda _what: None
) -> Reconciled:
    """Compare, repair what is safe, keep and return the result. Without an `engine` Temporal is left out, and the
    result says so. Raises what the engine raises: half a comparison would call everything missing."""
    async with _alive_while("ledger", beat):
        found, looked_at = await asyncio.to_thread(_register, database, store, at)
        remedies = [await asyncio.to_thread(_commands, database, at)]
    if engine is not None:
        async with _alive_while("workflows", beat):
            parked = {each.case_id for each in found if each.kind is DifferenceKind.UNFILED and each.case_id}
            remedies += [await _workflows(database, engine, at, looked_at, parked)]
    differences = [*found, *(each for remedy in remedies for each in remedy.differences)]
    done = Reconciled(
        at=at,
        engine=engine is not None,
        asked_at=at if engine is not None else None,
        looked_at=looked_at,
        counts=dict(Counter(each.kind for each in differences)),
        waiting=dict(Counter(each.kind for each in differences if not each.repair)),
        differences=differences,
    )
    if engine is None:
        done = await asyncio.to_thread(_with_what_temporal_told, database, done)
    done = done.model_copy(update={"differences": sorted(done.differences, key=_order)[:SHOWN]})
    async with _alive_while("repair", beat):
        await _settle(database, remedies, done)
    return done


@contextlib.asynccontextmanager
async def _alive_while(what: str, beat: Beat) -> AsyncIterator[None]:
    """A sign of life at once and every ten seconds, until the block ends."""

    async def going_on() -> None:
        while True:
            beat(what)
            await asyncio.sleep(BEAT_SECONDS)

    beats = asyncio.create_task(going_on())
    try:
        yield
    finally:
        beats.cancel()


def _order(each: Difference) -> tuple[bool, int, str]:
    """What waits for a person first."""
    return bool(each.repair), list(DifferenceKind).index(each.kind), each.where


def _register(database: Database, store: RecordStore, at: datetime) -> tuple[list[Difference], dict[str, int]]:
    """Ledger and records against each other and against the store, in one snapshot taken after the store was listed."""
    try:
        there = set(store.digests())
    except StoreFault as fault:
        there, away = set[str](), str(fault)
    else:
        away = ""
    with database.read() as s:
        unhurried(s)
        found = [*books.differences(s, at), *papers.unfiled(s), *papers.numbers(s)]
        if away:
            found.append(Difference(kind=DifferenceKind.MISSING_FILE, where="档案存储 · records store", detail=away))
        else:
            found += papers.files(s, store, there)
        looked_at = {"files": len(there), **books.sizes(s)}
    return found, looked_at


def _with_what_temporal_told(database: Database, done: Reconciled) -> Reconciled:
    """A sweep that could not ask it must not make an alarm fall silent."""
    with database.read() as s:
        last = cases.latest(s)
    if last is None:
        return done
    still = {kind: number for kind, number in last.waiting.items() if kind in TOLD_BY_TEMPORAL and number}
    known = [each for each in last.differences if each.kind in still and not each.repair]
    return done.model_copy(
        update={
            "asked_at": last.asked_at or (last.at if last.engine else None),
            "counts": done.counts | still,
            "waiting": done.waiting | still,
            "differences": [*done.differences, *known],
        }
    )


def _commands(database: Database, at: datetime) -> Remedy:
    with database.read() as s:
        return of_commands(cases.unjudged(s), at)


async def _workflows(
    database: Database, engine: Engine, at: datetime, looked_at: dict[str, int], parked: Collection[str]
) -> Remedy:
    """The register is read after the list, so that a case which began meanwhile is not taken for a stranger; what
    the list contradicts is described one by one before it counts. Cases with a `parked` document are told to try it
    again: what hindered it may be mended, and it is a difference for as long as it is not filed."""
    listed = await engine.cases()
    looked_at["workflows"] = len(listed)
    running = {case_id for case_id, runs in listed.items() if runs}
    facts, known = await asyncio.to_thread(_facts, database, listed)
    looked_at["cases"] = len(facts)
    doubtful = suspects(facts.values(), running, at)
    remedy = of_cases(doubtful, await _standing(engine, [case.id for case in doubtful]))
    unknown = await _standing(engine, sorted(set(listed) - known))
    strangers = [each for each, stands in unknown.items() if stands is not Standing.UNKNOWN]
    wake = [*remedy.wake, *sorted(running.intersection(parked).difference(remedy.wake))]
    return Remedy([*remedy.differences, *of_strangers(strangers)], remedy.again, wake)


async def _standing(engine: Engine, ids: Sequence[str]) -> dict[str, Standing]:
    """Where each of these workflows stands now."""
    found: dict[str, Standing] = {}
    for start in range(0, len(ids), AT_ONCE):
        page = ids[start : start + AT_ONCE]
        found |= zip(page, await asyncio.gather(*(engine.standing(each) for each in page)), strict=True)
    return found


def _facts(database: Database, listed: Iterable[str]) -> tuple[dict[str, CaseFact], set[str]]:
    """Cases that need a workflow and those that Temporal lists as running, by id; and which ids the register knows."""
    with database.read() as s:
        unhurried(s)
        facts = {case.id: case for case in cases.at_work(s)}
        named = {case.id: case for case in cases.cases_named(s, set(listed) - facts.keys())}
    return {**facts, **named}, {*facts, *named}


async def _settle(database: Database, remedies: Sequence[Remedy], done: Reconciled) -> None:
    """What is repaired, a page to a transaction, so that nobody waits behind ten thousand rows; at last what was
    found. A sweep that dies between two pages has repaired a part, and the next one finds the rest."""

    def in_one(change: Callable[[Session], None]) -> None:
        with database.write() as s:
            change(s)

    again = [each for remedy in remedies for each in remedy.again]
    for start in range(0, len(again), REPAIRS):
        page = again[start : start + REPAIRS]
        await asyncio.to_thread(in_one, partial(cases.deliver_again, ids=page))
    wake = [each for remedy in remedies for each in remedy.wake]
    for start in range(0, len(wake), REPAIRS):
        page = wake[start : start + REPAIRS]
        await asyncio.to_thread(in_one, partial(cases.tell, case_ids=page, at=done.at))
    await asyncio.to_thread(in_one, partial(cases.keep, done=done))
