"""Which differences between register and Temporal are real, and which of them may be repaired by delivering again.

Pure: facts in, differences out. What is in hand is no difference: everything has a grace (P15; reliability.md §1b).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.reconciliation import Difference, DifferenceKind, Standing
from models.shape import washed

GRACE = timedelta(minutes=5)
"""A command is judged within a second or two, a workflow ends within as much of its case."""

REDELIVERIES = 20
"""Tries of one command after which delivering it once more is no repair: a person looks first."""

_STARTABLE = (Standing.UNKNOWN, Standing.STOPPED)

RESTART = "已安排重新启动流程 · the workflow is started again"
REDELIVER = "已安排重新送达 · it is delivered again"
WAKE = "已通知流程 · the workflow was told"


@dataclass(frozen=True, slots=True)
class CaseFact:
    """A case as the register has it. `start` is the id of its first command, `arrived_at` when Temporal took that."""

    id: str
    no: str
    final: bool
    ended_at: datetime | None
    start: str | None
    arrived_at: datetime | None
    unfiled: bool = False


@dataclass(frozen=True, slots=True)
class CommandFact:
    """A command without a receipt."""

    id: str
    case_id: str
    case_no: str
    decided_at: datetime
    delivered_at: datetime | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Remedy:
    """What is safe to do: `again` are commands to deliver once more, `wake` cases whose workflow is told to look."""

    differences: list[Difference]
    again: list[str]
    wake: list[str]


def in_hand(since: datetime, now: datetime) -> bool:
    """Within the grace. A moment that lies further ahead is of a clock that was wrong, and would excuse for ever. If it
    is the own clock that is slow, what is in hand is delivered once more, which changes nothing."""
    return abs(now - since) <= GRACE


def of_commands(commands: Iterable[CommandFact], now: datetime) -> Remedy:
    """Commands that are neither judged nor on their way."""
    found: list[Difference] = []
    again: list[str] = []
    for each in commands:
        since = each.delivered_at or each.decided_at
        if in_hand(since, now):
            continue
        if each.delivered_at is None:
            detail = f"已试 {each.attempts} 次 · tried {each.attempts} times"
            found.append(_of_command(DifferenceKind.UNDELIVERED, each, since, detail, ""))
        elif each.attempts >= REDELIVERIES:
            detail = f"已送达 {each.attempts} 次，均无回执 · delivered {each.attempts} times without a receipt"
            found.append(_of_command(DifferenceKind.UNJUDGED, each, since, detail, ""))
        else:
            found.append(_of_command(DifferenceKind.UNJUDGED, each, since, "", REDELIVER))
            again.append(each.id)
    return Remedy(found, again, [])


def _of_command(kind: DifferenceKind, each: CommandFact, since: datetime, detail: str, repair: str) -> Difference:
    return Difference(kind=kind, where=each.case_no, case_id=each.case_id, since=since, detail=detail, repair=repair)


def suspects(cases: Iterable[CaseFact], running: set[str], now: datetime) -> list[CaseFact]:
    """Cases that the list of running workflows contradicts. The list lags by a second, so each must be described."""
    return [case for case in cases if _contradicts(case, case.id in running, now)]


def _contradicts(case: CaseFact, runs: bool, now: datetime) -> bool:
    if case.final:
        # a workflow stays until its last document is filed, and must not be gone before
        return runs is not case.unfiled and (case.ended_at is None or not in_hand(case.ended_at, now))
    return not runs and case.arrived_at is not None and not in_hand(case.arrived_at, now)


def of_cases(cases: Iterable[CaseFact], standing: Mapping[str, Standing]) -> Remedy:
    """What the described suspects come to."""
    found: list[Difference] = []
    again: list[str] = []
    wake: list[str] = []
    for case in cases:
        stands = standing[case.id]
        if case.final and case.unfiled:
            if stands in _STARTABLE and case.start is not None:
                found.append(_of_case(DifferenceKind.UNFILED, case, case.ended_at, RESTART))
                again.append(case.start)
            elif stands is Standing.COMPLETED:
                found.append(_of_case(DifferenceKind.UNFILED, case, case.ended_at, ""))
        elif case.final:
            if stands is Standing.RUNNING:
                found.append(_of_case(DifferenceKind.RUNS_ON, case, case.ended_at, WAKE))
                wake.append(case.id)
        elif stands is Standing.COMPLETED:
            found.append(_of_case(DifferenceKind.ENDED_EARLY, case, case.arrived_at, ""))
        elif stands in _STARTABLE and case.start is not None:
            found.append(_of_case(DifferenceKind.NO_WORKFLOW, case, case.arrived_at, RESTART))
            again.append(case.start)
    return Remedy(found, again, wake)


def _of_case(kind: DifferenceKind, case: CaseFact, since: datetime | None, repair: str) -> Difference:
    return Difference(kind=kind, where=case.no, case_id=case.id, since=since, repair=repair)


def of_strangers(ids: Iterable[str]) -> list[Difference]:
    """Workflows of our types that the register does not know. Nothing is done about them: they may be another's."""
    return [Difference(kind=DifferenceKind.UNKNOWN_CASE, where=washed(each)) for each in sorted(ids)]
