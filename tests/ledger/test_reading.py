"""As-of balances, the roster with masked numbers, the opening, and what lies on the disk (ledger.md rules 8, 11)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from ledger import balances, occupancy, postings
from ledger.chain import head, journal
from ledger.copies import dump_tables
from ledger.db import Database
from ledger.opening import OpeningFault
from ledger.verify import verify
from models.enums import ExitReason, Resource, Sex
from models.ledger import OpeningAccount, OpeningPerson
from models.sealing import Unsealable
from tests.support.engines import needs_file
from tests.support.ledger import (
    BASIS,
    NOON,
    OTHER,
    TODAY,
    UNIT,
    cause,
    done,
    identity,
    person,
    reserve_one,
    seed_unit,
)

STAFF = Resource.ADMINISTRATIVE
CHIEF = Resource.INTERNAL_CHIEF
JUNE = date(2026, 6, 1)


def opening_person(serial: int, post: Resource | None = None) -> OpeningPerson:
    return OpeningPerson(
        unit=UNIT,
        person=person(serial),
        headcount=STAFF,
        post=post,
        entered_on=date(2015, 7, 1),
        basis_no="示人〔2015〕9号",
    )


def test_balances_as_of_a_day_and_as_known_at_a_moment(database: Database) -> None:
    with database.write() as s:
        seed_unit(s, accounts={STAFF: 3})
        done(reserve_one(s, "a"))
        done(postings.post(s, ["A-a"], person(), cause("a", "enter")))
        standing = occupancy.standing(s, person().identity_no)
        assert standing is not None
        leaving = cause("out", "exit", on=JUNE, at=NOON + timedelta(days=1))
        done(postings.leave(s, UNIT, standing.person_ref, "both", ExitReason.RETIREMENT, leaving))
    with database.read() as s:
        assert [b.occupied for b in balances.balances(s, UNIT)] == [0]
        assert [b.occupied for b in balances.balances(s, UNIT, as_of=TODAY)] == [1]
        assert [b.occupied for b in balances.balances(s, UNIT, as_of=JUNE)] == [0]
        assert [b.occupied for b in balances.balances(s, UNIT, as_of=JUNE, known_at=NOON)] == [1]
        assert balances.balances(s, UNIT, as_of=date(2020, 1, 1)) == []
        assert [row.name for row in occupancy.roster(s, UNIT, as_of=JUNE - timedelta(days=1))[0]] == ["张三1"]
        assert occupancy.roster(s, UNIT, as_of=JUNE)[0] == []
        assert balances.rebuild(s) == {b.account: b for b in balances.balances(s, UNIT)}


def test_a_correction_changes_what_is_known_of_the_day_it_corrects(database: Database) -> None:
    with database.write() as s:
        seed_unit(s, accounts={STAFF: 3})
        done(reserve_one(s, "a"))
        posting = done(postings.post(s, ["A-a"], person(), cause("a", "enter")))
        later = cause("fix", on=JUNE, at=NOON + timedelta(days=90))
        done(postings.counter(s, UNIT, posting.rows[0].seq, later))
        assert balances.balances(s, UNIT, as_of=TODAY)[0].occupied == 0
        assert balances.balances(s, UNIT, as_of=TODAY, known_at=NOON)[0].occupied == 1
        assert occupancy.roster(s, UNIT, as_of=TODAY)[0] == []


def test_the_roster_is_masked_and_comes_in_pages(database: Database) -> None:
    with database.write() as s:
        seed_unit(s)
        people = [opening_person(serial) for serial in range(5)]
        accounts = [OpeningAccount(unit=UNIT, resource=STAFF, authorised=5)]
        assert postings.open_accounts(s, accounts, people, cause("opening")) == 5
    with database.read() as s:
        first, after = occupancy.roster(s, UNIT, limit=3)
        assert after is not None
        second, end = occupancy.roster(s, UNIT, after=after, limit=3)
        assert end is None
        assert [row.name for row in first + second] == [f"张三{serial}" for serial in range(5)]
        assert {row.identity_masked[:6] for row in first} == {"999999"}
        assert all(row.identity_masked[6:16] == "*" * 10 for row in first)
        found = occupancy.person_of(s, first[0].person_ref)
        assert (found.identity_no, found.birth_date) == (identity(0), date(1990, 5, 4))
        assert found.position == "四级主任科员"


def test_a_mask_never_shows_a_short_number() -> None:
    assert occupancy.mask("99999919900504001X") == "999999**********1X"
    assert occupancy.mask("12345678") == "********"


def test_every_spelling_finds_the_same_person(database: Database) -> None:
    number = next(identity(n) for n in range(500) if identity(n).endswith("X"))
    someone = person().model_copy(update={"identity_no": number})
    wide = "".join(chr(ord(char) + 0xFEE0) for char in number)
    with database.write() as s:
        seed_unit(s, accounts={STAFF: 1})
        done(reserve_one(s, "a"))
        done(postings.post(s, ["A-a"], someone, cause("a", "enter")))
        assert occupancy.standing(s, wide) == occupancy.standing(s, number.lower()) == occupancy.standing(s, number)
        assert occupancy.standing(s, identity(499, sex=Sex.FEMALE)) is None


@needs_file
def test_identity_numbers_and_birth_dates_are_clear_nowhere_on_the_disk(database: Database, tmp_path: Path) -> None:
    """Of a server, whose files are not ours to read, every row as it would be copied out."""
    with database.write() as s:
        seed_unit(s)
        postings.open_accounts(s, [], [opening_person(1)], cause("opening"))
        done(postings.authorise(s, UNIT, CHIEF, 1, cause("more", basis=BASIS)))
        done(postings.appoint(s, UNIT, [CHIEF], person(), cause("appoint", basis=BASIS)))
    if database.engine.dialect.name == "postgresql":
        with database.read() as s:
            dump_tables(s, tmp_path / "dump", "", lambda *_: None)
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"\xe5\xbc\xa0\xe4\xb8\x891" in stored  # the name may stand there, so the bytes are the right ones
    for secret in (person().identity_no, "19900504", "1990-05-04"):
        assert secret.encode() not in stored
        assert secret.encode().hex().encode() not in stored  # as COPY writes what is not text


def test_a_sealed_number_does_not_open_in_another_row(sqlite: Database) -> None:
    with sqlite.write() as s:
        seed_unit(s)
        postings.open_accounts(s, [], [opening_person(1), opening_person(2)], cause("opening"))
        refs = [row.person_ref for row in occupancy.roster(s, UNIT)[0]]
        s.connection().exec_driver_sql(
            "UPDATE person SET identity_sealed = (SELECT identity_sealed FROM person WHERE ref = ?) WHERE ref = ?",
            (refs[0], refs[1]),
        )
        with pytest.raises(Unsealable):
            occupancy.person_of(s, refs[1])


def test_an_opening_takes_over_quota_data_as_they_are(database: Database) -> None:
    with database.write() as s:
        seed_unit(s)
        accounts = [
            OpeningAccount(unit=UNIT, resource=STAFF, authorised=1, occupied_unnamed=1, note="含挂职"),
            OpeningAccount(unit=UNIT, resource=CHIEF, authorised=1),
        ]
        people = [opening_person(1, CHIEF), opening_person(2)]
        assert postings.open_accounts(s, accounts, people, cause("opening")) == 2
        assert postings.open_accounts(s, accounts, people, cause("opening")) == 2
        staff, chief = balances.balances(s, UNIT)
        assert (staff.occupied, staff.vacancy, staff.tolerated_over, staff.note) == (3, -2, 2, "含挂职")
        assert (chief.occupied, chief.vacancy) == (1, 0)
        assert len(journal(s, UNIT)) == head(s, UNIT)[0] == 5
        assert verify(s).intact


def test_an_opening_that_contradicts_itself_is_a_fault(sqlite: Database) -> None:
    account = OpeningAccount(unit=UNIT, resource=STAFF, authorised=1)
    with sqlite.write() as s:
        seed_unit(s)
        postings.open_accounts(s, [account], [opening_person(1)], cause("opening"))
    contradictions = [
        ([account.model_copy(update={"authorised": 2})], [opening_person(1)], "opening"),
        ([account], [], "second"),
        ([], [opening_person(1)], "third"),
        ([account.model_copy(update={"unit": OTHER})], [], "fourth"),
    ]
    for accounts, people, case_id in contradictions:
        with pytest.raises(OpeningFault), sqlite.write() as s:
            postings.open_accounts(s, accounts, people, cause(case_id))
    with sqlite.read() as s:
        assert verify(s).intact
