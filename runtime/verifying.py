"""`dingbian verify [PATH]`: this installation, or a package, a copy of a register, a document, checked where it lies.

Nothing that is given is changed, not even by opening it, and of this installation nothing is read for it but, for a
document without `--against`, its register.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from alembic.util import CommandError
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from ledger import log
from ledger.db import Database, unhurried
from ledger.log_verify import verify_log
from ledger.verify import verify
from models.documents import PrintedMark, RecordCheck
from models.enums import DocumentKind, RecordState
from models.ledger import JournalRow, Verification
from models.packages import PackageFacts, PackageFault, PackageReport, RecordLine
from models.proofs import ProofFile
from models.register import Meta, Record
from models.sealing import HashName, Keyring, SealingKey, digest, same
from records.archive_check import NotAPackage, check_package
from records.archive_findings import Files
from records.printed import Printed, printed, texts
from records.render import Renderer
from records.verify import MAX_UPLOAD, Press, check_file, verify_numbers, verify_records

from .anchors import Anchor, journal_heads, record_faults
from .assembly import Parts
from .faults import StartFault

Row = TypeVar("Row", JournalRow, RecordLine)

SQLITE = b"SQLite format 3\x00"
_EXTRACT = {
    True: "摘录不编号；按登记重作一份，内容一致 · an extract: made again from the register, it says the same",
    False: "摘录不编号；按登记重作一份，内容不一致 · an extract: made again from the register, it says otherwise",
    None: "摘录不编号；只核对了所印的链尾和日志头，内容没有核对 · an extract: only its marks were compared",
}
_STATE = {RecordState.VALID.value: "valid", RecordState.VOID.value: "void", RecordState.SUPERSEDED.value: "superseded"}


# --- this installation ---------------------------------------------------------------------------------------------


def verify_all(parts: Parts, anchor: Anchor | None = None) -> Verification:
    """One read transaction over the register, then every filed document against its digest."""
    with parts.database.read() as session:
        unhurried(session)
        found = verify_rows(session, anchor)
        filed = session.exec(select(func.count()).where(col(Record.digest).is_not(None))).one()
        disposed = session.exec(select(func.count()).where(col(Record.disposed_at).is_not(None))).one()
        faults = [*found.faults, *verify_records(session, parts.store)]
    return found.model_copy(update={"faults": faults, "records": filed, "disposed": disposed})


def verify_rows(session: Session, anchor: Anchor | None = None) -> Verification:
    """Chains, balances, the log, and all heads of the anchor; no file is opened. An earlier version kept no log."""
    found = verify(session, journal_heads(anchor) if anchor else None)
    faults = [*found.faults, *(record_faults(session, anchor) if anchor else [])]
    if not log.kept(session):
        return found.model_copy(update={"faults": faults})
    faults += verify_log(session, anchor.log if anchor else None)
    newest = log.head(session)
    return found.model_copy(update={"faults": faults, "log_size": newest.size, "log_root": newest.root})


def verify_document(parts: Parts, path: Path) -> RecordCheck:
    """One document against this office's register. Raises StartFault when it is too large to be one."""
    data = _document(path)
    press = Press(Renderer(hash_name=parts.settings.hash), parts.rulebook.office.name)
    with parts.database.read() as s:
        unhurried(s)  # an extract is made again and compared with the rows between two statements
        return check_file(s, data, thorough=True, press=press)


# --- a copy of a register ------------------------------------------------------------------------------------------


def is_register(path: Path) -> bool:
    """Whether the file is an SQLite database, by its first bytes."""
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def verify_register(path: Path, anchor: Anchor | None = None) -> Verification:
    """A copy of a register: chains, balances, log and numbers, without a key. Sealed columns are not opened, documents
    are not looked for. Raises StartFault when it is of no version that can be read."""
    with _register_copy(path) as database, database.read() as s:
        found = verify_rows(s, anchor)
        return found.model_copy(update={"faults": [*found.faults, *verify_numbers(s)]})


@contextmanager
def _register_copy(path: Path) -> Iterator[Database]:
    """The register as a working copy that is gone afterwards: to open one means to write beside it, and it may lie in
    a folder that nobody may write to, or be of an earlier version."""
    with tempfile.TemporaryDirectory(prefix="dingbian-verify-") as folder:
        copy = Path(folder) / "register.db"
        try:
            shutil.copyfile(path, copy)
            wal = path.with_name(path.name + "-wal")
            if wal.exists():  # what was committed last may stand there only
                shutil.copyfile(wal, copy.with_name(copy.name + "-wal"))
        except OSError as error:
            raise StartFault(f"{path} 读不出（{error.strerror}）· cannot be read") from None
        opened: list[Database] = []
        try:
            opened.append(Database(f"sqlite:///{copy}", _no_key()))
            opened.append(Database(f"sqlite:///{copy}", _no_key(), _hash_of(opened[0], path)))
            opened[-1].migrate()
            yield opened[-1]
        except (SQLAlchemyError, CommandError) as error:
            raise StartFault(
                f"{path} 读不出：已损坏，或由更新的版本写成（{type(error).__name__}）· damaged, or of a newer version"
            ) from None
        finally:
            for database in opened:
                database.close()


def _hash_of(database: Database, path: Path) -> HashName:
    with database.read() as s:
        if not s.connection().dialect.has_table(s.connection(), str(Meta.__tablename__)):
            raise StartFault(f"{path} 不是登记数据库 · is not a register")
        facts = {row.name: row.value for row in s.exec(select(Meta))}
    if "ledger_id" not in facts:
        raise StartFault(f"{path} 不是登记数据库 · is not a register")
    return "sha256" if facts.get("hash") == "sha256" else "sm3"


def _no_key() -> Keyring:
    """A keyring that opens nothing: verification needs no secret, and a copy may lie where there is none."""
    return Keyring({"none": SealingKey("none", "sm4-gcm", bytes(16))}, "none", bytes(32))


# --- a package -----------------------------------------------------------------------------------------------------


def verify_package(folder: Path, anchor: Anchor | None = None, *, older: bool = False) -> PackageReport:
    """From the package alone: no register, no key, no setting is read. With `anchor`, heads kept elsewhere, also
    against those. `older`: as `records.archive_check.check_package`. Raises StartFault when it is none."""
    try:
        report = check_package(folder, older=older)
    except NotAPackage as fault:
        raise StartFault(str(fault)) from None
    if anchor is None or Files.below(folder).odd:
        return report  # a link or a pipe, which is a fault, is not opened to compare what stands behind it
    return report.model_copy(update={"faults": [*report.faults, *_beside(folder / "data", anchor)]})


def _beside(content: Path, anchor: Anchor) -> Iterator[PackageFault]:
    """Anchored rows that the package has, and the head of its log where both are of one size. That the log of one goes
    on from the other's is proved by the register (`dingbian verify --anchor`)."""
    facts = PackageFacts.model_validate_json((content / "package.json").read_bytes())
    if facts.ledger_id != anchor.ledger_id:
        what = "存证文件属于另一登记数据库 · the anchor is of another register"
        yield PackageFault(check="authenticity", where="package.json", what=what)
        return
    rows = {(row.holder, row.seq): row.hash for row in _journal(content)}
    numbers = {(f"{line.series}/{line.year}", line.chain_seq): line.hash for line in _lines(content)}
    for heads, kept in ((anchor.journals, rows), (anchor.records, numbers)):
        for head in heads:
            there = kept.get((head.chain, head.seq))
            if there is not None and not same(there, head.hash):
                what = "与另处保存的存证不符 · differs from the anchored head"
                yield PackageFault(check="authenticity", where=f"{head.chain}#{head.seq}", what=what)
    of_log = _proofs(content)
    if of_log is None or anchor.log is None or of_log.head.size != anchor.log.size:
        return
    if not same(of_log.head.root, anchor.log.root):
        what = "与另处保存的日志头不符 · differs from the head kept elsewhere"
        yield PackageFault(check="authenticity", where=f"存证日志头#{anchor.log.size}", what=what)


def _journal(content: Path) -> Iterator[JournalRow]:
    yield from _rows(content / "registers" / "journal.jsonl", JournalRow)


def _lines(content: Path) -> Iterator[RecordLine]:
    yield from _rows(content / "registers" / "records.jsonl", RecordLine)


def _rows(path: Path, shape: type[Row]) -> Iterator[Row]:
    """Rows that can be read; those that cannot are faults of the package and told by its check."""
    try:
        texts_of = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for text in texts_of:
        try:
            yield shape.model_validate_json(text)
        except ValidationError:
            continue


def _proofs(content: Path) -> ProofFile | None:
    try:
        return ProofFile.model_validate_json((content / "proofs" / "log.json").read_bytes())
    except (OSError, ValidationError):
        return None


# --- one document against a package or a copy ----------------------------------------------------------------------


def verify_against(document: Path, against: Path) -> RecordCheck:
    """One document against a copy of a register or an archive package, where there is no installation. What it is
    compared with is not checked itself: `verify_register` and `verify_package` do that."""
    data = _document(document)
    if against.is_dir():
        return _in_package(data, against / "data")
    if not is_register(against):
        raise StartFault(f"{against} 不是档案包，也不是登记数据库 · neither a package nor a register")
    with _register_copy(against) as database, database.read() as s:
        return check_file(s, data, thorough=True)


def _in_package(data: bytes, content: Path) -> RecordCheck:
    try:
        if Files.below(content).odd:
            raise StartFault(f"{content.parent} 内有链接、管道或设备，不予打开 · holds links, pipes or devices")
        facts = PackageFacts.model_validate_json((content / "package.json").read_bytes())
    except (OSError, ValidationError):
        raise StartFault(f"{content.parent} 不是档案包 · is not an archive package") from None
    parts = list(texts(data))
    marks = _marks(printed(parts), content)
    lines = {line.id: line for line in _lines(content)}
    name = digest(data, facts.hash)
    found = next((line for line in lines.values() if line.digest is not None and same(line.digest, name)), None)
    if found is None:
        body = "\n".join(parts)
        altered = next((line for line in lines.values() if line.digest is not None and line.code in body), None)
        if altered is None:
            return RecordCheck(status="unknown", printed=marks)
        return _line_told(altered, lines, "altered", [])
    return _line_told(found, lines, _STATE.get(found.state, "unknown"), marks)


def _line_told(line: RecordLine, lines: dict[str, RecordLine], status: str, marks: list[PrintedMark]) -> RecordCheck:
    successor = lines.get(line.superseded_by or "")
    return RecordCheck.model_validate(
        {
            "status": status,
            "number": line.number,
            "kind": DocumentKind(line.kind),
            "title": line.title,
            "issued_on": line.issued_on,
            "issuer": line.issuer,
            "superseded_by": successor.number if successor else None,
            "printed": marks,
        }
    )


def _marks(said: Printed, content: Path) -> list[PrintedMark]:
    """What a package can say of the marks: it holds the rows of its own cases, and one head of the log."""
    marks = []
    if len(said.rows) == len(said.heads) == 1:
        (seq,), (head,) = said.rows, said.heads
        held = any(row.seq == seq and same(row.hash, head) for row in _journal(content))
        marks.append(PrintedMark(of="chain", place=seq, hash=head, agrees=True if held else None))
    if len(said.sizes) == len(said.roots) == 1:
        (size,), (root,) = said.sizes, said.roots
        proofs = _proofs(content)
        agrees = same(proofs.head.root, root) if proofs is not None and proofs.head.size == size else None
        marks.append(PrintedMark(of="log", place=size, hash=root, agrees=agrees))
    return marks


def _document(path: Path) -> bytes:
    if path.stat().st_size > MAX_UPLOAD:
        raise StartFault(f"{path} 超过 {MAX_UPLOAD} 字节，不是本系统的公文 · too large to be a document of ours")
    return path.read_bytes()


def document_told(found: RecordCheck) -> list[str]:
    """What was found beside the state of the record, in words."""
    said = []
    if found.superseded_by:
        last = f"，现以{found.latest}为准" if found.latest else ""
        said.append(f"由{found.superseded_by}替代{last} · superseded by it{', finally by the latter' if last else ''}")
    if found.status == "extract":
        said.append(_EXTRACT[found.content])
    for mark in found.printed:
        what = f"台账链第{mark.place}行" if mark.of == "chain" else f"存证日志第{mark.place}叶处的日志头"
        if mark.agrees is None:
            said.append(f"所印{what}：此处无从核对 · cannot be told here")
        elif mark.agrees:
            said.append(f"所印{what}：与登记相符 · stands in the register")
        else:
            said.append(f"所印{what}：登记中没有，登记可能被改写或换成旧副本 · not in the register")
    return said


def anchor_of(path: Path) -> Anchor:
    """Heads kept elsewhere: a file of `dingbian anchor`, a file of proofs, or an archive package, whose own heads serve
    as well. Raises StartFault."""
    content = path / "data"
    place = content / "proofs" / "log.json" if path.is_dir() else path
    try:
        text = place.read_bytes()
        if b"dingbian-log-proof/" not in text:
            return Anchor.model_validate_json(text)
        return Anchor.of_proofs(ProofFile.model_validate_json(text), list(_lines(content)) if path.is_dir() else [])
    except (OSError, ValueError):
        raise StartFault(f"读不懂存证文件 {path} · not an anchor file") from None
