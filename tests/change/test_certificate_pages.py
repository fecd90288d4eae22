"""A reply that changes a quota adds a numbered page to the certificate of each unit whose quota it changed."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from models.documents import CertificateContext
from models.enums import DocumentKind, RecordState
from models.register import Holder, Record
from records.register import context_of
from tests.change.acts import (
    NEW,
    Json,
    accepted,
    bodies,
    both_mixed,
    decided,
    established,
    headcount,
    in_force,
    merged,
    moved,
    posts,
    renamed,
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


@pytest.mark.parametrize("change", [bodies(None, {"name": "法规处"}), renamed(RESEARCH, "示范市发展研究局", "新局")])
def test_what_moves_no_quota_adds_no_page(office: Office, change: Json) -> None:
    assert pages(office, in_force(office, change)) == {}


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
    old = CertificateContext.model_validate(
        {
            **dict.fromkeys(set(CertificateContext.model_fields) - {"seal", "balances", "changes", "quotas"}, "x"),
            "seal": {"code": "c", "verify_url": "u", "chain_seq": "1", "chain_head": "h"},
            "balances": [],
            "changes": [],
        }
    )
    assert old.quotas == []
