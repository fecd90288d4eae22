"""A drill: a real office at work, faults of every kind in an order and at moments that the seed decides, then left
alone; nothing may be lost.

`python -m tests.chaos.drill --seed 7 --engine postgresql` or `make drill SEED=7 ENGINE=postgresql KILLS=12 CASES=40`;
with `--fault disk-full` (`FAULTS="disk-full older-temporal"`) these alone.
Two modes as in TigerBeetle's VOPR: first everything may fail and safety must hold at every committed state, then the
faults stop and everything must come to its end. One line and one JSON per seed; a seed that fails keeps its folder.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, func, select

from activities.reconciliation import sweep
from models.failpoints import EXIT_STATUS, PLACES
from models.register import Command
from runtime.client import TemporalAway
from runtime.engine import TemporalEngine

from . import clock
from .audit import Findings, Watch, all_ended, audit
from .disk import mounted, unmounted
from .faults import FAULTS, GRACE, KILL, Scene, planned
from .load import Gone, People
from .plant import Plant, alone, until

FAILPOINTS = ",".join(f"{place}=exit%{percent}" for place, percent in zip(PLACES, (4, 6, 8, 4, 4, 4, 50), strict=True))
"""Every place, a few times in a hundred: what a random kill hardly ever hits."""
PAUSE = (0.3, 1.8)
"""Seconds between two faults, at two thirds of them after the office is at work again: a process is hit at its work,
and also while it starts."""
WORK_SECONDS = 2.5
DISK = "384m"
"""The office's own disk where it will be full: an ordinary drill takes a tenth."""
SWEEP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    engine: str
    cases: int
    kills: int
    settle_seconds: float
    folder: Path
    faults: tuple[str, ...] = (KILL,)
    impossible: tuple[str, ...] = ()
    """Those of them that need what this machine does not have."""

    @property
    def vacancies(self) -> int:
        """Fewer than apply: about half of them get none."""
        return max(1, self.cases // 3)

    @property
    def again(self) -> str:
        faults = "" if set(self.faults) == set(FAULTS) else f' FAULTS="{" ".join(self.faults)}"'
        return f"make drill SEED={self.seed} ENGINE={self.engine} KILLS={self.kills} CASES={self.cases}{faults}"


class Drill:
    """One seed: `run` gives the report."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.chance = random.Random(plan.seed)
        self.steps = planned(plan.faults, plan.kills, self.chance)
        self.judged_under_fire = 0
        """Commands that were judged when the last fault had struck."""
        self.ended_itself = 0
        """Processes that a failpoint ended after a commit."""
        self.watch = Watch()

    async def run(self, scene: Scene) -> dict[str, Any]:
        began, plant = time.monotonic(), scene.plant
        people = People(plant, self.plan.seed, self.plan.cases)
        stuck = ""
        with plant.parts() as parts:
            watching = asyncio.create_task(self.watch.run(parts.database.engine))
            try:
                async with self._kept(plant):
                    working = asyncio.create_task(people.work())
                    await self._faults(scene, people)
                    await self._peace(plant, people)
                    try:
                        async with self._reconciled(scene):
                            await working
                            await until("at rest", lambda: self._at_rest(plant, people), self.plan.settle_seconds)
                    except (Gone, ExceptionGroup, AssertionError) as fault:
                        stuck = "; ".join(_said(fault))
                    found = await audit(plant, people.told, self.plan.vacancies, scene.forgotten)
            finally:
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching
        found.faults += scene.findings
        return self._report(scene, people, found, stuck, time.monotonic() - began)

    async def _faults(self, scene: Scene, people: People) -> None:
        """One after the other, at any moment; processes that they spare end themselves at failpoints."""
        night = asyncio.create_task(scene.plant.night())
        for number, (name, happens) in enumerate(self.steps, 1):
            scene.plant.still_kept()
            people.come(number / len(self.steps))
            if self.chance.random() < 2 / 3:
                await self._at_work(people)
            await asyncio.sleep(self.chance.uniform(*PAUSE))
            await happens(scene)
            scene.done[name] += 1
        people.come(1)
        await night
        self.judged_under_fire = await asyncio.to_thread(lambda: len(scene.judged()))

    async def _at_work(self, people: People) -> None:
        """Decisions are being judged. People who have all gone home are waited for in vain, and not for long."""
        judged = people.told.judged
        with contextlib.suppress(AssertionError):
            await until("at work", lambda: people.told.judged > judged + 3, WORK_SECONDS, 0.02)

    async def _peace(self, plant: Plant, people: People) -> None:
        """No fault from here on: everything must finish."""
        plant.arm("", 0)
        for child in (plant.worker, plant.api):
            await asyncio.to_thread(plant.kill, child)
        people.until = time.monotonic() + self.plan.settle_seconds

    @contextlib.asynccontextmanager
    async def _reconciled(self, scene: Scene) -> Any:
        """Sweeps at work where a fault has left something to them."""
        if not scene.waits_for_a_sweep:
            yield
            return
        sweeping = asyncio.create_task(self._sweeps(scene.plant))
        try:
            yield
        finally:
            sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweeping

    @staticmethod
    async def _sweeps(plant: Plant) -> None:
        client = await plant.there()
        with plant.parts() as parts:
            while True:
                with contextlib.suppress(TemporalAway):
                    await sweep(parts.database, parts.store, TemporalEngine(client), datetime.now(UTC) + GRACE)
                await asyncio.sleep(SWEEP_SECONDS)

    @contextlib.asynccontextmanager
    async def _kept(self, plant: Plant) -> Any:
        async with plant.kept():
            counting = asyncio.create_task(self._count(plant))
            try:
                yield
            finally:
                counting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await counting

    async def _count(self, plant: Plant) -> None:
        seen: set[int] = set()
        while True:
            for child in (plant.worker, plant.api):
                if child.process is not None and child.status == EXIT_STATUS and child.process.pid not in seen:
                    seen.add(child.process.pid)
                    self.ended_itself += 1
            await asyncio.sleep(0.02)

    @staticmethod
    async def _at_rest(plant: Plant, people: People) -> bool:
        """Nothing on its way: late decisions too have their receipts, and no workflow outlives its case."""
        with plant.parts() as parts, parts.database.read() as s:
            waiting = select(func.count()).select_from(Command).where(col(Command.handled_at).is_(None))
            if s.exec(waiting).one():
                return False
        return await all_ended(await plant.there(), people.told)

    def _report(self, scene: Scene, people: People, found: Findings, stuck: str, seconds: float) -> dict[str, Any]:
        told = people.told
        faults = [*found.faults, *([f"stuck: {stuck}"] if stuck else [])]
        faults += [f"an odd answer: {each}" for each in told.odd[:5]]
        faults += [f"quota while at work: {each}" for each in self.watch.faults[:5]]
        if not self.watch.looks:
            faults.append("nobody looked at the quotas")
        return {
            "seed": self.plan.seed,
            "engine": self.plan.engine,
            "well": not faults,
            "faults": faults,
            "happened": dict(scene.done),
            "impossible": list(self.plan.impossible),
            "killed": dict(scene.killed),
            "forgotten": len(scene.forgotten),
            "judged_under_fire": self.judged_under_fire,
            "reconciled": scene.waits_for_a_sweep,
            "ended_at_failpoints": self.ended_itself,
            "answers": {str(status): count for status, count in sorted(told.answers.items())},
            "broken_calls": told.broken,
            "slowest_answer": round(told.slowest, 2),
            "looks_at_quotas": self.watch.looks,
            "looks_without_an_answer": self.watch.blind,
            **found.figures,
            "seconds": round(seconds, 1),
            "again": self.plan.again,
        }


def _said(fault: BaseException) -> list[str]:
    if isinstance(fault, BaseExceptionGroup):
        return [text for each in fault.exceptions for text in _said(each)]
    return [f"{type(fault).__name__}: {fault}"]


def run(plan: Plan) -> dict[str, Any]:
    """One drill from an empty folder; every process it started has ended when this returns."""
    plan.folder.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch, _own_disk(plan) as disk:
        alone(plan.folder, patch)
        skew = clock.library(plan.folder)
        possible = {"disk-full": disk, "clock-jump": skew}
        impossible = tuple(each for each in plan.faults if not possible.get(each, plan.folder))
        plan = replace(
            plan, faults=tuple(each for each in plan.faults if each not in impossible), impossible=impossible
        )
        plant = Plant(plan.folder, plan.engine, plan.vacancies)
        try:
            plant.arm(FAILPOINTS, plan.seed * 1000)
            plant.start()
            drill = Drill(plan)
            report = asyncio.run(drill.run(Scene(plant, drill.chance, skew, disk)))
        finally:
            plant.stop()
    (plan.folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=2), encoding="utf-8")
    return report


@contextlib.contextmanager
def _own_disk(plan: Plan) -> Iterator[Path | None]:
    """The office's folder on a disk of its own, when that shall be full; afterwards it is an ordinary folder again."""
    office = plan.folder / "office"
    if "disk-full" not in plan.faults or not mounted(office, DISK):
        yield None
        return
    kept = plan.folder / "kept"
    try:
        yield office
        shutil.copytree(office, kept)
    finally:
        unmounted(office)
    office.rmdir()
    kept.rename(office)


def line_of(report: dict[str, Any]) -> str:
    """The one line of a seed."""
    killed, others = sum(report["killed"].values()), [name for name in report["happened"] if name in FAULTS]
    told = (
        f"seed={report['seed']} {report['engine']}: {'完好 well' if report['well'] else '有问题 FAULTS'} · "
        f"killed {killed}, ended at failpoints {report['ended_at_failpoints']}, {len(others)} kinds of faults · "
        f"acknowledged {report['acknowledged']}, cases {sum(report['cases'].values())}, entered {report['entered']}, "
        f"left {report['left']}, documents {report['documents']} · quotas seen {report['looks_at_quotas']} times · "
        f"{report['seconds']} s"
    )
    if report["impossible"]:
        told += f" · 此处无法演练 not possible here: {'、'.join(report['impossible'])}"
    return told if report["well"] else "\n  ".join([told, *report["faults"], f"again: {report['again']}"])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.drill", description=__doc__)
    parser.add_argument("--seed", type=int, action="append", help="种子，可重复 · a seed, may be repeated (default 1)")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite", help="数据库 · the database")
    parser.add_argument("--cases", type=int, default=24, help="事项数 · how many cases (default 24)")
    parser.add_argument(
        "--fault", action="append", choices=list(FAULTS), help="只演练这些故障，可重复 · these alone (default: all)"
    )
    parser.add_argument("--kills", type=int, default=12, help="kill -9 次数 · how many (default 12)")
    parser.add_argument("--settle", type=float, default=90.0, help="停止故障后的秒数 · seconds to finish in peace")
    parser.add_argument("--folder", type=Path, help="工作目录，默认临时 · where (default: temporary)")
    parser.add_argument("--json", type=Path, help="报告文件 · a JSON with every seed's report")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by an exception, so that disks and servers go with it
    reports = []
    for seed in asked.seed or [1]:
        parent = asked.folder or Path(tempfile.mkdtemp(prefix="dingbian-drill-"))
        folder = parent / f"{asked.engine}-{seed}"
        shutil.rmtree(folder, ignore_errors=True)
        faults = tuple(asked.fault or FAULTS)
        report = run(Plan(seed, asked.engine, asked.cases, asked.kills, asked.settle, folder.resolve(), faults))
        reports.append(report)
        sys.stdout.write(line_of(report) + "\n")
        if report["well"]:
            shutil.rmtree(folder if asked.folder else parent, ignore_errors=True)
        else:
            sys.stdout.write(f"  保留目录 · kept: {folder}\n")
        sys.stdout.flush()
    if asked.json:
        asked.json.write_text(json.dumps(reports, ensure_ascii=False, indent=2), encoding="utf-8")
    return 0 if all(report["well"] for report in reports) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception:
        traceback.print_exc()
        sys.exit(2)
