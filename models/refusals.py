"""Refusal codes: a refusal is a result with a code and the clause it rests on, never an exception.

A = 《加强机构编制违规违纪行为预防工作的意见》, B = 《关于推进和完善全省党政群机关机构编制实名制管理工作的通知》.
`docs/reference/refusals.md` is printed from this table (a test compares them).
"""

from __future__ import annotations

import re

from .enums import Labelled
from .shape import Shape


class RefusalCode(Labelled):
    NO_VACANCY = "no-vacancy", "无空余编制或职数", "no vacancy"
    CATEGORY_MISMATCH = "category-mismatch", "编制类别与单位性质不符", "category does not fit the unit"
    LEADER_POSTS_FULL = "leader-posts-full", "领导职数已满", "leader posts are full"
    UNIT_SUSPENDED = "unit-suspended", "单位已被暂停受理", "unit is suspended"
    REMOVAL_OVERDUE = "removal-overdue", "有逾期未报的减员", "a removal is overdue"
    UNIT_DATA_INVALID = "unit-data-invalid", "单位登记信息有误", "unit data are invalid"
    IDENTITY_INVALID = "identity-invalid", "身份证件号码有误", "identity number is invalid"
    ALREADY_POSTED = "already-posted", "该人员已在编", "person is already posted"
    NOT_POSTED = "not-posted", "该人员不在编", "person is not posted"
    NO_COLLECTIVE_DECISION = "no-collective-decision", "未经领导班子集体研究", "no collective decision"
    BEYOND_AUTHORITY = "beyond-authority", "超出本级权限", "beyond the local authority"
    INCOMPLETE = "incomplete", "材料不全", "incomplete"
    SLIP_EXPIRED = "slip-expired", "核定单已逾期", "slip has expired"
    SLIP_USED = "slip-used", "核定单编号已使用", "slot has been used"
    SLIP_REVOKED = "slip-revoked", "核定单已作废", "slip was revoked"
    OUTSIDE_SLIP = "outside-slip", "超出核定单范围", "outside the slip"
    NOT_YOUR_DEPARTMENT = "not-your-department", "不属于本部门办理", "not your department's step"
    NOT_YOUR_TURN = "not-your-turn", "尚未轮到该环节", "not yet your turn"
    STALE_ROUND = "stale-round", "该轮次已失效", "the round has passed"
    ALREADY_DECIDED = "already-decided", "该环节已作决定", "already decided"
    SELF_APPROVAL = "self-approval", "申请人不得审批", "applicant may not approve"
    TWO_ROLES = "two-roles", "一人不得兼任两个环节", "one officer, two roles"
    RECUSED = "recused", "已回避，不得办理", "recused from this case"
    UNAUTHENTICATED_DECISION = "unauthenticated-decision", "决定未经登记，不予采信", "decision without a committed row"
    MALFORMED = "malformed", "内容无法识别", "malformed"
    CLOSED = "closed", "事项已办结", "case is closed"
    HELD = "held", "事项暂缓办理中", "case is held"
    DUPLICATE = "duplicate", "重复申请", "duplicate application"
    KEY_REUSED = "key-reused", "同一编号内容不同", "key reused with other content"
    OPINION_REQUIRED = "opinion-required", "须填写意见", "opinion required"
    VERDICT_NOT_OPEN = "verdict-not-open", "该环节不能作此决定", "verdict is not open at this step"
    REFERENCE_REQUIRED = "reference-required", "须填写批准文号", "reference number required"
    NOTHING_TO_DO = "nothing-to-do", "没有可办理的内容", "nothing to act on"
    TOO_SOON = "too-soon", "催办过于频繁", "too soon"
    SECOND_OFFICER_REQUIRED = "second-officer-required", "须由第二名负责人确认", "second officer required"
    OVER_QUOTA = "over-quota", "超编（超职数）", "over quota"
    LEDGER_CONFLICT = "ledger-conflict", "台账状态不允许", "ledger state does not allow it"
    STILL_OCCUPIED = "still-occupied", "机构内仍有在编人员", "people are still in the unit"
    BELOW_STRENGTH = "below-strength", "核减后低于实有且未明确消化期", "below strength without an absorption term"
    BEFORE_DIFFERS = "before-differs", "调整前情况与登记不符", "`before` differs from the register"
    NOT_YET_HAPPENED = "not-yet-happened", "减员日期未到", "the event has not happened yet"
    PROBLEM_OPEN = "problem-open", "问题尚未全部销号", "a problem is still open"
    SAME_INSPECTOR = "same-inspector", "须由两名不同的检查人验收", "two different inspectors are needed"
    ALREADY_WARNED = "already-warned", "该单位该指标已有未办结的预警", "an open warning exists"
    NO_SUBSTITUTION = "no-substitution", "没有有效的代行授权", "no substitution in force"
    RETENTION_RUNNING = "retention-running", "保管期限未满", "the retention period has not ended"
    RECORD_DISPOSED = "record-disposed", "文件已销毁", "the record has been destroyed"


CLAUSES: dict[RefusalCode, str] = {
    RefusalCode.NO_VACANCY: "B 五.1（依核定单所载空余编制）",
    RefusalCode.CATEGORY_MISMATCH: "B 二.2（编制类别）",
    RefusalCode.LEADER_POSTS_FULL: "A 三（按职数配备干部）；B 五.1",
    RefusalCode.UNIT_SUSPENDED: "A 三（未整改到位的，原则上暂停受理）",
    RefusalCode.REMOVAL_OVERDUE: "B 五.2（减员须及时出编）",
    RefusalCode.UNIT_DATA_INVALID: "B 二.2（机构管理信息）",
    RefusalCode.IDENTITY_INVALID: "B 二.2（人员身份证号码）",
    RefusalCode.ALREADY_POSTED: "B 一.2（实有人员与编制相对应）",
    RefusalCode.NOT_POSTED: "B 五.2",
    RefusalCode.NO_COLLECTIVE_DECISION: "A 三（议事规则和审批程序）",
    RefusalCode.BEYOND_AUTHORITY: "A 三（杜绝超越权限）",
    RefusalCode.INCOMPLETE: "B 五.1",
    RefusalCode.SLIP_EXPIRED: "B 五.1（核定单有效期）",
    RefusalCode.SLIP_USED: "B 五.1",
    RefusalCode.SLIP_REVOKED: "B 五.1",
    RefusalCode.OUTSIDE_SLIP: "B 四.3（违反规定的不予落编）",
    RefusalCode.NOT_YOUR_DEPARTMENT: "B 四.1（各司其责）",
    RefusalCode.NOT_YOUR_TURN: "B 五.1（办理次序）",
    RefusalCode.STALE_ROUND: "A 三（审批程序）",
    RefusalCode.ALREADY_DECIDED: "A 三（审批程序）",
    RefusalCode.SELF_APPROVAL: "A 三（权力制约）",
    RefusalCode.TWO_ROLES: "A 三（权力制约）",
    RefusalCode.RECUSED: "A 三（权力制约）",
    RefusalCode.UNAUTHENTICATED_DECISION: "A 三（审批程序）",
    RefusalCode.MALFORMED: "A 三（审批程序）",
    RefusalCode.CLOSED: "A 三（审批程序）",
    RefusalCode.HELD: "A 三（审批程序）",
    RefusalCode.DUPLICATE: "B 三.2（使用核准）",
    RefusalCode.KEY_REUSED: "A 三（审批程序）",
    RefusalCode.OPINION_REQUIRED: "A 三（审批程序）",
    RefusalCode.VERDICT_NOT_OPEN: "A 三（审批程序）",
    RefusalCode.REFERENCE_REQUIRED: "B 五.1（组织、人事部门批准手续）",
    RefusalCode.NOTHING_TO_DO: "A 三（审批程序）",
    RefusalCode.TOO_SOON: "A 三（审批程序）",
    RefusalCode.SECOND_OFFICER_REQUIRED: "A 三（权力制约）",
    RefusalCode.OVER_QUOTA: "A 三；B 四.3",
    RefusalCode.LEDGER_CONFLICT: "B 三.2",
    RefusalCode.STILL_OCCUPIED: "B 一.2（实有人员与编制相对应）",
    RefusalCode.BELOW_STRENGTH: "B 一.2（实有人员与编制相对应）",
    RefusalCode.BEFORE_DIFFERS: "B 二.2（机构管理信息）",
    RefusalCode.NOT_YET_HAPPENED: "B 五.2",
    RefusalCode.PROBLEM_OPEN: "A 三（未整改到位的，原则上暂停受理）",
    RefusalCode.SAME_INSPECTOR: "A 三（权力制约）",
    RefusalCode.ALREADY_WARNED: "A 四（监测预警机制）",
    RefusalCode.NO_SUBSTITUTION: "A 三（议事规则和审批程序）",
    RefusalCode.RETENTION_RUNNING: "国家档案局令8号（保管期限）",
    RefusalCode.RECORD_DISPOSED: "国家档案局令8号（保管期限）",
}


NOTICES = {
    "A": "《加强机构编制违规违纪行为预防工作的意见》",
    "B": "《关于推进和完善全省党政群机关机构编制实名制管理工作的通知》",
}
ORDERS = {"国家档案局令8号": "《机关文件材料归档范围和保管期限规定》（国家档案局令第8号）"}
"""Rules outside the two notices, by the name that the clauses give them."""

_PLACE = re.compile(r"([AB]) ([一二三四五六])(?:\.([0-9]))?(?:（[^）]*）)?")
_ITEMS = "零一二三四五六七八九"


def cited(clause: str) -> str:
    """A clause as a letter cites it: `B 五.1（…）` → 《关于推进…的通知》第五部分第一项; an order by its whole name."""
    places = [name for order, name in ORDERS.items() if clause.startswith(order)]
    places += [
        NOTICES[source] + f"第{part}部分" + (f"第{_ITEMS[int(item)]}项" if item else "")
        for source, part, item in _PLACE.findall(clause)
    ]
    return "、".join(places)


class Refusal(Shape):
    """A business answer "no": code, clause and a sentence in Chinese then English."""

    code: RefusalCode
    clause: str
    message: str

    @classmethod
    def of(cls, code: RefusalCode, detail: str = "") -> Refusal:
        """The refusal of a code with its clause; `detail` is Chinese text put after the label."""
        message = f"{code.label}：{detail}" if detail else code.label
        return cls(code=code, clause=CLAUSES[code], message=f"{message} · {code.gloss}")
