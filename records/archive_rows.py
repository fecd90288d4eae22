"""The rows of an archive package: register of numbers, journal, and their proofs in the one log."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pydantic import ValidationError

from ledger.chain import GENESIS
from ledger.chain import row_hash as journal_hash
from ledger.log import leaf_text
from ledger.proofs import proof_faults
from models.enums import DocumentKind, RecordState, Retention
from models.ledger import JournalRow
from models.packages import PackageFacts, RecordLine
from models.proofs import ProofFile, RowKind
from models.sealing import same

from .archive_findings import MAX_TABLE, Files, Findings
from .archive_frame import safe_name
from .register import hash_of

RECORDS, JOURNAL, PROOFS = "registers/records.jsonl", "registers/journal.jsonl", "proofs/log.json"
_TOLD_GAPS = 50


@dataclass(slots=True)
class Booked:
    """The journal of a package: the leaves of its rows, and case → (chain, sequence) → hash."""

    leaves: list[str] = field(default_factory=list)
    of_case: dict[str, dict[tuple[str, int], str]] = field(default_factory=lambda: defaultdict(dict))


def document_place(line: RecordLine) -> str:
    """Where a filed document stands in the package."""
    folder = safe_name(line.case_no or line.case_id) or "不属事项"
    return f"documents/{folder}/{safe_name(f'{line.number} {DocumentKind(line.kind).label}')}.docx"


def rows(files: Files, name: str, found: Findings) -> Iterator[tuple[int, bytes]]:
    """The lines of a register; what keeps them from being read is a fault."""
    try:
        for number, text in files.lines(name):
            if text is None:
                found.fault("usability", f"{name}:{number}", "行太长 · the row is too long")
                return
            yield number, text
    except OSError:
        found.fault("usability", name.rpartition("/")[2], "登记文件缺失或无法读取 · is missing or cannot be read")


def record_lines(files: Files, found: Findings) -> list[RecordLine]:
    lines: list[RecordLine] = []
    known: set[str] = set()
    for number, text in rows(files, RECORDS, found):
        try:
            line = _plausible(RecordLine.model_validate_json(text))
        except (ValueError, RecursionError):  # a ValidationError is a ValueError
            found.fault("usability", f"records.jsonl:{number}", "登记行无法读取 · the row cannot be read")
            continue
        if {line.id, line.number} & known:
            found.fault("integrity", line.number, "登记行重复 · the row stands here twice")
        known |= {line.id, line.number}
        lines.append(line)
    return lines


def _plausible(line: RecordLine) -> RecordLine:
    """Raises ValueError for a code that no register writes."""
    DocumentKind(line.kind), RecordState(line.state), Retention(line.retention)
    hands = json.loads(line.officers)
    if not isinstance(hands, dict) or not all(isinstance(name, str) for name in hands.values()):
        raise ValueError("officers")
    return line


def chains(facts: PackageFacts, lines: Sequence[RecordLine], found: Findings) -> None:
    """Every filed row hashes to what it says; in the package of a year the chain of each series is whole."""
    of_series: dict[tuple[str, int], list[RecordLine]] = defaultdict(list)
    for line in lines:
        if line.hash is None or line.chain_seq is None:
            if line.digest is not None or line.hash is not None or line.chain_seq is not None:
                found.fault("authenticity", line.number, "已归档而不在登记链上 · filed, and not in the chain")
            continue
        found.look("authenticity")
        if not same(hash_of(line.model_dump(), facts.hash), line.hash):
            found.fault("authenticity", line.number, "登记行被改动 · the register's row was altered")
        if line.year == facts.year:
            of_series[(line.series, line.year)].append(line)
    for filed in of_series.values():
        place, before = 0, GENESIS
        for line in sorted(filed, key=lambda each: each.chain_seq or 0):
            if line.chain_seq != place + 1 or not same(line.prev_hash or "", before):
                found.fault("authenticity", line.number, "登记链在此断开 · the series' chain is broken here")
            place, before = line.chain_seq or 0, line.hash or ""  # once for each break, not for all rows after it


def numbers(facts: PackageFacts, lines: Sequence[RecordLine], found: Findings) -> None:
    """Every number up to the last that was given is there; what a row says of its document fits its state."""
    given: dict[tuple[str, int], set[int]] = defaultdict(set)
    for line in lines:
        given[line.series, line.year].add(line.seq)
        if line.state == RecordState.VOID.value and not line.void_reason:
            found.fault("integrity", line.number, "作废未写原因 · void without a reason")
        if line.file is None and line.disposed_on is None and line.state != RecordState.VOID.value:
            found.fault("integrity", line.number, "有效文号没有文件 · a valid number without a document")
        elif line.file is None and line.disposed_on is None and line.digest is not None:
            found.fault("integrity", line.number, "已归档而没有文件 · filed, and without a document")
        if line.file is not None and line.file != document_place(line):
            found.fault("integrity", line.number, "文件不在应在的位置 · the document is not where it belongs")
    told = {(series.series, series.year) for series in facts.series}
    for series in facts.series:
        there = sorted(seq for seq in given[series.series, series.year] if 1 <= seq <= series.last)
        found.look("integrity", len(there))
        where = f"{series.series}〔{series.year}〕"
        for seq in islice(_gaps(there, series.last), _TOLD_GAPS):
            found.fault("integrity", f"{where}{seq}号", "号码缺失 · the number is missing")
        more = series.last - len(there) - _TOLD_GAPS
        if more > 0:
            found.fault("integrity", where, f"另缺 {more} 个号码 · more numbers are missing")
    for name, year in sorted(given):
        if facts.year is not None and year == facts.year and (name, year) not in told:
            found.fault(
                "integrity", f"{name}〔{year}〕", "未列该种类的末号 · the last number of the series is not told"
            )
    for what, wanted, there_are in (
        ("records", facts.records, len(lines)),
        ("files", facts.files, sum(line.file is not None for line in lines)),
    ):
        if wanted != there_are:
            found.fault("integrity", what, f"应有 {wanted}，实有 {there_are} · another number than the package says")


def _gaps(there: list[int], last: int) -> Iterator[int]:
    before = 0
    for seq in [*there, last + 1]:
        yield from range(before + 1, seq)
        before = seq


def journal(files: Files, facts: PackageFacts, found: Findings) -> Booked:
    """Every row hashes to what it says; rows of one chain that follow each other are linked."""
    booked = Booked()
    last: dict[str, JournalRow] = {}
    count = 0
    for number, text in rows(files, JOURNAL, found):
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
        booked.leaves.append(leaf_text(RowKind.JOURNAL, row.holder, row.seq, row.hash))
        booked.of_case[row.case_id or ""][row.holder, row.seq] = row.hash
    if count != facts.journal_rows:
        what = f"应有 {facts.journal_rows} 行，实有 {count} 行 · another number of rows"
        found.fault("integrity", "journal.jsonl", what)
    return booked


def chained(lines: Sequence[RecordLine]) -> list[str]:
    return [
        leaf_text(RowKind.RECORD, f"{line.series}/{line.year}", line.chain_seq, line.hash)
        for line in lines
        if line.chain_seq is not None and line.hash is not None
    ]


def logged(files: Files, leaves: Sequence[str], found: Findings) -> None:
    """Every row of the package stands in the one log of the register, under the head that the package carries."""
    data = files.read(PROOFS, MAX_TABLE)
    if data is None:
        found.fault("integrity", PROOFS, "存证证明缺失 · the proofs are missing")
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
