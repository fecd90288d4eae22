"""Archive packages: a BagIt bag (RFC 8493) with everything that proves a case, readable without this program.

A year's package holds the cases that ended in that year and the whole register of numbers of that year, so that the
chain of each series can be recomputed from its first row. A package of one case holds that case. What a package
needs to be checked is in it: `records.archive_check` opens no database.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import bagit
from pydantic import ValidationError
from sqlalchemy import Row, select
from sqlmodel import Session

from docket import view
from ledger.chain import HASHED_FIELDS
from ledger.log import NotLogged, proof_file
from models.docket import Docket
from models.enums import DocumentKind, RecordState, State
from models.packages import PackageFacts, PackageReport, RecordLine, SeriesLast
from models.proofs import RowKind, RowName
from models.register import Case, Journal, Meta, Record, Series, Unit, table_of
from models.rulebook import Calendar
from models.sealing import Unsealable
from rules.deadlines import SHANGHAI, local_day

from . import archive_acts, retention
from .archive_check import check_content
from .archive_derived import NUMBERS, PAGE, SCHEMA, numbers_table, page
from .archive_disposals import named_lists
from .archive_frame import SUMS, bag_info, safe_name
from .archive_metadata import metadata_of, schema
from .archive_renditions import with_renditions, write_renditions
from .archive_rows import document_place
from .case_acts import ARCHIVIST
from .numbering import TALLY
from .register import CHAINED, context_of
from .store import RecordStore

_FINAL = [state.value for state in State if state.final]
_VALID = RecordState.VALID.value
_PAGE = 500

_case = table_of(Case)
_journal = table_of(Journal)
_record = table_of(Record)
_series = table_of(Series)
_unit = table_of(Unit)
_meta = table_of(Meta)

Progress = Callable[[str, int, int], None]
"""(what, done, of how many)."""


class PackageRefused(Exception):
    """The package cannot be made; the text says why and what to do, in both languages."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A year's package, or that of one case by its number."""

    year: int | None = None
    case_no: str | None = None
    pdf: bool = False
    """With the PDF/A of every document, which have been made before (`wanted_records`)."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """Whose archive it is: the office's name, its 全宗号, and the program that made the package; `bodies` are the names
    of the departments (department → name as documents write it)."""

    office: str
    fonds: str
    software: str
    bodies: dict[str, str] = field(default_factory=dict)


def write_package(
    s: Session,
    store: RecordStore,
    target: Path,
    wanted: Wanted,
    keeper: Keeper,
    at: datetime,
    calendar: Calendar,
    progress: Progress = lambda _what, _done, _of: None,
) -> PackageReport:
    """Write the package into the new folder `target` and check it. Nothing is left behind when it fails.

    Raises PackageRefused when `target` is there already, when there is no such case, or when documents of a closed
    case are still to be filed.
    """
    if target.exists():
        raise PackageRefused(f"{target} 已存在，不覆盖 · already exists and is not replaced")
    cases = _cases(s, wanted)
    lines = with_renditions(s, _lines(s, wanted, cases), pdf=wanted.pdf)
    waiting = [line.number for line in lines if line.state == RecordState.NUMBERED.value]
    if waiting:
        raise PackageRefused(f"尚有文件未归档：{'、'.join(waiting[:5])} · documents are still to be filed")
    target.mkdir(parents=True, mode=0o700)
    try:
        return _write(s, store, target, wanted, keeper, at, calendar, cases, lines, progress)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _write(
    s: Session,
    store: RecordStore,
    target: Path,
    wanted: Wanted,
    keeper: Keeper,
    at: datetime,
    calendar: Calendar,
    cases: Sequence[Row[Any]],
    lines: list[RecordLine],
    progress: Progress,
) -> PackageReport:
    dockets = list(_dockets(s, target, cases, at, calendar, progress))
    lines = _with_names_at_issue(s, lines, dockets)
    files = _documents(store, target, lines, progress)
    beside = write_renditions(store, target, lines, progress)
    rows = _journal_rows(s, target, [case.id for case in cases])
    _registers(target, lines)
    acts = archive_acts.of_package(s, lines, wanted.year)
    archive_acts.write(target / "registers", acts)
    _proofs(s, target, [*rows, *_chained(lines), *archive_acts.names(acts)])
    meta = {row.name: row.value for row in s.execute(select(_meta.c.name, _meta.c.value))}
    facts = PackageFacts(
        package_id=uuid.uuid4().hex,
        ledger_id=meta.get("ledger_id", ""),
        hash="sha256" if meta.get("hash") == "sha256" else "sm3",
        office=keeper.office,
        fonds=keeper.fonds,
        bodies=keeper.bodies,
        year=wanted.year,
        made_at=at,
        software=keeper.software,
        cases=len(dockets),
        records=len(lines),
        files=files,
        renditions=beside,
        journal_rows=len(rows),
        acts=len(acts),
        series=_last_numbers(s, wanted.year) if wanted.year is not None else [],
        case_files=sum(line.kind == DocumentKind.CASE_FILE.value and line.state == _VALID for line in lines),
    )
    by_case = {docket.case_id: docket for docket in dockets}
    (target / "metadata").mkdir()
    (target / SCHEMA).write_bytes(schema())
    for line in lines:
        place = target / "metadata" / f"{line.id}.xml"
        place.write_bytes(metadata_of(line, by_case.get(line.case_id), facts))
    _json(target / "package.json", facts.model_dump(mode="json"))
    (target / PAGE).write_bytes(page(facts, dockets, lines))
    progress("核对 · checking", 0, 1)
    found = check_content(target)
    (target / "report").mkdir()
    _json(target / "report" / "checks.json", found.model_dump(mode="json"))
    bagit.make_bag(str(target), bag_info(facts), checksums=[*SUMS])
    progress("核对 · checking", 1, 1)
    return found.model_copy(update={"manifest": sha256((target / "manifest-sha256.txt").read_bytes()).hexdigest()})


# --- what goes in ------------------------------------------------------------------------------------------------


def wanted_records(s: Session, wanted: Wanted) -> list[tuple[str, str]]:
    """(id, digest) of every filed document that the package is to hold. Raises PackageRefused."""
    lines = _lines(s, wanted, _cases(s, wanted))
    return [(line.id, line.digest) for line in lines if line.digest is not None and line.file is not None]


def wanted_cases(s: Session, wanted: Wanted) -> list[str]:
    """Ids of the cases that the package is to hold. Raises PackageRefused."""
    return [row.id for row in _cases(s, wanted)]


def _cases(s: Session, wanted: Wanted) -> list[Row[Any]]:
    found = select(_case.c.id, _case.c.no, _case.c.state, _case.c.procedure).order_by(_case.c.closed_at, _case.c.id)
    if wanted.case_no is not None:
        rows = list(s.execute(found.where(_case.c.no == wanted.case_no)))
        if not rows:
            raise PackageRefused(f"没有事项 {wanted.case_no} · no such case")
        if rows[0].state not in _FINAL:
            raise PackageRefused(f"事项 {wanted.case_no} 尚未办结 · the case has not ended")
        return rows
    if wanted.year is None:
        raise PackageRefused("请指定年度或事项编号 · name a year or a case")
    first = datetime(wanted.year, 1, 1, tzinfo=SHANGHAI)
    after = datetime(wanted.year + 1, 1, 1, tzinfo=SHANGHAI)
    ended = found.where(_case.c.state.in_(_FINAL), _case.c.closed_at >= first, _case.c.closed_at < after)
    return list(s.execute(ended))


def _lines(s: Session, wanted: Wanted, cases: Sequence[Row[Any]]) -> list[RecordLine]:
    """Of a year: its register of numbers and the documents of its cases that were numbered in another year; and the
    lists by which any of these was destroyed."""
    rows = (
        select(_record, _case.c.no.label("case_no"), _unit.c.name.label("unit_name"), retention.list_number())
        .outerjoin(_case, _case.c.id == _record.c.case_id)
        .outerjoin(_unit, _unit.c.code == _record.c.unit)
        .order_by(_record.c.series, _record.c.year, _record.c.seq)
    )
    found: dict[str, RecordLine] = {}
    if wanted.year is not None:
        found.update((row.id, _line(row)) for row in s.execute(rows.where(_record.c.year == wanted.year)))
    ids = [case.id for case in cases]
    for start in range(0, len(ids), _PAGE):
        page = rows.where(_record.c.case_id.in_(ids[start : start + _PAGE]))
        found.update((row.id, _line(row)) for row in s.execute(page))
    lists = sorted(named_lists(list(found.values())))
    for start in range(0, len(lists), _PAGE):
        page = rows.where(_record.c.number.in_(lists[start : start + _PAGE]))
        found.update((row.id, _line(row)) for row in s.execute(page))
    return sorted(found.values(), key=lambda line: (line.series, line.year, line.seq))


def _line(row: Row[Any]) -> RecordLine:
    names = {*CHAINED, "issued_on", "filed_at", "hash", "state", "void_reason", "superseded_by"}
    values = {name: getattr(row, name) for name in names}
    line = RecordLine(**values, case_no=row.case_no or "", unit_name=row.unit_name or "")
    if row.disposed_at is not None:
        gone = {"disposed_on": local_day(row.disposed_at), "disposal_list": row.disposal_list}
        return line.model_copy(update=gone)
    if line.digest is None:
        return line
    return line.model_copy(update={"file": document_place(line)})


def _dockets(
    s: Session, target: Path, cases: Sequence[Row[Any]], at: datetime, calendar: Calendar, progress: Progress
) -> Iterator[Docket]:
    folder = target / "cases"
    folder.mkdir()
    for done, case in enumerate(cases, start=1):
        found = view.docket(s, case.id, ARCHIVIST, at, calendar)
        if found is None:
            raise PackageRefused(f"事项 {case.no} 无法读取 · the case cannot be read")
        kept = _as_it_ended(s, found)
        _json(folder / f"{safe_name(kept.case_no)}.json", kept.model_dump(mode="json"))
        progress("事项 · cases", done, len(cases))
        yield kept


def _as_it_ended(s: Session, now: Docket) -> Docket:
    """The docket that was kept with the case file, with the documents as they stand and the receipts that came later;
    as it is read now where none was kept."""
    own = select(_record.c.id).where(_record.c.case_id == now.case_id, _record.c.state == _VALID)
    found = s.execute(own.where(_record.c.kind == DocumentKind.CASE_FILE.value)).scalars().first()
    text = _frozen(s, found).get("docket") if found is not None else None
    if not text:
        return now.model_copy(update={"may": []})
    ended = Docket.model_validate_json(str(text))
    return ended.model_copy(update={"documents": now.documents, "receipts": now.receipts})


def _with_names_at_issue(s: Session, lines: Sequence[RecordLine], dockets: Sequence[Docket]) -> list[RecordLine]:
    """The lines, each with the name that its document itself gives to whom it is made out, which may have another name
    by now. Of what was destroyed or cannot be opened the name is that of its case, else the present one."""
    of_case = {docket.case_id: docket for docket in dockets}
    named = []
    for line in lines:
        case = of_case.get(line.case_id)
        printed = _frozen(s, line.id).get("unit_name") if line.unit and line.file is not None else None
        of_its_case = case.unit_name if case is not None and case.unit == line.unit else None
        name = printed or of_its_case or line.unit_name
        named.append(line.model_copy(update={"unit_name": str(name)}))
    return named


def _frozen(s: Session, record_id: str) -> dict[str, object]:
    """What a document was made from; empty where it was destroyed or cannot be opened."""
    record = s.get(Record, record_id)
    if record is None or not record.context_sealed:
        return {}
    try:
        return context_of(s, record).model_dump()
    except (Unsealable, ValidationError):
        return {}


def _documents(store: RecordStore, target: Path, lines: Sequence[RecordLine], progress: Progress) -> int:
    """The files as they were filed, each checked against its digest by the store; how many."""
    filed = [line for line in lines if line.digest is not None and line.file is not None]
    for done, line in enumerate(filed, start=1):
        place = target / str(line.file)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(store.get(str(line.digest)))
        progress("公文 · documents", done, len(filed))
    return len(filed)


def _journal_rows(s: Session, target: Path, case_ids: Sequence[str]) -> list[RowName]:
    """Write the rows of the chains that these cases wrote; their names."""
    fields = [_journal.c[name] for name in (*HASHED_FIELDS, "hash")]
    written: list[RowName] = []
    (target / "registers").mkdir()
    with (target / "registers" / "journal.jsonl").open("w", encoding="utf-8") as out:
        for start in range(0, len(case_ids), _PAGE):
            page = case_ids[start : start + _PAGE]
            rows = select(*fields).where(_journal.c.case_id.in_(page)).order_by(_journal.c.holder, _journal.c.seq)
            for row in s.execute(rows):
                out.write(_text(dict(row._mapping)) + "\n")
                written.append(RowName(kind=RowKind.JOURNAL, chain=row.holder, seq=row.seq))
    return written


def _chained(lines: Sequence[RecordLine]) -> list[RowName]:
    return [
        RowName(kind=RowKind.RECORD, chain=f"{line.series}/{line.year}", seq=line.chain_seq)
        for line in lines
        if line.chain_seq is not None
    ]


def _proofs(s: Session, target: Path, rows: list[RowName]) -> None:
    """That every row of the package stands in the one log of the register."""
    (target / "proofs").mkdir()
    try:
        _json(target / "proofs" / "log.json", proof_file(s, rows))
    except NotLogged as missing:
        raise PackageRefused(f"{missing} 尚未并入存证日志，请先运行 dingbian anchor · not in the log yet") from None


def _registers(target: Path, lines: Sequence[RecordLine]) -> None:
    """The register of numbers: as data with every hashed field, and as a table that a person opens."""
    folder = target / "registers"
    with (folder / "records.jsonl").open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(_text(line.model_dump(mode="json")) + "\n")
    (target / NUMBERS).write_bytes(numbers_table(lines))


def _last_numbers(s: Session, year: int) -> list[SeriesLast]:
    rows = s.execute(select(_series).where(_series.c.year == year).order_by(_series.c.name))
    return [SeriesLast(series=row.name, year=row.year, last=row.last) for row in rows if not row.name.startswith(TALLY)]


def years(s: Session) -> list[int]:
    """Years in which cases ended, in the office's calendar."""
    moments = s.execute(select(_case.c.closed_at).where(_case.c.closed_at.is_not(None)).distinct())
    return sorted({local_day(row.closed_at).year for row in moments})


def _json(path: Path, body: object) -> None:
    path.write_text(json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _text(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, date):  # a moment is a date, too, and keeps its zone
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no plain form")
