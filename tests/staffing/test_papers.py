"""What the papers of a case say, read from the files themselves: no secret, no slip of the pen, nobody's false hand."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from models.decisions import Revocation
from models.documents import TRIAL, DocumentContext, Seal
from models.enums import CommandKind, DocumentKind
from models.refusals import cited
from models.register import Record
from records.register import context_of
from tests.support.office import (
    EXAMINER,
    ISSUER,
    ORGANISATION,
    OTHER_APPLICANT,
    PERSONNEL,
    REGISTRAR,
    SERVICES,
    Office,
    application,
    identity_no,
    line,
)

BORN = date(1985, 10, 26)
DEPUTY = line("post:internal-deputy", way="leader-appointment", internal_body="综合处", reason="综合处副处长空缺。")


def files(office: Office) -> dict[str, list[tuple[DocumentContext, bytes]]]:
    """Every record of the office by kind: its context and its file."""
    found: dict[str, list[tuple[DocumentContext, bytes]]] = {}
    with office.database.read() as s:
        for record in s.exec(select(Record)).all():
            context = context_of(s, record)
            data = office.deps.renderer.render(DocumentKind(record.kind), context)
            found.setdefault(DocumentKind(record.kind).value, []).append((context, data))
    return found


def text_of(data: bytes) -> str:
    """All text of a document, paragraphs apart."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")]
    joined = "\n".join(parts).replace("<w:noBreakHyphen/>", "-").replace("</w:p>", "\n")
    return re.sub("<[^>]*>", "", joined)


def only(office: Office, kind: DocumentKind) -> str:
    (found,) = files(office)[kind.value]
    return text_of(found[1])


PAPERS = {
    DocumentKind.VERIFICATION_SLIP,
    DocumentKind.ENTRY_NOTICE,
    DocumentKind.EXIT_NOTICE,
    DocumentKind.ACCEPTANCE_NOTICE,
    DocumentKind.CORRECTION_NOTICE,
    DocumentKind.REFUSAL_NOTICE,
    DocumentKind.REVOCATION_NOTICE,
    DocumentKind.CERTIFICATE,
    DocumentKind.CASE_FILE,
}
"""What staffing up issues."""


def of_every_kind(office: Office) -> list[str]:
    """Cases that between them make every paper; what must stand in none: identity numbers and days of birth."""
    born = date(1980, 5, 1)
    new, moved = identity_no(300, BORN), identity_no(200, born)
    own: dict[str, Any] = {"birth_date": BORN.isoformat(), "internal_body": "综合处", "position": "综合处副处长"}
    first = office.opened(application(line("headcount:administrative", internal_body="综合处"), DEPUTY, meeting="甲"))
    headcount, post = office.issued(first)
    office.entered(first, headcount, 300, post_slot=post, identity_no=new, **own)
    office.acknowledged(first, headcount)
    second = office.opened(application(line("headcount:administrative", way="official-transfer"), meeting="乙"))
    (slot,) = office.issued(second)
    named = {"name": "在编200", "birth_date": born.isoformat(), "identity_no": moved}
    office.accepted(office.approve(second, slot, 200, ORGANISATION, **named))
    office.accepted(office.decide(second, "approve-exit", PERSONNEL, subject=slot, reference_no="示人社调〔2026〕3号"))
    office.accepted(office.decide(second, "enter", REGISTRAR, subject=slot))
    third = office.opened(application(meeting="丙"))
    office.issued(third)
    office.accepted(office.order(third, CommandKind.REVOKE, Revocation(reason="用途改变。"), ISSUER))
    fourth = office.opened(application(meeting="丁"))
    office.accepted(office.decide(fourth, "examine", EXAMINER, "reject", opinion="本年度不再安排"))
    office.opened(application(meeting="", contact=""))
    secrets = [new, moved]
    for day in (BORN, born):
        secrets += [f"{day.year}年{day.month}月{day.day}日", f"{day:%Y-%m-%d}", f"{day:%Y%m%d}", f"{day:%Y.%m.%d}"]
    return secrets


def test_no_file_of_a_case_holds_the_identity_number_or_the_day_of_birth(office: Office) -> None:
    """Files in the store and files made again from the frozen contexts: every part of every one."""
    secrets = of_every_kind(office)
    made = files(office)
    assert set(made) == {kind.value for kind in PAPERS}
    stored = [path.read_bytes() for path in (office.folder / "records").rglob("*") if path.is_file()]
    documents = [data for data in stored if data.startswith(b"PK")]
    documents += [data for papers in made.values() for _, data in papers]
    for data in documents:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                part = archive.read(name).decode("utf-8", "replace")
                plain = re.sub("<[^>]*>", "", part)
                assert [secret for secret in secrets if secret in part or secret in plain] == [], name
    notices = "".join(text_of(data) for _, data in made["entry_notice"] + made["exit_notice"])
    assert "1985年10月\n" in notices
    assert "1980年5月\n" in notices


def test_only_the_registrar_signs_an_entry_notice(office: Office) -> None:
    case_id = office.opened()
    (code,) = office.issued(case_id)
    office.entered(case_id, code, 300)
    notice = only(office, DocumentKind.ENTRY_NOTICE)
    assert re.search(f"经办：{REGISTRAR.name}　+核定单审核：{EXAMINER.name}　+核定单签发：{ISSUER.name}", notice)
    slip = only(office, DocumentKind.VERIFICATION_SLIP)
    duty = office.rulebook.office.duty_officer
    assert re.search(f"经办：{duty}　+审核：{EXAMINER.name}　+签发：{ISSUER.name}", slip)
    with office.database.read() as s:
        record = s.exec(select(Record).where(Record.kind == DocumentKind.ENTRY_NOTICE.value)).one()
    assert "核定单签发" in str(record.officers)
    assert '"签发"' not in str(record.officers)


def test_an_entry_without_a_slip_names_no_slip(office: Office) -> None:
    body = application(
        line("headcount:administrative", way="appointed-above"),
        basis=None,
        appointment={"document_no": "省委任〔2026〕9号", "body": "省委组织部", "date": "2026-02-20"},
    )
    case_id = office.opened(body)
    office.accepted(office.decide(case_id, "examine", EXAMINER))
    named = {"slot": "A1", "name": "新人", "sex": "male", "birth_date": "1990-01-01", "identity_no": identity_no(310)}
    office.accepted(office.decide(case_id, "enter", REGISTRAR, subject="A1", persons=[named]))
    notice = only(office, DocumentKind.ENTRY_NOTICE)
    assert "核定单签发" not in notice
    assert f"申请审核：{EXAMINER.name}" in notice


def test_a_slip_shows_only_what_it_is_about_and_a_row_to_fill_in_for_every_slot(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    codes = office.issued(case_id)
    slip = only(office, DocumentKind.VERIFICATION_SLIP)
    assert "职务层次" not in slip
    assert all(slip.count(code) == 2 for code in codes)
    record = slip[slip.rindex("落编日期") :]
    assert all(code in record for code in codes)


def test_a_slip_for_a_post_alone_has_no_headcount_block(office: Office) -> None:
    office.issued(office.opened(application(DEPUTY)))
    slip = only(office, DocumentKind.VERIFICATION_SLIP)
    assert "职务层次" in slip
    assert "编制类别" not in slip


def test_no_field_of_a_voucher_is_left_empty(office: Office) -> None:
    case_id = office.opened()
    (code,) = office.issued(case_id)
    office.entered(case_id, code, 300)
    for kind in (DocumentKind.VERIFICATION_SLIP, DocumentKind.ENTRY_NOTICE, DocumentKind.CERTIFICATE):
        ((context, _),) = files(office)[kind.value]
        left_open = {"co_users"} if kind is not DocumentKind.CERTIFICATE else set()
        values = {name: value for name, value in context.model_dump().items() if isinstance(value, str)}
        assert [name for name, value in values.items() if not value and name not in left_open] == []


def test_a_rejection_without_faults_gives_the_opinion_as_its_reason_and_the_clause(office: Office) -> None:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject", opinion="本年度不再安排用编"))
    letter = only(office, DocumentKind.REFUSAL_NOTICE)
    _, reasons = letter.split("一、理由和依据")
    assert reasons.index("本年度不再安排用编。") < reasons.index(f"依据：{cited('B 五.1')}。")
    assert reasons.index("依据：") < reasons.index("二、后续途径")
    assert "审查意见" not in letter


def test_a_refusal_to_an_institution_rests_on_the_local_rule(office: Office) -> None:
    body = application(line("headcount:institution-full", way="public-hiring"), unit=SERVICES)
    case_id = office.opened(body, OTHER_APPLICANT)
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject", opinion="本年度不再安排用编"))
    assert f"依据：{office.rulebook.office.local_rule}。" in only(office, DocumentKind.REFUSAL_NOTICE)


def test_a_partial_revocation_leaves_the_used_slots_in_force(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    first, second = office.issued(case_id)
    office.entered(case_id, first, 300)
    office.accepted(office.order(case_id, CommandKind.REVOKE, Revocation(reason="用途改变。"), ISSUER))
    letter = only(office, DocumentKind.REVOCATION_NOTICE)
    assert "其中未使用的用编编号自" in letter
    assert f"其余用编编号{first}已经使用，继续有效" in letter
    assert "交回我办注销" not in letter
    assert second in letter


def test_a_revocation_before_any_entry_voids_the_whole_slip(office: Office) -> None:
    case_id = office.opened(application(line("headcount:administrative", 2)))
    office.issued(case_id)
    office.accepted(office.order(case_id, CommandKind.REVOKE, Revocation(reason="用途改变；"), ISSUER))
    letter = only(office, DocumentKind.REVOCATION_NOTICE)
    assert "继续有效" not in letter
    assert "交回我办注销" in letter


@pytest.mark.parametrize("ending", ["", "。", "；", "，", "。。", "。 "])
def test_no_letter_stops_twice(office: Office, ending: str) -> None:
    returned = office.opened(application(meeting="甲"))
    office.accepted(office.decide(returned, "examine", EXAMINER, "return", opinion=f"请补充说明{ending}"))
    rejected = office.opened(application(meeting="乙"))
    office.accepted(office.decide(rejected, "examine", EXAMINER, "reject", opinion=f"不再安排{ending}"))
    revoked = office.opened(application(line("headcount:administrative", reason=f"补充力量{ending}"), meeting="丙"))
    office.issued(revoked)
    office.accepted(office.order(revoked, CommandKind.REVOKE, Revocation(reason=f"用途改变{ending}"), ISSUER))
    office.opened(application(meeting="", contact=""))  # the gate's own correction notice
    made = files(office)
    assert {"correction_notice", "refusal_notice", "revocation_notice", "acceptance_notice"} <= set(made)
    for papers in made.values():
        for _, data in papers:
            assert re.search("[。；，]\\s?。", text_of(data)) is None
            assert "。；" not in text_of(data)


def test_an_address_on_loopback_says_that_it_is_a_trial() -> None:
    def note(url: str) -> str:
        return Seal(code="c", verify_url=url, chain_seq="1", chain_head="h").address_note

    assert note("http://127.0.0.1:8400/api/v1/verify/c") == TRIAL
    assert note("http://localhost:8400/c") == note("http://[::1]/c") == TRIAL
    assert note("https://bianban.example.cn/verify/localhost") == ""


def test_the_trial_is_printed_beside_the_address(office: Office) -> None:
    office.opened()
    ((context, data),) = files(office)["acceptance_notice"]
    assert f"{context.seal.verify_url}{TRIAL}" in text_of(data)
