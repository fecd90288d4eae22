"""Every kind of change, from the application to what the ledger and the register of units say afterwards."""

from __future__ import annotations

from datetime import date

from sqlmodel import select

from models.enums import Department, DocumentKind, EntryKind, Level, Resource, State
from models.refusals import RefusalCode
from models.register import Journal, Suspension
from tests.change.acts import (
    NEW,
    OTHER,
    abolished,
    accepted,
    applicant_of,
    authorised,
    bodies,
    bodies_of,
    both_mixed,
    changes_of,
    decided,
    established,
    everything,
    headcount,
    in_force,
    intact,
    moved,
    paper,
    placed,
    posts,
    refused_at_the_gate,
    renamed,
    seat,
    seats_in,
    signed,
    unit_of,
    waiting,
)
from tests.support.office import (
    ISSUER,
    REGISTRAR,
    RESEARCH,
    SERVICES,
    Office,
    application,
    line,
)

REPLY = "示编〔2026〕1号"
OFFICE_REPLY = "示编办〔2026〕1号"


def rows_of(office: Office, case_id: str) -> list[tuple[str, str, str, int, str | None, str | None]]:
    with office.database.read() as s:
        rows = s.exec(select(Journal).where(Journal.case_id == case_id).order_by("holder", "seq")).all()
        return [(r.unit, r.kind, r.resource, r.d_authorised, r.basis_no, r.basis_body) for r in rows]


def test_leader_posts_are_added_on_the_reply_of_the_commission(office: Office) -> None:
    case_id = in_force(office, posts(2, 3))
    commission = office.rulebook.office.commission_name
    assert rows_of(office, case_id) == [(RESEARCH, "AUTHORISE", "post:internal-deputy", 1, REPLY, commission)]
    assert authorised(office, RESEARCH)["post:internal-deputy"] == 3
    intact(office)


def test_a_resource_that_the_unit_did_not_have_gets_an_account(office: Office) -> None:
    case_id = accepted(office, posts(0, 2, resource="post:unit-deputy"))
    [effect] = office.docket(case_id).ledger
    assert (effect.resource, effect.authorised, effect.authorised_after) == (Resource.UNIT_DEPUTY, 0, 2)
    signed(office, case_id)
    assert authorised(office, RESEARCH)["post:unit-deputy"] == 2
    [effect] = office.docket(case_id).ledger
    assert (effect.authorised, effect.authorised_after) == (0, 2)


def test_headcount_is_raised_and_cut(office: Office) -> None:
    in_force(office, headcount(10, 12))
    in_force(office, headcount(12, 7))
    assert authorised(office, RESEARCH)["headcount:administrative"] == 7
    assert office.numbers()["headcount:administrative"] == (6, 0, 1)
    intact(office)


def test_the_docket_shows_the_figures_before_and_after_and_keeps_them_when_signed(office: Office) -> None:
    case_id = accepted(office, headcount(10, 12))
    [before] = office.docket(case_id).ledger
    assert (before.authorised, before.authorised_after) == (10, 12)
    assert (before.vacancy_before, before.vacancy_after) == (4, 6)
    signed(office, case_id)
    assert office.docket(case_id).ledger == [before]


def test_a_unit_is_set_up_with_its_quotas_and_a_certificate_of_its_own(office: Office) -> None:
    quotas = [{"resource": "headcount:institution-full", "number": 8}, {"resource": "post:unit-chief", "number": 1}]
    case_id = accepted(office, established(parent=RESEARCH, quotas=quotas))
    shown = [(e.unit_name, e.resource.value, e.authorised, e.authorised_after) for e in office.docket(case_id).ledger]
    assert shown == [
        ("示范市数据中心", "headcount:institution-full", 0, 8),
        ("示范市数据中心", "post:unit-chief", 0, 1),
    ]
    signed(office, case_id)
    unit = unit_of(office, NEW)
    assert (unit.name, unit.kind, unit.rank, unit.parent, unit.holder) == (
        "示范市数据中心",
        "institution",
        "正科级",
        RESEARCH,
        NEW,
    )
    assert (unit.certificate_no, unit.basis_no, unit.basis_date) == ("示编证第20260001号", REPLY, date(2026, 3, 2))
    assert authorised(office, NEW) == {"headcount:institution-full": 8, "post:unit-chief": 1}
    assert changes_of(office, case_id) == [(NEW, "设立", "", "示范市数据中心", REPLY)]
    assert {(e.resource.value, e.authorised_after) for e in office.docket(case_id).ledger} == {
        ("headcount:institution-full", 8),
        ("post:unit-chief", 1),
    }
    intact(office)


def test_a_new_unit_can_apply_for_staff(office: Office) -> None:
    in_force(office, established(parent=RESEARCH))
    body = application(line("headcount:institution-full"), unit=NEW)
    applicant = applicant_of(NEW)
    case_id = office.opened(body, by=applicant)
    assert office.docket(case_id).state is State.ACCEPTED


def test_a_new_unit_is_filled_from_others_in_the_same_case(office: Office) -> None:
    """设立、调剂、划转 in one reply: what is set up first may be named by what stands after it."""
    placed(office, RESEARCH, kind="mixed")
    placed(office, SERVICES, parent=RESEARCH)
    case_id = in_force(
        office,
        established(parent=RESEARCH, quotas=[]),
        moved(2, SERVICES, NEW, resource="headcount:institution-full"),
        established(OTHER, "示范市数据中心分中心", parent=NEW, quotas=[]),
        {"kind": "resubordinate", "unit": SERVICES, "before": RESEARCH, "after": NEW},
        bodies(None, {"name": "运维科"}, unit=NEW),
        kind="设立",
    )
    assert (authorised(office, SERVICES), authorised(office, NEW)) == (
        {"headcount:institution-full": 4},
        {"headcount:institution-full": 2},
    )
    assert (unit_of(office, SERVICES).parent, unit_of(office, OTHER).parent) == (NEW, NEW)
    assert list(bodies_of(office, NEW)) == ["运维科"]
    assert len(changes_of(office, case_id)) == 4
    intact(office)


def test_an_empty_unit_is_abolished_and_its_quota_is_struck(office: Office) -> None:
    in_force(office, established(parent=RESEARCH))
    case_id = accepted(office, abolished(NEW))
    assert [(e.authorised, e.authorised_after) for e in office.docket(case_id).ledger] == [(8, 0)]
    signed(office, case_id)
    assert unit_of(office, NEW).abolished_on == date(2026, 3, 2)
    assert authorised(office, NEW) == {"headcount:institution-full": 0}
    assert [row[1:4] for row in rows_of(office, case_id)] == [("AUTHORISE", "headcount:institution-full", -8)]
    assert waiting(office, case_id) == ["obligation-certificate", "obligation-disclosure", "obligation-registration"]
    intact(office)


def test_a_unit_goes_with_those_below_it_when_they_leave_or_end_in_the_same_case(office: Office) -> None:
    in_force(office, established(parent=RESEARCH))
    in_force(office, established(OTHER, "分中心", parent=NEW))
    placed(office, SERVICES, parent=NEW)
    in_force(
        office,
        abolished(NEW),
        abolished(OTHER),
        {"kind": "resubordinate", "unit": SERVICES, "before": NEW, "after": RESEARCH},
    )
    assert unit_of(office, NEW).abolished_on
    assert unit_of(office, OTHER).abolished_on
    assert unit_of(office, SERVICES).parent == RESEARCH


def test_a_unit_is_renamed_and_keeps_its_old_name_in_the_record(office: Office) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    case_id = in_force(office, renamed())
    assert unit_of(office, SERVICES).name == "示范市政务服务中心"
    assert changes_of(office, case_id) == [
        (SERVICES, "name", "示范市公共服务中心", "示范市政务服务中心", REPLY),
    ]
    assert rows_of(office, case_id) == []
    body = application(line("headcount:institution-full"), unit=SERVICES)
    later = office.opened(body, by=applicant_of(SERVICES))
    assert office.docket(later).title.startswith("示范市政务服务中心")


def test_a_unit_that_renames_itself_is_answered_under_the_name_that_it_had(office: Office) -> None:
    case_id = in_force(office, renamed(RESEARCH, "示范市发展研究局", "示范市发展研究中心"))
    reply = paper(office, DocumentKind.CHANGE_REPLY, case_id)
    assert (reply["unit_name"], reply["addressee"]) == ("示范市发展研究局", "示范市发展研究局")
    assert reply["articles"][0]["paragraphs"] == "同意示范市发展研究局更名为示范市发展研究中心。"
    page = office.docket(case_id)
    assert page.unit_name == "示范市发展研究中心"


def test_rank_supervising_unit_and_extra_name_change(office: Office) -> None:
    placed(office, SERVICES, parent=RESEARCH)
    case_id = in_force(
        office,
        {"kind": "rerank", "unit": SERVICES, "before": "正处级", "after": "副处级"},
        {"kind": "resubordinate", "unit": SERVICES, "before": RESEARCH},
        {"kind": "extra-name", "unit": SERVICES, "after": "示范市便民服务中心"},
    )
    unit = unit_of(office, SERVICES)
    assert (unit.rank, unit.parent, unit.other_names) == ("副处级", None, "示范市便民服务中心")
    assert [row[1:4] for row in changes_of(office, case_id)] == [
        ("rank", "正处级", "副处级"),
        ("parent", RESEARCH, ""),
        ("other_names", "", "示范市便民服务中心"),
    ]
    placed(office, SERVICES, parent=RESEARCH)
    in_force(office, {"kind": "extra-name", "unit": SERVICES, "before": "示范市便民服务中心"})
    assert unit_of(office, SERVICES).other_names is None


def test_internal_bodies_come_change_and_go_with_their_people(office: Office) -> None:
    seat(office, "综合处")
    case_id = accepted(
        office,
        bodies(None, {"name": "法规处", "rank": "正科级", "chief_posts": 1}),
        bodies({"name": "综合处"}, {"name": "综合科", "rank": "正科级", "deputy_posts": 2}),
        bodies({"name": "办公室"}, None),
    )
    signed(office, case_id)
    assert bodies_of(office, RESEARCH) == {"法规处": ("正科级", 1, None), "综合科": ("正科级", None, 2)}
    assert seats_in(office) == {"综合科": 1}
    reply = OFFICE_REPLY
    assert changes_of(office, case_id) == [
        (RESEARCH, "内设机构", "", "法规处（正科级、正职1名）", reply),
        (RESEARCH, "内设机构", "综合处", "综合科（正科级、副职2名）", reply),
        (RESEARCH, "内设机构", "办公室", "", reply),
    ]


def test_an_open_post_of_a_slip_follows_the_new_name_of_its_body(office: Office) -> None:
    staffing = office.opened(application(line("headcount:administrative", internal_body="综合处")))
    [slot] = office.issued(staffing)
    told = refused_at_the_gate(office, bodies({"name": "综合处"}, None))
    assert told[RefusalCode.STILL_OCCUPIED] == "内设机构综合处仍有未用的核定单编号1个"
    in_force(office, bodies({"name": "综合处"}, {"name": "政策处"}))
    office.accepted(office.approve(staffing, slot, 300, internal_body="政策处"))
    office.accepted(office.decide(staffing, "enter", REGISTRAR, subject=slot))
    assert seats_in(office) == {"政策处": 1}


def test_headcount_moves_between_two_units_and_is_neither_made_nor_lost(office: Office) -> None:
    both_mixed(office)
    case_id = in_force(office, moved(2))
    assert authorised(office, RESEARCH)["headcount:administrative"] == 8
    assert authorised(office, SERVICES) == {"headcount:administrative": 2, "headcount:institution-full": 6}
    assert sum(row[3] for row in rows_of(office, case_id)) == 0
    intact(office)


def test_one_unit_gives_to_two_others_in_one_case(office: Office) -> None:
    both_mixed(office)
    in_force(office, established(parent=RESEARCH, unit_kind="mixed"))
    in_force(office, moved(2), moved(1, target=NEW))
    assert authorised(office, RESEARCH)["headcount:administrative"] == 7
    intact(office)


def test_institution_headcount_from_another_level_waits_for_the_upper_body(office: Office) -> None:
    """Beyond the local authority and sent up: the case waits, and nothing happens without the upper body."""
    placed(office, SERVICES, parent=RESEARCH)
    change = moved(2, None, SERVICES, resource="headcount:institution-full", from_level="province")
    case_id = in_force(office, change)
    [step] = [each for each in office.docket(case_id).steps if each.step == "decide"]
    assert step.department is Department.UPPER
    assert authorised(office, SERVICES)["headcount:institution-full"] == 8
    assert Level.PROVINCE.label in paper(office, DocumentKind.CHANGE_REPLY, case_id)["articles"][0]["paragraphs"]


def test_a_refused_signature_gives_the_number_of_the_reply_back(office: Office) -> None:
    both_mixed(office)
    case_id = accepted(office, headcount(10, 11), moved(1, resource="headcount:worker"))
    decided(office, case_id)
    with office.database.write() as s:  # the receiving unit alone is suspended, the applicant is not
        s.add(
            Suspension(
                id="s1",
                unit=SERVICES,
                case_id="x",
                number="示编停〔2026〕9号",
                problems="P1",
                from_at=office.now,
                covers_subordinates=False,
                holds_under_way=True,
            )
        )
    before = everything(office)
    receipt = office.decide(case_id, "sign", ISSUER)
    assert receipt.code is RefusalCode.UNIT_SUSPENDED
    assert everything(office) == before
    assert office.docket(case_id).state is State.HELD
    office.later(days=1)
    office.ring(case_id)
    assert office.docket(case_id).state is State.HELD
    with office.database.write() as s:
        row = s.get(Suspension, "s1")
        assert row is not None
        row.lifted_at = office.now
        s.add(row)
    office.later(days=1)
    office.ring(case_id)
    office.accepted(office.decide(case_id, "sign", ISSUER))
    assert [r.number for r in office.docket(case_id).documents if r.kind is DocumentKind.CHANGE_REPLY] == [REPLY]
    assert EntryKind.AUTHORISE.value in {row[1] for row in rows_of(office, case_id)}
