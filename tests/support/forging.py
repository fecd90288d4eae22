"""What somebody does to an archive package who has this program: everything that is made from something else is made
anew, so that only what is bound to the register tells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ledger import log
from models.docket import Docket
from models.packages import PackageFacts, PackageReport, RecordLine
from records.archive import Keeper, Wanted, write_package
from records.archive_check import check_package
from records.archive_derived import NUMBERS, PAGE, numbers_table, page
from records.archive_frame import SUMS, bag_info
from records.archive_metadata import metadata_of
from tests.support.office import Office

KEEPER = Keeper(office="示范市机构编制委员会办公室", fonds="示范市编办", software="定编 dingbian")
Forge = Callable[[Path], None]

RECORDS = "registers/records.jsonl"


def rows_of(package: Path, name: str = RECORDS) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (package / "data" / name).read_text("utf-8").splitlines()]


def write(package: Path, name: str, data: bytes | str) -> None:
    """Into `data/`, whatever stood there."""
    place = package / "data" / name
    place.unlink(missing_ok=True)
    place.write_bytes(data if isinstance(data, bytes) else data.encode())


def edit_rows(package: Path, change: Callable[[list[dict[str, Any]]], None], name: str = RECORDS) -> None:
    rows = rows_of(package, name)
    change(rows)
    write(package, name, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def edit(package: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """A file of `data/` that is JSON."""
    body = json.loads((package / "data" / name).read_text("utf-8"))
    change(body)
    write(package, name, json.dumps(body, ensure_ascii=False))


def dockets_of(package: Path) -> list[str]:
    return sorted(f"cases/{path.name}" for path in (package / "data" / "cases").glob("*.json"))


def rederived(package: Path) -> None:
    """Table of numbers, metadata and page as registers and dockets now make them."""
    content = package / "data"
    facts = PackageFacts.model_validate_json((content / "package.json").read_bytes())
    lines = [RecordLine.model_validate(row) for row in rows_of(package)]
    found = [Docket.model_validate_json((content / name).read_bytes()) for name in dockets_of(package)]
    found.sort(key=lambda each: (str(each.closed_at), each.case_id))
    by_case = {docket.case_id: docket for docket in found}
    write(package, NUMBERS, numbers_table(lines))
    write(package, PAGE, page(facts, found, lines))
    for line in lines:
        write(package, f"metadata/{line.id}.xml", metadata_of(line, by_case.get(line.case_id), facts))


def rebagged(package: Path) -> None:
    """Sums, sizes and the description of the bag."""
    facts = PackageFacts.model_validate_json((package / "data" / "package.json").read_bytes())
    files = [path for path in sorted((package / "data").rglob("*")) if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    said = bag_info(facts) | {"Payload-Oxum": f"{size}.{len(files)}"}
    _tag(package, "bag-info.txt", "".join(f"{name}: {value}\n" for name, value in sorted(said.items())))
    for sums in SUMS:
        _tag(package, f"manifest-{sums}.txt", _listed(package, files, sums))
    tags = [package / name for name in ("bag-info.txt", "bagit.txt", *(f"manifest-{sums}.txt" for sums in SUMS))]
    for sums in SUMS:
        _tag(package, f"tagmanifest-{sums}.txt", _listed(package, tags, sums))


def _listed(package: Path, files: list[Path], sums: str) -> str:
    return "".join(
        f"{hashlib.new(sums, path.read_bytes()).hexdigest()}  {path.relative_to(package)}\n" for path in files
    )


def _tag(package: Path, name: str, text: str) -> None:
    (package / name).unlink(missing_ok=True)
    (package / name).write_text(text, "utf-8")


def packed(office: Office, folder: Path, wanted: Wanted) -> PackageReport:
    with office.database.write() as s:
        log.append(s, office.now)
    with office.database.read() as s:
        return write_package(s, office.store, folder, wanted, KEEPER, office.now, office.deps.calendar)


def told(package: Path) -> list[str]:
    """(check) where: what of every fault, under a bag that was made anew."""
    rebagged(package)
    return [f"{fault.where}：{fault.what}" for fault in check_package(package).faults]


def of_case(package: Path, number: str = "用编2026-00001") -> str:
    return next(name for name in dockets_of(package) if number in name)
