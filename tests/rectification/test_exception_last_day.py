"""What is decided within an exception's last day counts, however late the engine gets to it."""

from __future__ import annotations

import pytest

from models.decisions import Officer
from models.enums import CommandKind, Procedure, State
from models.refusals import RefusalCode
from rules.deadlines import local_day
from tests.change import acts as change
from tests.support.office import EXAMINER, ISSUER, RESEARCH, Office

from .acts import excepted, suspended

CHANGE = {"procedures": [Procedure.ESTABLISHMENT_CHANGE], "matter": "职数调整"}


def decided_late(office: Office, case_id: str, step: str, hours_before: float, by: Officer = ISSUER) -> str | None:
    """Committed `hours_before` the handling, which is twenty hours later than now."""
    office.later(hours=20 - hours_before)
    decision = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, step), by)
    office.later(hours=hours_before)
    receipt = office.handle(decision, case_id).receipt
    assert receipt is not None
    return receipt.code


@pytest.mark.parametrize(("hours", "code"), [(20, None), (1, RefusalCode.UNIT_SUSPENDED)])
def test_a_slip_is_issued_when_it_was_signed_within_the_last_day(
    office: Office, hours: float, code: RefusalCode | None
) -> None:
    case = suspended(office)
    excepted(office, case, until=local_day(office.now).isoformat())
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    assert decided_late(office, case_id, "issue", hours) == code
    assert (office.docket(case_id).state is State.SLIP_ISSUED) is (code is None)
    assert (office.docket(case_id).slip is not None) is (code is None)


@pytest.mark.parametrize("hours", [20, 1])
def test_a_change_is_posted_when_it_was_signed_within_the_last_day(office: Office, hours: float) -> None:
    case = suspended(office)
    excepted(office, case, until=local_day(office.now).isoformat(), scope=CHANGE)
    case_id = change.accepted(office, change.posts())
    change.decided(office, case_id)
    before = change.authorised(office, RESEARCH)
    decided_late(office, case_id, "sign", hours)
    assert (change.authorised(office, RESEARCH) != before) is (hours == 20)
