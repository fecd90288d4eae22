"""《机构编制管理证》 as a booklet, as a new template: its parts are those of domain.md §4.5.

Lists are tables of their own with a heading row that repeats: a unit of twenty years fills hundreds of pages.
"""

from __future__ import annotations

from .kit import (
    FANGSONG,
    HEITI,
    RED,
    SIZE_3,
    SIZE_4,
    SIZE_S4,
    SONG_TITLE,
    TEXT_WIDTH,
    Sheet,
    Style,
    border,
    cell,
    chars,
    indent,
    page_field,
    para,
    picture,
    row,
    statement,
    table,
)
from .ruled import BALANCE_FIELDS, BALANCE_TITLES, GRID, fields
from .vouchers import entries_and_exits

BLUE = "1F3F8F"
_PICTURE = 820
_NEW_PAGE = '<w:pageBreakBefore/><w:spacing w:before="0" w:after="160" w:line="640" w:lineRule="exact"/>'
_COVER = 84


def _cover_styles() -> dict[str, Style]:
    """Title and rule in the colour of the kind of unit, everything else of a cover in black."""
    made = {}
    for ident, name, shade in (("Organ", "党政群机关", RED), ("Institution", "事业单位", BLUE)):
        made[f"Cover{ident}"] = Style(
            f"封面标题（{name}）", SONG_TITLE, _COVER, 1100, "center", before=2000, color=shade, keep_next=True
        )
        made[f"Rule{ident}"] = Style(
            f"封面线（{name}）",
            FANGSONG,
            SIZE_3,
            520,
            "center",
            before=160,
            after=1000,
            color=shade,
            extra=f"<w:pBdr>{border('bottom', size=24, space=12, shade=shade)}</w:pBdr>",
        )
    return made


STYLES: dict[str, Style] = {
    **_cover_styles(),
    "CoverField": Style("封面栏目", HEITI, SIZE_3, 600, "right"),
    "CoverValue": Style("封面内容", FANGSONG, SIZE_3, 600, "left"),
    "CoverIssuer": Style("封面署名", FANGSONG, SIZE_3, 620, "center", indent(chars(10))),
    "Guide": Style("使用说明", FANGSONG, SIZE_4, 540, "both", indent(first=560), after=40),
    "Part": Style("分栏标题", HEITI, SIZE_S4, 420, "left", before=260, after=80, keep_next=True),
}

_GUIDE = (
    "一、本证载明单位的机构、编制、领导职数和在编人员，是办理用编、落编、出编，核定工资，核拨经费，"
    "办理社会保险的依据。",
    "二、本件为截至{{ as_of }}的摘录，所载为截至该日已经登记并已生效的事项；本件不编号，编号页以登记为准。",
    "三、每次落编、出编和机构编制事项变更，由机构编制部门登记后另发编号页，编号页与本证一并使用。"
    "编号页凭页上的核验码公开核验，编号与核验码列于本证“核验记录”。",
    "四、空余等于核定减去实有、已核未落和预留；空余为负的，即为超编或者超职数，只出不进。",
    "五、合署办公的单位共用编制职数，编制职数按共用的全部单位合并记载，人员按单位分别记载。",
    "六、登记有误的，不涂改、不删除，另记一行冲正，写明所冲正的行次。",
    "七、身份证件号码隐去中间各位，出生日期只载年月；查验全部内容的，到机构编制部门查阅。",
    "八、“财政、人社、社保签注”由各部门办理经费、工资、社会保险时填写；系统不绘制印章，用印处留空。",
    "九、本证不得涂改、转借、伪造；遗失的，应当及时报告发证机关。",
)


def _cover() -> list[str]:
    lines = []
    for name, ident in (("organ", "Organ"), ("institution", "Institution")):
        lines += [
            statement(f"if {name}"),
            para(f"Cover{ident}", "机构编制管理证"),
            para(f"Rule{ident}", "（{{ " + name + " }}）"),
            statement("endif"),
        ]
    named = [
        ("单位名称", "{{ unit_name }}"),
        ("信用代码", "{{ unit_code }}"),
        ("管理证号", "{{ certificate_no }}"),
        ("发证机关", "{{ issuer }}"),
        ("摘录日期", "截至{{ as_of }}"),
    ]
    widths = [2500, TEXT_WIDTH - 2500]
    rows = [
        row(
            cell(widths[0], para("CoverField", f"{title}："), align="top"),
            cell(widths[1], para("CoverValue", text), align="top"),
            height=720,
        )
        for title, text in named
    ]
    return [
        *lines,
        table(widths, *rows, ruled=False),
        para("CoverIssuer", "（发证机关章）", props='<w:spacing w:before="1000" w:after="0"/>'),
        para("CoverIssuer", "{{ issued_on }}"),
    ]


def _title(text: str) -> str:
    return para("VoucherTitle", text, props=_NEW_PAGE)


def _part(title: str) -> str:
    return para("Part", title)


def listing(columns: list[tuple[int, str, str]], items: str, none: str) -> str:
    """A table by (width, heading, fields of `item`, lines of a cell parted by /); the last width fills the page."""
    widths = [width for width, _, _ in columns]
    widths[-1] = TEXT_WIDTH - sum(widths[:-1])

    def said(text: str) -> str:
        return row(cell(TEXT_WIDTH, para("CellSmall", text), span=len(widths)))

    def values(place: int, names: str) -> str:
        left = names.startswith("<")
        parts = names.lstrip("<").split("/")
        style = "CellText" if left else "CellSmall"
        return cell(widths[place], *[para(style, "{{ " + _field(name) + " }}") for name in parts])

    return table(
        widths,
        row(
            *[
                cell(w, *[para("CellLabel", line) for line in title.split("/")])
                for w, (_, title, _) in zip(widths, columns, strict=True)
            ],
            height=420,
            header=True,
        ),
        said("{%tr for item in " + items + " %}"),
        row(*[values(place, names) for place, (_, _, names) in enumerate(columns)], height=400),
        said("{%tr endfor %}"),
        said("{%tr if not " + items + " %}"),
        row(cell(TEXT_WIDTH, para("CellSmall", none), span=len(widths)), height=400),
        said("{%tr endif %}"),
        margin=50,
        pad=20,
    )


def _field(name: str) -> str:
    return name if name.startswith("loop.") else f"item.{name}"


def _balances(first: str, items: str, none: str) -> str:
    numbers = [(1180, title, field) for title, field in zip(BALANCE_TITLES, BALANCE_FIELDS, strict=True)]
    return listing([(TEXT_WIDTH - 5 * 1180, first, "label"), *numbers], items, none)


def _quotas(items: str) -> str:
    columns = [
        (700, "行次", "seq"),
        (1640, "日期", "on"),
        (1450, "编制（职数）", "label"),
        (1400, "事项", "what"),
        (620, "增减", "delta"),
        (740, "变更后", "after"),
        (0, "依据文号/批准机关", "basis_no/basis_body"),
    ]
    return listing(columns, items, "没有登记。")


def _ruled_by_hand(name: str, matter: str) -> list[str]:
    widths = [1500, 3600, 1700, TEXT_WIDTH - 6800]
    titles = ("日期", matter, "经办", "盖章")
    heads = [cell(w, para("CellLabel", title)) for w, title in zip(widths, titles, strict=True)]
    blank = [cell(w, para("CellText")) for w in widths]
    return [_part(name), table(widths, row(*heads, height=420, header=True), *[row(*blank, height=600)] * 4)]


def _unit() -> list[str]:
    return [
        _title("机构基本情况"),
        table(
            GRID,
            fields("单位名称", "{{ unit_name }}", "机构规格", "{{ unit_rank }}"),
            fields("信用代码", "{{ unit_code }}", "机构性质", "{{ unit_nature }}"),
            fields("其他名称", "{{ other_names }}", "管理证号", "{{ certificate_no }}"),
            fields("主管部门", "{{ unit_parent }}", "存续状况", "{{ standing }}"),
            fields("设立依据", "{{ basis }}"),
            fields("共用编制", "{{ co_users }}"),
            pad=50,
        ),
        _part("机构变更登记"),
        listing(
            [
                (1640, "日期", "on"),
                (1250, "事项", "what"),
                (1750, "变更前", "before"),
                (2100, "变更后", "after"),
                (0, "依据文号", "basis_no"),
            ],
            "events",
            "建账以来没有变更。",
        ),
        _part("内设机构及职数"),
        listing(
            [
                (700, "序号", "loop.index"),
                (3700, "内设机构", "<name"),
                (1300, "规格", "rank"),
                (1000, "正职", "chief_posts"),
                (1000, "副职", "deputy_posts"),
                (0, "在编人数", "people"),
            ],
            "bodies",
            "没有登记内设机构。",
        ),
    ]


def _numbers() -> list[str]:
    return [
        _title("编制核定与变更登记"),
        _part("编制（截至{{ as_of }}）"),
        _balances("编制类别", "headcount", "没有核定编制。"),
        _part("核定与变更"),
        _quotas("headcount_changes"),
        _title("领导职数登记"),
        _part("领导职数（截至{{ as_of }}）"),
        _balances("职务层次", "posts", "没有核定领导职数。"),
        _part("核定与变更"),
        _quotas("post_changes"),
    ]


def _people() -> list[str]:
    return [
        _title("人员落（出）编登记"),
        entries_and_exits("persons"),
        para("VoucherNote", "注：按登记先后排列；出编日期为空的，截至{{ as_of }}在编（在职）。"),
    ]


def _checks() -> list[str]:
    return [
        _title("核验记录"),
        table(
            GRID,
            fields("摘录日期", "截至{{ as_of }}", "制作日期", "{{ issued_on }}"),
            fields("台账链", "{{ holder }}", "截至行次", "第{{ seal.chain_seq }}行"),
            fields("链尾摘要", "{{ seal.chain_head }}"),
            fields("存证日志", "共{{ log_size }}行", "日志时刻", "{{ log_at }}"),
            fields("日志头摘要", "{{ log_root }}"),
            fields("核对地址", "{{ seal.verify_url }}{{ seal.address_note }}"),
            pad=50,
        ),
        para(
            "VoucherNote",
            "注：机构编制、组织、人社、财政、社保部门凭令牌读取核对地址，即得同日摘录的数据，可与本件逐项比对；"
            "链尾摘要与台账流水该行的摘要相符的，台账自建账至该行未经改动。存证日志收入全部台账和文件登记的每一行，"
            "日志头摘要与登记中同行数时的日志头相符的，截至该时刻的登记未经改写，也未换成旧副本。",
        ),
        _part("已发编号页"),
        listing(
            [
                (900, "页次", "loop.index"),
                (2300, "编号", "number"),
                (1800, "日期", "issued_on"),
                (2600, "核验码", "code"),
                (0, "状态", "state"),
            ],
            "pages",
            "截至该日没有发出编号页。",
        ),
        *_ruled_by_hand("年度核验", "核验意见"),
        para(
            "CellText",
            "打印：{{ handled_by }}　　{{ issuer }}（章）　　{{ issued_on }}",
            props='<w:spacing w:before="240" w:after="0" w:line="320" w:lineRule="exact"/><w:jc w:val="right"/>',
        ),
    ]


def _foot() -> str:
    """The strip of a record, without the code that an extract does not have."""
    lines = [
        para(
            "Strip",
            "{% if number %}{{ number }}　{% endif %}{% if seal.code %}核验码：{{ seal.code }}　{% endif %}"
            "{% if case_no %}业务编号：{{ case_no }}　{% endif %}"
            "本件为截至{{ as_of }}的摘录，编号页以登记为准　　台账链第{{ seal.chain_seq }}行",
        ),
        para("Strip", "链尾摘要：{{ seal.chain_head }}"),
        para("Strip", "扫描左侧二维码，凭令牌读取同日摘录的数据核对；地址见“核验记录”。"),
        para("Strip", "第", page_field(), "页，共", page_field("NUMPAGES"), "页"),
    ]
    code = para("Strip", picture("rIdQr", 13.2), props='<w:spacing w:line="240" w:lineRule="auto"/>')
    widths = [_PICTURE, TEXT_WIDTH - _PICTURE]
    return table(
        widths, row(cell(widths[0], code), cell(widths[1], *lines), height=770, exact=True), ruled=False, margin=0
    )


def certificate_booklet() -> Sheet:
    return Sheet(
        title="机构编制管理证",
        body=[
            *_cover(),
            _title("使用说明"),
            *[para("Guide", line) for line in _GUIDE],
            *_unit(),
            *_numbers(),
            *_people(),
            _title("财政、人社、社保签注"),
            *_ruled_by_hand("财政部门", "经费办理事项"),
            *_ruled_by_hand("人力资源社会保障部门", "工资办理事项"),
            *_ruled_by_hand("社会保险经办机构", "参保办理事项"),
            *_checks(),
        ],
        footers={"default": _foot() + para("Tail"), "first": para("Tail")},
        grid="lines",
        header_at=1000,
        styles=STYLES,
    )
