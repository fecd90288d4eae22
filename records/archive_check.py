"""The four checks 四性 of an archive package, in the manner of DA/T 70: from the package alone.

真实性 authenticity: every document has the digest that the register gave it, every row of register and journal hashes
to what it says and follows the row before. 完整性 integrity: every number, case, document and metadata file is there,
and the bag is whole. 可用性 usability: everything can be opened. 安全性 security: nothing active, nothing hidden, no
identity number in clear.

A package may be a forger's: it is read through `Files`, which opens regular files only, whatever it names; whatever
nobody thought of ends one part of the checks and is a fault.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from lxml import etree
from pydantic import ValidationError
from stdnum.cn import ric

from models.docket import Docket
from models.enums import DocumentKind
from models.packages import FORMAT, PackageFacts, PackageReport, RecordLine
from models.sealing import digest, same

from . import archive_acts, archive_cases, archive_frame, archive_rows
from .archive_derived import NUMBERS, PAGE, SCHEMA, derived_faults
from .archive_disposals import disposals
from .archive_findings import MAX_TABLE, Files, Findings
from .archive_renditions import rendition_faults
from .case_file import read_back
from .unpacking import NO_WORD_FILE, parts_of

FACTS, CHECKS = "package.json", "report/checks.json"
_ACTIVE = re.compile(r"vbaProject|activeX|embeddings/|\.bin$|externalLinks", re.I)
_EXTERNAL = b'TargetMode="External"'
_IDENTITY = re.compile(
    r"(?<![0-9A-Za-z])[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?![0-9A-Za-z])"
)
_READ = (OSError, ValueError, KeyError, zipfile.BadZipFile, PackageNotFoundError, etree.XMLSyntaxError)
_FILES = frozenset(
    {FACTS, CHECKS, PAGE, NUMBERS, SCHEMA}
    | {archive_rows.RECORDS, archive_rows.JOURNAL, archive_rows.PROOFS, archive_acts.PLACE}
)


class NotAPackage(Exception):
    """The folder is no archive package; the text says so in both languages."""


def check_package(folder: Path, *, older: bool = False) -> PackageReport:
    """A finished package: the bag first, then its content. `older`: the caller knows that an earlier version made it,
    so that what that version did not write is noted only. Raises NotAPackage."""
    bag = Files.below(folder)
    facts = _facts(bag.under("data"), f"{folder} 不是档案包 · is not an archive package")
    found = Findings(older)
    manifest = ""
    archive_frame.regular(bag, found)
    with found.part("bag"):
        manifest = archive_frame.check_bag(bag, found)
    with found.part("bag-info.txt"):
        archive_frame.check_info(bag, facts, found)
    _content(bag.under("data"), facts, found)
    return _report(facts, found).model_copy(update={"manifest": manifest})


def check_content(content: Path, *, older: bool = False) -> PackageReport:
    """What lies in the bag (`data/`). Raises NotAPackage when it does not say what it is."""
    files = Files.below(content)
    facts = _facts(files, f"package.json 缺失或不是 {FORMAT} · is missing or of another format")
    found = Findings(older)
    archive_frame.regular(files, found)
    _content(files, facts, found)
    return _report(facts, found)


def _facts(files: Files, refusal: str) -> PackageFacts:
    try:
        return PackageFacts.model_validate_json(files.read(FACTS, 1_000_000) or b"")
    except (OSError, ValidationError):
        raise NotAPackage(refusal) from None


def _report(facts: PackageFacts, found: Findings) -> PackageReport:
    return PackageReport(
        package_id=facts.package_id,
        made_at=facts.made_at,
        examined=dict(found.examined),
        faults=found.faults,
        notes=found.notes,
    )


@dataclass(slots=True)
class _Read:
    """What was read of a package so far; what could not be read is empty and told."""

    lines: list[RecordLine] = field(default_factory=list)
    dockets: list[Docket] = field(default_factory=list)
    booked: archive_rows.Booked = field(default_factory=archive_rows.Booked)
    acts: list[str] = field(default_factory=list)
    said: archive_cases.Said = field(default_factory=dict)


def _content(files: Files, facts: PackageFacts, found: Findings) -> None:
    read = _Read()
    with found.part("records.jsonl"):
        read.lines = archive_rows.record_lines(files, found)
    with found.part("cases"):
        read.dockets = archive_cases.dockets(files, facts, found)
    for line in read.lines:
        with found.part(line.number):
            _document(files, facts, line, read, found)
    with found.part("records.jsonl"):
        archive_rows.chains(facts, read.lines, found)
    with found.part("records.jsonl"):
        archive_rows.numbers(facts, read.lines, found)
    with found.part("journal.jsonl"):
        read.booked = archive_rows.journal(files, facts, found)
    with found.part(archive_acts.NAME):
        read.acts = archive_acts.check(files, facts, read.lines, found)
    with found.part(archive_rows.PROOFS):
        leaves = [*read.booked.leaves, *archive_rows.chained(read.lines), *read.acts]
        archive_rows.logged(files, leaves, found)
    with found.part("cases"):
        archive_cases.cases(facts, read.lines, read.dockets, read.said, read.booked, found)
    with found.part("销毁"):
        disposals(read.lines, lambda line: _sound(files, facts, line), found)
    with found.part("renditions"):
        _renditions(files, facts, read.lines, found)
    derived_faults(files, facts, read.dockets, read.lines, found)
    with found.part(FACTS):
        _of_maker(facts, read, found)
    _nothing_else(files, read.lines, found)
    for name in sorted(files.sizes):
        with found.part(name):
            _plain_text(files, name, found)


# --- documents ---------------------------------------------------------------------------------------------------


def _sound(files: Files, facts: PackageFacts, line: RecordLine) -> bytes | None:
    """A line's document when it has the digest of the line."""
    data = files.read(line.file) if line.file is not None else None
    return data if data is not None and same(digest(data, facts.hash), line.digest or "—") else None


def _document(files: Files, facts: PackageFacts, line: RecordLine, read: _Read, found: Findings) -> None:
    if line.file is None:
        return
    data = files.read(line.file)
    if data is None:
        found.fault("integrity", line.number, f"文件缺失 · {line.file} is missing")
        return
    found.look("authenticity")
    if not same(digest(data, facts.hash), line.digest or "—"):
        found.fault("authenticity", line.number, "文件与登记的摘要不符 · the document was altered")
    if line.size is not None and len(data) != line.size:
        found.fault("authenticity", line.number, "文件大小与登记不符 · another size than registered")
    _opens(line, data, found)
    if line.kind == DocumentKind.CASE_FILE.value:
        try:
            read.said[line.number] = read_back(data)
        except ValueError:
            found.fault("integrity", line.number, "卷内文件目录无法读取 · the case file cannot be read")


def _opens(line: RecordLine, data: bytes, found: Findings) -> None:
    found.look("usability")
    try:
        parts = parts_of(data)  # before python-docx, which unpacks without end
        text = "\n".join(_paragraphs(Document(io.BytesIO(data)).element.body))
    except (*_READ, *NO_WORD_FILE):
        found.fault("usability", line.number, "文件打不开 · the document cannot be opened")
        return
    if line.unit_name and not _names_unit(text, line.unit_name):
        found.of_age("authenticity", line.number, "单位名称与文件所写不符 · the document names another unit")
    found.look("security")
    if _names_somebody(text):
        found.fault("security", line.number, "正文有完整证件号码 · an identity number in clear")
    for name, content in parts.items():
        if _ACTIVE.search(name) or (name.endswith(".rels") and _EXTERNAL in content):
            found.fault("security", line.number, f"含活动内容或外部引用 · active content or a link outside ({name})")


def _names_unit(text: str, name: str) -> bool:
    """Whether the name stands in a document as whose it is: as a whole paragraph or cell, beside a colon, or in the
    sentence of an inspection report."""
    unit = re.escape(name)
    return re.search(rf"(?:^|[：:])\s*{unit}\s*(?:$|[：:　])|对{unit}开展", text, re.M) is not None


def _paragraphs(body: etree._Element) -> Iterator[str]:
    """Every paragraph, those in the cells of tables, too."""
    for paragraph in body.iter(qn("w:p")):
        pieces = paragraph.iter(qn("w:t"), qn("w:tab"), qn("w:br"))
        yield "".join(piece.text or "" if piece.tag == qn("w:t") else " " for piece in pieces)


def _renditions(files: Files, facts: PackageFacts, lines: Sequence[RecordLine], found: Findings) -> None:
    count = sum(len(line.renditions) for line in lines)
    found.look("authenticity", count)
    found.look("usability", count)
    for fault in rendition_faults(lines, facts.renditions, facts.hash, files.read, found.note):
        found.fault(*fault)


# --- the package as a whole --------------------------------------------------------------------------------------


def _of_maker(facts: PackageFacts, read: _Read, found: Findings) -> None:
    """What the package says of its making, as far as its rows can tell."""
    moments = [line.filed_at for line in read.lines if line.filed_at is not None]
    moments += [docket.closed_at for docket in read.dockets if docket.closed_at is not None]
    if moments and facts.made_at < max(moments):
        found.fault("integrity", FACTS, "制作时间早于包内文件 · made before what is in it")
    if read.lines and facts.office not in {line.issuer for line in read.lines}:
        found.note(f"立档单位“{facts.office}”不是包内任何文件的责任者 · issued none of the documents")


def _nothing_else(files: Files, lines: Sequence[RecordLine], found: Findings) -> None:
    known = _FILES | {line.file for line in lines if line.file} | {f"metadata/{line.id}.xml" for line in lines}
    known |= {each.file for line in lines for each in line.renditions}
    for name in sorted(files.sizes.keys() - known):
        if not name.startswith(archive_cases.FOLDER):  # every one of them is read as a docket
            found.fault("integrity", name, "登记之外的文件 · a file that no register names")


def _plain_text(files: Files, name: str, found: Findings) -> None:
    """No identity number in any text of the package. The report of its making is information and must be readable."""
    if not name.endswith((".json", ".jsonl", ".xml", ".csv", ".html")):
        return
    found.look("security")
    data = files.read(name, MAX_TABLE)
    if data is None:
        found.fault("usability", name, "文件太大 · the file is too large")
        return
    if _names_somebody(data.decode("utf-8", "replace")):
        found.fault("security", name, "有完整证件号码 · an identity number in clear")
    if name == CHECKS:
        try:
            PackageReport.model_validate_json(data)
        except ValidationError:
            found.fault("usability", name, "无法读取 · cannot be read")


def _names_somebody(text: str) -> bool:
    """Whether a number in the text is an identity number: a birth date in its place and the check digit decide, or
    one unit code in eleven would do."""
    return any(ric.calc_check_digit(number) == number[-1].upper() for number in _IDENTITY.findall(text))
