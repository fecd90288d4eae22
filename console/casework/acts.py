"""What each decision is called on its button, and what it brings about, said before it is confirmed."""

from __future__ import annotations

from models.docket import Docket, SlotView
from models.enums import Procedure, Resource, Step, Verdict
from models.particulars import Particulars
from models.rulebook import Rulebook

from ..words import _, label

VERDICTS = (Verdict.APPROVE, Verdict.ACKNOWLEDGE, Verdict.DEFER, Verdict.RETURN, Verdict.REJECT)
"""In the order of the buttons."""


def verb(procedure: Procedure, step: Step, verdict: Verdict) -> str:
    """The act in the words of the trade; the verdict's own name where the step has no better one."""
    return _verbs(procedure).get((step, verdict)) or label(verdict)


def _verbs(procedure: Procedure) -> dict[tuple[Step, Verdict], str]:
    yes, no = Verdict.APPROVE, Verdict.REJECT
    shared = {
        (Step.EXAMINE, yes): _("审核同意"),
        (Step.ISSUE, yes): _("签发核定单"),
        (Step.ISSUE, no): _("不予核发"),
        (Step.APPROVE_PERSONS, yes): _("批准人员"),
        (Step.APPROVE_EXIT, yes): _("批准出编"),
        (Step.ENTER, yes): _("准予落编"),
        (Step.ENTER, no): _("不予落编"),
        (Step.EXIT, yes): _("准予出编"),
        (Step.EXIT, no): _("不予出编"),
        (Step.CONSULT_ORGANISATION, no): _("有异议"),
        (Step.CONSULT_PERSONNEL, no): _("有异议"),
        (Step.CONSULT_FINANCE, no): _("有异议"),
        (Step.DECIDE, yes): _("审议通过"),
        (Step.DECIDE, no): _("不予批准"),
        (Step.SIGN, yes): _("签发批复"),
        (Step.OPEN, yes): _("立账"),
        (Step.EXTEND, yes): _("同意延期"),
        (Step.EXTEND, no): _("不同意延期"),
        (Step.WARN, yes): _("签发警示函"),
        (Step.WARN, no): _("不发警示函"),
        (Step.PROPOSE_SUSPENSION, yes): _("建议暂停受理"),
        (Step.PROPOSE_SUSPENSION, no): _("建议不暂停"),
        (Step.SUSPEND, yes): _("决定暂停受理"),
        (Step.SUSPEND, no): _("决定不暂停"),
        (Step.EXCEPTIONAL_ACCEPTANCE, yes): _("同意例外受理"),
        (Step.EXCEPTIONAL_ACCEPTANCE, no): _("不同意例外受理"),
        (Step.SITE_CHECK, yes): _("验收合格"),
        (Step.SITE_CHECK, no): _("验收不合格"),
        (Step.PROPOSE_LIFTING, yes): _("建议恢复受理"),
        (Step.PROPOSE_LIFTING, no): _("建议不恢复"),
        (Step.LIFT, yes): _("决定恢复受理"),
        (Step.LIFT, no): _("不予恢复"),
        (Step.REMIND, yes): _("登记电话提醒"),
        (Step.REMIND, no): _("无须提醒"),
        (Step.INSPECT, yes): _("决定实地督查"),
        (Step.INSPECT, no): _("无须督查"),
        (Step.INSPECTION_REPORT, yes): _("提交督查报告"),
        (Step.REVIEW, yes): _("答复可以，办结"),
        (Step.REVIEW, no): _("提请下一级预警"),
    }
    if procedure is Procedure.EARLY_WARNING:
        shared[Step.WARN, no] = _("无须警示")
    return shared


def consequence(
    docket: Docket, step: Step, subject: str, verdict: Verdict, settled: list[Particulars], rules: Rulebook
) -> str:
    """What happens when this is confirmed. Chinese sentences without a full stop; the reader's language."""
    if verdict is Verdict.RETURN:
        return _returned(docket, step)
    if verdict is Verdict.DEFER:
        return _("事项留在本机关，%(n)d个工作日内再行审议") % {"n": rules.change.defer_days}
    if step is Step.ISSUE and verdict is Verdict.APPROVE:
        return _slip(docket, settled, rules)
    told = _told(docket, rules).get((step, verdict))
    if told is None:
        return _("登记后不能撤销，下一环节随即开始")
    return told % {"slot": _slot_named(docket, subject), "subject": subject}


def _returned(docket: Docket, step: Step) -> str:
    days = _("申请方须补正后重新报送，已作的决定在新一轮中失效")
    if docket.slip is not None and step in (Step.APPROVE_PERSONS, Step.APPROVE_EXIT, Step.ENTER):
        return _("核定单作废，占用的编制退还，事项退回申请方补正")
    return days


def _slip(docket: Docket, settled: list[Particulars], rules: Rulebook) -> str:
    counted = granted(docket, settled)
    what = _("、").join(
        _("%(resource)s%(n)d名") % {"resource": label(resource), "n": n} for resource, n in counted.items() if n
    )
    return _("核发核定单，占用%(what)s，有效期%(months)d个月；逾期未落编的自动失效、退还编制") % {
        "what": what or _("所核编制"),
        "months": rules.slip.validity_months,
    }


def granted(docket: Docket, settled: list[Particulars]) -> dict[Resource, int]:
    """Resource → posts that the examiner proposes in the present round; without an examination what was asked for."""
    named = granted_lines(docket, settled) or {}
    lines = docket.rounds[-1].application.get("lines") if docket.rounds else None
    counted: dict[Resource, int] = {}
    for number, line in enumerate(lines if isinstance(lines, list) else [], 1):
        resource = Resource(line["resource"])
        counted[resource] = counted.get(resource, 0) + named.get(number, line["number"])
    return counted


def granted_lines(docket: Docket, settled: list[Particulars]) -> dict[int, int] | None:
    """Line → the examiner's number of the present round; None before the examination."""
    examined = [
        step
        for step in docket.steps
        if step.step == Step.EXAMINE and step.round == docket.round and step.verdict is Verdict.APPROVE
    ]
    if not examined:
        return None
    for each in settled:
        if each.step == Step.EXAMINE and each.round == docket.round:
            return {grant.line: grant.number for grant in each.grants or []}
    return {}


def slot_of(docket: Docket, subject: str) -> SlotView | None:
    slots = docket.slip.slots if docket.slip is not None else []
    return next((slot for slot in slots if slot.code == subject), None)


def _slot_named(docket: Docket, subject: str) -> str:
    slot = slot_of(docket, subject)
    if slot is not None:
        return f"{label(slot.resource)} {subject}" + (f" · {slot.person}" if slot.person else "")
    leaver = next((each for each in docket.leavers if each.subject == subject), None)
    return leaver.name if leaver is not None else subject


def _told(docket: Docket, rules: Rulebook) -> dict[tuple[Step, Verdict], str]:
    yes, no, done = Verdict.APPROVE, Verdict.REJECT, Verdict.ACKNOWLEDGE
    shared = {
        (Step.ISSUE, no): _("事项以不予批准结束，不占用编制"),
        (Step.APPROVE_PERSONS, yes): _("%(slot)s确定为所填人员，转编办落编；在本地区另一单位在编的，先办出编"),
        (Step.APPROVE_PERSONS, no): _("%(slot)s不予批准，该编号作废、退还编制"),
        (Step.APPROVE_EXIT, yes): _("同意%(slot)s从原单位出编，转编办办理"),
        (Step.APPROVE_EXIT, no): _("%(slot)s不予批准，不再办理"),
        (Step.ENTER, yes): _("%(slot)s记入实名制台账，开具入编通知单，转财政、社保办理"),
        (Step.ENTER, no): _("%(slot)s不予落编，该编号作废、退还编制"),
        (Step.EXIT, yes): _("%(slot)s从实名制台账出编，空出的编制职数随即可用，转财政、社保办理"),
        (Step.EXIT, no): _("%(slot)s不予出编，仍在编"),
        (Step.FINANCE, done): _("登记已按登记页办理经费"),
        (Step.SOCIAL_INSURANCE, done): _("登记已办理社会保险"),
        (Step.PAY, done): _("登记已核定工资"),
        (Step.DECIDE, yes): _("按所填会议纪要批准，转编办签发批复"),
        (Step.DECIDE, no): _("事项以不予批准结束"),
        (Step.SIGN, yes): _("印发批复，机构编制登记和台账随即按批准的内容改变"),
        (Step.EXTEND, yes): _("整改期限按申请的工作日延长"),
        (Step.EXTEND, no): _("整改期限不变"),
        (Step.SUSPEND, yes): _("印发《暂停受理通知书》，抄送组织、人社、财政；整改到位并决定恢复前不受理该单位申请"),
        (Step.SUSPEND, no): _("受理关口随即恢复，整改继续进行"),
        (Step.EXCEPTIONAL_ACCEPTANCE, yes): _("在申请的范围、件数和期限内例外受理，印发审批表"),
        (Step.EXCEPTIONAL_ACCEPTANCE, no): _("不作例外受理，受理关口仍然关闭"),
        (Step.SITE_CHECK, yes): _("登记您的验收意见；两名检查人都认为合格的，该问题销号"),
        (Step.SITE_CHECK, no): _("该问题继续挂号，单位须在新的期限内再报"),
        (Step.PROPOSE_LIFTING, yes): _("报有权机关决定是否恢复受理"),
        (Step.PROPOSE_LIFTING, no): _("您的意见报有权机关决定"),
        (Step.LIFT, yes): _("印发《恢复受理通知书》，受理关口恢复，整改事项结束"),
        (Step.LIFT, no): _("受理关口仍然关闭，由编办另行提出意见"),
        (Step.REMIND, yes): _("开具电话提醒记录单，单位须在期限内答复"),
        (Step.INSPECT, yes): _("印发《实地督查通知》，按所定日期督查"),
        (Step.INSPECTION_REPORT, yes): _("督查报告归档；填了问题的移交整改，没有问题的预警办结"),
        (Step.REVIEW, yes): _("预警办结"),
        (Step.REVIEW, no): _("提请负责人决定下一级预警"),
    }
    for step in (Step.CONSULT_ORGANISATION, Step.CONSULT_PERSONNEL, Step.CONSULT_FINANCE):
        shared[step, yes] = _("登记会签同意；三家会签齐备后报请审议")
        shared[step, no] = _("异议随件报送审议，不终止事项")
    return shared | _by_procedure(docket, rules)


def _by_procedure(docket: Docket, rules: Rulebook) -> dict[tuple[Step, Verdict], str]:
    yes, no, done = Verdict.APPROVE, Verdict.REJECT, Verdict.ACKNOWLEDGE
    if docket.procedure is Procedure.EARLY_WARNING:
        ended = _("预警以“无须处理”办结，不通知单位")
        return {
            (Step.WARN, yes): _("印发《书面警示函》，单位须在期限内书面答复"),
            (Step.WARN, no): ended,
            (Step.REMIND, no): ended,
            (Step.INSPECT, no): ended,
        }
    if docket.procedure is Procedure.RECTIFICATION:
        return {
            (Step.WARN, yes): _("印发《书面警示函》；受理关口仍然关闭，转监督检查岗提出意见"),
            (Step.WARN, no): _("不发警示函；受理关口仍然关闭，转监督检查岗提出意见"),
            (Step.PROPOSE_SUSPENSION, yes): _("报%(who)s决定是否暂停受理")
            % {"who": label(rules.rectification.decided_by)},
            (Step.PROPOSE_SUSPENSION, no): _("您的意见报有权机关决定"),
        }
    if docket.procedure is Procedure.ESTABLISHMENT_CHANGE:
        duties = {step: _("登记该项义务已办理；全部办理后事项办结") for step in Step if step.startswith("obligation-")}
        return {(step, done): text for step, text in duties.items()} | {
            (Step.EXAMINE, yes): _("生成评估表，同时转组织部、人社局、财政局会签"),
            (Step.EXAMINE, no): _("事项以不予批准结束"),
        }
    return {
        (Step.EXAMINE, yes): _("按所填核定数报签发；此时尚不占用编制"),
        (Step.EXAMINE, no): _("事项以不予批准结束，不占用编制"),
    }
