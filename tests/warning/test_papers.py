"""What the papers of a warning say, from their frozen contexts and from the files."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from models.applications import WarningApplication
from models.documents import (
    DocumentContext,
    InspectionNoticeContext,
    InspectionReportContext,
    PhoneRecordContext,
    WarningLetterContext,
)
from models.enums import Indicator
from models.register import Record, Unit, WarningRow
from records.register import context_of
from tests.support.office import HEAD, INSPECTOR, INSPECTOR_TWO, ISSUER, RESEARCH, SERVICES, Office
from tests.warning.support import TEAM, answered, call, over_quota, problem, raised, reminded, swept, warned


def contexts(office: Office, case_id: str) -> dict[str, Any]:
    with office.database.read() as s:
        rows = s.exec(select(Record).where(col(Record.case_id) == case_id)).all()
        found: dict[str, DocumentContext] = {row.kind: context_of(s, row) for row in rows}
    assert all(record.digest for record in office.docket(case_id).documents)  # every file was made
    return found


def test_the_record_of_the_call_keeps_who_answered_and_what_was_promised(office: Office) -> None:
    case_id = reminded(office, promised_by="2026-03-06")
    record: PhoneRecordContext = contexts(office, case_id)["phone_record"]
    assert (record.callee, record.callee_position, record.phone) == ("林秋实", "人事科科长", "0000-8004567")
    assert record.called_at == "2026年3月2日9时00分"
    assert (record.promised_by, record.handled_by) == ("2026年3月6日", INSPECTOR.name)
    assert record.indicator == "机构编制领域公共事件"


def test_the_letter_of_a_monitor_states_finding_threshold_clause_and_day(office: Office) -> None:
    over_quota(office)
    swept(office)
    case_id = only_warning(office)
    office.accepted(office.decide(case_id, "warn", ISSUER))
    letter: WarningLetterContext = contexts(office, case_id)["warning_letter"]
    assert letter.occasion == "经机构编制监测"
    [finding] = letter.findings
    assert finding.text.startswith("超编：行政编制核定4名、实有6名，超出2名")
    assert finding.text.endswith("（当前值超出2名，预警阈值0名）")
    assert finding.clause == "《关于推进和完善全省党政群机关机构编制实名制管理工作的通知》第一部分第二项"
    assert letter.reply_by == "2026年3月16日"
    assert letter.copies_to == "中共示范市委组织部，示范市人力资源和社会保障局，示范市财政局"
    assert letter.handled_by == office.rulebook.office.duty_officer  # 监测 is nobody's hand
    [record] = office.docket(case_id).documents
    assert record.officers == {"经办": letter.handled_by, "签发": ISSUER.name}


def only_warning(office: Office) -> str:
    with office.database.read() as s:
        return s.exec(select(WarningRow.case_id)).one()


def test_a_letter_after_a_call_says_so_and_copies_the_body_above(office: Office) -> None:
    with office.database.write() as s:
        unit = s.get(Unit, SERVICES)
        assert unit is not None
        unit.parent = RESEARCH
        s.add(unit)
    case_id = raised(office, unit=SERVICES)
    office.accepted(office.decide(case_id, "remind", INSPECTOR_TWO, **call(office)))
    office.later(days=8)
    office.ring(case_id)
    office.accepted(office.decide(case_id, "warn", HEAD))
    letter: WarningLetterContext = contexts(office, case_id)["warning_letter"]
    assert letter.occasion == "经监督检查并于2026年3月2日电话提醒"
    assert letter.handled_by == INSPECTOR_TWO.name
    assert letter.copies_to == "示范市发展研究局"


def test_the_inspection_says_why_it_comes(office: Office) -> None:
    silent = warned(office)
    office.later(days=20)
    office.ring(silent)
    office.accepted(office.decide(silent, "inspect", HEAD, team=[*TEAM, "郭查"], visit_on="2026-04-01"))
    notice: InspectionNoticeContext = contexts(office, silent)["inspection_notice"]
    assert notice.occasion == "因你单位未按期回复《书面警示函》（示编警〔2026〕1号）"
    assert (notice.visit_on, notice.team, notice.issued_by) == ("2026年4月1日", "组长何查，成员郭查", HEAD.name)
    assert notice.content[0] == "机构编制领域公共事件：媒体反映该单位自行增设内设机构"

    replied = raised(office, "warn", indicator="stale-data")
    office.accepted(office.decide(replied, "warn", ISSUER))
    answered(office, replied)
    office.accepted(office.decide(replied, "review", INSPECTOR, "reject", subject="warn"))
    office.accepted(office.decide(replied, "inspect", HEAD, team=TEAM, visit_on="2026-04-01", materials="名册"))
    notice = contexts(office, replied)["inspection_notice"]
    assert notice.occasion == "因《书面警示函》（示编警〔2026〕3号）所列情形经答复后仍需核实"
    assert notice.materials == "名册。"


def test_the_report_goes_to_the_commission_with_situation_and_problems(office: Office) -> None:
    case_id = raised(office, "inspect")
    office.accepted(office.decide(case_id, "inspect", HEAD, team=TEAM, visit_on="2026-03-10"))
    office.later(days=8)
    said = {"opinion": "查阅了人员名册。\n\n实际运行10个科室", "found": [problem()]}
    office.accepted(office.decide(case_id, "inspection-report", INSPECTOR, **said))
    report: InspectionReportContext = contexts(office, case_id)["inspection_report"]
    assert report.title.replace("\n", "") == "示范市机构编制委员会办公室关于示范市发展研究局机构编制实地督查情况的报告"
    assert report.addressee == office.rulebook.office.commission_name
    assert report.situation == ["查阅了人员名册。", "实际运行10个科室。"]
    assert [(p.no, p.source, p.due) for p in report.problems] == [("P1", "预警", "2026年12月31日")]
    assert "整改通知书" in report.next_step
    assert (report.signer, report.handled_by) == (HEAD.name, INSPECTOR.name)  # who ordered it, who wrote it
    record = next(each for each in office.docket(case_id).documents if each.kind == "inspection_report")
    assert record.officers == {"经办": INSPECTOR.name, "签发": HEAD.name}


def test_every_indicator_has_a_letter_of_its_own(office: Office) -> None:
    for indicator in Indicator:
        case_id = raised(office, "warn", indicator=indicator.value, facts="情形属实。", value=3, threshold=1)
        assert WarningApplication.model_validate(office.docket(case_id).rounds[0].application).value == "3"
        office.accepted(office.decide(case_id, "warn", ISSUER))
        letter: WarningLetterContext = contexts(office, case_id)["warning_letter"]
        assert letter.findings[0].text == f"{indicator.label}：情形属实（当前值3，预警阈值1）"
        assert letter.findings[0].clause.startswith("《")
        assert letter.risk
        assert letter.request
