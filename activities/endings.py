"""What ends or turns aside a case of any procedure: return, rejection, a new round, hold, the end (procedures.md,
shared part)."""

from __future__ import annotations

from docket import cases, commands
from models.applications import AnyApplication
from models.decisions import Decision
from models.documents import FaultLine
from models.enums import State, Step, Verdict
from models.refusals import Refusal
from rules.deadlines import add_working_days, end_of_day, provisional

from . import letters
from .paper import department_name
from .turn import Turn

# --- decided against -------------------------------------------------------------------------------------------


def turned_down(turn: Turn, decision: Decision) -> Refusal | None:
    """Reject or return at examination or issue, before anything was reserved."""
    turn.finish(decision)
    if decision.verdict is Verdict.RETURN:
        back_to_unit(turn, decision)
    else:
        refuse(turn, decision)
        close(turn, State.REJECTED)
    return None


def refuse(turn: Turn, decision: Decision, part: str = "") -> None:
    """A rejection at any step issues the refusal notice, of the whole or of a `part`."""
    letters.refusal_notice(
        turn,
        decision.step,
        decision.subject,
        act="不予批准",
        acted_by=department_name(turn, turn.officer.department),
        faults=[],
        opinion=decision.opinion or "",
        by=turn.officer.shown,
        part=part,
    )


def back_to_unit(turn: Turn, decision: Decision) -> None:
    """Return for correction: the round's votes stay as history and are void; the clock waits for the unit."""
    fault = FaultLine(label=f"{Step(decision.step).label}意见", detail=decision.opinion or "", clause="")
    to_unit(turn, decision.step, decision.subject, [fault], turn.officer.shown)


def to_unit(turn: Turn, step: str, subject: str, faults: list[FaultLine], by: str) -> None:
    """State `returned`, with the correction notice and the day by which the unit should answer."""
    days = turn.deps.rulebook.deadlines.correction
    calendar = turn.deps.calendar
    last = add_working_days(turn.today, days, calendar)
    reply_by = end_of_day(last)
    turn.void(done_too=True)
    letters.correction_notice(turn, step, subject, faults, reply_by, by)
    turn.change(
        state=State.RETURNED.value,
        correction_due_at=reply_by,
        correction_from=turn.today,
        correction_calendar=calendar.version,
        correction_provisional=provisional(turn.today, last, calendar),
    )


def next_round(turn: Turn, application: AnyApplication, *, internal: bool = False) -> None:
    """Open round n+1; `internal` keeps the application and only asks the examiner again."""
    if turn.command is None:
        raise LookupError("a round is opened by a command")
    turn.void(done_too=True)
    number = turn.case.round + 1
    body = application.model_dump(mode="json", exclude_none=True)
    commands.add_round(turn.s, turn.case.id, number, turn.command.id, turn.officer, turn.at, body, internal=internal)
    turn.change(round=number, correction_due_at=None)


def go_on(turn: Turn, state: State) -> None:
    """The new state, or for a held case the one to go back to: nothing but its release ends a hold."""
    if turn.case.state is State.HELD:
        turn.change(held_from=state.value)
    else:
        turn.change(state=state.value)


def close(turn: Turn, state: State) -> None:
    """The end of the case: nothing waits any more."""
    turn.void()
    turn.change(
        state=state.value, closed_at=turn.at, correction_due_at=None, held_from=None, held_reason=None, alarm_at=None
    )


# --- hold ----------------------------------------------------------------------------------------------------------


def hold(turn: Turn, held_from: str, reason: str) -> None:
    """`held_from` is the state to go back to, or `suspension` when another procedure will lift it."""
    turn.change(state=State.HELD.value, held_from=held_from, held_reason=reason, held_at=turn.at)


def resume(turn: Turn) -> None:
    """Go on where the case stood, with the working days that the hold took given back."""
    before = turn.case.row.held_from
    since = turn.case.row.held_at
    cases.shift_deadlines(turn.s, turn.case, since, turn.at, turn.deps.office)
    turn.touched()
    state = State.IN_PROGRESS.value if before == "suspension" else before
    turn.change(state=state, held_from=None, held_reason=None, held_at=None)
