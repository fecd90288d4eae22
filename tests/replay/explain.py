"""Replays a recorded history and, where the code no longer fits it, says at which event, what stands on either side,
and which patch is missing.

Temporal itself names one side, often with the machine that was confused and not with the event where the two parted.
So the commands that the code asks for are noted while it replays and laid beside those of the history.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.plugin import SimplePlugin
from temporalio.worker import Replayer, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import NondeterminismError

from runtime.plugin import dingbian_plugin, sandboxed_runner
from tests.support.office import keyring

GUIDE = "docs/how-to/change-a-workflow.md"

_EVENT_OF = {
    "schedule_activity": EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    "request_cancel_activity": EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED,
    "start_timer": EventType.EVENT_TYPE_TIMER_STARTED,
    "cancel_timer": EventType.EVENT_TYPE_TIMER_CANCELED,
    "upsert_workflow_search_attributes": EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
    "modify_workflow_properties": EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED,
    "set_patch_marker": EventType.EVENT_TYPE_MARKER_RECORDED,
    "schedule_local_activity": EventType.EVENT_TYPE_MARKER_RECORDED,
    "start_child_workflow_execution": EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
    "signal_external_workflow_execution": EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED,
    "request_cancel_external_workflow_execution": (
        EventType.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED
    ),
    "schedule_nexus_operation": EventType.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED,
    "complete_workflow_execution": EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    "fail_workflow_execution": EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    "cancel_workflow_execution": EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    "continue_as_new_workflow_execution": EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
}
"""What a command of the code becomes in a history; answers to queries and updates become nothing."""

_COMMANDED = frozenset(_EVENT_OF.values())
_WORDS = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED: "cancel activity",
    EventType.EVENT_TYPE_TIMER_STARTED: "timer",
    EventType.EVENT_TYPE_TIMER_CANCELED: "cancel timer",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "search attributes",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: "end",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: "failure",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED: "cancelled",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: "continue as new",
}
_PATCH_MARKER = "core_patch"
_PATCH_ATTRIBUTE = "TemporalChangeVersion"


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that code or history asks of Temporal: its event type, and a name where it has one."""

    kind: EventType.ValueType
    name: str = ""
    event_id: int = 0

    def __str__(self) -> str:
        return self.name or _WORDS.get(self.kind) or EventType.Name(self.kind).removeprefix("EVENT_TYPE_").lower()

    def same(self, other: Asked) -> bool:
        return (self.kind, self.name) == (other.kind, other.name)


async def misfit(release: str, path: Path, workflows: Sequence[type]) -> str:
    """Replay one history in the sandbox; "" when the code fits it, else the words for whoever changed the code."""
    story, workflow_id = path.name.split(".")[:2]
    history = WorkflowHistory.from_json(workflow_id, await asyncio.to_thread(path.read_text, encoding="utf-8"))
    noting = _Noting(sandboxed_runner())
    plugins = [dingbian_plugin(keyring()), SimplePlugin("noting", workflow_runner=lambda _existing: noting)]
    replayer = Replayer(workflows=list(workflows), namespace="default", plugins=plugins)
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    if result.replay_failure is None:
        return ""
    kind = history.events[0].workflow_execution_started_event_attributes.workflow_type.name
    head = f"工作流 {kind} 与 {release} 记录的历史 {story} 不再相容 · {kind} no longer replays what {release} recorded"
    said = re.search(r'message: "([^"]*)"', str(result.replay_failure))
    tail = f"Temporal：{said[1] if said else result.replay_failure}\n见 · see {GUIDE}"
    if noting.faults or not isinstance(result.replay_failure, NondeterminismError):
        return f"{head}\n代码出错 · the code fails on it: {'; '.join(noting.faults)}，见上面的日志 · log above\n{tail}"
    return f"{head}\n{_advice(kind, list(_of_history(history.events)), noting.asked)}\n{tail}"


def _advice(kind: str, had: list[Asked], asks: list[Asked]) -> str:
    """Where the two part, and the patch to put there."""
    place = next((n for n, (old, new) in enumerate(zip(had, asks, strict=False)) if not old.same(new)), None)
    if place is None:
        place = min(len(had), len(asks))
    old = had[place] if place < len(had) else None
    new = asks[place] if place < len(asks) else None
    where = f"事件 event {old.event_id}" if old else "历史之后 after the history's end"
    lines = [
        f"{where}：历史中是 {old or '无 nothing'}，代码要 {new or '无 nothing'} · "
        f"the history has {old or 'nothing'}, the code asks for {new or 'nothing'}"
    ]
    if old is not None and old.name.startswith("patch "):
        patch = old.name.removeprefix("patch ")
        lines.append(
            f'补丁被删早了，请放回 · a patch was removed too soon, put back: workflow.deprecate_patch("{patch}")'
        )
        return "\n".join(lines)
    added = new is not None and (old is None or new.kind == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    change = _kebab(str(new)) if added else f"without-{_kebab(str(old))}"
    patch = f"{_kebab(kind)}-{datetime.now(UTC).year}-{change}"
    lines += [
        "缺少补丁 · the missing patch:",
        f'    if workflow.patched("{patch}"):',
        f"        …  # 新 new: {new or 'nothing'}",
        "    else:",
        f"        …  # 旧 former: {old or 'nothing'}",
    ]
    return "\n".join(lines)


def _kebab(text: str) -> str:
    text = text.removeprefix("activity ")
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text).lower()).strip("-")


# --- what the history asked for --------------------------------------------------------------------------------------


def _of_history(events: Sequence[HistoryEvent]) -> Iterator[Asked]:
    for event in events:
        if event.event_type not in _COMMANDED:
            continue
        upserted = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
        if _PATCH_ATTRIBUTE not in upserted:  # Temporal notes a patch there by itself
            yield Asked(event.event_type, _name_of_event(event), event.event_id)


def _name_of_event(event: HistoryEvent) -> str:
    if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
        return f"activity {event.activity_task_scheduled_event_attributes.activity_type.name}"
    if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED:
        marker = event.marker_recorded_event_attributes
        if marker.marker_name == _PATCH_MARKER:
            found = re.search(rb'"id"\s*:\s*"([^"]+)"', marker.details["patch-data"].payloads[0].data)
            return f"patch {found[1].decode() if found else '?'}"
        return f"marker {marker.marker_name}"
    return ""


# --- what the code asks for ------------------------------------------------------------------------------------------


@dataclass
class _Noting(WorkflowRunner):
    """Runs workflows as `inner` does and notes what they ask for."""

    inner: WorkflowRunner
    asked: list[Asked] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def prepare_workflow(self, defn: Any) -> None:
        self.inner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        self.inner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _NotedInstance(self.inner.create_instance(det), self)

    def note(self, done: WorkflowActivationCompletion) -> None:
        if done.HasField("failed"):
            self.faults.append(done.failed.failure.application_failure_info.type or "?")  # its text is sealed
        commands = list(done.successful.commands)
        started = {each.start_timer.seq for each in commands if each.HasField("start_timer")}
        # A timer that is set and silenced in one go never reaches the history.
        undone = started & {each.cancel_timer.seq for each in commands if each.HasField("cancel_timer")}
        for each in commands:
            variant = each.WhichOneof("variant")
            timer = each.start_timer.seq if variant == "start_timer" else each.cancel_timer.seq
            if variant in _EVENT_OF and not (variant in ("start_timer", "cancel_timer") and timer in undone):
                self.asked.append(Asked(_EVENT_OF[variant], _name_of_command(each)))


def _name_of_command(command: WorkflowCommand) -> str:
    if command.HasField("schedule_activity"):
        return f"activity {command.schedule_activity.activity_type}"
    if command.HasField("set_patch_marker"):
        return f"patch {command.set_patch_marker.patch_id}"
    if command.HasField("schedule_local_activity"):
        return "marker core_local_activity"
    return ""


@dataclass
class _NotedInstance(WorkflowInstance):
    inner: WorkflowInstance
    noting: _Noting

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        done = self.inner.activate(act)
        self.noting.note(done)
        return done

    def get_serialization_context(self, command_info: Any) -> Any:
        return self.inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        return self.inner.get_external_store_context(command_info)

    def get_info(self) -> Any:
        return self.inner.get_info()

    def get_thread_id(self) -> int | None:
        return self.inner.get_thread_id()
