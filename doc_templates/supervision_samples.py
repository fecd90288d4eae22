"""Sample contexts of change, rectification, suspension, warning and inspection, of a fictional place."""

from __future__ import annotations

from models.documents import (
    BalanceLine,
    BodyChange,
    ChangeReplyContext,
    ClosedProblem,
    ComparableRow,
    DocumentContext,
    EvaluationSheetContext,
    ExceptionalAcceptanceContext,
    FindingLine,
    InspectionNoticeContext,
    InspectionReportContext,
    PastChange,
    PhoneRecordContext,
    PointRow,
    ProblemLine,
    QuotaChange,
    RectificationNoticeContext,
    ReplyArticle,
    RequestLine,
    ResumptionNoticeContext,
    SiteCheckRecordContext,
    SiteCheckRow,
    SuspensionNoticeContext,
    UseRow,
    WarningLetterContext,
)
from models.enums import DocumentKind
from models.refusals import cited

COMMISSION = "示范市机构编制委员会"
OFFICE = "示范市机构编制委员会办公室"
_UNIT = "示范市农业农村局"
_CREDIT = "11000000MB0X00015C"
_REQUEST = "关于设立农村经济管理科并调整机构编制事项的请示"
_COPIES = "中共示范市委组织部，示范市人力资源和社会保障局，示范市财政局"
_SUSPENDED = "示编停〔2026〕1号"

CODES = {
    DocumentKind.CHANGE_REPLY: ("示编〔2026〕6号", "P8XN-2C7V-KT4H-9W0B", "188", "2026年6月12日"),
    DocumentKind.EVALUATION_SHEET: ("调整2026-00004-1", "3DQJ-R6MA-05ZE-H8YK", "171", "2026年5月20日"),
    DocumentKind.RECTIFICATION_NOTICE: ("示编改〔2026〕1号", "B7GT-WV19-4NXC-6SRP", "150", "2026年4月7日"),
    DocumentKind.WARNING_LETTER: ("示编警〔2026〕1号", "K2HE-9ZMQ-D4T8-31VA", "196", "2026年7月1日"),
    DocumentKind.SUSPENSION_NOTICE: (_SUSPENDED, "T5YB-8CJW-7RX2-QG4N", "199", "2026年7月6日"),
    DocumentKind.RESUMPTION_NOTICE: ("示编停〔2026〕2号", "V0NS-6PKD-M3HT-E9Z7", "214", "2026年8月31日"),
    DocumentKind.SITE_CHECK_RECORD: ("整改2026-00003-1", "C4WR-1XQZ-8BGA-J5TM", "210", "2026年8月14日"),
    DocumentKind.EXCEPTIONAL_ACCEPTANCE: ("例外2026-00001", "N9AF-5VKE-2DSP-7HXC", "203", "2026年7月20日"),
    DocumentKind.PHONE_RECORD: ("示编警〔2026〕2号", "G6ZM-3TQB-0JWY-RC8D", "205", "2026年7月22日"),
    DocumentKind.INSPECTION_NOTICE: ("示编警〔2026〕4号", "S1KX-7HNV-9PEA-4B2G", "220", "2026年9月3日"),
    DocumentKind.INSPECTION_REPORT: ("示编警〔2026〕5号", "Y8CD-0RTJ-W6QZ-5MFK", "226", "2026年9月18日"),
}


def _change_reply(common: dict[str, object]) -> DocumentContext:
    articles = [
        ReplyArticle(
            heading="一、机构设置",
            paragraphs=(
                "同意设立农村经济管理科，为你局内设机构，规格为股级；同意将种植业管理科更名为种植业与农田建设科。"
            ),
        ),
        ReplyArticle(
            heading="二、职责调整",
            paragraphs=(
                "农村经济管理科承担农村集体资产监督管理、农村土地承包管理、新型农业经营主体指导等职责。\n"
                "种植业与农田建设科在原有职责基础上，承担高标准农田建设管理职责。"
            ),
        ),
    ]
    quotas = [
        QuotaChange(unit=_UNIT, label="行政编制", before="42", after="45", delta="+3"),
        QuotaChange(unit=_UNIT, label="内设机构正职", before="9", after="10", delta="+1"),
        QuotaChange(unit="示范市农业技术推广中心", label="全额拨款事业编制", before="36", after="33", delta="-3"),
    ]
    bodies = [
        BodyChange(unit=_UNIT, before="无", after="农村经济管理科"),
        BodyChange(unit=_UNIT, before="种植业管理科", after="种植业与农田建设科"),
    ]
    return ChangeReplyContext.model_validate(
        {
            **common,
            "issuer": COMMISSION,
            "title": "示范市机构编制委员会关于同意调整市农业农村局机构编制事项的批复",
            "addressee": _UNIT,
            "request_title": _REQUEST,
            "request_no": "示农〔2026〕18号",
            "decided_by": COMMISSION,
            "minutes_no": "示编纪〔2026〕2号",
            "decided_on": "2026年6月9日",
            "articles": articles,
            "quotas": quotas,
            "bodies": bodies,
            "absorption": "市农业技术推广中心实有人员超出调整后编制的1名，在2027年12月31日前通过自然减员消化，"
            "期间只出不进。",
            "obligations": [
                "自本批复印发之日起30日内修订机构职能编制规定，报市机构编制委员会办公室备案",
                "自本批复印发之日起10个工作日内办理机构编制管理证变更",
                "依法依规公开机构名称、职责和内设机构调整情况",
            ],
            "clause": cited("A 三"),
            "signer": "郑怀远",
            "handled_by": "周立群",
            "copies_to": _COPIES,
            "printed_by": OFFICE,
        }
    )


_POINTS = (
    ("是否坚持和加强党的全面领导", "局党组会议2026年5月11日集体研究，与市委农村工作部署一致。"),
    ("是否符合党内法规和国家法律法规", "符合机构编制法规，没有违反上级机构限额和编制总量规定的情形。"),
    ("是否适应经济社会发展和财政保障能力", "新增行政编制3名由本系统调剂，不增加财政供养人员总数。"),
    ("是否科学合理，是否已考虑编制以外的办法", "已通过内部挖潜调整岗位4个，现有科室无力承担新增职责。"),
    ("是否客观分析风险并提出应对措施", "被调出编制的单位超编1名，设消化期，期间只出不进。"),
)


def _evaluation_sheet(common: dict[str, object]) -> DocumentContext:
    requested = [
        "设立内设机构：农村经济管理科（股级）",
        "内设机构更名：种植业管理科更名为种植业与农田建设科",
        "增加行政编制3名（42名增至45名），从示范市农业技术推广中心调剂",
        "增加内设机构正职1名（9名增至10名）",
    ]
    return EvaluationSheetContext.model_validate(
        {
            **common,
            "unit_code": _CREDIT,
            "unit_rank": "正科级",
            "unit_kind": "机关",
            "request_title": _REQUEST,
            "request_no": "示农〔2026〕18号",
            "requested": [RequestLine(text=text) for text in requested],
            "balances": [_balance("行政编制", "42", "41", "1"), _balance("内设机构正职", "9", "9", "0")],
            "use": [
                UseRow(as_of=f"{year}年5月20日", authorised="42", occupied=occupied, percent=percent)
                for year, occupied, percent in (
                    (2023, "37", "88.1%"),
                    (2024, "38", "90.5%"),
                    (2025, "40", "95.2%"),
                    (2026, "41", "97.6%"),
                )
            ],
            "past_changes": [
                PastChange(date="2024年3月18日", number="示编〔2024〕3号", summary="增加行政编制2名（40名增至42名）"),
                PastChange(
                    date="2025年8月6日",
                    number="示编办〔2025〕11号",
                    summary="市场与信息化科更名为乡村产业发展科",
                ),
            ],
            "open_problems": ["2026-07：机构编制管理证变更登记不及时，期限2026年6月30日"],
            "comparable": [
                _alike("示范市林业局", "38", "35", "92.1%"),
                _alike("示范市水利局", "40", "38", "95.0%"),
                _alike("示范市住房和城乡建设局", "46", "45", "97.8%"),
            ],
            "points": [PointRow(question=question, answer=answer) for question, answer in _POINTS],
            "opinion": "编制使用率连续三年上升，高于同类单位平均水平；新增职责依据明确，编制由本系统调剂。建议同意，"
            "并明确被调出编制单位的消化期。未整改到位的问题应当在批复前办结。",
            "period": "2023年5月20日至2026年5月20日",
            "handled_by": "周立群",
            "examined_by": "吴建国",
        }
    )


def _balance(label: str, authorised: str, occupied: str, vacancy: str) -> BalanceLine:
    return BalanceLine(
        label=label, authorised=authorised, occupied=occupied, reserved="0", set_aside="0", vacancy=vacancy
    )


def _alike(unit: str, authorised: str, occupied: str, percent: str) -> ComparableRow:
    return ComparableRow(unit=unit, rank="正科级", authorised=authorised, occupied=occupied, percent=percent)


def _problems(late: str = "", due: str = "2026年6月30日") -> list[ProblemLine]:
    return [
        ProblemLine(
            no="2026-03",
            kind="擅自设立内设机构",
            facts="2025年11月以局文件设立项目建设办公室，配备负责人1名、工作人员4名，未经机构编制部门批准",
            source="专项督查",
            clause=cited("A 三"),
            measure="撤销项目建设办公室，人员回原科室工作",
            due=due,
            overdue=late,
        ),
        ProblemLine(
            no="2026-04",
            kind="减员未及时出编",
            facts="2025年9月至2026年2月退休2人、调出1人，均未办理出编手续",
            source="数据核查",
            clause=cited("B 五.2"),
            measure="补办3人的出编手续，核对工资和社会保险停发停缴情况",
            due=due,
            overdue=late,
        ),
    ]


def _letter(common: dict[str, object], copies: str = "") -> dict[str, object]:
    return {**common, "handled_by": "何明舟", "contact": "0000-8001231", "copies_to": copies}


def _rectification_notice(common: dict[str, object]) -> DocumentContext:
    return RectificationNoticeContext.model_validate(
        {
            **_letter(common),
            "found_by": "专项督查和数据核查",
            "problems": _problems(),
            "report_by": "2026年6月30日",
            "consequence": "逾期未整改到位的，按规定暂停受理你单位机构编制事项申请。",
        }
    )


def _warning_letter(common: dict[str, object]) -> DocumentContext:
    findings = [
        FindingLine(
            text="退休2人、调出1人未办理出编，最早的一人已超过规定时限182个工作日，提醒阈值为10个工作日",
            clause=cited("B 五.2"),
        ),
        FindingLine(text="行政编制核定42名，实有43名，超编1名", clause=cited("A 三")),
    ]
    return WarningLetterContext.model_validate(
        {
            **_letter(common, _COPIES),
            "occasion": "经机构编制监测",
            "findings": findings,
            "risk": "上述情形可能造成编制台账与实有人员不符，并形成超编进人和虚报冒领经费的风险。",
            "request": "请你单位核实原因，立即补办出编手续，并在超编消化前停止进人。",
            "reply_by": "2026年7月15日",
            "consequence": "逾期未回复或者情况未改善的，我办将开展实地督查。",
        }
    )


def _suspension_notice(common: dict[str, object]) -> DocumentContext:
    return SuspensionNoticeContext.model_validate(
        {
            **_letter(common, _COPIES),
            "decided_by": COMMISSION,
            "basis": cited("A 三"),
            "problems": _problems(late="已逾期4个工作日"),
            "from_on": "2026年7月6日",
            "covered": "你单位及所属单位",
            "suspended": ["用编申请", "机构编制调整申请"],
            "unaffected": "办理出编和整改本身需要的事项不受影响；确有紧急必要的，可以申请例外受理。",
            "lifted_when": "所列问题全部整改到位，经实地检查验收销号后，恢复受理。",
            "review_by": "2026年7月20日",
        }
    )


def _resumption_notice(common: dict[str, object]) -> DocumentContext:
    days = ("2026年8月14日", "2026年8月27日")
    closed = [
        ClosedProblem(no=problem.no, kind=problem.kind, closed_on=day)
        for problem, day in zip(_problems(), days, strict=True)
    ]
    return ResumptionNoticeContext.model_validate(
        {
            **_letter(common, "中共示范市委组织部，示范市财政局"),
            "decided_by": COMMISSION,
            "suspension_number": _SUSPENDED,
            "problems": closed,
            "from_on": "2026年8月31日",
            "resumed": "你单位及所属单位的用编申请和机构编制调整申请",
            "still_standing": "",
            "follow_up": "我办将在六个月内跟踪整改成效。",
        }
    )


def _site_check_record(common: dict[str, object]) -> DocumentContext:
    first, second = _problems()
    checks = [
        SiteCheckRow(
            no=first.no,
            kind=first.kind,
            measure=first.measure,
            first_inspector="何明舟",
            first_finding="查看撤销文件（示农〔2026〕25号）和办公场所，项目建设办公室已撤销。",
            second_inspector="孙静远",
            second_finding="查阅考勤和工作分工表，5名人员已回原科室工作。",
            result="合格",
            new_due="",
        ),
        SiteCheckRow(
            no=second.no,
            kind=second.kind,
            measure=second.measure,
            first_inspector="何明舟",
            first_finding="出编通知单3份齐全；其中1人的社会保险尚未停缴。",
            second_inspector="孙静远",
            second_finding="工资已全部停发，1人停缴手续正在办理。",
            result="不合格",
            new_due="2026年8月28日",
        ),
    ]
    return SiteCheckRecordContext.model_validate(
        {
            **common,
            "notice_number": "示编改〔2026〕1号",
            "checked_on": "2026年8月14日",
            "checks": checks,
            "conclusion": "1项合格，予以销号；1项不合格，继续挂号，在新的期限内整改。",
            "inspectors": "何明舟、孙静远",
            "handled_by": "何明舟",
        }
    )


def _exceptional_acceptance(common: dict[str, object]) -> DocumentContext:
    return ExceptionalAcceptanceContext.model_validate(
        {
            **common,
            "suspension": _SUSPENDED,
            "matter": "使用行政编制1名，安置随军家属",
            "scope": "本次用编申请一件，行政编制1名，不适用于其他申请",
            "reason": "政策性安置有法定时限，须在2026年8月31日前办结，不能等待暂停受理解除。",
            "risk": "安置后行政编制实有42名，不超过核定数；整改措施和期限不变，由我办按月核对进展。",
            "requested_by": "示范市农业农村局",
            "requested_on": "2026年7月13日",
            "office_opinion": "情况属实，符合政策性安置规定，建议例外受理。",
            "approved_by": COMMISSION,
            "approver": "郑怀远",
            "opinion": "同意例外受理。",
            "valid_from": "2026年7月20日",
            "valid_until": "2026年8月31日",
            "clause": cited("A 三"),
        }
    )


def _phone_record(common: dict[str, object]) -> DocumentContext:
    return PhoneRecordContext.model_validate(
        {
            **common,
            "indicator": "编制使用率偏高",
            "value": "97.6%",
            "threshold": "95%",
            "facts": "行政编制核定42名，实有41名，使用率97.6%。提醒核对待退休人员，暂缓提出新的用编计划。",
            "callee": "林秋实",
            "callee_position": "人事科科长",
            "phone": "0000-8004567",
            "called_at": "2026年7月22日9时40分",
            "answer": "已知悉。2026年10月前有2人退休，届时及时办理出编，年内不再提出新的用编计划。",
            "promised_by": "2026年7月29日",
            "handled_by": "何明舟",
        }
    )


def _inspection_notice(common: dict[str, object]) -> DocumentContext:
    return InspectionNoticeContext.model_validate(
        {
            **_letter(common),
            "occasion": "因你单位未按期回复《书面警示函》（示编警〔2026〕1号）",
            "visit_on": "2026年9月10日",
            "content": [
                "机构设置和内设机构运行情况",
                "编制、领导职数使用和实有人员情况",
                "减员和出编手续办理情况",
            ],
            "team": "组长何明舟，成员孙静远、高文博",
            "materials": "机构编制批复文件、机构编制管理证、人员名册、近六个月工资发放表和社会保险缴纳明细。",
            "issued_by": "吴建国",
        }
    )


def _inspection_report(common: dict[str, object]) -> DocumentContext:
    return InspectionReportContext.model_validate(
        {
            **common,
            "title": "示范市机构编制委员会办公室关于市农业农村局机构编制实地督查情况的报告",
            "addressee": COMMISSION,
            "occasion": "因《书面警示函》（示编警〔2026〕1号）到期未回复",
            "visited_on": "2026年9月10日",
            "team": "组长何明舟，成员孙静远、高文博",
            "situation": [
                "督查组查阅了机构编制批复文件、人员名册、工资发放表和社会保险缴纳明细，与分管负责人和6名工作人员谈话，"
                "查看了各科室办公场所。",
                "该局核定行政编制42名，实有43名；核定内设机构9个，实际运行10个，警示函所列情形均未纠正。",
            ],
            "problems": _problems(due="2026年10月30日"),
            "next_step": "我办将向该局发出整改通知书，跟踪整改进展，并按规定程序处理未整改到位的问题。",
            "handled_by": "何明舟",
            "signer": "吴建国",
            "copies_to": "中共示范市委组织部，示范市财政局",
        }
    )


CASES = {
    DocumentKind.CHANGE_REPLY: "调整2026-00004",
    DocumentKind.EVALUATION_SHEET: "调整2026-00004",
    DocumentKind.PHONE_RECORD: "预警2026-00008",
    DocumentKind.WARNING_LETTER: "预警2026-00006",
    DocumentKind.INSPECTION_NOTICE: "预警2026-00006",
    DocumentKind.INSPECTION_REPORT: "预警2026-00006",
}
CASE = "整改2026-00003"
"""The case number of all kinds that CASES does not name."""

MAKERS = {
    DocumentKind.CHANGE_REPLY: _change_reply,
    DocumentKind.EVALUATION_SHEET: _evaluation_sheet,
    DocumentKind.RECTIFICATION_NOTICE: _rectification_notice,
    DocumentKind.WARNING_LETTER: _warning_letter,
    DocumentKind.SUSPENSION_NOTICE: _suspension_notice,
    DocumentKind.RESUMPTION_NOTICE: _resumption_notice,
    DocumentKind.SITE_CHECK_RECORD: _site_check_record,
    DocumentKind.EXCEPTIONAL_ACCEPTANCE: _exceptional_acceptance,
    DocumentKind.PHONE_RECORD: _phone_record,
    DocumentKind.INSPECTION_NOTICE: _inspection_notice,
    DocumentKind.INSPECTION_REPORT: _inspection_report,
}
