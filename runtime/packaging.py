"""`dingbian export --year/--case`: an archive package; `dingbian verify PATH`: a package, a register, or one document,
checked where it lies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlmodel import select

from ledger import log
from ledger.db import Database
from models.documents import RecordCheck
from models.ledger import Verification
from models.packages import PackageReport
from models.register import Meta
from models.sealing import HashName, Keyring, SealingKey
from records.archive import Keeper, PackageRefused, Wanted, write_package
from records.archive_check import NotAPackage, check_package
from records.store import StoreFault
from records.verify import MAX_UPLOAD, check_file, verify_numbers

from .anchors import Anchor
from .assembly import Parts
from .faults import StartFault
from .verifying import verify_rows

Report = Callable[[str, int, int], None]
SQLITE = b"SQLite format 3\x00"


def write_archive(parts: Parts, target: Path, wanted: Wanted, report: Report) -> PackageReport:
    """The package in the new folder `target`, readable by its owner alone. Raises StartFault with what to do."""
    office = parts.rulebook.office.name
    keeper = Keeper(office=office, fonds=office, software=f"定编 dingbian {version('dingbian')}")
    try:
        at = datetime.now(UTC)
        with parts.database.write() as s:
            log.append(s, at)
        with parts.database.read() as s:
            return write_package(s, parts.store, target, wanted, keeper, at, parts.calendar, report)
    except (PackageRefused, StoreFault) as refused:
        raise StartFault(str(refused)) from None


def is_register(path: Path) -> bool:
    """Whether the file is an SQLite database, by its first bytes."""
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def verify_package(folder: Path) -> PackageReport:
    """From the package alone: no register, no key, no setting is read. Raises StartFault when it is none."""
    try:
        return check_package(folder)
    except NotAPackage as fault:
        raise StartFault(str(fault)) from None


def verify_register(path: Path, anchor: Anchor | None = None) -> Verification:
    """A copy of a register: chains, balances, log and numbers, without a key. Sealed columns are not opened, documents
    are not looked for. Raises StartFault when it is of no version that can be read."""
    database = Database(f"sqlite:///{path.resolve()}", _no_key())
    try:
        with database.read() as s:
            facts = {row.name: row.value for row in s.exec(select(Meta))}
        name: HashName = "sha256" if facts.get("hash") == "sha256" else "sm3"
        if "ledger_id" not in facts:
            raise StartFault(f"{path} 不是登记数据库 · is not a register")
    finally:
        database.close()
    database = Database(f"sqlite:///{path.resolve()}", _no_key(), name)
    try:
        with database.read() as s:
            found = verify_rows(s, anchor)
            return found.model_copy(update={"faults": [*found.faults, *verify_numbers(s)]})
    finally:
        database.close()


def verify_document(parts: Parts, path: Path) -> RecordCheck:
    """One document against this office's register. Raises StartFault when it is too large to be one."""
    if path.stat().st_size > MAX_UPLOAD:
        raise StartFault(f"{path} 超过 {MAX_UPLOAD} 字节，不是本系统的公文 · too large to be a document of ours")
    with parts.database.read() as s:
        return check_file(s, path.read_bytes())


def _no_key() -> Keyring:
    """A keyring that opens nothing: verification needs no secret, and a copy may lie where there is none."""
    return Keyring({"none": SealingKey("none", "sm4-gcm", bytes(16))}, "none", bytes(32))
