"""The registers: who sees which rows, in lists, searches, details and exports."""

from __future__ import annotations

import csv
import io
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import text
from sqlmodel import Session, select
from starlette_admin import i18n

from console import words
from console.permissions import PAGES
from console.views.registers import ALL
from console.views.registers.base import Register
from docket import officers, registers
from models.decisions import Officer
from models.enums import Department, DocumentKind, Role
from models.register import Occupancy, Person, ProblemRow, Record, Series, Slip, Suspension, Unit, table_of
from models.visits import Disclosure
from tests.support.console import Counter, text_of
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    OTHER_APPLICANT,
    RESEARCH,
    SERVICES,
    START,
    SUPERVISOR,
    Office,
    application,
)

ADMINISTRATOR = Officer(
    id="system-admin",
    name="管理员",
    department=Department.ADMINISTRATION,
    unit=None,
    roles=frozenset({Role.SYSTEM_ADMIN}),
)
AUDITING = Officer(
    id="audit-admin",
    name="审计员",
    department=Department.ADMINISTRATION,
    unit=None,
    roles=frozenset({Role.AUDIT_ADMIN}),
)
KEYS = [str(each.key) for each in ALL]
FOR_UNITS = ["units", "bodies", "quotas", "roster", "journal", "slips", "problems", "suspensions", "records"]


@pytest.fixture(autouse=True)
def administered(office: Office) -> None:
    with office.database.write() as s:
        for each in (ADMINISTRATOR, AUDITING):
            officers.add_officer(
                s, id=each.id, login=each.id, name=each.name, department=each.department, roles=each.roles
            )


def _names(office: Office) -> tuple[str, str]:
    """The names of the two units."""
    with office.database.read() as s:
        return tuple(s.get(Unit, code).name for code in (RESEARCH, SERVICES))  # type: ignore[union-attr,return-value]


@pytest.fixture
def filled(office: Office) -> Office:
    """Something of the research unit in every register."""
    case_id = office.apply(application())
    with office.database.write() as s:
        body: dict[str, Any] = {"case_id": case_id, "unit": RESEARCH}
        slip: dict[str, Any] = {"id": "slip-1", "round": 1, "holder": RESEARCH, "number": "示编核〔2026〕7号"}
        s.add(Slip(issued_at=START, valid_until=START, **slip, **body))
        s.add(ProblemRow(no="1", kind="超编进人", source="12310", opened_at=START, due_at=START, **body))
        s.add(Suspension(id="susp-1", number="示编停〔2026〕1号", problems="1", from_at=START, **body))
    return office


def _record(s: Session, seq: int, **more: Any) -> str:
    identity = f"{seq:032x}"
    fields: dict[str, Any] = {
        "id": identity, "series": "示编核", "year": 2026, "seq": seq, "number": f"示编核〔2026〕{seq}号",
        "kind": "verification_slip", "title": "核定单", "case_id": "none", "step": "issue", "round": 1,
        "subject": identity, "unit": RESEARCH, "issued_on": date(2026, 3, 2), "issuer": "示范市编办", "officers": "{}",
        "code": identity, "context_sealed": b"", "template_digest": "", "retention": "permanent", "state": "valid",
    }  # fmt: skip
    s.add(Record(**fields | more))
    return identity


# --- who --------------------------------------------------------------------------------------------------------


def test_a_register_without_a_rule_cannot_be_made() -> None:
    class Nameless(Register):
        key = "nameless"
        listing = registers.UNITS

    with pytest.raises(LookupError, match="nameless"):
        Nameless()


@pytest.mark.parametrize("key", KEYS)
async def test_who_has_not_signed_in_sees_no_register(counter: Counter, key: str) -> None:
    async with counter.browser() as b:
        for path in (f"/{key}/list", f"/{key}/detail?pk=1", f"/{key}/export?format=csv"):
            answer = await b.get(path)
            assert answer.status_code == 303
            assert "/login" in answer.headers["location"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("key", KEYS)
async def test_every_register_opens_for_who_oversees_it(
    counter: Counter, filled: Office, key: str, language: str
) -> None:
    """Supervisors oversee the office; what they and everybody else did is overseen by the audit administrator (P9)."""
    async with counter.browser(AUDITING if key == "audit" else SUPERVISOR, language=language) as b:
        page = await b.get(f"/{key}/list")
        assert page.status_code == 200, text_of(page)
        for form in ("xlsx", "csv"):
            assert (await b.get(f"/{key}/export?format={form}")).status_code == 200


async def test_administrators_see_officers_and_disclosures_and_nothing_else(counter: Counter) -> None:
    async with counter.browser(ADMINISTRATOR) as b:
        for key in KEYS:
            expected = 200 if key in ("officers", "disclosures") else 403
            assert (await b.get(f"/{key}/list")).status_code == expected, key
            assert (await b.get(f"/{key}/export?format=csv")).status_code == expected, key


async def test_finance_reads_no_roster(counter: Counter) -> None:
    async with counter.browser(FINANCE) as b:
        assert (await b.get("/roster/list")).status_code == 403
        assert (await b.get("/quotas/list")).status_code == 200


async def test_a_unit_opens_neither_numbers_nor_officers_nor_disclosures(counter: Counter) -> None:
    async with counter.browser(APPLICANT) as b:
        for key in ("numbers", "officers", "disclosures"):
            assert (await b.get(f"/{key}/list")).status_code == 403


# --- foreign rows -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", FOR_UNITS)
async def test_an_officer_of_another_unit_sees_no_row_of_it(counter: Counter, filled: Office, key: str) -> None:
    theirs, _ = _names(filled)
    with filled.database.write() as s:
        _record(s, 7)
    register = next(each for each in ALL if each.key == key)
    with filled.database.read() as s:
        rows = registers.page(s, register.listing, [], [], 0, 100)
    foreign = [register.listing.key_of(row) for row in rows if getattr(row, "unit", None) == RESEARCH]
    if key == "units":
        foreign = [RESEARCH]
    async with counter.browser(OTHER_APPLICANT) as b:
        for path in (f"/{key}/list", f"/{key}/list?f_unit={theirs}", f"/{key}/list?q={theirs[:2]}"):
            page = await b.get(path)
            assert page.status_code == 200
            table = page.text.partition("<tbody>")[2]
            assert theirs not in table, path
        sheet = await b.get(f"/{key}/export?format=csv")
        # the name of a superior unit is no secret: it stands on the own unit's row
        assert not [line for line in sheet.text.splitlines() if line.startswith(theirs)]
        assert foreign or key in ("bodies",)
        for pk in foreign:
            answer = await b.get(f"/{key}/detail", params={"pk": pk}, follow_redirects=True)
            assert answer.status_code == 404, pk
    async with counter.browser(APPLICANT) as b:
        for pk in foreign[:1]:
            answer = await b.get(f"/{key}/detail", params={"pk": pk}, follow_redirects=True)
            assert answer.status_code == 200, text_of(answer)


async def test_who_rang_12310_is_told_to_few_in_list_filter_and_export(counter: Counter, filled: Office) -> None:
    async with counter.browser(APPLICANT) as b:
        page = await b.get("/problems/list")
        assert "超编进人" in page.text
        assert "12310" not in page.text
        assert "超编进人" in (await b.get("/problems/list?f_source=verification")).text
        assert "超编进人" not in (await b.get("/problems/list?f_source=12310")).text
        assert "12310" not in (await b.get("/problems/export?format=csv")).text
        assert "12310" not in (await b.get("/units/detail", params={"pk": RESEARCH})).text
    async with counter.browser(EXAMINER) as b:
        assert "12310" in (await b.get("/problems/list?f_source=12310")).text.partition("<tbody>")[2]


async def test_no_password_and_no_token_of_an_officer_is_shown(counter: Counter, office: Office) -> None:
    async with counter.browser(ADMINISTRATOR) as b:
        page = await b.get("/officers/list")
        assert "argon2" not in page.text
        assert "dbn_" not in page.text
        assert "examiner" in text_of(page)
    async with counter.browser(EXAMINER) as b:
        assert "登录名" not in text_of(await b.get("/officers/list"))


# --- search, filter, order, columns -------------------------------------------------------------------------------


def _seat(office: Office, name: str, unit: str = RESEARCH) -> int:
    """The seat of somebody on the roster of the unit, who gets this name."""
    with office.database.write() as s:
        seat = s.exec(select(Occupancy).where(Occupancy.unit == unit)).first()
        assert seat is not None
        assert seat.id is not None
        someone = s.get(Person, seat.person_ref)
        assert someone is not None
        someone.name = name
        s.add(someone)
        return seat.id


async def test_a_person_is_found_by_the_beginning_of_the_name(counter: Counter, office: Office) -> None:
    _seat(office, "欧阳示例")
    async with counter.browser(EXAMINER) as b:
        assert "欧阳示例" in (await b.get("/roster/list?q=欧阳")).text
        assert "没有符合条件的记录" in text_of(await b.get("/roster/list?q=示例"))
    async with counter.browser(OTHER_APPLICANT) as b:
        assert "欧阳示例" not in (await b.get("/roster/list?q=欧阳")).text.partition("</form>")[2]


async def test_lists_are_filtered_by_unit_kind_and_days(counter: Counter, filled: Office) -> None:
    mine, theirs = _names(filled)
    async with counter.browser(SUPERVISOR) as b:
        table = (await b.get(f"/quotas/list?f_unit={mine}&f_resource=headcount:administrative")).text.partition(
            "<tbody>"
        )
        assert "行政编制" in table[2]
        assert "机关工勤编制" not in table[2]
        assert "示编核〔2026〕7号" in (await b.get("/slips/list?f_issued_from=2026-03-02&f_issued_to=2026-03-02")).text
        assert "示编核〔2026〕7号" not in (await b.get("/slips/list?f_issued_to=2026-03-01")).text
        assert "示编停" in (await b.get(f"/suspensions/list?f_unit={mine}&f_standing=1")).text
        assert "示编停" not in (await b.get(f"/suspensions/list?f_unit={theirs}")).text


@pytest.mark.parametrize(
    "asked", ["f_entered_from=yesterday", "f_resource=gold", "as_of=0001-01-01", "f_unit=%E2%80%AE"]
)
async def test_what_cannot_be_a_filter_is_refused_with_words(counter: Counter, asked: str) -> None:
    async with counter.browser(EXAMINER) as b:
        page = await b.get(f"/roster/list?{asked}")
    assert page.status_code == 422
    assert "系统内部错误" not in text_of(page)


@pytest.mark.parametrize(
    "asked", ["officers?f_role=zzz", "problems?f_source=zzz", "units?f_kind=-1", "slips?f_state=%27%20OR%201=1--"]
)
async def test_a_choice_that_is_none_is_refused_in_list_and_export(counter: Counter, asked: str) -> None:
    key, _, query = asked.partition("?")
    async with counter.browser(EXAMINER) as b:
        for path in (f"/{key}/list?{query}", f"/{key}/export?format=csv&{query}", f"/{key}/export?format=xlsx&{query}"):
            page = await b.get(path)
            assert page.status_code == 422, path
            assert "没有这个选项" in text_of(page)


async def test_columns_and_order_are_chosen_in_the_address(counter: Counter) -> None:
    async with counter.browser(EXAMINER) as b:
        page = await b.get("/units/list?cols=name,kind&sort=name__desc")
    head, _, table = page.text.partition("<thead>")[2].partition("</thead>")
    assert "名称" in head
    assert "规格" not in head
    names = [part.partition("</a>")[0].rpartition(">")[2] for part in table.split('<th scope="row"')[1:]]
    assert names == sorted(names, reverse=True)
    assert len(names) > 1


async def test_a_list_is_paged_and_no_deeper_than_can_be_read(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registers, "MOST", 3)
    async with counter.browser(EXAMINER) as b:
        page = await b.get("/journal/list")
    assert "超过3条" in text_of(page)
    assert "请用筛选缩小范围" in text_of(page)


async def test_headers_and_words_are_english_for_an_english_reader(counter: Counter) -> None:
    async with counter.browser(EXAMINER, language="en") as b:
        page = await b.get("/quotas/list")
        sheet = await b.get("/quotas/export?format=csv")
    assert "Authorised" in page.text
    assert "administrative headcount" in page.text
    assert sheet.text.splitlines()[0].lstrip("\ufeff").lower().startswith("unit,")


def test_every_label_of_a_register_has_its_english() -> None:
    words.install()
    i18n.set_locale("en")
    try:
        for each in ALL:
            labels = [str(field.label) for field in each.fields] + [str(asked.label) for asked in each.filters]
            labels += [words._(each.menu_label), str(each.search_hint), str(each.note)]
            assert not [text for text in labels if not text.isascii()]
    finally:
        i18n.set_locale("zh")


# --- as of a day ------------------------------------------------------------------------------------------------


async def test_quotas_and_roster_of_a_day_say_which_day(counter: Counter, office: Office) -> None:
    async with counter.browser(EXAMINER) as b:
        assert "截至2026年3月2日" in text_of(await b.get("/quotas/list"))
        then = await b.get("/quotas/list?as_of=1950-01-01")
        assert "截至1950年1月1日" in text_of(then)
        assert "还没有记录" in text_of(await b.get("/roster/list?as_of=1950-01-01"))
        unit = await b.get("/units/detail", params={"pk": RESEARCH, "as_of": "1950-01-01"})
        assert "截至1950年1月1日" in text_of(unit)
        assert "这一天还没有核定编制" in text_of(unit)


async def test_what_is_shown_of_another_day_is_not_sorted_by_the_figures_of_today(counter: Counter) -> None:
    async with counter.browser(SUPERVISOR) as b:
        for name in ("authorised", "occupied", "reserved", "set_aside", "free"):
            for path in ("list?", "export?format=csv&"):
                page = await b.get(f"/quotas/{path}as_of=2026-03-02&sort={name}__desc")
                assert page.status_code == 422, name
                assert "按数额排序只能看现在的数" in text_of(page)
            assert (await b.get(f"/quotas/list?sort={name}__desc")).status_code == 200
        then = await b.get("/quotas/list?as_of=2026-03-02&sort=resource__desc")
        now = await b.get("/quotas/list")
    assert then.status_code == 200
    assert "sort=authorised" not in then.text
    assert "sort=free" not in then.text
    assert "sort=authorised" in now.text


# --- exports ----------------------------------------------------------------------------------------------------


async def test_a_workbook_carries_what_was_filtered_masked_and_without_formulas(
    counter: Counter, office: Office
) -> None:
    _seat(office, "=cmd|' /C calc'!A0")
    async with counter.browser(EXAMINER) as b:
        answer = await b.get("/roster/export?format=xlsx&q==cmd&as_of=2026-03-02")
    assert "no-store" in answer.headers["cache-control"]
    assert "%E6%88%AA%E8%87%B32026%E5%B9%B43%E6%9C%882%E6%97%A5" in answer.headers["content-disposition"]  # 截至
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    headers, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert headers[:3] == ["姓名", "性别", "证件号码"]
    assert len(rows) == 1
    assert rows[0][0] == "'=cmd|' /C calc'!A0"
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert "****" in str(rows[0][2])


async def test_a_csv_opens_in_excel_and_its_cells_are_safe(counter: Counter, office: Office) -> None:
    _seat(office, "@SUM(1)")
    async with counter.browser(EXAMINER) as b:
        answer = await b.get("/roster/export?format=csv&q=@SUM")
    assert answer.content.startswith("\ufeff".encode())
    headers, row = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert headers[0] == "姓名"
    assert row[0] == "'@SUM(1)"


async def test_what_a_workbook_cannot_hold_is_shown_as_a_box(counter: Counter, office: Office) -> None:
    _seat(office, "欧阳\x0b示\x1f例\uffff")
    async with counter.browser(EXAMINER) as b:
        answer = await b.get("/roster/export?format=xlsx&q=欧阳")
        text_file = await b.get("/roster/export?format=csv&q=欧阳")
    assert answer.status_code == 200
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert [row[0].value for row in sheet.iter_rows()][1] == "欧阳□示□例□"
    assert "欧阳□示□例□" in text_file.text


async def test_figures_are_numbers_in_a_workbook_and_columns_those_of_the_list(counter: Counter) -> None:
    async with counter.browser(EXAMINER) as b:
        answer = await b.get("/quotas/export?format=xlsx&cols=unit_name,authorised")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == ["机构", "核定"]
    assert all(isinstance(row[1], int) for row in rows[1:])


def _left_over(folder: Path) -> list[str]:
    return [each.name for each in folder.glob("openpyxl*")]


async def test_an_export_that_would_be_too_large_is_refused_with_words(
    counter: Counter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.views.registers.export.MOST_ROWS", 2)
    async with counter.browser(EXAMINER) as b:
        page = await b.get("/journal/export?format=csv")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        book = await b.get("/journal/export?format=xlsx")
    for answer in (page, book):
        assert answer.status_code == 422
        assert "请先筛选再导出" in text_of(answer)
    assert _left_over(tmp_path) == []


async def test_no_other_format_and_no_other_register_is_exported(counter: Counter) -> None:
    async with counter.browser(EXAMINER) as b:
        assert (await b.get("/roster/export?format=json")).status_code == 404
        assert (await b.get("/token/export?format=csv")).status_code == 403


# --- identity numbers ---------------------------------------------------------------------------------------------


def _disclosed(office: Office) -> list[Disclosure]:
    with office.database.read() as s:
        return list(s.exec(select(Disclosure)))


async def test_a_number_is_written_down_before_it_is_shown_once(counter: Counter, office: Office) -> None:
    seat = _seat(office, "欧阳示例")
    async with counter.browser(EXAMINER) as b:
        person = await b.get("/roster/detail", params={"pk": seat})
        assert "查看完整证件号码" in text_of(person)
        assert "****" in person.text
        shown = await b.post(f"/roster/{seat}/identity", {"reason": "核对社保参保信息"})
        assert shown.status_code == 200
        assert shown.headers["cache-control"] == "no-store"
        number = shown.text.partition('register-identity">')[2].partition("<")[0]
        assert len(number) == 18
        assert "*" not in number
        [row] = _disclosed(office)
        assert (row.officer, row.unit, row.reason) == (EXAMINER.id, RESEARCH, "核对社保参保信息")
        for path in (
            f"/roster/detail?pk={seat}",
            "/roster/list",
            "/roster/export?format=csv",
            f"/roster/{seat}/identity",
        ):
            assert number not in (await b.get(path)).text
    async with counter.browser(SUPERVISOR) as b:
        told = await b.get("/disclosures/list")
    assert "欧阳示例" in told.text
    assert "核对社保参保信息" in told.text
    assert number not in told.text


async def test_a_number_that_could_not_be_written_down_is_not_shown(
    counter: Counter, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = _seat(office, "欧阳示例")

    def fails(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("docket.disclosures.record", fails)
    async with counter.browser(EXAMINER) as b:
        answer = await b.post(f"/roster/{seat}/identity", {"reason": "核对社保参保信息"})
    assert answer.status_code == 500
    assert "register-identity" not in answer.text


async def test_an_altered_number_says_so_and_the_request_stays_written_down(counter: Counter, office: Office) -> None:
    seat = _seat(office, "欧阳示例")
    with office.database.write() as s:
        s.connection().execute(text("UPDATE person SET identity_sealed = :none"), {"none": b"\x00"})
    async with counter.browser(EXAMINER) as b:
        answer = await b.post(f"/roster/{seat}/identity", {"reason": "核对社保参保信息"})
    assert answer.status_code == 409
    assert "密文无法打开，请联系管理员" in text_of(answer)
    assert "register-identity" not in answer.text
    [row] = _disclosed(office)
    assert (row.officer, row.reason) == (EXAMINER.id, "核对社保参保信息")


async def test_administrators_read_who_had_a_number_shown_but_not_whose(counter: Counter, office: Office) -> None:
    seat = _seat(office, "欧阳示例")
    async with counter.browser(EXAMINER) as b:
        await b.post(f"/roster/{seat}/identity", {"reason": "核对社保参保信息"})
    paths = ("list", "export?format=csv", "export?format=csv&cols=person_name", "detail?pk=1", "list?cols=person_name")
    async with counter.browser(ADMINISTRATOR) as b:
        for path in paths:
            page = await b.get(f"/disclosures/{path}")
            assert page.status_code == 200
            assert "欧阳示例" not in page.text, path
            assert "被查看人姓名" not in page.text
        assert "核对社保参保信息" in (await b.get("/disclosures/list")).text
        assert "核对社保参保信息" in (await b.get("/disclosures/list?f_person=无此人")).text, "no filter: no answer"
        assert "sort=person_name" not in (await b.get("/disclosures/list")).text
    async with counter.browser(SUPERVISOR) as b:
        for path in paths:
            assert "欧阳示例" in (await b.get(f"/disclosures/{path}")).text, path
        assert "核对社保参保信息" not in (await b.get("/disclosures/list?f_person=无此人")).text


@pytest.mark.parametrize("reason", ["", "  ", "核对", "核" * 201])
async def test_without_a_proper_reason_nothing_is_shown(counter: Counter, office: Office, reason: str) -> None:
    seat = _seat(office, "欧阳示例")
    async with counter.browser(EXAMINER) as b:
        answer = await b.post(f"/roster/{seat}/identity", {"reason": reason})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert _disclosed(office) == []


async def test_neither_a_foreign_unit_nor_finance_has_a_number_shown(counter: Counter, office: Office) -> None:
    seat = _seat(office, "欧阳示例")
    for officer, status in ((OTHER_APPLICANT, 404), (FINANCE, 403), (ADMINISTRATOR, 403)):
        async with counter.browser(officer) as b:
            answer = await b.post(f"/roster/{seat}/identity", {"reason": "核对社保参保信息"})
            assert answer.status_code == status
    assert _disclosed(office) == []


async def test_numbers_are_not_read_out_in_bulk(counter: Counter, office: Office) -> None:
    seat = _seat(office, "欧阳示例")
    async with counter.browser(EXAMINER) as b:
        answers = [await b.post(f"/roster/{seat}/identity", {"reason": "核对社保参保信息"}) for _ in range(21)]
    assert [each.status_code for each in answers] == [200] * 20 + [429]
    assert len(_disclosed(office)) == 20


# --- numbers -------------------------------------------------------------------------------------------


async def test_a_missing_number_is_shown_as_a_fault_and_a_void_one_is_not(counter: Counter, office: Office) -> None:
    with office.database.write() as s:
        _record(s, 1)
        _record(s, 2, state="void", void_reason="填写有误")
        _record(s, 4)
        s.connection().execute(table_of(Series).insert().values(name="示编核", year=2026, last=4))
    async with counter.browser(SUPERVISOR) as b:
        page = text_of(await b.get("/numbers/list?f_series=示编核&f_year=2026"))
    assert "缺号，请核查：示编核〔2026〕3号" in page
    assert "填写有误" in page
    assert "示编核〔2026〕2号、" not in page


async def test_the_numbers_of_records_one_may_not_see_are_not_shown(
    counter: Counter, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may open the register of numbers: it shows no more than that of records."""
    monkeypatch.setitem(PAGES, "numbers", PAGES["records"])
    with office.database.write() as s:
        kinds = [DocumentKind.VERIFICATION_SLIP, DocumentKind.PHONE_RECORD, DocumentKind.INSPECTION_REPORT]
        for seq, kind in enumerate(kinds, 1):
            _record(s, seq, kind=kind.value, title=f"公文之{seq}")
        _record(s, 4, unit=SERVICES, title="公文之4")
    for officer, expected in ((APPLICANT, [1]), (OTHER_APPLICANT, [4]), (FINANCE, [1, 4]), (SUPERVISOR, [1, 2, 3, 4])):
        async with counter.browser(officer) as b:
            for path in ("records/list", "numbers/list", "numbers/export?format=csv", "numbers/list?q=公文"):
                page = await b.get(f"/{path}")
                assert [seq for seq in range(1, 5) if f"公文之{seq}" in page.text] == expected, path
            found = [await b.get(f"/numbers/detail?pk={seq:032x}", follow_redirects=True) for seq in range(1, 5)]
            assert [seq for seq, page in enumerate(found, 1) if page.status_code == 200] == expected


async def test_the_tree_shows_subordinates_level_by_level(counter: Counter, office: Office) -> None:
    with office.database.write() as s:
        below = s.get(Unit, SERVICES)
        assert below is not None
        below.parent = RESEARCH
        s.add(below)
    mine, theirs = _names(office)
    async with counter.browser(SUPERVISOR) as b:
        top = await b.get("/units/tree")
        assert mine in top.text
        assert theirs not in top.text
        part = await b.get(f"/units/tree?parent={RESEARCH}&part=1")
        assert theirs in part.text
        assert "<html" not in part.text
    async with counter.browser(OTHER_APPLICANT) as b:
        assert mine not in (await b.get(f"/units/tree?parent={RESEARCH}")).text
