"""Whether a case file agrees with what an archive package holds of its case: read from the file itself, because what
the register says of a document is not yet what the list of the case says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from models.docket import Docket
from models.enums import DocumentKind, RecordState
from models.packages import RecordLine
from models.sealing import HashName, same

from .case_acts import acts_digest, docket_digest, later
from .case_file import Pinned, ReadBack, application_digest

Found = Iterator[tuple[str, str]]


@dataclass(slots=True)
class CaseFolder:
    """What the package's registers hold of a case: its records, and (chain, sequence) → hash of its journal rows."""

    lines: list[RecordLine] = field(default_factory=list)
    rows: dict[tuple[str, int], str] = field(default_factory=dict)

    def own(self) -> list[RecordLine]:
        """Its valid case files: one."""
        return [
            line
            for line in self.lines
            if line.kind == DocumentKind.CASE_FILE.value and line.state == RecordState.VALID.value
        ]


def case_file_faults(
    docket: Docket, folder: CaseFolder, name: HashName, read: Callable[[RecordLine], ReadBack | None]
) -> Found:
    """(where, what) of each disagreement; `read` gives what a case file says, None when it cannot be read, which is
    told where documents are."""
    valid = folder.own()
    if len(valid) != 1:
        yield docket.case_no, f"应有一份有效的卷内文件目录，实有 {len(valid)} 份 · not one valid case file"
        return
    [own] = valid
    said = read(own)
    if said is None:
        return
    yield from _documents(own, said.documents, folder.lines)
    yield from _applications(own, said.rounds, [each.application for each in docket.rounds], name)
    yield from _rows(own, said.rows, folder.rows)
    yield from _pinned(own, said.pinned, docket, name)


def _pinned(own: RecordLine, said: Pinned | None, docket: Docket, name: HashName) -> Found:
    if said is None:
        return  # a case file of before dockets were pinned: noted by the caller
    if said.whole and not same(docket_digest(docket, said.receipts, name), said.digest):
        yield own.number, f"{docket.case_no} 的事项卷与所列摘要不符 · the docket is not what its digest says"
    if not said.whole and not same(acts_digest(docket, said.receipts, name), said.digest):
        yield own.number, f"{docket.case_no} 的办理内容与所列摘要不符 · what was done in the case is not what it says"
    if any(receipt.status != "refused" for receipt in later(docket, said.receipts)):
        yield own.number, f"{docket.case_no} 立卷以后另有采纳的回执 · accepted after the case file was made"


def _documents(own: RecordLine, said: dict[str, tuple[str, str]], lines: list[RecordLine]) -> Found:
    held = {line.number: line for line in lines if line.kind != DocumentKind.CASE_FILE.value}
    for number, (state, digest) in said.items():
        line = held.pop(number, None)
        if line is None:
            yield number, f"{own.number} 列有此件，包内没有 · listed, and not in the package"
        elif not same(digest, line.digest or "—"):
            yield number, f"摘要与 {own.number} 所列不符 · another digest than the case file lists"
        elif state != RecordState(line.state).label:
            yield number, f"状态与 {own.number} 所列（{state}）不符 · another state than the case file lists"
    for number in held:
        yield number, f"{own.number} 未列此件 · not listed in the case file"


def _applications(own: RecordLine, said: dict[int, str], applications: Sequence[object], name: HashName) -> Found:
    if sorted(said) != list(range(1, len(applications) + 1)):
        yield own.number, "所列申请轮次与办理卷不符 · other rounds than the docket"
        return
    for number, application in enumerate(applications, start=1):
        if not same(said[number], application_digest(application, name)):
            yield own.number, f"第 {number} 轮申请与所列摘要不符 · the application of round {number} is another"


def _rows(own: RecordLine, said: dict[tuple[str, int], str], rows: dict[tuple[str, int], str]) -> Found:
    for chain, seq in sorted(said.keys() | rows.keys()):
        if not same(said.get((chain, seq), ""), rows.get((chain, seq), "-")):
            yield (
                f"{chain}#{seq}",
                f"台账行与 {own.number} 所列不符 · the journal's row is not what the case file lists",
            )
