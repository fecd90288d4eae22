"""Acts on records (作废, 替代) in an archive package: written beside the register of numbers, and replayed from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import or_, select
from sqlmodel import Session

from ledger.log import leaf_text
from models.archives import RecordAct
from models.packages import ActLine, CheckName, PackageFacts, PackageFault, RecordLine
from models.proofs import RowKind, RowName
from models.register import table_of

from . import acts
from .archive_findings import Files, Findings, shown

NAME = "acts.jsonl"
PLACE = f"registers/{NAME}"
_ACT = table_of(RecordAct)
_PAGE = 500


def of_package(s: Session, lines: Sequence[RecordLine], year: int | None) -> list[ActLine]:
    """The whole chains of acts of the package's year, and every act on another document that the package holds."""
    ids = [line.id for line in lines]
    found: dict[tuple[str, int, int], ActLine] = {}
    for start in range(0, max(1, len(ids)), _PAGE):
        wanted = or_(_ACT.c.year == year, _ACT.c.record_id.in_(ids[start : start + _PAGE]))
        for row in s.execute(select(_ACT).where(wanted)):
            found[row.series, row.year, row.seq] = ActLine(**row._mapping)
    return [found[place] for place in sorted(found)]


def write(folder: Path, lines: Sequence[ActLine]) -> None:
    text = "".join(line.model_dump_json() + "\n" for line in lines)
    (folder / NAME).write_text(text, encoding="utf-8")


def names(lines: Sequence[ActLine]) -> list[RowName]:
    """The acts as rows of the one log."""
    return [RowName(kind=RowKind.ACT, chain=f"{line.series}/{line.year}", seq=line.seq) for line in lines]


def check(files: Files, facts: PackageFacts, lines: Sequence[RecordLine], found: Findings) -> list[str]:
    """What the acts say against the states of the register of numbers; their leaves in the log are returned."""
    if facts.acts is None:
        if PLACE in files.sizes:
            found.fault("integrity", NAME, "说明中没有登记变动，却有此文件 · the package says that it has none")
        found.of_age("integrity", NAME, "没有登记变动，作废和替代无从核对 · states of numbers cannot be checked")
        return []
    told: list[ActLine] = []
    try:
        for _number, text in files.lines(PLACE):
            told.append(ActLine.model_validate_json(text or b""))
    except (OSError, ValidationError):
        found.fault("usability", NAME, "登记变动缺失或无法读取 · is missing or cannot be read")
        return []
    found.look("authenticity", len(told))
    found.faults += _faults(facts, lines, told)
    return [leaf_text(RowKind.ACT, f"{line.series}/{line.year}", line.seq, line.hash) for line in told]


def _faults(facts: PackageFacts, lines: Sequence[RecordLine], told: list[ActLine]) -> Iterator[PackageFault]:
    if len(told) != facts.acts:
        yield _fault("integrity", NAME, f"应有 {facts.acts} 行，实有 {len(told)} 行 · another number of rows")
    series: dict[tuple[str, int], tuple[list[ActLine], list[RecordLine]]] = defaultdict(lambda: ([], []))
    for act in told:
        series[act.series, act.year][0].append(act)
    for line in lines:
        series[line.series, line.year][1].append(line)
    for (name, year), (of_acts, of_lines) in series.items():
        # of another year the package holds some documents only, and so some links of the chain
        whole = year == facts.year
        rows = [act.model_dump() for act in of_acts]
        for found in acts.replayed(rows, of_lines, name, year, facts.hash, whole=whole):
            yield _fault("authenticity", found.where, found.what)


def _fault(check: CheckName, where: str, what: str) -> PackageFault:
    return PackageFault(check=check, where=shown(where), what=what)
