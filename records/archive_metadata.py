"""Metadata of a filed document as XML: the elements of DA/T 46-2009 that apply, with a schema of our own.

The elements bear the standard's Chinese names. What the standard asks for and this system does not know (档号, 密级)
is left out, never invented: the archive that takes the package adds it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from lxml import etree

from models.docket import Docket
from models.enums import Department, DocumentKind, RecordState, RenditionKind, Retention, Step
from models.packages import PackageFacts, RecordLine
from models.sealing import HashName
from rules.deadlines import SHANGHAI

NAMESPACE = "urn:dingbian:archive:1"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_ONCE = ("聚合层次", "电子文件号", "来源", "内容描述", "电子属性", "业务实体", "管理")
_PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    # name, how often: once for "", at most once for "?", any number of times for "*"
    "来源": (("全宗名称", ""), ("立档单位名称", "")),
    "内容描述": (
        ("题名", ""),
        ("文件编号", ""),
        ("责任者", ""),
        ("日期", ""),
        ("文种", ""),
        ("主送", "?"),
        ("事项编号", "?"),
        ("年度", ""),
        ("保管期限", ""),
    ),
    "电子属性": (
        ("格式信息", "?"),
        ("计算机文件名", "?"),
        ("计算机文件大小", "?"),
        ("数字摘要算法", ""),
        ("数字摘要值", "?"),
        ("模板摘要值", "?"),
        ("其他形式", "*"),
        ("信息系统描述", ""),
    ),
    "管理": (("状态", ""), ("作废原因", "?"), ("替代件", "?"), ("核验编码", ""), ("归档时间", "?")),
}
_ACT = ("业务行为", "行为时间", "行为人", "机构")


def metadata_of(line: RecordLine, docket: Docket | None, facts: PackageFacts) -> bytes:
    """One document's metadata; `docket` is its case where the package has it."""
    root = etree.Element(_q("电子文件"), nsmap={None: NAMESPACE})
    _put(root, "聚合层次", "件")
    _put(root, "电子文件号", line.id)
    _group(root, "来源", {"全宗名称": facts.fonds, "立档单位名称": facts.office})
    _group(root, "内容描述", _content(line))
    _group(root, "电子属性", _technical(line, facts))
    _business(root, line, docket, facts)
    _group(root, "管理", _management(line))
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text


def _content(line: RecordLine) -> dict[str, str | None]:
    return {
        "题名": line.title,
        "文件编号": line.number,
        "责任者": line.issuer,
        "日期": line.issued_on.isoformat(),
        "文种": DocumentKind(line.kind).label,
        "主送": line.unit_name or None,
        "事项编号": line.case_no or None,
        "年度": str(line.year),
        "保管期限": Retention(line.retention).label,
    }


def _technical(line: RecordLine, facts: PackageFacts) -> dict[str, str | list[str] | None]:
    return {
        "格式信息": WORD if line.file else None,
        "计算机文件名": line.file,
        "计算机文件大小": str(line.size) if line.size is not None else None,
        "数字摘要算法": algorithm(facts.hash),
        "数字摘要值": line.digest,
        "模板摘要值": line.template_digest or None,
        "其他形式": [
            f"{RenditionKind(each.kind).label}；{each.media_type}；{each.file}；{algorithm(facts.hash)} {each.digest}"
            for each in line.renditions
        ],
        "信息系统描述": facts.software,
    }


def _management(line: RecordLine) -> dict[str, str | None]:
    return {
        "状态": RecordState(line.state).label,
        "作废原因": line.void_reason,
        "替代件": line.superseded_by,
        "核验编码": line.code,
        "归档时间": _moment(line.filed_at) if line.filed_at else None,
    }


def _business(root: etree._Element, line: RecordLine, docket: Docket | None, facts: PackageFacts) -> None:
    """Who did what: the hands on the paper, then the acts of its case up to its filing."""
    group = etree.SubElement(root, _q("业务实体"))
    hands: dict[str, str] = json.loads(line.officers)
    for role, name in sorted(hands.items()):
        _act(group, _HANDS.get(role, role), line.issued_on.isoformat(), name, line.issuer)
    if docket is None:
        return
    for step in docket.steps:
        if step.decided_at is None or step.officer is None:
            continue
        if line.filed_at is not None and step.decided_at > line.filed_at:
            continue
        verdict = step.verdict.label if step.verdict is not None else ""
        what = f"{Step(step.step).label}：{verdict}" if verdict else Step(step.step).label
        _act(group, what, _moment(step.decided_at), step.officer, _body(step.department, docket, facts))


def _body(department: Department, docket: Docket, facts: PackageFacts) -> str:
    """机构 in full: the unit by the name that it had, a department as documents write it."""
    if department is Department.UNIT:
        return docket.unit_name
    return facts.bodies.get(department.value, department.label)


def _moment(at: datetime) -> str:
    """By the clock of the office, as its days are, with its offset from UTC."""
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


_HANDS = {"handled_by": "经办", "examined_by": "审核", "issued_by": "签发"}


def _act(group: etree._Element, what: str, when: str, who: str, body: str) -> None:
    act = etree.SubElement(group, _q("业务行为记录"))
    for name, text in zip(_ACT, (what, when, who, body), strict=True):
        _put(act, name, text)


def algorithm(name: HashName) -> str:
    return {"sm3": "SM3（GB/T 32905）", "sha256": "SHA-256"}[name]


def schema() -> bytes:
    """The XML schema of the metadata, made from the same tables as the metadata."""
    ns = "http://www.w3.org/2001/XMLSchema"
    root = etree.Element(
        f"{{{ns}}}schema",
        {"targetNamespace": NAMESPACE, "elementFormDefault": "qualified"},
        nsmap={"xs": ns, None: NAMESPACE},
    )

    def sub(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
        return etree.SubElement(parent, f"{{{ns}}}{tag}", attributes)

    def sequence(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
        element = sub(parent, "element", name=name, **attributes)
        return sub(sub(element, "complexType"), "sequence")

    top = sequence(root, "电子文件")
    for name in _ONCE:
        if name == "业务实体":
            acts = sequence(sequence(top, name), "业务行为记录", minOccurs="0", maxOccurs="unbounded")
            for each in _ACT:
                sub(acts, "element", name=each, type="xs:string")
        elif name in _PARTS:
            group = sequence(top, name)
            for each, often in _PARTS[name]:
                kept = {"minOccurs": "0"} if often else {}
                kept |= {"maxOccurs": "unbounded"} if often == "*" else {}
                sub(group, "element", name=each, type="xs:string", **kept)
        else:
            sub(top, "element", name=name, type="xs:string")
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text


def _group(root: etree._Element, name: str, values: Mapping[str, str | list[str] | None]) -> None:
    group = etree.SubElement(root, _q(name))
    for each, _often in _PARTS[name]:
        value = values[each]
        for text in value if isinstance(value, list) else [value]:
            if text is not None:
                _put(group, each, text)


def _put(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, _q(name)).text = text


def _q(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
