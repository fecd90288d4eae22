"""What the public learns about a document, and what verification of the register finds."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, text

from ledger.db import Database
from models.enums import DocumentKind
from models.register import Record
from models.sealing import digest
from records import register
from records.register import Draft
from records.render import Renderer
from records.store import FolderStore
from records.verify import MAX_UPLOAD, check_code, check_file, verify_records
from tests.records.conftest import context_for

AT = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
KIND = DocumentKind.VERIFICATION_SLIP
Make = Callable[..., Draft]


@pytest.fixture
def filed(database: Database, store: FolderStore, renderer: Renderer, draft: Make) -> list[tuple[Record, bytes]]:
    """Three records, prepared, rendered, stored and filed."""
    out = []
    for place in range(3):
        with database.write() as s:
            record = register.prepare(s, draft(case=f"case-{place}"), context_for())
            data = renderer.render(KIND, register.context_of(s, record))
        store.put(data, digest(data))
        with database.write() as s:
            out.append((register.file(s, record.id, digest(data), len(data), AT), data))
    return out


def test_code_and_file_of_a_record_are_valid(database: Database, filed: list[tuple[Record, bytes]]) -> None:
    record, data = filed[0]
    with database.read() as s:
        for told in (check_code(s, record.code.lower()), check_file(s, data)):
            assert (told.status, told.number, told.kind) == ("valid", "示编核〔2026〕1号", KIND)
            assert "case" not in told.model_dump_json()
            assert record.unit not in told.model_dump_json()


def test_what_the_register_adds_to_a_title_is_not_told(database: Database, draft: Make) -> None:
    made = draft(title="人员编制和领导职数核定单〔示范市发展研究局，行政编制2名〕")
    with database.write() as s:
        record = register.prepare(s, made, context_for())
        register.file(s, record.id, digest(b"1"), 1, AT)
    with database.read() as s:
        told = check_code(s, record.code)
    assert (told.title, told.own_title) == ("人员编制和领导职数核定单", None)


def test_void_superseded_and_unknown_are_told(database: Database, filed: list[tuple[Record, bytes]]) -> None:
    with database.write() as s:
        register.void(s, filed[0][0].id, "收回未用编制")
        register.supersede(s, filed[1][0].id, filed[2][0].id)
    with database.read() as s:
        assert check_code(s, filed[0][0].code).status == "void"
        told = check_file(s, filed[1][1])
        assert (told.status, told.superseded_by) == ("superseded", "示编核〔2026〕3号")
        assert check_code(s, "0000-0000-0000-0000").status == "unknown"
        assert check_file(s, b"not a document").status == "unknown"


def test_a_number_without_a_file_is_unknown(database: Database, draft: Make) -> None:
    with database.write() as s:
        code = register.prepare(s, draft(), context_for()).code
        assert check_code(s, code).status == "unknown"


def test_an_altered_copy_is_called_altered(database: Database, filed: list[tuple[Record, bytes]]) -> None:
    forged = _rewritten(filed[0][1], "word/document.xml", "农业农村局", "财政税务局")
    with database.read() as s:
        told = check_file(s, forged)
        assert (told.status, told.number) == ("altered", "示编核〔2026〕1号")


def test_a_copy_of_which_one_byte_fell_over_is_altered_and_not_unknown(
    database: Database, filed: list[tuple[Record, bytes]]
) -> None:
    """Wherever it lies but in the list of members behind them: without that it is no Word file any more."""
    data = filed[0][1]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        places = range(0, archive.start_dir, 41)
    with database.read() as s:
        told = Counter(check_file(s, data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]).status for at in places)
        assert told["altered"] > 0.9 * len(places)
        assert set(told) <= {"altered", "unknown"}
        assert check_file(s, data[:-30] + b"x" * 30).status == "unknown"


def test_hostile_uploads_are_refused_cheaply(database: Database) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 60_000_000)
    with database.read() as s:
        assert check_file(s, bomb.getvalue()).status == "unknown"
        assert check_file(s, bomb.getvalue()[:-40]).status == "unknown"
        with pytest.raises(ValueError):
            check_file(s, b"0" * (MAX_UPLOAD + 1))


def test_a_file_full_of_codes_costs_one_question_or_none(database: Database, filed: list[tuple[Record, bytes]]) -> None:
    """Forty kilobytes can hold a million codes: they are told apart before the register is asked."""
    repeated = _said("AAAA-BBBB-CCCC-DDDD " * 500_000)
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    many = _said(" ".join(f"AAAA-BBBB-CCCC-{a}{b}{c}0" for a in alphabet for b in alphabet for c in alphabet[:4]))
    few = _said(f"AAAA-BBBB-CCCC-DDDD {filed[0][0].code} {filed[1][0].code}")
    asked: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    with database.read() as s:
        assert check_file(s, repeated).status == "unknown"
        assert check_file(s, many).status == "unknown"
        told = check_file(s, few)
    assert (told.status, told.number) == ("altered", filed[0][0].number)
    assert len(asked) < 20


def _said(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:t>{text}</w:t>")
    return out.getvalue()


def test_an_intact_register_has_no_faults(
    database: Database, store: FolderStore, filed: list[tuple[Record, bytes]]
) -> None:
    with database.read() as s:
        assert verify_records(s, store) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE record SET title = '别的' WHERE seq = 2", "登记行被改动"),
        ("UPDATE record SET unit = 'x' WHERE seq = 3", "登记行被改动"),
        ("DELETE FROM record WHERE seq = 2", "号码缺失"),
        ("DELETE FROM record WHERE seq = 3", "号码缺失"),
        ("UPDATE record SET chain_seq = 9 WHERE seq = 1", "登记链断开"),
        ("UPDATE series SET last = 2", "号码超出登记"),
        ("UPDATE record SET digest = NULL, size = NULL WHERE seq = 1", "未归档却标为有效"),
        ("UPDATE record SET state = 'void' WHERE seq = 1", "作废未写原因"),
    ],
)
def test_tampering_with_rows_is_found(
    database: Database, store: FolderStore, filed: list[tuple[Record, bytes]], change: str, found: str
) -> None:
    with database.write() as s:
        s.connection().execute(text(change))
    with database.read() as s:
        assert any(found in fault.what for fault in verify_records(s, store))


def test_a_lost_or_altered_file_is_found(
    database: Database, store: FolderStore, filed: list[tuple[Record, bytes]]
) -> None:
    lost, changed = (store.path(str(record.digest)) for record, _ in filed[:2])
    assert lost is not None
    assert changed is not None
    lost.unlink()
    changed.chmod(0o644)
    changed.write_bytes(_rewritten(filed[1][1], "word/styles.xml", "公文正文", "公文正方"))
    with database.read() as s:
        faults = verify_records(s, store)
    assert [fault.where for fault in faults] == ["示编核〔2026〕1号", "示编核〔2026〕2号"]
    assert "缺失" in faults[0].what
    assert "word/styles.xml" in faults[1].what


def _rewritten(data: bytes, part: str, before: str, after: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                assert before.encode() in content
                content = content.replace(before.encode(), after.encode())
            target.writestr(name, content)
    return out.getvalue()
