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
REMOVAL: dict[str, Any] = {
    "unit": UNIT,
    "persons": [
        {"person": "P-0001", "reason": "retirement", "event_date": "2026-02-27", "proof_no": "示退〔2026〕3号"}
    ],
    "contact": "王敏 0000-8000000",
}
CHANGE: dict[str, Any] = {
    "unit": UNIT,
    "kind": "internal-bodies",
    "title": "关于调整内设机构的请示",
    "request_no": "示档〔2026〕18号",
    "justification": {
        "party_leadership": "有利于加强党对档案工作的领导。",
        "lawfulness": "符合《档案法》和本局职能配置规定。",
        "development": "不增加经费，适应数字化需要。",
        "soundness": "已先行挖潜，内部调剂仍不能满足。",
        "risks": "过渡期内业务交接，已作安排。",
    },
    "changes": [
        {
            "kind": "internal-bodies",
            "unit": UNIT,
            "before": {"name": "综合科"},
            "after": {"name": "综合与数字档案科", "chief_posts": 1},
        }
    ],
    "basis": {"meeting": "局党组会议〔2026〕第9次", "date": "2026-03-02"},
    "contact": "王敏 0000-8000000",
}
RECTIFICATION: dict[str, Any] = {
    "unit": UNIT,
    "problems": [
        {
            "no": "1",
            "kind": "超职数配备",
            "facts": "内设机构副职超配1名。",
            "source": "audit",
            "clause": "A 三",
            "measure": "三个月内调整到位。",
            "due": "2026-06-01",
        }
    ],
}
WARNING: dict[str, Any] = {
    "unit": UNIT,
    "indicator": "public-event",
    "value": "1起",
    "threshold": "0起",
    "facts": "媒体反映有人长期不在岗。",
    "level": "remind",
}
REPORT: dict[str, Any] = {
    "items": [{"no": "1", "done": True, "text": "已免去1名副职。", "evidence": "示组任〔2026〕21号"}]
}
EXCEPTION: dict[str, Any] = {
    "scope": {
        "procedures": ["staffing-up"],
        "resources": ["headcount:administrative"],
        "matter": "安置军队转业干部1名",
    },
    "reason": "上级下达的安置任务有期限。",
    "risk": "不影响整改事项。",
    "until": "2026-05-29",
}
COMMENT: dict[str, Any] = {"text": "请一并核对上年度的空余数。", "to_unit": False}
COPY: dict[str, Any] = {"departments": ["finance", "social-insurance"], "note": "请知悉。"}
SUBSTITUTION: dict[str, Any] = {
    "substitute": "examiner",
    "from_on": "2026-03-09",
    "until_on": "2026-03-13",
    "procedures": ["staffing-up"],
    "reason": "出差",
}
RECORD_HOLD: dict[str, Any] = {"scope": "case", "reason": "巡察组调阅", "basis": "示巡函〔2036〕3号"}
LIFTING: dict[str, Any] = {"reason": "巡察结束，档案已归还"}
DISPOSAL: dict[str, Any] = {"due_before": "2026-01-01", "reason": "经鉴定，期限届满，没有继续保存的价值"}
STRIKE: dict[str, Any] = {"record_id": "0f3c5d3e9b7a4c1d8e2f6a5b4c3d2e1f", "reason": "仍有参考价值"}
DISPOSAL_DECISION: dict[str, Any] = {
    "verdict": "approve",
    "opinion": "同意按清册销毁",
    "reference_no": "示编办纪〔2037〕1号",
}
RETURN: dict[str, Any] = {"step": "examine", "round": 1, "verdict": "return", "opinion": "请补充用编原因。"}


def named(**bodies: dict[str, Any]) -> dict[str, Any]:
    """`openapi_examples` of a body."""
    return {name: {"value": body} for name, body in bodies.items()}


DECISIONS = named(examine=EXAMINE, issue=ISSUE, persons=PERSONS, sent_back=RETURN)
HOLD: dict[str, Any] = {"reason": "等待上级批复", "second_officer": "officer-7"}
EXTENSION: dict[str, Any] = {"step": "examine", "working_days": 3, "reason": "需实地核实"}

OFFICER = {"login": "chenxm", "name": "陈晓明", "department": "establishment"}
RECUSAL = {"reason": "与拟进入人员系近亲属"}
OFFICER_CHANGE = {"name": "陈晓鸣"}
ROLES = {"roles": ["examiner"], "reason": "编办〔2026〕5号分工"}
ACTIVITY = {"active": False, "reason": "调离"}
PASSWORD = {"password": "correct horse battery staple"}  # an example that nobody uses
