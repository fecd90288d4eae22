"""A hostile file is refused unread, in bounded time and memory (P23)."""

from __future__ import annotations

import os
import random
import re
import resource
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select

from ledger.db import Database
from ledger.intake import import_file
from ledger.intake.columns import PERSONS
from models.intake import ImportReport
from models.register import Person
from models.rulebook import Rulebook

from .book import AT, sound, write

SECONDS = 2.0
MEMORY_BYTES = 100 << 20
SHEET = "xl/worksheets/sheet4.xml"
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def repack(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The workbook with its parts changed; a part larger than it should be is written compressed."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def cpu_seconds() -> float:
    """Of this process and of the children that have ended, whatever else the machine does."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def refuse(database: Database, path: Path) -> ImportReport:
    """Refused within the time and, a second time, the memory; the child's own is limited (test_reader)."""
    started = cpu_seconds()
    report = import_file(database, Rulebook(), path, at=AT)
    assert cpu_seconds() - started < SECONDS
    tracemalloc.start()
    assert import_file(database, Rulebook(), path, at=AT) == report
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MEMORY_BYTES
    assert not report.imported
    assert report.faults
    return report


def bomb(parts: dict[str, bytes]) -> None:
    parts[SHEET] = b'<worksheet xmlns="x"><sheetData>' + b"<row/>" * 20_000_000


def nested_entities(parts: dict[str, bytes]) -> None:
    lol = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    parts[SHEET] = b'<!DOCTYPE x [<!ENTITY l0 "lol">' + lol + b"]><x>&l9;</x>"


def external_entity(parts: dict[str, bytes]) -> None:
    parts["xl/workbook.xml"] = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + parts["xl/workbook.xml"]


def late_document_type(parts: dict[str, bytes]) -> None:
    parts[SHEET] = b"<!--" + b"-" * 0 + b"x" * 70_000 + b"--><!DOCTYPE x><x/>"


def split_document_type(parts: dict[str, bytes]) -> None:
    parts[SHEET] = b"<!--" + b"x" * (65_536 - 4 - 3 - 5) + b"--><!DOCTYPE x><x/>"


def other_encoding(parts: dict[str, bytes]) -> None:
    parts[SHEET] = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>'.encode("utf-16")


def declared_encoding(parts: dict[str, bytes]) -> None:
    parts[SHEET] = b'<?xml version="1.0" encoding="UTF-7"?><x/>'


def macros(parts: dict[str, bytes]) -> None:
    parts["xl/vbaProject.bin"] = b"\x00"


def macro_type(parts: dict[str, bytes]) -> None:
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )


def external_link(parts: dict[str, bytes]) -> None:
    parts["xl/externalLinks/externalLink1.xml"] = b"<externalLink/>"


def external_relation(parts: dict[str, bytes]) -> None:
    name = "xl/_rels/workbook.xml.rels"
    relation = b'<Relationship Id="x" Type="http://a/attachedTemplate" Target="http://x/" TargetMode="External"/>'
    parts[name] = parts[name].replace(b"</Relationships>", relation + b"</Relationships>")


def connection(parts: dict[str, bytes]) -> None:
    parts["xl/connections.xml"] = b"<connections/>"


def embedded(parts: dict[str, bytes]) -> None:
    parts["xl/embeddings/oleObject1.bin"] = b"\x00"


def traversal(parts: dict[str, bytes]) -> None:
    parts["xl/../../evil.xml"] = b"<x/>"


def absolute(parts: dict[str, bytes]) -> None:
    parts["/etc/evil.xml"] = b"<x/>"


def many_parts(parts: dict[str, bytes]) -> None:
    parts.update({f"xl/x{n}.xml": b"<x/>" for n in range(300)})


def no_workbook(parts: dict[str, bytes]) -> None:
    del parts["xl/workbook.xml"]


def missing_sheet(parts: dict[str, bytes]) -> None:
    del parts[SHEET]


def broken_sheet(parts: dict[str, bytes]) -> None:
    parts[SHEET] = parts[SHEET][: len(parts[SHEET]) // 2]


def far_string(parts: dict[str, bytes]) -> None:
    parts[SHEET] = _sheet(b'<row r="1"><c r="A1" t="s"><v>999999999</v></c></row>')


def rows_out_of_order(parts: dict[str, bytes]) -> None:
    parts[SHEET] = _sheet(b'<row r="5"/><row r="2"/>')


def long_cell(parts: dict[str, bytes]) -> None:
    parts[SHEET] = _sheet(
        b'<row r="1"><c t="inlineStr"><is><t>' + os.urandom(40_000).hex().encode() + b"</t></is></c></row>"
    )


def endless_row(parts: dict[str, bytes]) -> None:
    cells = b"".join(b'<c r="A%d"/>' % number for number in range(20_000))
    parts[SHEET] = _sheet(b'<row r="1">' + cells + b"</row>")


def empty_rows(parts: dict[str, bytes]) -> None:
    # Random style numbers, or the archive would be refused as a bomb before a cell is counted.
    rows = (
        b"<row>" + b"".join(b'<c s="%d"/>' % random.getrandbits(60) for _ in range(100)) + b"</row>"
        for _ in range(3_000)
    )
    parts[SHEET] = _sheet(b"".join(rows))


def _sheet(rows: bytes) -> bytes:
    return f'<worksheet xmlns="{NAMESPACE}"><sheetData>'.encode() + rows + b"</sheetData></worksheet>"


CORPUS: list[tuple[Callable[[dict[str, bytes]], None], str]] = [
    (bomb, "压缩炸弹"),
    (nested_entities, "文档类型"),
    (external_entity, "文档类型"),
    (late_document_type, "文档类型"),
    (split_document_type, "文档类型"),
    (other_encoding, "UTF-8"),
    (declared_encoding, "UTF-8"),
    (macros, "宏"),
    (macro_type, "宏"),
    (external_link, "外部链接"),
    (external_relation, "外部链接"),
    (connection, "外部数据"),
    (embedded, "嵌入对象"),
    (traversal, "文件名"),
    (absolute, "文件名"),
    (many_parts, "文件过多"),
    (no_workbook, ".xlsx"),
    (missing_sheet, "无法读取"),
    (broken_sheet, "无法读取"),
    (far_string, "无法读取"),
    (rows_out_of_order, "行号"),
    (long_cell, "过长"),
    (endless_row, "空白单元格"),
    (empty_rows, "空白单元格"),
]


@pytest.mark.parametrize(("change", "reason"), CORPUS, ids=[change.__name__ for change, _ in CORPUS])
def test_a_hostile_workbook_is_refused(
    database: Database, tmp_path: Path, change: Callable[[dict[str, bytes]], None], reason: str
) -> None:
    report = refuse(database, repack(write(tmp_path / "x.xlsx", sound()), change))
    assert [reason in fault.reason for fault in report.faults] == [True], report.faults
    assert report.faults_file is None


def test_a_large_file_is_refused_by_its_size(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with path.open("wb") as file:
        file.truncate(100 << 20)
    assert "文件超过64MB" in refuse(database, path).faults[0].reason


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0" + b"\x00" * 600, b"a,b\n1,2\n"])
def test_what_is_no_workbook_is_refused(database: Database, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(data)
    assert ".xlsx" in refuse(database, path).faults[0].reason


def test_other_files_are_refused(database: Database, tmp_path: Path) -> None:
    assert "须为" in refuse(database, write(tmp_path / "x.xlsm", sound())).faults[0].reason
    assert "不存在" in refuse(database, tmp_path / "none.xlsx").faults[0].reason


def test_a_claimed_dimension_pads_nothing(database: Database, tmp_path: Path) -> None:
    def claim(parts: dict[str, bytes]) -> None:
        head, _, rest = parts[SHEET].partition(b"<sheetData>")
        parts[SHEET] = (
            head
            + b"<sheetData>"
            + rest.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"/></row></sheetData>')
        )

    path = repack(write(tmp_path / "x.xlsx", sound()), claim)
    started = cpu_seconds()
    assert import_file(database, Rulebook(), path, at=AT).imported
    assert cpu_seconds() - started < SECONDS


def test_a_formula_with_a_stored_result_is_refused(database: Database, tmp_path: Path) -> None:
    def compute(parts: dict[str, bytes]) -> None:
        head, mark, tail = parts[SHEET].partition(b'<c r="B3"')
        _, _, rest = tail.partition(b"</c>")
        parts[SHEET] = head + mark + b' t="str"><f>A1</f><v>x</v></c>' + rest

    report = refuse(database, repack(write(tmp_path / "x.xlsx", sound()), compute))
    assert [(fault.sheet, fault.row, fault.column) for fault in report.faults] == [(PERSONS, 3, "姓名")]


NAME_CELL = '<c r="B3" t="inlineStr"><is><t>李示范</t></is></c>'.encode()
RICH = "<r><t>李</t></r><r><t>示范</t></r><rPh sb='0' eb='1'><t>li</t></rPh>"


def shared(parts: dict[str, bytes]) -> None:
    """As Excel writes it: the text stands in a table of shared strings."""
    strings = f'<sst xmlns="{NAMESPACE}"><si><t>其他</t></si><si>{RICH}</si></sst>'
    parts["xl/sharedStrings.xml"] = strings.encode()
    relation = b'<Relationship Id="s" Type="http://x/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>'
    name = "xl/_rels/workbook.xml.rels"
    parts[name] = parts[name].replace(b"</Relationships>", relation)
    parts[SHEET] = parts[SHEET].replace(NAME_CELL, b'<c r="B3" t="s"><v>1</v></c>')


def inline(parts: dict[str, bytes]) -> None:
    parts[SHEET] = parts[SHEET].replace(NAME_CELL, f'<c r="B3" t="inlineStr"><is>{RICH}</is></c>'.encode())


def prefixed(parts: dict[str, bytes]) -> None:
    """Strict producers and some converters write every element with a prefix."""
    body = parts[SHEET].replace(b"</", b"</x:")
    body = re.sub(rb"<(?=[a-z])", b"<x:", body)
    parts[SHEET] = body.replace(b"xmlns=", b"xmlns:x=")


@pytest.mark.parametrize("change", [shared, inline, prefixed])
def test_the_same_text_is_read_however_it_is_stored(
    database: Database, tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    path = repack(write(tmp_path / "x.xlsx", sound()), change)
    assert import_file(database, Rulebook(), path, at=AT).imported
    with database.read() as session:
        assert session.exec(select(Person.name).where(Person.name == "李示范")).all() == ["李示范"]


def test_dates_are_read_in_the_calendar_of_the_workbook(database: Database, tmp_path: Path) -> None:
    def mac(parts: dict[str, bytes]) -> None:
        parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b"<workbookPr/>", b'<workbookPr date1904="1"/>')

    report = import_file(database, Rulebook(), repack(write(tmp_path / "x.xlsx", sound()), mac), at=AT)
    assert not report.imported  # four years later: birth dates no longer agree with the identity numbers
    assert {fault.row for fault in report.faults if "出生日期" in fault.reason} == {2, 3, 4}


def test_strange_csv_files_are_refused(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "csv"
    folder.mkdir()
    (folder / "机构.csv").write_bytes(b"\xff\xff\xff\x00")
    assert "编码" in refuse(database, folder).faults[0].reason
    (folder / "机构.csv").write_text('"open', encoding="utf-8")
    assert "CSV" in refuse(database, folder).faults[0].reason
    (folder / "机构.csv").unlink()
    (folder / "机构.csv").symlink_to("/etc/hostname")
    assert "普通文件" in refuse(database, folder).faults[0].reason


def test_damage_anywhere_is_refused_or_harmless(database: Database, tmp_path: Path) -> None:
    whole = write(tmp_path / "x.xlsx", sound()).read_bytes()
    for place in range(0, len(whole), 331):  # a child for each
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        (tmp_path / "y.xlsx").write_bytes(damaged)
        report = import_file(database, Rulebook(), tmp_path / "y.xlsx", at=AT)
        assert report.imported != bool(report.faults)
