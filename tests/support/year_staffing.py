"""The year's applications for staffing up, and those who leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models.applications import RemovingStaffApplication
from models.decisions import Comment, Copy, Extension, Hold, Officer, Release, Reminder, Revocation, Withdrawal
from models.docket import SlotView
from models.enums import CommandKind, Department
from sample_data.training import INFORMATION_CENTRE, RESEARCH_BUREAU, SERVICE_CENTRE
from tests.support.year_city import (
    AGRICULTURE,
    APPLICANTS,
    ARTS_CENTRE,
    CONTACTS,
    CULTURE,
    DEPUTY_HEAD,
    EDUCATION,
    ENFORCEMENT,
    EXAMINER,
    EXAMINER_TWO,
    HEAD,
    INSPECTION_LAB,
    ISSUER,
    JUSTICE,
    LIBRARY,
    MARKET,
    PERSONNEL,
    REGISTRAR,
    SCHOOL,
    YEAR,
    City,
    Story,
)
from tests.support.year_hands import (
    APPROVERS,
    Json,
    acknowledged,
    enter,
    examined,
    fill,
    line,
    recruit,
    resubmitted,
    slip,
    slots,
    staffing,
)

ADMIN, POLITICAL, WORKER = "headcount:administrative", "headcount:political-legal", "headcount:worker"
LIKE, FULL, PARTIAL = "headcount:civil-service-like", "headcount:institution-full", "headcount:institution-partial"
YOUNG = (1998, 2003)


def stories(y: City) -> Iterator[Story]:
    yield from entries(y)
    yield from turned_aside(y)
    yield from at_the_years_end(y)
    yield from departures(y)


# --- who comes -------------------------------------------------------------------------------------------------------


def entries(y: City) -> Iterator[Story]:
    yield examinees(y)
    yield graduates(y)
    yield service_staff(y)
    yield librarians(y)
    yield new_deputies(y)
    yield enforcers(y)
    yield teachers(y)
    yield market_examinees(y)
    yield selected(y)
    yield appointed(y)
    yield held(y)
    yield demobilised(y)
    yield stopped_by_suspension(y)


def examinees(y: City) -> Story:
    """发展研究局 2025年度考录."""
    yield y.on(2, 11)
    case = y.presented(
        staffing(
            y,
            RESEARCH_BUREAU,
            line(ADMIN, 2, "examination", "承担区域经济运行监测和年度规划评估，两个岗位长期空缺", "综合处"),
            line(ADMIN, 1, "examination", "“十五五”规划编制任务集中，缺少国土空间专业人员", "规划处"),
            remark="已列入2025年度考试录用公务员计划。",
        )
    )
    yield from slip(y, case, opinion="编制空余5名，所报岗位与内设机构职责相符，同意使用3名。")
    yield y.after(8)
    note = Copy(departments=[Department.ORGANISATION, Department.PERSONNEL], note="请衔接年度招录计划。")
    y.order(case, CommandKind.COPY, note, EXAMINER)
    yield from fill(y, case, recruit(YOUNG), y.on(8, 5))


def graduates(y: City) -> Story:
    yield y.on(3, 4)
    reason = "充实行政复议办案力量，一线办案人员不足"
    case = y.presented(staffing(y, JUSTICE, line(POLITICAL, 2, "selected-graduate", reason, "行政复议与应诉科")))
    yield from slip(y, case, by=EXAMINER_TWO)
    yield from fill(y, case, recruit(YOUNG), y.on(8, 13), days=3)


def service_staff(y: City) -> Story:
    yield y.on(4, 8)
    case = y.presented(
        staffing(
            y,
            SERVICE_CENTRE,
            line(FULL, 2, "public-hiring", "“一窗受理”窗口增加，前台服务人员不足", "服务科"),
            line(PARTIAL, 1, "public-hiring", "政务数据共享平台运行维护需要专业技术人员", "综合科"),
        )
    )
    yield from slip(y, case, days=3)
    yield from fill(y, case, recruit((1994, 2002)), y.on(9, 9), days=4)


def librarians(y: City) -> Story:
    """Returned by the gate: no meeting, a line without its reason."""
    yield y.on(3, 17)
    wanted = line(FULL, 2, "public-hiring", "古籍普查登记任务重，古籍修复岗位空缺", "古籍特藏部")
    case = y.presented(staffing(y, LIBRARY, wanted | {"reason": ""}, basis=None))
    yield y.after(5)
    resubmitted(y, case, staffing(y, LIBRARY, wanted))
    yield from slip(y, case)
    yield from fill(y, case, recruit((1995, 2001)), y.on(7, 15), days=2)


def new_deputies(y: City) -> Story:
    """内设机构副职 from among its own people."""
    yield y.on(5, 12)
    reasons = ("该科现有副科长1名，行政复议案件量同比增长，需增配1名", "该科副科长长期空缺，执法监督工作需要专人分管")
    case = y.presented(
        staffing(
            y,
            JUSTICE,
            line("post:internal-deputy", 1, "leader-appointment", reasons[0], "行政复议与应诉科"),
            line("post:internal-deputy", 1, "leader-appointment", reasons[1], "社区矫正管理科"),
        )
    )
    yield from slip(y, case, by=EXAMINER_TWO, opinion="内设机构副职核定6名、实配3名，同意使用2名。")
    places = iter((21, 23))

    def named(y: City, slot: SlotView) -> Json:
        return y.known(slot.code, y.member(JUSTICE, next(places))[0], position="副科长")

    yield from fill(y, case, named, y.after(14))


def enforcers(y: City) -> Story:
    """Three asked for, two granted, one of the persons not approved."""
    yield y.on(3, 25)
    wanted = line(LIKE, 3, "examination", "农资打假和禁渔期执法任务加重，一线执法人员年龄偏大", "渔政执法大队")
    case = y.presented(staffing(y, ENFORCEMENT, wanted))
    opinion = "空余4名，年内有1名到龄退休，核定2名，其余随自然减员统筹安排。"
    yield from slip(y, case, grants=[{"line": 1, "number": 2}], opinion=opinion)
    yield y.on(8, 19)
    first, second = slots(y, case)
    by, series = APPROVERS[first.department]
    person = y.newcomer(first.code, YOUNG, position="一级科员", internal_body="渔政执法大队")
    y.decide(case, "approve-persons", by, subject=first.code, persons=[person], reference_no=y.letter(series))
    opinion = "拟录用人员体检不合格，按照公务员录用有关规定不予录用。"
    y.decide(case, "approve-persons", by, "reject", subject=second.code, opinion=opinion)
    yield y.after(3)
    yield from enter(y, case, [first.code])


def teachers(y: City) -> Story:
    """Five posts, four teachers; the fifth slot expires in autumn."""
    yield y.on(4, 15)
    case = y.presented(
        staffing(
            y,
            SCHOOL,
            line(FULL, 3, "public-hiring", "秋季学期扩招四个教学班，语文、数学、物理学科教师缺编", "教务处"),
            line(FULL, 2, "talent", "引进学科带头人，承担省级重点实验课程建设", "教务处"),
        )
    )
    yield from slip(y, case, days=4)
    left = iter((True, True, True, True, False))

    def named(y: City, slot: SlotView) -> Json | None:
        if not next(left):
            return None
        born = (1995, 2001) if slot.line == 1 else (1984, 1990)
        return y.newcomer(slot.code, born, position="专业技术十一级" if slot.line == 1 else "专业技术七级")

    yield from fill(y, case, named, y.on(8, 20), days=3)


def market_examinees(y: City) -> Story:
    """The personnel side finds a fault after the slip: it is void, and a second one follows."""
    yield y.on(4, 22)
    wanted = line(ADMIN, 2, "examination", "食品生产企业监督检查频次提高，需补充食品工程专业人员", "食品生产监管科")
    case = y.presented(staffing(y, MARKET, wanted))
    yield from slip(y, case)
    yield y.after(6)
    slot = slots(y, case)[0]
    by, _ = APPROVERS[slot.department]
    opinion = "招录计划已调整为食品生产监管科、知识产权科各1名，请按计划重新申报。"
    y.decide(case, "approve-persons", by, "return", subject=slot.code, opinion=opinion)
    yield y.after(4)
    again = (
        line(ADMIN, 1, "examination", "食品生产企业监督检查频次提高，需补充食品工程专业人员", "食品生产监管科"),
        line(ADMIN, 1, "examination", "专利代办和商标维权业务增长，知识产权岗位人手不足", "知识产权科"),
    )
    resubmitted(y, case, staffing(y, MARKET, *again))
    yield from slip(y, case, days=3)
    yield from fill(y, case, recruit(YOUNG), y.on(8, 26), days=2)


def selected(y: City) -> Story:
    """公开遴选: a civil servant of another bureau; both units get their papers."""
    yield y.on(5, 20)
    reason = "重大政策研究课题增多，面向市直机关遴选1名文字综合人员"
    case = y.presented(staffing(y, RESEARCH_BUREAU, line(ADMIN, 1, "open-selection", reason, "办公室")))
    yield from slip(y, case, by=EXAMINER_TWO)

    def named(y: City, slot: SlotView) -> Json:
        return y.known(slot.code, y.member(AGRICULTURE, 16)[0], position="四级主任科员")

    yield from fill(y, case, named, y.after(22), leaving=Department.ORGANISATION)


def appointed(y: City) -> Story:
    """上级任命: the document of the city's Party committee stands in place of a slip."""
    yield y.on(6, 17)
    paper = {"document_no": "示委干〔2025〕46号", "body": "中共示范市委员会", "date": y.day(6, 12)}
    reason = "市委任命局领导班子成员"
    lines = (line(ADMIN, 1, "appointed-above", reason), line("post:unit-deputy", 1, "appointed-above", reason))
    case = y.presented(staffing(y, MARKET, *lines, appointment=paper, basis=None))
    yield from examined(y, case, 1)
    yield y.after(1)
    person = y.newcomer("A1", (1976, 1979), position="副局长", post_slot="A2")
    y.decide(case, "enter", REGISTRAR, subject="A1", persons=[person])
    yield from acknowledged(y, case, ["A1"])


def held(y: City) -> Story:
    """Held by the head while the provincial guidance on the reform is awaited."""
    yield y.on(5, 27)
    reason = "高标准农田建设项目监管需要农业工程专业人员"
    case = y.presented(staffing(y, AGRICULTURE, line(ADMIN, 1, "examination", reason, "种植业管理科")))
    yield from examined(y, case, 3)
    yield y.after(1)
    said = "农业农村系统职能调整方案正在报批，所涉岗位待方案明确后再办。"
    y.order(case, CommandKind.HOLD, Hold(reason=said, second_officer="deputy-head"), HEAD)
    yield y.on(6, 24)
    said = "调整方案已明确种植业管理科职责不变，恢复办理。"
    y.order(case, CommandKind.RELEASE, Release(reason=said, second_officer="head"), DEPUTY_HEAD)
    yield y.after(2)
    y.decide(case, "issue", ISSUER)
    yield from fill(y, case, recruit(YOUNG), y.on(9, 16), days=3)


def demobilised(y: City) -> Story:
    """文化和旅游局 is suspended: refused at the gate, then covered by an exceptional acceptance."""
    yield y.on(7, 22)
    wanted = line(ADMIN, 1, "military", "2025年度军队转业干部安置任务", "市场管理科")
    y.presented(staffing(y, CULTURE, wanted))
    yield y.on(8, 14)
    case = y.presented(staffing(y, CULTURE, wanted, remark="已经例外受理审批。"))
    yield from slip(y, case, days=1, opinion="属例外受理事项范围，同意使用1名行政编制。")
    yield from fill(y, case, recruit((1985, 1988), "四级主任科员"), y.after(8))


def stopped_by_suspension(y: City) -> Story:
    """文化馆 had applied before its bureau was suspended: held until the resumption."""
    yield y.on(6, 25)
    reason = "基层文化辅导点增加，需补充舞蹈编导人员"
    case = y.presented(staffing(y, ARTS_CENTRE, line(FULL, 1, "public-hiring", reason, "群众文艺部")))
    yield from examined(y, case, 3)
    yield y.on(7, 2)
    receipt = y.attempt(case, CommandKind.DECIDE, y.decision(case, "issue"), ISSUER)
    assert receipt.status == "refused", receipt.message
    yield y.on(9, 24)
    y.decide(case, "issue", ISSUER)
    yield from fill(y, case, recruit((1996, 2001)), y.on(12, 2), days=3)


# --- turned aside ----------------------------------------------------------------------------------------------------


def turned_aside(y: City) -> Iterator[Story]:
    yield gate(y, y.on(2, 18), INFORMATION_CENTRE, line(FULL, 1, "public-hiring", "网络安全值守岗位需要轮班人员"))
    mismatch = line(ADMIN, 1, "transfer-in", "拟从机关调入1名同志充实综合部", "综合部")
    yield gate(y, y.on(10, 14), LIBRARY, mismatch)
    opinion = "该科已配齐，且拟调任人员不符合公务员调任规定的资格条件，不同意使用编制。"
    reason = "拟从国有企业调入熟悉畜牧工程的管理人员"
    intake = line(ADMIN, 1, "intake", reason, "畜牧兽医科")
    yield not_approved(y, y.on(4, 10), AGRICULTURE, intake, EXAMINER, opinion)
    opinion = "机关工勤编制只减不增、只出不进，机要通信用车可通过购买服务解决，不同意使用。"
    driver = line(WORKER, 1, "transfer-in", "机要通信车辆驾驶员退休后需要补充", "办公室")
    yield not_approved(y, y.on(9, 3), JUSTICE, driver, EXAMINER_TWO, opinion)
    yield revoked(y)
    yield withdrawn_with_slip(y)
    yield withdrawn(y)
    yield unused(y)


def gate(y: City, at: Any, unit: str, wanted: Json) -> Story:
    yield at
    y.presented(staffing(y, unit, wanted))


def not_approved(y: City, at: Any, unit: str, wanted: Json, by: Officer, opinion: str) -> Story:
    yield at
    case = y.presented(staffing(y, unit, wanted))
    yield from examined(y, case, 3, "reject", by, opinion=opinion)


def revoked(y: City) -> Story:
    """The office takes a slip back by order."""
    yield y.on(10, 16)
    reason = "窗口延时服务和周末服务常态化，需要增加轮岗人员"
    case = y.presented(staffing(y, SERVICE_CENTRE, line(PARTIAL, 1, "public-hiring", reason, "服务科")))
    yield from slip(y, case)
    yield y.after(9)
    said = "市政务服务事项下沉方案印发后，该岗位职责划转县（区）承担，用编依据发生变化"
    y.order(case, CommandKind.REVOKE, Revocation(reason=said), HEAD)


def withdrawn_with_slip(y: City) -> Story:
    yield y.on(6, 5)
    reason = "省级食品检验资质扩项，需要微生物检验人员"
    case = y.presented(staffing(y, INSPECTION_LAB, line(FULL, 1, "talent", reason, "食品检验室")))
    yield from slip(y, case, days=3)
    yield y.after(12)
    said = "拟引进人员已与其他单位签约，本年度不再引进"
    y.order(case, CommandKind.WITHDRAW, Withdrawal(reason=said), APPLICANTS[INSPECTION_LAB])


def withdrawn(y: City) -> Story:
    yield y.on(11, 4)
    reason = "数字阅读空间建成后需要系统维护人员"
    case = y.presented(staffing(y, LIBRARY, line(FULL, 1, "public-hiring", reason, "读者服务部")))
    yield y.after(1)
    said = "系统维护改由市大数据平台统一承担，不再申请用编"
    y.order(case, CommandKind.WITHDRAW, Withdrawal(reason=said), APPLICANTS[LIBRARY])


def unused(y: City) -> Story:
    """Nobody was found: the slip is past its day, and everything of it is free again."""
    yield y.on(3, 6)
    reason = "强制检定器具数量增长，计量检定人员不足"
    case = y.presented(staffing(y, INSPECTION_LAB, line(FULL, 1, "public-hiring", reason, "计量检定室")))
    yield from slip(y, case, days=3)
    yield y.on(6, 10)
    y.order(case, CommandKind.REMIND, Reminder(note="核定单有效期已过半，请抓紧组织招聘。"), EXAMINER)


# --- across the year's end -------------------------------------------------------------------------------------------


def at_the_years_end(y: City) -> Iterator[Story]:
    yield into_the_next_year(y)
    yield examined_next_year(y)


def into_the_next_year(y: City) -> Story:
    """Slip in December, entry in January."""
    yield y.on(12, 8)
    reason = "公共法律服务中心实体平台投入运行，需要专职调解指导人员"
    case = y.presented(staffing(y, JUSTICE, line(POLITICAL, 1, "official-transfer", reason, "公共法律服务管理科")))
    yield from slip(y, case)
    yield from fill(y, case, recruit((1988, 1992), "三级主任科员"), y.on(1, 7, year=YEAR + 1), days=1)


def examined_next_year(y: City) -> Story:
    yield y.on(12, 30)
    reason = "执法支队年内1名同志到龄退休，补充农资执法人员"
    case = y.presented(staffing(y, ENFORCEMENT, line(LIKE, 1, "examination", reason, "农资执法大队")))
    yield y.after(1)
    said = Extension(step="examine", working_days=3, reason="年终结账和年度统计期间，延长审核时间。")
    y.order(case, CommandKind.EXTEND, said, EXAMINER)
    yield from examined(y, case, 3)


# --- who leaves ------------------------------------------------------------------------------------------------------


def departures(y: City) -> Iterator[Story]:
    """unit, when reported, (place, reason, month, day, proof, destination) …, how the approving side calls itself."""
    yield left(y, y.on(1, 14), RESEARCH_BUREAU, [(12, "retirement", 1, 20, "示组退〔2025〕2号", None)])
    yield left(
        y,
        y.on(2, 26),
        MARKET,
        [
            (30, "retirement", 3, 11, "示组退〔2025〕9号", None),
            (41, "retirement", 2, 10, "示组退〔2025〕7号", None),
        ],
    )
    yield left(y, y.on(3, 19), SERVICE_CENTRE, [(15, "resignation", 3, 14, "示公服发〔2025〕6号", None)])
    yield reported_by_department(y)
    yield left(y, y.on(4, 29), JUSTICE, [(22, "transfer", 4, 28, "省司人〔2025〕31号", "示范省司法厅")])
    yield left(
        y,
        y.on(5, 15),
        INFORMATION_CENTRE,
        [
            (9, "retirement", 5, 6, "示人社退〔2025〕18号", None),
            (13, "resignation", 5, 9, "示信服发〔2025〕4号", None),
        ],
    )
    yield relieved(y)
    yield left(
        y,
        y.on(8, 6),
        SCHOOL,
        [
            (40, "retirement", 8, 3, "示人社退〔2025〕33号", None),
            (61, "retirement", 7, 17, "示人社退〔2025〕29号", None),
            (77, "retirement", 8, 25, "示人社退〔2025〕34号", None),
        ],
    )
    yield not_let_go(y)
    yield left(y, y.on(9, 26), ENFORCEMENT, [(20, "expulsion", 9, 22, "示监察〔2025〕15号", None)])
    yield without_proof(y)
    yield left(y, y.on(10, 22), EDUCATION, [(15, "transfer", 10, 20, "示组调〔2025〕28号", "中共示范市委党校")])
    yield left(y, y.on(12, 10), RESEARCH_BUREAU, [(18, "retirement", 12, 8, "示组退〔2025〕41号", None)])
    yield left(y, y.on(12, 24), ENFORCEMENT, [(15, "retirement", 2, 2, "示组退〔2025〕44号", None)], next_year=True)


def left(y: City, at: Any, unit: str, who: list[tuple[Any, ...]], *, next_year: bool = False) -> Story:
    yield at
    case = y.presented(_leaving(y, unit, who, YEAR + next_year))
    yield from let_go(y, case, len(who), removed=not next_year)


def _leaving(y: City, unit: str, who: list[tuple[Any, ...]], year: int = YEAR, **more: Any) -> Any:
    persons = []
    for place, reason, month, day, proof, destination in who:
        said = {"person": y.member(unit, place)[1], "reason": reason, "event_date": y.day(month, day, year)}
        persons.append(said | {"proof_no": proof} | ({"destination": destination} if destination else {}))
    said = {"unit": unit, "persons": persons, "contact": CONTACTS[unit]} | more
    return RemovingStaffApplication.model_validate(said)


def let_go(y: City, case: str, number: int, *, removed: bool = True) -> Story:
    """Approved, removed and acknowledged, everybody of a case together."""
    subjects = [f"P{each}" for each in range(1, number + 1)]
    yield y.after(2)
    reference = None
    for subject in subjects:
        step = next(each for each in y.docket(case).steps if each.step == "approve-exit" and each.subject == subject)
        by, series = APPROVERS[step.department]
        reference = reference or y.letter(series)
        y.decide(case, "approve-exit", by, subject=subject, reference_no=reference)
    if not removed:
        return
    yield y.after(2)
    events = [each.event_date for each in y.docket(case).leavers]
    while max(events) > y.ahead(0):
        yield y.after(1)
    for subject in subjects:
        y.decide(case, "exit", REGISTRAR, subject=subject)
    yield from acknowledged(y, case, subjects)


def reported_by_department(y: City) -> Story:
    """A death that the organisation department reports by itself; another officer of it than who approves."""
    yield y.on(4, 2)
    who = [(20, "death", 3, 28, "示农人〔2025〕5号", None)]
    case = y.presented(_leaving(y, AGRICULTURE, who), APPLICANTS[AGRICULTURE])
    yield y.after(1)
    said = Comment(text="抚恤和丧葬补助由社会保险经办机构另行办理，出编不受影响。", to_unit=True)
    y.order(case, CommandKind.COMMENT, said, REGISTRAR)
    yield from let_go(y, case, 1)


def relieved(y: City) -> Story:
    """免去领导职务: the post is free, the person stays."""
    yield y.on(6, 11)
    who = [(8, "post-removed", 6, 9, "示文旅党发〔2025〕11号", None)]
    case = y.presented(_leaving(y, CULTURE, who, remark="转任同职级公务员，不再担任副科长。"))
    yield from let_go(y, case, 1)


def not_let_go(y: City) -> Story:
    """The personnel department does not agree to a dismissal."""
    yield y.on(9, 10)
    case = y.presented(_leaving(y, LIBRARY, [(11, "dismissal", 9, 5, "示图发〔2025〕13号", None)]))
    yield y.after(4)
    opinion = "解除聘用合同未按规定提前三十日书面通知本人，且未征求工会意见，程序不完备，不同意出编。"
    y.decide(case, "approve-exit", PERSONNEL, "reject", subject="P1", opinion=opinion)


def without_proof(y: City) -> Story:
    """Returned: no proof and no destination; then as it should be."""
    yield y.on(10, 15)
    case = y.presented(_leaving(y, MARKET, [(25, "transfer", 10, 13, "", None)]))
    yield y.after(3)
    resubmitted(
        y, case, _leaving(y, MARKET, [(25, "transfer", 10, 13, "省市监人〔2025〕62号", "示范省药品监督管理局")])
    )
    yield from let_go(y, case, 1)
