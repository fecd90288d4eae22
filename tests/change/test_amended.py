"""Approved with changes: what the competent body makes of an application is judged as if it had been asked for."""

from __future__ import annotations

from models.decisions import Receipt
from models.enums import Department, Step
from models.refusals import RefusalCode
from tests.change.acts import (
    DECIDERS,
    MINUTES,
    Json,
    bodies,
    bodies_of,
    countersigned,
    decided,
    everything,
    headcount,
    posts,
    refused,
    renamed,
    request,
    waiting,
)
from tests.rectification.acts import excepted, suspended
from tests.support.office import ISSUER, RESEARCH, Office

CUT = headcount(10, 9)
MORE = headcount(10, 12)


def approved(office: Office, case_id: str, *changes: Json) -> Receipt:
    """The body before which the case lies approves it with these changes."""
    [step] = [each for each in office.docket(case_id).steps if each.state == "current" and each.step == Step.DECIDE]
    return office.decide(case_id, "decide", DECIDERS[step.department], minutes_no=MINUTES, changes=list(changes))


def test_a_suspended_unit_gains_nothing_by_changes_that_the_decider_adds(office: Office) -> None:
    suspended(office)
    name = renamed(RESEARCH, "示范市发展研究局", "示范市发展研究总局")
    for number, added in enumerate((bodies(None, {"name": "信息科"}), name, posts(2, 3))):
        case_id = office.opened(request(CUT, request_no=f"示发研〔2026〕{number + 1}号"))
        countersigned(office, case_id)
        before = everything(office)
        refused(approved(office, case_id, CUT, added), RefusalCode.UNIT_SUSPENDED)
        assert (everything(office), waiting(office, case_id)) == (before, ["decide"])


def test_a_cut_that_is_amended_to_a_deeper_cut_goes_through_while_suspended(office: Office) -> None:
    suspended(office)
    case_id = office.opened(request(CUT))
    countersigned(office, case_id)
    office.accepted(approved(office, case_id, headcount(10, 8)))
    office.accepted(office.decide(case_id, "sign", ISSUER))
    assert office.docket(case_id).ledger[0].authorised_after == 8


def test_a_suspension_after_the_decision_stops_any_change_that_was_added(office: Office) -> None:
    case_id = office.opened(request(CUT))
    decided(office, case_id, changes=[CUT, bodies(None, {"name": "信息科"})])
    suspended(office)
    before = everything(office)
    refused(office.decide(case_id, "sign", ISSUER), RefusalCode.UNIT_SUSPENDED)
    assert everything(office) == before
    assert "信息科" not in bodies_of(office, RESEARCH)
    office.ring(case_id)
    assert office.docket(case_id).state == "held"


def test_an_exception_for_one_resource_does_not_cover_another_that_is_added(office: Office) -> None:
    rectification = suspended(office)
    scope = {"procedures": ["establishment-change"], "resources": ["headcount:administrative"], "matter": "增编"}
    excepted(office, rectification, scope=scope)
    case_id = office.opened(request(MORE))
    by = countersigned(office, case_id)
    assert by.department in (Department.COMMISSION, Department.PARTY_COMMITTEE, Department.UPPER)
    refused(approved(office, case_id, MORE, posts(2, 3)), RefusalCode.UNIT_SUSPENDED)
    office.accepted(approved(office, case_id, headcount(10, 11)))
    office.accepted(office.decide(case_id, "sign", ISSUER))


def test_signing_uses_an_exception_up_as_the_gate_does(office: Office) -> None:
    """Accepted before the suspension, signed under the exception: the next application finds it used up."""
    case_id = office.opened(request(bodies(None, {"name": "信息科"})))
    decided(office, case_id)
    rectification = suspended(office)
    excepted(office, rectification, scope={"procedures": ["establishment-change"], "matter": "设科", "cases": 1})
    office.accepted(office.decide(case_id, "sign", ISSUER))
    following = office.opened(request(bodies(None, {"name": "督查科"}), request_no="示发研〔2026〕19号"))
    assert office.docket(following).state == "not-accepted"
