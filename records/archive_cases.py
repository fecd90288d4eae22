"""The cases of an archive package: each has its docket, and its case file says what the package holds of it.

Which cases there must be the register of numbers tells: every valid case file names one, and says when it ended.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from models.docket import Docket, RecordView
from models.enums import DocumentKind, RecordState, Retention
from models.packages import PackageFacts, RecordLine
from rules.deadlines import local_day
from rules.retention import ends_on

from .archive_disposals import named_lists
from .archive_findings import Files, Findings
from .archive_frame import safe_name
from .archive_rows import Booked
from .case_file import ReadBack
from .case_file_check import CaseFolder, case_file_faults

FOLDER = "cases/"
_NEVER = datetime.min.replace(tzinfo=UTC)

OF_ITS_DAY = frozenset({"held", "delayed"})
"""What a docket says of a document and no line does: whether a hold stood on it on the day of the package, and that its
file was not made yet, which keeps a case from being packed."""

Said = dict[str, ReadBack]
"""What the case files say: number → contents; none for one that cannot be read."""


def dockets(files: Files, facts: PackageFacts, found: Findings) -> list[Docket]:
    """In the order in which the cases ended; one that cannot be read is a fault."""
    told: dict[str, Docket] = {}
    for name in sorted(each for each in files.sizes if each.startswith(FOLDER)):
        try:
            docket = Docket.model_validate_json(files.read(name) or b"")
        except ValidationError:
            found.fault("usability", name, "事项卷无法读取 · the docket cannot be read")
            continue
        if name != f"{FOLDER}{safe_name(docket.case_no)}.json" or docket.case_id in told:
            found.fault("integrity", name, "事项卷与事项编号不符，或重复 · not the place of this case, or told twice")
        if not docket.state.final or (docket.closed_at is None and facts.year is not None):
            found.fault("integrity", name, "事项尚未办结 · the case has not ended")
        elif docket.closed_at is not None and facts.year is not None and local_day(docket.closed_at).year != facts.year:
            found.fault("integrity", name, "事项不在该年度办结 · the case ended in another year")
        told[docket.case_id] = docket
    return sorted(told.values(), key=lambda each: (each.closed_at or _NEVER, each.case_id))


def cases(
    facts: PackageFacts,
    lines: Sequence[RecordLine],
    there: Sequence[Docket],
    said: Said,
    booked: Booked,
    found: Findings,
) -> None:
    """Each case of the package has its docket and one valid case file, which names exactly what is held of it."""
    folders: dict[str, CaseFolder] = defaultdict(CaseFolder)
    for line in lines:
        folders[line.case_id].lines.append(line)
    for case_id, hashes in booked.of_case.items():
        folders[case_id].rows.update(hashes)
    known = {docket.case_id for docket in there}
    missing = _required(facts, lines, said) - known
    for case_id in sorted(missing):
        where = next(line.case_no or line.case_id for line in folders[case_id].lines)
        found.fault("integrity", where, "事项卷缺失 · the docket of this case is missing")
    if facts.cases != len(known | missing):
        what = f"应有 {facts.cases}，实有 {len(known | missing)} · another number than the package says"
        found.fault("integrity", "cases", what)
    _belonging(facts, lines, known | missing, found)
    for docket in there:
        with found.part(docket.case_no):
            _agreeing(docket, folders[docket.case_id], found)
    _case_files(facts, lines, there, folders, said, found)


def _required(facts: PackageFacts, lines: Sequence[RecordLine], said: Said) -> set[str]:
    """Cases that ended in the package's year, or whose package it is, by their case files."""
    required: set[str] = set()
    for line in lines:
        if line.kind == DocumentKind.CASE_FILE.value and line.state == RecordState.VALID.value:
            own = said.get(line.number)
            if facts.year is None or (own is not None and own.ended.year == facts.year):
                required.add(line.case_id)
    return required


def _belonging(facts: PackageFacts, lines: Sequence[RecordLine], of_package: set[str], found: Findings) -> None:
    """A number is here because of its year, its case, or a document that was destroyed by it."""
    lists = named_lists(lines)
    for line in lines:
        if line.year != facts.year and line.case_id not in of_package and line.number not in lists:
            found.fault("integrity", line.number, "不属本包的年度或事项 · of another year or case than the package")


def _agreeing(docket: Docket, folder: CaseFolder, found: Findings) -> None:
    """What the docket says of its documents, and what lines say of their case beside what is chained."""
    told = {record.number: record for record in docket.documents}
    for line in folder.lines:
        record = told.pop(line.number, None)
        if record is None:
            found.fault("integrity", line.number, "事项卷没有此件 · the docket does not have it")
        elif different := unlike(record, line, docket):
            what = f"事项卷所记不同（{'、'.join(different)}）· not what the docket says of it"
            found.fault("integrity", line.number, what)
        gone = line.file is None and line.unit == docket.unit  # a document says the name itself: archive_check
        if line.case_no != docket.case_no or (gone and line.unit_name != docket.unit_name):
            found.fault(
                "integrity", line.number, "事项编号或单位与事项卷不符 · of another case or unit than the docket"
            )
    for number in told:
        found.fault("integrity", number, "事项卷列有此件，包内没有 · in the docket, and not in the package")


def unlike(record: RecordView, line: RecordLine, docket: Docket) -> list[str]:
    """Fields in which a docket's document is not its line; every field, but for those of `OF_ITS_DAY`."""
    ended = None if docket.closed_at is None else local_day(docket.closed_at)
    period = ends_on(Retention(line.retention), line.issued_on, of_case=bool(line.case_id), case_ended_on=ended)
    of_line = line.model_dump() | {"officers": json.loads(line.officers), "retention_until": period}
    said = dict(record)
    return sorted(name for name in said.keys() - OF_ITS_DAY if said[name] != of_line[name])


def _case_files(
    facts: PackageFacts,
    lines: Sequence[RecordLine],
    there: Sequence[Docket],
    folders: dict[str, CaseFolder],
    said: Said,
    found: Findings,
) -> None:
    own = [line for line in lines if line.kind == DocumentKind.CASE_FILE.value]
    if facts.case_files is None and not own:
        found.of_age("integrity", "case_files", "没有卷内文件目录，事项卷无从核对 · cases cannot be checked")
        return
    valid = sum(line.state == RecordState.VALID.value for line in own)
    if facts.case_files != valid:
        what = f"应有 {facts.case_files}，实有 {valid} · another number than the package says"
        found.fault("integrity", "case_files", what)
    for docket in there:
        with found.part(docket.case_no):
            found.look("integrity")
            folder = folders[docket.case_id]
            for where, what in case_file_faults(docket, folder, facts.hash, lambda line: said.get(line.number)):
                found.fault("integrity", where, what)
            for valid_one in folder.own():
                if valid_one.number in said:
                    _pinning(docket, valid_one, said[valid_one.number], found)


def _pinning(docket: Docket, own: RecordLine, said: ReadBack, found: Findings) -> None:
    """How much of the docket its case file pins. The case file itself is chained, so what it does not say is a matter
    of its age and no forgery."""
    if said.pinned is None:
        found.note(f"{docket.case_no} 的卷内文件目录没有事项卷摘要，事项卷只作参考 · its docket is not pinned")
    elif not said.pinned.whole:
        found.note(
            f"{docket.case_no} 的卷内文件目录为旧式，摘要只及环节、决定、意见、回执，事项卷其余只作参考 · "
            "an older form: only its acts are pinned"
        )
    elif said.unit_name != docket.unit_name:
        what = f"{docket.case_no} 的单位名称与所列不符 · another name of the unit than the case file prints"
        found.fault("integrity", own.number, what)
