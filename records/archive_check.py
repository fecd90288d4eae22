"""The four checks 四性 of an archive package, in the manner of DA/T 70: from the package alone.

真实性 authenticity: every document has the digest that the register gave it, every row of register and journal hashes
to what it says and follows the row before. 完整性 integrity: every number, case, document and metadata file is there,
and the bag is whole. 可用性 usability: everything can be opened. 安全性 security: nothing active, nothing hidden, no
identity number in clear.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bagit
from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from lxml import etree
from pydantic import ValidationError
from stdnum.cn import ric

from ledger.chain import GENESIS
from ledger.chain import row_hash as journal_hash
from ledger.log import leaf_text
from ledger.proofs import proof_faults
from models.enums import RecordState
from models.ledger import JournalRow
from models.packages import FORMAT, CheckName, PackageFacts, PackageFault, PackageReport, RecordLine
from models.proofs import ProofFile, RowKind
from models.sealing import digest, same

from .register import hash_of

_ACTIVE = re.compile(r"vbaProject|activeX|embeddings/|\.bin$|externalLinks", re.I)
_EXTERNAL = b'TargetMode="External"'
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])")
_READ = (OSError, ValueError, KeyError, zipfile.BadZipFile, PackageNotFoundError, etree.XMLSyntaxError)
_SECURE = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
_MOST_BYTES = 64 * 1024 * 1024


class NotAPackage(Exception):
    """The folder is no archive package; the text says so in both languages."""


class _Findings:
    """Faults as they are found, and how much each check looked at."""

    def __init__(self) -> None:
        self.faults: list[PackageFault] = []
        self.examined: Counter[CheckName] = Counter()

    def fault(self, check: CheckName, where: str, what: str) -> None:
        self.faults.append(PackageFault(check=check, where=where, what=what))

    def look(self, check: CheckName, count: int = 1) -> None:
        self.examined[check] += count


def check_package(folder: Path) -> PackageReport:
    """A finished package: the bag first, then its content. Raises NotAPackage."""
    content = folder / "data"
    if not (content / "package.json").is_file():
        raise NotAPackage(f"{folder} 不是档案包 · is not an archive package")
    found = _Findings()
    try:
        bag = bagit.Bag(str(folder))
        bag.validate(processes=1)
        found.look("integrity", len(bag.entries))
    except bagit.BagValidationError as error:
        details = getattr(error, "details", []) or [error]
        for each in details:
            found.fault(
                "integrity", str(getattr(each, "path", folder.name)), f"封包校验不符 · bag: {type(each).__name__}"
            )
    except bagit.BagError as error:
        found.fault("integrity", folder.name, f"封包不完整 · not a whole bag ({type(error).__name__})")
    rest = check_content(content)
    return rest.model_copy(
        update={
            "faults": [*found.faults, *rest.faults],
            "examined": dict(Counter(rest.examined) + found.examined),
        }
    )


def check_content(content: Path) -> PackageReport:
    """What lies in the bag (`data/`). Raises NotAPackage when it does not say what it is."""
    try:
        facts = PackageFacts.model_validate_json((content / "package.json").read_bytes())
    except (OSError, ValidationError):
        raise NotAPackage(f"package.json 缺失或不是 {FORMAT} · is missing or of another format") from None
    found = _Findings()
    lines = list(_lines(content, found))
    _documents(content, facts, lines, found)
    _chains(facts, lines, found)
    rows = _journal(content, facts, found)
    _logged(content, [*rows, *_chained(lines)], found)
    _completeness(content, facts, lines, found)
    _metadata(content, lines, found)
    _plain_text(content, found)
    return PackageReport(
        package_id=facts.package_id,
        made_at=facts.made_at,
        examined=dict(found.examined),
        faults=found.faults,
    )


# --- authenticity ------------------------------------------------------------------------------------------------


def _lines(content: Path, found: _Findings) -> Iterator[RecordLine]:
    for number, text in _rows(content / "registers" / "records.jsonl", found):
        try:
            yield RecordLine.model_validate_json(text)
        except ValidationError:
            found.fault("usability", f"records.jsonl:{number}", "登记行无法读取 · the row cannot be read")


def _documents(content: Path, facts: PackageFacts, lines: list[RecordLine], found: _Findings) -> None:
    for line in lines:
        if line.file is None:
            continue
        data = _inside(content, line.file)
        if data is None:
            found.fault("integrity", line.number, f"文件缺失 · {line.file} is missing")
            continue
        found.look("authenticity")
        if line.digest is None or not same(digest(data, facts.hash), line.digest):
            found.fault("authenticity", line.number, "文件与登记的摘要不符 · the document was altered")
        if line.size is not None and len(data) != line.size:
            found.fault("authenticity", line.number, "文件大小与登记不符 · another size than registered")
        _opens(line, data, found)


def _inside(content: Path, name: str) -> bytes | None:
    """The bytes of a file that lies within the package, or None; a path that leads out is not followed."""
    place = (content / name).resolve()
    if not place.is_relative_to(content.resolve()) or not place.is_file() or place.stat().st_size > _MOST_BYTES:
        return None
    return place.read_bytes()


def _chains(facts: PackageFacts, lines: list[RecordLine], found: _Findings) -> None:
    """Every filed row hashes to what it says; in the package of a year the chain of each series is whole."""
    chains: dict[tuple[str, int], list[RecordLine]] = defaultdict(list)
    for line in lines:
        if line.hash is None:
            continue
        found.look("authenticity")
        if not same(hash_of(line.model_dump(), facts.hash), line.hash):
            found.fault("authenticity", line.number, "登记行被改动 · the register's row was altered")
        if line.year == facts.year:
            chains[(line.series, line.year)].append(line)
    for filed in chains.values():
        before = GENESIS
        for place, line in enumerate(sorted(filed, key=lambda each: each.chain_seq or 0), start=1):
            if line.chain_seq != place or not same(line.prev_hash or "", before):
                found.fault("authenticity", line.number, "登记链在此断开 · the series' chain is broken here")
            before = line.hash or ""


def _journal(content: Path, facts: PackageFacts, found: _Findings) -> list[str]:
    """Every row hashes to what it says; rows of one chain that follow each other are linked. Their leaves."""
    leaves: list[str] = []
    last: dict[str, JournalRow] = {}
    count = 0
    for number, text in _rows(content / "registers" / "journal.jsonl", found):
        count += 1
        try:
            row = JournalRow.model_validate_json(text)
        except ValidationError:
            found.fault("usability", f"journal.jsonl:{number}", "台账行无法读取 · the row cannot be read")
            continue
        found.look("authenticity")
        where = f"{row.holder}#{row.seq}"
        if not same(journal_hash(row.model_dump(), facts.hash), row.hash):
            found.fault("authenticity", where, "台账行被改动 · the journal's row was altered")
        before = last.get(row.holder)
        if before is not None and row.seq == before.seq + 1 and not same(row.prev_hash, before.hash):
            found.fault("authenticity", where, "台账链在此断开 · the chain is broken here")
        last[row.holder] = row
        leaves.append(leaf_text(RowKind.JOURNAL, row.holder, row.seq, row.hash))
    if count != facts.journal_rows:
        what = f"应有 {facts.journal_rows} 行，实有 {count} 行 · another number of rows"
        found.fault("integrity", "journal.jsonl", what)
    return leaves


def _chained(lines: list[RecordLine]) -> list[str]:
    return [
        leaf_text(RowKind.RECORD, f"{line.series}/{line.year}", line.chain_seq, line.hash)
        for line in lines
        if line.chain_seq is not None and line.hash is not None
    ]


def _logged(content: Path, leaves: list[str], found: _Findings) -> None:
    """Every row of the package stands in the one log of the register, under the head that the package carries."""
    data = _inside(content, "proofs/log.json")
    if data is None:
        found.fault("integrity", "proofs/log.json", "存证证明缺失 · the proofs are missing")
        return
    for fault in proof_faults(data):
        found.fault("authenticity", fault.where, fault.what)
    try:
        proved = {proof.leaf for proof in ProofFile.model_validate_json(data).proofs}
    except ValidationError:
        return  # told by proof_faults
    found.look("authenticity", len(proved))
    for leaf in sorted(set(leaves) - proved):
        found.fault("authenticity", leaf, "没有存证证明 · no proof for this row")


def _rows(path: Path, found: _Findings) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8") as source:
            yield from enumerate(source, start=1)
    except (OSError, UnicodeDecodeError):
        found.fault("usability", path.name, "登记文件缺失或无法读取 · is missing or cannot be read")


# --- integrity ---------------------------------------------------------------------------------------------------


def _completeness(content: Path, facts: PackageFacts, lines: list[RecordLine], found: _Findings) -> None:
    numbers: dict[tuple[str, int], set[int]] = defaultdict(set)
    for line in lines:
        numbers[(line.series, line.year)].add(line.seq)
        if line.state == RecordState.VOID.value and not line.void_reason:
            found.fault("integrity", line.number, "作废未写原因 · void without a reason")
        elif line.state != RecordState.VOID.value and line.file is None:
            found.fault("integrity", line.number, "有效文号没有文件 · a valid number without a document")
    for series in facts.series:
        found.look("integrity", series.last)
        missing = set(range(1, series.last + 1)) - numbers[(series.series, series.year)]
        for seq in sorted(missing):
            found.fault("integrity", f"{series.series}〔{series.year}〕{seq}号", "号码缺失 · the number is missing")
    dockets = sorted((content / "cases").glob("*.json")) if (content / "cases").is_dir() else []
    for name, wanted, there in (
        ("cases", facts.cases, len(dockets)),
        ("records", facts.records, len(lines)),
        ("files", facts.files, sum(line.file is not None for line in lines)),
    ):
        if wanted != there:
            found.fault("integrity", name, f"应有 {wanted}，实有 {there} · another number than the package says")
    listed = {str(content / line.file) for line in lines if line.file}
    for path in (content / "documents").rglob("*") if (content / "documents").is_dir() else []:
        if path.is_file() and str(path) not in listed:
            found.fault("integrity", path.name, "登记之外的文件 · a document that no register names")


# --- usability ---------------------------------------------------------------------------------------------------


def _opens(line: RecordLine, data: bytes, found: _Findings) -> None:
    found.look("usability")
    try:
        text = "\n".join(paragraph.text for paragraph in Document(io.BytesIO(data)).paragraphs)
    except _READ:
        found.fault("usability", line.number, "文件打不开 · the document cannot be opened")
        return
    found.look("security")
    if _names_somebody(text):
        found.fault("security", line.number, "正文有完整证件号码 · an identity number in clear")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if _ACTIVE.search(name) or (name.endswith(".rels") and _EXTERNAL in archive.read(name)):
                found.fault(
                    "security", line.number, f"含活动内容或外部引用 · active content or a link outside ({name})"
                )


def _metadata(content: Path, lines: list[RecordLine], found: _Findings) -> None:
    try:
        schema = etree.XMLSchema(etree.fromstring((content / "metadata" / "archive.xsd").read_bytes(), _SECURE))
    except (*_READ, etree.XMLSchemaParseError):
        found.fault("usability", "archive.xsd", "元数据格式说明缺失或无法读取 · the schema cannot be read")
        return
    for line in lines:
        data = _inside(content, f"metadata/{line.id}.xml")
        if data is None:
            found.fault("integrity", line.number, "元数据缺失 · its metadata are missing")
            continue
        found.look("usability")
        try:
            if not schema.validate(etree.fromstring(data, _SECURE)):
                found.fault("usability", line.number, "元数据不合格式 · metadata do not fit the schema")
        except etree.XMLSyntaxError:
            found.fault("usability", line.number, "元数据无法读取 · metadata cannot be read")


# --- security ----------------------------------------------------------------------------------------------------


def _plain_text(content: Path, found: _Findings) -> None:
    """No identity number in any text of the package; nothing that runs; every docket is data."""
    for path in sorted(content.rglob("*")):
        where = str(path.relative_to(content))
        if path.is_symlink():
            found.fault("security", where, "不得有链接 · a link is not allowed")
        elif path.is_file() and path.suffix in {".json", ".jsonl", ".xml", ".csv", ".html"}:
            found.look("security")
            text = path.read_text(encoding="utf-8", errors="replace")
            if _names_somebody(text):
                found.fault("security", where, "有完整证件号码 · an identity number in clear")
            if path.suffix == ".html" and "<script" in text.lower():
                found.fault("security", where, "浏览页不得有脚本 · a script in the viewer")
            if path.suffix == ".json":
                _is_data(where, text, found)


def _is_data(where: str, text: str, found: _Findings) -> None:
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        found.fault("usability", where, "无法读取 · cannot be read")


def _names_somebody(text: str) -> bool:
    """Whether a number in the text is an identity number: its check digit decides, or every digest would do."""
    return any(ric.calc_check_digit(number) == number[-1].upper() for number in _IDENTITY.findall(text))
