"""The sample: published numbers as published, persons synthetic and the same everywhere."""

from __future__ import annotations

import csv
import threading
from collections import Counter
from datetime import date

import pytest
from sqlmodel import Session, col, select
from stdnum.cn import uscc

from ledger.db import Database
from ledger.intake.numbers import unit_code_fault
from ledger.verify import verify
from models.enums import Resource, Sex, UnitKind
from models.register import Account, InternalBody, Occupancy, Unit
from models.rulebook import Rulebook
from rules.identity import age_on, identity_fault
from sample_data.big import generate, region
from sample_data.codes import IdentityNumbers, unit_code
from sample_data.load import load_sample, sample
from sample_data.published import PUBLISHED, published
from sample_data.roster import REFERENCE, roster, strength
from sample_data.training import INFORMATION_CENTRE, RESEARCH_BUREAU, SERVICE_CENTRE


@pytest.fixture
def loaded(database: Database) -> Database:
    load_sample(database, Rulebook())
    return database


def accounts(session: Session, name: str) -> dict[str, Account]:
    unit = session.exec(select(Unit).where(Unit.name == name)).one()
    return {account.resource: account for account in session.exec(select(Account).where(Account.holder == unit.holder))}


def vacancy(account: Account) -> int:
    return account.authorised - account.occupied - account.reserved - account.set_aside


def test_the_county_office_has_six_and_no_vacancies(loaded: Database) -> None:
    with loaded.read() as session:
        found = accounts(session, "曹县编制委员会办公室")
        assert set(found) == {Resource.ADMINISTRATIVE, Resource.INSTITUTION_FULL}
        assert (found[Resource.ADMINISTRATIVE].authorised, vacancy(found[Resource.ADMINISTRATIVE])) == (12, 6)
        assert (found[Resource.INSTITUTION_FULL].authorised, vacancy(found[Resource.INSTITUTION_FULL])) == (8, 0)
        unit = session.exec(select(Unit).where(Unit.name == "曹县编制委员会办公室")).one()
        assert (unit.rank, unit.nature, unit.kind) == ("正科级", "县委工作部门", "mixed")
        bodies = session.exec(select(InternalBody).where(InternalBody.unit == unit.code)).all()
        assert [body.name for body in bodies] == ["综合科", "机构编制科", "监督检查室", "事业单位监督管理局"]
        assert {body.chief_posts for body in bodies} == {None}


def test_two_bodies_work_as_one_under_one_quota(loaded: Database) -> None:
    with loaded.read() as session:
        party = accounts(session, "中共重庆市委农村工作委员会")
        government = accounts(session, "重庆市农业委员会")
        assert {r: a.id for r, a in party.items()} == {r: a.id for r, a in government.items()}
        assert {r: a.authorised for r, a in government.items()} == {
            Resource.ADMINISTRATIVE: 189,
            Resource.UNIT_UNSPLIT: 14,
            Resource.INTERNAL_UNSPLIT: 59,
        }
        assert "厅局级领导职数14（未分正副）" in party[Resource.UNIT_UNSPLIT].note
        assert "处级领导职数59（未分正副）" in party[Resource.INTERNAL_UNSPLIT].note
        units = session.exec(select(Unit).where(Unit.relation == "合署办公")).all()
        assert len(units) == 2
        assert len({unit.holder for unit in units}) == 1
        seated = session.exec(select(Occupancy.unit).where(col(Occupancy.side) == "headcount")).all()
        assert all(Counter(seated)[unit.code] > 20 for unit in units)


def test_a_number_that_is_not_published_is_unknown_and_not_zero(loaded: Database) -> None:
    with loaded.read() as session:
        for name in (
            "长春市人民政府办公厅",
            "长春市机关事务管理局",
            "重庆市农机管理办公室",
            "重庆市农业综合开发办公室",
        ):
            assert accounts(session, name) == {}


def test_the_eleven_units_of_the_province_have_one_number_each(loaded: Database) -> None:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        stated = {row["unit"]: int(row["admin_quota"]) for row in csv.DictReader(file) if row["place"] == "江西省"}
    assert len(stated) == 11
    assert sum(stated.values()) == 1079
    with loaded.read() as session:
        for name, quota in stated.items():
            found = accounts(session, name)
            assert set(found) == {Resource.ADMINISTRATIVE}
            account = found["headcount:administrative"]
            assert account.authorised == quota
            assert 0.79 * quota <= account.occupied <= quota
            assert account.tolerated_over == 0


def test_names_in_brackets_and_bodies_outside_the_count_are_kept(loaded: Database) -> None:
    with loaded.read() as session:
        unit = session.exec(select(Unit).where(Unit.name == "长春市机关事务管理局")).one()
        bodies = {b.name: b for b in session.exec(select(InternalBody).where(InternalBody.unit == unit.code))}
        assert len(bodies) == 12
        assert bodies["办公室"].other_name == "公共机构节能工作处"
        assert {name for name, body in bodies.items() if body.status == "outside"} == {"机关党委", "机关纪委"}


def test_parents_that_are_stated_are_kept(loaded: Database) -> None:
    with loaded.read() as session:
        parent = session.exec(select(Unit).where(Unit.name == "重庆市农业委员会")).one()
        child = session.exec(select(Unit).where(Unit.name == "重庆市农机管理办公室")).one()
        assert (child.parent, child.rank) == (parent.code, "副局级")


def test_the_training_bureau_has_vacancies_of_both_dimensions(loaded: Database) -> None:
    with loaded.read() as session:
        bureau = accounts(session, "示范市发展研究局")
        assert vacancy(bureau[Resource.ADMINISTRATIVE]) == 5
        assert vacancy(bureau[Resource.INTERNAL_DEPUTY]) == 2
        assert (vacancy(bureau[Resource.UNIT_CHIEF]), vacancy(bureau[Resource.UNIT_DEPUTY])) == (0, 1)
        centre = accounts(session, "示范市公共服务中心")
        assert {r for r in centre if r.startswith("headcount")} == {
            Resource.INSTITUTION_FULL,
            Resource.INSTITUTION_PARTIAL,
        }
        over = accounts(session, "示范市信息服务中心")[Resource.INSTITUTION_FULL]
        assert (vacancy(over), over.tolerated_over) == (-2, 2)
        for code in (RESEARCH_BUREAU, SERVICE_CENTRE, INFORMATION_CENTRE):
            unit = session.get(Unit, code)
            assert unit is not None
            assert unit.remark == "合成训练数据 · synthetic"


def test_no_account_of_a_real_unit_is_over_quota(loaded: Database) -> None:
    """Persons are invented; a breach of rules by a real unit must not be."""
    real = {unit.holder for unit in published().units}
    with loaded.read() as session:
        assert all(vacancy(a) >= 0 for a in session.exec(select(Account)) if a.holder in real)


def test_the_ledger_of_the_sample_verifies(loaded: Database) -> None:
    with loaded.read() as session:
        found = verify(session)
    assert found.faults == []
    assert found.difference == 0


def test_loading_twice_loads_once(loaded: Database) -> None:
    with loaded.read() as session:
        before = len(session.exec(select(Occupancy)).all())
    again = load_sample(loaded, Rulebook())
    assert again.existing
    with loaded.read() as session:
        assert len(session.exec(select(Occupancy)).all()) == before


def test_two_first_starts_at_once_load_once(database: Database) -> None:
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(load_sample(database, Rulebook()).existing)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False, True, True]


def test_the_roster_is_the_same_every_time() -> None:
    first, second = (list(roster(sample(), IdentityNumbers())) for _ in range(2))
    assert first == second
    assert len(first) == strength(sample())


def test_every_number_of_the_sample_is_valid_and_nobodys() -> None:
    registered = sample()
    codes = [unit.code for unit in registered.units]
    assert len(set(codes)) == len(codes)
    for code in codes:
        assert unit_code_fault(code) is None
        assert uscc.is_valid(code)
        assert code[2:8] == "999999"
    people = [entry.person for entry in roster(registered, IdentityNumbers())]
    assert len({person.identity_no for person in people}) == len(people)
    for person in people:
        assert person.identity_no.startswith("999999")
        assert identity_fault(person.identity_no, person.birth_date, person.sex) is None


def test_persons_are_of_working_age_and_entered_grown_up() -> None:
    for entry in roster(sample(), IdentityNumbers()):
        assert 22 <= age_on(entry.person.birth_date, REFERENCE) < 60
        assert age_on(entry.person.birth_date, entry.entered_on) >= 21
        assert date(1980, 1, 1) < entry.entered_on <= REFERENCE
        assert entry.basis_no is not None
        assert entry.basis_no.startswith("合成")


def test_published_codes_do_not_move() -> None:
    """Other tests, saved cases and demo accounts name units by code."""
    assert [unit.code for unit in published().units][:2] == ["11999999000000019M", "11999999000000027G"]
    assert RESEARCH_BUREAU == "119999990000010114"
    assert SERVICE_CENTRE == "1299999900000102XQ"


def test_credit_codes_say_what_kind_of_unit_it_is() -> None:
    assert unit_code(1, UnitKind.ORGAN)[1] == "1"
    assert unit_code(1, UnitKind.INSTITUTION)[1] == "2"


def test_a_birth_day_runs_out_of_numbers_loudly() -> None:
    numbers = IdentityNumbers(499)
    day = date(1990, 1, 1)
    numbers.take(day, Sex.MALE)
    with pytest.raises(ValueError):
        numbers.take(day, Sex.MALE)


def test_a_large_region_stands_beside_the_sample(loaded: Database) -> None:
    summary = generate(loaded, 250)
    assert (summary.units, summary.persons) == (3, 250)
    assert strength(region(250)) == 250
    with loaded.read() as session:
        assert session.get(Unit, region(250).units[0].code) is not None
