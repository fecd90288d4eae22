"""《卷内文件目录》 with 卷内备考表, as a new template: tables of their own, so that their headings repeat on each page.

`records.case_file.read_back` knows the tables by the headings of their first row.
"""

from __future__ import annotations

from models.refusals import NOTICES

from .kit import HEITI, SIZE_4, TEXT_WIDTH, Sheet, Style, cell, para, row, strip, table
from .ruled import GRID, KEEP, by_hand, fields, said

_MM = TEXT_WIDTH / 156
_LEFT = '<w:jc w:val="left"/>'
_TAB = "<w:r><w:tab/></w:r>"
_NEW_PAGE = "<w:pageBreakBefore/>"

_LISTED = [12, 32, 25, 53, 20, 14]
_SENT = [12, 28, 24, 92]
_ACTED = [12, 28, 22, 19, 33, 17, 25]
_BOOKED = [40, 14, 24, 36, 42]
_PINNED = "事项卷摘要（{{ algorithm }}，回执{{ acts_receipts }}条）：{{ docket_digest }}"
_ACTS = "办理内容摘要（{{ algorithm }}，回执{{ acts_receipts }}条）：{{ acts_digest }}"
"""What was frozen by an earlier version, and rendered by this one."""


def _twips(millimetres: list[int]) -> list[int]:
    ends = [round(sum(millimetres[: place + 1]) * _MM) for place in range(len(millimetres))]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _titles(widths: list[int], *titles: str) -> str:
    cells = [cell(width, para("CellLabel", title)) for width, title in zip(widths, titles, strict=True)]
    return row(*cells, height=330, header=True)


def _only(widths: list[int], text: str) -> str:
    """A row of one cell: a statement, or what is said of an empty list."""
    return row(cell(sum(widths), para("CellSmall", text), span=len(widths)))


def _each(widths: list[int], loop: str, rows: list[str], none: str) -> list[str]:
    items = loop.rsplit(" ", 1)[-1]
    return [
        _only(widths, "{%tr for " + loop + " %}"),
        *rows,
        _only(widths, "{%tr endfor %}"),
        _only(widths, "{%tr if not " + items + " %}"),
        _only(widths, none),
        _only(widths, "{%tr endif %}"),
    ]


def _values(widths: list[int], *texts: str, keep: bool = False) -> str:
    """A row of values; those that begin with < are written to the left."""
    props = KEEP if keep else ""
    cells = [
        cell(width, para("CellSmall", text.lstrip("<"), props=props + (_LEFT if text.startswith("<") else "")))
        for width, text in zip(widths, texts, strict=True)
    ]
    return row(*cells, height=300)


def _or_dash(name: str) -> str:
    return "{% if " + name + " %}{{ " + name + " }}{% else %}—{% endif %}"


def _listed() -> str:
    """Each document takes two rows: the columns of DA/T 22, then its whole digest and the remark."""
    widths = _twips(_LISTED)

    def below(place: str, digest: str, remark: str, style: str, merge: str, head: bool = False) -> str:
        """The second row: the place goes on, the digest under the next three columns, the remark under the last."""
        return row(
            cell(widths[0], para(style, place), merge=merge),
            cell(sum(widths[1:4]), para(style if head else "CellEntry", digest, props="" if head else _LEFT), span=3),
            cell(sum(widths[4:]), para(style, remark), span=2),
            height=300,
            header=head,
        )

    def above(style: str, texts: list[str], head: bool = False) -> str:
        cells = [cell(widths[0], para(style, texts[0], props=KEEP), merge="restart")]
        cells += [
            cell(width, para(style, text.lstrip("<"), props=KEEP + (_LEFT if text.startswith("<") else "")))
            for width, text in zip(widths[1:], texts[1:], strict=True)
        ]
        return row(*cells, height=300, header=head)

    names = ["place", "number", "responsible", "title", "date", "state"]
    values = ["{{ filed." + name + " }}" for name in names]
    values[2:4] = [f"<{text}" for text in values[2:4]]
    return table(
        widths,
        above("CellLabel", ["顺序号", "文号", "责任者", "题名", "日期", "状态"], head=True),
        below("", "摘要（{{ algorithm }}）", "备注", "CellLabel", "continue", head=True),
        *_each(
            widths,
            "filed in documents",
            [
                above("CellSmall", values),
                below("", _or_dash("filed.digest"), "{{ filed.remark }}", "CellSmall", "continue"),
            ],
            "本卷没有文件。",
        ),
    )


def _sent() -> str:
    widths = _twips(_SENT)
    values = ["{{ sent.round }}", "{{ sent.at }}", "{{ sent.officer }}"]
    cells = [cell(width, para("CellSmall", text)) for width, text in zip(widths, values, strict=False)]
    digest = "{% if sent.digest %}{{ sent.digest }}{% else %}无法打开{% endif %}"
    sent = row(*cells, cell(widths[-1], para("CellEntry", digest, props=_LEFT)), height=300)
    return table(
        widths,
        _titles(widths, "轮次", "提交时间", "提交人", "申请内容摘要（{{ algorithm }}）"),
        *_each(widths, "sent in rounds", [sent], "本卷没有申请。"),
    )


def _acted() -> str:
    widths = _twips(_ACTED)
    values = ["{{ act.place }}", "{{ act.at }}", "{{ act.department }}", "{{ act.officer }}", "<{{ act.what }}"]
    values.append(_or_dash("act.verdict"))
    values.append("<{{ act.result }}{% if act.reference_no %}，{{ act.reference_no }}{% endif %}")
    return table(
        widths,
        _titles(widths, "序号", "时间", "机构", "经办人", "事项", "意见", "回执、文号"),
        *_each(widths, "act in acts", [_values(widths, *values)], "没有办理记录。"),
        _only(widths, "{%tr if docket_digest %}"),
        row(cell(sum(widths), para("CellEntry", _PINNED, props=_LEFT), span=len(widths)), height=300),
        _only(widths, "{%tr endif %}"),
        _only(widths, "{%tr if acts_digest %}"),
        row(cell(sum(widths), para("CellEntry", _ACTS, props=_LEFT), span=len(widths)), height=300),
        _only(widths, "{%tr endif %}"),
    )


def _booked() -> str:
    """Each row of the journal takes two rows, the second its whole hash."""
    widths = _twips(_BOOKED)
    values = ["{{ booked." + name + " }}" for name in ("chain", "seq", "kind", "account", "delta")]
    hashed = row(cell(sum(widths), para("CellEntry", "{{ booked.hash }}"), span=len(widths)), height=300)
    return table(
        widths,
        _titles(widths, "台账链", "行次", "种类", "编制（职数）", "变动"),
        row(cell(sum(widths), para("CellLabel", "本行摘要"), span=len(widths)), height=300, header=True),
        *_each(widths, "booked in rows", [_values(widths, *values, keep=True), hashed], "本事项没有台账变动。"),
    )


def _reference() -> str:
    """卷内备考表."""
    return table(
        GRID,
        said("本卷情况", "{{ summary }}", height=1100),
        said("缺件作废", "{{ remarks }}", height=1100),
        said(
            "存证日志",
            "截至{{ log_at }}，存证日志共{{ log_size }}行（RFC 6962）。",
            "日志头：{{ log_root }}",
            height=900,
        ),
        said("立卷", "立卷人：定编系统自动立卷　　　　　　立卷时间：{{ made_at }}", height=700),
        by_hand("检查", "检查人（签字）：　　　　　　　　　　　　检查时间：　　　　年　　月　　日", height=1000),
        pad=20,
    )


def case_file() -> Sheet:
    head = [
        fields("立卷单位", "{{ issuer }}", "立卷日期", "{{ issued_on }}"),
        fields("事项编号", "{{ case_no }}", "程序", "{{ procedure }}"),
        fields("单位名称", "{{ unit_name }}", "办理结果", "{{ outcome }}"),
        fields("题名", "{{ title }}"),
        fields("起止日期", "{{ period }}", "保管期限", "{{ retention }}"),
    ]
    supersedes = "{% if supersedes %}本目录替代{{ supersedes }}{% endif %}"
    return Sheet(
        title="卷内文件目录",
        body=[
            para("VoucherTitle", "卷内文件目录"),
            para(
                "VoucherNumber",
                supersedes,
                _TAB,
                "编号：{{ number }}",
                props=f'<w:tabs><w:tab w:val="right" w:pos="{TEXT_WIDTH}"/></w:tabs>',
            ),
            table(GRID, *head, pad=20),
            para("FilePart", "一、文件"),
            _listed(),
            para("FilePart", "二、申请"),
            _sent(),
            para("FilePart", "三、办理过程"),
            _acted(),
            para("FilePart", "四、台账登记"),
            _booked(),
            para("VoucherNote", "注：1. 时间为北京时间；日期按年月日八位书写。"),
            para(
                "VoucherNote",
                f"　　2. 回执所引依据：A 为{NOTICES['A']}，B 为{NOTICES['B']}。",
            ),
            para(
                "VoucherNote",
                "　　3. 表末的摘要由档案包内本事项的事项卷（办结时的全部内容）算得，改动任何一处即不相符。",
            ),
            para("VoucherNote", "　　4. 立卷以后到达的申请和意见一律不予采纳，不在本目录之内，载于登记簿。"),
            para("VoucherTitle", "卷内备考表", props=_NEW_PAGE),
            _reference(),
            para("VoucherNote", "注：本表由检查人核对实物与目录后签字；档案包另附存证证明，可脱离本系统核验。"),
        ],
        footers={"default": strip("rIdQr", page=True) + para("Tail")},
        grid="lines",
        header_at=1000,
        styles={"FilePart": Style("卷内部分", HEITI, SIZE_4, 400, "left", before=140, after=60, keep_next=True)},
    )
