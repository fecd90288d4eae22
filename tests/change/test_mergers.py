"""Mergers: people, quotas, bodies, slips, subordinate units and cases are provided for; what was stays readable
(domain.md §10: 38)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import select

from ledger import balances, occupancy
from ledger.postings import open_accounts
from models.enums import DocumentKind, RecordState, Resource, SlipState, State
from models.ledger import Basis, Cause, OpeningAccount, OpeningPerson, PersonEntry
from models.refusals import RefusalCode
from models.register import Holder, InternalBody, Occupancy, Unit
from rules.deadlines import local_day
from tests.change.acts import (
    NEW,
    OTHER,
    abolished,
    accepted,
    authorised,
    bodies_of,
    both_mixed,
    changes_of,
    decided,
    established,
    everything,
    headcount,
    in_force,
    intact,
    merged,
    moved,
    paper,
    placed,
    posts,
    refused,
    refused_at_the_gate,
    seats_in,
    signed,
    unit_of,
    waiting,
)
from tests.removing.leaving import acknowledged, gone, leaver, removal
from tests.support.office import (
    ISSUER,
    OTHER_APPLICANT,
    PERSONNEL,
    REGISTRAR,
    RESEARCH,
    SERVICES,
    Office,
    application,
    identity_no,
    line,
)

FULL = "headcount:institution-full"
BORN = date(1980, 5, 1)


def people(office: Office, unit: str, as_of: date | None = None) -> list[str]:
    with office.database.read() as s:
        rows, _ = occupancy.roster(s, unit, as_of)
        return sorted({row.name for row in rows})


def a_leader_of_the_centre(office: Office) -> None:
    """在编200 also leads an internal body of the centre: headcount and post."""
    in_force(office, posts(0, 2, SERVICES, "post:internal-chief"), unit=RESEARCH)
    staffing = office.opened(
        application(
            line("post:internal-chief", way="leader-appointment", internal_body="综合处"), unit=SERVICES, meeting="乙"
        ),
        by=OTHER_APPLICANT,
    )
    [slot] = office.issued(staffing)
    known = {"name": "在编200", "birth_date": BORN.isoformat(), "identity_no": identity_no(200, BORN)}
    office.accepted(office.approve(staffing, slot, 200, internal_body="综合处", **known))
    office.accepted(office.decide(staffing, "enter", REGISTRAR, subject=slot))
    office.acknowledged(staffing, slot)


def test_a_merger_carries_everybody_and_everything(office: Office) -> None:
    both_mixed(office)
    a_leader_of_the_centre(office)
    before = {**authorised(office, RESEARCH)}
    case_id = in_force(office, merged(after_name="示范市综合局"))
    assert people(office, SERVICES) == []
    assert len(people(office, RESEARCH)) == 10
    assert authorised(office, SERVICES) == {FULL: 0, "post:internal-chief": 0}
    after = authorised(office, RESEARCH)
    assert (after[FULL], after["post:internal-chief"]) == (6, before["post:internal-chief"] + 2)
    assert office.numbers()[FULL] == (4, 0, 2)
    assert office.numbers()["post:internal-chief"] == (2, 0, 1)
    assert bodies_of(office, SERVICES) == {}
    assert set(bodies_of(office, RESEARCH)) == {
        "办公室",
        "综合处",
        "办公室（原示范市公共服务中心）",
        "综合处（原示范市公共服务中心）",
    }
    assert seats_in(office) == {"综合处（原示范市公共服务中心）": 1}
    unit = unit_of(office, SERVICES)
    assert (unit.abolished_on, unit.merged_into) == (date(2026, 3, 2), RESEARCH)
    assert unit_of(office, RESEARCH).name == "示范市综合局"
    assert (RESEARCH, "name", "示范市发展研究局", "示范市综合局", "示编〔2026〕2号") in changes_of(office, case_id)
    intact(office)


def test_the_docket_shows_a_merger_before_and_after_it_is_signed(office: Office) -> None:
    both_mixed(office)
    case_id = accepted(office, merged())

    def shown() -> dict[str, tuple[int, int, int, int]]:
        found = office.docket(case_id).ledger
        return {e.unit: (e.authorised, e.authorised_after, e.occupied_before, e.occupied_after) for e in found}

    assert shown() == {SERVICES: (6, 0, 4, 0), RESEARCH: (0, 6, 0, 4)}
    signed(office, case_id)
    assert shown() == {SERVICES: (6, 0, 4, 0), RESEARCH: (0, 6, 0, 4)}
    rows = paper(office, DocumentKind.CHANGE_REPLY, case_id)["quotas"]
    assert [(row["unit"], row["before"], row["after"]) for row in rows] == [
        ("示范市发展研究局", "0", "6"),
        ("示范市公共服务中心", "6", "0"),
    ]


def test_a_merged_unit_stays_readable_as_it_was(office: Office) -> None:
    both_mixed(office)
    day = local_day(office.now)
    office.later(days=10)
    in_force(office, merged())
    with office.database.read() as s:
        [then] = balances.balances(s, SERVICES, as_of=day)
        assert (then.authorised, then.occupied) == (6, 4)
    assert len(people(office, SERVICES, as_of=day)) == 4
    assert len(people(office, RESEARCH, as_of=day)) == 6
    own = office.opened(application(line(FULL), unit=SERVICES), by=OTHER_APPLICANT)
    assert office.docket(own, OTHER_APPLICANT).state is State.RETURNED  # its officers read on, and apply for nothing
    intact(office)


def test_a_person_of_a_merged_unit_leaves_from_the_unit_that_took_it_over(office: Office) -> None:
    both_mixed(office)
    in_force(office, merged())
    case_id = office.opened(removal(leaver(office, 200, on=date(2026, 3, 2))))
    gone(office, case_id, by=PERSONNEL)
    assert office.numbers()[FULL] == (3, 0, 3)
    intact(office)


def test_people_who_are_counted_and_not_named_go_along(office: Office) -> None:
    both_mixed(office)
    with office.database.write() as s:
        unit = Unit(
            code=NEW,
            name="示范市数据中心",
            kind="mixed",
            holder=NEW,
            certificate_no="x",
            parent=RESEARCH,
            rank="正科级",
        )
        s.add(Holder(id=NEW, name=unit.name))
        s.flush()
        s.add(unit)
        s.flush()
        basis = Basis(number="示编〔2020〕1号", body="示范市委编委", date=date(2020, 1, 6))
        cause = Cause(
            case_id="opening-3",
            step="opening",
            round=1,
            effective_on=local_day(office.now),
            recorded_at=office.now,
            basis=basis,
        )
        entry = PersonEntry(name="在编9", birth_date=BORN, identity_no=identity_no(409, BORN), sex="male")
        seat = OpeningPerson(
            unit=NEW, person=entry, headcount=Resource.INSTITUTION_FULL, post=None, entered_on=date(2015, 7, 1)
        )
        wanted = [
            OpeningAccount(unit=NEW, resource=Resource.INSTITUTION_FULL, authorised=5, occupied_unnamed=3, basis=basis),
        ]
        open_accounts(s, wanted, [seat], cause)
    told = refused_at_the_gate(office, abolished(NEW))
    assert told == {RefusalCode.STILL_OCCUPIED: "示范市数据中心仍有在编人员4名，须先出编或者合并"}
    in_force(office, merged(NEW))
    assert office.numbers()[FULL] == (4, 0, 1)
    assert people(office, RESEARCH).count("在编9") == 1
    intact(office)


def test_several_units_go_into_one_that_is_set_up_for_it(office: Office) -> None:
    """新设合并 in one reply."""
    both_mixed(office)
    in_force(office, established(parent=RESEARCH))
    in_force(
        office,
        established(OTHER, "示范市服务总中心", parent=RESEARCH, quotas=[]),
        merged(SERVICES, NEW, into=OTHER),
        kind="合并",
    )
    assert authorised(office, OTHER) == {FULL: 14}
    assert len(people(office, OTHER)) == 4
    assert {unit_of(office, code).merged_into for code in (SERVICES, NEW)} == {OTHER}
    intact(office)


def test_slips_are_void_and_applications_end_with_their_unit(office: Office) -> None:
    both_mixed(office)
    with_slip = office.opened(application(line(FULL), unit=SERVICES, meeting="甲"), by=OTHER_APPLICANT)
    office.issued(with_slip)
    examined = office.opened(application(line(FULL), unit=SERVICES, meeting="乙"), by=OTHER_APPLICANT)
    back = office.opened(application(line(FULL), unit=SERVICES, meeting=""), by=OTHER_APPLICANT)
    new = office.apply(application(line(FULL), unit=SERVICES, meeting="丙"), by=OTHER_APPLICANT)
    in_force(office, merged())
    office.deliver_outbox()
    assert [office.docket(each).state for each in (with_slip, examined, back, new)] == [
        State.REVOKED,
        State.REJECTED,
        State.REJECTED,
        State.REJECTED,
    ]
    slip = office.docket(with_slip).slip
    assert slip is not None
    assert slip.state is SlipState.REVOKED
    papers = {record.kind: record.state for record in office.docket(with_slip).documents}
    assert papers[DocumentKind.VERIFICATION_SLIP] is RecordState.VOID
    assert DocumentKind.REVOCATION_NOTICE in papers
    assert paper(office, DocumentKind.REFUSAL_NOTICE, examined)["opinion"] == "示范市公共服务中心已合并。"
    for each in (with_slip, examined, back, new):
        docket = office.docket(each)
        assert all(record.digest for record in docket.documents)
        assert docket.receipts[0].status == "accepted"
    assert office.numbers()[FULL] == (4, 0, 2)
    intact(office)


def test_a_slip_that_was_used_in_part_ends_with_its_acknowledgements(office: Office) -> None:
    both_mixed(office)
    staffing = office.opened(application(line(FULL, 2), unit=SERVICES), by=OTHER_APPLICANT)
    first, _second = office.issued(staffing)
    office.entered(staffing, first, 300, PERSONNEL)
    in_force(office, merged())
    office.deliver_outbox()
    assert (office.docket(staffing).state, waiting(office, staffing)) == (
        State.ACKNOWLEDGING,
        ["finance", "social-insurance"],
    )
    office.acknowledged(staffing, first)
    assert office.docket(staffing).state is State.CLOSED
    assert office.numbers()[FULL] == (5, 0, 1)
    intact(office)


def test_a_refused_merger_leaves_slips_and_applications_alone(office: Office) -> None:
    both_mixed(office)
    case_id = accepted(office, merged())
    decided(office, case_id)
    staffing = office.opened(application(line(FULL), unit=SERVICES), by=OTHER_APPLICANT)
    office.issued(staffing)
    leaving = office.opened(removal(leaver(office, 200), unit=SERVICES), by=OTHER_APPLICANT)
    before = everything(office)
    said = refused(office.decide(case_id, "sign", ISSUER), RefusalCode.STILL_OCCUPIED)
    assert office.docket(leaving).case_no in said
    assert everything(office) == before
    slip = office.docket(staffing).slip
    assert slip is not None
    assert slip.state is SlipState.VALID
    assert office.deliver_outbox(staffing) == []  # nobody is told of what did not happen


def test_subordinate_units_pass_to_the_unit_that_takes_over(office: Office) -> None:
    both_mixed(office)
    in_force(office, established(NEW, parent=SERVICES))
    in_force(office, merged())
    assert unit_of(office, NEW).parent == RESEARCH


def test_a_unit_that_takes_over_those_above_it_hangs_under_nobody_of_them(office: Office) -> None:
    placed(office, RESEARCH, kind="mixed")
    placed(office, SERVICES, kind="mixed", parent=RESEARCH)
    in_force(office, established(NEW, parent=SERVICES, unit_kind="mixed"))
    in_force(office, established(OTHER, "分中心", parent=NEW, unit_kind="mixed"))
    in_force(office, merged(SERVICES, into=OTHER))
    assert (unit_of(office, OTHER).parent, unit_of(office, NEW).parent) == (RESEARCH, OTHER)


def test_units_under_one_quota_merge_without_touching_it(office: Office) -> None:
    both_mixed(office)
    in_force(office, established(NEW, parent=RESEARCH, quotas=[], unit_kind="mixed"))
    placed(office, NEW, holder=SERVICES)
    day = local_day(office.now)
    case_id = accepted(office, merged(SERVICES, into=NEW))
    assert office.docket(case_id).ledger == []
    office.later(days=1)
    signed(office, case_id)
    assert authorised(office, NEW) == {FULL: 6}
    assert len(people(office, NEW)) == 4
    assert people(office, SERVICES) == []
    assert len(people(office, SERVICES, as_of=day)) == 4
    assert office.numbers(NEW)[FULL] == (4, 0, 2)
    intact(office)


def test_units_under_one_quota_that_is_exceeded_merge_without_a_term(office: Office) -> None:
    """Nothing is more than before: who is tolerated stays tolerated, and the rows that make room cancel out."""
    both_mixed(office)
    in_force(office, established(NEW, parent=RESEARCH, quotas=[], unit_kind="mixed"))
    placed(office, NEW, holder=SERVICES)
    in_force(office, headcount(6, 2, SERVICES, FULL), absorption_until="2028-12-31")
    in_force(office, merged(SERVICES, into=NEW))
    assert authorised(office, NEW) == {FULL: 2}
    assert office.numbers(NEW)[FULL] == (4, 0, -2)
    assert office.balance(Resource.INSTITUTION_FULL, NEW).tolerated_over == 2
    assert len(people(office, NEW)) == 4
    intact(office)


def test_abolishing_one_of_two_under_one_quota_leaves_it_to_the_other(office: Office) -> None:
    both_mixed(office)
    in_force(office, established(NEW, parent=RESEARCH, quotas=[], unit_kind="mixed"))
    placed(office, NEW, holder=SERVICES)
    case_id = accepted(office, abolished(NEW))
    assert office.docket(case_id).ledger == []
    signed(office, case_id)
    assert authorised(office, SERVICES) == {FULL: 6}
    assert unit_of(office, NEW).abolished_on
    in_force(office, merged())  # the other is alone under its quota by now
    intact(office)


@pytest.mark.parametrize("number", [0, 1])
def test_a_merger_over_quota_is_absorbed_within_its_term(office: Office, number: int) -> None:
    """Over before in one of both, or in neither: the tolerance is what is too much together, and falls with leavers."""
    both_mixed(office)
    in_force(office, headcount(6, 3 + number, SERVICES, FULL), absorption_until="2028-12-31")
    if number == 0:
        in_force(office, merged(), absorption_until="2029-12-31")
        assert (office.balance(Resource.INSTITUTION_FULL).tolerated_over, office.numbers()[FULL]) == (1, (4, 0, -1))
    else:
        in_force(office, merged())
        assert (office.balance(Resource.INSTITUTION_FULL).tolerated_over, office.numbers()[FULL]) == (0, (4, 0, 0))
    intact(office)


def test_quota_that_moves_away_in_the_same_case_is_reckoned_before_the_merger(office: Office) -> None:
    both_mixed(office)
    in_force(office, established(parent=RESEARCH, quotas=[]))
    took = moved(3, SERVICES, NEW, resource=FULL)
    told = refused_at_the_gate(office, took, merged(), request_no="示发研〔2026〕17号")
    assert "合并后全额拨款事业编制超出1名" in told[RefusalCode.BELOW_STRENGTH]
    in_force(office, took, merged(), absorption_until="2028-12-31")
    assert office.numbers()[FULL] == (4, 0, -1)
    assert authorised(office, NEW) == {FULL: 3}
    intact(office)


def test_a_body_whose_long_name_is_taken_as_well_keeps_a_name_of_its_own(office: Office) -> None:
    both_mixed(office)
    with office.database.write() as s:
        s.add(InternalBody(unit=RESEARCH, name="综合处（原示范市公共服务中心）"))
    in_force(office, merged())
    assert len(bodies_of(office, RESEARCH)) == 5


def test_a_seat_that_was_left_before_stays_with_the_unit_that_was_merged(office: Office) -> None:
    both_mixed(office)
    leaving = office.opened(removal(leaver(office, 203), unit=SERVICES), by=OTHER_APPLICANT)
    gone(office, leaving, by=PERSONNEL)
    acknowledged(office, leaving)
    in_force(office, merged())
    with office.database.read() as s:
        left = s.exec(select(Occupancy).where(Occupancy.unit == SERVICES, Occupancy.exit_reason == "retirement")).all()
        assert len(left) == 1
    assert office.numbers()[FULL] == (3, 0, 3)
