"""The schedules of the office in Temporal: made and brought up to the rules by `dingbian schedules` and `dingbian up`.

`dingbian-monitoring` is the nightly run of the monitors (procedures.md §5), `dingbian-log` the daily append to the
transparency log (ledger.md rule 7), `dingbian-reconciliation` the hourly comparison of all stores (P15). Running this
twice changes nothing; a schedule that somebody paused stays paused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from models.rulebook import Rulebook
from models.sealing import Keyring
from rules.deadlines import SHANGHAI
from workflows.log import DailyLog
from workflows.monitoring import Monitoring
from workflows.reconciliation import Reconciliation

from .client import ADMIN_SECONDS, TASK_QUEUE, bounded, connected
from .settings import Settings

MONITORING = "dingbian-monitoring"
LOG = "dingbian-log"
RECONCILIATION = "dingbian-reconciliation"
ZONE = "Asia/Shanghai"
CATCHUP = timedelta(hours=20)
"""A night that Temporal slept through is made up for within this; later the next night looks anyway."""


@dataclass(frozen=True, slots=True)
class Ensured:
    """What became of one schedule, and when it runs next (None while it is paused)."""

    id: str
    outcome: Literal["created", "updated", "unchanged"]
    next_run: datetime | None
    paused: bool

    def facts(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "outcome": self.outcome,
            "next_run": self.next_run.isoformat() if self.next_run else None,
            "paused": self.paused,
        }


_OUTCOMES = {"created": "已建立 · created", "updated": "已更新 · updated", "unchanged": "无变化 · unchanged"}


def told(ensured: Ensured) -> str:
    """One line for the console."""
    if ensured.paused:
        when = "已暂停 · paused"
    elif ensured.next_run is None:
        when = "没有下次运行 · no next run"
    else:
        when = f"下次运行 {ensured.next_run.astimezone(SHANGHAI):%Y-%m-%d %H:%M}（北京时间）· next run, Beijing time"
    return f"定时任务 {ensured.id} {_OUTCOMES[ensured.outcome]}；{when}"


async def ensure(settings: Settings, keyring: Keyring, rulebook: Rulebook, *, run_now: bool = False) -> list[Ensured]:
    """Connect, ensure every schedule, and on demand start each at once. Raises TemporalAway."""
    client = await connected(settings, keyring)
    ensured = await bounded(ensure_schedules(client, rulebook), ADMIN_SECONDS)
    if run_now:
        for each in ensured:
            await bounded(client.get_schedule_handle(each.id).trigger(), ADMIN_SECONDS)
    return ensured


async def ensure_schedules(client: Client, rulebook: Rulebook, task_queue: str = TASK_QUEUE) -> list[Ensured]:
    """Create what is missing and bring what differs from the rules up to them."""
    return [
        await _ensure(client, MONITORING, monitoring(rulebook, task_queue)),
        await _ensure(client, LOG, daily_log(rulebook, task_queue)),
        await _ensure(client, RECONCILIATION, hourly_reconciliation(rulebook, task_queue)),
    ]


def monitoring(rulebook: Rulebook, task_queue: str) -> Schedule:
    """No input: see `Monitoring`."""
    action = ScheduleActionStartWorkflow(Monitoring.run, id=MONITORING, task_queue=task_queue)
    return _daily(action, rulebook.monitoring.hour, "监测预警 monitors")


def daily_log(rulebook: Rulebook, task_queue: str) -> Schedule:
    """No input: see `DailyLog`."""
    action = ScheduleActionStartWorkflow(DailyLog.run, id=LOG, task_queue=task_queue)
    return _daily(action, rulebook.log.hour, "存证日志 transparency log")


def hourly_reconciliation(rulebook: Rulebook, task_queue: str) -> Schedule:
    """No input: see `Reconciliation`. Hours that were slept through are not made up for: the next one looks at all."""
    action = ScheduleActionStartWorkflow(Reconciliation.run, id=RECONCILIATION, task_queue=task_queue)
    every = rulebook.reconciliation
    when = ScheduleCalendarSpec(
        hour=[ScheduleRange(0, 23, every.hours)], minute=[ScheduleRange(every.minute)], comment="核对 reconciliation"
    )
    return _planned(action, when, timedelta(minutes=10))


def _daily(action: ScheduleActionStartWorkflow, hour: int, comment: str) -> Schedule:
    """Every day at the hour, Beijing time; never two runs at once."""
    return _planned(action, ScheduleCalendarSpec(hour=[ScheduleRange(hour)], comment=comment), CATCHUP)


def _planned(action: ScheduleActionStartWorkflow, when: ScheduleCalendarSpec, catchup: timedelta) -> Schedule:
    return Schedule(
        action=action,
        spec=ScheduleSpec(calendars=[when], time_zone_name=ZONE),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=catchup),
    )


async def _ensure(client: Client, schedule_id: str, wanted: Schedule) -> Ensured:
    handle = client.get_schedule_handle(schedule_id)
    try:
        await client.create_schedule(schedule_id, wanted)
    except ScheduleAlreadyRunningError:
        described = await handle.describe()
        if _essence(described.schedule) == _essence(wanted):
            return _told(described, "unchanged")
        await handle.update(lambda found: _updated(found, wanted))
        return _told(await handle.describe(), "updated")
    return _told(await handle.describe(), "created")


def _updated(found: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
    """All of it anew, but whether it is paused: that was somebody's decision."""
    state: ScheduleState = found.description.schedule.state
    return ScheduleUpdate(Schedule(action=wanted.action, spec=wanted.spec, policy=wanted.policy, state=state))


def _essence(schedule: Schedule) -> tuple[object, ...]:
    """What makes two schedules the same; the server fills in the rest in its own way."""
    action = schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow):
        return ()
    times = [
        (each.start, each.end or each.start, each.step or 1)
        for calendar in schedule.spec.calendars
        for each in (*calendar.hour, *calendar.minute, *calendar.second)
    ]
    policy = schedule.policy
    place = (action.workflow, action.id, action.task_queue)
    return (*place, times, schedule.spec.time_zone_name, policy.overlap, policy.catchup_window)


def _told(described: ScheduleDescription, outcome: Literal["created", "updated", "unchanged"]) -> Ensured:
    paused = described.schedule.state.paused
    upcoming = [] if paused else described.info.next_action_times
    return Ensured(described.id, outcome, upcoming[0] if upcoming else None, paused)
