"""Renditions: one PDF, signed copies beside it, files and rows together, and what may not be kept."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from doc_templates.samples import sample
from ledger.db import Database
from models.archives import Rendition
from models.docket import RecordView
from models.enums import DocumentKind, RenditionKind
from models.register import Record
from models.renditions import DOCX, OFD, PDF, RenditionView
from models.sealing import digest
from records import preview, register, renditions, signed
from records.register import Draft
from records.render import Renderer
from records.renditions import RenditionRefused
from records.signed import Sent, SigningFault, checked
from records.store import FolderStore, RecordStore, StoreFault
from records.verify import check_file, verify_records
from runtime.renditions import PdfMaker, Shelf
from tests.support.signing import plain_pdf, sealed_ofd, signed_docx, signed_pdf

from .conftest import context_for

AT = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
CODE = "7K3M-9QXT-2H8B-4WZD"
ROOT = Path(__file__).resolve().parents[2]


def filed(database: Database, store: RecordStore, draft: Draft, data: bytes = b"a record") -> RecordView:
    store.put(data, digest(data))
    with database.write() as s:
        row = register.prepare(s, draft, context_for())
        register.file(s, row.id, digest(data), len(data), AT, template_digest="0" * 64)
    with database.read() as s:
        found = register.get(s, row.id)
    assert found is not None
    return found


@pytest.fixture
def record(database: Database, store: FolderStore, draft: Callable[..., Draft]) -> RecordView:
    return filed(database, store, draft())


@pytest.fixture
def shelf(database: Database, store: FolderStore) -> Shelf:
    return Shelf(database, store, lambda: AT)


def rendition(record: RecordView, data: bytes, kind: RenditionKind = RenditionKind.PDF) -> RenditionView:
    return RenditionView(
        record_id=record.id,
        kind=kind,
        media_type=PDF,
        digest=digest(data),
        size=len(data),
        made_at=AT,
        made_by="head",
        provider="LibreOffice 7.4.7.2",
    )


def files(store: FolderStore) -> set[str]:
    return {path.name for path in store.root.rglob("*") if path.is_file() and not path.name.endswith(".parts.json")}


# --- rows and files ----------------------------------------------------------------------------------------------


def test_of_many_conversions_at_once_one_is_kept_and_the_others_leave_nothing(
    shelf: Shelf, store: FolderStore, record: RecordView
) -> None:
    def one(place: int) -> RenditionView:
        data = plain_pdf(b"%d" % place)
        return shelf.keep(record.id, RenditionKind.PDF, PDF, data, "head", "LibreOffice 7.4.7.2")

    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(one, range(8)))
    assert len({each.digest for each in kept}) == 1
    assert files(store) == {f"{record.digest}.docx", f"{kept[0].digest}.pdf"}
    with shelf.database.read() as s:
        assert renditions.of_record(s, record.id) == [kept[0]]


def test_a_signed_copy_is_added_once_more_only_when_that_is_asked(
    shelf: Shelf, store: FolderStore, record: RecordView
) -> None:
    def keep(data: bytes, again: bool = False) -> RenditionView:
        return shelf.keep(record.id, RenditionKind.SIGNED, PDF, data, "head", "seal", again=again)

    first = keep(plain_pdf(b"first"))
    assert keep(plain_pdf(b"second")) == first
    second = keep(plain_pdf(b"second"), again=True)
    assert second != first
    with pytest.raises(RenditionRefused, match="已作他用"):
        keep(plain_pdf(b"second"), again=True)
    with shelf.database.read() as s:
        assert renditions.of_record(s, record.id) == [first, second]
        assert renditions.of_kind(s, record.id, RenditionKind.SIGNED) == second
        assert renditions.endings(s, record.id) == [(first.digest, ".pdf"), (second.digest, ".pdf")]
    assert store.get(second.digest, ".pdf") == plain_pdf(b"second")


def test_the_record_stays_as_it_was(shelf: Shelf, store: FolderStore, record: RecordView) -> None:
    with shelf.database.read() as s:
        before = s.get(Record, record.id)
    shelf.keep(record.id, RenditionKind.SIGNED, PDF, plain_pdf(), "head", "seal")
    with shelf.database.read() as s:
        after = s.get(Record, record.id)
        assert before is not None
        assert after is not None
        assert after.model_dump() == before.model_dump()
        assert verify_records(s, store) == []
    assert store.get(str(record.digest)) == b"a record"


def test_a_file_stands_for_one_record_only(
    shelf: Shelf, store: FolderStore, record: RecordView, draft: Callable[..., Draft]
) -> None:
    other = filed(shelf.database, store, draft(case="case-2"), b"another")
    kept = shelf.keep(record.id, RenditionKind.SIGNED, PDF, plain_pdf(), "head", "seal")
    with pytest.raises(RenditionRefused, match="已作他用"):
        shelf.keep(other.id, RenditionKind.SIGNED, PDF, plain_pdf(), "head", "seal")
    with pytest.raises(RenditionRefused):
        shelf.keep(other.id, RenditionKind.SIGNED, DOCX, b"a record", "head", "seal")
    assert store.get(kept.digest, ".pdf") == plain_pdf()
    assert store.get(str(record.digest)) == b"a record"


def test_nothing_is_kept_beside_what_is_not_filed_or_was_destroyed(
    shelf: Shelf, store: FolderStore, record: RecordView, draft: Callable[..., Draft]
) -> None:
    with shelf.database.write() as s:
        numbered = register.prepare(s, draft(case="case-3"), context_for())
        gone = s.get(Record, record.id)
        assert gone is not None
        gone.disposed_at = AT
        s.add(gone)
    for ident in (numbered.id, record.id, "0" * 32):
        with pytest.raises(RenditionRefused, match="没有归档"):
            shelf.keep(ident, RenditionKind.PDF, PDF, plain_pdf(), "head", "LibreOffice")
    assert files(store) == {f"{record.digest}.docx"}


def test_a_disposal_takes_the_files_and_a_copy_is_still_known(
    shelf: Shelf, store: FolderStore, record: RecordView
) -> None:
    shelf.keep(record.id, RenditionKind.PDF, PDF, plain_pdf(b"a"), "head", "LibreOffice")
    shelf.keep(record.id, RenditionKind.SIGNED, OFD, sealed_ofd(CODE), "head", "seal")
    with shelf.database.read() as s:
        found = renditions.endings(s, record.id)
    assert [ending for _, ending in found] == [".pdf", ".ofd"]
    for name, ending in found:
        assert store.remove(name, ending)
    assert files(store) == {f"{record.digest}.docx"}
    with shelf.database.read() as s:
        assert len(list(renditions.faults(s, store))) == 2
    with shelf.database.write() as s:
        row = s.get(Record, record.id)
        assert row is not None
        row.disposed_at = AT
        s.add(row)
    with shelf.database.read() as s:
        assert list(renditions.faults(s, store)) == []
        assert check_file(s, plain_pdf(b"a")).rendition is RenditionKind.PDF


def test_renditions_stand_in_every_kind_of_store(
    any_store: RecordStore, database: Database, draft: Callable[..., Draft]
) -> None:
    made = filed(database, any_store, draft())
    place = Shelf(database, any_store, lambda: AT)
    kept = place.keep(made.id, RenditionKind.PDF, PDF, plain_pdf(b"1"), "head", "LibreOffice")
    assert place.keep(made.id, RenditionKind.PDF, PDF, plain_pdf(b"2"), "head", "LibreOffice") == kept
    assert any_store.get(kept.digest, ".pdf") == plain_pdf(b"1")
    with pytest.raises(StoreFault, match="缺失"):
        any_store.get(digest(plain_pdf(b"2")), ".pdf")
    assert any_store.remove(kept.digest, ".pdf")
    with database.read() as s:
        assert ["缺失" in fault.what for fault in verify_records(s, any_store)] == [True]


def test_an_altered_rendition_is_found(shelf: Shelf, store: FolderStore, record: RecordView) -> None:
    kept = shelf.keep(record.id, RenditionKind.SIGNED, PDF, plain_pdf(), "head", "seal")
    path = store.root / kept.digest[:2] / f"{kept.digest}.pdf"
    path.chmod(0o644)
    path.write_bytes(plain_pdf(b"forged"))
    with shelf.database.read() as s:
        (fault,) = verify_records(s, store)
    assert record.number in fault.where
    assert "签章件" in fault.where
    assert "改动" in fault.what


def test_an_uploaded_rendition_is_known_by_its_digest(shelf: Shelf, record: RecordView) -> None:
    pdf, sealed = plain_pdf(b"pdf"), plain_pdf(b"sealed")
    shelf.keep(record.id, RenditionKind.PDF, PDF, pdf, "head", "LibreOffice")
    shelf.keep(record.id, RenditionKind.SIGNED, PDF, sealed, "head", "seal")
    with shelf.database.read() as s:
        for data, kind in ((pdf, RenditionKind.PDF), (sealed, RenditionKind.SIGNED), (b"a record", None)):
            told = check_file(s, data)
            assert (told.status, told.number, told.rendition) == ("valid", record.number, kind)
        assert check_file(s, sealed + b" ").status == "unknown"
    with shelf.database.write() as s:
        register.void(s, record.id, "填写有误")
    with shelf.database.read() as s:
        assert check_file(s, sealed).status == "void"


# --- the PDF that is kept ----------------------------------------------------------------------------------------


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was converted, each time into other bytes, as LibreOffice does."""
    seen: list[bytes] = []

    def pdf(document: bytes, beat: object = None) -> bytes:
        seen.append(document)
        return plain_pdf(b"%d" % len(seen))

    monkeypatch.setattr(preview, "to_pdf", pdf)
    monkeypatch.setattr(preview, "provider", lambda: "LibreOffice 7.4.7.2")
    return seen


def test_a_pdf_is_made_once_and_the_same_ever_after(shelf: Shelf, record: RecordView, converted: list[bytes]) -> None:
    make = PdfMaker(shelf)
    first = make(record, "head")
    assert make(record, "examiner") == first
    assert converted == [b"a record"]


def test_a_pdf_is_handed_out_when_the_store_is_full(
    shelf: Shelf, record: RecordView, converted: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreFault("no room")

    monkeypatch.setattr(FolderStore, "put", full)
    assert PdfMaker(shelf)(record, "head").startswith(b"%PDF")
    with shelf.database.read() as s:
        assert s.exec(select(Rendition)).all() == []


def test_a_kept_pdf_that_was_altered_is_not_replaced_silently(
    shelf: Shelf, store: FolderStore, record: RecordView, converted: list[bytes]
) -> None:
    make = PdfMaker(shelf)
    name = digest(make(record, "head"))
    path = store.root / name[:2] / f"{name}.pdf"
    path.chmod(0o644)
    path.write_bytes(b"%PDF-1.6 forged")
    with pytest.raises(StoreFault, match="改动"):
        make(record, "head")


# --- what a provider returns ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def original() -> bytes:
    context = sample(DocumentKind.ENTRY_NOTICE)
    return Renderer().render(DocumentKind.ENTRY_NOTICE, context)


def _zip(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def _document(original: bytes) -> bytes:
    return zipfile.ZipFile(io.BytesIO(original)).read("word/document.xml")


def _said(original: bytes) -> str:
    return "".join(re.findall(r"<w:t[^>]*>([^<]*)", _document(original).decode()))


def _over(pdf: bytes, drawn: bytes) -> bytes:
    """An appended section that puts another page content in the place of the first: the bytes before stay."""
    stream = b"4 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n" % (len(drawn), drawn)
    table = b"xref\n4 1\n%010d 00000 n \ntrailer\n<</Size 6/Root 1 0 R/Prev %d>>\n" % (
        len(pdf),
        int(re.findall(rb"startxref\s+(\d+)", pdf)[-1]),
    )
    return pdf + stream + table + b"startxref\n%d\n%%%%EOF\n" % (len(pdf) + len(stream))


def test_a_signed_form_of_each_type_is_known(original: bytes) -> None:
    handed = plain_pdf()
    sent = Sent(original, handed, CODE)
    assert checked(signed_pdf(handed), sent) == PDF
    assert checked(signed_docx(original), Sent(original, original, CODE)) == DOCX
    assert checked(sealed_ofd(CODE, text=_said(original)), sent) == OFD


def test_what_is_no_signed_form_is_refused_with_its_reason(original: bytes) -> None:
    handed = plain_pdf()
    good = signed_pdf(handed)
    text = _document(original)
    changed = re.sub(rb"(<w:t[ >][^<]*)</w:t>", rb"\1!</w:t>", text, count=1)
    assert changed != text
    bomb = signed_docx(original, more={"word/media.xml": b"0" * 60_000_000})
    entity = text.replace(b"<w:document", b'<!DOCTYPE d [<!ENTITY x "y">]><w:document', 1)
    faults = {
        "empty": [b""],
        "too-large": [b"%PDF-1.6" + b" " * signed.MOST_BYTES, bomb],
        "unknown-type": [b"<html>signed</html>", _zip(**{"a.txt": b"a"}), good[1:], signed_docx(original)[:-40]],
        "same-file": [handed, original],
        "unsigned": [
            handed + b"\n",
            good.replace(b"/ByteRange", b"/ByteRanga"),
            re.sub(rb"<[0-9a-f]{8192}>", b"<" + b"0" * 8192 + b">", good),
            re.sub(rb"\[0 (\d{10})", rb"[1 \1", good),
            sealed_ofd(CODE, signed=False, text=_said(original)),
            good + b"% more behind what the signature covers\n",
            signed_docx(original, more={"_xmlsignatures/sig1.xml": b""}),
            _rezipped(original),
        ],
        "altered": [
            signed_docx(original, document=changed),
            signed_docx(original, document=entity),
            signed_docx(original, document=text[:-30]),
            signed_docx(original, document=re.sub(rb"(<w:t[ >])", rb"<w:rPr><w:vanish/></w:rPr>\1", text, count=1)),
            signed_docx(original, more={"word/media/image9.png": b"x"}),
            signed_docx(original, replaced={"word/media/qr.png": b"x"}),
            sealed_ofd("0000-0000-0000-0000", text=_said(original)),
            sealed_ofd(CODE, text=_said(original)[:-20]),
            signed_pdf(plain_pdf(b"of another document")),
            signed_pdf(_over(handed, b"BT /F1 24 Tf 72 700 Td (FORGED) Tj ET")),
            signed_pdf(_over(handed, b"BT /F1 24 Tf 72 700 Td (page) Tj ET 1 1 1 rg 0 0 595 842 re f")),
            signed_pdf(_over(handed, b"BT 3 Tr /F1 24 Tf 72 700 Td (page) Tj ET")),
        ],
        "active-content": [signed_docx(original, more={"word/vbaProject.bin": b"macro"})],
    }
    for code, answers in faults.items():
        for place, answer in enumerate(answers):
            with pytest.raises(SigningFault) as told:
                checked(answer, Sent(original, handed, CODE))
            assert told.value.code == code, (code, place)


def _rezipped(data: bytes) -> bytes:
    """The same parts packed anew: other bytes, no signature."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return _zip(**{name: archive.read(name) for name in archive.namelist()})


# --- nothing draws a seal ------------------------------------------------------------------------------------------

_PICTURE = re.compile(r"InlineImage|add_picture|ImageDraw|from PIL|import PIL|reportlab|cairo")
_SHAPE = re.compile(rb'prst="(ellipse|star\d+)"|<v:oval|<v:roundrect|type="#_x0000_t(3|12)"')


def test_no_code_draws_or_pastes_a_picture_into_a_document() -> None:
    rooms = ("records", "doc_templates", "activities", "runtime", "api", "console", "docket", "models")
    for room in rooms:
        for path in (ROOT / room).rglob("*.py"):
            assert not _PICTURE.search(path.read_text("utf-8")), path


def test_no_template_and_no_document_holds_a_seal() -> None:
    """The only picture of a document is the code of its verification, a square of black and white."""
    renderer = Renderer()
    for kind in DocumentKind:
        for data in ((ROOT / "doc_templates" / f"{kind.value}.docx").read_bytes(), renderer.render(kind, sample(kind))):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                pictures = [name for name in archive.namelist() if "/media/" in name]
                assert pictures in ([], ["word/media/qr.png"]), kind
                for name in pictures:
                    header = archive.read(name)[:33]
                    assert header[24:26] in (b"\x01\x00", b"\x01\x03"), kind  # one bit a pixel: no red in it
                for name in archive.namelist():
                    if name.endswith(".xml"):
                        assert not _SHAPE.search(archive.read(name)), (kind, name)
