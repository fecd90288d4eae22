"""The recorded act of acceptance 受理: accepted, returned for correction, or not accepted, each in writing."""

from __future__ import annotations

from docket import cases, commands
from models.enums import CommandKind, Department, State, Step
from rules.acceptance import Outcome, gate

from . import endings, letters
from .facts import gate_facts
from .paper import fault_lines
from .turn import Turn


def judge(turn: Turn) -> None:
    """Judge the present round of a submitted case; any other case stays as it is."""
    if turn.case.state is not State.SUBMITTED:
        return
    row = cases.rounds(turn.s, turn.case.id)[-1]
    command = turn.command or commands.opened(turn.s, row.command_id)
    if command is None:
        raise LookupError("a round without its command")
    outcome, checks = gate(turn.application, gate_facts(turn, command.officer), turn.deps.rulebook)
    cases.write_checks(turn.s, turn.case.id, turn.case.round, checks, outcome.value)
    duty = turn.deps.rulebook.office.duty_officer
    if outcome is Outcome.ACCEPTED:
        _accepted(turn)
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
    turn.change(rules_version=turn.deps.rulebook.version, calendar_version=turn.deps.calendar.version)
    if command.kind is CommandKind.START and command.receipt is None:
        said = "；".join([turn.case.state.label, *turn.notes])
        commands.write_receipt(turn.s, command.id, turn.at, None, f"{said} · {turn.case.state.gloss}")


def _accepted(turn: Turn) -> None:
    turn.open(Step.EXAMINE, Department.ESTABLISHMENT)
    turn.change(state=State.ACCEPTED.value)
    letters.acceptance_notice(turn, turn.case.current()[0].due_at)
