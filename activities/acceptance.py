"""The recorded act of acceptance 受理: accepted, returned for correction, or not accepted, each in writing.

One act for every procedure that a unit applies for: the procedure hands in its checks and what follows acceptance.
"""

from __future__ import annotations

from collections.abc import Callable

from docket import cases, commands
from models.decisions import Officer
from models.docket import Check
from models.enums import CommandKind, State
from rules.acceptance import Outcome

from . import endings, letters
from .facts import pass_by_exception
from .paper import fault_lines
from .turn import Turn

Checks = Callable[[Turn, Officer], tuple[Outcome, list[Check]]]


def judge(turn: Turn, checks_of: Checks, accepted: Callable[[Turn], None]) -> None:
    """Judge the present round of a submitted case by its procedure's checks."""
    applicant = presented_by(turn)
    outcome, checks = checks_of(turn, applicant)
    cases.write_checks(turn.s, turn.case.id, turn.case.round, checks, outcome.value)
    duty = turn.deps.rulebook.office.duty_officer
    if outcome is Outcome.ACCEPTED:
        pass_by_exception(turn)
        accepted(turn)
    elif outcome is Outcome.RETURNED:
        endings.to_unit(turn, letters.GATE, "", fault_lines(turn, checks), duty)
    else:
        letters.refusal_notice(
            turn,
            letters.GATE,
            "",
            act="不予受理",
            acted_by=turn.deps.rulebook.office.name,
            faults=fault_lines(turn, checks),
            opinion="",
            by=duty,
        )
        endings.close(turn, State.NOT_ACCEPTED)


def presented_by(turn: Turn) -> Officer:
    """Who submitted the present round."""
    if turn.command is not None:
        return turn.command.officer
    row = cases.rounds(turn.s, turn.case.id)[-1]
    command = commands.opened(turn.s, row.command_id)
    if command is None:
        raise LookupError("a round without its command")
    return command.officer


def presented_by_unit(turn: Turn) -> Officer:
    """Who submitted the present round, also while another command is being judged."""
    outside = [row for row in cases.rounds(turn.s, turn.case.id) if not row.internal]
    command = commands.opened(turn.s, outside[-1].command_id)
    if command is None:
        raise LookupError("a round without its command")
    return command.officer


def receipt_of_start(turn: Turn) -> None:
    """The start's receipt says what the opening came to, with the versions of rules and calendar that were used."""
    turn.change(rules_version=turn.deps.rulebook.version, calendar_version=turn.deps.calendar.version)
    row = cases.rounds(turn.s, turn.case.id)[-1]
    command = turn.command or commands.opened(turn.s, row.command_id)
    if command is not None and command.kind is CommandKind.START and command.receipt is None:
        said = "；".join([turn.case.state.label, *turn.notes])
        commands.write_receipt(turn.s, command.id, turn.at, None, f"{said} · {turn.case.state.gloss}")
