"""Applications of every procedure, as short as they can be."""

from __future__ import annotations

from sqlmodel import select

from models.applications import (
    EstablishmentChangeApplication,
    RectificationApplication,
    RemovingStaffApplication,
    WarningApplication,
)
from models.register import Person
from tests.support.office import RESEARCH, Office


def people(office: Office) -> list[str]:
    """References of who stands in the register, in the order of their names."""
    with office.database.read() as s:
        return [row.ref for row in sorted(s.exec(select(Person)).all(), key=lambda row: row.name)]


def leaving(*persons: str) -> RemovingStaffApplication:
    return RemovingStaffApplication.model_validate(
        {
            "unit": RESEARCH,
            "persons": [
                {"person": ref, "reason": "retirement", "event_date": "2026-02-27", "proof_no": "示退〔2026〕3号"}
                for ref in persons
            ],
            "contact": "王敏 0000-8000000",
        }
    )


def change(after: int = 3) -> EstablishmentChangeApplication:
    points = ("party_leadership", "lawfulness", "development", "soundness", "risks")
    posts = {"kind": "posts", "unit": RESEARCH, "resource": "post:internal-deputy", "before": 2, "after": after}
    return EstablishmentChangeApplication.model_validate(
        {
            "unit": RESEARCH,
            "kind": "posts",
            "title": "关于增加内设机构副职职数的请示",
            "request_no": "示发研〔2026〕18号",
            "justification": dict.fromkeys(points, "已论证。"),
            "changes": [posts],
            "basis": {"meeting": "局党组会议", "date": "2026-02-25"},
            "contact": "王敏 0000-8000000",
        }
    )


def problems() -> RectificationApplication:
    problem = {"no": "1", "kind": "擅自加挂牌子", "facts": "门前另挂一牌", "source": "12310", "measure": "摘除"}
    return RectificationApplication.model_validate({"unit": RESEARCH, "problems": [problem | {"due": "2026-04-01"}]})


def warning(level: str) -> WarningApplication:
    body = {"unit": RESEARCH, "indicator": "public-event", "facts": "媒体反映有人长期不在岗。", "level": level}
    return WarningApplication.model_validate(body)
