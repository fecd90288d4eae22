"""出编申请 (domain.md §4.4)."""

from __future__ import annotations

from models.enums import ExitReason, Procedure

from .base import COMMON, EVERYWHERE, Form
from .typed import Typed


def asks(name: str, typed: Typed) -> bool | None:
    """Where somebody goes is asked of those who transfer."""
    row, _dot, leaf = name.rpartition(".")
    return typed.get(f"{row}.reason") == ExitReason.TRANSFER.value if leaf == "destination" else None


REMOVING_STAFF = Form(
    procedure=Procedure.REMOVING_STAFF,
    template="console/apply_removal.html",
    groups={"persons": 50, "attachments": 20},
    labels={name: text for name, text in COMMON.items() if not name.startswith("basis")}
    | {
        "persons": "出编人员",
        "persons.person": "人员",
        "persons.reason": "出编原因",
        "persons.event_date": "减员日期",
        "persons.proof_no": "证明材料文号",
        "persons.destination": "调往何处",
    },
    needed=frozenset(
        {
            "unit",
            "persons.person",
            "persons.reason",
            "persons.event_date",
            "persons.proof_no",
            "contact",
            "attachments.title",
            "attachments.digest",
        }
    ),
    places=(
        *EVERYWHERE,
        (r"^第(\d+)人未填写证明", "persons.#.proof_no"),
        (r"^第(\d+)人调出，未填写去向", "persons.#.destination"),
        (r"^第(\d+)人减员日期", "persons.#.event_date"),
        (r"^第(\d+)人未担任", "persons.#.reason"),
        (r"^第(\d+)人", "persons.#.person"),
    ),
    asks=asks,
)
