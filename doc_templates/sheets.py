"""The ruled sheets of change, rectification, exception and warning, as new templates. Fields: domain.md §4.6, §4.7."""

from __future__ import annotations

from .kit import ORDINAL, Sheet
from .ruled import (
    PARTS,
    accounts,
    block,
    by_hand,
    columns_of,
    fields,
    label,
    row_statement,
    said,
    signing,
    value,
    voucher,
)

_HEAD_SIGNS = "　　　　　　　　　　　　　　　　负责人（签字）：　　　　　　　年　　月　　日"


def _or_dash(name: str) -> str:
    """A value, or a dash where there is none: an empty place would look forgotten."""
    return "{% if " + name + " %}{{ " + name + " }}{% else %}—{% endif %}"


def evaluation_sheet() -> Sheet:
    used = [(6, "时点", "moment.as_of"), (6, "核定", "moment.authorised"), (6, "实有", "moment.occupied")]
    used.append((6, "使用率", "moment.percent"))
    past = [(6, "日期", "past.date"), (7, "文号", "past.number"), (11, "调整内容", "<past.summary")]
    alike = [(9, "单位", "alike.unit"), (4, "规格", "alike.rank"), (4, "核定", "alike.authorised")]
    alike += [(3, "实有", "alike.occupied"), (4, "使用率", "alike.percent")]
    points = [(8, "论证要点", "<point.question"), (16, "单位说明", "<point.answer")]
    rows = [
        fields("单位名称", "{{ unit_name }}", "机构规格", "{{ unit_rank }}"),
        fields("信用代码", "{{ unit_code }}", "机构类别", "{{ unit_kind }}"),
        fields("请示标题", "{{ request_title }}"),
        fields("请示文号", _or_dash("request_no"), "填表日期", "{{ issued_on }}"),
        *_list("申请事项", "line in requested", ORDINAL + "{{ line.text }}"),
        *accounts("编制职数", "编制（职数）", "balances"),
        *columns_of("使用情况", used, "moment in use", "没有可以比较的时点。"),
        *columns_of("历次调整", past, "past in past_changes", "评估期间没有调整过机构编制。"),
        *_list("未结问题", "problem in open_problems", ORDINAL + "{{ problem }}", "没有未整改到位的机构编制问题。"),
        *columns_of("同类比较", alike, "alike in comparable", "没有同规格、同类别的单位可以比较。"),
        *columns_of("五项论证", points, "point in points", "申请未作说明。"),
        said("评估意见", "{{ opinion }}"),
        signing(
            "评估机关：{{ issuer }}（章）",
            "经办：{{ handled_by }}　　　审核：{{ examined_by }}　　　负责人（签字）：",
        ),
    ]
    notes = [
        "注：1. 核定、实有、使用率和历次调整由机构编制台账计算，单位说明照录请示。",
        "　　2. 本表随请示提交审议，与批复一并归档。",
    ]
    return voucher("机构编制评估表", "评估期间：{{ period }}", rows, notes, pad=20)


def _list(name: str, loop: str, text: str, none: str = "") -> list[str]:
    """A block of the items of a list, one a row."""
    items = loop.rsplit(" ", 1)[-1]
    out = [
        row_statement(f"for {loop}"),
        row_statement("if loop.first"),
        *block(name, [value(PARTS, text)]),
        row_statement("endif"),
        row_statement("if not loop.first"),
        *block(name, [value(PARTS, text)], split=True, going_on=True),
        row_statement("endif"),
        row_statement("endfor"),
    ]
    if none:
        out += [row_statement(f"if not {items}"), *block(name, [value(PARTS, none)]), row_statement("endif")]
    return out


def site_check_record() -> Sheet:
    """Each problem is a block: what was to be done, what each of the two inspectors found, and the result."""
    checks = [
        row_statement("for check in checks"),
        *block(
            "验收问题",
            [label(5, "问题编号"), value(5, "{{ check.no }}"), label(4, "问题类别"), value(10, "{{ check.kind }}")],
            [label(5, "整改要求"), value(19, "{{ check.measure }}")],
            [label(5, "检查人：{{ check.first_inspector }}"), value(19, "{{ check.first_finding }}")],
            [label(5, "检查人：{{ check.second_inspector }}"), value(19, "{{ check.second_finding }}")],
            [
                label(5, "验收结果"),
                value(5, "{{ check.result }}"),
                label(4, "新的期限"),
                value(10, _or_dash("check.new_due")),
            ],
            split=True,
        ),
        row_statement("endfor"),
    ]
    rows = [
        fields("单位名称", "{{ unit_name }}", "检查日期", "{{ checked_on }}"),
        fields("整改通知", "{{ notice_number }}", "检查人", "{{ inspectors }}"),
        *checks,
        said("验收结论", "{{ conclusion }}", height=560),
        by_hand(
            "单位确认",
            "检查情况：□属实　□有异议：",
            "单位负责人（签字）：　　　　　　　　　　　　　（章）　　　　年　　月　　日",
        ),
        signing(
            "验收机关：{{ issuer }}（章）",
            "检查人（签字）：　　　　　　　　　　　　　　　　经办：{{ handled_by }}",
        ),
    ]
    notes = [
        "注：1. 检查人不少于两人，各自记录所见；全部检查人认定合格的，该问题销号。",
        "　　2. 验收结果为不合格的，继续挂号，在新的期限内整改。",
    ]
    return voucher("整改情况实地检查验收确认书", "验收机关：{{ issuer }}", rows, notes, pad=60)


def exceptional_acceptance() -> Sheet:
    rows = [
        fields("单位名称", "{{ unit_name }}", "申请日期", "{{ requested_on }}"),
        fields("暂停受理", "{{ suspension }}", "提出人", "{{ requested_by }}"),
        fields("例外事项", "{{ matter }}"),
        fields("适用范围", "{{ scope }}"),
        fields("有效期", "{{ valid_from }}至{{ valid_until }}"),
        fields("办理依据", "{{ clause }}"),
        said("紧急必要", "{{ reason }}", height=1100),
        said("风险防控", "{{ risk }}", height=1100),
        said("编办意见", "{{ office_opinion }}", _HEAD_SIGNS, height=1000),
        said("批准意见", "{{ opinion }}", height=800),
        signing(
            "批准机关：{{ approved_by }}（章）",
            "批准人：{{ approver }}　　　　　　　　　　　　批准人（签字）：",
            name="批准",
        ),
    ]
    notes = [
        "注：1. 例外受理只适用于所列事项和有效期，逾期失效；暂停受理对其他事项继续有效。",
        "　　2. 本表与所受理事项的材料一并归档。",
    ]
    return voucher("例外受理审批表", "填表机关：{{ issuer }}", rows, notes, pad=60)


def phone_record() -> Sheet:
    rows = [
        fields("单位名称", "{{ unit_name }}", "记录日期", "{{ issued_on }}"),
        fields("通话时间", "{{ called_at }}", "联系电话", _or_dash("phone")),
        fields("接听人", "{{ callee }}", "接听人职务", _or_dash("callee_position")),
        fields("监测指标", "{{ indicator }}"),
        fields("当前值", _or_dash("value"), "提醒阈值", _or_dash("threshold")),
        said("提醒事项", "{{ facts }}", height=1500),
        said("对方答复", "{{ answer }}", height=1500),
        fields("承诺期限", "{% if promised_by %}{{ promised_by }}{% else %}对方未承诺期限{% endif %}"),
        signing(
            "记录机关：{{ issuer }}",
            "记录人：{{ handled_by }}　　　　　　记录人（签字）：　　　　　　　复核人（签字）：",
        ),
    ]
    notes = ["注：本单为内部工作记录，不发送单位；未按期答复或者情况未改善的，提请书面警示。"]
    return voucher("电话提醒记录单", "记录机关：{{ issuer }}", rows, notes, pad=60)
