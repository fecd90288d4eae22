"""核验: what the page compared, and never more than that."""

from __future__ import annotations

from sqlalchemy import select, text, update
from sqlmodel import Session

from ledger import log
from ledger.chain import GENESIS, row_hash
from ledger.db import hash_of
from ledger.tables import HOLDER, JOURNAL
from models.enums import Resource
from tests.support.console import Counter, text_of
from tests.support.office import APPLICANT, RESEARCH, SERVICES, SUPERVISOR, Office, authorise

AGREES = "以下各项核对一致"
NOT_LOGGED = "尚未并入存证日志，未作比对"


def _unguarded(s: Session) -> None:
    """Triggers are taken off by name, as somebody would who holds the database."""
    connection = s.connection()
    if connection.dialect.name != "sqlite":
        connection.execute(text("ALTER TABLE journal DISABLE TRIGGER USER"))
        return
    for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        connection.execute(text(f'DROP TRIGGER "{name}"'))


def _rewritten(s: Session, more: int, *, upto: int | None = None) -> None:
    """The chain with another first row, and every hash after it made anew, up to the head."""
    _unguarded(s)
    connection, name, previous = s.connection(), hash_of(s), GENESIS
    rows = connection.execute(select(JOURNAL).where(JOURNAL.c.holder == RESEARCH).order_by(JOURNAL.c.seq)).mappings()
    seq = 0
    for stored in rows.all():
        row = dict(stored)
        seq = row["seq"]
        here = (JOURNAL.c.holder == RESEARCH, JOURNAL.c.seq == seq)
        if upto is not None and seq > upto:
            connection.execute(JOURNAL.delete().where(*here))
            continue
        row["d_authorised"] += more if seq == 1 else 0
        row["prev_hash"] = previous
        previous = row_hash(row, name)
        changed = {"d_authorised": row["d_authorised"], "prev_hash": row["prev_hash"], "hash": previous}
        connection.execute(update(JOURNAL).where(*here).values(**changed))
    head = {"head_hash": previous, "head_seq": min(seq, upto or seq)}
    connection.execute(update(HOLDER).where(HOLDER.c.id == RESEARCH).values(**head))


def _settled(s: Session, more: int) -> None:
    """The accounts altered along with the chain."""
    s.connection().execute(
        text(
            "UPDATE account SET authorised = authorised + :more WHERE id = "
            "(SELECT account FROM journal WHERE holder = :holder AND seq = 1)"
        ),
        {"more": more, "holder": RESEARCH},
    )


async def _said(counter: Counter) -> str:
    async with counter.browser(SUPERVISOR) as b:
        page = await b.get(f"/journal/chain/{RESEARCH}")
    assert page.status_code == 200
    return text_of(page)


async def test_what_was_compared_is_said_and_what_was_not(counter: Counter, office: Office) -> None:
    said = await _said(counter)
    assert AGREES in said
    assert "依次相接，与链头一致" in said
    assert "4个账户的余额与流水累计一致" in said
    assert NOT_LOGGED in said
    assert "没有缺行、改动" not in said
    with office.database.write() as s:
        log.append(s, office.now)
        rows = s.execute(select(HOLDER.c.head_seq).where(HOLDER.c.id == RESEARCH)).scalar_one()
    assert f"第1至{rows}行与存证日志一致" in await _said(counter)
    assert "以后各行尚未并入" not in await _said(counter)
    with office.database.write() as s:
        authorise(s, office, 1, Resource.WORKER)
    said = await _said(counter)
    assert f"第1至{rows}行与存证日志一致 ；以后各行尚未并入，未作比对" in said.replace("一致；", "一致 ；")


async def test_a_chain_that_was_rewritten_throughout_does_not_agree_with_its_accounts(
    counter: Counter, office: Office
) -> None:
    with office.database.write() as s:
        _rewritten(s, 90)
    said = await _said(counter)
    assert AGREES not in said
    assert "余额与流水不一致" in said
    assert "90" in said.partition("余额与流水累计相差")[2]
    assert "请停止在本单位名下办理" in said


async def test_with_its_accounts_rewritten_too_it_does_not_agree_with_the_log(counter: Counter, office: Office) -> None:
    with office.database.write() as s:
        log.append(s, office.now)
        _rewritten(s, 90)
        _settled(s, 90)
    said = await _said(counter)
    assert AGREES not in said
    assert "台账有误，最早在第1行" in said
    assert "与存证日志不符" in said
    assert "余额与流水不一致" not in said


async def test_rows_that_the_log_took_and_that_are_gone_are_named(counter: Counter, office: Office) -> None:
    with office.database.write() as s:
        authorise(s, office, 1, Resource.WORKER)
        log.append(s, office.now)
        last = s.execute(select(HOLDER.c.head_seq).where(HOLDER.c.id == RESEARCH)).scalar_one()
        _rewritten(s, 0, upto=last - 1)  # the head set back, too
        s.execute(text("UPDATE account SET authorised = authorised - 1 WHERE resource = 'headcount:worker'"))
    said = await _said(counter)
    assert AGREES not in said
    assert f"台账有误，最早在第{last}行" in said
    assert "存证日志中有此行，台账中没有" in said


async def test_a_changed_row_is_named_and_a_foreign_chain_is_not_shown(counter: Counter, office: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        assert AGREES in text_of(await b.get(f"/journal/chain/{RESEARCH}"))
        assert (await b.get(f"/journal/chain/{SERVICES}")).status_code == 404
    with office.database.write() as s:
        _unguarded(s)
        s.connection().execute(
            text("UPDATE journal SET d_occupied = d_occupied + 1 WHERE holder = :h AND seq = 2"), {"h": RESEARCH}
        )
    said = await _said(counter)
    assert "最早在第2行" in said
    assert AGREES not in said


async def test_in_english_the_page_says_the_same(counter: Counter, office: Office) -> None:
    async with counter.browser(SUPERVISOR, language="en") as b:
        said = text_of(await b.get(f"/journal/chain/{RESEARCH}"))
    assert "What is listed below was compared and agrees" in said
    assert "not in the log yet, nothing was compared" in said
