"""A reply adds a numbered page to the certificate of each unit about which it changed anything."""

from __future__ import annotations

import io
import re
from datetime import date

import docx
import pytest
from sqlmodel import col, select, update

from ledger import certificate
from models.documents import CertificateContext
from models.enums import DocumentKind, RecordState
from models.register import Holder, Occupancy, Record
from records.register import context_of
from rules.deadlines import local_day
from tests.change.acts import (
    NEW,
    OWN,
    Json,
    abolished,
    accepted,
    below,
    bodies,
    both_mixed,
    decided,
    empty_unit,
    established,
    headcount,
    in_force,
    merged,
    moved,
    placed,
    posts,
    renamed,
    unit_of,
)
from tests.support.office import ISSUER, RESEARCH, SERVICES, Office

Page = tuple[Record, CertificateContext]


def pages(office: Office, case_id: str) -> dict[str, Page]:
    """Unit → record and frozen context of the one page of the case for it."""
    with office.database.read() as s:
        wanted = select(Record).where(Record.case_id == case_id, Record.kind == DocumentKind.CERTIFICATE.value)
        found = {}
        for record in s.exec(wanted.order_by(col(Record.seq))):
            context = context_of(s, record)
            assert isinstance(context, CertificateContext)
            assert record.unit not in found
            found[record.unit] = (record, context)
        return found


def printed(office: Office, record: Record) -> set[str]:
    """Every text of a cell or paragraph of the file."""
    assert record.digest
    document = docx.Document(io.BytesIO(office.store.get(record.digest)))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    texts = [*cells, *(paragraph.text for paragraph in document.paragraphs)]
    lines = [line for text in texts for line in re.split(r"[\n\t]", text)]
    return {word for line in lines for word in (line, line.partition("（")[0])}


def rows(page: Page) -> list[tuple[str, str, str, str]]:
    return [(row.label, row.before, row.delta, row.after) for row in page[1].quotas]


def test_the_page_shows_what_changed_and_the_figures_after_it(office: Office) -> None:
    case_id = in_force(office, headcount(), posts())
    [(record, context)] = pages(office, case_id).values()
    [reply] = [r for r in office.docket(case_id).documents if r.kind is DocumentKind.CHANGE_REPLY]
    assert rows((record, context)) == [("行政编制", "10", "+2", "12"), ("内设机构副职", "2", "+1", "3")]
    assert {(row.effective_on, row.basis_no) for row in context.quotas} == {(context.issued_on, reply.number)}
    assert context.changes == []
    assert {line.label: line.authorised for line in context.balances}["行政编制"] == "12"
    assert (record.step, record.number[:3], record.state) == ("sign", "示编证", RecordState.VALID.value)
    assert record.digest
    with office.database.read() as s:
        holder = s.get(Holder, RESEARCH)
        assert holder is not None
        assert (context.seal.chain_seq, context.seal.chain_head) == (str(holder.head_seq), holder.head_hash)


def test_pages_go_on_counting(office: Office) -> None:
    first, second = in_force(office, headcount()), in_force(office, headcount(12, 13))
    assert [pages(office, case_id)[RESEARCH][1].page_no for case_id in (first, second)] == ["第1页", "第2页"]


def test_both_sides_of_a_move_have_a_page(office: Office) -> None:
    both_mixed(office)
    found = pages(office, in_force(office, moved()))
    assert rows(found[RESEARCH]) == [("行政编制", "10", "-2", "8")]
    assert rows(found[SERVICES]) == [("行政编制", "0", "+2", "2")]
    assert found[SERVICES][1].unit_name == "示范市公共服务中心"


def test_a_merger_has_a_page_for_the_unit_that_ends_and_for_the_one_that_takes_over(office: Office) -> None:
    both_mixed(office)
    found = pages(office, in_force(office, merged(after_name="示范市综合局")))
    assert {unit: page[1].unit_name for unit, page in found.items()} == {
        RESEARCH: "示范市综合局",
        SERVICES: "示范市公共服务中心",
    }
    assert rows(found[SERVICES]) == [("全额拨款事业编制", "6", "-6", "0")]
    assert rows(found[RESEARCH]) == [("全额拨款事业编制", "0", "+6", "6")]


def test_a_new_unit_begins_with_its_first_page(office: Office) -> None:
    found = pages(office, in_force(office, established(parent=RESEARCH)))
    assert set(found) == {NEW}
    assert rows(found[NEW]) == [("全额拨款事业编制", "0", "+8", "8")]
    assert (found[NEW][1].page_no, found[NEW][1].unit_name) == ("第1页", "示范市数据中心")
    assert [(event.what, event.before, event.after) for event in found[NEW][1].events] == [
        ("设立", "—", "示范市数据中心")
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (bodies(None, {"name": "法规处", "rank": "正科级"}), ("内设机构调整", "—", "法规处（正科级）")),
        (bodies({"name": "办公室"}, {"name": "秘书处"}), ("内设机构调整", "办公室", "秘书处")),
        (bodies({"name": "办公室"}, None), ("内设机构调整", "办公室", "—")),
        (renamed(*OWN), ("更名", OWN[1], OWN[2])),
        (
            {"kind": "extra-name", "unit": RESEARCH, "before": "", "after": "示范市研究中心"},
            ("挂牌", "—", "示范市研究中心"),
        ),
    ],
)
def test_what_moves_no_quota_has_a_page_that_tells_before_and_after(
    office: Office, change: Json, told: tuple[str, str, str]
) -> None:
    case_id = in_force(office, change)
    [(record, context)] = pages(office, case_id).values()
    [reply] = [r for r in office.docket(case_id).documents if r.kind is DocumentKind.CHANGE_REPLY]
    [event] = context.events
    assert (event.what, event.before, event.after) == told
    assert (event.on, event.basis_no) == (context.issued_on, reply.number)
    assert (context.quotas, context.changes, context.page_no) == ([], [], "第1页")
    assert context.unit_name == unit_of(office, RESEARCH).name
    assert "机构事项变更登记" in record.title
    assert {"机构编制事项变更登记页", told[2].partition("（")[0]} <= printed(office, record)


def test_a_page_of_a_merger_names_the_persons_on_both_sides(office: Office) -> None:
    both_mixed(office)
    found = pages(office, in_force(office, merged(after_name="示范市综合局")))
    gone, come = found[SERVICES][1].changes, found[RESEARCH][1].changes
    assert len(gone) == len(come) == 4
    assert [row.person_name for row in gone] == [row.person_name for row in come]
    day, reply = found[RESEARCH][1].issued_on, found[RESEARCH][1].quotas[0].basis_no
    assert {(row.left_on, row.reason) for row in gone} == {(day, "调出")}
    assert {(row.entered_on, row.basis_no, row.left_on) for row in come} == {(day, reply, "")}
    assert all("*" in row.identity_masked for row in [*gone, *come])
    assert {row.person_name for row in gone} <= printed(office, found[SERVICES][0])
    assert found[SERVICES][0].title.endswith("机构事项、编制职数、人员变更登记〕")
    events = [(event.what, event.before, event.after) for event in found[SERVICES][1].events]
    assert events == [
        ("合并（内设机构）", "办公室", "—"),
        ("合并（内设机构）", "综合处", "—"),
        ("合并（撤并）", "—", f"{day}并入示范市综合局"),
    ]
    assert ("合并（名称）", "示范市综合局") in [(event.what, event.after) for event in found[RESEARCH][1].events]


def test_people_who_were_in_before_are_not_on_the_page_of_a_merger(office: Office) -> None:
    both_mixed(office)
    in_force(office, established(parent=RESEARCH, unit_kind="mixed"))
    first = pages(office, in_force(office, merged(SERVICES, into=NEW)))[NEW][1]
    assert len(first.changes) == 4
    second = pages(office, in_force(office, merged(NEW, into=RESEARCH)))
    assert len(second[NEW][1].changes) == len(second[RESEARCH][1].changes) == 4
    assert all(row.left_on for row in second[NEW][1].changes)


def test_units_under_one_quota_that_merge_tell_their_persons_alone(office: Office) -> None:
    both_mixed(office)
    in_force(office, established(NEW, parent=RESEARCH, quotas=[], unit_kind="mixed"))
    placed(office, NEW, holder=SERVICES)
    found = pages(office, in_force(office, merged(SERVICES, into=NEW)))
    assert {unit: (len(page[1].changes), page[1].quotas) for unit, page in found.items()} == {
        SERVICES: (4, []),
        NEW: (4, []),
    }


def test_all_who_share_a_quota_have_a_page_when_it_changes(office: Office) -> None:
    """合署办公: the certificate of each tells the quota, whichever of them the reply names."""
    in_force(office, established(NEW, parent=RESEARCH, quotas=[]))
    placed(office, NEW, holder=RESEARCH)
    found = pages(office, in_force(office, headcount()))
    assert {unit: rows(page) for unit, page in found.items()} == {
        unit: [("行政编制", "10", "+2", "12")] for unit in (RESEARCH, NEW)
    }
    assert (found[NEW][1].unit_name, found[NEW][1].co_users) == ("示范市数据中心", "示范市发展研究局")
    placed(office, NEW, abolished_on=local_day(office.now))
    assert set(pages(office, in_force(office, headcount(12, 13)))) == {RESEARCH}


def told(office: Office, unit: str, day: date) -> tuple[set[tuple[str, int]], list[tuple[str, str]]]:
    """Internal bodies with how many are in each, and persons with theirs, as an extract of the day tells them."""
    with office.database.read() as s:
        facts = certificate.extract(s, unit, day)
    assert facts is not None
    return {(body.name, body.people) for body in facts.bodies}, [(p.name, p.internal_body) for p in facts.persons]


def in_body(office: Office, unit: str, body: str) -> None:
    """Everybody of the unit sits there."""
    with office.database.write() as s:
        s.exec(update(Occupancy).where(col(Occupancy.unit) == unit).values(internal_body=body))


def test_an_extract_of_a_day_before_a_merger_tells_what_it_told_then(office: Office) -> None:
    both_mixed(office)
    in_body(office, SERVICES, "综合处")
    day = local_day(office.now)
    before = told(office, SERVICES, day)
    assert before[0] == {("办公室", 0), ("综合处", 4)}
    office.later(days=1)
    in_force(office, merged())
    assert told(office, SERVICES, day) == before
    office.later(days=1)
    bodies_there, persons = told(office, RESEARCH, local_day(office.now))
    assert ("综合处（原示范市公共服务中心）", 4) in bodies_there
    assert [body for _, body in persons].count("综合处（原示范市公共服务中心）") == 4
    assert {body for _, body in told(office, SERVICES, local_day(office.now))[1]} == {"综合处"}


def test_an_extract_of_a_day_before_a_body_was_renamed_tells_what_it_told_then(office: Office) -> None:
    in_body(office, RESEARCH, "综合处")
    days, answers = [], []
    for before, after in (("综合处", "秘书处"), ("秘书处", "政策法规处"), ("政策法规处", "综合一处")):
        days.append(local_day(office.now))
        answers.append(told(office, RESEARCH, days[-1]))
        office.later(days=1)
        change = bodies({"name": before}, {"name": after})
        in_force(office, change, title=f"更名为{after}", request_no=f"示发研〔2026〕{len(days) + 20}号")
    assert [{body for _, body in persons} for _, persons in answers] == [{"综合处"}, {"秘书处"}, {"政策法规处"}]
    assert [told(office, RESEARCH, day) for day in days] == answers
    assert {body for _, body in told(office, RESEARCH, local_day(office.now))[1]} == {"综合一处"}


def test_a_unit_that_is_put_under_another_by_a_merger_has_a_page_of_its_own(office: Office) -> None:
    both_mixed(office)
    in_force(office, established(NEW, parent=SERVICES))
    found = pages(office, in_force(office, merged()))
    [event] = found[NEW][1].events
    assert (event.what, event.before, event.after) == ("合并（主管部门）", "示范市公共服务中心", "示范市发展研究局")
    page = found[NEW][1]
    assert (page.page_no, page.changes, page.unit_parent) == ("第2页", [], "示范市发展研究局")


def test_the_page_of_an_abolished_unit_says_so(office: Office) -> None:
    below(office)
    empty_unit(office)
    found = pages(office, in_force(office, abolished(NEW)))
    [event] = found[NEW][1].events
    assert (event.what, event.after) == ("撤销", f"{found[NEW][1].issued_on}撤销")


def test_a_reply_that_is_not_signed_takes_no_page_number(office: Office) -> None:
    both_mixed(office)
    waiting = accepted(office, moved(4))
    decided(office, waiting)
    in_force(office, headcount(10, 6), title="另一件请示", request_no="示发研〔2026〕19号")
    refused = office.decide(waiting, "sign", ISSUER)
    assert refused.status == "refused"
    assert pages(office, waiting) == {}
    in_force(office, headcount(6, 7), title="第三件请示", request_no="示发研〔2026〕20号")
    with office.database.read() as s:
        numbers = s.exec(select(Record.seq).where(Record.series == "示编证").order_by(col(Record.seq))).all()
    assert numbers == [1, 2]


def test_a_page_frozen_before_pages_of_changes_is_still_read() -> None:
    texts = set(CertificateContext.model_fields) - {"seal", "balances", "changes", "quotas", "events"}
    old = CertificateContext.model_validate(
        {
            **dict.fromkeys(texts, "x"),
            "seal": {"code": "c", "verify_url": "u", "chain_seq": "1", "chain_head": "h"},
            "balances": [],
            "changes": [],
        }
    )
    assert (old.quotas, old.events) == ([], [])
