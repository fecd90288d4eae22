"""What every document prints about itself: a code, a picture that leads to its verification, the row of the chain that
it stands on; and that verification sees when the register no longer holds it."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import segno
from docx import Document
from sqlalchemy import Connection, select, text

from activities.cases import CaseActivities
from ledger import log
from ledger.chain import GENESIS, row_hash
from ledger.tables import JOURNAL, UNIT
from models.documents import DocumentContext, RecordCheck
from models.enums import DocumentKind, RecordState
from models.register import Record
from models.sealing import digest
from records import certificate, register
from records.picture import QrPainter
from records.render import qr_targets
from records.verify import Press, check_code, check_file
from rules.deadlines import local_day
from tests.support.modules import modules_of, text_of
from tests.support.office import RESEARCH, START, Office, application
from tests.support.papers import ISSUE, records_of

PUBLIC = "https://bianban.example.cn"
MAKER = "示范市编办"


@dataclass
class Paper:
    record: Record
    context: DocumentContext
    data: bytes


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, url=url)
    made.deps = replace(made.deps, public_url=PUBLIC)
    made.activities = CaseActivities(made.deps)
    yield made
    made.database.close()


def issued(office: Office, kind: DocumentKind) -> list[Paper]:
    """One document of the kind, at least, as it lies in the store."""
    case_id = ISSUE[kind](office)
    found = [row for row in records_of(office, case_id) if row.kind == kind.value]
    with office.database.read() as s:
        return [Paper(row, register.context_of(s, row), office.store.get(str(row.digest))) for row in found]


def pictures(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [
            name for name in archive.namelist() if re.fullmatch(r"word/(document|header[^/]*|footer[^/]*)\.xml", name)
        ]
        return [archive.read(each) for name in parts for each in qr_targets(archive, name)]


def read_out(data: bytes) -> str:
    """All that a reader of the file sees, by python-docx: body, tables, headers and footers."""
    document = Document(io.BytesIO(data))
    roots = [document.element.body]
    for section in document.sections:
        for part in (section.header, section.footer, section.first_page_header, section.first_page_footer,
                     section.even_page_header, section.even_page_footer):  # fmt: skip
            roots.append(part._element)
    runs = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t"
    return "\n".join("".join(node.text or "" for node in root.iter(runs)) for root in roots)


@pytest.mark.parametrize("kind", ISSUE, ids=lambda kind: kind.value)
def test_the_picture_of_every_kind_leads_to_the_verification_of_its_code(office: Office, kind: DocumentKind) -> None:
    for paper in issued(office, kind):
        address = f"{PUBLIC}/api/v1/verify/{paper.record.code}"
        found = pictures(paper.data)
        assert found
        for picture in found:
            modules = modules_of(picture)
            assert text_of(modules) == address
            drawn = segno.make_qr(address, error="M", mode="byte", mask=0, boost_error=False)
            assert modules == [list(row) for row in drawn.matrix]
        said = read_out(paper.data)
        assert f"核验码：{paper.record.code}" in said
        assert address in said
        with office.database.read() as s:
            told = check_code(s, paper.record.code)
        assert (told.number, told.status) == (paper.record.number, paper.record.state)


@pytest.mark.parametrize("kind", ISSUE, ids=lambda kind: kind.value)
def test_every_kind_prints_the_row_of_the_chain_that_it_stands_on(office: Office, kind: DocumentKind) -> None:
    for paper in issued(office, kind):
        said = read_out(paper.data)
        seqs = set(re.findall(r"台账链第(\d+)行", said))
        heads = set(re.findall(r"链尾摘要：([0-9a-f]{64})", said))
        assert len(seqs) == len(heads) == 1
        seq, head = int(seqs.pop()), heads.pop()
        with office.database.read() as s:
            # from the journal itself, not from the holder's head
            chain = select(JOURNAL).join(UNIT, UNIT.c.holder == JOURNAL.c.holder)
            rows = s.connection().execute(chain.where(UNIT.c.code == paper.record.unit)).mappings().all()
            assert seq > 0
            row = next(each for each in rows if each["seq"] == seq)
            assert row_hash(dict(row)) == head
            told = check_file(s, paper.data)
        assert all(mark.agrees for mark in told.printed)
        assert [(mark.place, mark.hash) for mark in told.printed if mark.of == "chain"] == [(seq, head)]
        logged = {DocumentKind.CASE_FILE}  # a periodic document: it carries a head of the log, too
        assert {mark.of for mark in told.printed} == ({"chain", "log"} if kind in logged else {"chain"})


def test_the_decoder_reads_any_code() -> None:
    """The picture's checker against segno's own drawing, all masks and versions that it knows."""
    chance = random.Random(5)
    for length in (10, 26, 40, 60, 80, 100, 120, 150, 180, 210):
        said = "".join(chance.choice("abcXYZ0189-/:.") for _ in range(length))
        for mask in range(8):
            code = segno.make_qr(said, error="M", mode="byte", mask=mask, boost_error=False)
            assert text_of([list(row) for row in code.matrix]) == said
        assert text_of(modules_of(QrPainter().png(said))) == said


# --- a register that does not hold what was printed ---------------------------------------------------------------


def slip(office: Office, meeting: str = "局党组会议") -> Paper:
    case_id = office.opened(application(meeting=meeting))
    office.issued(case_id)
    [row] = [each for each in records_of(office, case_id) if each.kind == DocumentKind.VERIFICATION_SLIP.value]
    with office.database.read() as s:
        return Paper(row, register.context_of(s, row), office.store.get(str(row.digest)))


def told(office: Office, data: bytes, *, thorough: bool = False, press: bool = False) -> RecordCheck:
    """`press`: as `dingbian verify` asks, which writes an extract once more to compare it."""
    with office.database.read() as s:
        return check_file(s, data, thorough=thorough, press=Press(office.deps.renderer, MAKER) if press else None)


def by_hand(office: Office, *statements: str) -> None:
    """What an administrator of the database does, with the triggers out of the way."""
    with office.database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            for act in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS journal_no_{act}")
        else:
            connection.exec_driver_sql("ALTER TABLE journal DISABLE TRIGGER ALL")
        for statement in statements:
            connection.execute(text(statement))


def rewritten(connection: Connection) -> None:
    """A patient forger: the reason of a row altered, and every hash of its chain made anew."""
    before = GENESIS
    rows = connection.execute(JOURNAL.select().where(JOURNAL.c.holder == RESEARCH).order_by(JOURNAL.c.seq)).mappings()
    for row in list(rows):
        fields = dict(row) | {"prev_hash": before}
        if row["seq"] == 3:
            fields["basis_no"] = "伪造〔2020〕9号"
        before = row_hash(fields)
        where = (JOURNAL.c.holder == RESEARCH) & (JOURNAL.c.seq == row["seq"])
        changed = {"prev_hash": fields["prev_hash"], "basis_no": fields["basis_no"], "hash": before}
        connection.execute(JOURNAL.update().where(where).values(**changed))
    connection.execute(text("UPDATE holder SET head_hash = :h WHERE id = :u"), {"h": before, "u": RESEARCH})


def test_a_document_reveals_a_chain_that_was_written_anew(office: Office) -> None:
    paper = slip(office)
    assert told(office, paper.data).holds
    by_hand(office)
    with office.database.engine.begin() as connection:
        rewritten(connection)
    found = told(office, paper.data)
    assert (found.status, found.contradicted, found.holds) == ("valid", True, False)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET basis_no = '伪造' WHERE case_id <> 'opening'",
        "UPDATE journal SET d_reserved = 7 WHERE case_id <> 'opening'",
        "DELETE FROM journal WHERE case_id <> 'opening'",
    ],
)
def test_the_row_that_a_document_stands_on_is_read_itself(office: Office, statement: str) -> None:
    paper = slip(office)
    by_hand(office, statement)
    assert told(office, paper.data).contradicted


def test_a_document_of_later_reveals_an_older_copy_that_does_not_know_it(office: Office, tmp_path: Path) -> None:
    """The restored copy has neither the record nor the row: the paper says where they should be."""
    ahead = Office(_folder(tmp_path, "ahead"))
    paper = slip(ahead)
    ahead.database.close()
    office.opened()  # the older copy: the same opening, without the slip
    found = told(office, paper.data, thorough=True)
    [mark] = found.printed
    assert (found.status, mark.agrees) == ("unknown", False)
    assert told(office, paper.data).printed == []  # the public page does not search the whole journal


def test_a_forged_mark_is_no_mark(office: Office) -> None:
    """Two rows on one paper, or a head that never was: somebody's hand."""
    paper = slip(office)
    for before, after in ((rb"([0-9a-f]{64})", b"f" * 64), (r"台账链第\d+行".encode(), "台账链第1行".encode())):
        forged = _edited(paper.data, before, after)
        assert told(office, forged).status == "altered"


def _edited(data: bytes, before: bytes, after: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, re.sub(before, after, content) if name.startswith("word/") else content)
    return out.getvalue()


def _folder(tmp_path: Path, name: str) -> Path:
    made = tmp_path / name
    made.mkdir()
    return made


# --- the booklet carries the head of the log ----------------------------------------------------------------------


def booklet(office: Office) -> bytes:
    with office.database.write() as s:
        log.append(s, office.now)
    with office.database.read() as s:
        found = certificate.facts(s, RESEARCH, local_day(office.now))
    assert found is not None
    maker = certificate.Maker(MAKER, PUBLIC, local_day(office.now), "陈思远")
    return office.deps.renderer.render(DocumentKind.CERTIFICATE_BOOKLET, certificate.context(found, maker))


def test_a_booklet_prints_chain_and_log_and_both_are_compared(office: Office) -> None:
    slip(office)
    data = booklet(office)
    with office.database.read() as s:
        head = log.head(s)
    said = read_out(data)
    assert f"共{head.size}行" in said
    assert head.root in said
    found = told(office, data, press=True)
    assert (found.status, found.kind, found.holds) == ("extract", DocumentKind.CERTIFICATE_BOOKLET, True)
    assert found.content is True
    public = told(office, data)
    assert (public.status, public.content, public.holds) == ("extract", None, False), "its marks alone prove nothing"
    assert [(mark.of, mark.agrees) for mark in found.printed] == [("chain", True), ("log", True)]
    assert text_of(modules_of(pictures(data)[0])).startswith(f"{PUBLIC}/api/v1/units/{RESEARCH}/certificate/facts")


def test_a_booklet_still_agrees_when_the_log_has_grown(office: Office) -> None:
    data = booklet(office)
    office.later(days=1)
    slip(office)
    booklet(office)
    found = told(office, data, press=True)
    assert [mark.agrees for mark in found.printed] == [True, True]


@pytest.mark.parametrize(
    ("before", "after"),
    [("正处级", "正厅级"), ("行政编制", "事业编制"), ("在编100", "在编101"), (r"(?<=>)10(?=<)", "11")],
)
def test_an_extract_that_says_otherwise_is_not_confirmed(office: Office, before: str, after: str) -> None:
    """Row and head are genuine, for they were copied; what is said beside them is not the register's."""
    data = _edited(booklet(office), before.encode(), after.encode())
    assert data != booklet(office)
    found = told(office, data, press=True)
    assert (found.status, found.content, found.holds) == ("extract", False, False)


def test_an_extract_that_names_numbered_pages_is_not_taken_for_one_of_them(office: Office) -> None:
    case_id = office.opened(application())
    slot = office.issued(case_id)[0]
    office.entered(case_id, slot, 1)
    [page] = [each for each in records_of(office, case_id) if each.kind == DocumentKind.CERTIFICATE.value]
    data = booklet(office)
    assert page.code in read_out(data)
    found = told(office, data, press=True)
    assert (found.status, found.holds) == ("extract", True)


def test_when_and_by_whom_an_extract_was_printed_makes_no_difference(office: Office) -> None:
    data = booklet(office)
    office.later(days=2)
    assert told(office, data, press=True).holds


def test_an_extract_of_another_office_is_not_ours(office: Office) -> None:
    data = _edited(booklet(office), MAKER.encode(), "另一市编办".encode())
    assert told(office, data, press=True).content is False


def test_the_head_of_a_day_stays_that_of_the_day(office: Office) -> None:
    """The same question has the same answer on every later day (docs/decisions/0046)."""
    booklet(office)
    day = local_day(office.now)
    with office.database.read() as s:
        then = certificate.facts(s, RESEARCH, day)
    office.now = START + timedelta(days=3)
    slip(office)
    booklet(office)
    with office.database.read() as s:
        assert certificate.facts(s, RESEARCH, day) == then
        before_any = certificate.facts(s, RESEARCH, day)
    assert before_any is not None


def test_a_booklet_before_the_first_append_has_no_head(office: Office) -> None:
    with office.database.read() as s:
        found = certificate.facts(s, RESEARCH, local_day(office.now))
    assert found is not None
    maker = certificate.Maker("示范市编办", PUBLIC, local_day(office.now), "陈思远")
    made = office.deps.renderer.render(DocumentKind.CERTIFICATE_BOOKLET, certificate.context(found, maker))
    assert "尚未并入" in read_out(made)
    assert [mark.of for mark in told(office, made).printed] == ["chain"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE log_leaf SET row_hash = '{zeros}' WHERE leaf_index = 2",
        "DELETE FROM log_leaf WHERE leaf_index >= 4",
        "DELETE FROM log_head",
    ],
)
def test_a_booklet_reveals_a_log_that_is_not_the_one_of_then(office: Office, change: str) -> None:
    data = booklet(office)
    with office.database.engine.begin() as connection:
        for table in ("log_leaf", "log_node", "log_head"):
            if connection.dialect.name == "sqlite":
                for act in ("update", "delete"):
                    connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{act}")
            else:
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        connection.exec_driver_sql("DELETE FROM log_node")  # nothing below is read from what was kept above
        connection.exec_driver_sql(change.format(zeros="0" * 64))
    marks = {mark.of: mark.agrees for mark in told(office, data).printed}
    assert marks == {"chain": True, "log": False}


# --- successors ---------------------------------------------------------------------------------------------------


@pytest.fixture
def four(office: Office) -> list[Paper]:
    """Four slips, the first superseded by the second, and so on."""
    found = [slip(office, f"第{n}次会议") for n in range(4)]
    with office.database.write() as s:
        for old, new in pairwise(found):
            register.supersede(s, old.record.id, new.record.id, office.now)
    return found


def test_the_code_of_an_old_paper_tells_the_next_and_the_last(office: Office, four: list[Paper]) -> None:
    with office.database.read() as s:
        first, third, last = (check_code(s, four[place].record.code) for place in (0, 2, 3))
    assert (first.status, first.superseded_by, first.latest, first.latest_status) == (
        "superseded",
        four[1].record.number,
        four[3].record.number,
        "valid",
    )
    assert (third.superseded_by, third.latest) == (four[3].record.number, None)
    assert (last.status, last.superseded_by) == ("valid", None)


def test_a_last_successor_that_is_void_is_told_so(office: Office, four: list[Paper]) -> None:
    with office.database.write() as s:
        register.void(s, four[3].record.id, "作废", office.now)
    with office.database.read() as s:
        assert check_code(s, four[0].record.code).latest_status == "void"


def test_nothing_takes_the_place_of_what_took_its_own(office: Office, four: list[Paper]) -> None:
    with pytest.raises(register.RecordFault), office.database.write() as s:
        register.supersede(s, four[3].record.id, four[0].record.id)
    with office.database.write() as s:
        register.void(s, four[3].record.id, "作废")
    with pytest.raises(register.RecordFault), office.database.write() as s:
        register.supersede(s, four[3].record.id, four[2].record.id)


def test_a_ring_of_successors_in_a_tampered_register_ends(office: Office, four: list[Paper]) -> None:
    with office.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE record SET superseded_by = :first, state = :state WHERE id = :last"),
            {"first": four[0].record.id, "last": four[3].record.id, "state": RecordState.SUPERSEDED.value},
        )
    with office.database.read() as s:
        assert check_code(s, four[0].record.code).latest == four[3].record.number


def test_every_digest_is_that_of_the_file(office: Office) -> None:
    paper = slip(office)
    assert digest(paper.data, "sm3") == paper.record.digest
