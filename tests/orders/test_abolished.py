"""A unit that was abolished applies for nothing more, also when its application was already on its way."""

from __future__ import annotations

from datetime import date

from models.decisions import Moment, Withdrawal
from models.enums import CommandKind, State
from models.refusals import RefusalCode
from models.register import Unit
from tests.support.office import APPLICANT, RESEARCH, Office


def test_an_application_that_meets_the_gate_after_the_abolition_is_returned_and_can_be_withdrawn(
    office: Office,
) -> None:
    case_id = office.apply()
    with office.database.write() as s:
        unit = s.get(Unit, RESEARCH)
        assert unit is not None
        unit.abolished_on = date(2026, 3, 2)
        s.add(unit)
    before = office.numbers()
    office.activities.open_case(Moment(case_id=case_id, at=office.now))
    docket = office.docket(case_id)
    assert (docket.state, [refusal.code for refusal in docket.refusals]) == (
        State.RETURNED,
        [RefusalCode.UNIT_DATA_INVALID],
    )
    assert "已于2026年3月2日撤销" in docket.refusals[0].message
    office.accepted(office.order(case_id, CommandKind.WITHDRAW, Withdrawal(reason="单位已撤销"), APPLICANT))
    assert office.numbers() == before
