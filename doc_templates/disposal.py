"""《文件销毁清册》 as a new template: a ruled head, the list as a table of its own, so that its heading repeats on each
page, and the places where those who approved, carried out and witnessed it sign. What was struck is told, too."""

from __future__ import annotations

from .kit import HEITI, LOG, SIZE_4, TEXT_WIDTH, Sheet, Style, cell, para, row, strip, table
from .ruled import APART, GRID, KEEP, PARTS, SIDE, fields, said, side_name

_MM = TEXT_WIDTH / 156
_LEFT = '<w:jc w:val="left"/>'
_TAB = "<w:r><w:tab/></w:r>"
_BEFORE = '<w:spacing w:before="120" w:after="0" w:line="280" w:lineRule="exact"/>'
_LISTED = (12, 33, 53, 28, 30)
_STRUCK = (34, 58, 64)


def _twips(millimetres: tuple[int, ...]) -> list[int]:
    ends = [round(sum(millimetres[: place + 1]) * _MM) for place in range(len(millimetres))]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _statement(widths: list[int], text: str) -> str:
    return row(cell(sum(widths), para("CellSmall", "{%tr " + text + " %}"), span=len(widths)))


def _listed() -> str:
    """Each document takes two rows: what it was, then its whole digest, so that a copy can be found here again."""
    widths = _twips(_LISTED)

    def above(style: str, texts: list[str], head: bool = False) -> str:
        cells = [cell(widths[0], para(style, texts[0], props=KEEP), merge="restart")]
        cells += [
            cell(width, para(style, text.lstrip("<"), props=KEEP + (_LEFT if text.startswith("<") else "")))
            for width, text in zip(widths[1:], texts[1:], strict=True)
        ]
        return row(*cells, height=300, header=head)

    def below(text: str, until: str, style: str, head: bool = False) -> str:
        return row(
            cell(widths[0], para(style), merge="continue"),
            cell(
                sum(widths[1:4]), para("CellLabel" if head else "CellEntry", text, props="" if head else _LEFT), span=3
            ),
            cell(widths[4], para(style, until)),
            height=300,
            header=head,
        )

    values = [
        "{{ loop.index }}",
        "{{ gone.number }}",
        "<{{ gone.title }}",
        "{{ gone.issued_on }}",
        "{{ gone.retention }}",
    ]
    return table(
        widths,
        above("CellLabel", ["序号", "文号", "题名", "成文日期", "保管期限"], head=True),
        below("文件摘要", "期满日", "CellLabel", head=True),
        _statement(widths, "for gone in lines"),
        above("CellSmall", values),
        below("{{ gone.digest }}", "{{ gone.until }}", "CellSmall"),
        _statement(widths, "endfor"),
    )


def _struck() -> str:
    widths = _twips(_STRUCK)
    heads = [cell(w, para("CellLabel", text)) for w, text in zip(widths, ("文号", "题名", "剔除原因"), strict=True)]
    values = [
        cell(widths[0], para("CellSmall", "{{ left.number }}")),
        cell(widths[1], para("CellSmall", "{{ left.title }}", props=_LEFT)),
        cell(widths[2], para("CellSmall", "{{ left.reason }}", props=_LEFT)),
    ]
    return table(
        widths,
        row(*heads, height=300, header=True),
        _statement(widths, "for left in struck"),
        row(*values, height=300),
        _statement(widths, "endfor"),
        _statement(widths, "if not struck"),
        row(cell(sum(widths), para("CellSmall", "列入清册的文件没有剔除。"), span=len(widths)), height=300),
        _statement(widths, "endif"),
    )


def _hand(name: str, who: str, day: str, *before: str, seal: bool = False) -> str:
    """Whoever took a step: name and day as the register has them, and the place for the signature."""
    sign = f"{who}　　　　　签字：　　　　　　　　　　{day}" + ("　（章）" if seal else "")
    lines = [para("CellText", line, props=KEEP + APART) for line in before]
    return row(
        cell(SIDE, *side_name(name, KEEP)),
        cell(TEXT_WIDTH - SIDE, *lines, para("CellText", sign, props=KEEP + _BEFORE), span=PARTS),
        height=760,
    )


def _hands() -> str:
    return table(
        GRID,
        _hand("提出", "提出人：{{ proposed_by }}", "{{ proposed_on }}"),
        _hand(
            "审批",
            "批准人：{{ approved_by }}",
            "{{ approved_on }}",
            "批准意见：{{ opinion }}",
            "批准文号：{{ reference_no }}",
            seal=True,
        ),
        _hand("执行", "执行人：{{ executed_by }}", "{{ executed_on }}"),
        _hand("监销", "监销人：{{ witnessed_by }}", "{{ witnessed_on }}"),
        pad=20,
    )


def disposal_list() -> Sheet:
    head = [
        fields("立档单位", "{{ unit_name }}", "销毁日期", "{{ issued_on }}"),
        fields("期满截止", "{{ due_before }}之前届满", "销毁件数", "{{ count }}件"),
        said("鉴定意见", "{{ reason }}", height=900),
    ]
    return Sheet(
        title="文件销毁清册",
        body=[
            para("VoucherTitle", "文件销毁清册"),
            para(
                "VoucherNumber",
                "填制单位：{{ issuer }}",
                _TAB,
                "编号：{{ number }}",
                props=f'<w:tabs><w:tab w:val="right" w:pos="{TEXT_WIDTH}"/></w:tabs>',
            ),
            table(GRID, *head, pad=20),
            para("ListPart", "一、销毁的文件"),
            _listed(),
            para("ListPart", "二、列入后剔除、未予销毁的文件"),
            _struck(),
            para("ListPart", "三、审批和监销"),
            _hands(),
            para("VoucherNote", "注：1. 销毁的是文件及其版式件、签章件；文号登记、登记链和存证日志一律不动。"),
            para("VoucherNote", "　　2. 持有所列文件副本的，仍可按摘要核验其是否为原件。"),
            para("VoucherNote", "　　3. 本清册永久保存。"),
        ],
        footers={"default": strip("rIdQr", page=True, mark=LOG) + para("Tail")},
        grid="lines",
        header_at=1000,
        styles={"ListPart": Style("清册部分", HEITI, SIZE_4, 400, "left", before=140, after=60, keep_next=True)},
    )
