"""The pieces that ruled forms (业务凭证 and 审批表) are made of: rows of labels and values, named blocks, signing."""

from __future__ import annotations

from .kit import TEXT_WIDTH, Sheet, cell, para, row, strip, table

SIDE = 644  # the narrow column that names a block, two characters a line: it needs no more than two rows
PARTS = 24
_UNIT = (TEXT_WIDTH - SIDE) / PARTS
GRID = [SIDE, *[round(_UNIT * (i + 1)) - round(_UNIT * i) for i in range(PARTS)]]
ROW = 370
APART = '<w:spacing w:before="20" w:after="60" w:line="280" w:lineRule="exact"/>'
KEEP = "<w:keepNext/>"
_TAB = "<w:r><w:tab/></w:r>"
BALANCE_TITLES = ("核定", "实有", "已核未落", "预留", "空余")
BALANCE_FIELDS = ("authorised", "occupied", "reserved", "set_aside", "vacancy")

# (columns, text, style) of one cell; the columns of a row add up to 25, or to 24 beside a block's name.
Cell = tuple[int, str, str]


def label(columns: int, text: str) -> Cell:
    return columns, text, "CellLabel"


def value(columns: int, text: str, style: str = "CellText") -> Cell:
    return columns, text, style


def cells(parts: list[Cell], start: int, props: str = "") -> list[str]:
    out = []
    for columns, text, style in parts:
        width = sum(GRID[start : start + columns])
        out.append(cell(width, para(style, text, props=props), span=columns))
        start += columns
    return out


def fields(first: str, text: str, *second: str) -> str:
    """A row of one label and value, or of two."""
    parts = [label(3, first), value(22, text)]
    if second:
        parts = [label(3, first), value(11, text), label(4, second[0]), value(7, second[1])]
    return row(*cells(parts, 0), height=ROW)


def side_name(text: str, props: str = "") -> list[str]:
    """The name of a block, two characters a line."""
    return [para("CellLabel", text[place : place + 2], props=props) for place in range(0, len(text), 2)]


def block(
    text: str, *rows: list[Cell], height: int = ROW - 40, split: bool = False, going_on: bool = False
) -> list[str]:
    """Rows of a block beside its name: the first restarts the vertical merge, the others continue it.

    With `split` a row may go on on the next page; `going_on` are rows of a block that has its name already.
    """
    return [_block_row("" if place or going_on else text, parts, height, split) for place, parts in enumerate(rows)]


def _block_row(name: str, parts: list[Cell], height: int, split: bool = False, keep: str = "") -> str:
    side = cell(
        SIDE, *(side_name(name, keep) or [para("CellLabel", props=keep)]), merge="restart" if name else "continue"
    )
    return row(side, *cells(parts, 1, keep), height=height, split=split)


def row_statement(text: str) -> str:
    """A row that holds only a {%tr … %} statement and vanishes with it."""
    return row(cell(TEXT_WIDTH, para("CellSmall", "{%tr " + text + " %}"), span=len(GRID)))


def each(head_and_rows: list[str], loop: str, none: list[str] | None = None) -> list[str]:
    """A heading row, and rows that are repeated; for an empty list the rows of `none`, or nothing at all."""
    head, *repeated = head_and_rows
    items = loop.rsplit(" ", 1)[-1]
    out = [
        row_statement(f"if {items}"),
        head,
        row_statement(f"for {loop}"),
        *repeated,
        row_statement("endfor"),
        row_statement("endif"),
    ]
    if none:
        out += [row_statement(f"if not {items}"), *none, row_statement("endif")]
    return out


def columns_of(
    name: str, columns: list[tuple[int, str, str]], loop: str, none: str = "", split: bool = False
) -> list[str]:
    """A block with a heading row and a repeated one, by (width, heading, variable); `none` is said of an empty list.

    A variable that begins with < is written to the left, all others in the middle. The heading stays with a row.
    """
    head = [label(width, title) for width, title, _ in columns]
    values = [
        value(width, "{{ " + text.lstrip("<") + " }}", "CellText" if text.startswith("<") else "CellCentre")
        for width, _, text in columns
    ]
    rows = [_block_row(name, head, ROW - 40, keep=KEEP), *block(name, values, split=split, going_on=True)]
    return each(rows, loop, block(name, [value(PARTS, none)]) if none else None)


def accounts(name: str, first: str, items: str, granted: str = "") -> list[str]:
    """A block of account rows; `granted` is the heading of the last column, if there is one."""
    titles = [first, *BALANCE_TITLES] + ([granted] if granted else [])
    names = ["label", *BALANCE_FIELDS] + (["granted"] if granted else [])
    widths = [6, 3, 3, 3, 3, 3, 3] if granted else [7, 3, 3, 4, 3, 4]
    columns = [(n, title, f"account.{f}") for n, title, f in zip(widths, titles, names, strict=True)]
    return columns_of(name, columns, f"account in {items}")


def said(name: str, *lines: str, height: int = 700) -> str:
    """A block of long text, which may go on on the next page and whose end stays with the row below it."""
    return row(
        cell(SIDE, *side_name(name)),
        cell(TEXT_WIDTH - SIDE, *[para("CellText", line, props=KEEP + APART) for line in lines], span=PARTS),
        height=height,
        split=True,
    )


SIGNED = "经办：{{ handled_by }}　　　审核：{{ examined_by }}　　　签发：{{ issued_by }}"


def signing(seal: str, officers: str = SIGNED, name: str = "签批") -> str:
    """The officers and the place of the seal, which is never drawn."""
    apart = '<w:spacing w:before="100" w:after="0" w:line="280" w:lineRule="exact"/>'
    signers = para("CellText", officers, props=KEEP)
    place = para("CellText", seal, props=KEEP + apart)
    day = para("CellText", "{{ issued_on }}　　", props=KEEP + '<w:jc w:val="right"/>')
    return row(
        cell(SIDE, *side_name(name)),
        cell(TEXT_WIDTH - SIDE, signers, place, day, span=PARTS),
        height=960,
    )


def by_hand(name: str, *lines: str, height: int = 860) -> str:
    """A block that is filled in by hand."""
    return row(
        cell(SIDE, *side_name(name)),
        cell(TEXT_WIDTH - SIDE, *[para("CellText", line, props=APART) for line in lines], span=PARTS),
        height=height,
    )


def voucher(title: str, number_line: str, rows: list[str], notes: list[str], pad: int = 0) -> Sheet:
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
            table(GRID, *rows, pad=pad),
            *[para("VoucherNote", note) for note in notes],
        ],
        footers={"default": strip("rIdQr", page=True) + para("Tail")},
        grid="lines",
        header_at=1000,
    )
