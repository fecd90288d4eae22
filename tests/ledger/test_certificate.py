"""The certificate as an extract of the chain: of any day, exact, and fast for a unit of twenty years."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from ledger import certificate, chain, corrections, entries, exits, mergers, postings, units
from ledger.certificate import body_of
from ledger.db import Database, keyring_of
from ledger.tables import ACCOUNT, HOLDER, JOURNAL, OCCUPANCY, PERSON
from models.certificate import CertificateFacts
from models.changes import Body
from models.enums import ChangeKind, ExitReason, Resource, Sex
from models.ledger import Basis, Cause, PersonEntry
from rules.changes import body_text
from tests.support.ledger import BASIS, OTHER, THIRD, UNIT, done, identity, person, seed_unit

ADMIN, CHIEF = Resource.ADMINISTRATIVE, Resource.INTERNAL_CHIEF
D1, D2, D3, D4, D5 = (date(2026, 3, day) for day in (2, 10, 18, 26, 31))


def cause(on: date, name: str, basis: Basis | None = BASIS, hour: int = 10) -> Cause:
    """Recorded on the day, at an hour of Asia/Shanghai."""
    at = datetime(on.year, on.month, on.day, tzinfo=UTC) + timedelta(hours=hour - 8)
    return Cause(case_id=f"c-{name}", step="t", round=1, effective_on=on, recorded_at=at, basis=basis)


def warrant(on: date) -> units.Warrant:
    return units.Warrant("c-change", "示编发〔2026〕9号", on, cause(on, "w").recorded_at)


def appointed(s: Session, who: PersonEntry, on: date, *resources: Resource, unit: str = UNIT) -> str:
    done(entries.appoint(s, unit, list(resources), who, cause(on, f"enter-{who.identity_no}")))
    ref: str = s.connection().execute(PERSON.select().where(PERSON.c.name == who.name)).one().ref
    return ref


def of(s: Session, day: date, unit: str = UNIT) -> CertificateFacts:
    found = certificate.extract(s, unit, day)
    assert found is not None
    return found


def figures(found: CertificateFacts, resource: Resource = ADMIN) -> tuple[int, int, int]:
    [balance] = [each for each in found.balances if each.resource is resource]
    return balance.authorised, balance.occupied, balance.vacancy


def rows(found: CertificateFacts) -> list[tuple[str, str | None, str]]:
    return [(each.name, each.left_on.isoformat() if each.left_on else None, each.reason) for each in found.persons]


@pytest.fixture
def grown(database: Database) -> Database:
    """Day 1: 5 posts and two persons; day 2: one leaves; day 3: one post more; day 4: the exit was an error."""
    with database.write() as s:
        seed_unit(s)
        done(postings.authorise(s, UNIT, ADMIN, 5, cause(D1, "quota")))
        done(postings.authorise(s, UNIT, CHIEF, 1, cause(D1, "chief")))
        appointed(s, person(1), D1, ADMIN, CHIEF)
        second = appointed(s, person(2, sex=Sex.FEMALE), D1, ADMIN)
        gone = done(exits.leave(s, UNIT, second, "both", ExitReason.RETIREMENT, cause(D2, "leave")))
        done(postings.authorise(s, UNIT, ADMIN, 1, cause(D3, "more")))
        done(postings.set_aside(s, UNIT, ADMIN, 2, cause(D3, "aside")))
        done(corrections.counter(s, UNIT, gone.rows[0].seq, cause(D4, "error")))
    return database


def test_each_day_shows_the_state_of_that_day(grown: Database) -> None:
    with grown.read() as s:
        assert [figures(of(s, day)) for day in (D1, D2, D3, D4)] == [(5, 2, 3), (5, 1, 4), (6, 1, 3), (6, 2, 2)]
        assert figures(of(s, D5), CHIEF) == (1, 1, 0)
        assert rows(of(s, D1)) == [("张三1", None, ""), ("张三1", None, ""), ("张三2", None, "")]


def test_an_exit_that_was_later_taken_back_stands_on_the_days_between(grown: Database) -> None:
    with grown.read() as s:
        assert rows(of(s, D3))[-1] == ("张三2", D2.isoformat(), "出编")
        assert rows(of(s, D4))[-1] == ("张三2", None, "")
        assert rows(of(s, D5)) == rows(of(s, D4))


def test_the_sequence_and_head_are_those_of_the_chain_on_that_day(grown: Database) -> None:
    with grown.read() as s:
        whole = chain.journal(s, UNIT)
        for day in (D1, D2, D3, D4, D5):
            until = [row for row in whole if row.recorded_at.astimezone(UTC) < cause(day, "", hour=24).recorded_at]
            found = of(s, day)
            assert (found.chain_seq, found.chain_head) == (until[-1].seq, until[-1].hash)
        assert (of(s, D5).chain_seq, of(s, D5).chain_head) == chain.head(s, UNIT)


def test_the_last_moment_of_a_day_belongs_to_it_and_the_next_one_does_not(grown: Database) -> None:
    late = datetime(2026, 3, 31, 15, 59, 59, 900_000, tzinfo=UTC)
    for at, delta in ((late, 1), (late + timedelta(milliseconds=100), 2)):
        with grown.write() as s:
            why = cause(D5, f"late-{delta}").model_copy(update={"recorded_at": at})
            done(postings.authorise(s, UNIT, ADMIN, delta, why))
    with grown.read() as s:
        assert figures(of(s, D5))[0] == 7
        assert figures(of(s, D5 + timedelta(days=1)))[0] == 9


def test_what_is_recorded_later_for_an_earlier_day_changes_no_extract(grown: Database) -> None:
    with grown.read() as s:
        before = of(s, D4)
    with grown.write() as s:
        why = cause(D5, "back-dated").model_copy(update={"effective_on": D1})
        done(postings.authorise(s, UNIT, ADMIN, 3, why))
    with grown.read() as s:
        assert of(s, D4) == before
        assert figures(of(s, D5))[0] == 9


def test_what_takes_effect_later_is_not_shown_yet(grown: Database) -> None:
    with grown.write() as s:
        why = cause(D4, "next-month").model_copy(update={"effective_on": date(2026, 4, 1)})
        done(postings.authorise(s, UNIT, ADMIN, 4, why))
    with grown.read() as s:
        assert figures(of(s, D5))[0] == 6
        assert figures(of(s, date(2026, 4, 1)))[0] == 10


def test_every_change_of_a_quota_names_its_ground_and_its_row(grown: Database) -> None:
    with grown.write() as s:
        wrong = done(postings.authorise(s, UNIT, ADMIN, 2, cause(D5, "wrong")))
        done(corrections.counter(s, UNIT, wrong.rows[0].seq, cause(D5, "right")))
    with grown.read() as s:
        found = [each for each in of(s, D5).quotas if each.resource is ADMIN]
    assert [(each.kind.value, each.delta, each.after, each.set_aside) for each in found] == [
        ("AUTHORISE", 5, 5, False),
        ("AUTHORISE", 1, 6, False),
        ("SET_ASIDE", 2, 2, True),
        ("AUTHORISE", 2, 8, False),
        ("COUNTER", -2, 6, False),
    ]
    assert found[-1].corrects == found[-2].seq
    assert {(each.basis_no, each.basis_body, each.basis_date) for each in found[:-1]} == {
        (BASIS.number, BASIS.body, BASIS.date)
    }


def test_an_entry_that_was_an_error_is_shown_as_taken_back(database: Database) -> None:
    with database.write() as s:
        seed_unit(s)
        done(postings.authorise(s, UNIT, ADMIN, 5, cause(D1, "quota")))
        entered = done(entries.appoint(s, UNIT, [ADMIN], person(1), cause(D1, "enter")))
        counted = done(corrections.counter(s, UNIT, entered.rows[0].seq, cause(D2, "error")))
    with database.read() as s:
        assert rows(of(s, D1)) == [("张三1", None, "")]
        [after] = of(s, D2).persons
        assert (after.struck_by, after.left_on, after.stands) == (counted.rows[0].seq, None, False)
        assert figures(of(s, D2)) == (5, 0, 5)


def test_numbers_are_masked_and_of_the_birth_only_the_month_is_told(grown: Database) -> None:
    with grown.read() as s:
        text = of(s, D5).model_dump_json()
    for serial, sex in ((1, Sex.MALE), (2, Sex.FEMALE)):
        assert identity(serial, sex=sex) not in text
    assert "999999**********" in text
    assert "1990年5月" in text
    assert "1990-05-04" not in text


def test_units_under_one_quota_share_the_figures_and_not_the_persons(database: Database) -> None:
    with database.write() as s:
        seed_unit(s, name="甲局")
        seed_unit(s, OTHER, holder=UNIT, name="乙办")
        done(postings.authorise(s, UNIT, ADMIN, 5, cause(D1, "quota")))
        done(postings.authorise(s, OTHER, ADMIN, 2, cause(D1, "more")))
        appointed(s, person(1), D1, ADMIN)
        appointed(s, person(2), D1, ADMIN, unit=OTHER)
    with database.read() as s:
        here, there = of(s, D1), of(s, D1, OTHER)
    assert (here.chain_seq, here.chain_head) == (there.chain_seq, there.chain_head)
    assert figures(here) == figures(there) == (7, 2, 5)
    assert ([each.name for each in here.co_users], [each.name for each in there.co_users]) == (["乙办"], ["甲局"])
    assert [each.name for each in here.persons] == ["张三1"]
    assert [each.name for each in there.persons] == ["张三2"]
    assert [(each.unit.name, each.delta) for each in there.quotas] == [("甲局", 5), ("乙办", 2)]


def test_a_merger_is_shown_on_both_sides(database: Database) -> None:
    with database.write() as s:
        seed_unit(s, name="甲局")
        seed_unit(s, OTHER, name="乙局")
        for code in (UNIT, OTHER):
            done(postings.authorise(s, code, ADMIN, 3, cause(D1, f"quota-{code}")))
        appointed(s, person(1), D1, ADMIN)
        done(mergers.absorb(s, UNIT, OTHER, cause(D3, "merge")))
        units.end(s, UNIT, ChangeKind.MERGE, warrant(D3), OTHER)
    with database.read() as s:
        before, source, into = of(s, D2), of(s, D3), of(s, D3, OTHER)
    assert (before.unit.ended_on, figures(before), rows(before)) == (None, (3, 1, 2), [("张三1", None, "")])
    assert (source.unit.ended_on, source.unit.merged_into_name) == (D3, "乙局")
    assert (figures(source), rows(source)) == ((0, 0, 0), [("张三1", D3.isoformat(), "调出")])
    assert (figures(into), rows(into)) == ((6, 1, 5), [("张三1", None, "")])


def test_the_unit_is_told_as_it_was_called_and_made_up_on_the_day(database: Database) -> None:
    first, second = Body(name="规划科", rank="正科级", chief_posts=1), Body(name="综合规划科", deputy_posts=2)
    with database.write() as s:
        seed_unit(s, name="甲局", accounts={ADMIN: 3})
        seed_unit(s, OTHER, name="市政府")
        seed_unit(s, THIRD, name="市委")
        units.add_body(s, UNIT, first, warrant(D1))
        who = person(1).model_copy(update={"internal_body": "规划科"})
        appointed(s, who, D1, ADMIN)
        units.alter(s, UNIT, ChangeKind.RENAME, "name", "乙局", warrant(D2))
        units.alter(s, UNIT, ChangeKind.RERANK, "rank", "正处级", warrant(D2))
        units.alter(s, UNIT, ChangeKind.RESUBORDINATE, "parent", OTHER, warrant(D2))
        units.alter_body(s, UNIT, "规划科", second, warrant(D3))
        units.alter(s, OTHER, ChangeKind.RENAME, "name", "市人民政府", warrant(D4))
        units.alter(s, UNIT, ChangeKind.RESUBORDINATE, "parent", THIRD, warrant(D5))
    with database.read() as s:
        told = [of(s, day) for day in (D1, D2, D3, D4, D5)]
    assert [each.unit.name for each in told] == ["甲局", "乙局", "乙局", "乙局", "乙局"]
    assert [each.unit.rank for each in told] == ["", "正处级", "正处级", "正处级", "正处级"]
    assert [each.unit.parent_name for each in told] == ["", "市政府", "市政府", "市人民政府", "市委"]
    bodies = [[(b.name, b.rank, b.chief_posts, b.deputy_posts, b.people) for b in each.bodies] for each in told]
    assert bodies[0] == bodies[1] == [("规划科", "正科级", 1, None, 1)]
    assert bodies[2] == bodies[4] == [("综合规划科", "正科级", 1, 2, 1)]
    assert [len(each.changes) for each in told] == [1, 4, 5, 5, 6]
    assert told[4].changes[-1].before == "市人民政府"


@pytest.mark.parametrize(
    "body",
    [
        Body(name="规划科"),
        Body(name="规划科", rank="正科级", chief_posts=1, deputy_posts=2),
        Body(name="规划科（原示范市规划局）", deputy_posts=1),
        Body(name="规划科（原示范市规划局）"),
        Body(name="办公室（党组办公室）", rank="副科级"),
        Body(name="办公室（党组办公室）"),
    ],
)
def test_a_body_is_read_back_from_its_text(body: Body) -> None:
    found = body_of(body_text(body))
    assert (found.name, found.rank, found.chief_posts, found.deputy_posts) == (
        body.name,
        body.rank or "",
        body.chief_posts,
        body.deputy_posts,
    )


def test_there_is_no_extract_of_a_day_before_the_chain_or_of_nobody(grown: Database) -> None:
    with grown.read() as s:
        assert certificate.extract(s, UNIT, date(2026, 3, 1)) is None
        assert certificate.extract(s, THIRD, D5) is None
        assert certificate.begins(s, UNIT) == D1
        assert certificate.begins(s, THIRD) is None


# --- a unit of twenty years ------------------------------------------------------------------------------------------


def old_unit(s: Session, persons: int, code: str = UNIT) -> None:
    """`persons` entries over twenty years and as many exits but for the last of them, by plain inserts: two rows of
    the chain each. Hashes are of a kind: reading does not compute them."""
    seed_unit(s, code)
    connection, keyring = s.connection(), keyring_of(s)
    account = f"{code}|{ADMIN.value}"
    connection.execute(ACCOUNT.insert(), {"id": account, "holder": code, "resource": ADMIN.value, "note": ""})
    made: dict[str, list[dict[str, Any]]] = {"journal": [], "person": [], "seat": []}
    start = datetime(2006, 1, 2, 2, tzinfo=UTC)

    def line(kind: str, at: datetime, ref: str | None, **deltas: int) -> int:
        seq = len(made["journal"]) + 1
        none = dict.fromkeys(("slip_id", "slot", "corrects", "transfer_id"))
        counts = dict.fromkeys(("d_authorised", "d_occupied", "d_reserved", "d_set_aside", "d_tolerated"), 0) | deltas
        basis = {"basis_no": f"示组〔{at.year}〕{seq}号", "basis_body": "示范市委组织部", "basis_date": at.date()}
        named = {"holder": code, "account": account, "resource": ADMIN.value, "unit": code, "person_ref": ref}
        chained = {"prev_hash": f"{seq - 1:064x}", "hash": f"{seq:064x}", "payload_hash": "", "key": f"{code}-{seq}"}
        cased = {"case_id": "c", "step": "s", "round": 1, "subject": "", "recorded_at": at, "effective_on": at.date()}
        made["journal"].append({"seq": seq, "kind": kind, **none, **counts, **basis, **named, **chained, **cased})
        return seq

    line("AUTHORISE", start, None, d_authorised=persons)
    for at in range(persons):
        moment = start + timedelta(days=7300 * at / persons)
        ref = f"{code}-{at}"
        number = f"999999{1970 + at % 30}0101{at % 1000:03d}X"
        sealed = {
            name: keyring.seal_column(text, "person", name, ref)
            for name, text in (("identity_sealed", number), ("birth_sealed", "1990-05-04"))
        }
        made["person"].append({"ref": ref, "name": f"某{at}", "sex": "male", "identity_index": f"{code}{at}", **sealed})
        entered = line("POST", moment, ref, d_occupied=1)
        left = line("LEAVE", moment + timedelta(hours=1), ref, d_occupied=-1) if at < persons - 5 else None
        seat: dict[str, Any] = {
            "person_ref": ref,
            "unit": code,
            "account": account,
            "resource": ADMIN.value,
            "side": "headcount",
        }
        seat |= {
            "internal_body": "综合科",
            "position": "科员",
            "basis_no": f"示组〔{moment.year}〕{at}号",
            "slot": None,
        }
        seat |= {"entered_on": moment.date(), "entered_holder": code, "entered_seq": entered}
        seat |= {"left_on": moment.date() if left else None, "left_seq": left, "slot": None}
        made["seat"].append(seat | {"exit_reason": "retirement" if left else None})
    for table, name in ((JOURNAL, "journal"), (PERSON, "person"), (OCCUPANCY, "seat")):
        connection.execute(table.insert(), made[name])
    last = made["journal"][-1]
    connection.execute(HOLDER.update().where(HOLDER.c.id == code), {"head_seq": last["seq"], "head_hash": last["hash"]})


def gathered(database: Database, code: str = UNIT) -> tuple[CertificateFacts, int, float]:
    """(facts, statements, seconds)"""
    with database.read() as s:
        statements: list[str] = []
        connection = s.connection()

        def note(*arguments: Any) -> None:
            statements.append(arguments[2])

        event.listen(connection, "before_cursor_execute", note)
        begun = time.perf_counter()
        found = of(s, date(2026, 3, 1), code)
        seconds = time.perf_counter() - begun
        event.remove(connection, "before_cursor_execute", note)
    return found, len(statements), seconds


def test_twenty_years_and_five_thousand_rows_are_gathered_in_seconds(database: Database) -> None:
    with database.write() as s:
        old_unit(s, 250)
        old_unit(s, 2500, OTHER)
    few, statements, _ = gathered(database)
    many, as_many, seconds = gathered(database, OTHER)
    assert (len(few.persons), len(many.persons)) == (250, 2500)
    assert many.chain_seq == 1 + 2500 + 2495
    assert figures(many) == (2500, 5, 2495)
    assert statements == as_many <= 12
    assert seconds < 3


def test_the_journal_of_a_neighbour_is_not_read(grown: Database) -> None:
    with grown.write() as s:
        old_unit(s, 50, OTHER)
    with grown.read() as s:
        assert of(s, D5).chain_seq == chain.head(s, UNIT)[0] < 20
        assert {each.name for each in of(s, D5).persons} == {"张三1", "张三2"}


def test_an_exit_says_its_reason(database: Database) -> None:
    with database.write() as s:
        seed_unit(s, accounts={ADMIN: 2})
        ref = appointed(s, person(1), D1, ADMIN)
        done(exits.leave(s, UNIT, ref, "both", ExitReason.RESIGNATION, cause(D2, "leave")))
    with database.read() as s:
        assert rows(of(s, D2)) == [("张三1", D2.isoformat(), "辞职")]
