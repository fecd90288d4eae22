"""Files that were made to harm, or that are something else: each is refused with a reason, or read without harm (P23).

`test_guard` spoils one part of a workbook at a time; here are whole archives, other kinds of file, cells and CSV.
"""

from __future__ import annotations

import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import func, select

from ledger.db import Database
from ledger.intake import import_file
from ledger.intake.columns import PERSONS, SHEETS, UNITS
from ledger.spreadsheets import limits, reader
from ledger.verify import verify
from models.intake import ImportReport
from models.register import Account, Journal, Person, Record, Unit
from models.rulebook import Rulebook

from .book import AT, sound, write

SHEET = "xl/worksheets/sheet4.xml"
# P23 says two seconds; the child is killed when it has used three of CPU, whatever the clock says.
CPU_SECONDS = 3
_random = random.Random(20_261_120)


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not told what is wrong with it within the time is told so, and then its reason is another."""
    limited = limits.Limits(cpu_seconds=CPU_SECONDS, answer_seconds=60)
    monkeypatch.setattr(reader, "limits_for", lambda _path: limited)


def judge(database: Database, path: Path) -> ImportReport:
    """The report; refused files leave the register empty, and no file leaves another behind but the marked copy."""
    before = set(path.parent.iterdir())
    report = import_file(database, Rulebook(), path, at=AT)
    left = set(path.parent.iterdir()) - before
    assert left == ({Path(report.faults_file)} if report.faults_file else set())
    with database.read() as session:
        counts = [session.exec(select(func.count()).select_from(each)).one() for each in (Unit, Person, Journal)]
        assert any(counts) is report.imported
    return report


def refused(database: Database, path: Path) -> str:
    report = judge(database, path)
    assert (report.imported, len(report.faults), report.faults_file) == (False, 1, None)
    reason = report.faults[0].reason
    chinese, english = reason.rsplit(" · ", 1)
    assert not chinese.isascii()
    assert english.isascii()
    return reason


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def sound_parts(tmp_path: Path) -> dict[str, bytes]:
    path = write(tmp_path / "sound.xlsx", sound())
    parts = parts_of(path)
    path.unlink()
    return parts


# --- archives ----------------------------------------------------------------------------------------------------


def central_entries(data: bytes) -> list[int]:
    return [place for place in range(len(data)) if data[place : place + 4] == b"PK\x01\x02"]


def overlapping(path: Path, parts: dict[str, bytes]) -> None:
    """The first part claims the bytes of the second as well, as in an overlapped bomb."""
    data = bytearray(pack(path, parts).read_bytes())
    first, second = central_entries(bytes(data))[:2]
    (size,) = struct.unpack_from("<I", data, first + 20)
    (next_size,) = struct.unpack_from("<I", data, second + 20)
    struct.pack_into("<I", data, first + 20, size + next_size + 60)
    path.write_bytes(data)


def same_bytes_twice(path: Path, parts: dict[str, bytes]) -> None:
    data = bytearray(pack(path, parts).read_bytes())
    first, second = central_entries(bytes(data))[:2]
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    path.write_bytes(data)


def sixty_thousand_parts(path: Path, parts: dict[str, bytes]) -> None:
    pack(path, parts | {f"xl/{number}": b"" for number in range(60_000)}, zipfile.ZIP_STORED)


def seventy_thousand_parts(path: Path, parts: dict[str, bytes]) -> None:
    """More than the old end record can count, so that the true number stands in the new one."""
    pack(path, parts | {f"xl/{number}": b"" for number in range(70_000)}, zipfile.ZIP_STORED)


def duplicate_name(path: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(SHEET, parts[SHEET])


def symbolic_link(path: Path, parts: dict[str, bytes]) -> None:
    pack(path, parts)
    link = zipfile.ZipInfo("xl/media/link")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/hostname")


def other_compression(path: Path, parts: dict[str, bytes]) -> None:
    pack(path, parts, zipfile.ZIP_LZMA)


def smaller_than_it_is(path: Path, parts: dict[str, bytes]) -> None:
    _claim_size(path, parts, 100)


def larger_than_it_is(path: Path, parts: dict[str, bytes]) -> None:
    _claim_size(path, parts, 1 << 31)


def _claim_size(path: Path, parts: dict[str, bytes], size: int) -> None:
    data = bytearray(pack(path, parts).read_bytes())
    last = central_entries(bytes(data))[-1]
    struct.pack_into("<I", data, last + 24, size)
    path.write_bytes(data)


def hidden_macros(path: Path, parts: dict[str, bytes]) -> None:
    pack(path, parts | {"xl/media/VBAPROJECT.BIN": b"\x00"})


def dde(path: Path, parts: dict[str, bytes]) -> None:
    link = b'<externalLink><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
    pack(path, parts | {"xl/externalLinks/externalLink1.xml": link})


def deep(path: Path, parts: dict[str, bytes]) -> None:
    pack(path, parts | {SHEET: b"<a>" * 250_000})


def deep_and_varied(path: Path, parts: dict[str, bytes]) -> None:
    names = b"".join(b"<a%x>" % _random.getrandbits(40) for _ in range(300_000))
    pack(path, parts | {SHEET: names})


def quadratic(path: Path, parts: dict[str, bytes]) -> None:
    body = b'<!DOCTYPE x [<!ENTITY e "' + b"x" * 50_000 + b'">]><x>' + b"&e;" * 50_000 + b"</x>"
    pack(path, parts | {SHEET: body})


def entity_from_the_net(path: Path, parts: dict[str, bytes]) -> None:
    pack(path, parts | {SHEET: b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>'})


def parameter_entity(path: Path, parts: dict[str, bytes]) -> None:
    body = b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]><x/>'
    pack(path, parts | {"xl/styles.xml": body})


def hundred_megabytes_in_a_cell(path: Path, parts: dict[str, bytes]) -> None:
    sheet = b'<worksheet><sheetData><row r="1"><c t="str"><v>' + b"x" * (100 << 20)
    pack(path, parts | {SHEET: sheet})


ARCHIVES: list[tuple[Callable[[Path, dict[str, bytes]], None], str]] = [
    (overlapping, "重叠"),
    (same_bytes_twice, "重叠"),
    (sixty_thousand_parts, "文件过多"),
    (seventy_thousand_parts, "文件过多"),
    (duplicate_name, "文件名"),
    (symbolic_link, "符号链接"),
    (other_compression, "压缩方法"),
    (smaller_than_it_is, "不是完整的"),
    (hidden_macros, "宏"),
    (dde, "外部链接"),
    (deep, "嵌套过深"),
    (deep_and_varied, "嵌套过深"),
    (quadratic, "文档类型"),
    (entity_from_the_net, "文档类型"),
    (parameter_entity, "文档类型"),
    (hundred_megabytes_in_a_cell, "压缩炸弹"),
]


@pytest.mark.parametrize(("make", "reason"), ARCHIVES, ids=[make.__name__ for make, _ in ARCHIVES])
def test_a_hostile_archive_is_refused(
    database: Database, tmp_path: Path, make: Callable[[Path, dict[str, bytes]], None], reason: str
) -> None:
    path = tmp_path / "x.xlsx"
    make(path, sound_parts(tmp_path))
    assert reason in refused(database, path)


@pytest.mark.parametrize("tenth", range(10))
def test_a_truncated_workbook_is_refused(database: Database, tmp_path: Path, tenth: int) -> None:
    path = write(tmp_path / "x.xlsx", sound())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * tenth // 10])
    assert ".xlsx" in refused(database, path)


def zip_of(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/"), data)
    return out.getvalue()


OTHER_FILES = {
    "ods": zip_of(mimetype=b"application/vnd.oasis.opendocument.spreadsheet", content=b"<x/>"),
    "docx": zip_of(**{"[Content_Types].xml": b"<Types/>", "word__document.xml": b"<x/>"}),
    "zip within zip": zip_of(**{"0.zip": zip_of(**{"1.zip": b"PK\x03\x04"})}),
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "png": b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
    "xls, or an encrypted workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2_000,
    "html": b"<html><table><tr><td>1</td></tr></table></html>",
    "nothing": b"",
    "only an end record": b"PK\x05\x06" + b"\x00" * 18,
}


@pytest.mark.parametrize("data", OTHER_FILES.values(), ids=OTHER_FILES)
def test_another_kind_of_file_under_this_name_is_refused(database: Database, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(data)
    assert ".xlsx" in refused(database, path)


# --- what may come without harm ----------------------------------------------------------------------------------


def nested_bomb(parts: dict[str, bytes]) -> None:
    """Never unpacked twice: what lies in a picture's place is not looked into."""
    parts["xl/media/image1.png"] = zip_of(**{f"{n}.zip": zip_of(x=b"\x00" * 100_000) for n in range(8)})


def million_styled_rows(parts: dict[str, bytes]) -> None:
    rows = b"".join(b'<row r="%d" s="1" ht="%d" customFormat="1"/>' % (n, n * 7_919 % 9_973) for n in range(5, 10**6))
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", rows + b"</sheetData>")


def million_strings(parts: dict[str, bytes]) -> None:
    strings = b"".join(b"<si><t>%x</t></si>" % _random.getrandbits(64) for _ in range(1_000_000))
    parts["xl/sharedStrings.xml"] = b"<sst>" + strings + b"</sst>"
    relation = b'<Relationship Id="s" Type="http://x/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>'
    name = "xl/_rels/workbook.xml.rels"
    parts[name] = parts[name].replace(b"</Relationships>", relation)


@pytest.mark.parametrize("change", [nested_bomb, million_styled_rows, million_strings])
def test_much_of_nothing_is_read_without_harm(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, bytes]], None]
) -> None:
    monkeypatch.setattr(reader, "limits_for", limits.limits_for)
    parts = sound_parts(tmp_path)
    change(parts)
    assert judge(database, pack(tmp_path / "x.xlsx", parts)).persons == len(sound()[PERSONS])


def test_a_size_that_is_claimed_too_large_costs_nothing(database: Database, tmp_path: Path) -> None:
    larger_than_it_is(tmp_path / "x.xlsx", sound_parts(tmp_path))
    report = judge(database, tmp_path / "x.xlsx")
    assert report.imported or "不是完整的" in report.faults[0].reason


FORMULAS = {
    "plain": b'<c r="B3" t="str"><f>A1</f></c>',
    "with a stored result": b'<c r="B3" t="str"><f>A1</f><v>x</v></c>',
    "shared": b'<c r="B3" t="str"><f t="shared" si="0"/><v>x</v></c>',
    "array": b'<c r="B3" t="str"><f t="array" ref="B3:B4">A1:A2</f><v>x</v></c>',
    "dde": b'<c r="B3" t="str"><f>cmd|\'/c calc\'!A1</f><v>x</v></c>',
    "as text": b'<c r="B3" t="inlineStr"><is><t>=cmd|\'/c calc\'!A1</t></is></c>',
}


@pytest.mark.parametrize("cell", FORMULAS.values(), ids=FORMULAS)
def test_a_formula_is_a_fault_where_it_stands(database: Database, tmp_path: Path, cell: bytes) -> None:
    parts = sound_parts(tmp_path)
    head, mark, tail = parts[SHEET].partition(b'<c r="B3"')
    parts[SHEET] = head + cell + tail.partition(b"</c>")[2]
    assert mark
    report = judge(database, pack(tmp_path / "x.xlsx", parts))
    assert [(fault.sheet, fault.row, fault.column) for fault in report.faults] == [(PERSONS, 3, "姓名")]
    assert "公式" in report.faults[0].reason


# --- CSV ---------------------------------------------------------------------------------------------------------


def csv_folder(tmp_path: Path, units: bytes) -> Path:
    folder = tmp_path / "csv"
    folder.mkdir()
    for name, columns in SHEETS.items():
        (folder / f"{name}.csv").write_text(",".join(column.heading for column in columns) + "\n", encoding="utf-8")
    (folder / f"{UNITS}.csv").write_bytes(units)
    return folder


HEADING = ",".join(column.heading for column in SHEETS[UNITS])
CSV: dict[str, tuple[bytes, str]] = {
    "utf-16": (HEADING.encode("utf-16"), "编码"),
    "utf-16 without a mark": (HEADING.encode("utf-16-le") + b"\xff", "编码"),
    "latin-1": ("Unité,Nom\n".encode("latin-1") + b"\xff", "编码"),
    "a field of 10 MB": (HEADING.encode() + b'\n"' + b"x" * (10 << 20) + b'"\n', "第2行"),
    "an open quote": (HEADING.encode() + b'\n"x', "CSV"),
    "a million columns": (HEADING.encode() + b"\n" + b"x," * 1_000_000 + b"\n", "列"),
    "thirty million columns": (b"," * 30_000_000 + b"\n", "内存"),
}


@pytest.mark.parametrize(("units", "reason"), CSV.values(), ids=CSV)
def test_a_hostile_csv_is_refused(database: Database, tmp_path: Path, units: bytes, reason: str) -> None:
    assert reason in refused(database, csv_folder(tmp_path, units))


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("=cmd|'/c calc'!A1", "公式"),
        ("@SUM(1)", "公式"),
        ("+1", "公式"),
        ("a\x00b", "U+0000"),
        ("\u202ea", "U+202E"),
        ("x" * 2_000, "超过"),
    ],
)
def test_a_hostile_cell_of_a_csv_is_a_fault_where_it_stands(
    database: Database, tmp_path: Path, cell: str, reason: str
) -> None:
    units = f"{HEADING}\n9,{cell}\n".encode()
    report = judge(database, csv_folder(tmp_path, units))
    faults = [fault for fault in report.faults if fault.column == "机构名称"]
    assert [(fault.sheet, fault.row, reason in fault.reason) for fault in faults] == [(UNITS, 2, True)]


def test_a_million_empty_columns_are_nothing(database: Database, tmp_path: Path) -> None:
    report = judge(database, csv_folder(tmp_path, HEADING.encode() + b"," * 1_000_000 + b"\n"))
    assert "没有填写任何机构" in report.faults[0].reason


def test_nothing_of_a_refused_file_reaches_the_accounts(database: Database, tmp_path: Path) -> None:
    rows = sound()
    rows[PERSONS][2]["identity_no"] = "=1"
    assert not judge(database, write(tmp_path / "x.xlsx", rows)).imported
    with database.read() as session:
        for table in (Account, Journal, Record):
            assert session.exec(select(func.count()).select_from(table)).one() == 0
        assert verify(session).intact
