"""The four ruled forms (业务凭证): slip, notices of entry and exit, certificate page. Fields: domain.md §4."""

from __future__ import annotations

from .kit import TEXT_WIDTH, Sheet, cell, para, row, strip, table

_SIDE = 644  # the narrow column that names a block, two characters a line: it needs no more than two rows
_PARTS = 24
_UNIT = (TEXT_WIDTH - _SIDE) / _PARTS
_GRID = [_SIDE, *[round(_UNIT * (i + 1)) - round(_UNIT * i) for i in range(_PARTS)]]
_ROW = 370
_APART = '<w:spacing w:before="20" w:after="60" w:line="280" w:lineRule="exact"/>'
_TAB = "<w:r><w:tab/></w:r>"
BALANCE_TITLES = ("核定", "实有", "已核未落", "预留", "空余")
BALANCE_FIELDS = ("authorised", "occupied", "reserved", "set_aside", "vacancy")

# (columns, text, style) of one cell; the columns of a row add up to 25, or to 24 beside a block's name.
Cell = tuple[int, str, str]


def _label(columns: int, text: str) -> Cell:
    return columns, text, "CellLabel"


def _value(columns: int, text: str, style: str = "CellText") -> Cell:
    return columns, text, style


def _cells(parts: list[Cell], start: int) -> list[str]:
    out = []
    for columns, text, style in parts:
        out.append(cell(sum(_GRID[start : start + columns]), para(style, text), span=columns))
        start += columns
    return out


def _fields(label: str, value: str, *second: str) -> str:
    """A row of one label and value, or of two."""
    parts = [_label(3, label), _value(22, value)]
    if second:
        parts = [_label(3, label), _value(11, value), _label(4, second[0]), _value(7, second[1])]
    return row(*_cells(parts, 0), height=_ROW)


def _name(text: str) -> list[str]:
    """The name of a block, two characters a line."""
    return [para("CellLabel", text[place : place + 2]) for place in range(0, len(text), 2)]


def _block(text: str, *rows: list[Cell], height: int = _ROW - 40) -> list[str]:
    """Rows of a block beside its name: the first restarts the vertical merge, the others continue it."""
    out = []
    for place, parts in enumerate(rows):
        first = place == 0
        side = cell(_SIDE, *(_name(text) if first else [para("CellLabel")]), merge="restart" if first else "continue")
        out.append(row(side, *_cells(parts, 1), height=height))
    return out


def _statement(text: str) -> str:
    """A row that holds only a {%tr … %} statement and vanishes with it."""
    return row(cell(TEXT_WIDTH, para("CellSmall", "{%tr " + text + " %}"), span=len(_GRID)))


def _each(head_and_row: list[str], loop: str) -> list[str]:
    """A heading row, and a row that is repeated; nothing at all for an empty list."""
    head, repeated = head_and_row
    items = loop.rsplit(" ", 1)[-1]
    return [
        _statement(f"if {items}"),
        head,
        _statement(f"for {loop}"),
        repeated,
        _statement("endfor"),
        _statement("endif"),
    ]


def _accounts(name: str, first: str, items: str, granted: str = "") -> list[str]:
    """A block of account rows; `granted` is the heading of the last column, if there is one."""
    titles = [first, *BALANCE_TITLES] + ([granted] if granted else [])
    fields = ["label", *BALANCE_FIELDS] + (["granted"] if granted else [])
    widths = [6, 3, 3, 3, 3, 3, 3] if granted else [7, 3, 3, 4, 3, 4]
    head = [_label(n, title) for n, title in zip(widths, titles, strict=True)]
    values = [_value(n, "{{ account." + f + " }}", "CellCentre") for n, f in zip(widths, fields, strict=True)]
    return _each(_block(name, head, values), f"account in {items}")


_SIGNED = "经办：{{ handled_by }}　　　审核：{{ examined_by }}　　　签发：{{ issued_by }}"
# Who registered an entry; those who examined and issued the slip behind it did not sign this paper.
_REGISTERED = (
    "经办：{{ handled_by }}　　　"
    "{% if issued_by %}核定单审核：{{ examined_by }}　　　核定单签发：{{ issued_by }}"
    "{% else %}申请审核：{{ examined_by }}{% endif %}"
)


def _signing(seal: str, officers: str = _SIGNED) -> str:
    """The officers and the place of the seal, which is never drawn."""
    signers = para("CellText", officers)
    place = para("CellText", seal, props='<w:spacing w:before="100" w:after="0" w:line="280" w:lineRule="exact"/>')
    day = para("CellText", "{{ issued_on }}　　", props='<w:jc w:val="right"/>')
    return row(
        cell(_SIDE, *_name("签批")),
        cell(TEXT_WIDTH - _SIDE, signers, place, day, span=_PARTS),
        height=960,
    )


def _by_hand(name: str, *lines: str, height: int = 860) -> str:
    """A block that is filled in by hand."""
    return row(
        cell(_SIDE, *_name(name)),
        cell(TEXT_WIDTH - _SIDE, *[para("CellText", line, props=_APART) for line in lines], span=_PARTS),
        height=height,
    )


def _voucher(title: str, number_line: str, rows: list[str], notes: list[str]) -> Sheet:
    return Sheet(
        title=title,
        body=[
            para("VoucherTitle", title),
            para(
                "VoucherNumber",
                number_line,
                _TAB,
                "编号：{{ number }}",
                props=f'<w:tabs><w:tab w:val="right" w:pos="{TEXT_WIDTH}"/></w:tabs>',
            ),
            table(_GRID, *rows),
            *[para("VoucherNote", note) for note in notes],
        ],
        footers={"default": strip("rIdQr", page=True) + para("Tail")},
        grid="lines",
        header_at=1000,
    )


def _slots() -> list[str]:
    """用编编号, one row a slot."""
    columns = [(2, "序号", "loop.index"), (4, "用编编号", "slot.code"), (5, "编制（职数）", "slot.label")]
    columns += [(4, "进入方式", "slot.way"), (6, "拟用内设机构", "slot.internal_body"), (3, "承办", "slot.department")]
    rows = _block(
        "用编编号",
        [_label(n, title) for n, title, _ in columns],
        [_value(n, "{{ " + name + " }}", "CellSmall") for n, _, name in columns],
    )
    return _each(rows, "slot in slots")


def _entries() -> list[str]:
    """落编记录, filled in by hand: each slot has its own person, approval, day and officer."""
    columns = [(4, "用编编号", "{{ slot.code }}"), (5, "姓名", ""), (6, "批准文号", ""), (5, "落编日期", "")]
    columns.append((4, "经办", ""))
    rows = _block(
        "落编记录",
        [_label(n, title) for n, title, _ in columns],
        [_value(n, text, "CellSmall") for n, _, text in columns],
    )
    return _each(rows, "slot in slots")


def verification_slip() -> Sheet:
    rows = [
        _fields("单位名称", "{{ unit_name }}", "机构规格", "{{ unit_rank }}"),
        _fields("信用代码", "{{ unit_code }}", "机构类别", "{{ unit_kind }}"),
        _fields("主管部门", "{{ unit_parent }}", "管理证号", "{{ certificate_no }}"),
        _fields("核定日期", "{{ issued_on }}", "有效期至", "{{ valid_until }}"),
        *_accounts("编制", "编制类别", "headcount", "本次核定"),
        *_accounts("领导职数", "职务层次", "posts", "本次核定"),
        *_slots(),
        *_block(
            "用途依据",
            [_label(4, "用途"), _value(20, "{{ purpose }}")],
            [
                _label(4, "研究会议"),
                _value(11, "{{ basis_meeting }}"),
                _label(4, "会议日期"),
                _value(5, "{{ basis_date }}", "CellSmall"),
            ],
            [_label(4, "办理依据"), _value(20, "{{ clause }}")],
        ),
        _signing("核定机关：{{ issuer }}（实名制业务专用章）"),
        _by_hand(
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
    return _voucher("人员编制和领导职数核定单", number, rows, notes)


def _person() -> list[str]:
    return [
        _fields("单位名称", "{{ unit_name }}", "管理证号", "{{ certificate_no }}"),
        _fields("信用代码", "{{ unit_code }}", "填发日期", "{{ issued_on }}"),
        row(
            *_cells(
                [
                    _label(3, "姓名"),
                    _value(5, "{{ person_name }}"),
                    _label(3, "性别"),
                    _value(3, "{{ person_sex }}"),
                    _label(4, "出生年月"),
                    _value(7, "{{ person_birth }}"),
                ],
                0,
            ),
            height=_ROW,
        ),
    ]


def _acknowledgements() -> list[str]:
    return [
        _by_hand(
            "财政签注",
            "经费办理：　　　　　　　　　　　　　　　　经办：",
            "　　　　　　　　　　　　　　　　　　　　　　（章）　　　　年　　月　　日",
        ),
        _by_hand(
            "人社社保",
            "工资、社会保险办理：　　　　　　　　　　　经办：",
            "　　　　　　　　　　　　　　　　　　　　　　（章）　　　　年　　月　　日",
        ),
    ]


def entry_notice() -> Sheet:
    rows = [
        *_person(),
        _fields("身份证件", "{{ identity_masked }}", "进入方式", "{{ way }}"),
        _fields("编制类别", "{{ headcount_label }}", "领导职数", "{{ post_label }}"),
        _fields("内设机构", "{{ internal_body }}", "职务岗位", "{{ position }}"),
        _fields("核定单号", "{{ slip_number }}", "用编编号", "{{ slot_code }}"),
        _fields("批准机关", "{{ approved_by }}", "批准日期", "{{ approved_on }}"),
        _fields("批准文号", "{{ approval_no }}", "落编日期", "{{ entered_on }}"),
        *_accounts("台账", "落编后编制（职数）", "balances"),
        _fields("经费事项", "{{ funds_note }}"),
        _signing("填发机关：{{ issuer }}（实名制业务专用章）", _REGISTERED),
        *_acknowledgements(),
    ]
    notes = [
        "注：1. 本单涂改无效，不得跨类别使用。",
        "　　2. 本单是核定工资、核拨经费、办理社会保险的依据，由机构编制、组织（人社）、财政部门和单位留存。",
    ]
    return _voucher("入编通知单", "填发机关：{{ issuer }}", rows, notes)


def exit_notice() -> Sheet:
    rows = [
        *_person(),
        _fields("身份证件", "{{ identity_masked }}", "减员原因", "{{ reason }}"),
        _fields("核销内容", "{{ freed }}"),
        _fields("去向", "{{ destination }}"),
        _fields("批准机关", "{{ approved_by }}", "批准日期", "{{ approved_on }}"),
        _fields("批准文号", "{{ approval_no }}", "出编日期", "{{ left_on }}"),
        *_accounts("台账", "出编后编制（职数）", "balances"),
        _signing("填发机关：{{ issuer }}（实名制业务专用章）", _REGISTERED),
        *_acknowledgements(),
    ]
    notes = [
        "注：1. 本单涂改无效，不得跨类别使用。",
        "　　2. 本单是停发工资、核减经费、办理社会保险的依据，由机构编制、组织（人社）、财政部门和原单位留存。",
    ]
    return _voucher("出编通知单", "填发机关：{{ issuer }}", rows, notes)


def _changes() -> str:
    """人员落（出）编登记, two lines a person so that the page stays upright."""
    columns = [
        (400, "序\n号", ["loop.index"]),
        (880, "姓名\n性别", ["change.person_name", "change.person_sex"]),
        (1640, "出生年月\n身份证件", ["change.birth_month", "change.identity_masked"]),
        (1440, "编制（职数）\n内设机构", ["change.label", "change.internal_body"]),
        (1000, "职务岗位", ["change.position"]),
        (2000, "落编日期\n依据文号", ["change.entered_on", "change.basis_no"]),
    ]
    columns.append((TEXT_WIDTH - sum(c[0] for c in columns), "出编日期\n原因", ["change.left_on", "change.reason"]))
    widths = [width for width, _, _ in columns]
    head = [cell(w, *[para("CellLabel", line) for line in t.split("\n")]) for w, t, _ in columns]
    cells = [cell(w, *[para("CellEntry", "{{ " + v + " }}") for v in values]) for w, _, values in columns]
    return table(
        widths,
        row(*head, height=600, header=True),
        row(cell(TEXT_WIDTH, para("CellSmall", "{%tr for change in changes %}"), span=len(widths))),
        row(*cells, height=540),
        row(cell(TEXT_WIDTH, para("CellSmall", "{%tr endfor %}"), span=len(widths))),
        margin=40,
    )


def certificate() -> Sheet:
    rows = [
        _fields("单位名称", "{{ unit_name }}", "机构规格", "{{ unit_rank }}"),
        _fields("信用代码", "{{ unit_code }}", "机构性质", "{{ unit_nature }}"),
        _fields("主管部门", "{{ unit_parent }}", "管理证号", "{{ certificate_no }}"),
        _fields("共用编制", "{{ co_users }}", "页次", "{{ page_no }}"),
        *_accounts("编制职数", "编制（职数）", "balances"),
    ]
    sheet = _voucher("机构编制管理证", "人员落（出）编登记页", rows, [])
    sheet.body += [
        para(
            "VoucherNumber", "人员落（出）编登记（截至{{ as_of }}）", props='<w:spacing w:before="120" w:after="40"/>'
        ),
        _changes(),
        para(
            "VoucherNote", "注：本页由机构编制部门登记，涂改无效；财政、人社、社保部门凭本页办理经费、工资和社会保险。"
        ),
        para(
            "CellText",
            "登记机关：{{ issuer }}（章）　　经办：{{ handled_by }}　　{{ issued_on }}",
            props='<w:spacing w:before="240" w:after="0" w:line="320" w:lineRule="exact"/><w:jc w:val="right"/>',
        ),
    ]
    return sheet
