"""代: who may stand in for whom, for how long and for what; and that it is never passed on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from docket import accounts, substitutions
from models.audit import Act
from models.decisions import Officer
from models.enums import Department, Procedure, Role
from models.refusals import Refusal, RefusalCode
from models.register import OfficerRow
from models.substitutions import NewSubstitution, SubstitutionView
from models.visits import AuditRow, Substitution
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    HEAD,
    INSPECTOR,
    ISSUER,
    ORGANISATION,
    ORGANISATION_TWO,
    OTHER_APPLICANT,
    REGISTRAR,
    SUPERVISOR,
    Office,
)

TODAY = date(2026, 3, 2)
ADMIN = Officer(id="admin", name="梁统", department=Department.ADMINISTRATION, roles=frozenset({Role.SYSTEM_ADMIN}))
SECURITY = Officer(id="safe", name="安全", department=Department.ADMINISTRATION, roles=frozenset({Role.SECURITY_ADMIN}))


def wanted(substitute: Officer, **more: object) -> NewSubstitution:
    body = {
        "substitute": substitute.id,
        "from_on": TODAY,
        "until_on": TODAY + timedelta(days=4),
        "reason": "出差",
    }
    return NewSubstitution.model_validate(body | more)


def granted(office: Office, substitute: Officer, by: Officer, key: str = "k", **more: object) -> SubstitutionView:
    with office.database.write() as s:
        done = substitutions.grant(s, wanted(substitute, **more), by, key, office.now)
    assert isinstance(done, SubstitutionView), done
    return done


def faults(office: Office, substitute: Officer, by: Officer, **more: object) -> set[str]:
    """Fields that are refused; and nothing was entered."""
    with office.database.write() as s:
        done = substitutions.grant(s, wanted(substitute, **more), by, "k", office.now)
        assert isinstance(done, list), done
        assert s.exec(select(Substitution)).all() == []
    return {fault.field for fault in done}


def acting(office: Office, officer: Officer, principal: Officer) -> Officer | None:
    with office.database.read() as s:
        return substitutions.acting(s, officer, principal.id, substitutions.local_day(office.now))


def reaches(office: Office, officer: Officer, procedure: Procedure) -> bool:
    with office.database.read() as s:
        return substitutions.reaches(s, officer, procedure, office.now)


def add(office: Office, officer: Officer) -> None:
    with office.database.write() as s:
        s.add(
            OfficerRow(
                id=officer.id,
                login=officer.id,
                name=officer.name,
                department=officer.department.value,
                unit=officer.unit,
                roles=",".join(sorted(officer.roles)),
            )
        )


def test_a_substitute_keeps_the_own_name_and_takes_the_colleagues_roles(office: Office) -> None:
    granted(office, REGISTRAR, by=ISSUER)
    stands_in = acting(office, REGISTRAR, ISSUER)
    assert stands_in is not None
    assert (stands_in.id, stands_in.name, stands_in.roles) == (REGISTRAR.id, REGISTRAR.name, ISSUER.roles)
    assert (stands_in.acting_for, stands_in.shown) == (ISSUER.id, "刘洋（代张伟）")
    assert acting(office, EXAMINER, ISSUER) is None
    assert acting(office, ISSUER, REGISTRAR) is None


def test_it_holds_from_its_first_day_to_the_end_of_its_last(office: Office) -> None:
    granted(office, REGISTRAR, by=ISSUER, from_on=TODAY + timedelta(days=1), until_on=TODAY + timedelta(days=2))
    held = []
    for _ in range(4):
        held.append(acting(office, REGISTRAR, ISSUER) is not None)
        office.later(days=1)
    assert held == [False, True, True, False]


def test_the_last_day_ends_at_midnight_in_shanghai(office: Office) -> None:
    granted(office, REGISTRAR, by=ISSUER, until_on=TODAY)
    office.now = office.now.replace(hour=15, minute=59)
    assert acting(office, REGISTRAR, ISSUER) is not None
    office.later(minutes=1)
    assert acting(office, REGISTRAR, ISSUER) is None


def test_named_procedures_bound_it_and_none_named_means_all(office: Office) -> None:
    granted(office, REGISTRAR, by=ISSUER, procedures=[Procedure.REMOVING_STAFF])
    granted(office, INSPECTOR, by=ISSUER, key="k2")
    narrow, wide = acting(office, REGISTRAR, ISSUER), acting(office, INSPECTOR, ISSUER)
    assert narrow is not None
    assert wide is not None
    assert [p for p in Procedure if reaches(office, narrow, p)] == [Procedure.REMOVING_STAFF]
    assert all(reaches(office, wide, p) for p in Procedure)
    assert all(reaches(office, ISSUER, p) for p in Procedure)  # in person nothing is asked


@pytest.mark.parametrize(
    ("substitute", "more", "field"),
    [
        (ISSUER, {}, "substitute"),
        (ORGANISATION, {}, "substitute"),
        (Officer(id="nobody", name="无", department=Department.ESTABLISHMENT), {}, "substitute"),
        (REGISTRAR, {"from_on": TODAY - timedelta(days=1)}, "from_on"),
        (REGISTRAR, {"until_on": TODAY - timedelta(days=1)}, "until_on"),
    ],
    ids=["oneself", "another department", "nobody", "yesterday", "backwards"],
)
def test_what_cannot_be_granted(office: Office, substitute: Officer, more: dict[str, object], field: str) -> None:
    assert field in faults(office, substitute, ISSUER, **more)


def test_an_officer_of_another_unit_stands_in_for_nobody_here(office: Office) -> None:
    assert faults(office, OTHER_APPLICANT, APPLICANT) == {"substitute"}


def test_administrators_and_auditors_have_no_substitute(office: Office) -> None:
    add(office, ADMIN)
    add(office, ADMIN.model_copy(update={"id": "security", "roles": frozenset({Role.SECURITY_ADMIN})}))
    auditor = SUPERVISOR.model_copy(update={"id": "auditor", "roles": frozenset({Role.AUDITOR})})
    add(office, auditor)
    security = ADMIN.model_copy(update={"id": "security"})
    assert faults(office, security, ADMIN) == {"principal"}
    assert faults(office, auditor, SUPERVISOR) == {"principal"}


def test_who_may_arrange_it_for_another(office: Office) -> None:
    """A head for the own department, a security administrator for anybody; a colleague for nobody, and the system
    administrator, who could take the substitute's account into his own hand, for nobody either."""
    add(office, ADMIN)
    add(office, SECURITY)
    granted(office, REGISTRAR, by=HEAD, key="head", principal=ISSUER.id)
    granted(office, ORGANISATION_TWO, by=SECURITY, key="safe", principal=ORGANISATION.id)
    for by, principal, substitute in (
        (EXAMINER, ISSUER, REGISTRAR),
        (HEAD, ORGANISATION, ORGANISATION_TWO),
        (ORGANISATION_TWO, ORGANISATION, ORGANISATION_TWO),
        (ADMIN, ISSUER, REGISTRAR),
    ):
        with office.database.write() as s:
            done = substitutions.grant(s, wanted(substitute, principal=principal.id), by, "x", office.now)
        assert isinstance(done, Refusal)
        assert done.code is RefusalCode.NO_SUBSTITUTION


def test_nobody_passes_on_what_he_was_given(office: Office) -> None:
    granted(office, REGISTRAR, by=ISSUER)
    granted(office, INSPECTOR, by=REGISTRAR, key="k2")
    stands_in = acting(office, REGISTRAR, ISSUER)
    assert stands_in is not None
    with office.database.write() as s:
        done = substitutions.grant(s, wanted(EXAMINER), stands_in, "k3", office.now)
    assert isinstance(done, Refusal)
    further = acting(office, INSPECTOR, REGISTRAR)
    assert further is not None
    assert further.roles == REGISTRAR.roles  # the registrar's own, nothing of the issuer's
    assert acting(office, INSPECTOR, ISSUER) is None
    with office.database.read() as s:
        assert substitutions.acting(s, stands_in, HEAD.id, TODAY) is None


def test_the_same_key_is_one_substitution_and_other_content_is_refused(office: Office) -> None:
    first = granted(office, REGISTRAR, by=ISSUER)
    assert granted(office, REGISTRAR, by=ISSUER) == first
    with office.database.write() as s:
        other = substitutions.grant(s, wanted(INSPECTOR), ISSUER, "k", office.now)
        assert isinstance(other, Refusal)
        assert other.code is RefusalCode.KEY_REUSED
        assert len(s.exec(select(Substitution)).all()) == 1


@pytest.mark.parametrize("by", [ISSUER, REGISTRAR, HEAD], ids=["principal", "substitute", "head"])
def test_it_is_ended_at_once_and_once(office: Office, by: Officer) -> None:
    made = granted(office, REGISTRAR, by=ISSUER)
    with office.database.write() as s:
        ended = substitutions.end(s, made.id, by, office.now)
    assert isinstance(ended, SubstitutionView)
    assert (ended.ended_at, ended.in_force) == (office.now, False)
    assert acting(office, REGISTRAR, ISSUER) is None
    first = office.now
    office.later(hours=1)
    with office.database.write() as s:
        again = substitutions.end(s, made.id, by, office.now)
    assert isinstance(again, SubstitutionView)
    assert again.ended_at == first


def test_an_account_that_may_be_in_another_hand_loses_what_others_gave_it(office: Office) -> None:
    """Else the system administrator, by a new password for the substitute, would act with the principal's roles."""
    received = granted(office, REGISTRAR, by=ISSUER)
    given = granted(office, INSPECTOR, by=REGISTRAR, key="k2")
    add(office, ADMIN)
    with office.database.write() as s:
        accounts.set_password(s, REGISTRAR.id, "hash", ADMIN, office.now)
    with office.database.read() as s:
        ended = {each.id: each.ended_at for each in substitutions.visible(s, HEAD, office.now)}
        told = [row for row in s.exec(select(AuditRow)) if row.act == Act.SUBSTITUTION_ENDED]
    assert ended == {received.id: office.now, given.id: None}
    assert [(row.officer, row.about) for row in told] == [(ADMIN.id, received.id)]
    assert acting(office, REGISTRAR, ISSUER) is None
    assert acting(office, INSPECTOR, REGISTRAR) is None, "nobody stands in for roles that wait to be granted again"


def test_strangers_end_nothing_and_learn_nothing(office: Office) -> None:
    made = granted(office, REGISTRAR, by=ISSUER)
    with office.database.write() as s:
        assert substitutions.end(s, made.id, ORGANISATION, office.now) is None
        assert substitutions.end(s, "0" * 32, HEAD, office.now) is None
        assert isinstance(substitutions.end(s, made.id, SUPERVISOR, office.now), Refusal)
    assert acting(office, REGISTRAR, ISSUER) is not None


def seen(s: Session, viewer: Officer, office: Office) -> set[str]:
    return {each.principal for each in substitutions.visible(s, viewer, office.now)}


def test_each_sees_the_own_and_some_see_all(office: Office) -> None:
    granted(office, REGISTRAR, by=ISSUER)
    granted(office, ORGANISATION_TWO, by=ORGANISATION, key="k2")
    with office.database.read() as s:
        assert seen(s, ISSUER, office) == seen(s, REGISTRAR, office) == {ISSUER.id}
        assert seen(s, ORGANISATION_TWO, office) == {ORGANISATION.id}
        assert seen(s, HEAD, office) == seen(s, SUPERVISOR, office) == {ISSUER.id, ORGANISATION.id}
        assert seen(s, EXAMINER, office) == seen(s, APPLICANT, office) == set()


def test_a_colleague_who_left_or_moved_is_stood_in_for_by_nobody(office: Office) -> None:
    granted(office, REGISTRAR, by=ISSUER)
    with office.database.write() as s:
        row = s.get(OfficerRow, ISSUER.id)
        assert row is not None
        row.department = Department.ORGANISATION.value
        s.add(row)
    assert acting(office, REGISTRAR, ISSUER) is None
    with office.database.write() as s:
        row = s.get(OfficerRow, ISSUER.id)
        assert row is not None
        row.department, row.active = Department.ESTABLISHMENT.value, False
        s.add(row)
    assert acting(office, REGISTRAR, ISSUER) is None
