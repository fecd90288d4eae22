"""One staffing-up from examination to the last acknowledgement: its commands, and where they lead without Temporal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.decisions import Decision, Officer
from models.enums import CommandKind
from models.shape import Shape
from rules.deadlines import local_day
from tests.support.office import EXAMINER, FINANCE, INSURANCE, ISSUER, ORGANISATION, REGISTRAR, Office, person

Command = tuple[CommandKind, Shape, Officer]


def _decision(step: str, by: Officer, verdict: str = "approve", **more: Any) -> Command:
    body = Decision.model_validate({"step": step, "round": 1, "verdict": verdict} | more)
    return CommandKind.DECIDE, body, by


def straight() -> list[Command]:
    """Every decision of a new member of staff; the first slot of a year has a known code."""
    slot = f"N{local_day(datetime.now(UTC)).year}00001"
    named = {"subject": slot, "persons": [person(slot, 300)], "reference_no": "示组任〔2026〕5号"}
    return [
        _decision("examine", EXAMINER),
        _decision("issue", ISSUER),
        _decision("approve-persons", ORGANISATION, **named),
        _decision("enter", REGISTRAR, subject=slot),
        _decision("finance", FINANCE, "acknowledge", subject=slot),
        _decision("social-insurance", INSURANCE, "acknowledge", subject=slot),
    ]


def in_order(folder: Path, commands: list[Command], end_of: Callable[[Office, str], dict[str, Any]]) -> dict[str, Any]:
    """What `end_of` says of the case after the same commands, straight through the activities."""
    folder.mkdir()
    office = Office(folder, now=datetime.now(UTC))
    case_id = office.opened()
    for command in commands:
        office.accepted(office.order(case_id, *command))
    found = end_of(office, case_id)
    office.database.close()
    return found
