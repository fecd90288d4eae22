"""A toy procedure that uses everything Temporal keeps: input, signals, activities, failures, texts, timers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from models.decisions import Signal, StartCase


@activity.defn
def echo(text: str) -> str:
    return f"echo {text}"


@activity.defn
def fail(text: str) -> str:
    raise ApplicationError(f"cannot do {text}", text, type="ToyFault", non_retryable=True)


@workflow.defn(name="ToyCase")
class ToyCase:
    def __init__(self) -> None:
        self.seen: list[str] = []
        self.finish = False

    @workflow.signal(dynamic=True)
    def take(self, name: str, args: Sequence[RawValue]) -> None:
        try:
            signal = workflow.payload_converter().from_payload(args[0].payload, Signal)
        except Exception:
            self.seen.append("refused")
            return
        self.seen.append(f"{name}:{signal.decision_id}")
        self.finish = self.finish or name == "withdraw"

    @workflow.query
    def seen_so_far(self) -> list[str]:
        return self.seen

    @workflow.run
    async def run(self, case: StartCase) -> list[str]:
        await workflow.wait_condition(lambda: self.finish)
        return self.seen


@workflow.defn(name="ToyLeak")
class ToyLeak:
    """Puts one text everywhere a text can go."""

    def __init__(self) -> None:
        self.text = ""

    @workflow.signal
    def say(self, text: str) -> None:
        self.text = text

    @workflow.query
    def heard(self) -> str:
        return self.text

    @workflow.run
    async def run(self, secret: str) -> str:
        workflow.set_current_details(f"details {secret}")
        workflow.upsert_memo({"later": secret})
        await workflow.wait_condition(lambda: self.text != "")
        await workflow.sleep(timedelta(milliseconds=10), summary=f"timer {secret}")
        limit = timedelta(seconds=20)
        text = await workflow.execute_activity(echo, secret, start_to_close_timeout=limit, summary=f"activity {secret}")
        try:
            await workflow.execute_activity(
                fail, secret, start_to_close_timeout=limit, retry_policy=RetryPolicy(maximum_attempts=1)
            )
        except ActivityError as error:
            raise ApplicationError(f"{text}: {error.cause}", secret, type="ToyEnd") from error
        return text
