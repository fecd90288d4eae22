"""The letters (函) of rectification, suspension, warning and inspection, as new templates. Texts: domain.md §13."""

from __future__ import annotations

from .kit import TEXT_WIDTH, Sheet, cell, para, row, statement, table
from .letters import ABOVE_TABLE, BELOW_TABLE, items, letter, paragraphs

_KEEP = "<w:keepNext/>"


def ruled_list(columns: list[tuple[int, str, str]], loop: str) -> str:
    """A table of a list: (width, heading, text of the cell, one paragraph a line); text after < begins at the left.

    The heading is repeated on every page and stays with the row below it.
    """
    widths = [width for width, _, _ in columns]
    head = [cell(width, para("CellLabel", title, props=_KEEP)) for width, title, _ in columns]
    values = []
    for width, _, text in columns:
        style = "CellText" if text.startswith("<") else "CellCentre"
        values.append(cell(width, *[para(style, line) for line in text.lstrip("<").split("\n")]))
    span = len(columns)
    return table(
        widths,
        row(*head, height=400, header=True),
        row(cell(TEXT_WIDTH, para("CellCentre", "{%tr for " + loop + " %}"), span=span)),
        row(*values, height=380),
        row(cell(TEXT_WIDTH, para("CellCentre", "{%tr endfor %}"), span=span)),
        pad=30,
    )


def problem_table() -> str:
    """Problems as suspension notices and reports list them."""
    columns = [
        (920, "编号", "{{ problem.no }}"),
        (2660, "问题", "<{{ problem.kind }}（{{ problem.source }}）：{{ problem.facts }}。"),
        (1600, "依据", "<{% if problem.clause %}{{ problem.clause }}{% else %}—{% endif %}"),
        (1824, "整改要求", "<{{ problem.measure }}。"),
    ]
    due = "{{ problem.due }}\n{%p if problem.overdue %}\n{{ problem.overdue }}\n{%p endif %}"
    columns.append((TEXT_WIDTH - sum(width for width, _, _ in columns), "整改期限", due))
    return ruled_list(columns, "problem in problems")


def rectification_notice() -> Sheet:
    return letter(
        "整改通知书",
        [
            para("BodyText", "经{{ found_by }}，发现你单位在机构编制方面存在问题。现将整改事项通知如下："),
            para("Level1", "一、存在的问题"),
            *items(
                "problem in problems",
                "{{ problem.kind }}（问题编号：{{ problem.no | whole }}，来源：{{ problem.source }}）。"
                "{{ problem.facts }}。{% if problem.clause %}依据：{{ problem.clause }}。{% endif %}",
            ),
            para("Level1", "二、整改要求"),
            *items(
                "problem in problems",
                "{{ problem.measure }}。期限：{{ problem.due }}（含当日）"
                "{% if problem.overdue %}，{{ problem.overdue }}{% endif %}。",
            ),
            para("Level1", "三、报告和验收"),
            para(
                "BodyText",
                "请于{{ report_by }}前（含当日）向我办书面报告整改结果，逐项说明完成情况并附佐证材料；"
                "确需延期的，请在期限届满前书面申请。我办派员实地检查验收，合格的予以销号。",
            ),
            *paragraphs("consequence"),
        ],
    )


def warning_letter() -> Sheet:
    return letter(
        "书面警示函",
        [
            para("BodyText", "{{ occasion }}，你单位存在下列情形："),
            *items(
                "finding in findings",
                "{{ finding.text }}。{% if finding.clause %}依据：{{ finding.clause }}。{% endif %}",
            ),
            *paragraphs("risk"),
            *paragraphs("request"),
            statement("if reply_by"),
            para("BodyText", "请于{{ reply_by }}前（含当日）将核实情况和采取的措施书面回复我办。"),
            statement("endif"),
            *paragraphs("consequence"),
        ],
        ending="特此函告。",
    )


def suspension_notice() -> Sheet:
    return letter(
        "暂停受理通知书",
        [
            para(
                "BodyText",
                "根据{{ basis }}，经{{ decided_by }}决定，自{{ from_on }}起暂停受理{{ covered }}的机构编制事项申请。"
                "现将有关事项通知如下：",
            ),
            para("Level1", "一、未整改到位的问题", props=ABOVE_TABLE),
            problem_table(),
            para("Level1", "二、暂停受理的事项", props=BELOW_TABLE),
            *items("matter in suspended", "{{ matter }}。"),
            para("Level1", "三、不受影响的事项"),
            *paragraphs("unaffected"),
            para("Level1", "四、恢复受理的条件"),
            *paragraphs("lifted_when"),
            para("Level1", "五、复核"),
            para("BodyText", "对本通知有异议的，可以于{{ review_by }}前（含当日）书面向我办申请复核。"),
        ],
    )


def resumption_notice() -> Sheet:
    columns = [(2400, "问题编号", "{{ problem.no }}"), (4044, "问题类别", "{{ problem.kind }}")]
    columns.append((TEXT_WIDTH - 2400 - 4044, "销号日期", "{{ problem.closed_on }}"))
    return letter(
        "恢复受理通知书",
        [
            para(
                "BodyText",
                "暂停受理你单位机构编制事项申请（{{ suspension_number }}）所依据的问题，"
                "经实地检查验收已经整改到位并销号：",
                props=_KEEP + ABOVE_TABLE,
            ),
            ruled_list(columns, "problem in problems"),
            para(
                "BodyText",
                "经{{ decided_by }}决定，自{{ from_on }}起解除上述暂停受理"
                "{% if still_standing %}；你单位另有暂停受理尚未解除（{{ still_standing }}），待其解除后，"
                "恢复受理{{ resumed }}。{% else %}，恢复受理{{ resumed }}；因此中止办理的事项恢复办理。{% endif %}",
                props=BELOW_TABLE,
            ),
            *paragraphs("follow_up"),
        ],
    )


def inspection_notice() -> Sheet:
    return letter(
        "实地督查通知",
        [
            para(
                "BodyText",
                "{{ occasion }}，我办定于{{ visit_on }}对你单位开展机构编制实地督查。现将有关事项通知如下：",
            ),
            para("Level1", "一、督查内容"),
            *items("item in content", "{{ item }}。"),
            para("Level1", "二、督查组"),
            para("BodyText", "{{ team }}。"),
            statement("if materials"),
            para("Level1", "三、需备材料"),
            *paragraphs("materials"),
            statement("endif"),
            para("Level1", "{% if materials %}四{% else %}三{% endif %}、有关要求"),
            para(
                "BodyText",
                "请确定一名负责人做好配合，如实提供情况和材料。督查人员不少于两人，到场时出示工作证件和本通知。",
            ),
        ],
        more="签发：{{ issued_by }}",
    )
