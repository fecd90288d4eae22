"""The nightly sweep of 监测预警: looks at the whole register, raises warnings, and wakes the cases whose deadlines the
calendar can count now. It decides nothing: every warning waits for a person (procedures.md §5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TypeVar

from sqlmodel import Session
from temporalio import activity

from docket import commands, warnings
from docket.applications import serial_series
from docket.warnings import MONITOR_ID
from ledger.monitoring import snapshots
from models.applications import WarningApplication
from models.decisions import Officer
from models.enums import Department, Procedure, Role, WarningLevel
from models.monitoring import Sweep, SweepDone
from models.refusals import Refusal
from records import numbering
from rules.deadlines import local_day
from rules.monitors import Finding, findings

from .deps import Deps

MONITOR = Officer(id=MONITOR_ID, name="监测", department=Department.ESTABLISHMENT, roles=frozenset({Role.INSPECTOR}))
"""Who raises what the monitors find, as an inspector would. It has no account and decides nothing."""

CHUNK = 25
"""Cases opened in one transaction: officers who work at night wait for milliseconds, not for the whole sweep."""

WOKEN_AT_MOST = 2000
"""Cases woken in one run; the others are woken by the next."""

_HEAVIEST_FIRST = {level: -place for place, level in enumerate(WarningLevel)}

T = TypeVar("T")


class MonitoringActivities:
    """The activity of the monitoring schedule, bound to what the worker was composed of."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    @activity.defn
    def run_monitors(self, sweep: Sweep) -> SweepDone:
        """One sweep as of `sweep.at`. A retry goes on where the attempt before it ended: what stands open is not
        raised again, and both attempts together raise no more than the limit."""
        rules = self._deps.rulebook.monitoring
        quiet_since = sweep.at - timedelta(days=rules.quiet_days)
        with self._deps.database.read() as s:
            seen = snapshots(s, sweep.at, rules)
            standing = warnings.all_standing(s)
            quiet = warnings.closed_since(s, quiet_since) - standing
            raised = warnings.raised_at(s, sweep.at, MONITOR.id)
        today = local_day(sweep.at)
        found = [finding for snapshot in seen for finding in findings(snapshot, today, rules)]
        fresh = [f for f in found if (f.unit, f.indicator.value) not in standing | quiet]
        fresh.sort(key=lambda each: _HEAVIEST_FIRST[rules.levels[each.indicator]])
        room = max(0, rules.most_at_once - raised)
        now_raised = sum(self._raise(chunk, sweep) for chunk in _chunks(fresh[:room]))
        places = [(f.unit, f.indicator.value) for f in found]
        return SweepDone(
            at=sweep.at,
            units=len(seen),
            found=len(found),
            raised=raised + now_raised,
            known=sum(place in standing for place in places) - raised,
            quiet=sum(place in quiet for place in places),
            left=len(fresh[room:]),
            woken=self._wake(sweep),
        )

    def _raise(self, chunk: list[Finding], sweep: Sweep) -> int:
        """Open one case per finding; how many. The relay starts them."""
        with self._deps.database.write() as s:
            opened = sum(self._open(s, finding, sweep) for finding in chunk)
        _alive()
        return opened

    def _open(self, s: Session, finding: Finding, sweep: Sweep) -> bool:
        """Case and warning together or not at all: an inspector may have raised the same since we looked."""
        if warnings.standing(s, finding.unit, finding.indicator) is not None:
            return False
        level = self._deps.rulebook.monitoring.levels[finding.indicator]
        application = WarningApplication(
            unit=finding.unit,
            indicator=finding.indicator,
            value=finding.value,
            threshold=finding.threshold,
            facts=finding.facts,
            level=level,
        )
        key = f"{finding.indicator.value}-{finding.unit}-{sweep.at.isoformat()}"
        series, year = serial_series(Procedure.EARLY_WARNING), local_day(sweep.at).year
        with s.begin_nested() as both:
            submitted = commands.submit_application(
                s, application, MONITOR, key, sweep.at, lambda: numbering.tally(s, series, year)
            )
            if isinstance(submitted, Refusal) or submitted.existing:
                return False
            at = sweep.at
            entered = warnings.enter(s, submitted.case_id, finding.unit, finding.indicator, level, MONITOR.id, at)
            if not entered:
                both.rollback()
        return entered

    def _wake(self, sweep: Sweep) -> int:
        """Cases with a deadline over a year that was not published then, once per calendar; their own workflow
        counts it again (`activities.clock`). One transaction each: a case is never locked while another is."""
        version = self._deps.calendar.version
        with self._deps.database.read() as s:
            waiting = warnings.waiting_for_calendar(s, version, WOKEN_AT_MOST)
        for case_id in waiting:
            with self._deps.database.write() as s:
                commands.wake(s, case_id, MONITOR, f"calendar-{case_id}-{version}", sweep.at, f"日历更新为{version}")
            _alive()
        return len(waiting)


def _chunks(items: list[T]) -> Iterator[list[T]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def _alive() -> None:
    if activity.in_activity():
        activity.heartbeat()
