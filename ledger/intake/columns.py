"""The four sheets of an import workbook and their columns, in the words of officials.

Column names follow 《机构编制管理证》 and 机构编制台账 (domain.md §4.5, §4.10, §5.7); docs/reference/import.md is
the table for readers and a test keeps the two equal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from models.enums import Labelled, Resource, Sex, UnitKind
from models.shape import UNSAFE_TEXT


class Form(StrEnum):
    """How a cell is read."""

    TEXT = "text"
    CODE = "code"
    COUNT = "count"
    DAY = "day"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Column:
    """`choices` maps every accepted spelling (NFKC) to the value; `options` is what the dropdown offers."""

    key: str
    heading: str
    form: Form = Form.TEXT
    required: bool = False
    example: str = ""
    note: str = ""
    limit: int = 200
    width: int = 18
    options: tuple[str, ...] = ()
    choices: dict[str, str] | None = None


def spelling(text: str) -> str:
    """The form under which headings and choices are compared: half-width, no spaces, no `*` of a required column."""
    return "".join(unicodedata.normalize("NFKC", text).split()).strip("*")


_NUMBER = re.compile(r"[0-9]{6}(?=[0-9]{6,}[Xx]?)([0-9]+[Xx]?)")
_SHOWN = 60


def shown(text: str) -> str:
    """Foreign text for a list of faults: short, without control characters, and without what may be an identity
    number in the wrong place."""
    return UNSAFE_TEXT.sub("□", _NUMBER.sub(_masked, unicodedata.normalize("NFKC", text[: 2 * _SHOWN])))[:_SHOWN]


def _masked(found: re.Match[str]) -> str:
    return found[0][:6] + "*" * len(found[1])


def _choice(key: str, heading: str, members: Iterable[Labelled], *, required: bool, note: str = "") -> Column:
    listed = list(members)
    accepted = {spelling(word): member.value for member in listed for word in (member.label, member.value)}
    return Column(
        key,
        heading,
        Form.CHOICE,
        required,
        example=listed[0].label,
        note=note,
        width=22,
        options=tuple(member.label for member in listed),
        choices=accepted,
    )


COUNTED = "计入"
OUTSIDE = "不计入"

UNITS = "机构"
BODIES = "内设机构"
ACCOUNTS = "编制职数"
PERSONS = "人员"
# Sheets of ours that may come back with a corrected workbook; they hold no data.
IGNORED_SHEETS = frozenset({"错误清单", "选项", "填表说明"})
FAULT_HEADING = "问题"
"""The column that a marked copy adds; it may stay when the copy comes back, and is not read."""

EXAMPLE = "示例"
"""Begins the first cell of the template's example rows, which an import leaves out; no credit code begins so."""


def is_example(first: object) -> bool:
    return isinstance(first, str) and first.strip().startswith(EXAMPLE)


_UNIT = Column("unit", "统一社会信用代码", Form.CODE, True, "11999999000000019M", "本工作簿“机构”表中的机构", width=22)

SHEETS: dict[str, tuple[Column, ...]] = {
    UNITS: (
        Column("code", "统一社会信用代码", Form.CODE, True, "11999999000000019M", "18位，校验位须正确", width=22),
        Column("name", "机构名称", required=True, example="示范市发展研究局", limit=100, width=30),
        Column("short_name", "规范简称", example="市发研局", limit=100),
        _choice("kind", "机构类型", UnitKind, required=True),
        Column("place", "所在地区", example="示范市"),
        Column("rank", "机构规格", example="正处级"),
        Column("nature", "机构性质", example="政府工作部门", width=24),
        Column("parent", "主管部门代码", Form.CODE, note="主管部门的统一社会信用代码，可为已在册机构", width=22),
        Column(
            "shares",
            "合署共用编制机构代码",
            Form.CODE,
            note="与哪一机构共用一份编制（合署办公）；填该机构代码，编制职数只登记在该机构名下",
            width=24,
        ),
        Column("certificate_no", "机构编制管理证号", required=True, example="示编证0001号"),
        Column("basis_no", "机构设立文号", example="示编〔2020〕1号", width=20),
        Column("basis_date", "机构设立日期", Form.DAY, example="2020-03-01"),
        Column("source", "资料来源", limit=1000),
        Column("remark", "备注", limit=1000, width=30),
    ),
    BODIES: (
        _UNIT,
        Column("name", "内设机构名称", required=True, example="综合处", limit=100, width=24),
        Column("other_name", "其他名称", example="政策法规处", note="括号内的挂牌或另一职能名称", width=24),
        Column("rank", "规格", example="正科级"),
        Column("chief_posts", "正职职数", Form.COUNT, example="1", note="未载明的留空，不填0"),
        Column("deputy_posts", "副职职数", Form.COUNT, example="1", note="未载明的留空，不填0"),
        Column(
            "status",
            "是否计入机构数",
            Form.CHOICE,
            example=COUNTED,
            note="机关党委、机关纪委等填“不计入”；留空为“计入”",
            options=(COUNTED, OUTSIDE),
            choices={COUNTED: "counted", OUTSIDE: "outside"},
        ),
    ),
    ACCOUNTS: (
        _UNIT,
        _choice("resource", "编制或职数类别", Resource, required=True, note="一行一类；未分正副的职数选“未分正副”"),
        Column("authorised", "核定数", Form.COUNT, True, "36", "未载明的不登记，不填0"),
        Column("unnamed", "未列名实有数", Form.COUNT, example="0", note="已占用但不在“人员”表中的人数"),
        Column("basis_no", "批准文号", example="示编〔2020〕1号", note="文号、机关、日期三项同填或同空", width=20),
        Column("basis_body", "批准机关", example="示范市机构编制委员会", width=26),
        Column("basis_date", "批准日期", Form.DAY, example="2020-03-01"),
        Column("note", "备注", limit=1000, width=30),
    ),
    PERSONS: (
        _UNIT,
        Column("name", "姓名", required=True, example="王示范", limit=100, width=12),
        _choice("sex", "性别", Sex, required=True),
        Column("birth_date", "出生日期", Form.DAY, True, "1990-01-01"),
        Column("identity_no", "身份证号", Form.CODE, True, "999999199001010016", "须为文本格式", width=22),
        _choice(
            "headcount",
            "编制类别",
            [r for r in Resource if r.is_headcount],
            required=False,
            note="兼任领导职务而编制在其他单位的留空",
        ),
        _choice(
            "post",
            "领导职数类别",
            [r for r in Resource if r.is_post],
            required=False,
            note="不占领导职数的留空",
        ),
        Column("internal_body", "所在内设机构", example="综合处", note="须在“内设机构”表中", limit=100, width=20),
        Column("position", "职务", example="四级主任科员", width=20),
        Column("entered_on", "落编日期", Form.DAY, True, "2020-07-01"),
        Column("basis_no", "落编依据文号", example="示人社〔2020〕8号", width=22),
    ),
}
