"""Separation of duties with officers who hold two roles: only what they held counts, and one act fits one role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from docket import cases
from docket.acts import acts
from models.applications import WarningApplication
from models.decisions import Hold, Officer, Release
from models.enums import CommandKind, Department, Role
from models.refusals import RefusalCode
from models.register import OfficerRow
from models.rulebook import Rulebook
from tests.rectification import acts as rectify
from tests.support.office import HEAD, HEAD_TWO, INSPECTOR, INSPECTOR_TWO, ISSUER, RESEARCH, Office

from .kinds import STAFFING_UP, refused

BOTH = Officer(id="both", name="双角", department=Department.ESTABLISHMENT, roles=frozenset({Role.HEAD, Role.ISSUER}))
PRINCIPAL = BOTH.model_copy(update={"id": "principal", "roles": frozenset({Role.INSPECTOR, Role.ISSUER})})
OFFICE = Department.ESTABLISHMENT


@pytest.fixture
def deciding(url: str, tmp_path: Path) -> Iterator[Office]:
    """An office that decides on suspensions itself."""
    rulebook = Rulebook.model_validate({"rectification": {"decided_by": "establishment"}})
    made = Office(tmp_path, rulebook=rulebook, url=url)
    account(made, BOTH)
    yield made
    made.database.close()


def account(office: Office, officer: Officer) -> None:
    with office.database.write() as s:
        s.add(
            OfficerRow(
                id=officer.id,
                login=officer.id,
                name=officer.name,
                department=officer.department.value,
                roles=",".join(sorted(officer.roles)),
            )
        )


def acted_as(office: Office, case_id: str, officer: Officer) -> set[tuple[Department, Role]]:
    with office.database.read() as s:
        case = cases.read(s, case_id)
        assert case is not None
        return set(acts(s, case).get(officer.id, ()))


def test_deciding_an_extension_does_not_make_an_issuer_the_head_as_well(deciding: Office) -> None:
    case_id = rectify.opened(deciding)
    deciding.accepted(rectify.extension(deciding, case_id, 1))
    deciding.accepted(deciding.decide(case_id, "extend", BOTH, "reject", subject="P1.1"))
    assert acted_as(deciding, case_id, BOTH) == {(OFFICE, Role.HEAD), (OFFICE, Role.ISSUER)}
    rectify.past_due(deciding, case_id)
    deciding.accepted(deciding.decide(case_id, "warn", BOTH))
    assert acted_as(deciding, case_id, BOTH) == {(OFFICE, Role.ISSUER)}
    deciding.accepted(deciding.decide(case_id, "propose-suspension", INSPECTOR))
    refused(deciding.decide(case_id, "suspend", BOTH, minutes_no="示编纪〔2026〕2号"), RefusalCode.TWO_ROLES)
    deciding.accepted(deciding.decide(case_id, "suspend", HEAD, minutes_no="示编纪〔2026〕2号"))


def test_only_a_role_that_the_officer_held_counts(deciding: Office) -> None:
    case_id = rectify.opened(deciding)
    deciding.accepted(rectify.extension(deciding, case_id, 1))
    deciding.accepted(deciding.decide(case_id, "extend", ISSUER, "reject", subject="P1.1"))
    assert acted_as(deciding, case_id, ISSUER) == {(OFFICE, Role.ISSUER)}


def test_an_order_narrows_what_an_earlier_act_may_have_been(office: Office) -> None:
    account(office, BOTH)
    case_id = STAFFING_UP.opened(office)
    office.accepted(office.order(case_id, CommandKind.HOLD, Hold(reason="核查", second_officer=HEAD_TWO.id), BOTH))
    office.accepted(
        office.order(case_id, CommandKind.RELEASE, Release(reason="已核", second_officer=HEAD_TWO.id), BOTH)
    )
    assert acted_as(office, case_id, BOTH) == {(OFFICE, Role.HEAD)}
    office.accepted(STAFFING_UP.decide(office, case_id))
    refused(office.decide(case_id, "issue", BOTH), RefusalCode.TWO_ROLES)
    assert not any(each.allowed for each in office.docket(case_id, BOTH).may if each.step == "issue")


def test_a_refused_order_is_no_act(office: Office) -> None:
    account(office, BOTH)
    case_id = STAFFING_UP.opened(office)
    nobody = Hold(reason="核查", second_officer="nobody")
    refused(office.order(case_id, CommandKind.HOLD, nobody, BOTH), RefusalCode.SECOND_OFFICER_REQUIRED)
    assert acted_as(office, case_id, BOTH) == set()


def test_the_principal_of_who_opened_a_warning_has_acted_as_inspector(office: Office) -> None:
    account(office, PRINCIPAL)
    body = {"unit": RESEARCH, "indicator": "public-event", "facts": "有人长期不在岗", "level": "warn"}
    more = {"acting_for": PRINCIPAL.id, "acting_for_name": PRINCIPAL.name, "roles": PRINCIPAL.roles}
    substitute = INSPECTOR_TWO.model_copy(update=more)
    case_id = office.opened(WarningApplication.model_validate(body), substitute)
    for officer in (PRINCIPAL, substitute):
        assert acted_as(office, case_id, officer) == {(OFFICE, Role.INSPECTOR)}
        refused(office.decide(case_id, "warn", officer), RefusalCode.TWO_ROLES)
    office.accepted(office.decide(case_id, "warn", ISSUER))
