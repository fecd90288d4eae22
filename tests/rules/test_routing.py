"""Which personnel department approves a slot, and which clause a document cites."""

from __future__ import annotations

import pytest

from models.enums import Department, Resource, UnitKind
from models.refusals import CLAUSES, NOTICES
from rules.routing import approving_department, clause_cited, clause_shown

LOCAL_RULE = "《示范市事业单位机构编制管理办法》"
NOTICE_A, NOTICE_B = NOTICES["A"], NOTICES["B"]
TO_ORGANISATION = {Resource.ADMINISTRATIVE, Resource.POLITICAL_LEGAL, Resource.CIVIL_SERVICE_LIKE}


@pytest.mark.parametrize("resource", list(Resource))
def test_leaders_and_civil_servants_go_to_the_organisation_department_all_others_to_personnel(
    resource: Resource,
) -> None:
    leaders_or_civil_servants = resource.is_post or resource in TO_ORGANISATION
    expected = Department.ORGANISATION if leaders_or_civil_servants else Department.PERSONNEL
    assert approving_department(resource) is expected


@pytest.mark.parametrize("resource", [r for r in Resource if r.value.startswith("post:internal")])
def test_an_internal_leader_of_an_organ_rests_on_the_notice(resource: Resource) -> None:
    assert clause_shown(UnitKind.ORGAN, [Resource.ADMINISTRATIVE, resource], LOCAL_RULE) == NOTICE_B + "第五部分第一项"


@pytest.mark.parametrize("resource", [Resource.UNIT_CHIEF, Resource.UNIT_DEPUTY, Resource.UNIT_OTHER])
def test_a_leader_of_the_unit_itself_rests_on_the_local_rule(resource: Resource) -> None:
    assert clause_shown(UnitKind.ORGAN, [Resource.ADMINISTRATIVE, resource], LOCAL_RULE) == LOCAL_RULE


@pytest.mark.parametrize("kind", [UnitKind.INSTITUTION, UnitKind.CIVIL_SERVICE_LIKE])
def test_an_institution_rests_on_the_local_rule(kind: UnitKind) -> None:
    assert clause_shown(kind, [Resource.INSTITUTION_FULL], LOCAL_RULE) == LOCAL_RULE


@pytest.mark.parametrize("kind", list(UnitKind))
def test_a_letter_to_an_institution_never_cites_the_notice_for_organs(kind: UnitKind) -> None:
    institution = kind in (UnitKind.INSTITUTION, UnitKind.CIVIL_SERVICE_LIKE)
    assert clause_cited("B 五.1（办理次序）", kind, LOCAL_RULE) == (
        LOCAL_RULE if institution else NOTICE_B + "第五部分第一项"
    )
    assert clause_cited("A 三（审批程序）", kind, LOCAL_RULE) == NOTICE_A + "第三部分"


@pytest.mark.parametrize("clause", sorted(set(CLAUSES.values())))
def test_every_clause_of_a_refusal_can_be_written_out(clause: str) -> None:
    assert clause_cited(clause, UnitKind.ORGAN, LOCAL_RULE).startswith("《")
