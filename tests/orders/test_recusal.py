"""回避: who is recused from a case takes no part in it, neither in person nor through anybody who stands in for him."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from docket import audit, recusals
from models.audit import Act
from models.decisions import Hold, Officer
from models.enums import CommandKind
from models.recusals import NewRecusal, RecusalView
from models.refusals import Refusal, RefusalCode
from tests.support.office import EXAMINER, HEAD, HEAD_TWO, INSPECTOR, ORGANISATION, Office

from .kinds import REMOVING_STAFF, STAFFING_UP, refused
from .test_acting import standing_in

WHY = NewRecusal(reason="近亲属")


def declared(office: Office, case_id: str, by: Officer, wanted: NewRecusal = WHY) -> RecusalView | Refusal | None:
    with office.database.write() as s:
        return recusals.declare(s, case_id, wanted, by, office.now)


def test_neither_the_officer_nor_whoever_stands_in_for_him_decides(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    assert isinstance(declared(office, case_id, EXAMINER), RecusalView)
    refused(office.decide(case_id, "examine", EXAMINER), RefusalCode.RECUSED)
    refused(office.decide(case_id, "examine", standing_in(INSPECTOR, EXAMINER)), RefusalCode.RECUSED)
    refused(office.decide(case_id, "examine", standing_in(EXAMINER, INSPECTOR)), RefusalCode.RECUSED)


def test_of_another_case_he_is_not_recused(office: Office) -> None:
    case_id, other = STAFFING_UP.opened(office), REMOVING_STAFF.opened(office)
    declared(office, other, EXAMINER)
    office.accepted(office.decide(case_id, "examine", EXAMINER))


def test_the_step_goes_to_another_officer_of_the_office(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    declared(office, case_id, EXAMINER)
    colleague = EXAMINER.model_copy(update={"id": "colleague", "name": "同事"})
    office.accepted(office.decide(case_id, "examine", colleague))


def test_a_head_who_is_recused_holds_nothing(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    declared(office, case_id, HEAD)
    receipt = office.order(case_id, CommandKind.HOLD, Hold(reason="x", second_officer=HEAD_TWO.id), HEAD)
    refused(receipt, RefusalCode.RECUSED)


def test_the_case_page_says_why_not(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    declared(office, case_id, EXAMINER)
    with office.database.read() as s:
        assert recusals.of_case(s, case_id) == {EXAMINER.id}
    codes = [each.why_not.code for each in office.docket(case_id, EXAMINER).may if each.why_not]
    assert RefusalCode.RECUSED in codes


def test_a_head_recuses_a_colleague_and_nobody_else_does(office: Office) -> None:
    case_id = STAFFING_UP.opened(office)
    for by in (INSPECTOR, ORGANISATION):
        done = declared(office, case_id, by, NewRecusal(officer=EXAMINER.id, reason="x"))
        assert isinstance(done, Refusal)
        assert done.code is RefusalCode.NOT_YOUR_DEPARTMENT
    done = declared(office, case_id, HEAD, NewRecusal(officer=EXAMINER.id, reason="近亲属"))
    assert isinstance(done, RecusalView)
    assert (done.officer, done.declared_by) == (EXAMINER.id, HEAD.id)
    assert declared(office, case_id, EXAMINER, NewRecusal(reason="另一事由")) == done  # the first one stays
    assert declared(office, case_id, HEAD, NewRecusal(officer="nobody", reason="x")) is None
    with office.database.read() as s:
        assert [entry.about for entry in audit.entries(s, act=Act.RECUSAL).items] == [case_id]


@pytest.mark.parametrize("statement", ["DELETE FROM recusal", "UPDATE recusal SET officer = 'head'"])
def test_a_recusal_is_not_taken_back(office: Office, statement: str) -> None:
    case_id = STAFFING_UP.opened(office)
    declared(office, case_id, EXAMINER)
    with pytest.raises(IntegrityError, match=r"not taken back|23001"), office.database.write() as s:
        s.execute(text(statement))
