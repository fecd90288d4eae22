"""How a command is taken: committed first, then delivered, then watched for two seconds; never the other way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fastapi import Request, Response
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool

from docket import commands, substitutions, view
from models.decisions import CommandAnswer, Officer, Receipt
from models.enums import CommandKind
from models.failpoints import hit
from models.refusals import Refusal
from models.shape import Shape

from . import reading
from .courier import Messenger, watch
from .deps import Runtime
from .problems import ProblemError, no_substitution, not_found, of_refusal
from .shapes import Answered

T = TypeVar("T")


def messenger_of(request: Request) -> Messenger:
    messenger: Messenger = request.app.state.messenger
    return messenger


def once_more(write: Callable[[], T]) -> T:
    """Two requests with one key at the same moment: the later one meets the earlier one's row, and then finds it."""
    try:
        return write()
    except IntegrityError:
        return write()


async def carry(
    request: Request,
    answer: Response,
    runtime: Runtime,
    officer: Officer,
    case_id: str,
    kind: CommandKind,
    body: Shape,
    key: str,
) -> Answered:
    """Commit a command on a case; 200 with its receipt, or 202 while it waits to be delivered or judged."""
    taken = await run_in_threadpool(once_more, lambda: _commit(runtime, officer, case_id, kind, body, key))
    if taken.receipt is not None:
        return _answered(taken)
    hit("api.committed", key)
    if await messenger_of(request).deliver(case_id, commands.command_id(officer.id, key)):
        await watch(lambda: _receipt(runtime, officer, key), runtime.watch_seconds)
    taken = await run_in_threadpool(_now, runtime, officer, case_id, key)
    if taken.receipt is None:
        answer.status_code = 202
    return _answered(taken)


def _commit(
    runtime: Runtime, officer: Officer, case_id: str, kind: CommandKind, body: Shape, key: str
) -> CommandAnswer:
    with runtime.database.write() as s:
        if not view.may_see(s, case_id, officer):
            raise not_found()
        at = runtime.clock()
        if not substitutions.reaches(s, officer, reading.procedure_of(s, case_id), at):
            raise out_of_scope()
        taken = commands.submit(s, case_id, kind, body, officer, key, at)
    if taken is None:
        raise not_found()
    if isinstance(taken, Refusal):
        raise of_refusal(taken)
    return taken


def out_of_scope() -> ProblemError:
    return no_substitution("代行授权不包括该程序，或已终止 · the substitution does not reach this procedure")


def _now(runtime: Runtime, officer: Officer, case_id: str, key: str) -> CommandAnswer:
    """Receipt and state read in one transaction, so that they belong together."""
    with runtime.database.read() as s:
        return CommandAnswer(
            decision_id=key, receipt=commands.receipt(s, officer.id, key), state=reading.state_of(s, case_id)
        )


def _receipt(runtime: Runtime, officer: Officer, key: str) -> Receipt | None:
    with runtime.database.read() as s:
        return commands.receipt(s, officer.id, key)


def _answered(taken: CommandAnswer) -> Answered:
    return Answered(
        decision_id=taken.decision_id, receipt=taken.receipt, state=taken.state, state_label=taken.state.label
    )
