"""Examples of the OpenAPI document; a test posts each of them. All names and codes are made up."""

from __future__ import annotations

from typing import Any

UNIT = "11990000000000001A"

APPLICATION: dict[str, Any] = {
    "unit": UNIT,
    "lines": [
        {
            "resource": "headcount:administrative",
            "number": 2,
            "way": "examination",
            "internal_body": "综合科",
            "reason": "补充业务人员",
        }
    ],
    "basis": {"meeting": "局党组会议〔2026〕第8次", "date": "2026-03-02"},
    "contact": "王敏 0000-8000000",
}

EXAMINE: dict[str, Any] = {
    "step": "examine",
    "round": 1,
    "verdict": "approve",
    "opinion": "有空余编制，拟同意。",
    "grants": [{"line": 1, "number": 1}],
}
ISSUE: dict[str, Any] = {"step": "issue", "round": 1, "verdict": "approve"}
PERSONS: dict[str, Any] = {
    "step": "approve-persons",
    "round": 1,
    "subject": "A20260001",
    "verdict": "approve",
    "reference_no": "示组干〔2026〕12号",
    "persons": [
        {
            "slot": "A20260001",
            "name": "示例",
            "sex": "female",
            "birth_date": "1990-01-01",
            "identity_no": "999999199001010000",
        }
    ],
}
RETURN: dict[str, Any] = {"step": "examine", "round": 1, "verdict": "return", "opinion": "请补充用编原因。"}


def named(**bodies: dict[str, Any]) -> dict[str, Any]:
    """`openapi_examples` of a body."""
    return {name: {"value": body} for name, body in bodies.items()}


DECISIONS = named(examine=EXAMINE, issue=ISSUE, persons=PERSONS, sent_back=RETURN)
HOLD: dict[str, Any] = {"reason": "等待上级批复", "second_officer": "officer-7"}
EXTENSION: dict[str, Any] = {"step": "examine", "working_days": 3, "reason": "需实地核实"}
