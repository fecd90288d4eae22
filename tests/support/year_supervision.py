"""The year's rectifications and warnings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models.applications import RectificationApplication, WarningApplication
from models.decisions import ExceptionalRequest, Extension, Report
from models.docket import Docket
from models.enums import CommandKind
from sample_data.training import INFORMATION_CENTRE, RESEARCH_BUREAU, SERVICE_CENTRE
from tests.support.year_city import (
    APPLICANTS,
    COMMISSION,
    CONTACTS,
    CULTURE,
    EDUCATION,
    ENFORCEMENT,
    HEAD,
    INSPECTION_LAB,
    INSPECTOR,
    INSPECTOR_TWO,
    ISSUER,
    JUSTICE,
    MARKET,
    SCHOOL,
    YEAR,
    City,
    Story,
)
from tests.support.year_hands import Json

TEAM = ["顾明哲", "秦若兰", "程远航"]


def stories(y: City) -> Iterator[Story]:
    said = {unit: iter(answers) for unit, answers in _SAID.items()}
    y.told = lambda y, case: answering(y, case, said)
    yield audited(y)
    yield suspended(y)
    yield into_the_next_year(y)
    yield hotline(y)
    yield nothing_found(y)
    yield no_answer(y)
    yield not_called_for(y)


# --- rectification ---------------------------------------------------------------------------------------------------


def problem(no: str, kind: str, facts: str, source: str, clause: str, measure: str, due: str) -> Json:
    return {"no": no, "kind": kind, "facts": facts, "source": source, "clause": clause, "measure": measure, "due": due}


def opened(y: City, unit: str, *problems: Json) -> str:
    return y.presented(RectificationApplication.model_validate({"unit": unit, "problems": list(problems)}), INSPECTOR)


def reported(y: City, case: str, unit: str, no: str, text: str, *, done: bool = True, evidence: str = "") -> None:
    item = {"no": no, "done": done, "text": text} | ({"evidence": evidence} if evidence else {})
    y.order(case, CommandKind.REPORT, Report.model_validate({"items": [item]}), APPLICANTS[unit])


def checked(y: City, case: str, no: str, attempt: int, first: str, second: str) -> Story:
    """Both on site, and satisfied."""
    yield y.after(3)
    for place, (officer, finding) in enumerate(((INSPECTOR, first), (INSPECTOR_TWO, second)), 1):
        found = [{"no": no, "passed": True, "finding": finding}]
        y.decide(case, "site-check", officer, subject=f"{no}.{attempt}.{place}", problems=found)
        yield y.after(0)


def audited(y: City) -> Story:
    """市场监督管理局: one problem at once, the other after an extension and a check that failed."""
    yield y.on(3, 11)
    case = opened(
        y,
        MARKET,
        problem(
            "1",
            "长期借用下属单位人员",
            "2023年6月以来借用市检验检测中心工作人员4名在机关科室工作，借用期均超过一年",
            "audit",
            "《中国共产党机构编制工作条例》第二十五条",
            "清退借用人员，回原单位工作",
            y.day(4, 18),
        ),
        problem(
            "2",
            "实名制信息更新不及时",
            "2024年岗位变动的7名同志，实名制系统中内设机构和职务信息未更新",
            "audit",
            "《机构编制监督检查工作办法》有关规定",
            "逐人核对，更新实名制信息，建立月度核对制度",
            y.day(5, 30),
        ),
    )
    yield y.on(4, 11)
    text = "4名借用人员已于4月9日前全部返回市检验检测中心，相关科室工作已重新分工。"
    reported(y, case, MARKET, "1", text, evidence="示市监〔2025〕29号")
    yield from checked(y, case, "1", 1, "查阅考勤和工位，借用人员已全部返回", "与4名人员逐一核实，均已在原单位上岗")
    yield y.on(5, 19)
    reason = "其中2名同志的任职文件需补办备案手续，申请延长整改期限。"
    y.order(
        case,
        CommandKind.EXTEND,
        Extension(step="report", subject="2", working_days=10, reason=reason),
        APPLICANTS[MARKET],
    )
    yield y.after(2)
    y.decide(case, "extend", HEAD, subject="2.1", opinion="情况属实，同意延长10个工作日。")
    yield y.on(6, 10)
    reported(y, case, MARKET, "2", "7名同志的信息已全部更新，并建立了月度核对台账。")
    yield y.after(3)
    findings = ("抽查7人，仍有1人内设机构信息与任职文件不一致", "月度核对制度尚未印发，台账只有6月一个月")
    for place, (officer, finding) in enumerate(zip((INSPECTOR, INSPECTOR_TWO), findings, strict=True), 1):
        said = {"no": "2", "passed": False, "finding": finding, "due": y.day(7, 18)}
        words = "整改不彻底，继续挂号。"
        y.decide(case, "site-check", officer, "reject", subject=f"2.1.{place}", problems=[said], opinion=words)
        yield y.after(0)
    yield y.on(7, 14)
    reported(
        y,
        case,
        MARKET,
        "2",
        "剩余1人信息已更正，月度核对制度已印发执行，6月、7月均已核对。",
        evidence="示市监〔2025〕52号",
    )
    yield from checked(y, case, "2", 2, "系统信息与任职文件逐人一致", "制度已印发，两个月核对记录完整")


def suspended(y: City) -> Story:
    """文化和旅游局: nothing happens until the day is past; the gate closes, and opens again in September."""
    yield y.on(5, 13)
    case = opened(
        y,
        CULTURE,
        problem(
            "1",
            "擅自增设内设机构",
            "2024年11月以局党组文件设立“文旅融合发展科”，配备负责人和工作人员3名，未经批准",
            "tour",
            "《地方各级人民政府机构设置和编制管理条例》第二十六条",
            "撤销该科室，人员回原科室，收回印章",
            y.day(6, 30),
        ),
        problem(
            "2",
            "超职数配备干部",
            "该科室负责人明确为正科级并享受待遇，未使用核定的领导职数",
            "tour",
            "《中国共产党机构编制工作条例》第二十五条",
            "免去相应职务，按规定重新确定职级",
            y.day(6, 30),
        ),
    )
    yield y.on(6, 24)
    reported(y, case, CULTURE, "2", "已免去该同志科长职务，正在按程序重新确定职级。", done=False)
    yield y.on(7, 2)
    y.decide(case, "warn", ISSUER)
    yield y.after(1)
    words = "整改期限届满仍未撤销自设科室，建议暂停受理该局及所属单位机构编制事项申请。"
    y.decide(case, "propose-suspension", INSPECTOR, opinion=words)
    yield y.after(3)
    y.decide(case, "suspend", COMMISSION, minutes_no=y.minutes(), opinion="同意暂停受理。")
    yield y.on(8, 7)
    body = {
        "scope": {
            "procedures": ["staffing-up"],
            "resources": ["headcount:administrative"],
            "matter": "2025年度军队转业干部安置1名",
            "cases": 1,
        },
        "reason": "省下达的军转安置任务须在9月底前完成，逾期影响安置对象合法权益。",
        "risk": "仅限军转安置使用，不得用于补充自设科室，落编情况报编委办公室备查。",
        "until": y.day(9, 30),
    }
    y.order(case, CommandKind.EXCEPT, ExceptionalRequest.model_validate(body), APPLICANTS[CULTURE])
    yield y.after(2)
    y.decide(
        case,
        "exceptional-acceptance",
        COMMISSION,
        subject="1",
        minutes_no=y.minutes(),
        opinion="属政策性安置任务，同意例外受理，其他事项仍暂停受理。",
    )
    yield y.on(8, 27)
    reported(
        y,
        case,
        CULTURE,
        "1",
        "“文旅融合发展科”已撤销，3名工作人员回到市场管理科和资源开发科，印章已收缴封存。",
        evidence="示文旅〔2025〕61号",
    )
    yield y.after(1)
    reported(y, case, CULTURE, "2", "该同志的科长职务已免去，重新确定为四级主任科员，待遇自7月起按新职级执行。")
    yield from checked(
        y, case, "1", 1, "现场已无该科室标牌和办公场所，印章封存记录完整", "人员花名册和分工文件与报告一致"
    )
    yield from checked(y, case, "2", 1, "查阅免职文件和工资审批表，已按新职级执行", "领导职数台账与实配一致，无超配")
    yield y.after(2)
    y.decide(case, "propose-lifting", INSPECTOR, opinion="两项问题均已整改到位并验收销号，建议恢复受理。")
    yield y.after(4)
    y.decide(case, "lift", COMMISSION, minutes_no=y.minutes(), opinion="同意恢复受理。")


def into_the_next_year(y: City) -> Story:
    yield y.on(12, 9)
    opened(
        y,
        EDUCATION,
        problem(
            "1",
            "在编不在岗",
            "核查发现1名工作人员自2025年3月起借调外单位，未办理手续，工资仍由本单位发放",
            "verification",
            "《中国共产党机构编制工作条例》第二十五条",
            "限期返岗或者按规定办理调动手续",
            y.day(2, 27, YEAR + 1),
        ),
    )


# --- early warning ---------------------------------------------------------------------------------------------------


def warning(y: City, unit: str, indicator: str, level: str, facts: str, **more: Any) -> str:
    said = {"unit": unit, "indicator": indicator, "level": level, "facts": facts} | more
    return y.presented(WarningApplication.model_validate(said), INSPECTOR)


def answered(y: City, case: str, text: str) -> None:
    y.order(case, CommandKind.REPORT, Report(text=text), APPLICANTS[y.docket(case).unit])


def called(y: City, case: str, answer: str) -> None:
    unit = y.docket(case).unit
    call = {
        "callee": APPLICANTS[unit].name,
        "callee_position": "机构编制工作联络员",
        "phone": CONTACTS[unit].rpartition(" ")[2],
    }
    y.decide(case, "remind", INSPECTOR, call=call | {"called_at": y.now.isoformat(), "answer": answer})


_SAID: dict[str, list[tuple[str, str, str]]] = {
    SCHOOL: [
        (
            "已核发编制的五名教师秋季学期到岗，另有三名教师七、八月到龄退休，会按时报送。",
            "编制使用率偏高系学位扩容提前申请用编所致，年内三名教师到龄退休后将有所缓解，缺口部分已报请主管部门统筹核增。",
            "原因清楚，核增事项已进入审核，予以办结。",
        ),
    ],
    INFORMATION_CENTRE: [
        (
            "",
            "超编系机构改革人员划转形成。我中心已停止进人，制定了两年消化方案，通过退休和交流逐步减至核定数以内。",
            "措施可行，按方案跟踪，予以办结。",
        ),
        (
            "",
            "1名同志五月到龄退休、1名同志已提出辞职，出编手续办结后实有20名，不再超编。",
            "消化措施明确、时限具体，予以办结。",
        ),
        (
            "两名人员出编已办结，现无空余编制，年内不申报用编。",
            "核定20名、实有20名，系消化超编后的正常情形，我中心严格执行只出不进，待自然减员后再行研究用编。",
            "情况属实，予以办结。",
        ),
    ],
    SERVICE_CENTRE: [
        (
            "窗口岗位的用编申请正在重新论证，确定后书面答复。",
            "差额补贴编制使用率高系一个窗口岗位核定后待招聘，该岗位职责拟划转县（区），核定单收回后使用率即恢复正常。",
            "与核定单收回情况一致，予以办结。",
        ),
    ],
    RESEARCH_BUREAU: [
        (
            "工勤空编暂不使用，将在下一次核定时提出核减意见。",
            "空余的机关工勤编制系驾驶员退休形成，机要通信改为购买服务后不再补充，拟于上半年申请核减。",
            "同意意见，请按时提出核减申请。",
        ),
    ],
}
"""What a unit answers to the first, second … warning of the monitors: on the phone, in writing, and the review."""

_OTHERWISE = (
    "情况属实，正在核对实有人员，将在规定期限内书面答复。",
    "经核对，登记信息与实际一致，我单位将统筹安排今后用编，及时报送人员变动。",
    "答复情况属实，予以办结。",
)


def answering(y: City, case: str, said: dict[str, Iterator[tuple[str, str, str]]]) -> Story:
    """What the monitors raise: a call or a letter, an answer, a review."""
    yield y.after(1)
    found: Docket = y.docket(case)
    told, text, settled = next(said.get(found.unit, iter(())), _OTHERWISE)
    assert found.warning is not None
    if found.warning.level.value == "remind":
        called(y, case, told)
    else:
        y.decide(case, "warn", ISSUER)
    yield y.after(4)
    answered(y, case, text)
    yield y.after(2)
    y.decide(case, "review", INSPECTOR_TWO, subject=found.warning.level.value, opinion=settled)


def hotline(y: City) -> Story:
    """检验检测中心: an inspection that finds something; a rectification follows."""
    yield y.on(9, 4)
    facts = "网络媒体反映该中心对外悬挂“示范市质量技术研究院”牌子，并以该名义开展收费培训。"
    case = warning(y, INSPECTION_LAB, "public-event", "inspect", facts)
    yield y.after(2)
    y.decide(
        case,
        "inspect",
        HEAD,
        team=TEAM,
        visit_on=y.ahead(4).isoformat(),
        materials="机构设置批复文件、法人证书、对外服务合同和收费台账。",
    )
    yield y.after(6)
    found = problem(
        "1",
        "擅自使用未经批准的机构名称",
        "未经批准对外悬挂“示范市质量技术研究院”牌子，并以该名义签订培训合同3份",
        "warning",
        "《地方各级人民政府机构设置和编制管理条例》第二十六条",
        "摘除牌子，停止以该名义开展活动，清理已签合同",
        y.day(10, 31),
    )
    report = (
        "督查组现场查看办公场所，查阅合同和收费票据，与班子成员和6名职工谈话。"
        "媒体反映情况属实，未发现增加编制职数情形。"
    )
    y.decide(case, "inspection-report", INSPECTOR, opinion=report, found=[found])
    view = y.docket(case).warning
    assert view is not None
    follow = view.handed_to
    assert follow is not None
    yield y.on(10, 22)
    reported(
        y,
        follow,
        INSPECTION_LAB,
        "1",
        "牌子已于9月28日摘除，3份合同已改由本中心名义重新签订，网站名称同步更正。",
        evidence="示检〔2025〕44号",
    )
    yield from checked(y, follow, "1", 1, "办公楼和网站均已使用规范名称", "三份合同已重新签订，未再以原名义收费")


def nothing_found(y: City) -> Story:
    yield y.on(4, 1)
    facts = "群众来信反映该中心窗口长期由编外人员顶岗，在编人员不在岗。"
    case = warning(y, SERVICE_CENTRE, "public-event", "inspect", facts)
    yield y.after(3)
    y.decide(
        case,
        "inspect",
        HEAD,
        team=["秦若兰", "顾明哲"],
        visit_on=y.ahead(5).isoformat(),
        materials="近三个月考勤记录、窗口排班表和劳务派遣合同。",
    )
    yield y.after(8)
    report = (
        "督查组随机抽查两个工作日的窗口，在编人员均在岗，编外人员只承担引导和材料复印。"
        "来信反映的情况与事实不符，未发现机构编制违规问题。"
    )
    y.decide(case, "inspection-report", INSPECTOR, opinion=report)


def no_answer(y: City) -> Story:
    """A call that brings no answer becomes a letter."""
    yield y.on(10, 10)
    facts = "2025年6月以来，该单位三次调整三个大队的人员分工，均未及时更新实名制信息。"
    case = warning(y, ENFORCEMENT, "frequent-changes", "remind", facts)
    yield y.after(1)
    called(y, case, "已记录，向支队领导汇报后答复。")
    yield y.after(9)
    y.decide(case, "warn", ISSUER)
    yield y.after(6)
    text = "三次分工调整系禁渔期和农资打假专项行动抽调人员所致，现已全部更新，今后由综合大队每月集中核对、统一报送。"
    answered(y, case, text)
    yield y.after(3)
    y.decide(case, "review", INSPECTOR_TWO, subject="warn", opinion="原因和改进措施清楚，予以办结。")


def not_called_for(y: City) -> Story:
    yield y.on(6, 18)
    facts = "社会保险参保人数比在册人数少1人，疑似减员未报。"
    case = warning(y, JUSTICE, "removal-overdue", "warn", facts)
    yield y.after(2)
    words = "经与社会保险经办机构核对，系跨月参保时间差，不构成逾期未报，不予警示。"
    y.decide(case, "warn", ISSUER, "reject", opinion=words)
