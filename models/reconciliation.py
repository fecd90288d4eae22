"""What a reconciliation finds: where ledger, cases, outbox, records and Temporal do not say the same (P15)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime

from .enums import Labelled
from .shape import Shape


class DifferenceKind(Labelled):
    """One kind of disagreement between two of the stores."""

    UNDELIVERED = "undelivered", "命令迟迟没有送达流程引擎", "a command that does not reach Temporal"
    UNJUDGED = "unjudged", "命令已送达而没有回执", "a delivered command without a receipt"
    NO_WORKFLOW = "no-workflow", "在办事项没有流程", "an open case without a workflow"
    ENDED_EARLY = "ended-early", "流程已结束而事项没有办结", "a workflow that ended before its case"
    RUNS_ON = "runs-on", "事项已办结而流程仍在运行", "a workflow that runs on after its case"
    UNKNOWN_CASE = "unknown-case", "流程引擎中有登记簿没有的事项", "a case that only Temporal knows"
    BALANCE = "balance", "余额、编号或占编与台账不符", "balances, slots or occupancies unlike the journal"
    ROW_WITHOUT_CASE = "row-without-case", "台账行没有对应的事项", "a journal row of no known case"
    OPEN_SLOT = "open-slot", "事项已办结而编号仍在途", "an open slot of a case that has ended"
    SLOT_UNLIKE_LEDGER = "slot-unlike-ledger", "编号的状态与台账不符", "a slot unlike its journal row"
    UNFILED = "unfiled", "文件已编号而没有归档", "a numbered document that was not filed"
    MISSING_FILE = "missing-file", "存档文件缺失", "a filed document that is not in the store"
    STRAY_FILE = "stray-file", "存档中有登记簿没有的文件", "a stored file that no register names"
    NUMBER_GAP = "number-gap", "文号缺失", "a number that is missing from its series"
    LOG_BEHIND = "log-behind", "存证日志没有按时追加", "the transparency log is behind"


TOLD_BY_TEMPORAL = frozenset(
    {DifferenceKind.NO_WORKFLOW, DifferenceKind.ENDED_EARLY, DifferenceKind.RUNS_ON, DifferenceKind.UNKNOWN_CASE}
)
"""What cannot be seen without asking it: found once, it stands until Temporal is asked again."""

ADVICE: dict[DifferenceKind, str] = {
    DifferenceKind.UNDELIVERED: "查看流程引擎是否在运行；恢复后自动送达 · see whether Temporal runs",
    DifferenceKind.UNJUDGED: "查看办理进程是否在运行；已安排重新送达 · see whether a worker runs",
    DifferenceKind.NO_WORKFLOW: "已安排重新启动流程，不改变任何登记 · the workflow is started again; no row changes",
    DifferenceKind.ENDED_EARLY: "登记簿可能是旧副本：与备份和纸质公文核对 · an older register? compare",
    DifferenceKind.RUNS_ON: "已通知该流程核对登记簿后结束 · the workflow was told to look and end",
    DifferenceKind.UNKNOWN_CASE: "登记簿可能是旧副本，或另一系统在用同一命名空间 · an older register?",
    DifferenceKind.BALANCE: "停止办理该账户，运行 dingbian verify，查明后冲正 · stop, verify, correct",
    DifferenceKind.ROW_WITHOUT_CASE: "运行 dingbian verify，与备份核对 · verify, and compare with a backup",
    DifferenceKind.OPEN_SLOT: "由编办作废该核定单 · have the slip revoked",
    DifferenceKind.SLOT_UNLIKE_LEDGER: "运行 dingbian verify，与备份核对 · verify, and compare with a backup",
    DifferenceKind.UNFILED: "查看该文件的原因（模板、存储、密钥），修好后五分钟内自动归档，再核对一次则立即归档 · "
    "mend what it says; it is filed within five minutes, or at once by another reconciliation",
    DifferenceKind.MISSING_FILE: "从备份恢复该文件 · restore the file from a backup",
    DifferenceKind.STRAY_FILE: "登记簿可能是旧副本；文件不要删除 · an older register? keep it",
    DifferenceKind.NUMBER_GAP: "运行 dingbian verify，与备份核对 · verify, and compare with a backup",
    DifferenceKind.LOG_BEHIND: "查看定时任务 dingbian-log，或运行 dingbian anchor · see the schedule",
}
"""What a person does about it. A reconciliation itself only delivers again; it never guesses."""


class Difference(Shape):
    """One disagreement. `where` names it as officials do (case number, document number, slot, account), never an id
    without a meaning; `case_id` leads to the page; `repair` says what was done, empty when a person must."""

    kind: DifferenceKind
    where: str
    detail: str = ""
    case_id: str | None = None
    since: AwareDatetime | None = None
    repair: str = ""


class ReconcileRun(Shape):
    """Input of the activity: the workflow time of the run."""

    at: AwareDatetime


class Reconciled(Shape):
    """What one run came to. `engine` is False when Temporal could not be asked; what it told at `asked_at` and waits
    for a person is then told once more, because a silent engine has mended nothing. `differences` is cut to the first
    ones; `counts` is whole, and `waiting` counts those that a person must see to."""

    at: AwareDatetime
    engine: bool = True
    asked_at: AwareDatetime | None = None
    looked_at: dict[str, int] = {}
    counts: dict[DifferenceKind, int] = {}
    waiting: dict[DifferenceKind, int] = {}
    differences: list[Difference] = []

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def left(self) -> int:
        """Differences that wait for a person."""
        return sum(self.waiting.values())

    @property
    def repaired(self) -> int:
        return self.total - self.left


class Standing(StrEnum):
    """Where the workflow of a case stands in Temporal, by `describe`."""

    RUNNING = "running"
    COMPLETED = "completed"
    STOPPED = "stopped"
    """Terminated, cancelled, failed or timed out: it did not end its case and may be started again."""
    UNKNOWN = "unknown"
