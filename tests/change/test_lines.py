"""Lines of authority, and units that are not the applicant's: what a change may not tie together or give away."""

from __future__ import annotations

import pytest

from ledger.postings import open_accounts
from models.enums import Resource, State
from models.ledger import Basis, Cause, OpeningAccount
from models.refusals import RefusalCode
from models.register import Holder, Unit
from rules.deadlines import local_day
from tests.change.acts import (
    NEW,
    OTHER,
    Json,
    abolished,
    accepted,
    authorised,
    both_mixed,
    decided,
    established,
    everything,
    failed,
    headcount,
    merged,
    moved,
    placed,
    refused,
    refused_at_the_gate,
    request,
    unit_of,
)
from tests.rectification.acts import opened as rectification
from tests.rectification.acts import suspended
from tests.support.office import APPLICANT, ISSUER, RESEARCH, SERVICES, Office
from tests.warning.support import raised

FULL = "headcount:institution-full"


def under(unit: str, after: str | None, before: str | None = RESEARCH) -> Json:
    return {"kind": "resubordinate", "unit": unit, "before": before, "after": after}


def standing_under(office: Office, *codes: str, parent: str = RESEARCH) -> None:
    """Empty units under the bureau."""
    with office.database.write() as s:
        for code in codes:
            s.add(Holder(id=code, name=code))
            s.flush()
            row = {"name": f"示范市第{code[-3:]}中心", "kind": "mixed", "rank": "正科级", "parent": parent}
            s.add(Unit(code=code, holder=code, certificate_no=code, **row))
            s.flush()


# --- loops ---------------------------------------------------------------------------------------------------------


def test_two_units_are_not_put_under_each_other_in_one_case(office: Office) -> None:
    standing_under(office, NEW, OTHER)
    found = refused_at_the_gate(office, under(NEW, OTHER), under(OTHER, NEW))
    assert "将隶属于自身的所属单位" in found[RefusalCode.UNIT_DATA_INVALID]


def test_a_unit_is_not_put_under_a_new_one_that_stands_under_it(office: Office) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    found = refused_at_the_gate(office, established(parent=SERVICES, quotas=[]), under(SERVICES, NEW))
    assert "示范市公共服务中心" in found[RefusalCode.UNIT_DATA_INVALID]


def test_a_chain_of_moves_that_ends_above_is_no_loop(office: Office) -> None:
    standing_under(office, NEW, OTHER)
    accepted(office, under(NEW, OTHER), under(OTHER, None))


def test_a_loop_that_came_about_after_the_gate_is_refused_at_signing(office: Office) -> None:
    standing_under(office, NEW, OTHER)
    case_id = accepted(office, under(NEW, OTHER))
    decided(office, case_id)
    placed(office, OTHER, parent=NEW)
    before = everything(office)
    refused(office.decide(case_id, "sign", ISSUER), RefusalCode.UNIT_DATA_INVALID)
    assert (everything(office), unit_of(office, NEW).parent) == (before, RESEARCH)


# --- strangers -----------------------------------------------------------------------------------------------------


def test_a_stranger_is_told_nothing_of_the_unit_that_it_names(office: Office) -> None:
    rectification(office, unit=SERVICES)
    changes = abolished(SERVICES), headcount(0, 1, SERVICES, FULL)
    assert list(refused_at_the_gate(office, *changes)) == [RefusalCode.NOT_YOUR_DEPARTMENT]


def test_a_suspension_of_a_stranger_is_named_without_its_problems(office: Office) -> None:
    placed(office, RESEARCH, kind="mixed")
    theirs = suspended(office, unit=SERVICES)
    told = refused_at_the_gate(office, moved(1, RESEARCH, SERVICES))[RefusalCode.UNIT_SUSPENDED]
    assert told == "所涉单位示范市公共服务中心已被暂停受理"
    assert office.docket(theirs).case_no not in told


def test_the_figures_of_the_other_side_of_a_move_are_not_told(office: Office) -> None:
    placed(office, RESEARCH, kind="mixed")
    told = refused_at_the_gate(office, moved(99, SERVICES, RESEARCH, resource=FULL))
    assert told == {RefusalCode.BELOW_STRENGTH: "示范市公共服务中心全额拨款事业编制不能调出99名"}
    case_id = accepted(office, moved(1, SERVICES, RESEARCH, resource=FULL))
    assert {effect.unit for effect in office.docket(case_id, APPLICANT).ledger} == {RESEARCH}
    assert {effect.unit for effect in office.docket(case_id).ledger} == {RESEARCH, SERVICES}


def test_a_warning_that_a_unit_was_not_told_of_has_no_number_for_it(office: Office) -> None:
    both_mixed(office)
    warning = raised(office, "remind", unit=SERVICES)
    told = refused_at_the_gate(office, merged())[RefusalCode.STILL_OCCUPIED]
    assert told == "示范市公共服务中心有未办结的事项"
    assert office.docket(warning).case_no not in told


# --- suspended, and served by another ------------------------------------------------------------------------------


def test_a_suspended_unit_gains_nothing_by_a_merger(office: Office) -> None:
    both_mixed(office)
    standing_under(office, NEW)
    suspended(office, unit=NEW)
    assert RefusalCode.UNIT_SUSPENDED in refused_at_the_gate(office, merged(SERVICES, into=NEW))
    assert authorised(office, NEW) == {}


def test_a_merger_is_not_signed_while_the_unit_that_takes_over_is_suspended(office: Office) -> None:
    both_mixed(office)
    standing_under(office, NEW)
    case_id = accepted(office, merged(SERVICES, into=NEW))
    decided(office, case_id)
    suspended(office, unit=NEW)
    refused(office.decide(case_id, "sign", ISSUER), RefusalCode.UNIT_SUSPENDED)
    assert office.docket(case_id).state is State.HELD
    office.ring(case_id)
    assert office.docket(case_id).state is State.HELD


def test_no_unit_is_set_up_under_a_suspended_one(office: Office) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    suspended(office, unit=SERVICES)
    told = refused_at_the_gate(office, established(parent=SERVICES, quotas=[]))
    assert "所涉单位示范市公共服务中心" in told[RefusalCode.UNIT_SUSPENDED]


# --- what cannot be signed is refused at the gate ------------------------------------------------------------------


@pytest.mark.parametrize("second", [3, 4])
def test_one_resource_twice_in_the_quotas_of_a_new_unit(office: Office, second: int) -> None:
    quotas = [{"resource": FULL, "number": 3}, {"resource": FULL, "number": second}]
    told = refused_at_the_gate(office, established(parent=RESEARCH, quotas=quotas))
    assert told == {RefusalCode.INCOMPLETE: "第1项全额拨款事业编制列了不止一次"}


def test_a_unit_with_unnamed_leaders_is_not_abolished(office: Office) -> None:
    standing_under(office, NEW)
    basis = Basis(number="示编〔2020〕1号", body="示范市委编委", date=local_day(office.now))
    cause = Cause(
        case_id="opening-4",
        step="opening",
        round=1,
        effective_on=local_day(office.now),
        recorded_at=office.now,
        basis=basis,
    )
    post = OpeningAccount(unit=NEW, resource=Resource.INTERNAL_CHIEF, authorised=2, occupied_unnamed=1, basis=basis)
    with office.database.write() as s:
        open_accounts(s, [post], [], cause)
    told = refused_at_the_gate(office, abolished(NEW))[RefusalCode.STILL_OCCUPIED]
    assert "实有1名，须先免职或者更正" in told


def test_the_other_side_of_a_move_within_the_level_is_named_as_a_unit(office: Office) -> None:
    own = office.deps.rulebook.office.level.value
    told = refused_at_the_gate(office, moved(1, None, RESEARCH, from_level=own))
    assert told[RefusalCode.INCOMPLETE] == "第1项另一方属于本级，须写明单位"
    case_id = office.opened(request(moved(1, None, RESEARCH, from_level="province")))
    assert RefusalCode.INCOMPLETE not in failed(office, case_id)
