"""《机构编制管理证》 by API: the facts of a day and the same as a document, for those who act on the certificate."""

from __future__ import annotations

import io
from datetime import date
from urllib.parse import unquote

import pytest
from docx import Document
from sqlmodel import select

from api.limits import Buckets
from api.routes.records import DOCX
from ledger import chain, exits, postings
from ledger.db import Database
from models.enums import ExitReason, Resource
from models.register import Account, Record, Series
from records.render import Renderer
from runtime.certificate import Composer
from tests.ledger.test_certificate import appointed, cause
from tests.support.ledger import done, person

from .conftest import NOBODY, UNIT_A, UNIT_B, Desk, problem

ADMIN = Resource.ADMINISTRATIVE
FACTS, EXTRACT = f"/units/{UNIT_A}/certificate/facts", f"/units/{UNIT_A}/certificate/extract"
OLD, TODAY = date(2026, 2, 2), date(2026, 3, 3)


@pytest.fixture
def lived(desk: Desk, database: Database) -> Desk:
    """Unit A: a quota and two persons in February, one of them gone by March."""
    with database.write() as s:
        account = s.get(Account, f"{UNIT_A}|a")
        assert account is not None
        s.delete(account)
        s.flush()
        done(postings.authorise(s, UNIT_A, ADMIN, 3, cause(OLD, "quota")))
        appointed(s, person(1), OLD, ADMIN, unit=UNIT_A)
        ref = appointed(s, person(2), OLD, ADMIN, unit=UNIT_A)
        done(exits.leave(s, UNIT_A, ref, "both", ExitReason.RETIREMENT, cause(TODAY, "leave")))
    runtime = desk.runtime
    runtime.compose = Composer(Renderer(), runtime.rulebook, "https://dingbian.example.cn", runtime.clock)
    return desk


@pytest.mark.parametrize("who", ["treasurer", "insurer", "personnel", "organiser", "head", "applicant", "auditor"])
async def test_those_who_act_on_the_certificate_read_it(lived: Desk, who: str) -> None:
    facts = (await lived.get(FACTS, by=who)).json()
    with lived.database.read() as s:
        assert (facts["chain_seq"], facts["chain_head"]) == chain.head(s, UNIT_A)
    assert facts["as_of"] == "2026-03-03"
    assert [(each["authorised"], each["occupied"]) for each in facts["balances"]] == [(3, 1)]
    assert [each["reason"] for each in facts["persons"]] == ["", "退休"]
    assert (await lived.get(EXTRACT, by=who)).status_code == 200


async def test_an_earlier_day_shows_the_state_of_that_day(lived: Desk) -> None:
    facts = (await lived.get(f"{FACTS}?as_of=2026-02-28", by="treasurer")).json()
    journal = (await lived.get(f"/units/{UNIT_A}/journal", by="treasurer")).json()["items"]
    assert [(each["authorised"], each["occupied"]) for each in facts["balances"]] == [(3, 2)]
    assert [each["left_on"] for each in facts["persons"]] == [None, None]
    assert facts["chain_head"] == journal[facts["chain_seq"] - 1]["hash"]
    assert facts["chain_seq"] == len(journal) - 1


async def test_the_document_says_what_the_facts_say(lived: Desk) -> None:
    answer = await lived.get(f"{EXTRACT}?as_of=2026-02-28", by="insurer")
    facts = (await lived.get(f"{FACTS}?as_of=2026-02-28", by="insurer")).json()
    assert answer.headers["content-type"] == DOCX
    assert answer.headers["cache-control"] == "private, no-store"
    name = unquote(answer.headers["content-disposition"].partition("UTF-8''")[2])
    assert name == f"机构编制管理证摘录 {UNIT_A} 2026-02-28.docx"
    document = Document(io.BytesIO(answer.content))
    said = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert facts["chain_head"] in said
    assert f"第{facts['chain_seq']}行" in said
    assert all(each["name"] in " ".join(said) for each in facts["persons"])
    assert any(f"{lived.cast['insurer'].name}" in each.text for each in document.paragraphs)


async def test_identity_numbers_are_masked(lived: Desk) -> None:
    text = (await lived.get(FACTS, by="treasurer")).text
    for serial in (1, 2):
        number = person(serial).identity_no
        assert number not in text
        assert f"{number[:6]}**********{number[-2:]}" in text


async def test_a_foreign_or_missing_unit_is_not_found(lived: Desk) -> None:
    for path in (FACTS, EXTRACT):
        problem(await lived.get(path, by="neighbour"), 404, "not-found")
        missing = path.replace(UNIT_A, NOBODY)
        problem(await lived.get(missing, by="treasurer"), 404, "not-found")
        problem(await lived.get(missing, by="applicant"), 404, "not-found")


@pytest.mark.parametrize("day", ["2026-03-04", "2026-02-01", "2026-02-30", "1900-01-01", "yesterday"])
async def test_a_day_to_come_or_before_the_ledger_is_a_fault_of_the_field(lived: Desk, day: str) -> None:
    for path in (FACTS, EXTRACT):
        answer = problem(await lived.get(f"{path}?as_of={day}", by="treasurer"), 422, "invalid")
        assert [each["field"] for each in answer["errors"]] == ["query.as_of"]


async def test_a_unit_whose_ledger_has_not_begun_says_so(lived: Desk) -> None:
    problem(await lived.get(f"/units/{UNIT_B}/certificate/facts", by="neighbour"), 422, "invalid")


async def test_asking_without_end_is_slowed_down(lived: Desk) -> None:
    lived.runtime.limits.certificates = Buckets(burst=3, per_second=1, clock=lambda: 0.0)
    assert [(await lived.get(FACTS, by="insurer")).status_code for _ in range(3)] == [200, 200, 200]
    problem(await lived.get(FACTS, by="insurer"), 429, "too-many-requests")
    assert (await lived.get(FACTS, by="treasurer")).status_code == 200


async def test_an_extract_moves_no_number(lived: Desk) -> None:
    def standing() -> tuple[tuple[int, str], int]:
        with lived.database.read() as s:
            return chain.head(s, UNIT_A), len(s.exec(select(Record)).all()) + len(s.exec(select(Series)).all())

    before = standing()
    assert (await lived.get(EXTRACT, by="applicant")).content.startswith(b"PK")
    assert standing() == before
