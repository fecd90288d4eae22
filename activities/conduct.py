"""What a procedure does at the moments that all procedures have: its entry in the table of `procedures`.

The shared machinery (receipts, admission, rounds, holds, reminders, the clock) calls these and knows no procedure.
Each runs inside the one transaction of its turn and answers a refusal, or None when done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from models.decisions import Decision, ExceptionalRequest, Extension, Report, Revocation, Withdrawal
from models.refusals import Refusal, RefusalCode

from .turn import Turn

Answer = Refusal | None


def _not_here(_turn: Turn, _body: object) -> Refusal:
    return Refusal.of(RefusalCode.NOTHING_TO_DO, "本程序没有这一事项")


def _nothing(_turn: Turn) -> datetime | None:
    return None


@dataclass(frozen=True, slots=True)
class Conduct:
    """`begin` judges a submitted round; `take` acts on an admitted decision; `ring` does what is due at `turn.at`
    and may ask to be woken again."""

    begin: Callable[[Turn], None]
    take: Callable[[Turn, Decision], Answer]
    withdraw: Callable[[Turn, Withdrawal], Answer] = _not_here
    revoke: Callable[[Turn, Revocation], Answer] = _not_here
    report: Callable[[Turn, Report], Answer] = _not_here
    extend: Callable[[Turn, Extension], Answer] | None = None
    request_exception: Callable[[Turn, ExceptionalRequest], Answer] = _not_here
    ring: Callable[[Turn], datetime | None] = _nothing
