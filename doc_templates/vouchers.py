"""The four ruled forms (业务凭证): slip, notices of entry and exit, certificate page. Fields: domain.md §4."""

from __future__ import annotations

from .kit import TEXT_WIDTH, Sheet, cell, para, row, statement, table
from .ruled import ROW, accounts, block, by_hand, cells, each, fields, label, signing, value, voucher

# Who registered an entry; those who examined and issued the slip behind it did not sign this paper.
_REGISTERED = (
    "经办：{{ handled_by }}　　　"
    "{% if issued_by %}核定单审核：{{ examined_by }}　　　核定单签发：{{ issued_by }}"
    "{% elif examined_by %}申请审核：{{ examined_by }}{% endif %}"
)


def _slots() -> list[str]:
    """用编编号, one row a slot."""
    columns = [(2, "序号", "loop.index"), (4, "用编编号", "slot.code"), (5, "编制（职数）", "slot.label")]
    columns += [(4, "进入方式", "slot.way"), (6, "拟用内设机构", "slot.internal_body"), (3, "承办", "slot.department")]
    rows = block(
        "用编编号",
        [label(n, title) for n, title, _ in columns],
        [value(n, "{{ " + name + " }}", "CellSmall") for n, _, name in columns],
    )
    return each(rows, "slot in slots")


def _entries() -> list[str]:
    """落编记录, filled in by hand: each slot has its own person, approval, day and officer."""
    columns = [(4, "用编编号", "{{ slot.code }}"), (5, "姓名", ""), (6, "批准文号", ""), (5, "落编日期", "")]
    columns.append((4, "经办", ""))
    rows = block(
        "落编记录",
        [label(n, title) for n, title, _ in columns],
        [value(n, text, "CellSmall") for n, _, text in columns],
    )
    return each(rows, "slot in slots")


def verification_slip() -> Sheet:
    rows = [
        fields("单位名称", "{{ unit_name }}", "机构规格", "{{ unit_rank }}"),
        fields("信用代码", "{{ unit_code }}", "机构类别", "{{ unit_kind }}"),
        fields("主管部门", "{{ unit_parent }}", "管理证号", "{{ certificate_no }}"),
        fields("核定日期", "{{ issued_on }}", "有效期至", "{{ valid_until }}"),
        *accounts("编制", "编制类别", "headcount", "本次核定"),
        *accounts("领导职数", "职务层次", "posts", "本次核定"),
        *_slots(),
        *block(
            "用途依据",
            [label(4, "用途"), value(20, "{{ purpose }}")],
            [
                label(4, "研究会议"),
                value(11, "{{ basis_meeting }}"),
                label(4, "会议日期"),
                value(5, "{{ basis_date }}", "CellSmall"),
            ],
            [label(4, "办理依据"), value(20, "{{ clause }}")],
        ),
        signing("核定机关：{{ issuer }}（实名制业务专用章）"),
        by_hand(
            "组织人社",
            "审核意见：□同意　□不同意　　　　　　　　　　　经办：",
            "　　　　　　　　　　　　　　　　　　　　　　（章）　　　　年　　月　　日",
        ),
        *_entries(),
    ]
    notes = [
        "注：1. 本单逾期作废，涂改无效，不得跨类别使用，不得转让；每个用编编号只能使用一次。",
        "　　2. 人员经组织或者人力资源社会保障部门批准后，持本单办理落编；未经落编不得核定工资、核拨经费。",
    ]
    number = "核定机关：{{ issuer }}"
    return voucher("人员编制和领导职数核定单", number, rows, notes, pad=20)


def _person() -> list[str]:
    return [
        fields("单位名称", "{{ unit_name }}", "管理证号", "{{ certificate_no }}"),
        fields("信用代码", "{{ unit_code }}", "填发日期", "{{ issued_on }}"),
        row(
            *cells(
                [
                    label(3, "姓名"),
                    value(5, "{{ person_name }}"),
                    label(3, "性别"),
                    value(3, "{{ person_sex }}"),
                    label(4, "出生年月"),
                    value(7, "{{ person_birth }}"),
                ],
                0,
            ),
            height=ROW,
        ),
    ]


def _acknowledgements() -> list[str]:
    return [
        by_hand(
            "财政签注",
            "经费办理：　　　　　　　　　　　　　　　　经办：",
            "　　　　　　　　　　　　　　　　　　　　　　（章）　　　　年　　月　　日",
        ),
        by_hand(
            "人社社保",
            "工资、社会保险办理：　　　　　　　　　　　经办：",
            "　　　　　　　　　　　　　　　　　　　　　　（章）　　　　年　　月　　日",
        ),
    ]


def entry_notice() -> Sheet:
    rows = [
        *_person(),
        fields("身份证件", "{{ identity_masked }}", "进入方式", "{{ way }}"),
        fields("编制类别", "{{ headcount_label }}", "领导职数", "{{ post_label }}"),
        fields("内设机构", "{{ internal_body }}", "职务岗位", "{{ position }}"),
        fields("核定单号", "{{ slip_number }}", "用编编号", "{{ slot_code }}"),
        fields("批准机关", "{{ approved_by }}", "批准日期", "{{ approved_on }}"),
        fields("批准文号", "{{ approval_no }}", "落编日期", "{{ entered_on }}"),
        *accounts("台账", "落编后编制（职数）", "balances"),
        fields("经费事项", "{{ funds_note }}"),
        signing("填发机关：{{ issuer }}（实名制业务专用章）", _REGISTERED),
        *_acknowledgements(),
    ]
    notes = [
        "注：1. 本单涂改无效，不得跨类别使用。",
        "　　2. 本单是核定工资、核拨经费、办理社会保险的依据，由机构编制、组织（人社）、财政部门和单位留存。",
    ]
    return voucher("入编通知单", "填发机关：{{ issuer }}", rows, notes, pad=60)


def exit_notice() -> Sheet:
    rows = [
        *_person(),
        fields("身份证件", "{{ identity_masked }}", "减员原因", "{{ reason }}"),
        fields("核销内容", "{{ freed }}"),
        fields("去向", "{{ destination }}", "证明材料", "{% if proof %}{{ proof }}{% else %}—{% endif %}"),
        fields("批准机关", "{{ approved_by }}", "批准日期", "{{ approved_on }}"),
        fields("批准文号", "{{ approval_no }}", "出编日期", "{{ left_on }}"),
        *accounts("台账", "出编后编制（职数）", "balances"),
        signing("填发机关：{{ issuer }}（实名制业务专用章）", _REGISTERED),
        *_acknowledgements(),
    ]
    notes = [
        "注：1. 本单涂改无效，不得跨类别使用。",
        "　　2. 本单是{{ uses }}的依据，由机构编制、组织（人社）、财政部门和原单位留存。",
    ]
    return voucher("出编通知单", "填发机关：{{ issuer }}", rows, notes, pad=60)


def entries_and_exits(items: str) -> str:
    """人员落（出）编登记 of a list, two lines a person so that the page stays upright."""
    columns = [
        (400, "序\n号", ["loop.index"]),
        (1160, "姓名\n性别", ["change.person_name", "change.person_sex"]),
        (1620, "出生年月\n身份证件", ["change.birth_month", "change.identity_masked"]),
        (1440, "编制（职数）\n内设机构", ["change.label", "change.internal_body"]),
        (1060, "职务岗位", ["change.position"]),
        (1780, "落编日期\n依据文号", ["change.entered_on", "change.basis_no"]),
    ]
    columns.append((TEXT_WIDTH - sum(c[0] for c in columns), "出编日期\n原因", ["change.left_on", "change.reason"]))
    widths = [width for width, _, _ in columns]
    head = [cell(w, *[para("CellLabel", line) for line in t.split("\n")]) for w, t, _ in columns]
    cells = [cell(w, *[para("CellEntry", "{{ " + v + " }}") for v in values]) for w, _, values in columns]
    return table(
        widths,
        row(*head, height=600, header=True),
        row(cell(TEXT_WIDTH, para("CellSmall", "{%tr for change in " + items + " %}"), span=len(widths))),
        row(*cells, height=540),
        row(cell(TEXT_WIDTH, para("CellSmall", "{%tr endfor %}"), span=len(widths))),
        margin=40,
    )


def _changed(columns: list[tuple[int, str, str]], items: str) -> str:
    """What a reply changed, by (width, heading, field); the last width fills the page."""
    widths = [width for width, _, _ in columns]
    widths[-1] = TEXT_WIDTH - sum(widths[:-1])
    titles = [cell(w, para("CellLabel", title)) for w, (_, title, _) in zip(widths, columns, strict=True)]
    values = ["{{ item." + name + " }}" for _, _, name in columns]
    return table(
        widths,
        row(*titles, height=420, header=True),
        row(cell(TEXT_WIDTH, para("CellSmall", "{%tr for item in " + items + " %}"), span=len(widths))),
        row(*[cell(w, para("CellSmall", value)) for w, value in zip(widths, values, strict=True)], height=440),
        row(cell(TEXT_WIDTH, para("CellSmall", "{%tr endfor %}"), span=len(widths))),
        margin=40,
    )


def _quotas() -> str:
    """编制职数变更登记."""
    figures = [(2600, "编制（职数）", "label"), (840, "变更前", "before"), (840, "增减", "delta")]
    dated = [(840, "变更后", "after"), (1650, "生效日期", "effective_on"), (0, "依据文号", "basis_no")]
    return _changed([*figures, *dated], "quotas")


def _events() -> str:
    """机构事项变更登记."""
    what = [(1560, "事项", "what"), (1850, "变更前", "before"), (2040, "变更后", "after")]
    return _changed([*what, (1650, "生效日期", "on"), (0, "依据文号", "basis_no")], "events")


def _heading(text: str) -> str:
    return para("VoucherNumber", f"{text}（截至{{{{ as_of }}}}）", props='<w:spacing w:before="120" w:after="40"/>')


def certificate() -> Sheet:
    """One page of an entry or exit, with its persons, or of a reply, with all that it changed about the unit."""
    rows = [
        fields("单位名称", "{{ unit_name }}", "机构规格", "{{ unit_rank }}"),
        fields("信用代码", "{{ unit_code }}", "机构性质", "{{ unit_nature }}"),
        fields("主管部门", "{{ unit_parent }}", "管理证号", "{{ certificate_no }}"),
        fields("共用编制", "{{ co_users }}", "页次", "{{ page_no }}"),
        *accounts("编制职数", "编制（职数）", "balances"),
    ]
    page = (
        "{% if events %}机构编制事项变更登记页{% elif quotas %}编制职数变更登记页"
        "{% else %}人员落（出）编登记页{% endif %}"
    )
    sheet = voucher("机构编制管理证", page, rows, [], pad=20)
    sheet.body += [
        statement("if events"),
        _heading("机构事项变更登记"),
        _events(),
        statement("endif"),
        statement("if quotas"),
        _heading("编制职数变更登记"),
        _quotas(),
        statement("endif"),
        statement("if changes"),
        _heading("人员落（出）编登记"),
        entries_and_exits("changes"),
        statement("endif"),
        para(
            "VoucherNote",
            "注：本页由机构编制部门登记，涂改无效；财政、人社、社保部门凭本页办理经费、工资和社会保险。",
            props="<w:keepNext/>",
        ),
        para(
            "CellText",
            "登记机关：{{ issuer }}（章）　　经办：{{ handled_by }}　　{{ issued_on }}",
            props='<w:spacing w:before="240" w:after="0" w:line="320" w:lineRule="exact"/><w:jc w:val="right"/>',
        ),
    ]
    return sheet
