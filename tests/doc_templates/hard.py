"""The samples made hard: long names, long texts, many rows, one row, rare characters, nothing optional."""

from __future__ import annotations

from typing import Any

from doc_templates.samples import sample
from models.documents import DocumentContext
from models.enums import DocumentKind

LONG_UNIT = "示范自治州示范土家族苗族自治县住房和城乡建设局（示范土家族苗族自治县人民防空办公室）"
ISSUERS = ("示范市委编办", "中共示范市委机构编制委员会办公室", "中共示范土家族苗族自治县委机构编制委员会办公室")
RARE_NAME = "𠮷田㛃·阿卜杜热西提·买买提艾力"
LONG_TEXT = (
    "经查阅机构编制批复文件、人员名册、工资发放表和社会保险缴纳明细，并与分管负责人和工作人员谈话，"
    "该单位核定行政编制128名，实有131名，超编3名；所属𠮷安镇、䶮塘乡两个派出机构未经批准设置，"
    "配备负责人2名、工作人员9名，占用下属事业单位编制从事机关工作，混编混岗的情形持续两年以上"
)
COPIES = "，".join(
    [
        "中共示范市委组织部",
        "示范市人力资源和社会保障局",
        "示范市财政局",
        "示范市医疗保障局",
        "示范市审计局",
        "示范市社会保险事业管理中心",
        "中共示范市纪律检查委员会机关",
        "示范市事业单位登记管理局",
        "示范市住房公积金管理中心",
    ]
)
_LONG = {
    "unit_name": LONG_UNIT,
    "addressee": LONG_UNIT,
    "unit": LONG_UNIT,
    "unit_parent": LONG_UNIT,
    "co_users": LONG_UNIT,
    "copies_to": COPIES,
    "person_name": RARE_NAME,
    "internal_body": "城市基础设施建设管理与工程质量安全监督科（行政审批服务科）",
    "title": f"{ISSUERS[1]}关于同意{LONG_UNIT}设立城市基础设施建设管理科并调整机构编制事项的批复",
    "application_title": f"{LONG_UNIT}用编申请（行政编制12名、机关工勤编制2名、内设机构正职3名、内设机构副职5名）",
    "request_title": "关于设立城市基础设施建设管理科、撤销项目建设办公室并相应调整机构编制和领导职数事项的请示",
    "handled_by": "阿卜杜热西提·买买提艾力",
    "position": "一级主任科员（主持工作）",
    "approval_no": "示组干〔2026〕1187号",
    "basis_no": "示组干字〔2026〕1187号",
    "label": "参照公务员法管理事业编制",
    "department": "人力资源社会保障部门",
    "purpose": LONG_TEXT,
    "basis_meeting": "中共示范土家族苗族自治县住房和城乡建设局党组2026年第18次（扩大）会议",
}
_LABEL = 6  # a shorter text is a label of a closed list, e.g. 退休
_TEXTS = (
    "opinion",
    "facts",
    "reason",
    "risk",
    "answer",
    "conclusion",
    "office_opinion",
    "measure",
    "summary",
    "materials",
    "first_finding",
    "second_finding",
    "detail",
    "consequence",
    "way_forward",
    "next_step",
    "reminder",
    "follow_up",
)


def hard(kind: DocumentKind, rows: int, issuer: str = ISSUERS[1]) -> DocumentContext:
    """The sample with long names and texts and `rows` rows in each of its lists."""
    base = sample(kind)
    return type(base).model_validate({**_stretch(base.model_dump(), rows), "issuer": issuer})


def one_row(kind: DocumentKind) -> DocumentContext:
    base = sample(kind)
    dumped = base.model_dump()
    return type(base).model_validate({**dumped, **{k: v[:1] for k, v in dumped.items() if isinstance(v, list)}})


def bare(kind: DocumentKind) -> DocumentContext:
    """The sample without what its context model says may be empty."""
    base = sample(kind)
    optional = {name for name, field in type(base).model_fields.items() if field.default == ""}
    dumped = base.model_dump()
    return type(base).model_validate({**dumped, **{n: "" for n in optional if not n.endswith("_heading")}})


def _stretch(value: Any, rows: int, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _stretch(item, rows, key) for key, item in value.items()}
    if isinstance(value, list):
        some = [_stretch(item, rows, name) for item in value]
        return [some[place % len(some)] for place in range(rows)] if some else some
    if not value:
        return value
    if name in _TEXTS:
        return LONG_TEXT if len(str(value)) > _LABEL else value
    return _LONG.get(name, value)
